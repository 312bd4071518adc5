"""What can happen between two endpoints of OTRv3; see `otr_conformance.derive`."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Final

from otr_conformance.derive.fork import forked
from otr_conformance.derive.outline import outline, outlines
from otr_conformance.derive.plan import Moves, Part, Plan
from otr_conformance.derive.usual import ARRIVES, astray_by, kinds, network, tester, users
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.words import Msg
from otr_reference.derive import forked as forked_suite
from otr_reference.otrv3.messages import DhCommit, DhKey, Disconnected, Header, Padding, SmpAbort
from otr_reference.otrv3.session import Conversation, Policy, Session

from .case import V2_ONLY, V3_ONLY
from .grade import GRADER
from .labs import TermLab
from .moves import forged_commit, header, sends_forged, sends_key_out_of_range
from .scenes import LONG_AGO, broken, stray
from .stage import TESTER_TAG, THIRD_TAG, Cast, ReferenceParty, Stage

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping


__all__ = ["PLAN"]

TAGGED: Final = "good day \t  \t\t\t\t \t \t \t    \t\t  \t\t"
"""A text with a whitespace tag that offers version 3."""
TAGGED_2: Final = "good day \t  \t\t\t\t \t \t \t    \t\t  \t "
"""The same for version 2."""
CLOSED: Final = Policy(allow_v2=False, allow_v3=False, require_encryption=True)
EAGER: Final = Policy(
    require_encryption=True,
    send_whitespace_tag=True,
    whitespace_start_ake=True,
    error_start_ake=True,
)
TAGGING: Final = Policy(send_whitespace_tag=True, whitespace_start_ake=True)
_POLICY: Final = frozenset({"policy"})

PARTS: Final = {
    "v3": Part(Cast(V3_ONLY, V3_ONLY), 3),
    "v2": Part(Cast(V2_ONLY, V2_ONLY), 2),
    "both": Part(Cast(), 3),
    "eager": Part(Cast(EAGER, TAGGING), 3, _POLICY),
    "tagging": Part(Cast(TAGGING, EAGER), 3, _POLICY),
    "to-old": Part(Cast(EAGER, V2_ONLY), 2, _POLICY),
    "closed": Part(Cast(CLOSED, V3_ONLY), 3, _POLICY),
    "pieces": Part(Cast(V3_ONLY, V3_ONLY, tester_size=200), 3),
}
"""Who plays: what the policies of the target and of the tester allow and ask for."""

MOVES: Final[Moves[Stage]] = Moves()


def _somebody() -> None:
    """What somebody on the network can send to the target, who knows no keys."""
    for name, text in (
        ("a Query for 3", "?OTRv3?"),
        ("a Query for 2", "?OTRv2?"),
        ("a Query for 2 and 3", "?OTRv23?"),
        ("a Query for nothing", "?OTRv?"),
        ("an Error", "?OTR Error: no"),
        ("a text", "good day"),
        ("a tag for 3", TAGGED),
        ("a tag for 2", TAGGED_2),
        ("garbage", "?OTR:AAMD."),
        ("another version", "?OTR:AAEK."),
        ("a first fragment", "?OTR|1001|0,1,2,?OT,"),
        ("a second fragment", "?OTR|1001|0,2,2,Rv3?,"),
        ("an illegal fragment", "?OTR|1001|0,3,2,x,"),
        ("a fragment for another", "?OTR|1001|3003,1,2,?OT,"),
    ):
        MOVES.add(name, methodcaller("arrives", text))
    for version in (3, 2):
        query = f"?OTRv{version}?"
        MOVES.add(f"a Query for {version} to the tester", methodcaller("tester_takes", query))
        MOVES.add(f"a D-H Commit v{version} of nobody", partial(_commits, version=version))
        for kind in ("Reveal Signature", "Signature"):
            name = f"a {kind} v{version} of nobody"
            MOVES.add(name, partial(sends_forged, kind=kind, version=version))
        MOVES.add(f"a D-H Key v{version} out of range", partial(_out_of_range, version=version))
    MOVES.add("a D-H Key for another", _for_another)


def _commits(stage: Stage, *, version: int) -> None:
    stage.sends(forged_commit(stage, header(stage, version)), "a D-H Commit Message of nobody's")


def _out_of_range(stage: Stage, *, version: int) -> None:
    sends_key_out_of_range(stage, version)


def _for_another(stage: Stage) -> None:
    stage.sends(
        DhKey(Header(3, TESTER_TAG, THIRD_TAG), stage.lab.suite.outside()),
        "a D-H Key Message for another instance",
    )


def _tester() -> None:
    """What the tester does that no user can ask for."""
    tester(
        MOVES,
        _private,
        {
            **{f"a stray SMP message {n}": partial(stray, number=n) for n in (1, 2, 3, 4)},
            "a broken SMP message 1": partial(broken, number=1),
            "an SMP Abort": lambda _: SmpAbort(),
            "a Disconnected": lambda _: Disconnected(),
        },
        Padding(0),
    )
    for how in ("higher", "lower"):
        MOVES.add(
            f"tester commits {how}",
            methodcaller("tester_commits", higher=how == "higher"),
            when=_committed,
            decides=True,
        )


def _private(stage: Stage) -> bool:
    return stage.tester.conversation.current.message is Msg.ENCRYPTED


def _committed(stage: Stage) -> bool:
    return any(isinstance(stage.decode(wire), DhCommit) for wire in stage.to_tester)


users(MOVES)
network(MOVES)
_somebody()
_tester()
MOVES.add("time passes", methodcaller("wait", LONG_AGO), needs="clock")

PROBES: Final = (
    (ARRIVES,),
    ("target types", ARRIVES),
    ("tester types", ARRIVES, "target types", ARRIVES),
    ("tester begins SMP", ARRIVES, "target answers SMP", ARRIVES),
    ("target answers SMP", ARRIVES),
    ("target begins SMP", ARRIVES, "tester answers SMP", ARRIVES),
    ("a Query for 3", ARRIVES, "target types", ARRIVES),
    ("a Query for 2", ARRIVES, "target types", ARRIVES),
    ("a Query for 3 to the tester", ARRIVES, "tester types", ARRIVES),
    ("a Query for 2 to the tester", ARRIVES, "tester types", ARRIVES),
    ("a second fragment", ARRIVES),
    ("target ends", ARRIVES),
    ("time passes", "tester types", ARRIVES),
)
"""What may show a state; combinations of two are tried as well."""


# Copies and outlines.


def _party(party: ReferenceParty) -> ReferenceParty:
    new = copy(party)
    new.endpoint = copy(party.endpoint)
    new.endpoint.config = copy(party.endpoint.config)
    new.endpoint.suite = forked_suite(party.endpoint.suite)
    return new


def fork(stage: Stage) -> Stage:
    """A copy of a stage on which nothing was seen so far."""
    return forked(stage, _party)


_SESSION: Final = tuple(
    slot for slot in Session.__slots__ if slot not in {"their_tag", "last_sent", "receive", "tlv"}
)
_SHARED: Final = ("best", "for_all", "plaintext_seen", "stored")


def _outline(conversation: Conversation) -> Hashable:
    return outline(conversation, _SHARED), outlines(conversation.members, _SESSION)


def standing(stage: Stage) -> Hashable:
    """Where the target stands."""
    target = stage.target
    assert isinstance(target, ReferenceParty)  # noqa: S101 - a plan plays with the reference
    return _outline(target.conversation)


def place(stage: Stage) -> Hashable:
    """Where both stand, and what kinds of messages are on their way."""
    return standing(stage), _outline(stage.tester.conversation), kinds(stage)


def varied(cast: Cast, policies: Mapping[str, bool]) -> Cast:
    """A cast with other policies of the target's."""
    return replace(cast, target=replace(cast.target, **policies))


_LAB: Final = TermLab()
PLAN: Final = Plan(
    protocol="otrv3",
    composition=OTRV3,
    grader=GRADER,
    lab=_LAB,
    parts=PARTS,
    moves=MOVES,
    probes=PROBES,
    fork=fork,
    place=place,
    standing=standing,
    astray=astray_by(fork),
    varied=varied,
    choices=_LAB.suite.choices,
)
