"""Every run of two faithful sides, however their steps interleave, against what a contract promises."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

import motte
from contracts.model import Drawn, Moment, Share, UnexpectedError, all_moments, contracts, following

RUNS = settings(max_examples=400, deadline=None, derandomize=True, database=None)


def build(drawn: Drawn) -> motte.Contract:
    messages = {
        name: motte.ContractMessage("!" if sender == "!" else "?", size=drawn.sizes[name])
        for name, sender in drawn.senders.items()
    }
    return motte.Contract(messages=messages, states=drawn.states, initial=drawn.initial, final=drawn.final)


def refusal_of(drawn: Drawn) -> motte.BadContract | None:
    try:
        build(drawn)
    except motte.BadContract as refusal:
        return refusal
    return None


def test_exactly_the_contracts_that_keep_both_rules_are_accepted() -> None:
    share = Share()

    @RUNS
    @given(contracts())
    def check(drawn: Drawn) -> None:
        refusal = refusal_of(drawn)
        if drawn.has_two_senders():
            share.two_senders += 1
            assert refusal is not None
            assert refusal.rule == "two-senders"
            assert refusal.state is not None
            assert drawn.sendable(refusal.state, "!")
            assert drawn.sendable(refusal.state, "?")
        elif drawn.is_endless():
            share.endless += 1
            assert refusal is not None
            assert refusal.rule == "endless"
        else:
            share.accepted += 1
            assert refusal is None

    check()
    assert min(share.accepted, share.endless, share.two_senders) > 30


def test_queues_need_what_the_contract_says_and_no_run_needs_more() -> None:
    share = Share()

    @RUNS
    @given(contracts())
    def check(drawn: Drawn) -> None:
        if refusal_of(drawn):
            return
        contract = build(drawn)
        moments = all_moments(drawn)  # ends only if queues are bounded; raises if anything unexpected arrives
        for side, queues in (
            ("client", [moment.to_server for moment in moments]),
            ("server", [moment.to_client for moment in moments]),
        ):
            needed = max(map(len, queues)), max(sum(drawn.sizes[message] for message in queue) for queue in queues)
            assert contract.capacity("client" if side == "client" else "server") == needed
            share.capacities.add(needed[0])

    check()
    assert {0, 1, 2, 3} <= share.capacities


@RUNS
@given(contracts())
def test_one_queue_is_always_empty_and_a_conversation_stops_only_at_its_end(drawn: Drawn) -> None:
    if refusal_of(drawn):
        return
    for moment in all_moments(drawn):
        assert not (moment.to_server and moment.to_client)
        is_over = moment == (moment.client, moment.client, (), ()) and moment.client in drawn.final
        assert is_over != any(following(drawn, moment))


@RUNS
@given(contracts())
def test_nothing_is_on_its_way_to_a_side_that_may_travel_and_it_may_wherever_it_sends(drawn: Drawn) -> None:
    if refusal_of(drawn):
        return
    contract = build(drawn)
    for moment in all_moments(drawn):
        assert contract.may_travel(moment.client, "client") == bool(drawn.sendable(moment.client, "!"))
        assert contract.may_travel(moment.server, "server") == bool(drawn.sendable(moment.server, "?"))
        if contract.may_travel(moment.client, "client"):
            assert not moment.to_client
        if contract.may_travel(moment.server, "server"):
            assert not moment.to_server


@RUNS
@given(contracts())
def test_an_endless_contract_has_a_cycle_to_show_for_it(drawn: Drawn) -> None:
    refusal = refusal_of(drawn)
    if refusal is None or refusal.rule != "endless":
        return
    assert refusal.cycle[0][0] == refusal.state
    longer = len(drawn.states) + 1
    # They take turns without delay up to the cycle; then one goes round and round, and the other receives nothing.
    now = Moment(refusal.cycle[0][0], refusal.cycle[0][0])
    assert now in all_moments(drawn, queue_limit=1)
    for state, message in longer * refusal.cycle:
        is_client = drawn.senders[message] == "!"
        assert state == (now.client if is_client else now.server)
        after = drawn.states[state][message]
        if is_client:
            then = now._replace(client=after, to_server=(*now.to_server, message))
        else:
            then = now._replace(server=after, to_client=(*now.to_client, message))
        assert then in following(drawn, now)
        now = then
    assert max(len(now.to_server), len(now.to_client)) == longer * len(refusal.cycle)


def test_two_senders_in_one_state_can_surprise_each_other() -> None:
    drawn = Drawn({"m0": "!", "m1": "?"}, {"m0": 0, "m1": 0}, {"S0": {"m0": "S1", "m1": "S1"}, "S1": {}})
    refusal = refusal_of(drawn)
    assert refusal is not None
    assert (refusal.rule, refusal.state) == ("two-senders", "S0")
    with pytest.raises(UnexpectedError):
        all_moments(drawn)
