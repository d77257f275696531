"""What happened on a machine, as it happens, and as a file for a trace viewer."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import motte

WANTED = ["spawned", "sent", "received", "exited"]

with motte.Machine(workers=1) as machine, TemporaryDirectory() as folder:
    file = Path(folder) / "trace.json"
    program = machine.load("server.c", motte.BuildOptions(debug=True))
    sender, receiver = machine.channel()
    with machine.record(file), machine.events(kinds=WANTED) as events:
        with machine.spawn(program, grants={"requests": receiver}) as server:
            receiver.close()
            for text in (b"hello", b"how long is this?"):
                print(len(text), "is", int.from_bytes(sender.call(text).data, "little"))
            server.wait()
            report = server.report()

        for event in events.take():
            who = event.program or "the host"
            print(f"{event.kind.name:8} {who:8}", *(f"{name} {value}" for name, value in event.detail.items()))

    content = json.loads(file.read_text())
    arrows = [event for event in content["traceEvents"] if event["ph"] == "f"]
    print(len(arrows), "arrows in the file, for Perfetto or chrome://tracing")
    print(report.card().title)
    print("\n".join(report.backtrace[0].source))
