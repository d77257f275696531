python plugin_calls.py
