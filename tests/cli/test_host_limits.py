"""How many processes the host allows, as the doctor tells it."""

import resource
from pathlib import Path

from cli.command import motte
from motte.host_limits import ProcessLimit, granting_process_limit, process_limits


def test_a_limit_allows_what_is_left_of_it_and_says_what_more_would_take() -> None:
    limit = ProcessLimit("mappings", 65_530, 5_530, 6, "set {total}")
    assert limit.processes == 10_000
    assert limit.advice_for(10_000) == "set 65530"
    assert limit._replace(total=65_529).processes == 9_999
    assert limit._replace(total=100).processes == 0


def test_each_limit_is_the_hosts() -> None:
    limits = {limit.name: limit for limit in process_limits()}
    assert limits["vm.max_map_count"].total == int(Path("/proc/sys/vm/max_map_count").read_text())
    assert 30_000 < limits["address space"].processes < 32_766
    assert granting_process_limit().total == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_the_doctor_says_how_many_processes_are_possible() -> None:
    text = " ".join(motte("doctor").stdout.decode().split())
    for limit in (*process_limits(), granting_process_limit()):
        if limit.name == "memory":  # it changes from one moment to the next
            continue
        assert f"{limit.name} {limit.processes:,} processes at once" in text
        if limit.name == "vm.max_map_count" and limit.processes < 30_000:
            assert f"for 30,000 processes, raise it: sysctl -w vm.max_map_count={limit.kept + 5 * 30_000}" in text
