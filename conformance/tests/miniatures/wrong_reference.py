"""The reference behind a shim, with a fault that is named by the argument."""

import os
import sys
from collections.abc import Callable

from otr_conformance.shim.protocol import WireEvent
from otr_conformance.shims import reference
from otr_conformance.shims.json_helper import New
from otr_conformance.shims.reference import ReferenceEndpoint, ReferenceEndpoint3


class Wrong(ReferenceEndpoint3):
    """An endpoint that does everything right, except when its user types."""

    def send(self, text: bytes, to: int | None = None) -> None:
        """Request `send`."""
        assert to is None
        FAULTS[sys.argv[1]](self, text)


def leaks(endpoint: Wrong, text: bytes) -> None:
    """What is typed is sent as it is."""
    endpoint.tell(WireEvent(text))


def dies(_endpoint: Wrong, _text: bytes) -> None:
    """The process ends."""
    os._exit(3)


FAULTS: dict[str, Callable[[Wrong, bytes], None]] = {"leaks": leaks, "dies": dies}


def make(new: New) -> ReferenceEndpoint:
    """An endpoint with the fault."""
    return Wrong(new)


if __name__ == "__main__":
    reference.make = make
    reference.main()
