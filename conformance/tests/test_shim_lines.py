"""Lines of the shim protocol: everything that is written can be read, and nothing else is."""

import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otr_conformance.shim.errors import ErrorWord, FaultKind, ShimError, ShimFault, ShimMisuse
from otr_conformance.shim.fields import Field, FieldType, Value
from otr_conformance.shim.lines import (
    Done,
    NotDone,
    parse_object,
    read_answer,
    read_record,
    read_request,
    write_done,
    write_event,
    write_not_done,
    write_object,
    write_request,
)
from otr_conformance.shim.protocol import (
    EVENTS,
    LINE_LIMIT,
    MINIMAL_PROFILE,
    REQUESTS,
    Answer,
    AnyEvent,
    Bold,
    Capability,
    Do,
    Hello,
    Made,
    MessageEvent,
    MsgState,
    OtrVersion,
    PolicyWord,
    SecureEvent,
    State,
    StillSecureEvent,
    WireEvent,
    spoken_fields,
)
from otr_conformance.verdict import Verdict

NUMBERS = st.integers(0, 2**63 - 1)


def values(spoken: Field) -> st.SearchStrategy[Value]:
    """Values that a field may have."""
    if spoken.kind is FieldType.INTEGER:
        integers = st.integers(spoken.least, spoken.most)
        return integers.map(bool) if spoken.truth else integers
    if spoken.kind is FieldType.BASE64:
        if not spoken.lengths:
            return st.binary(max_size=60)
        return st.sampled_from(spoken.lengths).flatmap(lambda n: st.binary(min_size=n, max_size=n))
    if spoken.name_like:
        return st.from_regex(r"\A[A-Za-z0-9._@-]{1,64}\Z")
    if spoken.words is None:
        return st.text(st.characters(exclude_categories=["Cs"]))
    words = st.sampled_from(list(spoken.words))
    return st.lists(words, max_size=5).map(tuple) if spoken.listed else words


def choices(wanted: list[Field]) -> st.SearchStrategy[dict[str, Value]]:
    """Values for fields, the optional ones present or not."""
    required = {spoken.name: values(spoken) for spoken in wanted if not spoken.optional}
    optional = {spoken.name: values(spoken) for spoken in wanted if spoken.optional}
    return st.fixed_dictionaries(required, optional=optional)


def events(form: type[AnyEvent]) -> st.SearchStrategy[AnyEvent]:
    wanted = [spoken for _, spoken in spoken_fields(form)]
    return choices(wanted).map(lambda given: read_record(form, given))


ALL_EVENTS = st.sampled_from(sorted(EVENTS)).flatmap(lambda word: events(EVENTS[word]))
ALL_REQUESTS = st.sampled_from(Do).flatmap(
    lambda do: st.tuples(st.just(do), choices(list(REQUESTS[do].fields)))
)


def fault_of(line: bytes | str, do: Do = Do.POLL) -> ShimFault:
    octets = line.encode() if isinstance(line, str) else line
    with pytest.raises(ShimFault) as caught:
        read_answer(octets, 1, do)
    assert caught.value.verdict is Verdict.HARNESS_ERROR
    return caught.value


# ---- what is written is read


@given(NUMBERS, ALL_REQUESTS)
def test_every_request_is_read_as_it_was_written(
    number: int, request: tuple[Do, dict[str, Value]]
) -> None:
    do, given_fields = request

    line = write_request(number, do, given_fields)

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    asked = read_request(parse_object(line[:-1]))
    assert (asked.number, asked.do, asked.fields) == (number, do, given_fields)


@given(NUMBERS, ALL_EVENTS)
def test_every_event_is_read_as_it_was_written(number: int, event: AnyEvent) -> None:
    line = write_event(number, event)

    assert read_answer(line[:-1], number, Do.RECEIVE) == event


@given(NUMBERS, st.data())
def test_every_final_line_is_read_as_it_was_written(number: int, data: st.DataObject) -> None:
    do = data.draw(st.sampled_from(Do))
    fields = [spoken for _, spoken in spoken_fields(REQUESTS[do].final)]
    final = read_record(REQUESTS[do].final, data.draw(choices(fields)))

    done = read_answer(write_done(number, final)[:-1], number, do)

    assert isinstance(done, Done)
    assert read_record(REQUESTS[do].final, done.fields) == final


