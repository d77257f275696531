python banks.py
