python paging.py
