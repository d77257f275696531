"""Event loops: many waits and no thread for any of them, several loops at once, and nothing lost by giving up."""

import asyncio
import gc
import threading
from contextlib import suppress
from itertools import chain

import pytest

import motte
from ipc.conftest import LONG, Party
from motte import Full, PeerClosed, Timeout
from motte.core import Completions


def test_a_call_is_answered_by_a_guest(machine: motte.Machine, party: Party) -> None:
    sender, receiver = machine.channel()
    party("echo", in_=receiver)

    async def main() -> list[bytes]:
        answers = await asyncio.gather(*(sender.call_async(b"%d" % number, timeout=LONG) for number in range(100)))
        return [answer.data for answer in answers]

    assert asyncio.run(main()) == [b"%d" % number for number in range(100)]


def test_a_thousand_wait_without_a_thread_and_each_gets_its_own(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(1)

    async def main() -> list[int]:
        threads = threading.active_count()
        waiting = [asyncio.create_task(receiver.receive_async()) for _ in range(1000)]
        await asyncio.sleep(0)
        assert threading.active_count() == threads
        for number in range(1000):
            await sender.send_async(tag=number)
        return [message.tag for message in await asyncio.gather(*waiting)]

    assert asyncio.run(main()) == list(range(1000))


def test_an_async_iteration_ends_when_nobody_can_send_any_more(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(2)

    async def produce() -> None:
        for number in range(10):
            await sender.send_async(tag=number)
        sender.close()

    async def main() -> list[int]:
        producing = asyncio.create_task(produce())
        tags = [message.tag async for message in receiver]
        await producing
        return tags

    assert asyncio.run(main()) == list(range(10))


def test_a_wait_that_is_cancelled_before_or_after_the_message_came_loses_nothing(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()

    async def main() -> None:
        for comes_first in (False, True):
            waiting = asyncio.create_task(receiver.receive_async())
            await asyncio.sleep(0)
            if comes_first:
                sender.send(b"kept")  # it is the waiting one's now, but that does not know it yet
                sender.send(b"next")
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert [receiver.receive(0).data for _ in range(2)] == [b"kept", b"next"]
        waiting = asyncio.create_task(receiver.receive_async())
        await asyncio.sleep(0)
        sender.notify(6)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert receiver.receive(0).bits == 6

    asyncio.run(main())


def test_a_cancelled_send_was_not_sent_and_a_cancelled_call_gets_no_answer(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(1)

    async def main() -> None:
        await sender.send_async(b"first")
        for unfinished in (sender.send_async(b"second"), sender.call_async(b"second")):
            waiting = asyncio.create_task(unfinished)
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert (await receiver.receive_async()).data == b"first"
        calling = asyncio.create_task(sender.call_async(b"third"))
        request = await receiver.receive_async()
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        assert request.data == b"third"
        request.reply(b"for nobody")

    asyncio.run(main())


def test_timeouts_are_those_of_the_operations_that_wait(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(1)
    _nobody_sends, silent = machine.channel()

    async def main() -> None:
        for timeout in (0, 0.001):
            with pytest.raises(Timeout):
                await receiver.receive_async(timeout)
        await sender.send_async()
        with pytest.raises(Full):
            await sender.send_async(timeout=0)
        with pytest.raises(Timeout):
            await sender.send_async(timeout="1ms")
        with pytest.raises(Timeout):
            await motte.select_async([silent], 0.001)
        assert await motte.select_async([receiver]) is receiver
        waiting = asyncio.create_task(motte.select_async([receiver]))
        receiver.receive(0)
        sender.close()
        assert await waiting is receiver
        with pytest.raises(PeerClosed):
            await receiver.receive_async()

    asyncio.run(main())


def test_several_loops_and_threads_share_a_channel_and_nothing_is_lost_or_doubled(machine: motte.Machine) -> None:
    sender, receiver = machine.channel(4)
    taken: list[list[int]] = [[] for _ in range(4)]

    async def consume(mine: list[int]) -> None:
        async for message in receiver:
            mine.append(message.tag)
            if message.tag % 7 == 0:  # some waits are given up on the way
                with suppress(Timeout, PeerClosed):
                    mine.append((await receiver.receive_async(1e-6)).tag)

    def consume_in_a_thread(mine: list[int]) -> None:
        mine.extend(message.tag for message in receiver)

    threads = [threading.Thread(target=lambda mine=mine: asyncio.run(consume(mine))) for mine in taken[:3]]
    threads.append(threading.Thread(target=consume_in_a_thread, args=(taken[3],)))
    for thread in threads:
        thread.start()
    for number in range(4000):
        sender.send(tag=number)
    sender.close()
    for thread in threads:
        thread.join(LONG)
    assert sorted(chain.from_iterable(taken)) == list(range(4000))


def test_a_loop_that_ends_while_somebody_waits_leaves_the_channel_alone(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(receiver.receive_async())
    loop.run_until_complete(asyncio.sleep(0))
    waiting.cancel()
    loop.run_until_complete(asyncio.gather(waiting, return_exceptions=True))
    loop.close()
    sender.send(b"here")
    assert receiver.receive(0).data == b"here"


def test_a_wait_that_nobody_refers_to_gives_back_what_had_come(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    completions = Completions()
    waiting = receiver.core.begin_receive(completions, None, None)
    sender.send(b"here")
    assert waiting.is_over
    del waiting
    gc.collect()
    assert completions.take() == []
    assert receiver.receive(0).data == b"here"


def test_the_end_of_the_machine_ends_every_wait() -> None:
    async def main() -> None:
        machine = motte.Machine()
        (sender, receiver), (silent, silence) = machine.channel(1), machine.channel()
        sender.send()
        waiting = [asyncio.create_task(sender.send_async()), asyncio.create_task(silence.receive_async())]
        await asyncio.sleep(0)
        machine.close()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(end) for end in ends] == [motte.InvalidCap, motte.InvalidCap]
        receiver.close()
        silent.close()

    asyncio.run(main())
