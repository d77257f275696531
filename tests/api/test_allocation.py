"""One libc, many processes: malloc is the running process's own, whatever runs beside it and interrupts it."""

from __future__ import annotations

from pathlib import Path

import motte

# Allocates, fills, checks, resizes and frees at random, for a while; exits with 0 if every byte was as it left it.
CHURN = """
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 400, ROUNDS = 40000 };
static unsigned char *blocks[BLOCKS];
static size_t sizes[BLOCKS];
static uint64_t state, seed;

static uint64_t next(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}

static unsigned char mark(int which, size_t at) {
    return (unsigned char)(which * 31 + at * 7 + sizes[which] + seed);
}

static void fill(int which) {
    for (size_t at = 0; at < sizes[which]; at++) blocks[which][at] = mark(which, at);
}

static int is_whole(int which) {
    for (size_t at = 0; at < sizes[which]; at++)
        if (blocks[which][at] != mark(which, at)) return 0;
    return 1;
}

int main(int argc, char **argv) {
    (void)argc;
    seed = strtoull(argv[1], 0, 10);
    state = seed * 2654435761u + 1;
    for (int round = 0; round < ROUNDS; round++) {
        int which = (int)(next() % BLOCKS);
        if (blocks[which] && !is_whole(which)) return 1;
        free(blocks[which]);
        sizes[which] = next() % 100 ? next() % 300 : next() % 100000;
        blocks[which] = malloc(sizes[which]);
        if (!blocks[which]) return 2;
        fill(which);
    }
    for (int which = 0; which < BLOCKS; which++)
        if (blocks[which] && !is_whole(which)) return 3;
    return 0;
}
"""

LEAK = """
#include <stdlib.h>
#include <string.h>
static char *volatile latest; /* or the compiler sees that nobody needs them */
int main(void) {
    for (int i = 0; i < 100; i++) {
        if (!(latest = malloc(10000))) return 1;
        memset(latest, 1, 10000);
    }
    return 0;
}
"""


def test_allocations_interleaved_over_preemptions_never_meet(tmp_path: Path) -> None:
    (tmp_path / "churn.c").write_text(CHURN)
    with motte.Machine(workers=2) as machine:
        program = machine.load(tmp_path / "churn.c")
        crowd = [machine.spawn(program, [str(seed)], stdout=None, stderr=None) for seed in range(1, 25)]
        ends = [process.wait(60) for process in crowd]
        assert [end.returncode for end in ends] == [0] * len(crowd)
        assert sum(end.usage.preemptions for end in ends) > len(crowd)


def test_what_a_process_never_freed_comes_back_with_its_end(tmp_path: Path) -> None:
    (tmp_path / "leak.c").write_text(LEAK)
    with motte.Machine() as machine:
        program = machine.load(tmp_path / "leak.c")
        loaded = machine.bank.used
        for _ in range(20):
            with machine.spawn(program, stdout=None, stderr=None) as process:
                end = process.wait(60)
                assert end.returncode == 0
                assert end.usage.peak_memory > 1_000_000
        assert machine.bank.used == loaded
