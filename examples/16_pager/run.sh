python pager.py
