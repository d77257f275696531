"""Machines that let themselves be looked at from outside, by ``motte top``: a socket, a request, an answer.

The problem: a machine that runs somewhere in a service is to be looked at without stopping it, and by nobody who may
not, least of all to kill.

The answer: a machine opens a Unix socket only when it is asked to (``Machine(observable=True)``, ``MOTTE_OBSERVABLE``),
in a folder that is its user's alone, and answers only processes of this user, and root's.  It tells of itself; it kills
only where that was allowed.  Guests have no part in this: no descriptor of it is theirs, and they have no sockets.

One line of JSON is a request, and one line the answer; then the connection ends:

    {"ask": "look"}                  an Overview, and what is allowed here
    {"ask": "kill", "process": 3}    {"killed": true}: whether there was such a process
    anything else                    {"error": "…"}, with "forbidden": true if it is only not allowed here
"""

import json
import os
import socket
import stat
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Final, Literal

from motte.errors import Closed, MotteError, NoAccess, Unsupported
from motte.keeping import report_exception

Observable = bool | Literal["look", "kill"]
"""Whether a machine may be looked at; with ``"kill"``, whether its processes may be killed, too."""

VARIABLE: Final = "MOTTE_OBSERVABLE"
"""Of the environment: ``1`` or ``look``, ``kill``; or nothing, or ``0``, for neither."""

PATIENCE: Final = 2.0
"""Seconds for which one who has connected may keep others waiting: as long for the request, and for the answer."""

_LONGEST_REQUEST: Final = 4096
_LONGEST_ANSWER: Final = 256 << 20
_CREDENTIALS: Final = struct.Struct("iII")
_NUMBERS: Final = count(1)


def wanted_observation(observable: Observable | None) -> tuple[str, ...]:
    """What is allowed: words, none if nothing is; ``None`` leaves it to the environment.  Raises ``ValueError``."""
    asked: object = os.environ.get(VARIABLE, "0") or "0" if observable is None else observable
    match asked:
        case False | "0":
            return ()
        case True | "1" | "look":
            return ("look",)
        case "kill":
            return ("look", "kill")
    name = VARIABLE if observable is None else "observable"
    raise ValueError(f"{name}: {asked!r} is none of True, False, 'look', 'kill'")


def observation_folder() -> Path:
    """Where this user's sockets are.  Raises ``Unsupported`` if what is there is not this user's alone."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(runtime) / "motte" if runtime else Path(tempfile.gettempdir()) / f"motte-{os.geteuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise Unsupported(f"{folder}: not a folder of this user's alone (mode 0700): remove it")
    return folder


class Observation:
    """A machine's socket, and the thread that answers there until it is closed."""

    def __init__(
        self, allowed: tuple[str, ...], look: Callable[[], dict[str, Any]], kill: Callable[[int], bool]
    ) -> None:
        """``look`` and ``kill`` may raise ``Closed``.  Raises ``OSError`` and ``Unsupported``."""
        self._allowed = allowed
        self._look = look
        self._kill = kill
        self._owner = os.getpid()
        self.path = observation_folder() / f"{os.getpid()}-{next(_NUMBERS)}.sock"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.path.unlink(missing_ok=True)  # of an earlier process with this number
            self._socket.bind(os.fspath(self.path))
            self.path.chmod(0o600)
            self._socket.listen(8)
        except BaseException:
            self._socket.close()
            raise
        self._thread = threading.Thread(target=self._serve, name="motte-observation", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """No more answers; harmless when repeated."""
        if os.getpid() != self._owner:  # a child of fork has neither the thread nor a right to the path
            return
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # which ends the accept
        if self._thread is not threading.current_thread():
            self._thread.join()
        self._socket.close()
        self.path.unlink(missing_ok=True)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                if _peer_may_look(connection):
                    answer = self._answer(_line(connection, PATIENCE, _LONGEST_REQUEST))
                    connection.settimeout(PATIENCE)
                    connection.sendall(json.dumps(answer).encode() + b"\n")

    def _answer(self, claimed_request: bytes) -> dict[str, Any]:
        try:
            claimed = json.loads(claimed_request)
        except (ValueError, RecursionError):
            return {"error": "a request is one line of JSON"}
        try:
            return self._done(claimed)
        except Closed:
            return {"error": "the machine is closed"}
        except Exception as error:  # whatever it is, the next one who asks is answered, too
            report_exception(error)
            return {"error": f"it cannot be answered: {type(error).__name__}"}

    def _done(self, claimed: object) -> dict[str, Any]:
        match claimed:
            case {"ask": "look"}:
                return {"allowed": list(self._allowed), "command": _command(), **self._look()}
            case {"ask": "kill", "process": int(identity)} if "kill" in self._allowed:
                return {"killed": self._kill(identity)}
            case {"ask": "kill"} if "kill" not in self._allowed:
                error = "this machine is to be looked at only: observable='kill' allows more"
                return {"error": error, "forbidden": True}
            case _:
                return {"error": "no such request"}


def observed_machines() -> list[Path]:
    """The sockets of this user's machines, those of processes that are gone left out, and removed."""
    found = []
    for path in sorted(observation_folder().glob("*.sock")):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(PATIENCE)
            try:
                probe.connect(os.fspath(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
            except OSError:
                continue
            else:
                found.append(path)
    return found


def ask_machine(path: Path, **request: object) -> dict[str, Any]:
    """Ask the machine with this socket.  Raises ``OSError`` if it is gone, ``MotteError`` with what it refuses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(10 * PATIENCE)
        connection.connect(os.fspath(path))
        connection.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(_line(connection, 10 * PATIENCE, _LONGEST_ANSWER) or b'{"error": "it does not answer"}')
    if not isinstance(answer, dict) or "error" in answer:
        claimed = answer if isinstance(answer, dict) else {"error": "it answers nonsense"}
        raise (NoAccess if claimed.get("forbidden") is True else MotteError)(f"{path.name}: {claimed['error']}")
    return answer


def _peer_may_look(connection: socket.socket) -> bool:
    """Besides the folder's mode: whether who has connected is this user, or root."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(credentials)[1] in {0, os.geteuid()}


def _line(connection: socket.socket, patience: float, longest: int) -> bytes:
    """All of it within so many seconds, however small the pieces that it comes in.  Raises ``TimeoutError``."""
    end = time.monotonic() + patience
    received = bytearray()
    while not received.endswith(b"\n") and len(received) < longest:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        chunk = connection.recv(min(longest - len(received), 1 << 16))
        if not chunk:
            break
        received += chunk
    return bytes(received)


def _command() -> str:
    return " ".join(sys.orig_argv)[:200]
