"""Trees of banks: who pays, who decides, and what is left when one of them ends."""

from __future__ import annotations

import struct
import threading

import pytest

from core.snippets import DATA, DATA_SIZE, SCRIPT, SCRIPT_END, SECOND, Workshop, function, read_words, script
from core.test_fork import in_child
from motte import core
from motte.abi.layout import PAGE_SIZE
from motte.errors import BadState, InvalidCap, LimitReached, TooDeep

EXIT = function("main", "xorl %eax, %eax\nretq")
SPIN = function("main", "again:\njmp again")
DEPTH = 20
MMAP, MUNMAP = 9, 11


def refusing(bank: core.Bank, pages: int) -> int | None:
    """The identity of the bank that refuses ``pages``."""
    with pytest.raises(LimitReached) as refusal:
        bank.charge(pages)
    return refusal.value.bank_identity


def path(levels: int) -> list[core.Bank]:
    banks = [core.Bank(None)]
    while len(banks) < levels:
        banks.append(banks[-1].sub(None))
    return banks


def test_what_is_drawn_is_drawn_from_all_superiors() -> None:
    root = core.Bank(100)
    left, right = root.sub(None), root.sub(None)
    leaf = left.sub(None)
    leaf.charge(7)
    right.charge(3)
    assert (leaf.used, left.used, right.used, root.used) == (7, 7 + 1, 3, 7 + 3 + 3)
    leaf.refund(7)
    assert (leaf.used, left.used, right.used, root.used) == (0, 1, 3, 3 + 3)
    assert (leaf.peak, left.peak, right.peak, root.peak) == (7, 8, 3, 13)


def test_a_bank_costs_its_parent_one_page_and_its_superiors_too() -> None:
    banks = path(4)
    assert [bank.used for bank in banks] == [3, 2, 1, 0]
    full = core.Bank(1)
    first = full.sub(10)
    with pytest.raises(LimitReached, match="no page left for another bank") as refusal:
        full.sub(10)
    assert refusal.value.bank_identity == full.identity
    assert refusing(first, 1) == full.identity


def test_a_bank_that_nobody_knows_any_more_is_removed() -> None:
    root = core.Bank(None)
    bank = root.sub(None)
    leaf = bank.sub(None)
    leaf.charge(3)
    del bank
    assert root.used == 3 + 2  # the leaf knows it
    del leaf
    assert root.figures() == (None, 0, 3 + 2, None, 0)


@pytest.mark.parametrize("limits", [(10, None, None), (None, 10, None), (None, None, 10), (30, 20, 10)])
def test_the_bank_with_the_least_room_decides_and_is_named(limits: tuple[int | None, ...]) -> None:
    root = core.Bank(limits[0])
    middle = root.sub(limits[1])
    leaf = middle.sub(limits[2])
    banks = (root, middle, leaf)
    for bank, cost in zip(banks, (2, 1, 0), strict=True):  # so that each has exactly its limit for the leaf
        if bank.limit is not None:
            bank.set_limit(bank.limit + cost)
    decides = next(bank for bank, limit in zip(banks, limits, strict=True) if limit == 10)
    assert leaf.available == 10
    leaf.charge(10)
    assert (leaf.used, leaf.available) == (10, 0)
    assert refusing(leaf, 1) == decides.identity
    assert leaf.used == 10


def test_of_two_banks_without_room_the_nearest_is_named() -> None:
    root = core.Bank(6)
    leaf = root.sub(5)
    leaf.charge(5)
    assert refusing(leaf, 1) == leaf.identity


def test_a_charge_is_all_or_nothing_at_every_level() -> None:
    root = core.Bank(3)
    leaf = root.sub(None).sub(2)
    before = [bank.figures() for bank in (root, leaf)]
    for pages in (3, 2**64 - 1, 2**63):
        assert refusing(leaf, pages) in (root.identity, leaf.identity)
        assert [bank.figures() for bank in (root, leaf)] == before


def test_no_charge_passes_the_top_of_the_counter() -> None:
    root = core.Bank(None)
    leaf = root.sub(None)
    leaf.charge(2**64 - 3)
    assert root.used == 2**64 - 2
    assert refusing(leaf, 2) == root.identity
    assert refusing(leaf, 2**64 - 1) == root.identity


def test_a_limit_counts_for_what_is_drawn_later() -> None:
    bank = core.Bank(10)
    bank.charge(8)
    bank.set_limit(5)
    assert (bank.used, bank.available) == (8, 0)
    bank.refund(3)
    assert refusing(bank, 1) == bank.identity
    bank.refund(1)
    bank.charge(1)
    bank.set_limit(None)
    assert bank.available is None
    bank.charge(1000)


