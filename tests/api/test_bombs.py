"""All bombs at once, and a neighbour that behaves: it keeps its share, whatever they do.

Shares are compared as the meters counted them, so that it does not matter what else this host does.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import motte

BOMBS = r"""
    #include <stdlib.h>
    #include <string.h>
    #include <sys/mman.h>
    #include <time.h>
    #include <unistd.h>
    static char block[1 << 14];
    static void allocate(void) {
        for (;;) {
            void *list = NULL, *next;
            while ((next = malloc(50000))) { memset(next, 1, 50000); *(void **)next = list; list = next; }
            for (; list; list = next) { next = *(void **)list; free(list); }
        }
    }
    static void map(void) {
        for (;;) {
            char *pages = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (pages == MAP_FAILED) continue;
            for (int i = 0; i < 1 << 20; i += 4096) pages[i] = 1;
            munmap(pages, 1 << 20);
        }
    }
    static int fall(int depth) { volatile char frame[3000]; frame[0] = depth; return fall(depth + 1) + frame[0]; }
    int main(int argc, char **argv) {
        const char *kind = argv[1];
        struct timespec moment = {0, 1000000};
        if (!strcmp(kind, "end")) return 0;
        if (!strcmp(kind, "malloc")) allocate();
        if (!strcmp(kind, "map")) map();
        if (!strcmp(kind, "stack")) return fall(0);
        for (;;) {
            if (!strcmp(kind, "output")) write(1, block, sizeof block);
            if (!strcmp(kind, "sleep")) nanosleep(&moment, NULL);
            if (!strcmp(kind, "calls")) getppid();
            if (!strcmp(kind, "yield")) sched_yield();
            if (!strcmp(kind, "fault")) *(volatile char *)0x90000000 = 1;
        }
    }
"""
CHARGE = "48M"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bombs") / "bombs.c"
    path.write_text(BOMBS.replace("#include <unistd.h>", "#include <sched.h>\n#include <unistd.h>"))
    return path


@pytest.fixture
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(workers=2) as machine:
        yield machine


class Siege:
    """Bombs below one meter and one bank, for as long as the block lasts."""

    def __init__(self, machine: motte.Machine, program: motte.Program) -> None:
        self.machine, self.program = machine, program
        self.meter = machine.meter.sub()
        self.bank = machine.bank.sub("400M")
        self.over = threading.Event()
        self.processes: list[motte.Process] = []
        self.children = 0
        self.spawner = threading.Thread(target=self._spawn_on_and_on)

    def throw(self, kind: str, count: int = 1, **options: object) -> None:
        for _ in range(count):
            self.processes.append(self._start(kind, **options))

    def _start(self, kind: str, **options: object) -> motte.Process:
        return self.machine.spawn(
            self.program,
            [kind],
            bank=self.bank.sub(CHARGE),
            meter=self.meter,
            stdout=motte.DISCARD,
            stderr=motte.DISCARD,
            time=None,
            wall_time=None,
            output_limit=None,
            **options,  # type: ignore[arg-type]
        )

    def _spawn_on_and_on(self) -> None:
        """Children that end at once, and some whose stack has no end."""
        while not self.over.is_set():
            with self._start("stack" if self.children % 10 == 0 else "end") as child:
                child.wait()
            self.children += 1

    def __enter__(self) -> "Siege":
        self.throw("spin", 20)
        self.throw("malloc", 2)
        self.throw("map", 2)
        self.throw("output", 3)
        self.throw("calls", 3)
        self.throw("yield", 3)
        self.throw("sleep", 200)
        self.throw("fault", keeper=lambda fault: motte.Skip())
        self.spawner.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.over.set()
        self.spawner.join()
        for process in self.processes:
            process.close()


@pytest.mark.parametrize("neighbours", [1, 2])
def test_a_neighbour_keeps_its_share_under_all_bombs_at_once(source: Path, neighbours: int) -> None:
    """On a worker for each: one alone on two workers has what the host leaves to one of them, and no share of both."""
    with motte.Machine(workers=neighbours) as machine:
        _besieged(machine, machine.load(source), neighbours)


def _besieged(machine: motte.Machine, program: motte.Program, neighbours: int) -> None:
    good = machine.meter.sub()
    own = [machine.spawn(program, ["spin"], meter=good, bank="4M", time=None) for _ in range(neighbours)]
    with Siege(machine, program) as siege:
        time.sleep(0.3)
        good_before, bad_before = good.used, siege.meter.used
        while good.used + siege.meter.used - good_before - bad_before < 1.5:
            time.sleep(0.01)
        its, theirs = good.used - good_before, siege.meter.used - bad_before
        assert its / (its + theirs) >= 0.9 * 0.5
        assert siege.children > 10, "the spawn bomb went off"
        running = {process.state for process in siege.processes}
        assert "exited" not in running, "the bombs were there all the time"
    assert siege.bank.used == 0
    for process in own:
        assert process.state in {"ready", "running"}
        process.close()


@pytest.mark.parametrize("count", [1000, 10_000])
def test_children_have_no_more_together_than_one_sibling(source: Path, count: int) -> None:
    with motte.Machine(workers=1) as machine:
        program = machine.load(source)
        parent, other = machine.meter.sub(), machine.meter.sub()
        quiet = {"time": None, "start": False, "stdout": motte.DISCARD, "stderr": motte.DISCARD}
        own = [machine.spawn(program, ["spin"], meter=parent, **quiet) for _ in range(count)]
        sibling = machine.spawn(program, ["spin"], meter=other, time=None)
        for process in own:
            process.start()
        parent_before, other_before = parent.used, other.used
        while parent.used - parent_before < 0.4:
            time.sleep(0.005)
        theirs, its = parent.used - parent_before, other.used - other_before
        assert abs(its - theirs) <= 0.1 * (its + theirs)
        for process in [*own, sibling]:
            process.close()


@pytest.mark.parametrize("together", [True, False])
def test_a_ticker_keeps_its_rate_beside_a_hundred_endless_loops(source: Path, together: bool) -> None:
    """Who asks for short turns is due soon after it wakes, if its share pays for the waking."""
    with motte.Machine(workers=1) as machine:
        program = machine.load(source)
        others = machine.meter.sub()
        meters = [others if together else machine.meter.sub() for _ in range(100)]
        loops = [machine.spawn(program, ["spin"], meter=meter, time=None) for meter in meters]
        ticker = machine.spawn(program, ["sleep"], meter=machine.meter.sub(slice="50us", weight=1000), time=None)
        before, used = ticker.statistics().system_calls, machine.meter.used
        while machine.meter.used - used < 1:
            time.sleep(0.01)
        ticks = ticker.statistics().system_calls - before
        assert ticks > 300  # of 500: it sleeps for one slice of the others, and waits for the end of another
        for process in [*loops, ticker]:
            process.close()
