python file_trees.py
