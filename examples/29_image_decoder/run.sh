# The library itself is not part of this: it is fetched (Debian's source package libstb) unless you have it.
python decode.py "${STB:-$(python -m motte.benchmark.fetch stb)}"
