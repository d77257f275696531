# Without a grant there are no files at all. A grant names a directory of the host, the name under
# which the program sees it, and whether it may only read. Nothing leads out of it: no "..", no symbolic link.
place=$(mktemp -d)
mkdir "$place/data" "$place/result"
echo 'a keep on a mound' > "$place/data/text"
ln -s /etc/passwd "$place/data/link"
motte run convert.c || echo "exit status $?"
motte run --dir "$place/data::/in:ro" --dir "$place/result::/out" convert.c
cat "$place/result/text"
rm -r "$place"
