"""What a tester of OTRv3 does in fuzzing that no derived case needs; see `fuzz/uncommon.py`."""

from __future__ import annotations

from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Final

from otr_conformance.derive.plan import Moves
from otr_conformance.fuzz.uncommon import failing, sending
from otr_model.otrv3.conditions import Check
from otr_model.otrv3.words import Msg
from otr_reference.otrv3.deviations import deviating
from otr_reference.otrv3.messages import Disconnected, ExtraKeyUse, Padding, SmpAbort, UnknownTlv

from .scenes import broken, stray

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_reference.otrv3.messages import Tlv

    from .stage import Stage

__all__ = ["BEYOND", "INSIDE", "UNCOMMON"]

_EXTRA_KEY: Final = 8
"""The type of a TLV that says how the extra symmetric key is used."""
BEYOND: Final = dict.fromkeys(
    ("otrv3.instances:received.ready.no-room", "otrv3.instances:reassembled.ready.no-room"),
    "it takes a private conversation with each of as many clients as a target keeps apart, and one "
    "client more: a play has three",
)
"""Rows that no play can come to, and why."""
INSIDE: Final = (
    "no receiver",
    "a sender's tag that is too small",
    "a receiver's tag that is too small",
    "another receiver",
)
"""How messages are altered that then arrive in pieces."""
_TLVS: Final[Mapping[str, Callable[[Stage], Tlv]]] = {
    "padding": lambda _: Padding(3),
    "an unknown TLV": lambda stage: UnknownTlv(0x4242, stage.lab.text("x")),
    "a use of the extra key": lambda stage: ExtraKeyUse(1, stage.lab.text("x")),
    "a use of the extra key that is too short": lambda stage: UnknownTlv(
        _EXTRA_KEY, stage.lab.text("abc")
    ),
    "an SMP Abort": lambda _: SmpAbort(),
    "a Disconnected": lambda _: Disconnected(),
    **{f"a stray SMP message {n}": partial(stray, number=n) for n in (1, 2, 3, 4)},
    "a broken SMP message 1": partial(broken, number=1),
}
_FIRST: Final = ("a Disconnected", "an SMP Abort", "a stray SMP message 2")
"""TLVs behind which others can stand."""
_FAILING: Final = (Check.G2A_PROOF, Check.G2B_PROOF, Check.PA_QA_PROOF, Check.RB_PROOF)
_CHECKS: Final = {check.label: check for check in _FAILING}
"""What the tester can fail from some moment on: what comes late. All else fails for those drawn."""


def _private(stage: Stage) -> bool:
    return stage.tester.conversation.current.message is Msg.ENCRYPTED


def _fails(stage: Stage, label: str) -> None:
    suite = deviating(stage.tester.sound, frozenset({_CHECKS[label]}))
    stage.tester.endpoint.suite = suite


def _uncommon() -> Moves[Stage]:
    moves: Moves[Stage] = Moves()
    sending(moves, _private, _TLVS, _FIRST)
    cut_off = methodcaller("tester_sends", Padding(0), text="with it", cut_off=True)
    moves.add("tester sends a text and a TLV that is cut off", cut_off, when=_private)
    failing(moves, _CHECKS, _fails)
    moves.add("tester draws the same again", methodcaller("tester_draws_from", 0))
    return moves


UNCOMMON: Final = _uncommon()
