"""Assembly as LLVM writes it → a linked program, for the verifier and for the CPU.

In an ordinary process the GS base is zero, so the low 4 GiB of its address space *is* a window: confined code that
lies below 2 GiB finds its data where it expects it.  So a test can run, in a child process,
the very machine code that the verifier has read.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from motte.abi.layout import compatible_class
from motte.abi.limits import DEFAULT_LIMITS
from motte.compiler.assemble import assemble
from motte.compiler.confine import FunctionFacts, confine
from motte.image import Artifact, LoadPlan, link, load_plan
from motte.verifier import Verdict, verify

CODE = 0x4000_0000
TABLES = 0x4800_0000
SCRATCH = 0x5000_0000
"""Writable memory of one page that a function under test may be given."""

ENTRY = """
\t.type\t__motte_start,@function
\t.globl\t__motte_start
__motte_start:
\tud2
\t.size\t__motte_start, .Lend-__motte_start
\t.data
\t.globl\t__motte_data_stack_pointer
__motte_data_stack_pointer:
\t.quad\t0
\t.globl\t__motte_data_stack_limit
__motte_data_stack_limit:
\t.quad\t0
"""


def function(name: str, body: str) -> str:
    """``body`` as LLVM would print a function around it."""
    lines = "\n".join(line for line in body.split("\n") if line.strip())
    return (
        f"\t.text\n\t.globl\t{name}\n\t.p2align\t4\n\t.type\t{name},@function\n{name}:\n{lines}\n"
        f".Lfunc_end_{name}:\n\t.size\t{name}, .Lfunc_end_{name}-{name}\n"
    )


def facts(*names: str, **stack_arguments: int) -> dict[str, FunctionFacts]:
    """Facts of functions without stack arguments, and of those with some bytes of them."""
    sizes = {**dict.fromkeys(names, 0), **stack_arguments}
    return {name: FunctionFacts(size, compatible_class(size)) for name, size in sizes.items()}


def confined_body(body: str) -> list[str]:
    """The confined lines of one function, between its label and its size, without end labels."""
    text = confine(function("f", body), facts("f"))
    lines = text[text.index("\nf:\n") + 4 : text.index("\n.Lfunc_end_f:")]
    return lines.split("\n")


@dataclass(frozen=True)
class ConfinedProgram:
    """A program at fixed addresses."""

    plan: LoadPlan

    def verdict(self) -> Verdict:
        """What the verifier says of it."""
        return verify(self.plan.claimed)

    def run(self, name: str, *arguments: int, scratch: bytes = b"") -> Outcome:
        """Call a function with integer arguments, in a child process, with ``scratch`` at :data:`SCRATCH`."""
        return self.run_each(name, [arguments], scratch)

    def run_each(self, name: str, calls: Sequence[tuple[int, ...]], scratch: bytes = b"") -> Outcome:
        """Several calls in one child process; the result is that of the last, ``results`` has them all."""
        assert self.verdict().ok, str(self.verdict())
        claimed = self.plan.claimed
        parts = [(CODE, bytes(claimed.code)), (TABLES, bytes(claimed.tables)), (SCRATCH, scratch.ljust(4096, b"\0"))]
        parts += [(part.address, bytes(part.contents).ljust(part.size, b"\0")) for part in self.plan.segments]
        offset = next(item.offset for item in claimed.functions if item.name == name)
        with tempfile.TemporaryDirectory() as folder:
            for number, (_, content) in enumerate(parts):
                Path(folder, str(number)).write_bytes(content)
            request = json.dumps([folder, [address for address, _ in parts], CODE + offset, calls, SCRATCH])
            command = [sys.executable, "-c", _CHILD, request]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            assert done.returncode < 0, done.stderr
            return Outcome((), b"", -done.returncode)
        results, memory = json.loads(done.stdout)
        return Outcome(tuple(results), bytes.fromhex(memory), 0)


@dataclass(frozen=True)
class Outcome:
    """What came of the calls: their results and the scratch page, or the signal that ended them."""

    results: tuple[int, ...]
    scratch: bytes
    signal: int

    @property
    def result(self) -> int | None:
        """The last call's result, ``None`` after a signal."""
        return self.results[-1] if self.results else None


_CHILD = """
import ctypes, json, mmap, sys
from pathlib import Path
folder, places, function, calls, scratch = json.loads(sys.argv[1])
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
MAP_FIXED_NOREPLACE = 0x100000
for number, place in enumerate(places):
    content = Path(folder, str(number)).read_bytes()
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_FIXED_NOREPLACE
    assert libc.mmap(place, len(content), 7, flags, -1, 0) == place, hex(place)
    ctypes.memmove(place, content, len(content))
results = [ctypes.CFUNCTYPE(ctypes.c_long, *[ctypes.c_long] * len(call))(function)(*call) for call in calls]
print(json.dumps([results, ctypes.string_at(scratch, 4096).hex()]))
"""


def build(assembly: str, known: dict[str, FunctionFacts]) -> ConfinedProgram:
    """Confine, assemble, link and place ``assembly``."""
    confined = confine(ENTRY + assembly, {**known, **facts("__motte_start")})
    artifact = link([("test", assemble(confined))], [], limits=DEFAULT_LIMITS, cpu_features=())
    return ConfinedProgram(load_plan(Artifact.read(artifact), CODE, TABLES))
