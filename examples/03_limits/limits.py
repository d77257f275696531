"""Limits from Python: what is too much ends as a value, never as an exception."""

from pathlib import Path

import motte

HUNGRY = Path(__file__).parent / "hungry.c"

memory = motte.run(HUNGRY, ["memory"], memory="32MiB")
print("memory:", memory.returncode, memory.stdout.decode().strip())
assert memory.usage.peak_memory <= 32 << 20

time = motte.run(HUNGRY, ["time"], time="100ms")
print("time:", time.returncode, time.reason.name)
assert 0.1 <= time.usage.cpu_time < 0.2

output = motte.run(HUNGRY, ["output"], output_limit="1MiB")
print("output:", output.returncode, output.reason.name)
assert len(output.stdout) <= 1 << 20

wall = motte.run(HUNGRY, ["time"], wall_time="100ms", time=None)
print("wall time:", wall.returncode, wall.reason.name)
