"""The helper for shims in Python, line by line."""

import io
import json
import logging

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from otr_conformance.shim.errors import ShimFault, ShimMisuse
from otr_conformance.shim.lines import parse_object, read_request
from otr_conformance.shim.protocol import (
    LINE_LIMIT,
    Capability,
    Hello,
    MessageEvent,
    MsgState,
    OtrVersion,
    PolicyWord,
    SecureEvent,
    State,
    WireEvent,
)
from otr_conformance.shims import json_helper
from otr_conformance.shims.json_helper import Endpoint, New, Refused, Server, Unsupported
from otr_conformance.shims.template_python import Shim
from otr_conformance.shims.toy import Toy

BEGIN_SMP = {"do": "smp-start", "endpoint": "a", "secret": "AA=="}
ADDRESS = {"account": "alice", "peer": "bob", "policy": "v2 v3 require-encryption"}


class Echo(Endpoint):
    """An endpoint whose every method shows something about the helper."""

    def __init__(self, new: New) -> None:
        super().__init__(fingerprint=bytes(20), tag=new.tag)
        self.new = new

    def receive(self, wire: bytes) -> None:
        """Report what came."""
        self.tell(MessageEvent(wire, secure=False))

    def send(self, text: bytes, to: int | None = None) -> None:
        """Send to an instance, or to any."""
        self.tell(WireEvent(f"{to} ".encode() + text))

    def start(self) -> None:
        """Report something, then refuse."""
        self.tell(WireEvent(b"before"))
        detail = "cannot"
        raise Refused(detail)

    def end(self) -> None:
        """Have a defect."""
        detail = "a defect"
        raise ZeroDivisionError(detail)

    def smp_start(self, secret: bytes, question: bytes = b"?") -> None:
        """Take what only some can."""
        if b"\0" in secret:
            raise Unsupported
        self.tell(WireEvent(secret + question))

    def state(self) -> State:
        """Answer with fields."""
        return State(MsgState.FINISHED)


HELLO = Hello(
    "echo",
    "1",
    (OtrVersion.V3,),
    (Capability.SMP, Capability.STATE, Capability.INSTANCES, Capability.TAG, Capability.CLOCK),
)


@pytest.fixture
def server() -> Server:
    server = Server(Echo, HELLO)
    assert ask(server, do="new", endpoint="a", **ADDRESS) == [
        {"re": 1, "end": "ok", "fingerprint": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}
    ]
    return server


def ask(server: Server, **fields: str | int) -> list[dict[str, str | int]]:
    lines = server.answer(json.dumps({"id": 1} | fields).encode())
    assert lines.endswith(b"\n")
    return [json.loads(line) for line in lines.splitlines()]


def error(server: Server, **fields: str | int) -> str | int:
    (final,) = ask(server, **fields)
    assert final["end"] == "error"
    return final["error"]


def test_hello_is_answered(server: Server) -> None:
    (final,) = ask(server, do="hello", protocol=1)

    assert final["name"] == "echo"
    assert final["protocols"] == "3"
    assert final["capabilities"] == "smp state instances tag clock"


def test_another_version_of_the_protocol_is_unsupported(server: Server) -> None:
    assert error(server, do="hello", protocol=2) == "unsupported"


def test_what_an_endpoint_tells_is_the_answer(server: Server) -> None:
    assert ask(server, do="receive", endpoint="a", wire="aGk=") == [
        {"re": 1, "event": "message", "text": "aGk=", "secure": 0},
        {"re": 1, "end": "ok"},
    ]


def test_optional_fields_are_keywords(server: Server) -> None:
    without, _ = ask(server, do="send", endpoint="a", text="aGk=")
    with_tag, _ = ask(server, do="send", endpoint="a", text="aGk=", to=256)

    assert without["wire"] == "Tm9uZSBoaQ=="  # None hi
    assert with_tag["wire"] == "MjU2IGhp"  # 256 hi


def test_new_hands_on_what_was_asked_for() -> None:
    made: list[Echo] = []

    def make(new: New) -> Echo:
        made.append(Echo(new))
        return made[-1]

    (final,) = ask(Server(make, HELLO), do="new", endpoint="a", tag=256, **ADDRESS)

    assert final["tag"] == 256
    policy = (PolicyWord.V2, PolicyWord.V3, PolicyWord.REQUIRE_ENCRYPTION)
    assert made[0].new == New("a", "alice", "bob", policy, tag=256)


def test_state_answers_with_fields(server: Server) -> None:
    assert ask(server, do="state", endpoint="a") == [{"re": 1, "end": "ok", "msgstate": "finished"}]


def test_what_was_not_caused_by_a_request_comes_with_the_next_answer() -> None:
    made: list[Echo] = []

    def make(new: New) -> Echo:
        made.append(Echo(new))
        return made[-1]

    server = Server(make, HELLO)
    for name in ("a", "b"):
        ask(server, do="new", endpoint=name, **ADDRESS)
    made[0].tell(WireEvent(b"late"))

    assert len(ask(server, do="poll", endpoint="b")) == 1
    assert len(ask(server, do="state", endpoint="a")) == 1
    assert ask(server, do="poll", endpoint="a")[0]["wire"] == "bGF0ZQ=="
    assert len(ask(server, do="poll", endpoint="a")) == 1