@given(NUMBERS, st.sampled_from(ErrorWord), st.text(), st.sampled_from(Do))
def test_every_error_is_read_as_it_was_written(
    number: int, error: ErrorWord, detail: str, do: Do
) -> None:
    line = write_not_done(number, error, detail)

    not_done = read_answer(line[:-1], number, do)

    assert isinstance(not_done, NotDone)
    assert not_done.error is error
    assert not_done.detail == detail.encode("utf-8", "replace").decode()


def test_typed_values_reach_the_caller() -> None:
    line = (
        b'{"re": 1, "event": "secure", "fingerprint": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", '
        b'"ssid": "AQIDBAUGBwg=", "version": 3, "bold": "first", "peer-tag": 256, "x-note": "hi"}'
    )

    event = read_answer(line, 1, Do.RECEIVE)

    assert event == SecureEvent(bytes(20), bytes(range(1, 9)), 3, Bold.FIRST, 0x100)
    assert read_answer(line.replace(b'"secure"', b'"still-secure"'), 1, Do.POLL) == (
        StillSecureEvent(bytes(20), bytes(range(1, 9)), 3, Bold.FIRST, 0x100)
    )


def test_what_is_not_told_is_none() -> None:
    line = (
        b'{"re": 1, "event": "secure", "fingerprint": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", '
        b'"ssid": "AQIDBAUGBwg=", "version": 2}'
    )

    event = read_answer(line, 1, Do.RECEIVE)

    assert isinstance(event, SecureEvent)
    assert event.bold is None
    assert event.peer_tag is None


def test_hello_lists_words() -> None:
    line = (
        '{"re": 1, "end": "ok", "name": "ü", "version": "1", "protocols": "2 3", '
        '"capabilities": "smp tag", "x-built": "today"}'
    ).encode()

    done = read_answer(line, 1, Do.HELLO)

    assert isinstance(done, Done)
    assert done.fields["x-built"] == "today"
    hello = read_record(Hello, done.fields)
    assert hello == Hello(
        "ü", "1", (OtrVersion.V2, OtrVersion.V3), (Capability.SMP, Capability.TAG), 0, 1
    )
    assert hello.versions == {2, 3}


def test_an_empty_list_is_a_list() -> None:
    line = (
        b'{"re": 1, "end": "ok", "name": "", "version": "", "protocols": "3", "capabilities": ""}'
    )

    done = read_answer(line, 1, Do.HELLO)

    assert isinstance(done, Done)
    assert done.fields["capabilities"] == ()


def test_an_answer_sorts_its_events() -> None:
    secure = SecureEvent(bytes(20), bytes(8), 3)
    still = StillSecureEvent(bytes(20), bytes(8), 3)
    answer = Answer(
        (WireEvent(b"1"), secure, MessageEvent(b"hi", secure=True), still, WireEvent(b"2"))
    )

    assert answer.wires == (b"1", b"2")
    assert answer.texts == (b"hi",)
    assert answer.of(StillSecureEvent) == (still,)
    assert answer.of(SecureEvent) == (secure, still)


# ---- what is not the protocol is a typed fault


@given(st.binary(max_size=200), st.sampled_from(Do))
def test_reading_is_total_on_octets(line: bytes, do: Do) -> None:
    with pytest.raises(ShimFault):
        read_answer(line, 1, do)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(ALL_EVENTS, st.data())
def test_reading_is_total_on_lines_with_one_field_replaced(
    event: AnyEvent, data: st.DataObject
) -> None:
    flat = json.loads(write_event(1, event))
    name = data.draw(st.sampled_from(sorted(flat)) | st.text())
    flat[name] = data.draw(JSON_VALUES)

    with contextlib.suppress(ShimFault):
        reread = read_answer(json.dumps(flat).encode(), 1, Do.RECEIVE)
        assert isinstance(reread, tuple(EVENTS.values()))


@given(st.dictionaries(st.text(), JSON_VALUES), st.sampled_from(Do))
def test_reading_a_request_is_total(flat: dict[str, object], do: Do) -> None:
    line = json.dumps({"id": 1, "do": do.word} | flat).encode()

    with contextlib.suppress(ShimFault):
        asked = read_request(parse_object(line))
        assert write_request(asked.number, asked.do, asked.fields)


