python processes.py
