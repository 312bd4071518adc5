"""Two targets talk: every conversation, the monitor between them, and whom it convicts.

Wrong endpoints are made of the reference, in this process: each does one thing that it should not.
Where only its peer can notice that, the peer is taken for a stranger as well, so that the judge has
to find out who is to blame.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from otr_conformance.cli import main
from otr_conformance.interop import known, wires
from otr_conformance.interop.judge import SOMETIMES, TOGETHER, Judge, Outcome, Seated
from otr_conformance.interop.known import Entry
from otr_conformance.interop.meeting import ALICE, BOB
from otr_conformance.interop.pairs import Endpoint, Pair, Plan, Played, plans
from otr_conformance.interop.rules import AnyRules, Seat, rules_of
from otr_conformance.interop.scripts import SCRIPTS
from otr_conformance.interop.wires import CHECKS, Identity, Watch3, Watch4
from otr_conformance.otrv3.labs import RealLab as RealLab3
from otr_conformance.peers.registry import peer
from otr_conformance.play.case import Level
from otr_conformance.play.stage import AnyParty, Reaction, Report
from otr_conformance.play.watch import LEAST
from otr_conformance.shim.errors import ShimCrash
from otr_conformance.shim.vocabulary import Capability
from otr_conformance.targets import Target, find
from otr_conformance.verdict import ExitCode, Verdict
from otr_model.kernel.variant import Falsify, Variant
from otr_model.otrv3.conditions import Check
from otr_reference.errors import Malformed
from otr_reference.otrv3.commands import SendText
from otr_reference.otrv3.messages import DataMessage
from otr_reference.otrv4.messages import DataMessage as DataMessage4

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

WRONG = Path(__file__).parent / "miniatures" / "wrong_reference.py"
TEMPLATE = Path(__file__).parents[1] / "otr_conformance" / "shims" / "template_python.py"
EVERYBODY = [(name, version) for name, s in SCRIPTS.items() for version in s.versions]


def judged(
    script: str, version: int, alice: Seated | None = None, bob: Seated | None = None
) -> Outcome:
    """What comes of a script; nobody at a place: the reference."""
    played = SCRIPTS[script]
    seats = {
        who: Seat(who, frozenset({version}), needs.policy, needs.largest)
        for who, needs in played.needs.items()
    }
    return Judge(rules_of(version), played, seats, {ALICE: alice, BOB: bob}).outcome()


def stranger(rules: AnyRules, seat: Seat) -> AnyParty:
    """The reference, but the judge does not know that it is."""
    return rules.reference(rules.real, seat)


def wrong(make: Callable[[AnyParty], None]) -> Seated:
    """The reference, changed."""

    def seated(rules: AnyRules, seat: Seat) -> AnyParty:
        party = rules.reference(rules.real, seat)
        make(party)
        return party

    return seated


def says_in_the_clear(party: Any) -> None:
    """Texts are sent as they are typed, from the second on."""
    command, typed = party.command, []

    def leaking(given: Any) -> Reaction:
        if isinstance(given, SendText):
            typed.append(given)
            if len(typed) > 1:
                return Reaction((party.lab.to_network(party.lab.suite.to_bytes(given.text)),))
        reaction: Reaction = command(given)
        return reaction

    party.command = leaking


def repeats_a_counter(party: Any) -> None:
    """After each text, everything is as before it."""
    command = party.command

    def forgetful(given: Any) -> Reaction:
        before = party.conversation
        reaction: Reaction = command(given)
        if isinstance(given, SendText):
            party.conversation = before
        return reaction

    party.command = forgetful


def answers_nothing(party: Any) -> None:
    """Nothing that arrives is answered."""
    party.receive = lambda _wire: Reaction()


def reads_nothing(party: Any) -> None:
    """No text is shown."""
    receive = party.receive

    def blind(wire: Any) -> Reaction:
        reaction: Reaction = receive(wire)
        return replace(reaction, reports=tuple(r for r in reaction.reports if r.what != "message"))

    party.receive = blind


def calls_itself_another(party: Any) -> None:
    """It states another fingerprint than that of its key."""
    party.identity.fingerprint = bytes(20)


def authenticates_badly(rules: AnyRules, seat: Seat) -> AnyParty:
    """The MAC of each Data Message is wrong."""
    variant = Variant("wrong MAC", "", (Falsify(Check.DATA_MAC),))
    return rules.reference(rules.real, seat, variant)


# Two references.


@cache
def honest(script: str, version: int) -> Outcome:
    """What comes of a script that two references play."""
    return judged(script, version)


@pytest.mark.parametrize(("script", "version"), EVERYBODY)
def test_two_references_do_what_the_tables_say(script: str, version: int) -> None:
    outcome = honest(script, version)

    assert outcome.violations == ()
    assert outcome.verdict is Verdict.PASS
    assert outcome.log


def test_every_script_has_a_description_and_does_something_of_its_own() -> None:
    for script in SCRIPTS.values():
        assert script.about.endswith("."), script.name
    logs = [honest(script, 3).log for script, s in SCRIPTS.items() if 3 in s.versions]

    assert len(set(logs)) == len(logs) - 1  # `versions` is `query` where one version is allowed


# Wrong endpoints.


class Fault(NamedTuple):
    """Something that an endpoint does wrong, and what is to be found of it."""

    script: str
    make: Callable[[AnyParty], None]
    places: tuple[str, ...]
    check: str
    says: str


FAULTS = [
    Fault("end", says_in_the_clear, (ALICE, BOB), "plaintext", "typed in a private conversation"),
    Fault("late-text", repeats_a_counter, (ALICE,), "counter", "with counter 1 after 1"),
    Fault("query", answers_nothing, (ALICE,), "", "it sent no D-H Key v3"),
    Fault("query", answers_nothing, (BOB,), "", "it sent no D-H Commit v3"),
    Fault("query", reads_nothing, (ALICE, BOB), "", "its user was told no message private"),
]


@pytest.mark.parametrize("opposite", [None, stranger], ids=["reference", "stranger"])
@pytest.mark.parametrize("fault", FAULTS, ids=[f"{f.make.__name__}-{f.script}" for f in FAULTS])
def test_who_does_wrong_is_convicted(opposite: Seated | None, fault: Fault) -> None:
    for who in fault.places:
        seated = {ALICE: opposite, BOB: opposite} | {who: wrong(fault.make)}
        outcome = judged(fault.script, 3, seated[ALICE], seated[BOB])

        assert outcome.verdict is Verdict.FAIL
        assert {violation.who for violation in outcome.violations} == {who}
        [violation] = [each for each in outcome.violations if each.check == fault.check]
        assert fault.says in violation.says
        assert violation.step


def test_a_side_is_convicted_of_what_only_its_peer_can_notice() -> None:
    outcome = judged("query", 3, authenticates_badly, stranger)

    [violation] = outcome.violations
    assert violation.who == ALICE
    assert violation.says == "its peer sent Error, which was not expected"
    assert violation.row == "otrv3.message:data.encrypted.data-valid.has-text"


def test_where_it_shows_rows_and_clauses_are_named() -> None:
    [violation] = judged("query", 3, None, wrong(answers_nothing)).violations

    assert violation.step == "everything is delivered"
    assert violation.row == "otrv3.ake:query-offer.none.offers-3"
    assert violation.clauses == ("receiving-query.version-3",)


def test_a_fingerprint_that_is_not_the_peers_is_seen_by_who_is_told() -> None:
    [violation] = judged("query", 3, wrong(calls_itself_another), None).violations

    assert (violation.who, violation.check) == (BOB, "fingerprint")


def deaf(times: Iterable[bool]) -> Seated:
    """The reference, which hears nothing in some plays."""
    left = iter(times)

    def seated(rules: AnyRules, seat: Seat) -> AnyParty:
        party = rules.reference(rules.real, seat)
        if next(left):
            answers_nothing(party)
        return party

    return seated


@pytest.mark.parametrize(
    ("times", "word"), [((True, False, True), TOGETHER), ((True, False, False), SOMETIMES)]
)
def test_what_does_not_happen_with_the_reference_is_said_to(
    times: tuple[bool, ...], word: str
) -> None:
    [violation] = judged("query", 3, stranger, deaf(times)).violations

    assert violation.who == BOB
    assert violation.when == word


def test_what_is_only_recommended_is_a_note() -> None:
    def no_heartbeats(party: Any) -> None:
        party.endpoint.config.heartbeat_interval = 1_000_000

    assert SCRIPTS["heartbeats"].level is Level.SHOULD
    outcome = judged("heartbeats", 3, None, wrong(no_heartbeats))

    assert outcome.verdict is Verdict.NOTE
    assert {each.who for each in outcome.violations} == {BOB}


def test_a_side_that_follows_the_letter_is_noted() -> None:
    ambiguity = "otrv3.ambiguity:unreadable-without-keys"
    variant = rules_of(3).grader.literal[ambiguity]

    def literal(rules: AnyRules, seat: Seat) -> AnyParty:
        return rules.reference(rules.real, seat, variant)

    for who in (ALICE, BOB):
        seated = {ALICE: stranger, BOB: stranger} | {who: literal}
        outcome = judged("ends-cross", 3, seated[ALICE], seated[BOB])

        assert outcome.verdict is Verdict.NOTE
        [violation] = outcome.violations
        assert (violation.who, violation.ambiguity) == (who, ambiguity)


def test_more_heartbeats_than_the_tables_have_are_let_pass() -> None:
    def eager(party: Any) -> None:
        party.endpoint.config.heartbeat_interval = 0

    for script in ("many-texts", "refresh", "lost-text"):
        assert judged(script, 3, None, wrong(eager)).violations == (), script


def test_the_shim_that_ends_is_the_one_that_is_named() -> None:
    def dying(party: Any) -> None:
        def receive(_wire: Any) -> Reaction:
            raise ShimCrash(status=1)

        party.receive = receive

    outcome = judged("query", 3, None, wrong(dying))

    assert outcome.verdict is Verdict.CRASH
    assert [each.who for each in outcome.violations] == [BOB]


# What the monitor finds by itself.


@cache
def overheard(version: int) -> tuple[Any, ...]:
    """Alice's Data Messages of one honest conversation."""
    found: list[Any] = []

    def listening(party: Any) -> None:
        command = party.command

        def told(given: Any) -> Reaction:
            reaction: Reaction = command(given)
            messages = (rules_of(version).real.suite.decode(wire) for wire in reaction.wires)
            found.extend(m for m in messages if isinstance(m, DataMessage | DataMessage4))
            return reaction

        party.command = told

    judged("many-texts", version, wrong(listening))
    return tuple(found)


