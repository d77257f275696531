# An artifact is compiled once and verified at every load, so it may come from anybody.
place=$(mktemp -d)
motte compile program.c -o "$place/program.motte"
motte verify "$place/program.motte" | cut -d: -f1
motte run "$place/program.motte"

python smuggle.py "$place/program.motte"
motte verify "$place/program.motte" | head -n 1
motte run "$place/program.motte" 2> /dev/null || echo "exit status $?"
rm -r "$place"
