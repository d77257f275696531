"""LLVM's textual IR, as far as the passes need to see it.

llvmlite can parse, link, optimise and print a module, but it cannot change an
instruction.  So our own transformations work on the printed text, which LLVM
writes in one canonical form (one instruction a line, two spaces of indent), and
hand it back to LLVM's parser.  The verifier of LLVM then checks what we did.

What must live here: lexical facts and the grammar of types, calls, function
headers and attribute groups.  What this package does not know: why anything is
transformed.
"""