def test_every_check_is_described() -> None:
    described = re.findall(r"^\| `(.*?)` \|", wires.__doc__ or "", re.MULTILINE)

    assert tuple(described) == CHECKS


def breaches(*messages: Any) -> list[str]:
    """What is found of messages that Alice sends one after the other."""
    version = 4 if isinstance(messages[0], DataMessage4) else 3
    watch = rules_of(version).watch({ALICE: Identity(b"", 0x1001), BOB: Identity(b"", 0x2002)})
    assert isinstance(watch, Watch3 | Watch4)
    for message in messages:
        watch.passed(ALICE, Reaction(), [message])
    return [each.check for each in watch.breaches]


def changed(message: Any, **fields: Any) -> Any:
    """A Data Message with other fields."""
    return replace(message, fields=replace(message.fields, **fields))


@pytest.mark.parametrize("version", [2, 3, 4])
def test_honest_messages_have_nothing_wrong_with_them(version: int) -> None:
    assert breaches(*overheard(version)) == []


def test_numbers_that_do_not_go_on_are_found() -> None:
    first, second = overheard(3)[:2]

    assert "counter" in breaches(first, first)
    assert breaches(first, changed(second, sender_keyid=second.fields.sender_keyid + 2)) == [
        "key-id"
    ]
    assert "key-id" in breaches(second, changed(first, sender_keyid=0))
    assert breaches(first, changed(second, next_dh=first.fields.next_dh)) == ["next-key"]
    assert breaches(overheard(4)[0], overheard(4)[0]) == ["message-id"]


