"""A shim that misbehaves in the one way that its argument names, when a message arrives.

Until then it answers as it should, so that every process comes as far as a case. Whatever it does,
it must not outlive the run.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from mini import say, write

ARGUMENT = sys.argv[1]
EVERYTHING = (
    "smp smp-question extra-key fragment instances policy preset-key tag clock state heartbeat"
)


def raw(octets: bytes) -> None:
    """Write anything at all."""
    sys.stdout.buffer.write(octets)
    sys.stdout.buffer.flush()


def stay() -> None:
    """Do nothing, for ever."""
    while True:
        time.sleep(600)


# ---- ways to answer `receive`: a function is given the request's number


def garbage(_: int) -> None:
    write("welcome to my shim\n")


def not_utf8(number: int) -> None:
    raw(b'{"re": %d, "event": "message", "text": "\xff\xfe", "secure": 0}\n' % number)


def twice_in_one(number: int) -> None:
    write(f'{{"re": {number}, "re": {number}, "end": "ok"}}\n')


def huge_integer(number: int) -> None:
    write(f'{{"re": {number}, "end": "ok", "x-huge": {"9" * 100_000}}}\n')


def huge_number(_: int) -> None:
    write(f'{{"re": {"9" * 5_000}, "end": "ok"}}\n')


def deep(number: int) -> None:
    depth = 400_000
    write(f'{{"re": {number}, "end": {"[" * depth}{"]" * depth}}}\n')


def wrong_number(number: int) -> None:
    say(re=number - 1, end="ok")


def two_answers(number: int) -> None:
    write(f'{{"re": {number}, "end": "ok"}}\n' * 2)


def unknown_event(number: int) -> None:
    say(re=number, event="earthquake")


def many_events(number: int) -> None:
    line = json.dumps({"re": number, "event": "finished"}) + "\n"
    while True:
        write(line * 1000)


def much_in_events(number: int) -> None:
    line = json.dumps({"re": number, "event": "wire", "wire": "AAAA" * 100_000}) + "\n"
    while True:
        write(line)


def verbose(number: int) -> None:
    """Within every limit, and too much all the same."""
    for _ in range(3):
        say(re=number, event="wire", wire="AAAA" * 100_000)
    line = json.dumps({"re": number, "event": "wire", "wire": "AAAA"}) + "\n"
    write(line * 5_000)
    say(re=number, end="ok")


def endless_line(_: int) -> None:
    while True:
        write("a" * 100_000)


def late(_: int) -> None:
    stay()


def late_for_ever(number: int) -> None:
    """Events come all the time, and never the end."""
    while True:
        say(re=number, event="heartbeat", side="sent")
        time.sleep(0.02)


def dies(_: int) -> None:
    sys.stderr.write("out of luck\n")
    sys.exit(1)


def panics(_: int) -> None:
    sys.stderr.write("panic: out of range\n")
    sys.stderr.writelines(f"in function {number}\n" for number in range(40))
    sys.exit(2)


def killed(_: int) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)
    stay()


def closes(_: int) -> None:
    os.close(1)
    stay()


def grows(_: int) -> None:
    hoard = []
    while True:
        hoard.append(bytearray(2**20))


def child_grows(number: int) -> None:
    if os.fork() == 0:
        grows(number)
    stay()


def stubborn(_: int) -> None:
    """Ignores whatever can be ignored."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    stay()


def leaves_child(_: int) -> None:
    """Ends, and leaves a child that holds the pipes."""
    if os.fork() == 0:
        stay()
    os._exit(7)


def refuses(number: int) -> None:
    say(re=number, end="error", error="internal", detail="not today")


WAYS: dict[str, Callable[[int], None]] = {
    way.__name__: way
    for way in (
        *(garbage, not_utf8, twice_in_one, huge_integer, huge_number, deep, wrong_number),
        *(two_answers, unknown_event, many_events, much_in_events, verbose, endless_line),
        *(late, late_for_ever, dies, panics, killed, closes, grows, child_grows, stubborn),
        *(leaves_child, refuses),
    )
}


# ---- everything else

# What is answered by `unsupported`, although hello declares it.
UNSUPPORTED = {"boasts": {"start", "state", "heartbeat", "poll"}, "speaks_nothing": {"new"}}


def scribble() -> None:
    """Write to standard error without end."""
    while True:
        os.write(2, b"this is how I feel today\n" * 100)


def hello(number: int) -> None:
    """Say what it is, or something else."""
    told = {"name": "bad", "version": "1", "protocols": "3", "capabilities": ""}
    if ARGUMENT == "dies_at_start":
        sys.exit("no licence found")
    if ARGUMENT == "boasts":
        told["capabilities"] = EVERYTHING
    if ARGUMENT == "speaks_nothing":
        told["protocols"] = "2 3 4"
    if ARGUMENT == "changes":
        told["version"] = str(os.getpid())
    if ARGUMENT == "absurd_limit":
        say(re=number, end="ok", **told, **{"message-limit": -1})
    else:
        say(re=number, end="ok", **told)


def answer(number: int, do: str) -> None:
    """Answer as a shim does whose implementation never says anything."""
    if do == "hello":
        hello(number)
    elif do in UNSUPPORTED.get(ARGUMENT, ()):
        say(re=number, end="error", error="unsupported")
    elif do == "new":
        say(re=number, end="ok", fingerprint="AAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    elif do == "receive" and ARGUMENT in WAYS:
        WAYS[ARGUMENT](number)
    else:
        time.sleep(0.2 if ARGUMENT == "slow" and do != "bye" else 0)
        say(re=number, end="ok")


def main() -> None:
    """Answer until the end."""
    if ARGUMENT == "scribbles":
        threading.Thread(target=scribble, daemon=True).start()
    for line in sys.stdin:
        request = json.loads(line)
        answer(request["id"], request["do"])
        if request["do"] == "bye":
            if ARGUMENT == "stays":
                stay()
            sys.exit(3 if ARGUMENT == "dies_at_end" else 0)


if __name__ == "__main__":
    main()
