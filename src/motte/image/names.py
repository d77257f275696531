"""Names chosen by strangers, made safe to print.

Symbol and file names come from untrusted objects and artifacts.  A terminal must never
interpret them, and a reader must never be misled by them (control and bidirectional
characters), so every name is escaped at the moment it is shown, and only then.
"""

from typing import Final

LONGEST_SHOWN_NAME: Final = 200


def printable(name: str) -> str:
    """``name`` with everything that is not plainly visible escaped, and very long names cut.

    >>> printable("main"), printable("a\\x1b[31mb"), printable("")
    ('main', 'a\\\\x1b[31mb', "''")
    """
    if not name:
        return "''"
    cut = name if len(name) <= LONGEST_SHOWN_NAME else name[:LONGEST_SHOWN_NAME] + "…"
    if cut.isprintable() and "\\" not in cut:
        return cut
    return "".join(c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode("ascii") for c in cut)
