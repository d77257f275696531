# Without a test this works: the window ignores the upper half of a pointer, and so the error stays.
motte run links.c counted

# --checked=use tests pointers that were made from integers where they are dereferenced, and names the line of the cast.
motte run -g --checked=use links.c counted 2>&1 | sed 's/0x5[0-9a-f]*/0x5…/'

# A pointer that is only compared may be anything ...
motte run -g --checked=use links.c nothing

# ... but for --checked=cast, which tests all of them where they are made.
motte run -g --checked=cast links.c nothing 2>&1

# The mode is part of an artifact.
place=$(mktemp -d)
motte compile --checked=use links.c -o "$place/links.motte"
motte inspect "$place/links.motte" | grep -o 'checked casts.*use'
rm -r "$place"