def test_a_refusal_comes_after_what_it_caused(server: Server) -> None:
    assert ask(server, do="start", endpoint="a") == [
        {"re": 1, "event": "wire", "wire": "YmVmb3Jl"},
        {"re": 1, "end": "error", "error": "refused", "detail": "cannot"},
    ]


def test_a_defect_is_internal_and_logged(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        (final,) = ask(server, do="end", endpoint="a")

    assert final["error"] == "internal"
    assert final["detail"] == "ZeroDivisionError: a defect"
    assert "Traceback" in caplog.text
    assert ask(server, do="poll", endpoint="a")[-1]["end"] == "ok"


def test_what_cannot_be_done_is_unsupported(server: Server) -> None:
    assert error(server, **BEGIN_SMP) == "unsupported"  # the value
    assert error(server, do="smp-abort", endpoint="a") == "unsupported"  # no method
    assert error(server, do="heartbeat", endpoint="a") == "unsupported"  # not declared
    assert error(server, do="clock", seconds=1) == "unsupported"  # nobody to tell
    assert error(server, **BEGIN_SMP, question="AAAA") == "unsupported"  # not declared
    assert error(server, do="no-such-request") == "unsupported"
    assert error(server, do="poll", endpoint="a", deep=1) == "unsupported"


def test_what_is_not_understood_is_a_bad_request(server: Server) -> None:
    assert error(server, do="poll") == "bad-request"
    assert error(server, do="receive", endpoint="a", wire="?") == "bad-request"
    assert error(server, do="new", endpoint="a", **ADDRESS) == "bad-request"
    assert error(server) == "bad-request"


def test_endpoints_come_and_go(server: Server) -> None:
    ask(server, do="new", endpoint="b", **ADDRESS)
    assert error(server, do="poll", endpoint="c") == "no-endpoint"

    ask(server, do="forget", endpoint="a")
    assert error(server, do="poll", endpoint="a") == "no-endpoint"
    assert ask(server, do="poll", endpoint="b")[-1]["end"] == "ok"

    ask(server, do="reset")
    assert error(server, do="poll", endpoint="b") == "no-endpoint"
    assert ask(server, do="new", endpoint="a", **ADDRESS)[-1]["end"] == "ok"


def test_the_clock_is_told() -> None:
    told: list[int] = []
    server = Server(Echo, HELLO, clock=lambda **moved: told.append(moved["seconds"]))

    assert ask(server, do="clock", seconds=60) == [{"re": 1, "end": "ok"}]
    assert told == [60]


def test_bye_is_the_last_request(server: Server) -> None:
    assert not server.said_bye

    assert ask(server, do="bye") == [{"re": 1, "end": "ok"}]

    assert server.said_bye


def test_an_impossible_event_is_refused_where_it_is_told() -> None:
    endpoint = Endpoint(fingerprint=bytes(20))

    with pytest.raises(ShimMisuse, match="ssid"):
        endpoint.tell(SecureEvent(bytes(20), b"short", 3))
    with pytest.raises(ShimMisuse, match="line"):
        endpoint.tell(WireEvent(bytes(LINE_LIMIT)))

    assert endpoint.take() == []


def is_request(line: bytes) -> bool:
    try:
        read_request(parse_object(line))
    except ShimFault:
        return False
    return True


@given(st.binary(max_size=300))
def test_any_octets_are_answered_by_one_error(line: bytes) -> None:
    assume(not is_request(line))  # examples are drawn from literals, too
    server = Server(Echo, HELLO)

    (answer,) = server.answer(line).splitlines()

    assert json.loads(answer)["end"] == "error"


def test_the_number_is_repeated_where_it_can_be_read(server: Server) -> None:
    for line, number in (
        (b'{"id": 7, "do": 1}', 7),
        (b'{"id": 7}', 7),
        (b'{"id": "7"}', 0),
        (b'{"id": -7}', 0),
        (b'{"id": 7', 0),
        (b"", 0),
    ):
        assert json.loads(server.answer(line))["re"] == number


def test_a_line_that_is_too_long_is_dropped_as_a_whole() -> None:
    stream = io.BytesIO(b"a" * (3 * LINE_LIMIT) + b"\nnext\n" + b"b" * LINE_LIMIT + b"\nlast")
    read = json_helper._read_line

    assert len(read(stream)) > LINE_LIMIT
    assert read(stream) == b"next\n"
    assert read(stream) == b"b" * LINE_LIMIT + b"\n"
    assert read(stream) == b"last"
    assert read(stream) == b""


# ---- the stand-in for an implementation


@given(st.binary(max_size=60) | st.binary(max_size=30).map(lambda rest: b"?TOY text " + rest))
def test_the_toy_takes_any_message(wire: bytes) -> None:
    policy = (PolicyWord.V2,)
    shim = Shim(New("a", "alice", "bob", policy))

    shim.receive(wire)

    assert isinstance(shim.otr, Toy)
    assert not shim.otr.private or wire.startswith(b"?TOY start")
