# Compile (the first time), verify (every time), run.
motte run hello.c
