"""Witnesses for people and other programs: as text, as a drawing, as a trace of joint states.

- `told`: lines for a terminal;
- `sequence_of`: a `Sequence`, which `otr_diagrams` draws;
- `itf_of`: the Informal Trace Format of Apalache, with the joint control states.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from otr_model.kernel.expr import Scope
from otr_model.kernel.variant import NONE, EditRow, Variant, apply
from otr_model.kernel.words import Word
from otr_model.trace import Arrow, Note, Sequence

from .registry import composition_of, variant_of
from .replay import states_of
from .scenario import Action
from .witness import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_model.kernel.composition import AnyRow, Composition
    from otr_model.trace import Fired

    from .scenario import Scenario
    from .witness import Step, Witness

__all__ = ["ATTACKER", "Told", "drawn_with", "itf_of", "sequence_of", "told"]

ATTACKER: Final = "attacker"
"""Who sends what an attacker makes, in a drawing."""
_ACTIONS: Final = {action.label: action.meaning for action in Action}


@dataclass(frozen=True, slots=True)
class Told:
    """One step in words.

    Attributes:
        happens: what happens, in a line.
        follows: what comes of it: changes of state, failed checks, messages, notices.
    """

    happens: str
    follows: tuple[str, ...]


def told(witness: Witness) -> tuple[Told, ...]:
    """Each step of a witness in words.

    Raises:
        BadScenario: if its scenario names a variant that is not there any more.
    """
    readers = _readers(witness.scenario)
    senders = witness.senders()
    return tuple(
        Told(
            _happens(step, senders),
            (
                *(readers[step.who].changes(step.fired) if step.fired else ()),
                *(f"sends {sent.number} {sent.label}" for sent in step.sent),
                *(f"is shown: {words}" for words in step.shown),
            ),
        )
        for step in witness.steps
    )


def _happens(step: Step, senders: Mapping[int, str]) -> str:
    message = f"{step.message} {step.label}"
    match step.kind:
        case Kind.DELIVERED:
            happens = f"{message} of {senders[step.message]} reaches {step.who}"
        case Kind.AGAIN:
            happens = f"{message} of {senders[step.message]} reaches {step.who}, and will again"
        case Kind.LOST:
            happens = f"{message} of {senders[step.message]} is lost on its way to {step.who}"
        case Kind.INJECTED:
            happens = f"{step.label} of the attacker's reaches {step.who}: {step.made}"
        case Kind.DID:
            happens = f"{step.who} {_does(step)}"
        case Kind.WAITED:
            happens = f"{step.seconds} seconds pass"
    return happens + _compared(step)


def _does(step: Step) -> str:
    """What a user does."""
    if step.typed:
        return f"types {step.typed}"
    return _ACTIONS.get(step.action, step.action)


def _compared(step: Step) -> str:
    """How comparisons of hashes come out."""
    words = ("its own hash is the lower one", "its own hash is the higher one")
    return f" ({', then '.join(words[ours] for ours in step.higher)})" if step.higher else ""


class _Reader:
    """Says what rows of one participant's tables did."""

    def __init__(self, composition: Composition) -> None:
        self.rows: dict[str, AnyRow] = {row.id: row for row in composition.rows()}

    def changes(self, fired: tuple[Fired, ...]) -> Iterator[str]:
        """Each change of state, and each check that failed."""
        for each in fired:
            row = self.rows.get(each.row)
            machine = each.row.partition(":")[0].rpartition(".")[2]
            if each.member:
                machine += f" ({each.member:#x})"
            if each.failed:
                yield f"{machine}: {each.failed} failed"
            if row is not None and row.goto is not row.at:
                yield f"{machine}: {row.at.name} → {row.goto.name}"


def _readers(scenario: Scenario) -> dict[str, _Reader]:
    """For each participant, a reader of the tables that it follows."""
    base = composition_of(scenario.protocol)
    made: dict[str, _Reader] = {}
    readers: dict[str, _Reader] = {}
    for actor in scenario.actors:
        if actor.variant not in made:
            variant = variant_of(scenario.protocol, actor.variant) if actor.variant else NONE
            made[actor.variant] = _Reader(apply(base, variant).composition)
        readers[actor.name] = made[actor.variant]
    return readers


# --- A drawing --------------------------------------------------------------------------------


def sequence_of(witness: Witness) -> Sequence:
    """A witness as a drawing shows it.

    Raises:
        BadScenario: if its scenario names a variant that is not there any more.
    """
    readers = _readers(witness.scenario)
    senders = witness.senders()
    names = [actor.name for actor in witness.scenario.actors]
    if any(step.kind is Kind.INJECTED for step in witness.steps):
        names.insert(1, ATTACKER)
    steps: list[Arrow | Note] = []
    arrived = {step.message for step in witness.steps}
    for step in witness.steps:
        steps += _drawn(step, senders, readers, names[0])
        steps += (
            Note(step.who, f"sends {sent.number} {sent.label}, which nobody gets")
            for sent in step.sent
            if sent.number not in arrived
        )
    concerned = next((name for name in names if witness.says.startswith(f"{name} ")), names[0])
    steps.append(Note(concerned, f"{witness.property}: {witness.says}"))
    return Sequence(witness.scenario.title, tuple(names), tuple(steps))


