"""What a shim in Python is made of, except the implementation.

Derive a class from `Endpoint`, with a method for each request that it answers, and call `serve`:

    class Alice(Endpoint):
        def __init__(self, new: New) -> None:
            super().__init__(fingerprint=...)

        def receive(self, wire: bytes) -> None:
            ...
            self.tell(WireEvent(answer))

    serve(Alice, name="my-otr", version="1.0", protocols="3")

A method is named as its request, and takes the request's fields as keywords, with underscores for
hyphens; a field that was not sent is left out, so that an optional one needs a default. `state`,
`profile` and `ensemble` return what the final line says; the others return nothing. What the
implementation reports is told as events, at any time and from any thread: what was not caused by a
request comes with the next answer. `hello`, `new`, `forget`, `reset` and `bye` are answered here.

A request without a method is answered by `unsupported`. A method may raise `Refused` (the
implementation returned an error) or `Unsupported`; any other exception is answered by `internal`,
and its traceback goes to standard error, as does everything that is printed.
"""

from __future__ import annotations

import logging
import os
import sys
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_conformance.shim.errors import FaultKind, ShimFault, ShimRefused
from otr_conformance.shim.fields import INTEGER_MOST
from otr_conformance.shim.lines import (
    Asked,
    parse_object,
    read_request,
    write_done,
    write_event,
    write_not_done,
)
from otr_conformance.shim.protocol import (
    LINE_LIMIT,
    REQUESTS,
    AnyEvent,
    AnyFinal,
    Capability,
    Do,
    ErrorWord,
    Hello,
    Made,
    Nothing,
    OtrMode,
    OtrVersion,
    PolicyWord,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from otr_conformance.shim.fields import Value

__all__ = ["Endpoint", "New", "Refused", "Server", "Unsupported", "serve"]

_BEYOND: Final = {FaultKind.UNKNOWN_WORD, FaultKind.UNKNOWN_FIELD, FaultKind.OUT_OF_RANGE}

logger: Final = logging.getLogger(__name__)


class Refused(ShimRefused):
    """The implementation itself returned an error for this call."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(ErrorWord.REFUSED, detail)


class Unsupported(ShimRefused):
    """The request, or a value in it, is beyond what the implementation can do."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(ErrorWord.UNSUPPORTED, detail)


@dataclass(frozen=True, slots=True)
class New:
    """What an endpoint is made of: the fields of `new`.

    Attributes:
        endpoint: Its name.
        account: The user's account.
        peer: The correspondent.
        policy: The words of the policy.
        tag: The instance tag to use; None: the implementation's choice.
        key: The long-term key to use, PUBKEY and the private x as an MPI; None: one of its own.
        fragment: The largest message on the wire in bytes; 0: no limit.
        mode: The mode of version 4; None: the implementation's choice.
        sym_h: What the long-term key of version 4 is made of, 57 bytes; None: one of its own.
        forging: The public forging key of version 4, 57 bytes; None: one of its own.
        now: The time from now on in Unix seconds, for every endpoint; None: as it is.
        trusted: A fingerprint of the peer's that the user has verified, 56 bytes; None: none.
        known_profile: A client profile that the peer has published; None: none is known.
    """

    endpoint: str
    account: str
    peer: str
    policy: tuple[PolicyWord, ...]
    tag: int | None = None
    key: bytes | None = None
    fragment: int = 0
    mode: OtrMode | None = None
    sym_h: bytes | None = None
    forging: bytes | None = None
    now: int | None = None
    trusted: bytes | None = None
    known_profile: bytes | None = None

    @property
    def versions(self) -> frozenset[int]:
        """The versions of OTR that the policy allows."""
        named = {PolicyWord.V2: 2, PolicyWord.V3: 3, PolicyWord.V4: 4}
        return frozenset(version for word, version in named.items() if word in self.policy)


class Endpoint:
    """Base of a shim's endpoints.

    Attributes:
        fingerprint: Of its long-term key; 56 bytes if it has one of version 4, else 20.
        tag: Its instance tag; None if it has none.
        fingerprint3: Of its long-term key of version 3, 20 bytes, where it has one beside that of
            version 4.
    """

    def __init__(
        self, *, fingerprint: bytes, tag: int | None = None, fingerprint3: bytes | None = None
    ) -> None:
        self.fingerprint = fingerprint
        self.tag = tag
        self.fingerprint3 = fingerprint3
        self._told: deque[AnyEvent] = deque()

    def tell(self, event: AnyEvent) -> None:
        """Report an event.

        Raises:
            ShimMisuse: A field of the event has a value that it cannot have.
        """
        write_event(INTEGER_MOST, event)
        self._told.append(event)

    def poll(self) -> None:
        """Bring what works in the background up to date; nothing does, by default."""

    def tick(self) -> None:
        """Look at the clock, which has moved: fire timers. There are none, by default."""

    def take(self) -> list[AnyEvent]:
        """Take what was told so far."""
        return [self._told.popleft() for _ in range(len(self._told))]


class Server:
    """The endpoints of a shim, and the answer to each line; no input or output."""

    def __init__(
        self,
        make: Callable[[New], Endpoint],
        hello: Hello,
        clock: Callable[..., None] | None = None,
        reset: Callable[..., None] | None = None,
    ) -> None:
        self._make = make
        self._hello = hello
        self._clock = clock
        self._reset = reset
        self._endpoints: dict[str, Endpoint] = {}
        self.said_bye = False

    def answer(self, line: bytes) -> bytes:
        """Answer a line.

        Args:
            line: A request without its newline, or anything else.

        Returns:
            The lines of the answer.
        """
        number = 0
        try:
            flat = parse_object(line)
            given = flat.get("id")
            number = given if isinstance(given, int) and given >= 0 else 0
            asked = read_request(flat)
        except ShimFault as fault:
            error = ErrorWord.UNSUPPORTED if fault.kind in _BEYOND else ErrorWord.BAD_REQUEST
            return write_not_done(number, error, str(fault))
        try:
            final = write_done(number, self._carry_out(asked))
        except ShimRefused as refusal:
            final = write_not_done(number, refusal.error, refusal.detail)
        except Exception as error:
            logger.exception("%s failed", asked.do)
            final = write_not_done(number, ErrorWord.INTERNAL, f"{type(error).__name__}: {error}")
        return b"".join([*(write_event(number, told) for told in self._caused(asked)), final])

    def _caused(self, asked: Asked) -> list[AnyEvent]:
        endpoint = self._endpoints.get(_name_of(asked))
        return endpoint.take() if endpoint is not None and REQUESTS[asked.do].eventful else []

    def _carry_out(self, asked: Asked) -> AnyFinal:
        for capability in REQUESTS[asked.do].wants(asked.fields):
            if capability not in self._hello.capabilities:
                detail = f"it takes the capability {capability}"
                raise Unsupported(detail)
        match asked.do:
            case Do.HELLO:
                return self._hello
            case Do.NEW:
                return self._new(asked)
            case Do.CLOCK:
                return self._move_clock(asked)
            case Do.RESET:
                self._endpoints.clear()
                if self._reset is not None:
                    self._reset(**asked.fields)
                return Nothing()
            case Do.BYE:
                self.said_bye = True
                return Nothing()
            case _:
                return self._on_endpoint(asked)

    def _new(self, asked: Asked) -> Made:
        read: Callable[..., New] = New
        new = read(**_keywords(asked))
        if new.endpoint in self._endpoints:
            raise ShimRefused(ErrorWord.BAD_REQUEST, "there is an endpoint of that name")
        endpoint = self._make(new)
        self._endpoints[new.endpoint] = endpoint
        return Made(endpoint.fingerprint, endpoint.tag, endpoint.fingerprint3)

    def _move_clock(self, asked: Asked) -> Nothing:
        if self._clock is None:
            raise Unsupported
        self._clock(**asked.fields)
        for endpoint in self._endpoints.values():
            endpoint.tick()
        return Nothing()

    def _on_endpoint(self, asked: Asked) -> AnyFinal:
        name = _name_of(asked)
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            raise ShimRefused(ErrorWord.NO_ENDPOINT, f"there is no endpoint {name}")
        if asked.do is Do.FORGET:
            del self._endpoints[name]
            return Nothing()
        method = getattr(endpoint, asked.do.name.lower(), None)
        if method is None:
            raise Unsupported
        result = method(**{n: v for n, v in _keywords(asked).items() if n != "endpoint"})
        final = REQUESTS[asked.do].final
        if final is Nothing:
            return Nothing()
        if not isinstance(result, final):
            message = f"{asked.do} has to return {final.__name__}, not {type(result).__name__}"
            raise TypeError(message)
        return result


def _keywords(asked: Asked) -> dict[str, Value]:
    """The fields of a request, by the names of arguments."""
    return {name.replace("-", "_"): value for name, value in asked.fields.items()}


def _name_of(asked: Asked) -> str:
    return str(asked.fields.get("endpoint", ""))


def serve(  # noqa: PLR0913 - one keyword for each thing that a shim says of itself
    make: Callable[[New], Endpoint],
    *,
    name: str,
    version: str,
    protocols: str,
    capabilities: str = "",
    message_limit: int = 0,
    clock: Callable[..., None] | None = None,
    reset: Callable[..., None] | None = None,
) -> None:
    """Answer the suite until it says `bye` or closes our standard input.

    Args:
        make: What makes an endpoint; usually the class.
        name: The implementation's name, for people.
        version: The implementation's version, for people.
        protocols: The versions of OTR that it speaks, separated by one space: "2 3".
        capabilities: The words of what the shim can do, separated by one space.
        message_limit: The largest text in bytes that `send` takes; 0: no limit is known.
        clock: Called with `seconds` to move virtual time, for the capability `clock`; then every
            endpoint's `tick` is. `now` in `New` is for the endpoint to heed.
        reset: Called when every endpoint has been dropped; for the capability `seed` with `seed`,
            which may be left out for 0.

    Raises:
        ValueError: `protocols` or `capabilities` has an unknown word.
    """
    hello = Hello(
        name=name,
        version=version,
        protocols=tuple(OtrVersion(word) for word in protocols.split()),
        capabilities=tuple(Capability(word) for word in capabilities.split()),
        message_limit=message_limit,
    )
    server = Server(make, hello, clock, reset)
    with _own_output() as output:
        while not server.said_bye and (line := _read_line(sys.stdin.buffer)):
            output.write(server.answer(line.rstrip(b"\n")))
            output.flush()


def _own_output() -> BinaryIO:
    """Keep standard output to ourselves: what anybody prints from now on goes to standard error."""
    output = os.fdopen(os.dup(1), "wb")
    sys.stdout.flush()
    os.dup2(2, 1)
    return output


def _read_line(stream: BinaryIO) -> bytes:
    """Read a line with its newline; of one that is too long, only enough to see that."""
    line = stream.readline(LINE_LIMIT + 2)
    rest = line
    while rest and not rest.endswith(b"\n"):
        rest = stream.readline(LINE_LIMIT)
    return line
