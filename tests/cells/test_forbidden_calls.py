"""Native code in a cell asks the operating system for things: it is told to the host, and nothing happens."""

from __future__ import annotations

import signal

import pytest

from cells.probes import (
    CONTROL,
    EXITED,
    FORBIDDEN,
    GATES,
    KILLED,
    PROGRAM,
    STORE,
    STORE_FILE,
    Event,
    probe,
    system_call,
)

DANGEROUS = {
    "read": 0,
    "write": 1,
    "open": 2,
    "ioctl": 16,
    "pipe": 22,
    "madvise": 28,
    "shmget": 29,
    "dup": 32,
    "dup2": 33,
    "getpid": 39,
    "socket": 41,
    "connect": 42,
    "sendto": 44,
    "recvfrom": 45,
    "sendmsg": 46,
    "recvmsg": 47,
    "socketpair": 53,
    "clone": 56,
    "fork": 57,
    "vfork": 58,
    "execve": 59,
    "exit": 60,
    "kill": 62,
    "fcntl": 72,
    "ftruncate": 77,
    "ptrace": 101,
    "personality": 135,
    "arch_prctl": 158,
    "mount": 165,
    "init_module": 175,
    "mremap": 25,
    "brk": 12,
    "rt_sigaction": 13,
    "rt_sigprocmask": 14,
    "sigaltstack": 131,
    "prctl": 157,
    "pivot_root": 155,
    "modify_ldt": 154,
    "iopl": 172,
    "settimeofday": 164,
    "time": 201,
    "clock_gettime": 228,
    "nanosleep": 35,
    "timer_create": 222,
    "tkill": 200,
    "tgkill": 234,
    "add_key": 248,
    "keyctl": 250,
    "openat": 257,
    "unshare": 272,
    "vmsplice": 278,
    "fallocate": 285,
    "eventfd2": 290,
    "dup3": 292,
    "perf_event_open": 298,
    "prlimit64": 302,
    "name_to_handle_at": 303,
    "open_by_handle_at": 304,
    "setns": 308,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "kcmp": 312,
    "finit_module": 313,
    "seccomp": 317,
    "getrandom": 318,
    "memfd_create": 319,
    "bpf": 321,
    "execveat": 322,
    "userfaultfd": 323,
    "pkey_mprotect": 329,
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "pidfd_open": 434,
    "clone3": 435,
    "openat2": 437,
    "pidfd_getfd": 438,
    "landlock_create_ruleset": 444,
    "mseal": 462,
    "one that there is not": 5000,
}


@pytest.mark.parametrize("name", DANGEROUS)
def test_it_does_not_happen(name: str) -> None:
    number = DANGEROUS[name]
    probed = probe(system_call(number, 1, 9, 0, 0, 0, 0))
    assert probed.refused(number)


READ, WRITE, EXECUTE = 1, 2, 4
SHARED, PRIVATE, FIXED, ANONYMOUS = 1, 2, 0x10, 0x20
MMAP, MPROTECT, MUNMAP, FUTEX = 9, 10, 11, 202
ELSEWHERE = STORE + 0x10_0000
TURN = CONTROL


def test_pages_of_the_store_may_be_mapped_and_protected_and_taken_away() -> None:
    """The accepted twin of what follows."""
    mapped = system_call(MMAP, ELSEWHERE, 4096, READ | WRITE, SHARED | FIXED, STORE_FILE, 0)
    used = f"movq $7, {ELSEWHERE}\nmovq {STORE}, %rbx\n"
    protected = system_call(MPROTECT, ELSEWHERE, 4096, READ) + system_call(MUNMAP, ELSEWHERE, 4096)
    probed = probe(mapped + used + protected)
    assert probed.came_to_its_end()
    assert probed.last.registers[0] == 0
    assert probed.last.registers[3] == 7


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((ELSEWHERE, 4096, READ | EXECUTE, SHARED | FIXED, STORE_FILE, 0), id="to be executed"),
        pytest.param((ELSEWHERE, 4096, READ | 0x0100_0000, SHARED | FIXED, STORE_FILE, 0), id="as a stack that grows"),
        pytest.param((ELSEWHERE, 4096, READ | 1 << 32, SHARED | FIXED, STORE_FILE, 0), id="with an upper half"),
        pytest.param((ELSEWHERE, 4096, READ, PRIVATE | FIXED, STORE_FILE, 0), id="as a private copy"),
        pytest.param((ELSEWHERE, 4096, READ, SHARED | FIXED | ANONYMOUS, STORE_FILE, 0), id="as new memory"),
        pytest.param((ELSEWHERE, 4096, READ, SHARED, STORE_FILE, 0), id="where the kernel likes"),
        pytest.param((ELSEWHERE, 4096, READ, SHARED | FIXED | 0x40000, STORE_FILE, 0), id="with huge pages"),
        pytest.param((ELSEWHERE, 4096, READ, SHARED | FIXED, 3, 0), id="of the socket"),
        pytest.param((ELSEWHERE, 4096, READ, SHARED | FIXED, (1 << 64) - 1, 0), id="of no file"),
        pytest.param((1 << 32, 4096, READ, SHARED | FIXED, STORE_FILE, 0), id="far away, for page tables"),
        pytest.param((PROGRAM, 4096, READ, SHARED | FIXED, STORE_FILE, 0), id="over the cell's program"),
    ],
)
def test_nothing_else_may_be_mapped(arguments: tuple[int, ...]) -> None:
    assert probe(system_call(MMAP, *arguments)).refused(MMAP)