def _drawn(
    step: Step, senders: Mapping[int, str], readers: Mapping[str, _Reader], first: str
) -> Iterator[Arrow | Note]:
    """The arrow or the note of a step, and a note for each thing that its user is shown."""
    label = f"{step.message} {step.label}"
    match step.kind:
        case Kind.WAITED:
            yield Note(first, f"{step.seconds} seconds pass")
        case Kind.DID:
            changes = ", ".join(readers[step.who].changes(step.fired))
            yield Note(step.who, f"{_does(step)}{f' ({changes})' if changes else ''}")
        case Kind.LOST:
            yield Arrow(senders[step.message], step.who, label, lost=True)
        case Kind.INJECTED:
            yield Arrow(ATTACKER, step.who, f"{step.label}{_compared(step)}", step.fired)
        case Kind.DELIVERED | Kind.AGAIN:
            again = ", which will come again" if step.kind is Kind.AGAIN else ""
            yield Arrow(
                senders[step.message], step.who, f"{label}{again}{_compared(step)}", step.fired
            )
    for words in step.shown:
        yield Note(step.who, words)


def drawn_with(witness: Witness) -> Composition | None:
    """The tables that say what the rows of a drawing did.

    None where participants follow tables that lead one row, which both take, to different states.
    """
    base = composition_of(witness.scenario.protocol)
    variants = {
        actor.name: variant_of(witness.scenario.protocol, actor.variant) if actor.variant else NONE
        for actor in witness.scenario.actors
    }
    moved = {
        name: {edit.row: edit for edit in variant.edits if isinstance(edit, EditRow) and edit.goto}
        for name, variant in variants.items()
    }
    taken: dict[str, Word | None] = {}
    for step in witness.steps:
        for fired in step.fired:
            edit = moved[step.who].get(fired.row)
            goto = edit.goto if edit else None
            if taken.setdefault(fired.row, goto) is not goto:
                return None
    chosen = tuple(EditRow(row, goto=goto) for row, goto in taken.items() if goto)
    return apply(base, Variant("as drawn", "", chosen)).composition


# --- A trace of states ------------------------------------------------------------------------


def itf_of(witness: Witness) -> str:
    """A witness in the Informal Trace Format: JSON with `vars` and `states`.

    A state has, for each participant, the states of its machines and its integer variables: those
    of the conversation, and those of each member of each family by its key; the messages on their
    way to it, oldest first; and what led there.

    Raises:
        BadScenario: if its scenario asks for what is not there any more.
        Differs: if it cannot be replayed.
    """
    names = [actor.name for actor in witness.scenario.actors]
    composition = composition_of(witness.scenario.protocol)
    steps = ("nothing has happened", *(each.happens for each in told(witness)))
    states = [
        {
            "#meta": {"index": index},
            "happened": happened,
            **{
                name: _control(composition, conversation)
                for name, conversation in zip(names, joint.conversations, strict=True)
            },
            "in_flight": {
                "#map": [
                    [name, {"#tup": [f"{number} {joint.labels[number]}" for number in queue]}]
                    for name, queue in zip(names, joint.queues, strict=True)
                ]
            },
        }
        for index, (happened, joint) in enumerate(zip(steps, states_of(witness), strict=True))
    ]
    about = {
        "format": "ITF",
        "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html",
        "description": f"{witness.scenario.title}: {witness.property}: {witness.says}",
    }
    lines = ",\n".join(map(_compact, states))
    variables = _compact(["happened", *names, "in_flight"])
    return f'{{"#meta": {_compact(about)},\n"vars": {variables},\n"states": [\n{lines}\n]}}\n'


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _control(composition: Composition, conversation: Any) -> dict[str, Any]:  # noqa: ANN401 - a protocol's own
    """The control part of a conversation: of what a client holds, and of two worlds the first."""
    if isinstance(conversation, tuple):
        conversation = conversation[0]
    conversation = getattr(conversation, "conversation", conversation)
    grouped = {name for family in composition.families for name in family.tables}
    alone = [table.machine for table in composition.tables if table.name not in grouped]
    shared = [v.name for v in composition.flat_variables() if v.scope is Scope.SHARED]
    members = [v.name for v in composition.flat_variables() if v.scope is Scope.MEMBER]
    control = _values(conversation, (*alone, *shared))
    for family in composition.families:
        machines = [composition.table(name).machine for name in family.tables]
        control[family.slot] = {
            "#map": [
                [_big(key), _values(member, (*machines, *members))]
                for key, member in getattr(conversation, family.slot).items()
            ]
        }
    return control


def _values(owner: Any, names: tuple[str, ...]) -> dict[str, Any]:  # noqa: ANN401 - a protocol's own
    """Those attributes of a record that it has and that are states, numbers or truth values."""
    found: dict[str, Any] = {}
    for name in names:
        value = getattr(owner, name, None)
        match value:
            case Word():
                found[name] = value.name
            case bool():
                found[name] = value
            case int():
                found[name] = _big(value)
            case _:
                pass
    return found


def _big(value: int) -> dict[str, str]:
    """An integer of any size."""
    return {"#bigint": str(value)}
