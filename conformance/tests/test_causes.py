"""Every entry about libotr and potr is of the cause that its page states.

A page says what a peer does, and so what has to happen in a case for that to show. Here this is
looked for in what the tables predict: which rows are taken, in which order. An entry whose case has
nothing of the kind is an entry under the wrong page. Where the peer is installed its first
difference is looked at, too: it may not come before its cause.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

from otr_conformance import expectations
from otr_conformance.fuzz import known
from otr_conformance.otrv3.grade import predict
from otr_conformance.otrv3.labs import RealLab, TermLab
from otr_conformance.otrv3.suite import SUITE
from otr_conformance.peers import PeerUnavailable
from otr_conformance.peers.registry import peer
from otr_conformance.play.grade import Played, Result
from otr_conformance.runner import Runner
from otr_conformance.targets import find
from otr_model.documents import parse_toml
from otr_model.kernel.variant import NONE, Variant
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.variants import LITERAL
from otr_model.otrv3.words import Auth
from otr_model.trace import Fired

FINDINGS = Path(__file__).parents[2] / "docs" / "findings"
CASES = SUITE.cases
PAGES = {"libotr": "libotr 4.1.1", "potr": "potr 1.0.2, on the suite's cryptography"}
"""The peers, and what their pages say was looked at."""
ENTRIES = {name: expectations.read(peer(name).expectations, CASES).entries for name in PAGES}
GOES_TO = {row.id: row.goto for row in OTRV3.rows()}
MOST_INSTANCES = {p.name: p.value for p in OTRV3.parameters}["max_instances"]
FEW = 5
NEVER = -1
Cause = Callable[[Played], int]
"""Looks for what a page is about: the step in which the last of it happens, or NEVER."""


@cache
def terms() -> TermLab:
    """What most cases are predicted in."""
    return TermLab()


@cache
def predicted(name: str, variant: Variant = NONE) -> Played:
    """What the tables say that a target does in a case."""
    case = CASES[name]
    return predict(case, terms() if case.cast.versions else RealLab(), variant)


def seen_in(name: str, look: Cause) -> Played:
    """The case as it is predicted; to the letter of an ambiguity, where the cause shows only so."""
    readings = (predicted(name, variant) for variant in (NONE, *LITERAL.values()))
    return next((play for play in readings if look(play) != NEVER), predicted(name))


def steps_of(play: Played) -> Iterator[tuple[int, tuple[Fired, ...]]]:
    """What the target took in each step."""
    begin = 0
    for number, end in enumerate(play.marks):
        yield number, play.fired[begin:end]
        begin = end


def written(fired: Fired) -> str:
    """A row as the causes below name it: where it was taken, and the check that failed."""
    where = "instance" if fired.member else "peer"
    return f"{fired.row.removeprefix('otrv3.')}@{where}!{fired.failed}"


# What a case has to have.


def after(*wanted: str) -> Cause:
    """These rows are taken, in this order. `@peer`: in what is known of the peer as a whole."""

    def look(play: Played) -> int:
        missing = list(wanted)
        for number, taken in steps_of(play):
            for fired in taken:
                if fnmatchcase(written(fired), missing[0]):
                    missing.pop(0)
                    if not missing:
                        return number
        return NEVER

    return look


def together(*wanted: str) -> Cause:
    """So many rows are taken in one step, each of its own."""

    def look(play: Played) -> int:
        for number, taken in steps_of(play):
            left = [written(fired) for fired in taken]
            for pattern in wanted:
                found = next((each for each in left if fnmatchcase(each, pattern)), None)
                if found is None:
                    break
                left.remove(found)
            else:
                return number
        return NEVER

    return look


def query_without_end(play: Played) -> int:
    """A text arrives in which no question mark follows ?OTRv."""
    for number, taken in steps_of(play):
        step = play.observations[number].step
        shown = any(
            written(fired).startswith("receive:whole.ready.is-plaintext") for fired in taken
        )
        if shown and re.search(r"\?OTRv[^?]*'", step):
            return number
    return NEVER


def arrives(pattern: str) -> Cause:
    """Something arrives as it is, which a regular expression describes."""
    sought = re.compile(rf"'.*{pattern}.*' reaches the target")

    def look(play: Played) -> int:
        steps = enumerate(play.observations)
        return next((number for number, seen in steps if sought.fullmatch(seen.step)), NEVER)

    return look


def ends_amid_exchange(play: Played) -> int:
    """The user ends the conversation, and an exchange that was begun goes on."""
    states: dict[int, object] = {}
    for number, taken in steps_of(play):
        for fired in taken:
            if fired.row.startswith("otrv3.ake:"):
                states[fired.member] = GOES_TO[fired.row]
        ends = any(written(fired).startswith("message:user-end.") for fired in taken)
        if ends and any(state is not Auth.NONE for state in states.values()):
            return number
    return NEVER


def text_grows_old(play: Played) -> int:
    """A text waits for the conversation to become private, and time passes."""
    stored = after("message:user-send.plaintext.*.require-encryption@*")(play)
    waits = [number for number, seen in enumerate(play.observations) if seen.waited]
    return next((number for number in waits if 0 <= stored < number), NEVER)


def too_many_instances(play: Played) -> int:
    """More instances of the peer write than are kept apart."""
    known: set[int] = set()
    for number, taken in steps_of(play):
        known.update(fired.member for fired in taken if fired.member)
        no_room = any(fnmatchcase(written(fired), "instances:*.no-room@*") for fired in taken)
        if no_room or len(known) > MOST_INSTANCES:
            return number
    return NEVER


STRAY_DH_KEY = (
    "ake:dh-key.awaiting-sig.allowed.not-same-gy@*",
    "ake:dh-key.awaiting-revealsig.allowed@instance*",
    "ake:dh-key.none.allowed@instance*",
)


def stray_dh_key(play: Played) -> int:
    """A D-H Key Message of version 3 arrives that is to be ignored, after a D-H Commit was sent."""
    found = [after("ake:*-offer.*.offers-3@peer*", stray)(play) for stray in STRAY_DH_KEY]
    return min((step for step in found if step != NEVER), default=NEVER)


DISCONNECTED = "message:disconnected.encrypted@*"
OFFER_3, OFFER_2 = "ake:*-offer.*.offers-3@peer*", "ake:*-offer.*.not-offers-3.offers-2@peer*"
GOOD_DH_KEY = "ake:dh-key.awaiting-dhkey.allowed.dh-key-valid@*"
SENT_AGAIN = "message:settled.encrypted.owed.for-this-peer@*"
NEXT = "tlv:next-tlv.ready.tlv"
USES_EXTRA_KEY = "*extra-key.*"


def end_beside_another(play: Played) -> int:
    """The TLV that ends the conversation comes together with one of SMP, or an extra key."""
    both = [together(DISCONNECTED, f"{NEXT}-{other}*@*")(play) for other in ("smp", "extra")]
    return max(both)


def extra_key_of_later_keys(play: Played) -> int:
    """The extra symmetric key is used once the D-H keys of the exchange were replaced."""
    replaced = after("keys:data-taken.held.*advances@*")(play)
    uses = [
        number
        for number, taken in steps_of(play)
        if any(fnmatchcase(written(fired), USES_EXTRA_KEY) for fired in taken)
    ]
    return next((number for number in uses if 0 <= replaced <= number), NEVER)


def either(*causes: Cause) -> Cause:
    """What happens first of several."""

    def look(play: Played) -> int:
        found = [step for step in (each(play) for each in causes) if step != NEVER]
        return min(found, default=NEVER)

    return look


CAUSES: Mapping[str, Cause] = {
    "libotr-crossing-commits": after("ake:dh-commit.awaiting-dhkey.allowed.ours-higher@*"),
    "libotr-end-drops-exchange": ends_amid_exchange,
    "libotr-end-first": end_beside_another,
    "libotr-error-without-space": arrives(r"\?OTR Error:[^ ]"),
    "libotr-error-resend": after("message:error.encrypted.*@instance*", SENT_AGAIN),
    "libotr-finished-text": after("message:user-send.finished@*", SENT_AGAIN),
    "libotr-fragment-numbers": arrives(r"\?OTR\|\w+\|\w+,6553[6-9],"),
    "libotr-fragmented-plaintext": together(
        "instances:reassembled.ready.text@*", "message:plaintext.*@*"
    ),
    "libotr-fragmented-query": together(
        "fragment:arrived.collecting.last@instance*",
        "instances:reassembled.ready.no-tags@*",
        "ake:query-offer.*.offers-*@*",
    ),
    "libotr-fragments-kept": after(
        "fragment:arrived.collecting.whole@*", "fragment:arrived.empty.without-first@*"
    ),
    "libotr-heartbeats": together(
        "message:data.encrypted.data-valid.not-has-text@*",
        "message:content-done.encrypted.heartbeat-due@*",
    ),
    "libotr-instances": too_many_instances,
    "libotr-known-dh-key": after("keys:keys-agreed.held.key-known@*"),
    "libotr-last-keyid": after("message:data.encrypted.not-data-valid.*!key-has-successor"),
    "libotr-mixed-versions": after(OFFER_3, OFFER_2, "ake:dh-key.*"),
    "libotr-no-error": after("message:data.[!e]*.not-ignore-unreadable@*"),
    "libotr-old-text": text_grows_old,
    "libotr-query-changes-version": after(
        "message:authenticated.plaintext@peer*", OFFER_3, "message:user-send.encrypted@peer*"
    ),
    "libotr-query-without-end": query_without_end,
    "libotr-repeated-tlvs": together(f"{NEXT}-extra-key.private@*", f"{NEXT}-extra-key.private@*"),
    "libotr-second-dh-key": stray_dh_key,
    "libotr-smp-restart": after("smp:user-smp-start.expect[234].private@*"),
    "libotr-stale-commit": after(
        "ake:dh-key.awaiting-dhkey.allowed.not-dh-key-valid@instance*", OFFER_3, GOOD_DH_KEY
    ),
    "libotr-stray-reveal-signature": after(
        "ake:reveal-signature.awaiting-dhkey.allowed@*", GOOD_DH_KEY
    ),
    "libotr-tag-in-private": together(
        "message:tagged-plaintext.encrypted@peer*", "ake:tag-offer.*.whitespace-start-ake.*@peer*"
    ),
    "libotr-text-after-signature": together(
        "ake:signature.awaiting-sig.allowed.signature-valid@*", SENT_AGAIN
    ),
    "libotr-whitespace-tag": after(
        "message:plaintext.plaintext.*@*", "message:user-send.plaintext.*.not-attach-tag@*"
    ),
    "potr-crossing-commits": after("ake:dh-commit.awaiting-dhkey.allowed.ours-higher@*"),
    "potr-error-for-heartbeat": after("message:data.[!e]*.ignore-unreadable@*"),
    "potr-error-starts-nothing": after("message:error.*.error-start-ake@*"),
    "potr-extra-key": extra_key_of_later_keys,
    "potr-fragments-shown": either(
        after("fragment:arrived.*.illegal@*"),
        after("fragment:arrived.*.without-first@*"),
        after("fragment:arrived.*.out-of-order@*"),
    ),
    "potr-gx-range": after("ake:reveal-signature.awaiting-revealsig.*!gx-range"),
    "potr-last-keyid": after("message:data.encrypted.not-data-valid.*!key-has-successor"),
    "potr-no-error": after("message:data.encrypted.not-data-valid.not-ignore-unreadable@*"),
    "potr-other-versions-shown": either(
        after("ake:other-version.*@*"), arrives(r"\?OTR\|"), arrives("\\?OTR:AAQ")
    ),
    "potr-plaintext-in-private": after("message:plaintext.[!p]*@*"),
    "potr-query-without-end": query_without_end,
    "potr-reveal-signature-not-sent-again": after("ake:dh-key.awaiting-sig.allowed.same-gy@*"),
    "potr-smp-unequal": after("smp:smp-3.expect3.private.smp-3-valid.not-equal@*"),
    "potr-stored-text": after(SENT_AGAIN),
    "potr-tag-starts": after("ake:tag-offer.*.otherwise@*"),
    "potr-whitespace-tag": after(
        "message:user-send.plaintext.*.attach-tag@*",
        "message:plaintext.plaintext.*@*",
        "message:user-send.plaintext.*.not-attach-tag@*",
    ),
}


def peer_of(finding: str) -> str:
    """The peer that a page is about."""
    return finding.partition("-")[0]


def entries_of(finding: str) -> list[str]:
    """The cases under a page."""
    entries = ENTRIES[peer_of(finding)]
    return [case for case, entry in entries.items() if entry.finding == finding]


def test_every_page_states_a_cause_unless_only_fuzzing_or_learning_shows_it() -> None:
    pages = {page.stem for name in PAGES for page in FINDINGS.glob(f"{name}-*.md")}
    files = [peer(name).expectations.with_suffix(".finds.toml") for name in PAGES]
    shown = {finding for file in files for finding in known.read(file).findings}
    learned = [peer(name).expectations.with_name(f"{name}-learned.toml") for name in PAGES]
    shown |= {name for file in learned for name in parse_toml(file.read_text(encoding="utf-8"))}

    assert CAUSES.keys() <= pages
    assert {page for page in pages - CAUSES.keys() if entries_of(page)} == set()
    assert pages - CAUSES.keys() <= shown


@pytest.mark.parametrize("finding", CAUSES)
def test_every_case_of_a_page_has_what_the_page_is_about(finding: str) -> None:
    look = CAUSES[finding]

    assert [case for case in entries_of(finding) if look(seen_in(case, look)) == NEVER] == []


@pytest.mark.parametrize("finding", CAUSES)
def test_a_case_of_another_page_does_not(finding: str) -> None:
    look = CAUSES[finding]
    others = [entries_of(other)[0] for other in CAUSES if other not in finding]

    assert any(look(predicted(case)) == NEVER for case in others)


LETTER = "follows the letter"
READ = r", and read in its source \(`[\w.]+`(, `[\w.]+`)*\)\."


@pytest.mark.parametrize("finding", CAUSES)
def test_a_page_says_which_functions_do_it(finding: str) -> None:
    page = (FINDINGS / f"{finding}.md").read_text(encoding="utf-8")
    heading = " ".join(page.partition("## ")[0].split())

    assert re.search(f"Seen in {re.escape(PAGES[peer_of(finding)])}{READ}", heading) is not None


@pytest.fixture(scope="module", params=PAGES)
def running(request: pytest.FixtureRequest) -> Iterator[tuple[str, Runner]]:
    """A peer behind its shim, with its name."""
    name = str(request.param)
    if peer(name).module.locate() is None:
        try:
            peer(name).module.install(lambda _: None)
        except PeerUnavailable as reason:
            pytest.skip(str(reason))
    with Runner(find(name)) as runner:
        yield name, runner


@pytest.mark.slow
@pytest.mark.peer
def test_a_peer_does_not_differ_before_the_cause(running: tuple[str, Runner]) -> None:
    name, runner = running
    early: list[str] = []
    for finding in (each for each in CAUSES if peer_of(each) == name):
        look = CAUSES[finding]
        for case in some_of(entries_of(finding)):
            play = seen_in(case, look)
            result = runner.run_case(CASES[case])
            if not look(play) <= last_difference(play, result):
                early.append(f"{case}: {result.because}")

    assert early == []


def some_of(cases: list[str]) -> list[str]:
    """Five or so, spread out, or all if they are fewer."""
    return cases[:: max(1, len(cases) // FEW)]


def last_difference(play: Played, result: Result) -> int:
    """The last step in which a result can be, by its sentence; NEVER: it is in none."""
    differs = [
        number
        for number, seen in enumerate(play.observations)
        if result.because.startswith(f"{seen.step}: ")
        and (play.rows(number) == result.rows or LETTER in result.because)
    ]
    return max(differs, default=NEVER - 1)