def test_the_twenty_first_level_is_refused() -> None:
    banks = path(DEPTH)
    with pytest.raises(TooDeep, match="deeper than 20 levels"):
        banks[-1].sub(None)
    assert banks[0].used == DEPTH - 1
    banks[5].remove(banks[4])
    below = banks[-1].sub(None)
    with pytest.raises(TooDeep):
        below.sub(None)


def test_no_more_than_what_was_charged_here_can_be_given_back() -> None:
    root = core.Bank(None)
    leaf = root.sub(None)
    leaf.charge(2)
    for bank, pages in ((leaf, 3), (root, 1)):
        with pytest.raises(ValueError, match="more pages than were charged here"):
            bank.refund(pages)


# --- remove ---


def test_a_removed_bank_leaves_what_it_had_to_its_parent() -> None:
    root = core.Bank(100)
    middle = root.sub(10)
    leaf = middle.sub(None)
    middle.charge(4)
    leaf.charge(5)
    middle.remove(root)
    assert (root.used, leaf.used) == (4 + 5 + 1, 5)
    assert leaf.parent_identity == root.identity
    leaf.charge(50)  # the limit of the middle is gone
    root.refund(4)
    assert root.used == 55 + 1


def test_a_removed_bank_is_good_for_nothing() -> None:
    root = core.Bank(100)
    bank = root.sub(10)
    bank.set_has_keeper(True)
    bank.remove(root)
    assert not bank.has_keeper
    attempts = [lambda: bank.used, lambda: bank.limit, lambda: bank.available, lambda: bank.peak, bank.figures]
    attempts += [bank.destroy, lambda: bank.remove(root), lambda: bank.sub(1)]
    attempts += [lambda: bank.charge(1), lambda: bank.set_limit(1)]
    for attempt in attempts:
        with pytest.raises(InvalidCap, match="the bank was removed"):
            attempt()
    bank.set_has_keeper(True)
    assert (bank.state, bank.has_keeper) == ("removed", False)


def test_a_root_cannot_be_removed_and_nobody_but_the_parent_inherits() -> None:
    root = core.Bank(100)
    with pytest.raises(BadState, match="a root cannot be removed"):
        root.remove(None)
    leaf = root.sub(None).sub(None)
    for other in (None, root, leaf, core.Bank(None)):
        with pytest.raises(ValueError, match="only the parent inherits"):
            leaf.remove(other)
    assert leaf.state == "alive"


def test_a_process_of_a_removed_bank_draws_from_the_parent(workshop: Workshop) -> None:
    root = core.Bank(None)
    bank = root.sub(None)
    process = workshop.spawn(EXIT, bank=bank)
    bank.remove(root)
    pages = process.statistics().pages
    assert root.used == pages
    root.set_limit(pages)
    process.start()
    assert process.wait(None)
    root.charge(0)
    process.close()
    assert root.used == 0


def test_what_a_guest_wants_after_the_removal_is_the_parents_to_refuse(workshop: Workshop) -> None:
    root = core.Bank(None)
    bank = root.sub(None)
    eight_pages = (MMAP, 0, 8 * PAGE_SIZE, 3, 0x22, -1, 0)
    words = struct.pack("<14q", *eight_pages, *eight_pages) + SCRIPT_END
    process = workshop.spawn(
        SCRIPT, segments=[(DATA, words, PAGE_SIZE + DATA_SIZE, True)], data_stack_variables=(0, 0), bank=bank
    )
    bank.set_limit(bank.used)
    bank.remove(root)  # and with it goes its limit
    root.set_limit(root.used + 12 + 16)  # the last 16 are for stacks
    process.start()
    assert process.wait(10 * SECOND)
    first, second = read_words(process, DATA, 8)[0], read_words(process, DATA, 8)[7]
    assert first < 2**32  # an address
    assert second == 2**64 - 12  # ENOMEM


def test_removing_bank_after_bank_leaves_no_long_way_to_the_root() -> None:
    root = core.Bank(None)
    heir, held = root, []
    for _round in range(2000):
        bank = heir.sub(None)
        if heir is not root:
            heir.remove(root)
        held.append(heir)
        heir = bank
    heir.charge(3)
    assert (heir.used, root.used) == (3, 3 + 1)
    assert heir.parent_identity == root.identity
    heir.sub(None).sub(None)


# --- destroy ---


def test_a_destroyed_bank_takes_all_below_it_along() -> None:
    root = core.Bank(100)
    bank = root.sub(10)
    leaf = bank.sub(None).sub(None)
    leaf.charge(5)
    bank.destroy()
    assert root.used == 5  # what the three banks cost has come back at once
    assert root.figures()[4] == 0
    for dead in (bank, leaf):
        assert dead.state == "destroyed"
        attempts = [lambda dead=dead: dead.used, dead.figures, dead.destroy, lambda dead=dead: dead.charge(0)]
        attempts += [lambda dead=dead: dead.sub(1), lambda dead=dead: dead.set_limit(1)]
        for attempt in attempts:
            with pytest.raises(InvalidCap, match="the bank was destroyed"):
                attempt()
    leaf.refund(5)
    assert root.used == 0


