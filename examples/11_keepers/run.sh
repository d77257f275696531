python keepers.py
