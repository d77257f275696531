python tracing.py
