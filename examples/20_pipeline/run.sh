python pipeline.py
