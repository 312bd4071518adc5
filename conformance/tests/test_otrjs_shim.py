"""otr.js's shim: what it says on its two pipes, what otr.js does behind it, how it is installed."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from otr_conformance.peers import PeerUnavailable, otrjs, packages
from otr_conformance.protocols import DEFAULT
from otr_conformance.runner import Runner
from otr_conformance.shim.check import check_shim
from otr_conformance.shim.client import ShimProcess
from otr_conformance.shim.errors import ShimRefused
from otr_conformance.shim.keys import write_preset_key
from otr_conformance.shim.protocol import (
    Answer,
    ErrorWord,
    ExtraKeyEvent,
    FinishedEvent,
    InsecureEvent,
    MessageEvent,
    MsgState,
    PolicyWord,
    ResentEvent,
    SecureEvent,
    SmpState,
    WarningAbout,
    WarningEvent,
)
from otr_conformance.targets import Target
from otr_conformance.verdict import Verdict
from otr_reference.keys import dsa

pytestmark = pytest.mark.peer

PEERS = {"alice": "bob", "bob": "alice"}
KEYS = {name: write_preset_key(dsa.generate()) for name in PEERS}


@pytest.fixture(scope="module")
def program() -> list[str]:
    if otrjs.locate() is None:
        try:
            otrjs.install(lambda _: None)
        except PeerUnavailable as reason:
            pytest.skip(str(reason))
    return otrjs.command()


@pytest.fixture(scope="module")
def shim(program: list[str]) -> Iterator[ShimProcess]:
    with ShimProcess(program) as process:
        process.hello()
        yield process


class Talk:
    """Alice and Bob, both otr.js, and a network that delivers at once."""

    def __init__(self, shim: ShimProcess, *words: PolicyWord, fragment: int | None = None) -> None:
        self.shim = shim
        self.wires: list[bytes] = []
        self.seen: dict[str, list[object]] = {name: [] for name in PEERS}
        shim.reset()
        for name, peer in PEERS.items():
            shim.new(
                name,
                account=name,
                peer=peer,
                policy=words or (PolicyWord.V3,),
                key=KEYS[name],
                fragment=fragment,
            )

    def do(self, name: str, answer: Answer) -> None:
        """Carry what an endpoint sent, and what comes of it."""
        self.seen[name] += [event for event in answer.events if not hasattr(event, "wire")]
        for wire in answer.wires:
            self.wires.append(wire)
            self.do(PEERS[name], self.shim.receive(PEERS[name], wire))

    def of(self, name: str, kind: type) -> list[object]:
        """What an endpoint's user was told."""
        return [event for event in self.seen[name] if isinstance(event, kind)]

    def private(self) -> "Talk":
        """Run the AKE, and forget that it happened."""
        self.do("alice", self.shim.start("alice"))
        assert self.of("alice", SecureEvent)
        assert self.of("bob", SecureEvent)
        self.wires.clear()
        for events in self.seen.values():
            events.clear()
        return self


def refused(error: ErrorWord, detail: str) -> "pytest.RaisesContext[ShimRefused]":
    """What a request is answered with that is not carried out."""
    return pytest.raises(ShimRefused, match=f"(?s){error.word}.*{detail}")


# The shim.


def test_nothing_is_wrong_with_the_shim_but_that_otrjs_does_not_tell_the_use_of_a_key(
    program: list[str],
) -> None:
    findings = check_shim(program)

    assert [(each.step, each.expected) for each in findings] == [
        ("extra-key", "one extra-key at bob: received, use 7, data b'data'")
    ]


def test_it_says_what_it_can_do(shim: ShimProcess) -> None:
    hello = shim.hello()

    assert (hello.name, hello.version, hello.versions) == ("otr.js", "0.2.16", {2, 3})
    assert hello.message_limit == 393216


@pytest.mark.parametrize("version", [PolicyWord.V2, PolicyWord.V3])
def test_a_conversation_from_its_beginning_to_its_end(
    shim: ShimProcess, version: PolicyWord
) -> None:
    talk = Talk(shim, version).private()

    talk.do("alice", shim.send("alice", "Grüße".encode()))
    talk.do("bob", shim.send("bob", b"the same to you"))
    assert talk.of("bob", MessageEvent) == [MessageEvent("Grüße".encode(), secure=True)]
    assert talk.of("alice", MessageEvent) == [MessageEvent(b"the same to you", secure=True)]
    assert shim.state("bob").msgstate is MsgState.ENCRYPTED

    talk.do("alice", shim.end("alice"))
    assert talk.of("alice", InsecureEvent)
    assert talk.of("bob", FinishedEvent)
    assert shim.state("bob").msgstate is MsgState.FINISHED

    talk.do("bob", shim.send("bob", b"are you there?"))
    assert WarningEvent(WarningAbout.NOT_SENT) in talk.seen["bob"]


