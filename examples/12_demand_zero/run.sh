python demand_zero.py
