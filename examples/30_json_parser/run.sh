# The library itself is not part of this: it is fetched (Debian's source package cjson) unless you have it.
python query.py "${CJSON:-$(python -m motte.benchmark.fetch cjson)}"