def test_a_text_that_waited_is_reported_when_it_is_sent(shim: ShimProcess) -> None:
    talk = Talk(shim, PolicyWord.V3, PolicyWord.REQUIRE_ENCRYPTION)

    talk.do("alice", shim.send("alice", b"for your eyes only"))

    assert talk.of("alice", ResentEvent) == [ResentEvent(b"for your eyes only")]
    assert talk.of("bob", MessageEvent) == [MessageEvent(b"for your eyes only", secure=True)]


def test_fragments_are_no_longer_than_was_asked(shim: ShimProcess) -> None:
    talk = Talk(shim, fragment=200).private()

    talk.do("alice", shim.send("alice", b"long " * 200))

    assert talk.of("bob", MessageEvent) == [MessageEvent(b"long " * 200, secure=True)]
    assert len(talk.wires) > 5
    assert max(map(len, talk.wires)) <= 200
    with refused(ErrorWord.UNSUPPORTED, "more than 36"):
        Talk(shim, fragment=36)


def test_what_otrjs_cannot_take_is_unsupported(shim: ShimProcess) -> None:
    Talk(shim).private()

    with refused(ErrorWord.UNSUPPORTED, "NUL"):
        shim.send("alice", b"a\0b")
    with refused(ErrorWord.UNSUPPORTED, "not UTF-8"):
        shim.receive("alice", b"\xff")
    with refused(ErrorWord.UNSUPPORTED, "name of a file"):
        shim.extra_key("alice", 1, b"")
    with refused(ErrorWord.UNSUPPORTED, "not a DSA key"):
        shim.new(
            "carol", account="carol", peer="bob", policy=(PolicyWord.V3,), key=KEYS["bob"][:-1]
        )


def test_what_otrjs_refuses_is_refused(shim: ShimProcess) -> None:
    talk = Talk(shim)
    with refused(ErrorWord.REFUSED, "encrypted for SMP"):
        shim.smp_start("alice", b"secret")

    talk.private()
    with refused(ErrorWord.REFUSED, "Secret is required"):
        shim.smp_start("alice", b"")


def test_what_otrjs_throws_is_refused_and_the_shim_goes_on(shim: ShimProcess) -> None:
    talk = Talk(shim, PolicyWord.V2)
    shim.receive("bob", b"?OTRv2?")
    shim.receive("bob", b"?OTR:AAIKAAAAAQE=.")  # a D-H Key Message whose key is 1

    with refused(ErrorWord.REFUSED, "otr.js threw TypeError"):
        shim.receive("bob", b"?OTR:AAISAAAAAA==.")  # a Signature Message of nobody's

    talk.do("bob", shim.send("bob", b"still here"))
    assert talk.of("alice", MessageEvent) == [MessageEvent(b"still here", secure=False)]


def test_smp_is_not_answered_unasked(shim: ShimProcess) -> None:
    talk = Talk(shim).private()

    talk.do("alice", shim.smp_answer("alice", b"secret"))
    assert talk.wires == []

    talk.do("alice", shim.smp_start("alice", b"secret"))
    assert shim.state("bob").smpstate is SmpState.EXPECT1
    assert shim.state("alice").smpstate is SmpState.EXPECT2


def test_an_extra_key_is_a_file_to_whoever_receives_it(shim: ShimProcess) -> None:
    talk = Talk(shim).private()

    for use in (1, 7):
        talk.do("alice", shim.extra_key("alice", use, b"name"))

    sent, received = talk.of("alice", ExtraKeyEvent), talk.of("bob", ExtraKeyEvent)
    assert [event.use for event in sent if isinstance(event, ExtraKeyEvent)] == [1, 7]
    assert [event.use for event in received if isinstance(event, ExtraKeyEvent)] == [1, 1]
    assert len({event.key for event in sent + received if isinstance(event, ExtraKeyEvent)}) == 1