@pytest.mark.parametrize("version", [3, 4])
def test_tags_of_others_are_found(version: int) -> None:
    message = overheard(version)[0]
    header = message.fields.header

    for other in ({"sender": 0x7777}, {"receiver": 0x7777}):
        assert breaches(changed(message, header=replace(header, **other))) == ["instance-tag"]


def test_mac_keys_that_become_public_too_often_or_of_ones_own_are_found() -> None:
    lab = rules_of(3).real
    assert isinstance(lab, RealLab3)
    revealing = next(m for m in overheard(3) if lab.revealed(m.revealed))
    later = overheard(3)[overheard(3).index(revealing) + 1]
    again = replace(later, revealed=revealing.revealed)
    [key, *_] = lab.revealed(revealing.revealed)
    own = replace(revealing, mac=lab.suite.data_mac(key, revealing.authenticated))

    assert breaches(revealing, again) == ["mac-key-twice"]
    assert "own-mac-key" in breaches(own)


def test_a_secret_is_found_within_base64_and_only_if_it_was_typed_in_private() -> None:
    lab = rules_of(3).real
    watch = rules_of(3).watch({ALICE: Identity(b""), BOB: Identity(b"")})
    wire = lab.wire("?OTR:" + "YSBzZWNyZXQ=" + ".")  # a secret
    watch.typed(ALICE, lab.text("a secret"))
    watch.passed(ALICE, Reaction((wire,)), [])
    assert watch.breaches == []

    watch.passed(ALICE, Reaction(reports=(Report("secure", "v3 00 True"),)), [])
    watch.typed(ALICE, lab.text("a secret"))
    watch.passed(ALICE, Reaction((wire,)), [])
    assert [each.check for each in watch.breaches] == ["plaintext"]

    watch.breaches.clear()
    watch.passed(ALICE, Reaction(reports=(Report("insecure"),)), [])
    watch.typed(ALICE, lab.text("a secret"))
    watch.passed(ALICE, Reaction((lab.wire("a secret"),)), [])
    assert watch.breaches == []


