"""What can happen between two endpoints of OTRv4; see `otr_conformance.derive`."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Final

from otr_conformance.derive.fork import forked
from otr_conformance.derive.outline import outline, outlines
from otr_conformance.derive.plan import Change, Moves, Part, Plan, unchanged
from otr_conformance.derive.usual import ARRIVES, astray_by, kinds, network, tester, users
from otr_model.otrv4.protocol import OTRV4
from otr_model.otrv4.words import Mode, Msg
from otr_reference.derive import forked as forked_suite
from otr_reference.otrv4.messages import Disconnected, Header, Identity, Padding, SmpAbort
from otr_reference.otrv4.session import Conversation, FragmentAssembly, Policy, Session

from .case import V4_ONLY
from .cases.dake import (
    AUTH_I,
    AUTH_R,
    FORGERIES,
    nobodys_identity,
    sends_forged,
    sends_nobodys_identity,
    sends_strangers_identity,
)
from .grade import GRADER
from .labs import TermLab
from .scenes import LONG_AGO, QUERY, broken, stray
from .stage import TESTER_TAG, THIRD_TAG, Cast, ReferenceParty, Stage

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping


__all__ = ["PLAN"]

TAGGED: Final = "good day \t  \t\t\t\t \t \t \t    \t\t \t  "
"""A text with a whitespace tag that offers version 4."""
CLOSED: Final = Policy(allow_v3=False, allow_v4=False, require_encryption=True)
EAGER: Final = Policy(
    allow_v3=False,
    require_encryption=True,
    send_whitespace_tag=True,
    whitespace_start_dake=True,
    error_start_dake=True,
)
TAGGING: Final = Policy(allow_v3=False, send_whitespace_tag=True, whitespace_start_dake=True)
INVITED: Final = Policy(allow_v3=False, identity_start_dake=False)
INTERACTIVE: Final = Policy(allow_v3=False, require_interactive=True)
TRUSTING: Final = Policy(allow_v3=False, require_authenticated=True)
SOME_TIME, TWO_WEEKS = 700, 1_300_000
"""Seconds after which a DAKE is given up, and those after which a session has expired."""
_POLICY: Final = frozenset({"policy"})
_TRUST: Final = frozenset({"otrv4-known-profile", "otrv4-trusted"})

PARTS: Final = {
    "v4": Part(Cast(V4_ONLY, V4_ONLY), 4),
    "eager": Part(Cast(EAGER, TAGGING), 4, _POLICY),
    "tagging": Part(Cast(TAGGING, EAGER), 4, _POLICY),
    "invited": Part(Cast(INVITED, V4_ONLY), 4, _POLICY),
    "interactive": Part(Cast(INTERACTIVE, V4_ONLY), 4, _POLICY),
    "trusting": Part(Cast(TRUSTING, V4_ONLY), 4, _POLICY),
    "trusted": Part(
        Cast(TRUSTING, V4_ONLY, knows=True, trusts=True),
        4,
        _POLICY | _TRUST,
    ),
    "standalone": Part(Cast(V4_ONLY, V4_ONLY, mode=Mode.STANDALONE), 4, frozenset({"otrv4-mode"})),
    "interactive-only": Part(
        Cast(V4_ONLY, V4_ONLY, mode=Mode.INTERACTIVE_ONLY), 4, frozenset({"otrv4-mode"})
    ),
    "closed": Part(Cast(CLOSED, V4_ONLY), 4, _POLICY),
    "both": Part(Cast(), 4),
    "pieces": Part(Cast(V4_ONLY, V4_ONLY, tester_size=700), 4),
}
"""Who plays: policies of the target and of the tester, the mode, what the target knows."""

MOVES: Final[Moves[Stage]] = Moves()


def _starts() -> None:
    """How users start conversations of version 4."""
    for who in ("target", "tester"):
        for name, needs in (("dake", "otrv4-dake"), ("offline", "otrv4-offline")):
            # An ensemble of the target's is what its shim publishes.
            wanted = needs if who == "target" or name == "offline" else ""
            MOVES.add(f"{who} starts {name}", methodcaller(f"{who}_starts_{name}"), needs=wanted)
    for name, seconds in (
        ("some time passes", SOME_TIME),
        ("time passes", LONG_AGO),
        ("two weeks pass", TWO_WEEKS),
    ):
        MOVES.add(name, methodcaller("wait", seconds), needs="otrv4-clock")


def _somebody() -> None:
    """What somebody on the network can send to the target, who knows no keys."""
    for name, text in (
        ("a Query for 4", QUERY),
        ("a Query for 5", "?OTRv5?"),
        ("an Error", "?OTR Error: ERROR_2: no"),
        ("a text", "good day"),
        ("a tag for 4", TAGGED),
        ("garbage", "?OTR:AAQD."),
        ("another version", "?OTR:AAEK."),
        ("a first fragment", "?OTR|ab|1001|0,1,2,?OT,"),
        ("a second fragment", "?OTR|ab|1001|0,2,2,Rv4?,"),
        ("an illegal fragment", "?OTR|ab|1001|0,3,2,x,"),
        ("a fragment for another", "?OTR|ab|1001|3003,1,2,?OT,"),
    ):
        MOVES.add(name, methodcaller("arrives", text))
    MOVES.add("a Query for 4 to the tester", methodcaller("tester_takes", QUERY))
    for kind in FORGERIES:
        MOVES.add(f"{kind} of nobody", partial(sends_forged, kind=kind))
    MOVES.add("Identity of a stranger", sends_strangers_identity)
    MOVES.add("Identity with known profile", sends_nobodys_identity)
    MOVES.add("Identity with known profile to all", partial(sends_nobodys_identity, to_all=True))
    MOVES.add("Identity for another", _for_another)


def _for_another(stage: Stage) -> None:
    some: Identity = nobodys_identity(stage)
    elsewhere = Identity(Header(TESTER_TAG, THIRD_TAG), *(getattr(some, f) for f in _REST))
    stage.sends(elsewhere, "Identity for another instance")


_REST: Final = tuple(name for name in Identity.__dataclass_fields__ if name != "header")


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
            f"tester offers {how}",
            methodcaller("tester_offers", higher=how == "higher"),
            when=_offered,
            decides=True,
        )


def _private(stage: Stage) -> bool:
    return stage.tester.conversation.current.message is Msg.ENCRYPTED_MESSAGES


def _offered(stage: Stage) -> bool:
    return any(isinstance(stage.decode(wire), Identity) for wire in stage.to_tester)


users(MOVES)
_starts()
network(MOVES)
_somebody()
_tester()

PROBES: Final = (
    (ARRIVES,),
    ("target types", ARRIVES),
    ("tester types", ARRIVES, "target types", ARRIVES),
    ("tester begins SMP", ARRIVES, "target answers SMP", ARRIVES),
    ("target answers SMP", ARRIVES),
    ("target begins SMP", ARRIVES, "tester answers SMP", ARRIVES),
    ("a Query for 4", ARRIVES, "target types", ARRIVES),
    ("a Query for 4 to the tester", ARRIVES, "tester types", ARRIVES),
    ("tester starts offline", ARRIVES, "target types", ARRIVES),
    (f"{AUTH_R} of nobody", ARRIVES),
    (f"{AUTH_I} of nobody", ARRIVES),
    ("a second fragment", ARRIVES),
    ("target ends", ARRIVES),
    ("some time passes", ARRIVES),
    ("two weeks pass", ARRIVES),
)
"""What may show a state; combinations of two are tried as well."""


# Copies and outlines.


def _party(party: ReferenceParty) -> ReferenceParty:
    new = copy(party)
    new.endpoint = copy(party.endpoint)
    new.account = account = copy(party.account)
    new.endpoint.config = config = copy(party.endpoint.config)
    account.prekeys = dict(account.prekeys)
    config.prekeys = account.prekeys
    new.endpoint.suite = suite = forked_suite(party.endpoint.suite)
    if account.suite is party.endpoint.suite:
        account.suite = suite
    return new


def fork(stage: Stage) -> Stage:
    """A copy of a stage on which nothing was seen so far."""
    return forked(stage, _party)


_SESSION: Final = tuple(
    slot
    for slot in Session.__slots__
    if slot not in {"their_tag", "last_sent", "dake_at", "fresh_at", "early_messages"}
)
_SHARED: Final = ("best", "engaged", "invited", "plaintext_seen", "queued", "version_3")


def _outline(conversation: Conversation) -> Hashable:
    return (
        outline(conversation, _SHARED),
        outlines(conversation.members, _SESSION),
        outlines(conversation.assemblies, FragmentAssembly.__slots__),
    )


def standing(stage: Stage) -> Hashable:
    """Where the target stands."""
    target = stage.target
    assert isinstance(target, ReferenceParty)  # noqa: S101 - a plan plays with the reference
    return _outline(target.conversation)


def place(stage: Stage) -> Hashable:
    """Where both stand, and what kinds of messages are on their way."""
    return standing(stage), _outline(stage.tester.conversation), kinds(stage)


def varied(cast: Cast, policies: Mapping[str, bool]) -> Cast:
    """A cast with other policies of the target's; version 3 is allowed where version 4 is not."""
    if not policies.get("allow_v4", True):
        policies = {"allow_v3": True, **policies}
    return replace(cast, target=replace(cast.target, **policies))


def _trusted(cast: Cast) -> Cast:
    """The target's user has verified the tester's fingerprint."""
    return replace(cast, knows=True, trusts=True)


def _standalone(cast: Cast) -> Cast:
    """Another mode."""
    return replace(cast, mode=Mode.STANDALONE)


_LAB: Final = TermLab()
PLAN: Final = Plan(
    protocol="otrv4",
    composition=OTRV4,
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
    changes={
        **unchanged(),
        "trusted": Change(_trusted, _TRUST),
        "standalone": Change(_standalone, frozenset({"otrv4-mode"})),
    },
    choices=_LAB.suite.choices,
)
