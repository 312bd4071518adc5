"""Cases of OTRv4 that are made of witnesses; see `otr_conformance.play.witnesses`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from otr_check.otrv4.suite import TermSuite
from otr_conformance.play.witnesses import VERBS, NoCase, Offer, Scripting
from otr_model.otrv4.words import Mode
from otr_reference.otrv4.messages import Plaintext, Query
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.session import Policy

from .grade import GRADER
from .stage import TESTER_TAG, THIRD_TAG, Cast

if TYPE_CHECKING:
    from otr_check.explore.scenario import Actor
    from otr_check.terms import Term
    from otr_model.kernel.variant import Variant
    from otr_reference.sorts import Wire

__all__ = ["SCRIPTING"]

_DEFAULTS: Final = {
    **{name: getattr(Policy(), name) for name in Policy.__dataclass_fields__},
    "allow_v3": False,
}
_MODES: Final = {mode.label: mode for mode in Mode}


def _text(term: Term) -> str | None:
    """A Query Message or a plaintext, as the network carries it."""
    terms, real = TermSuite(), RealSuite()
    message = terms.decode(cast("Wire", term))
    match message:
        case Query():
            wire = real.encode(message)
        case Plaintext(text):
            wire = real.encode(replace(message, text=real.octets(terms.to_bytes(text))))
        case _:
            return None
    return real.to_bytes(wire).decode()


def _mode(target: Actor, tester: Actor) -> Mode:
    """The mode of both.

    Raises:
        NoCase: if there are two.
    """
    modes = [_MODES.get(actor.mode, Mode.COMPATIBLE) for actor in (target, tester)]
    if modes[0] is not modes[1]:
        message = f"{target.name} and {tester.name} are in different modes"
        raise NoCase(message)
    return modes[0]


def _cast(target: Policy, tester: Policy, one: Actor, other: Actor, variant: Variant) -> Cast:
    return Cast(target, tester, variant, _mode(one, other), knows=one.knows, trusts=one.verified)


def _stated(target: Actor, tester: Actor) -> tuple[tuple[str, ...], frozenset[str]]:
    """The mode, and what the target knows of the tester."""
    mode = _mode(target, tester)
    stated = {
        f"mode=Mode.{mode.name}": (mode is not Mode.COMPATIBLE, "otrv4-mode"),
        "knows=True": (target.knows, ""),
        "trusts=True": (target.verified, "otrv4-trusted"),
    }
    keywords = tuple(keyword for keyword, (holds, _) in stated.items() if holds)
    return keywords, frozenset(need for holds, need in stated.values() if holds)


def _imports(target: Actor, tester: Actor) -> tuple[str, ...]:
    if _mode(target, tester) is Mode.COMPATIBLE:
        return ()
    return ("from otr_model.otrv4.words import Mode",)


SCRIPTING: Final = Scripting(
    protocol="otrv4",
    grader=GRADER,
    policy=Policy,
    defaults=_DEFAULTS,
    versions=frozenset({"allow_v3", "allow_v4"}),
    verbs={
        **VERBS,
        "dake": ("starts_dake", "otrv4-dake"),
        "offline": ("starts_offline", "otrv4-offline"),
    },
    clock="otrv4-clock",
    tags=(TESTER_TAG, *range(THIRD_TAG, THIRD_TAG + 2)),
    offer=Offer("Identity", "Query", "dake", "tester_offers"),
    text=_text,
    cast=_cast,
    stated=_stated,
    version=lambda _target, _tester: 4,
    imports=_imports,
)
