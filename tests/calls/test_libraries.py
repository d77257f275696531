"""C libraries as modules, and Python functions whose calls run in fresh processes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import motte

SOURCE = """
#include <string.h>
static int uses;
int use(void) { return ++uses; }
int add(int a, int b) { return a + b; }
int crash(void) { return *(volatile int *)8; }
int spin(void) { for (;;) { } }
int _process(void) { return 1; }
int _lock(void) { return 2; }
int process(void) { return 3; }
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("libraries") / "part.c"
    path.write_text(SOURCE)
    return path


@pytest.fixture
def part(source: Path) -> Iterator[motte.Library]:
    with motte.library(source, memory="16MiB", options=motte.BuildOptions(debug=True)) as part:
        yield part


def test_functions_of_a_library_are_attributes_that_are_bound_once(part: motte.Library) -> None:
    assert part.add(2, 3) == 5
    assert part.add is part.add
    assert {"add", "use", "crash"} <= set(dir(part))
    assert "int add(int a, int b)" in (part.add.__doc__ or "")
    assert repr(part) == "<Library part.c: 7 functions>"


def test_a_library_keeps_its_state_until_it_is_restarted(part: motte.Library) -> None:
    assert [part.use() for _ in range(3)] == [1, 2, 3]
    part.restart()
    assert part.use() == 1


def test_a_library_may_call_its_functions_what_it_likes(part: motte.Library) -> None:
    """Those that the host's own attributes hide are called by their names."""
    for _again in range(2):
        part.restart()
        assert part.use() == 1
        assert [part.process.function(name)() for name in ("_process", "_lock", "process")] == [1, 2, 3]


def test_a_function_that_an_attribute_hides_is_asked_for_by_its_name(part: motte.Library) -> None:
    assert [part[name]() for name in ("_process", "_lock", "process")] == [1, 2, 3]
    with pytest.raises(LookupError, match="exports no function 'ad'"):
        _ = part["ad"]
    with pytest.raises(TypeError, match="not iterable"):
        list(part)  # type: ignore[call-overload]


def test_a_name_that_is_not_exported_is_an_attribute_error_that_says_so(part: motte.Library) -> None:
    with pytest.raises(AttributeError, match=r"part\.c exports no function 'ad'.*did you mean 'add'"):
        _ = part.ad


def test_a_fault_ends_the_library_and_a_restart_begins_it_anew(part: motte.Library) -> None:
    with pytest.raises(motte.GuestFault, match="read through a null pointer"):
        part.crash()
    with pytest.raises(motte.Exited):
        part.add(1, 1)
    assert part.process.returncode == 139
    part.restart()
    assert part.add(1, 1) == 2


def test_a_closed_library_is_closed(source: Path) -> None:
    part = motte.library(source)
    add = part.add
    part.close()
    part.close()
    with pytest.raises(motte.Closed):
        add(1, 2)
    with pytest.raises(motte.Closed):
        part.restart()


def test_what_does_not_compile_leaves_nothing_behind(tmp_path: Path) -> None:
    broken = tmp_path / "broken.c"
    broken.write_text("int f(void) { return 1")
    threads = threading.active_count()
    with pytest.raises(motte.CompileError):
        motte.library(broken)
    assert threading.active_count() == threads


def test_every_call_of_a_sandboxed_function_is_the_first(source: Path) -> None:
    @motte.sandboxed(source, memory="16MiB")
    def use() -> int:
        """How often it was called."""

    assert [use() for _ in range(10)] == [1] * 10
    assert (use.__name__, use.__doc__) == ("use", "How often it was called.")
    use.close()
    assert use() == 1  # it begins anew
    use.close()


def test_arguments_of_a_sandboxed_function_can_be_named_as_its_stub_names_them(source: Path) -> None:
    @motte.sandboxed(source, name="add")
    def sum_of(left: int, right: int) -> int: ...

    assert sum_of(2, 3) == sum_of(right=3, left=2) == 5
    with pytest.raises(TypeError):
        sum_of(2, middle=3)  # type: ignore[call-arg]
    sum_of.close()


def test_a_fault_or_a_limit_of_one_call_does_not_concern_the_next(source: Path) -> None:
    @motte.sandboxed(source)
    def crash() -> int: ...

    @motte.sandboxed(source, time="50ms")
    def spin() -> int: ...

    for _again in range(3):
        with pytest.raises(motte.GuestFault):
            crash()
    with pytest.raises(motte.LimitReached):
        spin()
    crash.close()
    spin.close()


def test_threads_use_a_sandboxed_function_at_once(source: Path) -> None:
    @motte.sandboxed(source, warm=4)
    def use() -> int: ...

    results: list[int] = []

    def call() -> None:
        results.extend(use() for _ in range(50))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [1] * 400
    use.close()


def test_a_sandboxed_function_can_be_awaited_and_is_in_a_new_process_each_time(source: Path) -> None:
    @motte.sandboxed(source, warm=2, memory="1MiB")
    def use() -> int: ...

    @motte.sandboxed(source, name="add")
    def sum_of(left: int, right: int) -> int: ...

    @motte.sandboxed(source)
    def spin() -> None: ...

    async def call() -> None:
        assert await asyncio.gather(*(use.call_async() for _ in range(100))) == [1] * 100
        assert await sum_of.call_async(right=3, left=2) == 5
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await spin.call_async()

    asyncio.run(call())
    for function in (use, sum_of, spin):
        function.close()


def test_a_function_that_is_not_there_is_told_at_the_call(source: Path) -> None:
    @motte.sandboxed(source)
    def nonsense() -> int: ...

    with pytest.raises(LookupError, match="exports no function 'nonsense'"):
        nonsense()
    nonsense.close()


def test_a_pool_prepares_each_process_before_it_is_wanted(source: Path) -> None:
    with motte.Machine() as machine:
        program = machine.load(source)
        with machine.pool(program, warm=3, prepare=lambda process: process.function("use")()) as pool:
            pool.fill()
            for _use in range(5):
                with pool.checkout() as process:
                    assert process.function("use")() == 2
