"""Messages of a DAKE, and prekey ensembles, that are wrong in one thing: a case for each check.

The tester deviates so that what it sends fails one check and no other that is made before it. A
target that does not make the check becomes private, or answers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import V4_ONLY, Level, case
from otr_conformance.otrv4.cases.ratchet import taken_apart
from otr_conformance.otrv4.scenes import QUERY, talk
from otr_model.kernel.variant import Falsify, Variant
from otr_model.otrv4.conditions import KEYS, PROFILE, Check
from otr_reference.otrv4.messages import AuthR, Identity
from otr_reference.otrv4.session import Policy

from .dake import declare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_conformance.otrv4.stage import Stage

BOTH = Policy()
"""Version 3 as well: only then is there a DSA key, and so a transitional signature."""

IDENTITY = (*PROFILE, *KEYS)
AUTH_R = (*PROFILE, *KEYS, Check.AUTH_R_SIGMA)
AUTH_I = (Check.AUTH_I_SIGMA,)
NON_INTERACTIVE_AUTH = (
    *KEYS,
    *PROFILE,
    Check.PREKEY_KNOWN,
    Check.NON_INTERACTIVE_SIGMA,
    Check.AUTH_MAC,
)
ENSEMBLE = (
    Check.ENSEMBLE_OWNERS,
    *(check for check in PROFILE if check is not Check.PROFILE_OWNER),
    Check.PREKEY_PROFILE_SIGNED,
    Check.PREKEY_PROFILE_FRESH,
    Check.SHARED_PREKEY_POINT,
    Check.PREKEY_ECDH_POINT,
    Check.PREKEY_DH_MEMBER,
)
CHECKS = tuple(dict.fromkeys((*AUTH_R, *AUTH_I, *NON_INTERACTIVE_AUTH, *ENSEMBLE)))
"""Each of them once."""


def falsifying(check: Check) -> Variant:
    """The deviation that fails a check."""
    return Variant(f"falsify {check.label}", check.meaning, (Falsify(check),))


def _tester_identifies(stage: Stage) -> None:
    """The tester sends an Identity message, and whatever answers the target's."""
    stage.tester_starts_dake()


def _target_identifies(stage: Stage) -> None:
    """The target sends an Identity message."""
    stage.arrives(QUERY)


def _tester_retrieves(stage: Stage) -> None:
    """The tester begins a conversation from an ensemble of the target's."""
    stage.tester_starts_offline()


def _target_retrieves(stage: Stage) -> None:
    """The target begins a conversation from an ensemble of the tester's."""
    stage.target_starts_offline()


@case("negative.identity-ring-of-one", level=Level.SHOULD)
def ring_of_one(stage: Stage) -> None:
    """Signs nothing that nobody else could have signed.

    The tester states the target's long-term key as its forging key and as its ephemeral key, so
    that no other key is in the ring of the target's signature.
    """
    stage.tester_starts_dake()
    stage.to_target_delivers()
    theirs = taken_apart(stage, stage.to_tester[0], AuthR)
    stage.settle()
    stage.target_ends()
    stage.settle()
    public = theirs.profile.public_key
    account = stage.tester.account
    account.keys = replace(account.keys, forging=public)
    stage.tester.speaks(stage.lab.suite)
    stage.tester_forgets()
    stage.tester_starts_dake()
    ours = taken_apart(stage, stage.to_target.pop(), Identity)
    stage.sends(replace(ours, y=public), "an Identity message with the target's own key")


BEGIN: Mapping[str, Callable[[Stage], None]] = {
    "Identity": _tester_identifies,
    "Auth-R": _target_identifies,
    "Auth-I": _tester_identifies,
    "Non-Interactive-Auth": _tester_retrieves,
    "ensemble": _target_retrieves,
}


def _begun(kind: str) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        BEGIN[kind](stage)
        if kind == "Auth-I":
            stage.to_target_delivers()
        before, asked = stage.tester.conversation, stage.to_tester[:1]
        stage.settle()
        stage.target_says("nothing is private here")
        stage.settle()
        stage.tester_behaves()
        if kind == "Auth-I":
            stage.tester.conversation = before
            stage.to_tester.extend(asked)
        else:
            stage.tester_forgets()
            BEGIN[kind](stage)
        stage.settle()
        talk(stage)

    return play


for _kind, _checks in {
    "Identity": IDENTITY,
    "Auth-R": AUTH_R,
    "Auth-I": AUTH_I,
    "Non-Interactive-Auth": NON_INTERACTIVE_AUTH,
    "ensemble": ENSEMBLE,
}.items():
    _what = "a prekey ensemble" if _kind == "ensemble" else f"the {_kind} message"
    for _check in _checks:
        _both = BOTH if _check is Check.PROFILE_TRANSITION else V4_ONLY
        _label = _check.label.removeprefix(f"{_kind.lower()}-")
        declare(
            f"negative.{_kind.lower()}-{_label}",
            f"""Refuses {_what} for which this does not hold: {_check.meaning}. No private
            conversation begins, and the peer is not answered. Made right, it is accepted.""",
            _begun(_kind),
            target=_both,
            tester=_both,
            variant=falsifying(_check),
            needs={"otrv4-offline"} if _kind in {"Non-Interactive-Auth", "ensemble"} else (),
        )
