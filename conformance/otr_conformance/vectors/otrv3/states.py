"""What messages do in each state, under each policy."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from otr_conformance.vectors.kinds import Group, Operation, Refused
from otr_conformance.vectors.reactions import Machine, add, reaction
from otr_conformance.vectors.taken import Taken
from otr_model.otrv3.ake import AKE
from otr_model.otrv3.conditions import Cond
from otr_model.otrv3.message import MESSAGE
from otr_model.otrv3.smp import SMP
from otr_model.otrv3.words import Auth, Event, Msg, Smp

from .operations import OPERATIONS

if TYPE_CHECKING:
    from otr_conformance.vectors.kinds import Value
    from otr_model.kernel.vocabulary import Condition

__all__ = ["states"]

_POLICIES: Final = ((True, True), (True, False), (False, True), (False, False))
_VERSIONS: Final = (2, 3)


def _allows(taken: Taken, version: int) -> bool:
    """Whether the policy allows a version."""
    return version in _VERSIONS and taken.flag(f"allow v{version}")


def _of_message(taken: Taken) -> bool:
    return _allows(taken, taken.number("version"))


def _of_offer(taken: Taken) -> bool:
    """Whether an offer may be taken."""
    starts = not taken.has("whitespace start ake") or taken.flag("whitespace start ake")
    return starts and any(_allows(taken, version) for version in taken.numbers("offers"))


def _ake_truths(taken: Taken) -> dict[Condition, bool]:
    truths: dict[Condition, bool] = {
        Cond.ALLOWED: _of_message(taken),
        Cond.DH_KEY_VALID: True,
        Cond.REVEAL_VALID: True,
        Cond.SIGNATURE_VALID: True,
    }
    for name, condition in (("ours higher", Cond.OURS_HIGHER), ("same gy", Cond.SAME_GY)):
        if taken.has(name):
            truths[condition] = taken.flag(name)
    return truths


def _offer_truths(taken: Taken) -> dict[Condition, bool]:
    offers = taken.numbers("offers")
    starts = taken.has("whitespace start ake") and taken.flag("whitespace start ake")
    return {
        Cond.OFFERS_3: 3 in offers and taken.flag("allow v3"),  # noqa: PLR2004 - the version
        Cond.OFFERS_2: 2 in offers and taken.flag("allow v2"),  # noqa: PLR2004 - the version
        Cond.WHITESPACE_START_AKE: starts,
    }


def _smp_truths(taken: Taken) -> dict[Condition, bool]:
    return {
        Cond.PRIVATE: True,
        Cond.SMP_1_VALID: True,
        Cond.SMP_2_VALID: True,
        Cond.SMP_3_VALID: True,
        Cond.SMP_4_VALID: True,
        Cond.EQUAL: taken.has("equal") and taken.flag("equal"),
    }


def _only_3(taken: Taken) -> bool:
    """Whether version 3 is allowed, and not version 2."""
    return taken.flag("allow v3") and not taken.flag("allow v2")


def _data_truths(_: Taken) -> dict[Condition, bool]:
    return {Cond.DATA_VALID: True, Cond.HAS_TEXT: True, Cond.IGNORE_UNREADABLE: True}


def _always(_: Taken) -> bool:
    return True


_V2_ONLY: Final = {"otrv3.ambiguity:allow-v2-only": _only_3}
_ANSWER: Final = {"otrv3.ambiguity:smp-answer": _always}

MACHINES: Final = {
    "query": Machine(AKE, Event.QUERY_OFFER, _offer_truths, _of_offer),
    "whitespace-tag": Machine(AKE, Event.TAG_OFFER, _offer_truths, _of_offer),
    "dh-commit": Machine(AKE, Event.DH_COMMIT, _ake_truths, _of_message),
    "dh-key": Machine(AKE, Event.DH_KEY, _ake_truths, _of_message),
    "reveal-signature": Machine(AKE, Event.REVEAL_SIGNATURE, _ake_truths, _of_message, _V2_ONLY),
    "signature": Machine(AKE, Event.SIGNATURE, _ake_truths, _of_message, _V2_ONLY),
    "data": Machine(MESSAGE, Event.DATA, _data_truths, _always),
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
        "message": "which one; of an offer, query or whitespace-tag",
        "state": "of the authentication, of the conversation, or of SMP",
        "version": "of the message",
        "offers": "the versions that are offered",
        "allow v2": "ALLOW_V2",
        "allow v3": "ALLOW_V3",
        "whitespace start ake": "WHITESPACE_START_AKE",
        "ours higher": "whether our hashed gx is the higher one",
        "same gy": "whether it is the D-H Key that was received before",
        "equal": "whether the secrets are equal",
    },
    {"state": "the next one", "sends": "messages that are sent"},
    lambda values: _run(dict(values)),
)


def states() -> tuple[Group, ...]:
    """Every message in every state."""
    ake = [_ake(message) for message in ("dh-commit", "dh-key", "reveal-signature", "signature")]
    smp = [_smp(f"smp-{number}") for number in (1, 2, 3, 4)]
    return (_offers("query"), _offers("whitespace-tag"), *ake, _data(), *smp)


def _group(message: str, about: str, **takes: Value) -> Group:
    machine = MACHINES[message]
    section = next(row.section for row in machine.table.rows if row.on is machine.event)
    held: dict[str, Value] = {"message": message, **takes}
    answers = (f"{machine.table.name}:{machine.event.label}",)
    return Group(f"react.{message}", OPERATIONS["react"], about, section, held, answers)


def _policy(*, v2: bool, v3: bool) -> str:
    """Policies as a part of a name."""
    allowed = [f"v{version}" for version, on in ((2, v2), (3, v3)) if on]
    return "-".join(allowed) or "nothing"


_EXPECTED: Final = {
    "dh-commit": "none",
    "dh-key": "awaiting-dhkey",
    "reveal-signature": "awaiting-revealsig",
    "signature": "awaiting-sig",
}


def _ake(message: str) -> Group:
    """A message of the AKE."""
    question = {"dh-commit": "ours higher", "dh-key": "same gy"}.get(message, "")
    asked: dict[str, Value] = {question: True} if question else {}
    base: dict[str, Value] = {"version": 3, "allow v2": True, "allow v3": True, **asked}
    group = _group(message, "it arrives where it is expected", state=_EXPECTED[message], **base)
    machine = MACHINES[message]
    for state, version in product(Auth, (3, 2)):
        held = {**group.takes, "state": state.label, "version": version}
        expected = not isinstance(group.answer(held), Refused)
        for v2, v3 in _POLICIES if expected else _POLICIES[:1]:
            allowed = _policy(v2=v2, v3=v3)
            about = f"version {version} in {state.label}, where {allowed} is allowed"
            values = {**held, "allow v2": v2, "allow v3": v3}
            add(group, machine, f"{state.label}.v{version}.allow-{allowed}", about, Taken(values))
        asks = {"dh-commit": Auth.AWAITING_DHKEY, "dh-key": Auth.AWAITING_SIG}.get(message)
        if state is asks:
            name = f"{state.label}.v{version}.not-{question.replace(' ', '-')}"
            about = f"version {version} in {state.label}, and not {question}"
            add(group, machine, name, about, Taken({**held, question: False}))
    return group


def _offers(message: str) -> Group:
    """An offer of versions."""
    tag: dict[str, Value] = {"whitespace start ake": True} if message == "whitespace-tag" else {}
    base: dict[str, Value] = {"state": "none", "allow v2": True, "allow v3": True}
    group = _group(message, "an offer of versions 2 and 3", **base, offers=[2, 3], **tag)
    machine = MACHINES[message]
    for offers, (v2, v3) in product(([2, 3], [3], [2], [1], []), _POLICIES):
        listed = "-".join(f"v{version}" for version in offers) or "nothing"
        about = f"{listed} offered, {_policy(v2=v2, v3=v3)} allowed"
        values = {**group.takes, "offers": offers, "allow v2": v2, "allow v3": v3}
        add(group, machine, f"{listed}.allow-{_policy(v2=v2, v3=v3)}", about, Taken(values))
    for state in Auth:
        if state is not Auth.NONE:
            values = {**group.takes, "state": state.label}
            add(group, machine, state.label, f"in {state.label}", Taken(values))
    if tag:
        values = {**group.takes, "whitespace start ake": False}
        about = "WHITESPACE_START_AKE is not set"
        add(group, machine, "no-whitespace-start-ake", about, Taken(values))
    return group


def _data() -> Group:
    """A Data Message with the flag IGNORE_UNREADABLE, so that nothing is answered."""
    group = _group("data", "it arrives in a private conversation", state="encrypted")
    for state in Msg:
        values = {**group.takes, "state": state.label}
        add(group, MACHINES["data"], state.label, f"in {state.label}", Taken(values))
    return group


def _smp(message: str) -> Group:
    """A message of SMP."""
    compared: dict[str, Value] = {"equal": True} if message in {"smp-3", "smp-4"} else {}
    group = _group(message, "it arrives in EXPECT1", state="expect1", **compared)
    machine = MACHINES[message]
    for state in Smp:
        values = {**group.takes, "state": state.label}
        add(group, machine, state.label, f"in {state.label}", Taken(values))
        expected = {"smp-3": Smp.EXPECT3, "smp-4": Smp.EXPECT4}.get(message)
        if state is expected:
            values = {**values, "equal": False}
            about = f"in {state.label}, and the secrets differ"
            add(group, machine, f"{state.label}.unequal", about, Taken(values))
    return group
