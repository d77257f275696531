"""Giving back what others may be using: once, after the last use, by whoever may."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack

import pytest

import motte
from motte.lifetime import Ends, Lifetime

CLOSED = (motte.Closed, "it is closed")


class Holder:
    """Notes what it is asked to do; ``later`` is done at once, by the thread that asks."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.users = 0

    def give_back(self) -> None:
        assert self.users == 0
        self.events.append("given back")

    def tell_given_back(self) -> None:
        self.events.append("told")

    def later(self, action: Callable[[], None]) -> None:
        self.events.append("later")
        action()


@pytest.fixture
def holder() -> Holder:
    return Holder()


@pytest.fixture
def lifetime(holder: Holder) -> Lifetime[str]:
    return Lifetime("the object", holder, Ends())


def test_an_unused_object_is_given_back_at_once_and_only_once(lifetime: Lifetime[str], holder: Holder) -> None:
    assert not lifetime.has_ended
    lifetime.end(CLOSED, wait=True)
    lifetime.end(CLOSED, wait=True)
    assert lifetime.has_ended
    assert holder.events == ["given back", "told"]


def test_whoever_comes_after_the_end_is_refused_with_the_latest_words(lifetime: Lifetime[str], holder: Holder) -> None:
    lifetime.end((motte.InvalidCap, "its bank is gone"), wait=True)
    with pytest.raises(motte.InvalidCap, match="its bank is gone"), lifetime:
        pass
    lifetime.end(CLOSED, wait=True)
    with pytest.raises(motte.Closed, match="it is closed"), lifetime:
        pass
    assert holder.events == ["given back", "told"]


def test_an_end_inside_a_use_waits_for_the_end_of_the_use(lifetime: Lifetime[str], holder: Holder) -> None:
    with lifetime as outer:
        with lifetime as inner:
            lifetime.end(CLOSED, wait=True)
            assert (outer, inner) == ("the object", "the object")
        assert holder.events == []
        with pytest.raises(motte.Closed), lifetime:
            pass
        assert holder.events == []
    assert holder.events == ["later", "given back", "told"]


def test_uses_are_counted_however_deep_they_are(lifetime: Lifetime[str], holder: Holder) -> None:
    with ExitStack() as stack:
        for depth in range(1, 50):
            assert stack.enter_context(lifetime) == "the object"
            assert (lifetime.uses, lifetime.is_used_here()) == (depth, True)
        lifetime.end(CLOSED, wait=True)
        assert holder.events == []
    assert (lifetime.uses, lifetime.is_used_here()) == (0, False)
    assert holder.events == ["later", "given back", "told"]


def test_the_end_of_a_use_that_never_began_is_refused(lifetime: Lifetime[str], holder: Holder) -> None:
    with pytest.raises(RuntimeError, match="this thread uses nothing here"):
        lifetime.__exit__(None, None, None)
    assert holder.events == []


def test_an_end_that_does_not_wait_leaves_it_to_the_last_user(lifetime: Lifetime[str], holder: Holder) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def use() -> None:
        with lifetime:
            entered.set()
            go_on.wait()

    user = threading.Thread(target=use)
    user.start()
    entered.wait()
    lifetime.end(CLOSED, wait=False)
    assert holder.events == []
    go_on.set()
    user.join()
    assert holder.events == ["later", "given back", "told"]


def test_an_end_waits_for_users_on_other_threads_and_gives_back_itself(lifetime: Lifetime[str], holder: Holder) -> None:
    entered = threading.Event()

    def use() -> None:
        with lifetime:
            entered.set()
            while lifetime.refusal is None:
                pass

    user = threading.Thread(target=use)
    user.start()
    entered.wait()
    lifetime.end(CLOSED, wait=True)
    assert holder.events == ["given back", "told"]
    user.join()


def test_a_storm_of_uses_and_ends_gives_back_once_and_never_under_a_user() -> None:
    for _round in range(100):
        holder = Holder()
        lifetime = Lifetime("the object", holder, Ends())
        lock, start = threading.Lock(), threading.Barrier(6)

        def use(
            lifetime: Lifetime[str] = lifetime,
            holder: Holder = holder,
            lock: threading.Lock = lock,
            start: threading.Barrier = start,
        ) -> None:
            start.wait()
            try:
                while True:
                    with lifetime:
                        with lock:
                            holder.users += 1
                        with lock:
                            holder.users -= 1
            except motte.Closed:
                pass

        def end(lifetime: Lifetime[str] = lifetime, start: threading.Barrier = start) -> None:
            start.wait()
            lifetime.end(CLOSED, wait=True)
            assert lifetime.has_ended

        threads = [threading.Thread(target=each) for each in (use, use, use, use, end, end)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [event for event in holder.events if event != "later"] == ["given back", "told"]
