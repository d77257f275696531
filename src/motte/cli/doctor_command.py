"""``motte doctor``: what this host offers, what is missing, and what to do about it."""
