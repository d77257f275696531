python growing_stack.py
