"""Cases of OTRv3 that are made of witnesses; see `otr_conformance.play.witnesses`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from otr_check.otrv3.suite import TermSuite
from otr_conformance.play.witnesses import VERBS, Offer, Scripting
from otr_reference.otrv3.messages import ErrorMessage, Plaintext, Query
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.session import Policy

from .grade import GRADER
from .stage import TESTER_TAG, THIRD_TAG, Cast

if TYPE_CHECKING:
    from otr_check.explore.scenario import Actor
    from otr_check.terms import Term
    from otr_model.kernel.variant import Variant
    from otr_reference.sorts import Wire

__all__ = ["SCRIPTING"]

_DEFAULTS: Final = {name: getattr(Policy(), name) for name in Policy.__dataclass_fields__}
_LATEST: Final = 3


def _text(term: Term) -> str | None:
    """A Query Message, an Error Message or a plaintext, as the network carries it."""
    terms, real = TermSuite(), RealSuite()
    message = terms.decode(cast("Wire", term))
    match message:
        case Query():
            wire = real.encode(message)
        case ErrorMessage(text) | Plaintext(text):
            wire = real.encode(replace(message, text=real.octets(terms.to_bytes(text))))
        case _:
            return None
    return real.to_bytes(wire).decode()


def _cast(target: Policy, tester: Policy, _one: Actor, _other: Actor, variant: Variant) -> Cast:
    return Cast(target, tester, variant)


def _version(target: Actor, tester: Actor) -> int:
    """The highest version that both allow."""
    both = [{**_DEFAULTS, **dict(actor.policy)} for actor in (target, tester)]
    return _LATEST if all(policy["allow_v3"] for policy in both) else 2


def _stated(target: Actor, tester: Actor) -> tuple[tuple[str, ...], frozenset[str]]:
    """The version, where it is an older one."""
    version = _version(target, tester)
    return () if version == _LATEST else (f"version={version}",), frozenset()


SCRIPTING: Final = Scripting(
    protocol="otrv3",
    grader=GRADER,
    policy=Policy,
    defaults=_DEFAULTS,
    versions=frozenset({"allow_v2", "allow_v3"}),
    verbs=VERBS,
    clock="clock",
    tags=(TESTER_TAG, *range(THIRD_TAG, THIRD_TAG + 2)),
    offer=Offer("D-H Commit", "Query", "", "tester_commits"),
    text=_text,
    cast=_cast,
    stated=_stated,
    version=_version,
    imports=lambda _target, _tester: (),
)
