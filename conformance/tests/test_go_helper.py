"""The helper of shims in Go: lines, errors, capabilities, and the template on top of it.

The programs are compiled here. A second one, below, has every capability, so that each request goes
through the helper and comes back.
"""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from otr_conformance.peers.process import run
from otr_conformance.shim.check import check_shim
from otr_conformance.shim.client import ShimProcess
from otr_conformance.shim.errors import ShimCrash, ShimRefused
from otr_conformance.shim.protocol import (
    EVENTS,
    REQUESTS,
    AuthState,
    ErrorWord,
    MsgState,
    OtrMode,
    PolicyWord,
    PublishedEnsemble,
    SmpState,
    StartBy,
)
from otr_conformance.shim.vocabulary import Capability, DakeState
from otr_conformance.shims import json_helper

pytestmark = pytest.mark.peer

SOURCES = Path(json_helper.__file__).parent / "go"

EVERYTHING = " ".join(each.word for each in Capability)
FULL = (
    """
package main

import (
	"errors"
	"fmt"
	"os"

	"example.org/shim/otrshim"
)

type full struct {
	report *otrshim.Reporter
	to     uint32
}

var kept = map[string]bool{}

func (f *full) say(format string, values ...any) error {
	f.report.Wire([]byte(fmt.Sprintf(format, values...)))
	return nil
}

func (f *full) Receive(wire []byte) error {
	switch string(wire) {
	case "fail":
		f.report.Wire([]byte("before"))
		return errors.New("not today")
	case "cannot":
		return otrshim.Unsupported("too much")
	case "panic":
		panic("as an implementation may")
	case "print":
		fmt.Fprintln(os.Stdout, "what the implementation prints")
	case "long":
		f.report.Wire(make([]byte, 1<<20))
	case "later":
		done := make(chan bool)
		go func() { f.report.Heartbeat(otrshim.Received); close(done) }()
		<-done
	case "tell":
		yes := true
		private := otrshim.Private{Fingerprint: make([]byte, 56), SSID: make([]byte, 8),
			Version: 4, Bold: "first", PeerTag: 256, Interactive: &yes}
		f.report.Wire([]byte("<&>"))
		f.report.Message([]byte("text"), true)
		f.report.Warning("not-sent", "because")
		f.report.Error([]byte("unreadable"))
		f.report.Secure(private)
		f.report.StillSecure(private)
		f.report.Finished()
		f.report.Insecure()
		f.report.Resent([]byte("again"))
		f.report.SMP("asked", []byte("who?"))
		f.report.ExtraKey(make([]byte, 64), 1, nil, otrshim.Sent)
		f.report.Heartbeat(otrshim.Sent)
		f.report.PrekeyUsed(4294967295)
	}
	return nil
}

func (f *full) Choose(to uint32) error { f.to = to; return nil }
func (f *full) Send(text []byte) error { return f.say("send %s to %d", text, f.to) }
func (f *full) Start() error { return f.say("start") }
func (f *full) StartBy(by string) error { return f.say("start by %s", by) }
func (f *full) End() error { return f.say("end %d", f.to) }
func (f *full) Poll() error { return f.say("poll") }
func (f *full) Tick() { f.report.Wire([]byte("tick")) }
func (f *full) SMPStart(secret, question []byte) error {
	return f.say("smp %s %q %t", secret, question, question == nil)
}
func (f *full) SMPAnswer(secret []byte) error { return f.say("answer %s", secret) }
func (f *full) SMPAbort() error { return f.say("abort") }
func (f *full) ExtraKey(use uint32, data []byte) error { return f.say("key %d %s", use, data) }
func (f *full) Heartbeat() error { return f.say("heartbeat") }
func (f *full) Profile() ([]byte, error) { return []byte("profile"), nil }
func (f *full) State() (otrshim.State, error) {
	return otrshim.State{Msg: "encrypted", Auth: "none", SMP: "expect1", Dake: "idle"}, nil
}
func (f *full) Ensemble() (client, prekey, message []byte, err error) {
	return []byte("a"), []byte("b"), []byte("c"), nil
}
func (f *full) Offline(client, prekey, message []byte) error {
	return f.say("offline %s %s %s", client, prekey, message)
}

func newFull(new otrshim.New) (otrshim.Endpoint, otrshim.Made, error) {
	f := &full{report: new.Report}
	now := "none"
	if new.Now != nil {
		now = fmt.Sprint(*new.Now)
	}
	_ = f.say("%s %s %s v4=%t %d %s %d %s %s %s %s %s %s", new.Endpoint, new.Account, new.Peer,
		new.Policy["v4"], new.Tag, new.Key, new.Fragment, new.Mode, new.SymH[:1], new.Forging[:1],
		now, new.Trusted[:1], new.KnownProfile)
	made := otrshim.Made{Fingerprint: make([]byte, 56), Tag: 257, Fingerprint3: make([]byte, 20)}
	return f, made, nil
}

func main() {
	otrshim.Serve(otrshim.Shim{
		Name: "full", Version: "1", Protocols: "2 3 4", MessageLimit: 1000,
		Capabilities: "%s",
		New: newFull,
		Clock: func(seconds int64) {},
		Reset: func() {},
		Extra: map[string]string{"x-note": "for people"},
	})
}
"""
).replace('"%s",\n\t\tNew', f'"{EVERYTHING}",\n\t\tNew')