def test_a_text_that_may_be_in_a_message_by_chance_is_no_secret() -> None:
    lab = rules_of(3).real
    watch = rules_of(3).watch({ALICE: Identity(b""), BOB: Identity(b"")})
    watch.passed(ALICE, Reaction(reports=(Report("secure", "v3 00 True"),)), [])
    by_chance = lab.wire("?OTR:AAMDtwoAAAA=.")

    watch.typed(ALICE, lab.text("two"))
    watch.typed(ALICE, lab.text("x" * (LEAST - 1)))
    watch.passed(ALICE, Reaction((by_chance, lab.wire("x" * LEAST))), [])

    assert watch.breaches == []


@pytest.mark.parametrize(("script", "version"), EVERYBODY)
def test_whatever_is_typed_in_a_script_is_too_long_to_be_sent_by_chance(
    script: str, version: int
) -> None:
    steps = "\n".join(honest(script, version).log)
    typed = re.findall(r"^(?:alice|bob) types '(.*)'$", steps, re.MULTILINE)

    assert len(typed) == len(re.findall(r"^(?:alice|bob) types ", steps, re.MULTILINE))
    assert [text for text in typed if len(text) < LEAST] == []


# Pairs of targets.


def test_a_script_that_needs_more_than_a_target_has_is_not_played() -> None:
    toy = Target("toy", (sys.executable, str(TEMPLATE)))
    with Endpoint("toy", toy, 10) as one, Endpoint("reference", find("reference"), 10) as other:
        played = list(Pair(one, other).run(plans(["smp", "query"], [3, 4])))

    reasons = {(p.plan.name, p.alice): p.outcome.because for p in played}
    assert reasons["smp/v3", "toy"] == "toy lacks smp"
    assert reasons["query/v4", "reference"] == "toy does not speak version 4"
    verdicts = {p.alice: p.outcome for p in played if p.plan == Plan(SCRIPTS["query"], 3)}
    assert {name: o.verdict for name, o in verdicts.items()} == {
        "toy": Verdict.FAIL,
        "reference": Verdict.FAIL,
    }
    assert [v.who for o in verdicts.values() for v in o.violations] == [ALICE, BOB]


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "verdict"), [("leaks", Verdict.FAIL), ("dies", Verdict.CRASH)])
def test_a_wrong_shim_is_convicted_and_the_run_goes_on(fault: str, verdict: Verdict) -> None:
    wrong = Target("wrong", (sys.executable, str(WRONG), fault))
    with Endpoint("wrong", wrong, 4) as one, Endpoint("reference", find("reference"), 5) as other:
        played = list(Pair(one, other).run([Plan(SCRIPTS["query"], 3)]))

    assert [each.outcome.verdict for each in played] == [verdict] * 2
    assert {p.target(v.who) for p in played for v in p.outcome.violations} == {"wrong"}