@pytest.mark.parametrize(
    ("line", "kind", "field"),
    [
        ("", FaultKind.NOT_JSON, "line"),
        ("banner", FaultKind.NOT_JSON, "line"),
        ('{"re": 1, "end": "ok"} {}', FaultKind.NOT_JSON, "line"),
        ('{"re": 1, "end": "ok"', FaultKind.NOT_JSON, "line"),
        ('{"re": 01, "end": "ok"}', FaultKind.NOT_JSON, "line"),
        (b'{"re": 1, "end": "\xff"}', FaultKind.NOT_JSON, "line"),
        ('\ufeff{"re": 1, "end": "ok"}', FaultKind.NOT_JSON, "line"),
        ('{"re": 1, "x-half": "\\ud800"}', FaultKind.NOT_JSON, "x-half"),
        ("[1, 2]", FaultKind.NOT_FLAT, "line"),
        ("1", FaultKind.NOT_FLAT, "line"),
        ("null", FaultKind.NOT_FLAT, "line"),
        ('{"re": 1, "end": ["ok"]}', FaultKind.NOT_FLAT, "end"),
        ('{"re": 1, "end": {"ok": 1}}', FaultKind.NOT_FLAT, "end"),
        ('{"re": 1.0, "end": "ok"}', FaultKind.NOT_FLAT, "re"),
        ('{"re": 1e0, "end": "ok"}', FaultKind.NOT_FLAT, "re"),
        ('{"re": true, "end": "ok"}', FaultKind.NOT_FLAT, "re"),
        ('{"re": null, "end": "ok"}', FaultKind.NOT_FLAT, "re"),
        ('{"re": NaN, "end": "ok"}', FaultKind.NOT_JSON, "line"),
        ('{"re": 1, "end": "ok", "re": 1}', FaultKind.TWICE, "re"),
        ('{"end": "ok"}', FaultKind.MISSING, "re"),
        ('{"re": "1", "end": "ok"}', FaultKind.WRONG_TYPE, "re"),
        ('{"re": -1, "end": "ok"}', FaultKind.OUT_OF_RANGE, "re"),
        ('{"re": 9223372036854775808, "end": "ok"}', FaultKind.OUT_OF_RANGE, "re"),
        ('{"re": 2, "end": "ok"}', FaultKind.WRONG_NUMBER, "re"),
        ('{"re": 1}', FaultKind.MISSING, "end"),
        ('{"re": 1, "end": "fine"}', FaultKind.UNKNOWN_WORD, "end"),
        ('{"re": 1, "end": 0}', FaultKind.UNKNOWN_WORD, "end"),
        ('{"re": 1, "end": "error"}', FaultKind.MISSING, "error"),
        ('{"re": 1, "end": "error", "error": "oops"}', FaultKind.UNKNOWN_WORD, "error"),
        ('{"re": 1, "end": "ok", "hint": "x"}', FaultKind.UNKNOWN_FIELD, "hint"),
        ('{"re": 1, "event": "party"}', FaultKind.UNKNOWN_WORD, "event"),
        ('{"re": 1, "event": 7}', FaultKind.UNKNOWN_WORD, "event"),
        ('{"re": 1, "event": "wire", "wire": "aGk=", "end": "ok"}', FaultKind.UNKNOWN_FIELD, "end"),
        ('{"re": 1, "event": "wire"}', FaultKind.MISSING, "wire"),
        ('{"re": 1, "event": "wire", "wire": 7}', FaultKind.WRONG_TYPE, "wire"),
        ('{"re": 1, "event": "wire", "wire": "aGk"}', FaultKind.NOT_BASE64, "wire"),
        ('{"re": 1, "event": "wire", "wire": "aGl="}', FaultKind.NOT_BASE64, "wire"),
        ('{"re": 1, "event": "wire", "wire": "aGk=\\n"}', FaultKind.NOT_BASE64, "wire"),
        ('{"re": 1, "event": "wire", "wire": "aG_="}', FaultKind.NOT_BASE64, "wire"),
        ('{"re": 1, "event": "wire", "wire": "aäk="}', FaultKind.NOT_BASE64, "wire"),
        (
            '{"re": 1, "event": "message", "text": "", "secure": 2}',
            FaultKind.OUT_OF_RANGE,
            "secure",
        ),
        (
            '{"re": 1, "event": "message", "text": "", "secure": "1"}',
            FaultKind.WRONG_TYPE,
            "secure",
        ),
        ('{"re": 1, "event": "warning", "about": "love"}', FaultKind.UNKNOWN_WORD, "about"),
        ('{"re": 1, "event": "warning", "about": 1}', FaultKind.WRONG_TYPE, "about"),
        (
            '{"re": 1, "event": "extra-key", "key": "AAAA", "use": 0, "data": "", "side": "sent"}',
            FaultKind.OUT_OF_RANGE,
            "key",
        ),
    ],
)
def test_each_fault_names_its_field(line: bytes | str, kind: FaultKind, field: str) -> None:
    fault = fault_of(line)

    assert (fault.kind, fault.field) == (kind, field)


