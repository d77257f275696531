# Every fault is one line on standard error (what, where, which limit) with its backtrace, and an exit status of its own.
# -g makes it name file and line; -O0 keeps small functions from being merged into their callers.
for way in null wild divide call abort; do
    motte run -g -O0 faulty.c $way 2>&1 || echo "exit status $?"
done
motte run --meta /dev/stdout faulty.c null 2> /dev/null | python -c 'import json, sys; print(json.load(sys.stdin)["fault"]["kind"])'
