python tree.py