@pytest.mark.parametrize(
    ("fields", "kind", "field"),
    [
        ('"capabilities": "smp telepathy"', FaultKind.UNKNOWN_WORD, "capabilities"),
        ('"capabilities": "smp  tag"', FaultKind.UNKNOWN_WORD, "capabilities"),
        ('"capabilities": ""', FaultKind.MISSING, "protocols"),
        ('"capabilities": "", "protocols": "1"', FaultKind.UNKNOWN_WORD, "protocols"),
        ('"capabilities": "", "protocols": "3", "protocol": 2', FaultKind.OUT_OF_RANGE, "protocol"),
    ],
)
def test_what_hello_lies_about_is_named(fields: str, kind: FaultKind, field: str) -> None:
    protocols = "" if field == "protocols" else '"protocols": "3", '
    line = '{"re": 1, "end": "ok", "name": "n", "version": "v", ' + (
        fields if '"protocols"' in fields else protocols + fields
    )

    fault = fault_of(line + "}", Do.HELLO)

    assert (fault.kind, fault.field) == (kind, field)


@pytest.mark.parametrize("do", [do for do in Do if not REQUESTS[do].eventful])
def test_an_event_where_there_can_be_none_is_a_fault(do: Do) -> None:
    assert fault_of('{"re": 1, "event": "finished"}', do).kind is FaultKind.NO_EVENTS


def test_a_line_is_bounded() -> None:
    start, end = b'{"re": 1, "end": "ok", "x-filler": "', b'"}'
    filler = b"a" * (LINE_LIMIT - len(start) - len(end))

    assert isinstance(read_answer(start + filler + end, 1, Do.POLL), Done)
    assert fault_of(start + filler + b"a" + end).kind is FaultKind.TOO_LONG