def go_build(folder: Path, program: Path) -> str:
    """Compile a folder that is a module; the test is skipped where there is no Go."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed")
    environment = {
        **os.environ,
        "GO111MODULE": "on",
        "GOFLAGS": "-mod=mod",
        "GOWORK": "off",
        "GOPROXY": "off",
        "GOPATH": str(folder.parent / "gopath"),
        "CGO_ENABLED": "0",
    }
    command = [go, "build", "-o", str(program), "."]
    done = subprocess.run(  # noqa: S603 - the compiler, on our own sources
        command, cwd=folder, env=environment, capture_output=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr.decode()
    return str(program)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The template, compiled as it is."""
    place = tmp_path_factory.mktemp("go")
    shutil.copytree(SOURCES, place / "template")
    return go_build(place / "template", place / "shim")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A shim with every capability."""
    place = tmp_path_factory.mktemp("go")
    shutil.copytree(SOURCES, place / "full")
    (place / "full" / "template.go").unlink()
    (place / "full" / "toy.go").unlink()
    (place / "full" / "main.go").write_text(FULL, encoding="utf-8")
    return go_build(place / "full", place / "shim")


@pytest.fixture
def shim(full: str) -> Iterator[ShimProcess]:
    with ShimProcess([full]) as process:
        process.hello()
        yield process


@pytest.fixture
def alice(shim: ShimProcess) -> ShimProcess:
    """With an endpoint whose `new` had every field."""
    shim.new(
        "alice",
        account="a",
        peer="b",
        policy=[PolicyWord.V4, PolicyWord.V3],
        tag=4660,
        key=b"key",
        fragment=200,
        mode=OtrMode.STANDALONE,
        sym_h=b"s" * 57,
        forging=b"f" * 57,
        now=1_000_000,
        trusted=b"t" * 56,
        known_profile=b"known",
    )
    return shim


# ---- the template


def test_nothing_is_wrong_with_the_template_and_it_is_minimal(template: str) -> None:
    steps: list[str] = []

    findings = check_shim([template], told=steps.append, patience=0.02)

    assert findings == []
    assert steps[-6:-2] == ["texts in a private conversation", "end", "forget", "bye"]
    assert len((SOURCES / "template.go").read_text().splitlines()) <= 80


def test_the_sources_are_formatted_and_vetted(template: str, tmp_path: Path) -> None:
    assert template
    shutil.copytree(SOURCES, tmp_path / "go")
    formatter = shutil.which("gofmt") or "gofmt"
    assert run([formatter, "-l", str(tmp_path / "go")]).out == b""
    go = shutil.which("go") or "go"
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "CGO_ENABLED": "0"}
    done = subprocess.run(  # noqa: S603 - Go's own check, on our sources
        [go, "vet", "./..."],
        cwd=tmp_path / "go",
        env=environment,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, b"")


# ---- each request, through the helper and back


def test_the_helper_knows_every_request_and_event() -> None:
    requests = (SOURCES / "otrshim" / "requests.go").read_text()
    reporter = (SOURCES / "otrshim" / "reporter.go").read_text()

    for do, request in REQUESTS.items():
        assert f'"{do}":' in requests
        for field in request.fields:
            assert f'"{field.name}"' in requests, (do, field.name)
    for event in EVENTS:
        assert f'"{event}"' in reporter
    for word in PolicyWord:
        assert f"{word} " in requests or f'{word}"' in requests


def test_hello_says_what_the_shim_declares(full: str) -> None:
    with ShimProcess([full]) as shim:
        hello = shim.hello()

    assert (hello.name, hello.version, hello.message_limit) == ("full", "1", 1000)
    assert hello.versions == {2, 3, 4}
    assert set(hello.capabilities) == set(Capability)


def test_new_hands_over_every_field(alice: ShimProcess) -> None:
    told = alice.poll("alice").wires

    assert told == (b"alice a b v4=true 4660 key 200 standalone s f 1000000 t known", b"poll")


def test_each_request_reaches_the_method_of_its_name(alice: ShimProcess) -> None:
    alice.poll("alice")
    offline = PublishedEnsemble(b"a", b"b", b"c")

    assert alice.send("alice", b"hello").wires == (b"send hello to 0",)
    assert alice.send("alice", b"hello", to=300).wires == (b"send hello to 300",)
    assert alice.start("alice").wires == (b"start",)
    assert alice.start("alice", by=StartBy.IDENTITY).wires == (b"start by identity",)
    assert alice.smp_start("alice", b"s").wires == (b'smp s "" true',)
    assert alice.smp_start("alice", b"s", question=b"").wires == (b'smp s "" false',)
    assert alice.smp_answer("alice", b"s").wires == (b"answer s",)
    assert alice.smp_abort("alice").wires == (b"abort",)
    assert alice.extra_key("alice", 7, b"d").wires == (b"key 7 d",)
    assert alice.heartbeat("alice").wires == (b"heartbeat",)
    assert alice.profile("alice").profile == b"profile"
    assert alice.ensemble("alice") == offline
    assert alice.offline("alice", offline).wires == (b"offline a b c",)
    assert alice.end("alice").wires == (b"end 0",)
    state = alice.state("alice")
    assert (state.msgstate, state.authstate) == (MsgState.ENCRYPTED, AuthState.NONE)
    assert (state.smpstate, state.dakestate) == (SmpState.EXPECT1, DakeState.IDLE)
    alice.clock(60)
    assert alice.poll("alice").wires == (b"tick", b"poll")
    alice.forget("alice")
    with pytest.raises(ShimRefused, match="no-endpoint"):
        alice.poll("alice")
    alice.bye()


def test_each_event_is_one_of_the_protocol(alice: ShimProcess) -> None:
    alice.poll("alice")

    answer = alice.receive("alice", b"tell")

    assert {event.event for event in answer.events} == set(EVENTS)
    assert answer.wires == (b"<&>",)


def test_what_comes_from_the_background_is_in_the_next_answer(alice: ShimProcess) -> None:
    alice.poll("alice")

    events = alice.receive("alice", b"later").events

    assert [event.event for event in events] == ["heartbeat"]


# ---- what can go wrong


def test_an_error_of_the_implementation_follows_what_it_caused(alice: ShimProcess) -> None:
    alice.poll("alice")

    with pytest.raises(ShimRefused) as refused:
        alice.receive("alice", b"fail")
    with pytest.raises(ShimRefused) as unsupported:
        alice.receive("alice", b"cannot")
    with pytest.raises(ShimRefused, match="does not fit on a line") as too_long:
        alice.receive("alice", b"long")

    assert (refused.value.error, refused.value.detail) == (ErrorWord.REFUSED, "not today")
    assert [event.event for event in refused.value.events] == ["wire"]
    assert unsupported.value.error is ErrorWord.UNSUPPORTED
    assert too_long.value.error is ErrorWord.UNSUPPORTED
    assert alice.poll("alice").wires == (b"poll",)


def test_what_is_printed_is_no_answer(alice: ShimProcess) -> None:
    alice.poll("alice")

    assert alice.receive("alice", b"print").events == ()


def test_a_panic_is_a_crash(alice: ShimProcess) -> None:
    with pytest.raises(ShimCrash):
        alice.receive("alice", b"panic")


def test_what_is_not_declared_is_unsupported(template: str) -> None:
    beyond = [request.do for request in REQUESTS.values() if request.capability is not None]
    asked = [json.dumps({"id": 1, "do": do.word, "endpoint": "alice"}).encode() for do in beyond]

    answers = exchange(template, *asked)

    assert len(answers) > len(Capability) / 2
    assert {final["error"] for _, final in answers} == {"unsupported"}


@pytest.mark.parametrize(
    ("line", "number", "error"),
    [
        (b"", 0, "bad-request"),
        (b"[1]", 0, "bad-request"),
        (b'{"id": 7, "do": "poll"} ?', 0, "bad-request"),
        (b'{"id": 7, "do": "poll", "endpoint": {}}', 0, "bad-request"),
        (b'{"id": 7, "do": "poll", "endpoint": 1}', 7, "bad-request"),
        (b'{"id": 7, "do": "poll"}', 7, "bad-request"),
        (b'{"id": 7}', 7, "bad-request"),
        (b'{"id": "7", "do": "poll"}', 0, "bad-request"),
        (b'{"id": -7, "do": "poll", "endpoint": "nobody"}', 0, "bad-request"),
        (b'{"id": 7, "do": "dance"}', 7, "unsupported"),
        (b'{"id": 7, "do": "hello", "protocol": 2}', 7, "unsupported"),
        (b'{"id": 7, "do": "poll", "endpoint": "nobody"}', 7, "no-endpoint"),
        (b'{"id": 7, "do": "poll", "endpoint": "no body"}', 7, "unsupported"),
        (b'{"id": 7, "do": "poll", "endpoint": "nobody", "colour": ""}', 7, "unsupported"),
        (b'{"id": 7, "do": "poll", "endpoint": "nobody", "x-colour": ""}', 7, "no-endpoint"),
        (b'{"id": 7, "do": "clock", "seconds": -1}', 7, "unsupported"),
        (b'{"id": 7, "do": "receive", "endpoint": "nobody", "wire": "A"}', 7, "bad-request"),
        (b'{"id": 7, "do": "receive", "endpoint": "nobody", "wire": "AA=\\n="}', 7, "bad-request"),
        (b'{"id": 7, "do": "poll", "endpoint": "' + b"x" * 1_048_576 + b'"}', 0, "bad-request"),
    ],
)
def test_a_request_that_is_not_one_is_answered_and_nothing_breaks(
    full: str, line: bytes, number: int, error: str
) -> None:
    (events, final), (_, after) = exchange(full, line, b'{"id": 8, "do": "hello", "protocol": 1}')

    assert events == []
    assert (final["re"], final["end"], final["error"]) == (number, "error", error)
    assert (after["re"], after["end"]) == (8, "ok")


def test_a_name_in_use_is_a_bad_request(alice: ShimProcess) -> None:
    with pytest.raises(ShimRefused, match="bad-request"):
        alice.request_anyway(
            {
                "do": "new",
                "endpoint": "alice",
                "account": "a",
                "peer": "b",
                "policy": "v3",
                "sym-h": "AA==",
                "forging": "AA==",
                "trusted": "AA==",
            }
        )


def test_the_longest_line_is_read(full: str) -> None:
    text = base64.b64encode(bytes(3 * 262_000))
    line = b'{"id": 7, "do": "receive", "endpoint": "nobody", "wire": "' + text + b'"}'
    assert 1_047_000 < len(line) <= 1_048_576

    [(_, final)] = exchange(full, line)

    assert (final["re"], final["error"]) == (7, "no-endpoint")


def exchange(program: str, *lines: bytes) -> list[tuple[list[object], dict[str, object]]]:
    """The answers to lines, each as event lines and final line."""
    done = run([program], given=b"".join(line + b"\n" for line in lines), seconds=30)
    assert done.status == 0, done.err
    answers: list[tuple[list[object], dict[str, object]]] = []
    events: list[object] = []
    for line in done.out.splitlines():
        parsed = json.loads(line)
        if "end" in parsed:
            answers.append((events, parsed))
            events = []
        else:
            events.append(parsed)
    return answers


def flat(line: bytes) -> bool:
    """Whether Python's parser sees a flat object of the shim protocol."""

    def refuse(_: object) -> None:
        raise ValueError

    def pairs(found: list[tuple[str, object]]) -> dict[str, object]:
        if len(dict(found)) != len(found):
            raise ValueError
        return dict(found)

    try:
        parsed = json.loads(
            line.decode(), object_pairs_hook=pairs, parse_float=refuse, parse_constant=refuse
        )
        return isinstance(parsed, dict) and all(
            name.encode() is not None
            and (
                (isinstance(value, str) and value.encode() is not None)
                or (type(value) is int and -(1 << 63) <= value < 1 << 63)
            )
            for name, value in parsed.items()
        )
    except (ValueError, RecursionError):  # UnicodeError is a ValueError
        return False