def test_plans_are_chosen_by_script_and_version() -> None:
    assert [plan.name for plan in plans(["query", "versions"], [2, 3])] == [
        "query/v2",
        "query/v3",
        "versions/any",
    ]
    assert {plan.version for plan in plans()} == {0, 2, 3, 4}
    assert {plan.version for plan in plans(versions=[3])} == {3}


@pytest.mark.peer
@pytest.mark.parametrize(
    ("name", "version", "fails"),
    [("libotr", 3, {"both-ask"}), ("potr", 2, {"both-ask", "late-text"})],
)
def test_a_peer_talks_to_the_reference_and_deviates_as_it_is_known_to(
    name: str, version: int, fails: set[str]
) -> None:
    if peer(name).module.locate() is None:
        pytest.skip(f"otrspec peer install {name}")
    entries = known.read()
    chosen = ("query", "both-ask", "many-texts", "refresh", "end", "smp", "late-text")
    with Endpoint(name, find(name), 10) as one, Endpoint("us", find("reference"), 10) as other:
        played = list(Pair(one, other).run(plans(chosen, [version])))

    assert [p.plan.name for p in played if not known.expected(entries, p)] == []
    failed = {p.plan.script.name for p in played if p.outcome.verdict is Verdict.FAIL}
    assert {v.check for p in played for v in p.outcome.violations} <= {""}
    assert failed == fails
    assert all(entries[name, script].finding for script in fails)
    assert {p.target(v.who) for p in played for v in p.outcome.violations} == {name}


# What is known.


def test_what_does_not_happen_every_time_may_be_known_of_either_side() -> None:
    outcome = judged("query", 3, None, deaf((True,)))
    [violation] = outcome.violations
    played = Played(Plan(SCRIPTS["query"], 3), "one", "other", outcome, 0.0)
    random = replace(violation, when=SOMETIMES)
    entries = {("one", known.RANDOM): Entry("x"), ("other", "query"): Entry("y")}

    assert known.entry_of(entries, played, violation) == Entry("y")
    assert known.entry_of(entries, played, random) == Entry("x")
    assert known.entry_of({("other", "query"): Entry("y")}, played, random) is None
    assert known.expected(entries, played)
    assert not known.expected({}, played)


def test_known_deviations_name_pages_that_exist() -> None:
    findings = Path(__file__).parents[2] / "docs" / "findings"

    for (target, _), entry in known.read().items():
        assert isinstance(entry, Entry)
        assert not entry.finding or (findings / f"{entry.finding}.md").exists(), target


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[potr.tea]\nbecause = 'x'", "no such script or check"),
        ("[potr.query]\nfinding = 'x'", "needs because"),
        ("[potr", "Expected"),
    ],
)
def test_a_wrong_file_of_what_is_known_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "known.toml"
    file.write_text(text)

    with pytest.raises(Malformed, match=reason):
        known.read(file)


# The command.


def test_the_document_says_who_did_what(capsys: pytest.CaptureFixture[str]) -> None:
    toy = f"{sys.executable} {TEMPLATE}"
    arguments = ["interop", "reference", toy, "--script", "query", "--script", "smp"]

    assert main([*arguments, "--version", "3", "--json", "--trace"]) == ExitCode.UNEXPECTED
    document = json.loads(capsys.readouterr().out)

    assert document["exit"] == 1
    assert [each["target"] for each in document["targets"]] == ["reference", toy]
    assert document["targets"][1]["versions"] == [2, 3]
    [pair] = document["pairs"]
    assert (pair["one"], pair["other"], pair["unexpected"]) == ("reference", toy, 2)
    assert (pair["counts"]["fail"], pair["counts"]["unsupported"]) == (2, 2)
    first = document["results"][0]
    assert (first["script"], first["version"], first["verdict"]) == ("query", 3, "fail")
    assert (first["expected"], first["log"] != []) == (False, True)
    [violation] = first["violations"]
    assert (violation["who"], violation["target"]) == ("bob", toy)
    assert violation["row"].startswith("otrv3.ake:query")


