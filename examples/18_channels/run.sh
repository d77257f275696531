python channels.py
