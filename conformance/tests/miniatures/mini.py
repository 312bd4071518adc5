"""What the miniatures share: just enough of the shim protocol to misbehave in one way."""

import json
import sys
from collections.abc import Iterator


def requests() -> Iterator[tuple[int, str]]:
    """Read requests until `bye`, and answer `hello`; others are yielded, as number and word."""
    for line in sys.stdin:
        request = json.loads(line)
        number, do = request["id"], request["do"]
        if do == "hello":
            hello(number)
        else:
            yield number, do
        if do == "bye":
            return


def hello(number: int, **others: object) -> None:
    """Answer `hello`."""
    fields: dict[str, object] = {"name": "mini", "version": "0", "protocols": "3"}
    say(re=number, end="ok", **(fields | {"capabilities": ""} | others))


def say(**fields: object) -> None:
    """Write one line."""
    write(json.dumps(fields) + "\n")


def write(text: str) -> None:
    """Write anything."""
    sys.stdout.write(text)
    sys.stdout.flush()
