"""The initial window of a program, shared by its processes."""

from __future__ import annotations

from motte.core import _core

Image = _core.Image
"""``Image(region, *, entry, segments, data_stack, data_stack_variables, bank)``: what processes are made from.

``entry`` is the code offset of a function that was verified as an entry.  ``segments`` are (window address, bytes,
memory size, writable) in ascending order.  ``data_stack`` is (low, size); the break starts at its upper end.
``data_stack_variables`` are the window addresses of the guest's variables for the data stack's pointer and limit,
0 where the program has none.  ``bank`` pays for the image and for the region's code (``None``: nobody does).

Raises ``ValueError`` for what is not acceptable, :class:`~motte.errors.LimitReached` if the bank does not cover it,
``OSError`` if the host refuses a resource.

``trim()`` frees the windows of earlier processes that wait for a next one.  ``close()`` gives the image up: processes
keep it as long as they exist.
"""
