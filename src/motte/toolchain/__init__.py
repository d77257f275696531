"""Source to bitcode, and the guest's C library: everything that runs clang.

Nothing here is trusted.  Whatever clang does with hostile input happens in a
limited child process (:mod:`motte.toolchain.sandbox`), and its output is only
ever input to the next untrusted stage.
"""
