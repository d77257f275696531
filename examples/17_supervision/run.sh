python supervision.py