# Its random numbers.


def exchange(program: list[str], *seed: str) -> list[bytes]:
    """The messages of an AKE and of a text, with one seed."""
    with ShimProcess([*program, *seed]) as shim:
        talk = Talk(shim)
        talk.do("alice", shim.start("alice"))
        talk.do("alice", shim.send("alice", b"hello"))
    return talk.wires


def test_random_numbers_are_made_of_the_seed_and_of_the_endpoint(program: list[str]) -> None:
    first = exchange(program)

    assert exchange(program, "77") == first
    assert not set(exchange(program, "1")[1:]) & set(first)
    assert len(set(first)) == len(first)


@pytest.mark.parametrize(
    ("seed", "verdict"), [([], Verdict.PASS), (["4"], Verdict.PASS), (["5"], Verdict.FAIL)]
)
def test_one_handshake_of_sixteen_fails_as_its_page_says(
    program: list[str], seed: list[str], verdict: Verdict
) -> None:
    case = DEFAULT.suite.cases["otrv3.case:life.started-by-tester"]
    with Runner(Target("otrjs", (*program, *seed))) as runner:
        result = runner.run_case(case)

    assert result.verdict is verdict


POWERS = """
import {{ createRequire }} from 'node:module'
import {{ powersModulo }} from '{powers}'

const require = createRequire('{library}/')
const numbers = require('./vendor/bigint.js')
const {{ N }} = require('./lib/const.js')
const own = numbers.powMod
const power = powersModulo(numbers, N)

const of = (digits) => numbers.str2bigInt(digits, 16)
const n = of(N)
const less = (k) => numbers.sub(n, of(k))
const random = (bits) => numbers.randBigInt(bits)
const digits = ['0', '1', 'ff', 'f'.repeat(39), 'f'.repeat(40), '1' + '0'.repeat(80)]
const bases = ['0', '1', '2', '3'].map(of).concat(['1', '2', '3'].map(less), [n, random(1500)])
const exponents = digits.map(of).concat([random(1536), random(320), less('1')])
const same = (...numbers_) => numbers.equals(power(...numbers_), own(...numbers_))

const found = bases.flatMap((base) => exponents.map((exponent) => same(base, exponent, n)))
console.log(JSON.stringify([...found, same(bases[3], exponents[5], of('10001'))]))
"""


@pytest.mark.slow
def test_powers_by_openssl_are_those_of_otrjs(program: list[str], tmp_path: Path) -> None:
    library = Path(program[0]).parent / "node_modules" / "otr"
    script = tmp_path / "powers.mjs"
    script.write_text(
        POWERS.format(powers=(otrjs.SOURCES / "powers.mjs").as_uri(), library=library)
    )

    done = subprocess.run(  # noqa: S603 - the text above
        [str(shutil.which("node")), str(script)], capture_output=True, check=False
    )

    assert done.stderr == b""
    assert json.loads(done.stdout) == [True] * (9 * 9 + 1)


# Its installation.


def test_installing_twice_fetches_once(program: list[str]) -> None:
    told: list[str] = []

    peer = otrjs.install(told.append)

    assert list(peer.command) == program
    assert (peer.name, peer.version) == ("otrjs", "0.2.16")
    assert told == [f"otr.js 0.2.16: {program[0]}"]


def test_nothing_is_there_before_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert otrjs.locate() is None
    with pytest.raises(PeerUnavailable, match="run: otrspec peer install otrjs"):
        otrjs.command()


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ({}, "^node and npm missing; run as root: apt-get install -y nodejs npm$"),
        ({"node": "echo v20.1.0"}, "^npm missing; run as root: apt-get install -y nodejs npm$"),
        ({"node": "echo v12.22.9", "npm": "false"}, "needs Node 18 or later, and this is v12.22.9"),
        (
            {"node": "echo v20.1.0", "npm": "echo npm error E404 >&2; exit 1"},
            "otr.js: npm error E404",
        ),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: dict[str, str], told: str
) -> None:
    for name, script in there.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(otrjs, "may_install", lambda: False)
    assert packages.may_install is not otrjs.may_install

    with pytest.raises(PeerUnavailable, match=told):
        otrjs.install(lambda _: None)

    assert otrjs.locate() is None
    assert list(tmp_path.glob("cache/**/otrjs-shim")) == []