@pytest.mark.parametrize("place", [STORE, GATES, PROGRAM + 0x1000])
@pytest.mark.parametrize("protection", [EXECUTE, READ | EXECUTE, READ | WRITE | EXECUTE, READ | 1 << 63])
def test_nothing_becomes_executable(place: int, protection: int) -> None:
    assert probe(system_call(MPROTECT, place, 4096, protection)).refused(MPROTECT)


def test_the_turn_may_be_waited_for_and_told() -> None:
    """The accepted twin of what follows: the turn is the cell's, so to wait while it is 77 is over at once (EAGAIN)."""
    probed = probe(system_call(FUTEX, TURN, 0, 77, 0) + "movq %rax, %rbx\n" + system_call(FUTEX, TURN, 1, 1, 0))
    assert probed.came_to_its_end()
    assert probed.last.registers[3] == (1 << 64) - 11
    assert probed.last.registers[0] in {0, 1}  # how many waited: the host is about to


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((STORE, 0, 0, 0), id="elsewhere"),
        pytest.param((TURN + 4, 0, 0, 0), id="beside the turn"),
        pytest.param((TURN & 0xFFFF_FFFF, 0, 0, 0), id="at half of its address"),
        pytest.param((TURN, 0, 0, STORE), id="with a timeout"),
        pytest.param((TURN, 128, 0, 0), id="in private"),
        pytest.param((TURN, 2, 0, 0), id="as a descriptor"),
        pytest.param((TURN, 6, 0, 0), id="with a priority"),
        pytest.param((TURN, 9, 0, 0), id="until a moment"),
    ],
)
def test_a_futex_is_for_nothing_else(arguments: tuple[int, ...]) -> None:
    assert probe(system_call(FUTEX, *arguments)).refused(FUTEX)


@pytest.mark.parametrize("number", [0, 9, 57, 59, 202, 520, 547])
def test_calls_of_the_architecture_with_short_pointers_are_the_end(number: int) -> None:
    probed = probe(system_call(number | 0x4000_0000))
    assert probed.end == (KILLED, signal.SIGSYS)


@pytest.mark.parametrize("number", [1, 2, 11, 20, 90, 120, 192, 240, 252])
def test_calls_of_the_architecture_before_are_the_end(number: int) -> None:
    """Their numbers mean other calls: 192 maps memory.  A kernel without them knows no interrupt 0x80 at all."""
    probed = probe(f"movl ${number}, %eax\nint $0x80\n")
    if probed.end == (0, 0):
        assert (probed.last.event, probed.last.trap.signal) == (Event.TRAP, signal.SIGSEGV)
    else:
        assert probed.end == (KILLED, signal.SIGSYS)


def test_the_fixed_page_of_old_clocks_tells_no_time() -> None:
    """A kernel without it has nothing there."""
    probed = probe(f"movq ${STORE}, %rdi\nxorl %esi, %esi\nmovq $0xffffffffff600000, %rax\ncall *%rax\n")
    assert probed.last.event == Event.TRAP
    assert probed.last.trap.signal in {signal.SIGSYS, signal.SIGSEGV}
    assert probed.last.trap.signal != signal.SIGSYS or probed.refused(96)


@pytest.mark.parametrize("victim", [0, 1, 2, (1 << 64) - 1])
@pytest.mark.parametrize("number", [62, 200, 234])
def test_nobody_is_sent_a_signal(number: int, victim: int) -> None:
    assert probe(system_call(number, victim, 9, 9)).refused(number)


@pytest.mark.parametrize("number", [56, 57, 58, 435])
def test_a_bomb_of_forks_does_not_explode(number: int) -> None:
    assert probe(f"again:\nmovl ${number}, %eax\nxorl %edi, %edi\nsyscall\njmp again\n").refused(number)


def test_a_forbidden_call_from_inside_the_cells_own_program_ends_it() -> None:
    """Native code finds a `syscall` instruction there, and jumps to it: the filter does not care where it is."""
    probed = probe(
        f"""
        movabsq ${PROGRAM + 0x1000}, %rbx
        search:
        incq %rbx
        cmpw $0x050f, (%rbx)
        jne search
        movl $257, %eax
        jmp *%rbx
        """
    )
    assert probed.end == (EXITED, FORBIDDEN)
