"""``motte bench code``: the same C, native, confined, and as WebAssembly, in one interleaved run.

Read in this order: :mod:`programs` (what is measured), :mod:`contenders` (who
competes), :mod:`measure` (how times are taken), :mod:`report` (table and plot).
"""
