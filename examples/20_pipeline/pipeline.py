"""Four processes pass blocks of 1 MiB from one to the next; nobody copies a byte."""

from pathlib import Path

import motte

STAGE = Path(__file__).parent / "stage.c"
BLOCKS = 32

with motte.Machine(memory="64MiB") as machine:
    program = machine.load(STAGE)
    stages = (["source", str(BLOCKS)], ["double"], ["add one"], ["sum"])
    banks = [machine.bank.sub("12MiB") for _ in stages]
    channels = [machine.channel(2) for _ in stages[1:]]
    processes = []
    for place, arguments in enumerate(stages):
        grants = {}
        if place > 0:
            grants["in"] = channels[place - 1][1]
        if place < len(channels):
            grants["out"] = channels[place][0]
        processes.append(machine.spawn(program, arguments, bank=banks[place], grants=grants, start=False))
    for sender, receiver in channels:  # the processes hold them now; the last to go ends the next stage
        sender.close()
        receiver.close()
    for process in processes:
        process.start()
    for process in processes:
        assert process.wait(60).returncode == 0

    # What it must be: 32 blocks with the 256 values of a byte 4,096 times each, doubled, plus one.
    expected = sum((2 * ((i + first) % 256) % 256 + 1) * 4096 for first in range(BLOCKS) for i in range(256))
    print("as expected:", processes[-1].stdout == f"sum {expected}\n".encode())
    print("no stage had room for all:", max(bank.peak for bank in banks) < BLOCKS << 20)
    for process in processes:
        process.close()
    print("left in the banks:", sum(bank.used for bank in banks))

    # Python can be a stage as well: it sees the pages themselves.
    sender, receiver = machine.channel()
    block = machine.exchange.allocate("1MiB")
    view = block.view()
    view[:5] = b"pages"
    sender.send(b"here they come", blocks=[block])
    try:
        view[0] = 0
    except ValueError as error:
        print("after the send:", error)
    message = receiver.receive()
    print(message.data.decode(), "->", bytes(message.blocks[0].view()[:5]).decode())
