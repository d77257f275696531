# -s adds a source; -I, -D, -O and -g mean what they mean to any C compiler.
motte run -I include -D 'PREFIX="> "' -O2 -s table.c main.c keep motte keep
