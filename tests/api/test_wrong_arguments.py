"""What new users do wrong: each is told by the argument's name, before anything happens."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import motte

Wrong = Callable[[Any, Any, Any, Any], object]
NO_SOURCE = "source: expected str or bytes or PathLike or list or tuple; got"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any, Any, Any]]:
    """A machine, a program, and the ends of a channel."""
    source = tmp_path_factory.mktemp("source") / "nothing.c"
    source.write_text("int main(void) { return 0; }\n")
    with motte.Machine(memory="256MiB") as machine:
        yield (machine, machine.load(source), *machine.channel(2))


WRONG: dict[str, tuple[Wrong, str]] = {
    "no program": (lambda m, *_: m.spawn(None), "program: expected Program; got NoneType"),
    "a file for a program": (lambda m, *_: m.spawn("a.c"), "program: expected Program; got str"),
    "one argument": (lambda m, p, *_: m.spawn(p, "abc"), "args: expected a list, got the single 'abc'"),
    "no arguments": (lambda m, p, *_: m.spawn(p, None), "args: expected Iterable; got NoneType"),
    "a list of variables": (lambda m, p, *_: m.spawn(p, env=["A=1"]), "env: expected Mapping; got list"),
    "a list of grants": (lambda m, p, s, _: m.spawn(p, grants=[s]), "grants: expected Mapping; got list"),
    "a grant alone": (lambda m, p, s, _: m.spawn(p, grants=s), "grants: expected Mapping; got Sender"),
    "one directory": (lambda m, p, *_: m.spawn(p, directories="d"), "directories: expected a list of directories"),
    "a bank as resources": (
        lambda m, p, *_: m.spawn(p, resources=m.bank),
        "resources: expected Resources; got SpaceBank",
    ),
    "a bank as a meter": (lambda m, p, *_: m.spawn(p, meter=m.bank), "meter: expected a Meter or None; got SpaceBank"),
    "a text of files": (lambda m, p, *_: m.spawn(p, open_files="3"), "open_files: expected int; got str"),
    "no processes": (lambda m, p, *_: m.spawn(p, processes=None), "processes: expected int; got NoneType"),
    "no backtrace": (lambda m, p, *_: m.spawn(p, backtrace=None), "backtrace: expected int; got NoneType"),
    "true as a number": (lambda m, p, *_: m.spawn(p, processes=True), "processes: expected int; got bool"),
    "no source": (lambda m, *_: m.load(None), f"{NO_SOURCE} NoneType"),
    "a program loaded again": (lambda m, p, *_: m.load(p), f"{NO_SOURCE} Program"),
    "a dictionary of options": (
        lambda m, *_: m.load("a.c", {"O": 3}),
        "options: expected BuildOptions or None; got dict",
    ),
    "no source to run": (lambda *_: motte.run(None), f"{NO_SOURCE} NoneType"),  # type: ignore[arg-type]
    "no capacity": (lambda m, *_: m.channel(None), "capacity: expected int; got NoneType"),
    "a text of capacity": (lambda m, *_: m.channel("4"), "capacity: expected int; got str"),
    "a size for a bank": (lambda m, *_: m.channel(4, bank="1MiB"), "bank: expected SpaceBank or None; got str"),
    "a meter for a bank": (
        lambda m, *_: m.exchange.allocate(1, bank=m.meter),
        "bank: expected SpaceBank or None; got Meter",
    ),
    "a bank of a forwarder": (lambda m, _p, s, _r: m.forwarder(s, bank=5), "bank: expected SpaceBank or None; got int"),
    "a bank of a trace": (lambda m, *_: m.trace(bank=5), "bank: expected SpaceBank or None; got int"),
    "no contract": (lambda m, *_: m.conversation(None), "contract: expected Contract; got NoneType"),
    "no program of a recipe": (lambda m, *_: m.constructor(None), "program: expected Program; got NoneType"),
    "a text at once": (lambda m, *_: m.launcher(at_once="x"), "at_once: expected int; got str"),
    "one receiver": (lambda _m, _p, _s, r: motte.select(r), "receivers: expected list or tuple; got Receiver"),
    "a path of a directory": (lambda *_: motte.Directory(Path("/"), "/d"), "directory: expected str; got PosixPath"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_argument_is_told_by_its_name(parts: tuple[Any, Any, Any, Any], what: str) -> None:
    wrong, message = WRONG[what]
    with pytest.raises(TypeError) as told:
        wrong(*parts)
    assert str(told.value).startswith(message)
    assert parts[0].statistics().processes == 0
