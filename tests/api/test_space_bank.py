"""Handles of space banks: what each right allows, who decides, who is asked, and what an end leaves."""

import sys
import threading
from collections.abc import Callable, Iterator

import pytest

import motte
from motte import BankRequest, BankRestriction, SpaceBank
from motte.bank_tree import powerless_handle

PAGE = 4096
ALL = BankRestriction(63)


@pytest.fixture
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(memory="1MiB") as machine:
        yield machine


# --- limits ---


def test_ten_pages_are_ten_pages_and_the_eleventh_is_refused(machine: motte.Machine) -> None:
    bank = machine.bank.sub(10 * PAGE, name="ten")
    for _page in range(10):
        bank.allocate(1)  # any part of a page is a page
    with pytest.raises(motte.LimitReached, match=r"no room for so many pages: bank 'ten' refuses") as refusal:
        bank.allocate(1)
    assert refusal.value.bank == bank
    assert (bank.used, bank.peak, bank.available) == (10 * PAGE, 10 * PAGE, 0)
    bank.free(3 * PAGE)
    bank.allocate(2 * PAGE)
    assert (bank.used, bank.available) == (9 * PAGE, PAGE)


def test_a_child_without_a_limit_is_limited_by_its_ancestor_which_the_error_names(machine: motte.Machine) -> None:
    parent = machine.bank.sub(6 * PAGE, name="five and the child")
    child = parent.sub()
    for _page in range(5):
        child.allocate(PAGE)
    with pytest.raises(motte.LimitReached, match="bank 'five and the child' refuses") as refusal:
        child.allocate(PAGE)
    assert refusal.value.bank == parent
    assert (child.limit, child.used, child.available) == (None, 5 * PAGE, 0)


def test_three_asked_and_two_possible_is_none(machine: motte.Machine) -> None:
    bank = machine.bank.sub(2 * PAGE)
    with pytest.raises(motte.LimitReached):
        bank.allocate(3 * PAGE)
    assert (bank.used, bank.peak) == (0, 0)
    assert machine.bank.used == PAGE  # the bank's own


def test_the_figures_are_in_bytes_and_whole_pages(machine: motte.Machine) -> None:
    bank = machine.bank.sub("10KiB")
    assert bank.limit == 8192
    bank.allocate(5000)
    statistics = bank.statistics()
    assert statistics == motte.BankStatistics(limit=8192, used=8192, peak=8192, available=0, banks=0)
    with pytest.raises(AttributeError):
        statistics.used = 0  # type: ignore[misc]
    bank.limit = None
    assert (bank.limit, bank.available) == (None, machine.bank.available)
    bank.limit = "64KiB"
    assert bank.limit == 64 << 10
    below = bank.sub("1GiB")
    assert (below.limit, below.effective_limit) == (1 << 30, 64 << 10)
    machine.bank.limit = 2 * PAGE
    assert below.effective_limit == 2 * PAGE
    machine.bank.limit = bank.limit = below.limit = None
    assert below.effective_limit is None
    for size in (0, -1, "much", None):
        with pytest.raises(ValueError, match="size"):
            bank.allocate(size)


def test_more_than_what_was_allocated_cannot_be_freed(machine: motte.Machine) -> None:
    bank = machine.bank.sub()
    bank.allocate(PAGE)
    with pytest.raises(ValueError, match="more pages than were charged here"):
        bank.free(2 * PAGE)
    bank.free(PAGE)
    assert bank.used == 0


def test_the_machines_bank_is_its_memory(machine: motte.Machine) -> None:
    assert machine.bank == machine.bank
    assert machine.bank.limit == machine.statistics().memory_limit == 1 << 20
    machine.bank.allocate(3 * PAGE)
    assert machine.statistics().memory == 3 * PAGE
    with pytest.raises(motte.BadState, match="a root cannot be removed"):
        machine.bank.remove()


def test_the_twenty_first_level_is_too_deep(machine: motte.Machine) -> None:
    banks = [machine.bank]
    while len(banks) < 20:
        banks.append(banks[-1].sub())
    with pytest.raises(motte.TooDeep, match="20 levels"):
        banks[-1].sub()
    assert machine.bank.used == 19 * PAGE


# --- rights ---