@pytest.mark.parametrize("width", [80, 40])
def test_the_matrix_fits_on_the_page(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    toy = f"{sys.executable} {TEMPLATE}"
    wanted = ["--script", "query", "--version", "3"]

    assert main(["interop", "--matrix", "reference", toy, *wanted]) == ExitCode.UNEXPECTED
    lines = capsys.readouterr().out.splitlines()

    python = Path(sys.executable).name
    number = [] if width == 80 else ["1"]
    heads = ["reference", python, TEMPLATE.name] if width == 80 else ["1", "2"]
    assert lines[0].split() == heads
    assert lines[1].split() == [*number, "reference", "1/1", "0/2!"]
    assert lines[2].split()[-2:] == ["0/2!", "0/1!"]
    assert max(map(len, lines[:3])) <= width
    assert any(line.startswith(f"fail  {python} {TEMPLATE.name}: ") for line in lines)
    assert any("as bob in query/v3, with reference" in line for line in lines)
    assert lines[-1] == "3 are not as expected."


def test_two_that_get_on_are_as_expected(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["--script", "query", "--version", "2", "--all"]

    assert main(["interop", "reference", "reference", *wanted]) == ExitCode.EXPECTED
    out = capsys.readouterr().out

    assert "query/v2  reference and reference" in out
    assert out.endswith("Everything is as expected.\n")


@pytest.mark.parametrize("matrix", [[], ["--matrix"]], ids=["pair", "matrix"])
def test_an_interrupted_run_shows_what_it_saw_and_says_that_it_is_not_whole(
    matrix: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = Pair.run

    def begun(pair: Pair, planned: Iterable[Plan]) -> Iterator[Played]:
        yield next(whole(pair, planned))
        raise KeyboardInterrupt

    monkeypatch.setattr(Pair, "run", begun)
    wanted = ["interop", "reference", "reference", *matrix, "--script", "query"]

    assert main(wanted) == 130
    out, err = capsys.readouterr()
    assert err == "otrspec: interrupted after 1 of 3 conversations\n"
    assert "1 conversation in " in out
    assert " ".join(out.split()).endswith(
        "Interrupted after 1 of 3 conversations: of what was not played, nothing is known."
    )
    assert "as expected" not in out

    assert main([*wanted, "--json"]) == 130
    document = json.loads(capsys.readouterr().out)
    assert (document["exit"], document["interrupted"]) == (130, True)
    assert len(document["results"]) == 1


def test_the_scripts_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["interop", "--list", "--json"]) == ExitCode.EXPECTED
    listed = {each["script"]: each for each in json.loads(capsys.readouterr().out)}
    assert main(["interop", "--list"]) == ExitCode.EXPECTED

    assert set(listed) == set(SCRIPTS)
    assert listed["fragments"]["needs"] == {"alice": "fragment", "bob": "fragment"}
    assert Capability.POLICY.word in listed["text-first"]["needs"]["alice"]
    assert all(name in capsys.readouterr().out for name in ["query"])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["reference"], "who talks to reference?"),
        (["reference", "reference", "reference"], "name two, or ask for --matrix"),
        (["reference", "python3", "shim.py"], "the command of a shim is one argument, in quotes"),
        (["reference", "reference", "--script", "quarry"], "did you mean query"),
        (
            ["reference", "reference", "--script", "extra-key", "--version", "2"],
            "no script is left",
        ),
        (["reference", "no-such-shim-at-all"], "no such target or peer"),
    ],
)
def test_misuse_is_said_in_one_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["interop", *arguments]) == ExitCode.MISUSE

    captured = capsys.readouterr()
    assert captured.out == ""
    assert complaint in captured.err
    assert captured.err.count("\n") == 1
