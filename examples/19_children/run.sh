python children.py
