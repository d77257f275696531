programs=$(mktemp -d)
motte compile --emit=bc hungry.c -o "$programs/hungry.bc"
motte compile --emit=bc busy.c -o "$programs/busy.bc"
echo 'define i32 @main() { ret i32 %nothing }' > "$programs/broken.bc"
python launcher.py "$programs"
rm -r "$programs"
