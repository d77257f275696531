# What stands after the file belongs to the program; its standard streams are ours.
printf 'the motte is the mound\non which the keep stands\n' | motte run wordcount.c
printf 'the motte is the mound\non which the keep stands\n' | motte run -O2 --time 2s --memory 16M wordcount.c -l -w
motte run wordcount.c --nonsense 2>&1 < /dev/null || echo "exit status $?"
