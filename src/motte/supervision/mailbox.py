"""What a supervisor's thread is told, in order; and how it waits for one thing while others have to wait."""

import threading
from collections import deque
from collections.abc import Callable


class Mailbox:
    """A queue of messages for one reader, which may take one out of turn."""

    def __init__(self) -> None:
        """Open, and empty."""
        self._condition = threading.Condition()  # guards the next two
        self._messages: deque[object] = deque()
        self._closed = False

    def put(self, message: object) -> bool:
        """Put it behind the others.  False, and nothing done, when the reader is gone."""
        with self._condition:
            if not self._closed:
                self._messages.append(message)
                self._condition.notify()
            return not self._closed

    def take(self, wanted: Callable[[object], bool] = lambda _message: True) -> object:
        """The first message that is wanted, when there is one; the others stay in their order."""
        with self._condition:
            looked_at = 0
            while True:
                for index in range(looked_at, len(self._messages)):
                    if wanted(self._messages[index]):
                        message = self._messages[index]
                        del self._messages[index]
                        return message
                looked_at = len(self._messages)
                self._condition.wait()

    def close(self) -> list[object]:
        """No more messages; those that nobody took."""
        with self._condition:
            self._closed = True
            rest, self._messages = list(self._messages), deque()
            return rest
