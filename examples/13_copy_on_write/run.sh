python copy_on_write.py
