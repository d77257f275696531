# The library itself is not part of this: it is fetched (Debian's source package zlib) unless you have it.
python compress.py "${ZLIB:-$(python -m motte.benchmark.fetch zlib)}"
