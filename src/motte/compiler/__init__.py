"""Bitcode → confined object: the only package that uses llvmlite.

Nobody trusts what it makes: the verifier reads the final bytes.  Everything here
that touches untrusted input runs in a limited child process; callers outside use
:func:`motte.compiler.parent.run_child`, which imports no LLVM.

Reading order: ``pipeline`` (the compiler in thirty lines), then its stages
``accept``, ``legalise``, ``optimise``, ``lower``, ``emit``, each with the text
model of ``ir`` in hand.
"""