def test_destroying_in_any_order_gives_each_cost_back_once() -> None:
    for order in ((1, 2, 3), (3, 2, 1), (2, 1, 3)):
        banks = path(4)
        banks[3].charge(9)
        for level in order:
            if banks[level].state == "alive":
                banks[level].destroy()
        assert banks[0].used == 9
        banks[3].refund(9)
        assert banks[0].figures() == (None, 0, 9 + 3, None, 0)


def test_a_process_of_a_destroyed_bank_gets_nothing_and_gives_all_back(workshop: Workshop) -> None:
    root = core.Bank(None)
    bank = root.sub(None)
    leaf = bank.sub(None)
    process = workshop.spawn(SPIN, bank=leaf)
    process.start()
    bank.destroy()
    assert root.used == process.statistics().pages
    with pytest.raises(LimitReached) as refusal:
        workshop.spawn(EXIT, bank=leaf)
    assert refusal.value.bank_identity == bank.identity
    process.close()
    assert root.used == 0


def test_a_root_can_be_destroyed() -> None:
    root = core.Bank(None)
    leaf = root.sub(None)
    root.destroy()
    assert (root.state, leaf.state) == ("destroyed", "destroyed")


# --- names, keepers, superiors ---


def test_identities_are_never_used_again() -> None:
    seen = {core.Bank(None).identity for _ in range(100)}
    assert len(seen) == 100
    assert 0 not in seen


def test_a_spawn_that_is_refused_names_the_bank(workshop: Workshop) -> None:
    root = core.Bank(10)
    leaf = root.sub(None)
    with pytest.raises(LimitReached, match="the memory limit does not cover") as refusal:
        workshop.spawn(EXIT, bank=leaf)
    assert refusal.value.bank_identity == root.identity
    assert leaf.used == 0


def test_a_keeper_is_noted_until_the_bank_ends() -> None:
    root = core.Bank(None)
    bank = root.sub(None)
    assert not bank.has_keeper
    bank.set_has_keeper(True)
    assert bank.has_keeper
    bank.set_has_keeper(False)
    assert not bank.has_keeper
    bank.set_has_keeper(True)
    bank.destroy()
    assert not bank.has_keeper
    bank.set_has_keeper(True)
    assert not bank.has_keeper


def test_who_draws_from_whom() -> None:
    root = core.Bank(None)
    left, right = root.sub(None), root.sub(None)
    leaf = left.sub(None)
    assert leaf.draws_from(leaf)
    assert leaf.draws_from(root)
    assert not left.draws_from(leaf)
    assert not leaf.draws_from(right)
    assert not any(leaf.draws_from(core.Bank(None)) for _ in range(32))  # 16 locks: some of them share the leaf's
    left.remove(root)
    assert left.draws_from(root)  # as its heir
    assert not leaf.draws_from(left)
    with pytest.raises(TypeError):
        leaf.draws_from(root.identity)  # type: ignore[arg-type]


# --- many at once ---


def test_charges_of_many_processes_at_once_are_exact(workshop: Workshop) -> None:
    """Guests charge on their own threads: each maps and unmaps, in a bank of its own or a shared one."""
    root = core.Bank(None)
    left = root.sub(None)
    leaves = [left.sub(None), left.sub(None), root.sub(None)]
    place = 0x3000_0000
    turns = [
        ((MMAP, place, PAGE_SIZE * (1 + turn % 7), 3, 0x32, -1, 0), (MUNMAP, place, PAGE_SIZE * 3))
        for turn in range(200)
    ]
    calls = [call for turn in turns for call in turn]
    failures: list[BaseException] = []

    def run(bank: core.Bank) -> None:
        try:
            script(workshop, calls, bank=bank)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(bank,)) for bank in leaves * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    drawn = [leaf.used for leaf in leaves]
    assert left.used == drawn[0] + drawn[1] + 2
    assert root.used == sum(drawn) + 4
    workshop.close()
    assert [bank.used for bank in (*leaves, left, root)] == [0, 0, 0, 2, 4]


def test_the_banks_of_a_forked_child_work() -> None:
    root = core.Bank(10)
    leaf = root.sub(None)
    leaf.charge(4)

    def charge_and_look() -> bool:
        leaf.charge(5)
        return root.used == 10 and core.Bank(1).used == 0

    assert in_child(charge_and_look)
    assert root.used == 5