OPERATIONS: dict[str, tuple[BankRestriction, Callable[[SpaceBank], object]]] = {
    "allocate": (BankRestriction.NO_ALLOC, lambda bank: bank.allocate(PAGE)),
    "sub": (BankRestriction.NO_ALLOC, lambda bank: bank.sub(PAGE)),
    "free": (BankRestriction.NO_FREE, lambda bank: bank.free(PAGE)),
    "destroy": (BankRestriction.NO_DESTROY, lambda bank: bank.destroy()),
    "limit": (BankRestriction.NO_QUERY, lambda bank: bank.limit),
    "effective_limit": (BankRestriction.NO_QUERY, lambda bank: bank.effective_limit),
    "used": (BankRestriction.NO_QUERY, lambda bank: bank.used),
    "peak": (BankRestriction.NO_QUERY, lambda bank: bank.peak),
    "available": (BankRestriction.NO_QUERY, lambda bank: bank.available),
    "statistics": (BankRestriction.NO_QUERY, lambda bank: bank.statistics()),
    "set limit": (BankRestriction.NO_CHANGE_LIMITS, lambda bank: setattr(bank, "limit", "1MiB")),
    "keeper": (BankRestriction.NO_CHANGE_LIMITS, lambda bank: bank.keeper),
    "set keeper": (BankRestriction.NO_CHANGE_LIMITS, lambda bank: setattr(bank, "keeper", print)),
    "remove": (BankRestriction.NO_REMOVE, lambda bank: bank.remove()),
    "reduce": (BankRestriction(0), lambda bank: bank.reduce(0)),
    "verify": (BankRestriction(0), lambda bank: bank.verify(bank)),
    "name": (BankRestriction(0), lambda bank: bank.name),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_right_is_what_no_restriction_of_the_64_masks_takes_away(machine: motte.Machine, operation: str) -> None:
    right, act = OPERATIONS[operation]
    for mask in range(64):
        bank = machine.bank.sub("64KiB")
        bank.allocate(PAGE)
        before = bank.statistics()
        handle = bank.reduce(mask)
        if right & mask:
            with pytest.raises(motte.NoAccess, match=right.name):
                act(handle)
            assert bank.statistics() == before
            assert bank.keeper is None
        else:
            act(handle)
        bank.close()
    assert machine.bank.used <= 64 * PAGE  # removed banks left their page to the machine


def test_restrictions_only_add_up(machine: motte.Machine) -> None:
    bank = machine.bank.sub()
    for first in range(64):
        for second in (0, 1, 21, 42, 63):
            assert bank.reduce(first).reduce(second).restrictions == BankRestriction(first | second)
    assert bank.restrictions == BankRestriction(0)
    with pytest.raises(AttributeError):
        bank.reduce(63).restrictions = BankRestriction(0)  # type: ignore[misc]
    assert machine.bank.sub(restrictions=ALL).restrictions == ALL
    for nonsense in (64, -65, "all"):
        with pytest.raises((ValueError, TypeError)):
            bank.reduce(nonsense)  # type: ignore[arg-type]


def test_the_bank_that_an_error_names_gives_no_rights(machine: motte.Machine) -> None:
    child = machine.bank.sub(PAGE).sub().reduce(BankRestriction.NO_QUERY)
    with pytest.raises(motte.LimitReached) as refusal:
        child.allocate(2 * PAGE)
    named = refusal.value.bank
    assert named is not None
    assert named.restrictions == ALL
    for name, (right, act) in OPERATIONS.items():
        if right:
            with pytest.raises(motte.NoAccess):
                act(named)
                pytest.fail(name)


# --- verify ---


def test_nothing_but_a_living_bank_of_this_machine_is_verified(machine: motte.Machine) -> None:
    trusted = machine.bank
    bank = trusted.sub()
    assert trusted.verify(bank)
    assert trusted.verify(bank.sub().reduce(ALL))
    assert bank.verify(trusted)

    class Faked:
        """An endpoint that says all the right things."""

        name, limit, used, available, restrictions = "bank 2", 1 << 20, 0, 1 << 20, BankRestriction(0)

        def verify(self, other: object) -> bool:
            return True

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    class Derived(SpaceBank):
        """Its operations could be anything."""

    derived = Derived(bank._tree, bank._account)
    with motte.Machine() as elsewhere:
        for other in (Faked(), derived, elsewhere.bank, elsewhere.bank.sub(), None, machine, bank._account, 1):
            assert not trusted.verify(other)

    for end in (SpaceBank.close, SpaceBank.destroy, SpaceBank.remove):
        gone = trusted.sub()
        end(gone)
        assert not trusted.verify(gone)


# --- keepers ---


def test_a_keeper_that_raises_the_limit_makes_the_draw_succeed(machine: motte.Machine) -> None:
    bank = machine.bank.sub(2 * PAGE)
    requests: list[BankRequest] = []

    def keep(request: BankRequest) -> None:
        requests.append(request)
        request.bank.limit = request.bank.used + request.size

    bank.keeper = keep
    assert bank.keeper is keep
    bank.allocate(2 * PAGE)
    assert requests == []
    bank.allocate(3 * PAGE)
    assert [(request.bank, request.size, request.process) for request in requests] == [(bank, 3 * PAGE, None)]
    assert (bank.limit, bank.used) == (5 * PAGE, 5 * PAGE)
    bank.sub()
    assert bank.peak == 6 * PAGE


def test_the_keeper_of_the_bank_that_refuses_is_asked_and_no_other(machine: motte.Machine) -> None:
    asked: list[str] = []
    middle = machine.bank.sub(3 * PAGE)
    child = middle.sub()
    child.keeper = lambda request: asked.append("child")
    machine_bank = machine.bank
    machine_bank.keeper = lambda request: asked.append("machine")
    middle.keeper = lambda request: asked.append(f"middle: {request.size}")
    with pytest.raises(motte.LimitReached) as refusal:
        child.allocate(3 * PAGE)
    assert refusal.value.bank == middle
    assert asked == [f"middle: {3 * PAGE}"]


def test_a_keeper_may_have_memory_freed_instead_and_is_asked_as_long_as_it_makes_room(machine: motte.Machine) -> None:
    bank = machine.bank.sub(4 * PAGE)
    cache = bank.sub()
    cache.allocate(3 * PAGE)
    bank.keeper = lambda request: cache.close()
    bank.allocate(3 * PAGE)
    asked: list[int] = []

    def keep_by_pages(request: BankRequest) -> None:
        asked.append(request.size)
        request.bank.limit = (request.bank.limit or 0) + PAGE

    bank.keeper = keep_by_pages
    bank.allocate(4 * PAGE)
    assert asked == [4 * PAGE] * 3


def test_a_keeper_that_makes_no_room_is_asked_once_for_each_draw(machine: motte.Machine) -> None:
    bank = machine.bank.sub(2 * PAGE)
    asked: list[int] = []
    bank.keeper = lambda request: asked.append(request.size)
    for turn in range(3):
        with pytest.raises(motte.LimitReached):
            bank.allocate(4 * PAGE)
        assert len(asked) == turn + 1
    bank.keeper = None
    with pytest.raises(motte.LimitReached):
        bank.allocate(4 * PAGE)
    assert len(asked) == 3


def test_a_keeper_is_not_asked_about_what_it_draws_itself(machine: motte.Machine) -> None:
    bank = machine.bank.sub(PAGE)
    refusals: list[motte.LimitReached] = []

    def keep(request: BankRequest) -> None:
        with pytest.raises(motte.LimitReached) as refusal:
            request.bank.allocate(request.size)
        refusals.append(refusal.value)

    bank.keeper = keep
    with pytest.raises(motte.LimitReached):
        bank.allocate(2 * PAGE)
    assert [refusal.bank for refusal in refusals] == [bank]


def test_what_a_keeper_raises_reaches_whoever_draws(machine: motte.Machine) -> None:
    bank = machine.bank.sub(PAGE)

    def keep(request: BankRequest) -> None:
        raise KeyError("no")

    bank.keeper = keep
    for _turn in range(2):
        with pytest.raises(KeyError):
            bank.allocate(2 * PAGE)
    assert bank.used == 0


def test_a_keeper_may_destroy_the_bank(machine: motte.Machine) -> None:
    bank = machine.bank.sub(PAGE)
    bank.keeper = lambda request: request.bank.destroy()
    with pytest.raises(motte.InvalidCap, match="was destroyed"):
        bank.allocate(2 * PAGE)
    assert machine.bank.used == 0


def test_threads_that_meet_the_limit_together_are_all_served(machine: motte.Machine) -> None:
    bank = machine.bank.sub(PAGE)
    inside: list[int] = []
    together: list[int] = []

    def keep(request: BankRequest) -> None:
        inside.append(1)
        together.extend(len(inside) for _turn in range(100))
        request.bank.limit = (request.bank.limit or 0) + request.size
        inside.pop()

    bank.keeper = keep
    failures: list[BaseException] = []

    def draw() -> None:
        try:
            for _turn in range(20):
                bank.allocate(PAGE)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=draw) for _number in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(interval)
    assert set(together) == {1}
    assert failures == []
    assert bank.used == 80 * PAGE