NAMES = st.text(max_size=5)
VALUES = st.one_of(
    st.text(max_size=8),
    st.integers(),
    st.integers(-(1 << 63) - 2, (1 << 63) + 2),
    st.booleans(),
    st.none(),
    st.floats(),
    st.lists(st.integers(), max_size=2),
)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """JSON objects, flat or nearly, written in several ways and sometimes damaged."""
    written = json.dumps(
        draw(st.dictionaries(NAMES, VALUES, max_size=4)),
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([None, (",", ":"), (" , ", "\t:\r")])),
    ).encode("utf-8", "surrogatepass")
    if draw(st.booleans()):
        at = draw(st.integers(0, len(written)))
        length = draw(st.integers(0, 3))
        noise = draw(
            st.sampled_from([b"", b"\\u0041", b"\\ud83d", b'"', b"\xc3", b"0", b"-", b"{", b","])
        )
        written = written[:at] + noise + written[at + length :]
    return written.replace(b"\n", b"")


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(many=st.lists(lines(), min_size=40, max_size=40))
@example(
    many=[
        b'{"a": 9223372036854775807, "b": -9223372036854775808}',
        b'{"a": 9223372036854775808}',
        b'{"a": "\\ud83d\\ude00\\u00e9\\/"}',
        b'{"a": "\\ud83d"}',
        b'{"a": "\\ude00"}',
        b'{"a": "\\\\ud83d"}',
        b'{"a": "\\ud83d\\\\ude00"}',
        b'{"a": 1, "a": 1}',
        b'{"a": 01}',
        b'{"a": 1e2}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\\u0000", "\\u0000": 1}',
    ]
)
def test_the_parser_takes_flat_objects_and_nothing_else(full: str, many: list[bytes]) -> None:
    answers = exchange(full, *many)

    assert len(answers) == len(many)
    for line, (events, final) in zip(many, answers, strict=True):
        assert events == []
        assert final["error"] == "bad-request"
        understood = str(final["detail"]).startswith(("id: missing", "do: missing"))
        assert understood == flat(line), line
