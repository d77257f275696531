python limits.py
