python async_guests.py