def test_a_keeper_is_a_callable_or_nothing(machine: motte.Machine) -> None:
    for nonsense in (1, "keeper", object()):
        with pytest.raises(TypeError, match="expected a callable or None"):
            machine.bank.keeper = nonsense  # type: ignore[assignment]


def test_who_is_asked_by_identity(machine: motte.Machine) -> None:
    bank = machine.bank.sub(PAGE)
    requests: list[BankRequest] = []
    identity = bank._account.core.identity
    assert not machine._population.banks.ask_keeper(identity, 3, None)
    bank.keeper = requests.append
    assert bank._account.core.has_keeper
    assert not machine._population.banks.ask_keeper(identity, 1, None)  # it has done nothing
    assert not machine._population.banks.ask_keeper(identity, 3, None)
    assert [(request.bank, request.size) for request in requests] == [(bank, PAGE), (bank, 3 * PAGE)]
    bank.keeper = lambda request: setattr(request.bank, "limit", 2 * PAGE)
    assert machine._population.banks.ask_keeper(identity, 3, None)  # raised, though not by enough
    assert not machine._population.banks.ask_keeper(identity, 3, None)
    bank.keeper = lambda request: setattr(request.bank, "limit", None)
    assert machine._population.banks.ask_keeper(identity, 3, None)
    assert not machine._population.banks.ask_keeper(2**63, 3, None)
    bank.destroy()
    assert not machine._population.banks.ask_keeper(identity, 3, None)
    assert not bank._account.core.has_keeper


