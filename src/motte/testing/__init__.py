"""For tests of schedules: the scheduler's own choice of who runs next, under a clock that you hold.

    from motte.testing import MeterSimulator, spin, repeat, Run, Sleep

    simulator = MeterSimulator(workers=1)
    lazy, busy = simulator.root.sub(weight=100), simulator.root.sub(weight=300)
    simulator.process(lazy, spin())
    simulator.process(busy, spin())
    simulator.run(2_000_000)
    simulator.trace            # [Stretch(start=0, end=1000, process=…), …]

The same program gives the same trace on every machine: no threads, no real time, no chance.
"""

from motte.testing.behaviour import Act, Run, Sleep, repeat, spin
from motte.testing.clock import ManualClock
from motte.testing.meters import MeterSimulator
from motte.testing.simulated import SimulatedMeter, SimulatedProcess, Stretch

__all__ = [
    "Act",
    "ManualClock",
    "MeterSimulator",
    "Run",
    "SimulatedMeter",
    "SimulatedProcess",
    "Sleep",
    "Stretch",
    "repeat",
    "spin",
]
