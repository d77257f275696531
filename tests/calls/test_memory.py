"""What pointers point to: a guest's memory as the host reads and changes it, and the guest's own allocator."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest

import motte

PAGE = 4096
WINDOW = 1 << 32

SOURCE = """
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static const char words[] = "gr\\xc3\\xbc\\xc3\\x9f";
static char shown[8];
const char *text(void) { return words; }
char *copy(const char *text) { return strdup(text); }
long sum(const int *numbers, int count) { long sum = 0; while (count--) sum += *numbers++; return sum; }
/* The last bytes before a page that is not there; with a NUL or without one. */
char *at_the_end(int size, int ended) {
    char *pages = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(pages + 4096, 4096);
    memset(pages, 'x', 4096);
    pages[4095] = ended ? 0 : 'x';
    return pages + 4096 - size;
}
void protect(char *page) { mprotect(page, 4096, PROT_READ); }
"""


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[motte.Library]:
    source: Path = tmp_path_factory.mktemp("memory") / "memory.c"
    source.write_text(SOURCE)
    with motte.library(source, memory="64MiB") as guest:
        yield guest


def test_a_string_is_read_up_to_its_nul(guest: motte.Library) -> None:
    assert guest.memory.string(guest.text()).decode() == "grüß"
    long = guest.copy("x" * 100_000)
    assert guest.memory.string(long) == b"x" * 100_000
    assert guest.memory.string(long, limit=100_000) == b"x" * 100_000
    guest.free(long)


def test_a_string_may_end_where_the_guests_memory_does(guest: motte.Library) -> None:
    assert guest.memory.string(guest.at_the_end(10, 1)) == b"x" * 9
    with pytest.raises(ValueError, match=r"not all of the 4096 bytes at 0x[0-9a-f]+000 are accessible"):
        guest.memory.string(guest.at_the_end(10, 0))


def test_a_string_that_is_too_long_is_refused_and_so_is_the_null_pointer(guest: motte.Library) -> None:
    with pytest.raises(ValueError, match="no NUL among the first 5 bytes"):
        guest.memory.string(guest.text(), limit=5)
    assert guest.memory.string(guest.text(), limit=6) == b"gr\xc3\xbc\xc3\x9f"
    with pytest.raises(ValueError, match="the null pointer is no string"):
        guest.memory.string(0)


def test_what_lives_longer_than_a_call_is_allocated_by_the_guest(guest: motte.Library) -> None:
    numbers = numpy.arange(1000, dtype="i4")
    place = guest.malloc(numbers.nbytes)
    guest.memory.write(place, numbers)
    assert guest.sum(place, 1000) == numbers.sum()
    back = numpy.empty_like(numbers)
    guest.memory.read_into(place, back)
    assert (back == numbers).all()
    guest.free(place)
    assert "void *malloc(size_t size)" in (guest.malloc.__doc__ or "")


def test_structures_are_read_and_written_in_place(guest: motte.Library) -> None:
    place = guest.malloc(16)
    pair = (ctypes.c_uint64 * 2)(5, 1 << 63)
    guest.memory.write(place, pair)
    found = (ctypes.c_uint64 * 2)()
    guest.memory.read_into(place, found)
    assert list(found) == [5, 1 << 63]
    guest.free(place)


@pytest.mark.parametrize(
    ("address", "size"), [(0, 1), (PAGE, 1), (WINDOW - 1, 2), (WINDOW - 1, 1), (WINDOW, 1), (-1, 1)]
)
def test_ranges_that_are_not_there_are_refused(guest: motte.Library, address: int, size: int) -> None:
    kept = bytearray(b"kept" * 1000)[:size]
    for use in (
        lambda: guest.memory.read(address, size),
        lambda: guest.memory.read_into(address, kept),
        lambda: guest.memory.write(address, kept),
    ):
        with pytest.raises(ValueError, match=r"window|accessible|writable"):
            use()


def test_a_whole_window_is_no_range_of_the_guests(guest: motte.Library) -> None:
    with pytest.raises(ValueError, match="accessible"):
        guest.memory.read(PAGE, WINDOW - PAGE)


def test_what_the_guest_cannot_write_the_host_does_not_write_for_it(guest: motte.Library) -> None:
    page = guest.at_the_end(PAGE, 1)
    guest.memory.write(page, b"y")
    guest.protect(page)
    with pytest.raises(ValueError, match=r"not all of the 1 bytes at 0x[0-9a-f]+ are writable"):
        guest.memory.write(page, b"z")
    assert guest.memory.read(page, 1) == b"y"
    with pytest.raises(ValueError, match="writable"):
        guest.memory.write(guest.text(), b"z")


def test_only_buffers_that_can_be_written_to_are_filled(guest: motte.Library) -> None:
    with pytest.raises(TypeError):
        guest.memory.read_into(guest.text(), b"immutable")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        guest.memory.read_into(guest.text(), numpy.zeros((2, 2), "u1")[:, 0])


def test_what_is_no_address_is_a_type_error_that_says_so(guest: motte.Library) -> None:
    for use in (
        lambda: guest.memory.string("x"),  # type: ignore[arg-type]
        lambda: guest.memory.read(1.5, 1),  # type: ignore[arg-type]
        lambda: guest.memory.write(None, b""),  # type: ignore[arg-type]
        lambda: guest.memory.read_into([], bytearray(1)),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError, match="address: expected an integer; got "):
            use()
    assert guest.memory.string(numpy.uint32(guest.text())) == guest.memory.string(guest.text())


def test_after_close_there_is_nothing_to_read(tmp_path: Path) -> None:
    source = tmp_path / "part.c"
    source.write_text('const char *text(void) { return "x"; }')
    part = motte.library(source)
    memory, text = part.memory, part.text()
    assert memory.string(text) == b"x"
    part.close()
    for use in (
        lambda: memory.string(text),
        lambda: memory.read(text, 1),
        lambda: memory.read_into(text, bytearray(1)),
        lambda: memory.write(text, b"y"),
    ):
        with pytest.raises(motte.Closed):
            use()


def test_every_library_has_an_allocator_and_a_program_that_exports_nothing_has_none(tmp_path: Path) -> None:
    source, program = tmp_path / "part.c", tmp_path / "program.c"
    source.write_text("int one(void) { return 1; }")
    program.write_text("int main(void) { return 0; }")
    with motte.library(source) as part:
        assert part.process.program.exports == ("one",)
        place = part.calloc(10, 10)
        place = part.realloc(place, 100_000)
        assert part.memory.read(place, 100) == bytes(100)
        part.free(place)
    with motte.Machine() as machine:
        process = machine.spawn(machine.load(program), start=False)
        with pytest.raises(LookupError, match="exports no function 'malloc'"):
            process.function("malloc")
        process.close()


def test_an_allocator_of_the_programs_own_keeps_its_prototype(tmp_path: Path) -> None:
    source = tmp_path / "part.c"
    source.write_text(
        "#include <stddef.h>\nvoid *malloc(size_t bytes) { return (void *)bytes; }\nvoid free(void *block) {}\n"
    )
    with motte.library(source, options=motte.BuildOptions(debug=True)) as part:
        assert part.malloc(5) == 5
        assert "void *malloc(size_t bytes)" in (part.malloc.__doc__ or "")


def test_a_library_that_wants_a_function_pointer_gets_one_that_ends_in_python(tmp_path: Path) -> None:
    source = tmp_path / "sorting.c"
    source.write_text("""
        #include <motte.h>
        #include <stdlib.h>
        int compare(const void *a, const void *b) MOTTE_HOST("compare");
        void *comparison(void) { return compare; }
        void sort(int *numbers, size_t count, int (*order)(const void *, const void *))
        {
            qsort(numbers, count, sizeof *numbers, order);
        }
    """)
    options = motte.BuildOptions(debug=True)

    @motte.host_function
    def compare(a: motte.Pointer, b: motte.Pointer) -> motte.i32:
        left, right = (int.from_bytes(sorting.memory.read(place, 4), "little") for place in (a, b))
        return left - right

    with motte.library(source, options=options, grants={"compare": compare}) as sorting:
        numbers = numpy.random.default_rng(1).permutation(100).astype("i4")
        sorting.sort(motte.InOut(numbers), 100, sorting.comparison())
        assert (numbers == numpy.arange(100)).all()
