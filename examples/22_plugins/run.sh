python plugins.py
