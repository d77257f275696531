"""What guests may ask of the host through capabilities: programs, processes, banks, meters, timers, names.

One thread of a machine receives all requests (``server``); each kind of object is a file that says what may be asked
of it and with which right.  ``protocol`` is what guests see.
"""