@pytest.mark.parametrize(
    "line",
    [
        b"[" * LINE_LIMIT,
        b'{"a":' * (LINE_LIMIT // 5),
        b'{"re": ' + b"1" * (LINE_LIMIT - 8) + b"}",
        b'{"re": 1.' + b"1" * (LINE_LIMIT - 10) + b"}",
        b'{"re": 1e' + b"1" * (LINE_LIMIT - 10) + b"}",
        b"{" + b",".join(b'"%d":1' % n for n in range(100_000)) + b"}",
        b'{"' + b"\\u0041" * (LINE_LIMIT // 6 - 2) + b'": 1}',
    ],
    ids=["arrays", "objects", "digits", "decimals", "exponent", "fields", "escapes"],
)
def test_hostile_lines_are_refused_like_others(line: bytes) -> None:
    fault = fault_of(line)

    assert len(fault.reason) < 500
    assert len(fault.field) < 500


# ---- what we do not write


@pytest.mark.parametrize(
    ("do", "fields", "field"),
    [
        (Do.SEND, {"endpoint": "alice"}, "text"),
        (Do.SEND, {"endpoint": "alice", "text": "not octets"}, "text"),
        (Do.SEND, {"endpoint": "alice", "text": b"", "to": 0}, "to"),
        (Do.SEND, {"endpoint": "alice", "text": b"", "from": 1}, "from"),
        (Do.SEND, {"endpoint": "", "text": b""}, "endpoint"),
        (Do.SEND, {"endpoint": "a b", "text": b""}, "endpoint"),
        (Do.SEND, {"endpoint": "a" * 65, "text": b""}, "endpoint"),
        (Do.SEND, {"endpoint": 1, "text": b""}, "endpoint"),
        (Do.SEND, {"endpoint": "alice", "text": bytes(LINE_LIMIT)}, "line"),
        (Do.CLOCK, {"seconds": -1}, "seconds"),
        (Do.CLOCK, {"seconds": 1.5}, "seconds"),
        (Do.HELLO, {"protocol": 2}, "protocol"),
        (
            Do.NEW,
            {"endpoint": "a", "account": "a", "peer": "b", "policy": "v3 v9"},
            "policy",
        ),
    ],
)
def test_a_request_that_is_none_is_not_written(
    do: Do, fields: dict[str, object], field: str
) -> None:
    with pytest.raises(ShimMisuse) as caught:
        write_request(1, do, fields)

    assert caught.value.field == field
    assert caught.value.verdict is Verdict.HARNESS_ERROR
    assert isinstance(caught.value, ShimError)


@pytest.mark.parametrize(
    "policy",
    ["v2 v3", ["v2", "v3"], (PolicyWord.V2, PolicyWord.V3), iter([PolicyWord.V2, "v3"])],
)
def test_a_list_of_words_is_written_from_text_or_words(policy: object) -> None:
    fields = {"endpoint": "a", "account": "a", "peer": "b", "policy": policy}

    assert b'"policy": "v2 v3"' in write_request(1, Do.NEW, fields)


def test_a_field_that_is_none_is_absent() -> None:
    line = write_request(5, Do.SEND, {"endpoint": "a", "text": b"hi", "to": None})

    assert line == b'{"id": 5, "do": "send", "endpoint": "a", "text": "aGk="}\n'


def test_an_event_with_an_impossible_value_is_not_written() -> None:
    event = SecureEvent(bytes(20), bytes(8), 3)

    with pytest.raises(ShimMisuse, match="ssid"):
        write_event(1, replace(event, ssid=bytes(7)))
    with pytest.raises(ShimMisuse, match="fingerprint"):
        write_done(1, Made(b"short"))
    assert b'"msgstate": "encrypted"' in write_done(1, State(MsgState.ENCRYPTED))


def test_a_long_detail_is_cut() -> None:
    assert len(write_not_done(1, ErrorWord.INTERNAL, "ü" * LINE_LIMIT)) < LINE_LIMIT


def test_any_flat_object_can_be_written() -> None:
    assert write_object({"id": 1, "do": "no-such"}) == b'{"id": 1, "do": "no-such"}\n'


# ---- what a shim reads


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b'{"id": 1, "do": "dance"}', FaultKind.UNKNOWN_WORD),
        (b'{"id": 1}', FaultKind.MISSING),
        (b'{"do": "reset"}', FaultKind.MISSING),
        (b'{"id": 1, "do": "poll"}', FaultKind.MISSING),
        (b'{"id": 1, "do": "reset", "hard": 1}', FaultKind.UNKNOWN_FIELD),
        (b'{"id": "1", "do": "reset"}', FaultKind.WRONG_TYPE),
    ],
)
def test_a_request_that_is_none_is_not_read(line: bytes, kind: FaultKind) -> None:
    with pytest.raises(ShimFault) as caught:
        read_request(parse_object(line))

    assert caught.value.kind is kind


def test_fields_for_people_are_dropped_from_requests() -> None:
    asked = read_request(parse_object(b'{"id": 1, "do": "poll", "endpoint": "a", "x-why": 1}'))

    assert asked.fields == {"endpoint": "a"}


# ---- the vocabulary itself


def test_a_minimal_shim_needs_no_capability() -> None:
    for do in MINIMAL_PROFILE:
        required = [spoken.name for spoken in REQUESTS[do].fields if not spoken.optional]
        assert not list(REQUESTS[do].wants(required))


def test_every_capability_is_asked_for_by_some_request_or_is_about_what_others_cause() -> None:
    wanted = {
        capability
        for request in REQUESTS.values()
        for capability in request.wants(spoken.name for spoken in request.fields)
    }

    assert set(Capability) - wanted == {Capability.POLICY, Capability.OTRV4_CLOCK}


def test_a_field_may_cost_more_than_its_request() -> None:
    request = REQUESTS[Do.SMP_START]

    assert list(request.wants(["endpoint", "secret"])) == [Capability.SMP]
    assert set(request.wants(["endpoint", "secret", "question", "to"])) == {
        Capability.SMP,
        Capability.SMP_QUESTION,
        Capability.INSTANCES,
    }
