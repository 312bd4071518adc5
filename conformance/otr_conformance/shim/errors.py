"""How a conversation with a shim fails; every failure says which verdict it means.

    ShimError
        ShimAbsent      the command cannot be started
        ShimCrash       the process ended in the middle of the conversation
        ShimGrown       the process took more memory than it may have
        ShimHang        no answer within the time limit
        ShimFault       what the shim wrote is not the protocol
        ShimRefused     the shim answered `"end": "error"`: it stays usable
        ShimMisuse      what we were about to write is not the protocol

A line that somebody else wrote raises nothing but `ShimFault`.
"""

from __future__ import annotations

import signal
from enum import unique
from typing import TYPE_CHECKING

from otr_conformance.shim.vocabulary import Do, ErrorWord
from otr_conformance.verdict import Verdict
from otr_conformance.words import Spoken
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from otr_conformance.shim.protocol import AnyEvent

__all__ = [
    "ErrorWord",
    "FaultKind",
    "ShimAbsent",
    "ShimCrash",
    "ShimError",
    "ShimFault",
    "ShimGrown",
    "ShimHang",
    "ShimMisuse",
    "ShimRefused",
]


@unique
class FaultKind(Spoken):
    """What is wrong with something that a shim wrote."""

    NOT_JSON = "not-json", "the line is not one JSON value in UTF-8"
    NOT_FLAT = "not-flat", "the line is not a flat object of strings and integers"
    TWICE = "twice", "a field occurs twice"
    MISSING = "missing", "a field is missing"
    WRONG_TYPE = "wrong-type", "a field has the wrong type"
    OUT_OF_RANGE = (
        "out-of-range",
        "an integer is out of range, or a binary value has a wrong length",
    )
    NOT_BASE64 = "not-base64", "a binary value is not base64 with padding"
    UNKNOWN_WORD = "unknown-word", "a word is not in the protocol"
    UNKNOWN_FIELD = "unknown-field", "a field is not in the protocol"
    WRONG_NUMBER = "wrong-number", "`re` is not the number of the request"
    TOO_LONG = "too-long", "a line is too long"
    TOO_MUCH = "too-much", "an answer has too many events or bytes"
    OUTSIDE = "outside", "a line is not part of any answer"
    NO_EVENTS = "no-events", "an event is in an answer that has none"
    CLOSED = "closed", "standard output was closed while the process lives"
    CHANGED = "changed", "`hello` says something else than when the shim was started before"


class ShimError(OtrSpecError):
    """The base of all of them; it is never raised itself.

    Attributes:
        verdict: What it means for the case that was running.
        do: What was asked; None if nothing was.
        asked: The beginning of the request that was being answered, for people; "" if none.
        stderr: The end of what the shim wrote to standard error, for people.
    """

    verdict: Verdict = Verdict.HARNESS_ERROR
    do: Do | None = None
    asked: str = ""
    stderr: str = ""


class ShimAbsent(ShimError):
    """The command cannot be started.

    Attributes:
        reason: The operating system's text.
    """

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the shim cannot be started: {self.reason}"


class ShimCrash(ShimError):
    """The process ended in the middle of the conversation, or badly after `bye`.

    Attributes:
        status: The exit status; minus the number of the signal, if one ended it.
    """

    verdict = Verdict.CRASH
    status: int

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        if self.status >= 0:
            return f"the shim ended with status {self.status}"
        try:
            name = signal.Signals(-self.status).name
        except ValueError:
            name = str(-self.status)
        return f"the shim was ended by signal {name}"


class ShimGrown(ShimError):
    """The process took more memory than it may have; the system would end it sooner or later.

    Attributes:
        limit: What it may have, in bytes.
    """

    verdict = Verdict.CRASH
    limit: int

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return f"the shim took more than {self.limit >> 20} MiB of memory"


class ShimHang(ShimError):
    """There was no answer within the time limit.

    Attributes:
        seconds: The limit.
        whole: Whether it is the limit of several answers together.
    """

    verdict = Verdict.HANG
    seconds: float
    whole: bool

    def __init__(self, seconds: float, *, whole: bool = False) -> None:
        super().__init__(seconds)
        self.seconds = seconds
        self.whole = whole

    def __str__(self) -> str:
        if self.whole:
            return f"the shim took more than {self.seconds:g} seconds for its answers together"
        return f"the shim did not answer within {self.seconds:g} seconds"


class ShimFault(ShimError):
    """What the shim wrote is not the protocol.

    Attributes:
        kind: What is wrong.
        field: The field at fault; "line" or "answer" where it is not one field.
        reason: What is wrong with it, in one plain phrase.
        line: The beginning of the line at fault, for people; "" where there is none.
    """

    kind: FaultKind
    field: str
    reason: str
    line: str = ""

    def __init__(self, kind: FaultKind, field: str, reason: str) -> None:
        super().__init__(kind, field, reason)
        self.kind = kind
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


class ShimRefused(ShimError):
    """The shim answered `"end": "error"`; it stays usable.

    Attributes:
        error: Why.
        detail: The shim's text for people.
        events: What was reported before the error.
    """

    error: ErrorWord
    detail: str
    events: tuple[AnyEvent, ...]

    def __init__(
        self, error: ErrorWord, detail: str = "", events: tuple[AnyEvent, ...] = ()
    ) -> None:
        super().__init__(error, detail, events)
        self.error = error
        self.detail = detail
        self.events = events
        if error is ErrorWord.UNSUPPORTED:
            self.verdict = Verdict.UNSUPPORTED

    def __str__(self) -> str:
        return f"the shim answered {self.error}" + (f": {self.detail}" if self.detail else "")


class ShimMisuse(ShimError):
    """What we were about to write is not the protocol, or the shim is not running.

    Attributes:
        field: The field at fault; "line" or "shim" where it is not one field.
        reason: What is wrong with it, in one plain phrase.
    """

    field: str
    reason: str

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"