# --- ends ---


@pytest.mark.parametrize(("end", "word"), [(SpaceBank.destroy, "destroyed"), (SpaceBank.remove, "removed")])
def test_every_handle_of_a_bank_that_has_ended_is_invalid(
    machine: motte.Machine, end: Callable[[SpaceBank], None], word: str
) -> None:
    bank = machine.bank.sub(name="gone")
    others = [bank.reduce(mask) for mask in (0, 1, 63)]
    end(bank)
    for handle in (bank, *others):
        for operation, (_right, act) in OPERATIONS.items():
            if operation != "name":
                with pytest.raises(motte.InvalidCap, match=f"bank 'gone' was {word}"):
                    act(handle)
        assert handle.name == "gone"
        assert handle.destroyed == (word == "destroyed")
        assert word in repr(handle)
        handle.close()


def test_destroying_ends_all_banks_below(machine: motte.Machine) -> None:
    bank = machine.bank.sub()
    below = bank.sub().sub()
    below.allocate(5 * PAGE)
    bank.allocate(PAGE)
    assert machine.bank.statistics().banks == 3
    bank.destroy()
    assert machine.bank.used == 0
    assert machine.bank.statistics().banks == 0
    with pytest.raises(motte.InvalidCap):
        below.allocate(PAGE)
    assert below.destroyed


def test_removing_leaves_the_banks_below_and_what_was_allocated_to_the_parent(machine: motte.Machine) -> None:
    parent = machine.bank.sub()
    bank = parent.sub(8 * PAGE)
    below = bank.sub()
    bank.allocate(2 * PAGE)
    below.allocate(5 * PAGE)
    bank.remove()
    assert (parent.used, parent.statistics().banks) == (2 * PAGE + 5 * PAGE + PAGE, 1)
    below.allocate(20 * PAGE)
    parent.free(2 * PAGE)
    below.close()
    assert parent.used == 0


def test_leaving_a_bank_destroys_it_and_leaving_a_reduced_handle_does_not(machine: motte.Machine) -> None:
    with machine.bank.sub() as bank:
        with bank.reduce(0) as reduced:
            pass
        assert not bank.destroyed
        with pytest.raises(motte.Closed, match="is closed"):
            reduced.allocate(PAGE)
    assert bank.destroyed
    with pytest.raises(motte.Closed):
        bank.allocate(PAGE)
    bank.close()
    indestructible = machine.bank.sub(restrictions=BankRestriction.NO_DESTROY)
    other = indestructible.reduce(0)
    indestructible.close()
    assert not other.destroyed


def test_closing_the_machine_ends_its_banks(machine: motte.Machine) -> None:
    bank = machine.bank.sub()
    root = machine.bank
    machine.close()
    for handle in (bank, root):
        with pytest.raises(motte.InvalidCap):
            handle.allocate(PAGE)
    with pytest.raises(motte.Closed):
        _ = machine.bank


def test_banks_are_listed_destroyed_and_named_while_others_make_banks_and_machines() -> None:
    ended = threading.Event()

    def make() -> None:
        while not ended.is_set():
            kept = [machine.bank.sub("4KiB") for _ in range(50)]
            motte.Machine(workers=1).close()
            kept.clear()

    before = sys.getswitchinterval()
    with motte.Machine(workers=1) as machine:
        held = [machine.bank.sub("4KiB") for _ in range(200)]
        others = [threading.Thread(target=make) for _ in range(2)]
        sys.setswitchinterval(1e-6)
        try:
            for other in others:
                other.start()
            for _ in range(200):
                assert len(machine.overview().banks) > len(held)
                machine.bank.sub("4KiB").destroy()
                assert powerless_handle(0) is None
        finally:
            ended.set()
            sys.setswitchinterval(before)
            for other in others:
                other.join()
