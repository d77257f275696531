python file_mapping.py
