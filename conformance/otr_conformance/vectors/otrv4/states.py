"""What messages do in each state, under each policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from otr_conformance.vectors.kinds import Group, Operation
from otr_conformance.vectors.reactions import Machine, add, reaction
from otr_conformance.vectors.taken import Taken
from otr_model.otrv4.conditions import Cond
from otr_model.otrv4.dake import DAKE
from otr_model.otrv4.smp import SMP
from otr_model.otrv4.words import Dake, Event, Smp

from .operations import OPERATIONS

if TYPE_CHECKING:
    from otr_conformance.vectors.kinds import Value
    from otr_model.kernel.vocabulary import Condition

__all__ = ["states"]


def _acceptable(taken: Taken) -> bool:
    """Whether the policies accept who it is."""
    return not taken.flag("require authenticated") or taken.flag("trusted")


def _dake_truths(taken: Taken) -> dict[Condition, bool]:
    return {
        Cond.ALLOWED: taken.flag("allow v4"),
        Cond.OFFLINE_ALLOWED: taken.flag("allow v4") and not taken.flag("require interactive"),
        Cond.WELCOME: taken.flag("identity start dake"),
        Cond.REQUIRE_AUTHENTICATED: taken.flag("require authenticated"),
        Cond.TRUSTED: taken.flag("trusted"),
        Cond.OURS_HIGHER: taken.flag("ours higher"),
        Cond.NOT_FINISHED: not taken.flag("finished"),
        Cond.FOR_US: True,
        Cond.REPEATED: False,
        Cond.IDENTITY_VALID: True,
        Cond.AUTH_R_VALID: True,
        Cond.AUTH_I_VALID: True,
        Cond.NON_INTERACTIVE_VALID: True,
    }


def _answered(taken: Taken) -> bool:
    """Whether the policies allow an Identity Message."""
    awaited = taken.text("state") == Dake.WAITING_AUTH_R.label
    welcome = taken.flag("identity start dake") or awaited
    return taken.flag("allow v4") and welcome and _acceptable(taken)


def _accepted(taken: Taken) -> bool:
    return taken.flag("allow v4") and _acceptable(taken)


def _allowed(taken: Taken) -> bool:
    return taken.flag("allow v4")


def _offline(taken: Taken) -> bool:
    return _accepted(taken) and not taken.flag("require interactive")


def _smp_truths(taken: Taken) -> dict[Condition, bool]:
    return {
        Cond.PRIVATE: True,
        Cond.SMP_1_VALID: True,
        Cond.SMP_2_VALID: True,
        Cond.SMP_3_VALID: True,
        Cond.SMP_4_VALID: True,
        Cond.EQUAL: taken.has("equal") and taken.flag("equal"),
    }


def _always(_: Taken) -> bool:
    return True


_OTHER: Final = {"otrv4.ambiguity:identity-of-another": _always}
_ANSWER: Final = {"otrv4.ambiguity:smp-answer": _always}

MACHINES: Final = {
    "identity": Machine(DAKE, Event.IDENTITY, _dake_truths, _answered, _OTHER),
    "auth-r": Machine(DAKE, Event.AUTH_R, _dake_truths, _accepted),
    "auth-i": Machine(DAKE, Event.AUTH_I, _dake_truths, _allowed),
    "non-interactive-auth": Machine(DAKE, Event.NON_INTERACTIVE_AUTH, _dake_truths, _offline),
    "smp-1": Machine(SMP, Event.SMP_1, _smp_truths, _always, _ANSWER),
    "smp-2": Machine(SMP, Event.SMP_2, _smp_truths, _always),
    "smp-3": Machine(SMP, Event.SMP_3, _smp_truths, _always),
    "smp-4": Machine(SMP, Event.SMP_4, _smp_truths, _always),
}


def _run(values: dict[str, Value]) -> dict[str, Value]:
    taken = Taken(values)
    return reaction(MACHINES[taken.text("message")], taken)


OPERATIONS["react"] = Operation(
    "react",
    "tell what a message without a fault does in a state, under the policies",
    {
        "message": "which one",
        "state": "of the DAKE, or of SMP",
        "allow v4": "whether version 4 is allowed",
        "identity start dake": "OTRNG_IDENTITY_START_DAKE; we have not asked for a conversation",
        "require interactive": "OTRNG_REQUIRE_INTERACTIVE, or a mode without offline conversations",
        "require authenticated": "OTRNG_REQUIRE_AUTHENTICATED",
        "trusted": "whether the user has verified the fingerprint",
        "ours higher": "whether our hashed B is the higher one",
        "finished": "whether the conversation is in FINISHED",
        "equal": "whether the secrets are equal",
    },
    {"state": "the next one", "sends": "messages that are sent"},
    lambda values: _run(dict(values)),
)

_Variant: TypeAlias = "tuple[str, str, dict[str, Value]]"

_QUIET: Final[dict[str, Value]] = {
    "allow v4": True,
    "identity start dake": True,
    "require interactive": False,
    "require authenticated": False,
    "trusted": False,
    "ours higher": True,
    "finished": False,
}
_NOT_ALLOWED: Final[_Variant] = ("not-allowed", "version 4 is not allowed", {"allow v4": False})
_UNTRUSTED: Final[_Variant] = (
    "untrusted",
    "only verified fingerprints are accepted, and this is none",
    {"require authenticated": True},
)
_TRUSTED: Final[_Variant] = (
    "trusted",
    "only verified fingerprints are accepted, and this is one",
    {"require authenticated": True, "trusted": True},
)
_VARIANTS: Final[dict[str, dict[str, tuple[_Variant, ...]]]] = {
    "identity": {
        "idle": (
            _NOT_ALLOWED,
            _UNTRUSTED,
            _TRUSTED,
            ("not-welcome", "it is not to start a DAKE", {"identity start dake": False}),
        ),
        "waiting-auth-r": (
            _NOT_ALLOWED,
            _UNTRUSTED,
            _TRUSTED,
            ("not-welcome", "it is not to start a DAKE: ours has", {"identity start dake": False}),
            ("theirs-higher", "their hashed B is the higher one", {"ours higher": False}),
        ),
        "waiting-auth-i": (_NOT_ALLOWED, _UNTRUSTED),
    },
    "auth-r": {"waiting-auth-r": (_NOT_ALLOWED, _UNTRUSTED, _TRUSTED)},
    "auth-i": {"waiting-auth-i": (_NOT_ALLOWED,)},
    "non-interactive-auth": {
        state: (
            _NOT_ALLOWED,
            _UNTRUSTED,
            _TRUSTED,
            ("online-only", "conversations have to be interactive", {"require interactive": True}),
            ("finished", "the conversation is in FINISHED", {"finished": True}),
        )
        for state in ("idle", "waiting-auth-r", "waiting-auth-i")
    },
}
"""For each message and state, what is different: its name, in words, and the values."""


def states() -> tuple[Group, ...]:
    """Every message in every state."""
    return (*map(_dake, _VARIANTS), *(_smp(f"smp-{number}") for number in (1, 2, 3, 4)))


def _group(message: str, takes: dict[str, Value]) -> Group:
    machine = MACHINES[message]
    section = next(row.section for row in machine.table.rows if row.on is machine.event)
    answers = (f"{machine.table.name}:{machine.event.label}",)
    held: dict[str, Value] = {"message": message, **takes}
    about = f"it arrives in {Taken(takes).text('state')}, and no policy forbids it"
    return Group(f"react.{message}", OPERATIONS["react"], about, section, held, answers)


def _dake(message: str) -> Group:
    """A message of a DAKE."""
    start = {"auth-r": "waiting-auth-r", "auth-i": "waiting-auth-i"}.get(message, "idle")
    group, machine = _group(message, {**_QUIET, "state": start}), MACHINES[message]
    for state in Dake:
        held = {**group.takes, "state": state.label}
        add(group, machine, state.label, f"in {state.label}", Taken(held))
        for name, about, changed in _VARIANTS[message].get(state.label, ()):
            values = Taken({**held, **changed})
            add(group, machine, f"{state.label}.{name}", f"in {state.label}: {about}", values)
    return group


def _smp(message: str) -> Group:
    """A message of SMP."""
    compared: dict[str, Value] = {"equal": True} if message in {"smp-3", "smp-4"} else {}
    group, machine = _group(message, {"state": "expect1", **compared}), MACHINES[message]
    for state in Smp:
        values = {**group.takes, "state": state.label}
        add(group, machine, state.label, f"in {state.label}", Taken(values))
        expected = {"smp-3": Smp.EXPECT3, "smp-4": Smp.EXPECT4}.get(message)
        if state is expected:
            values = {**values, "equal": False}
            about = f"in {state.label}, and the secrets differ"
            add(group, machine, f"{state.label}.unequal", about, Taken(values))
    return group
