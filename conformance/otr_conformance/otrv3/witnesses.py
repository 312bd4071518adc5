"""Cases made of witnesses: a run that an exploration found, as the suite plays it.

One participant is the target, the others are the tester: one client, or several of one user. What
users and the network do becomes a move of the stage. The case is played with the reference, over
terms, before it is handed out: the target must take the very rows of the witness.

Where hashes are compared, the tester draws until they compare as in the witness. Of what an
attacker made, a case can have what is no more than a text, such as a Query Message. A case ends
where a target that follows the tables has sent nothing that could be delivered next.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final, cast

from otr_check.explore.registry import variant_of
from otr_check.explore.replay import injected_in
from otr_check.explore.witness import Kind
from otr_check.otrv3.suite import TermSuite
from otr_conformance.play.case import Case as AnyCase
from otr_model.kernel.variant import NONE
from otr_reference.errors import OtrSpecError
from otr_reference.otrv3.messages import ErrorMessage, Plaintext, Query
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.session import Policy

from .grade import GRADER
from .labs import TermLab
from .stage import TESTER_TAG, THIRD_TAG, Cast, Stage, reference_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otr_check.explore.scenario import Actor
    from otr_check.explore.witness import Step, Witness
    from otr_conformance.play.grade import Played
    from otr_model.kernel.variant import Variant
    from otr_reference.sorts import Wire

__all__ = ["Move", "NoCase", "Scripted", "scripted"]

PROTOCOL: Final = "otrv3"
_QUERY, _COMMIT = "Query", "D-H Commit"
"""How the labels of messages begin that a witness has."""
_WIDTH: Final = 96
_VERBS: Final = {
    "start": ("starts", ""),
    "send": ("says", ""),
    "end": ("ends", ""),
    "heartbeat": ("heartbeat", "heartbeat"),
    "extra-key": ("uses_extra_key", "extra-key"),
    "smp": ("begins_smp", "smp"),
    "answer": ("answers_smp", "smp"),
    "abort": ("aborts_smp", "smp"),
}
"""What a user does: the verb of the stage, and the capability that a target needs for it."""
_EXTRA_USE: Final = 1
_VERSIONS: Final = ("allow_v2", "allow_v3")
_DEFAULT: Final = {name: getattr(Policy(), name) for name in Policy.__dataclass_fields__}


class NoCase(OtrSpecError):
    """A witness that cannot be played as a case; the message says why."""


@dataclass(frozen=True, slots=True)
class Move:
    """One call of the stage.

    Attributes:
        name: of the method.
        args: positional arguments.
        keywords: keyword arguments.
    """

    name: str
    args: tuple[object, ...] = ()
    keywords: tuple[tuple[str, object], ...] = ()

    @property
    def source(self) -> str:
        """The call in Python."""
        given = [_literal(arg) for arg in self.args]
        given += [f"{name}={_literal(value)}" for name, value in self.keywords]
        return f"stage.{self.name}({', '.join(given)})"

    def play(self, stage: Stage) -> None:
        """Do it."""
        getattr(stage, self.name)(*self.args, **dict(self.keywords))


@dataclass(frozen=True, slots=True)
class Scripted:
    """A case that was made of a witness.

    Attributes:
        case: the case.
        source: the same as a module in Python.
    """

    case: AnyCase[Cast, Stage]
    source: str


@dataclass
class _Staging:
    """What is on its way on the stage, and the moves so far.

    Attributes:
        target: the participant that is tested.
        clients: the others, each with its tag.
        secrets: what each user says when SMP asks.
        texts: the messages that an attacker makes, those that are left.
        to_target, to_tester: the numbers of messages, oldest first.
        waiting: for each message to the tester, the clients that it has not reached.
    """

    target: str
    clients: dict[str, int]
    secrets: dict[str, str]
    texts: list[str]
    moves: list[Move] = field(default_factory=list)
    to_target: list[int] = field(default_factory=list)
    to_tester: list[int] = field(default_factory=list)
    waiting: dict[int, set[str]] = field(default_factory=dict)
    at: str = ""

    def __post_init__(self) -> None:
        self.at = next(iter(self.clients))

    def take(self, step: Step) -> None:
        """A step of a witness."""
        match step.kind:
            case Kind.WAITED:
                self._do("wait", step.seconds)
            case Kind.DID:
                self._acts(step)
            case Kind.INJECTED:
                name = "arrives" if step.who == self.target else "tester_takes"
                self.turn_to(step.who)
                self._do(name, self.texts.pop(0))
            case Kind.LOST:
                self._loses(step)
            case Kind.DELIVERED | Kind.AGAIN:
                self._delivers(step)
        self.sends(step)

    def sends(self, step: Step) -> None:
        """What a participant sends is on its way."""
        for sent in step.sent:
            if step.who == self.target:
                self.to_tester.append(sent.number)
                self.waiting[sent.number] = set(self.clients)
            else:
                self.to_target.append(sent.number)

    def _do(self, name: str, *args: object, **keywords: object) -> None:
        self.moves.append(Move(name, args, tuple(keywords.items())))

    def turn_to(self, client: str) -> None:
        """Another client of the tester's user is at work."""
        if client not in {self.target, self.at}:
            self.at = client
            self._do("tester_at", self.clients[client])

    def _acts(self, step: Step) -> None:
        """A user does something."""
        if step.action not in _VERBS:
            message = f"no case lets a user do that: {step.action}"
            raise NoCase(message)
        verb, _ = _VERBS[step.action]
        given: tuple[object, ...] = ()
        match step.action:
            case "send":
                given = (str(ast.literal_eval(step.typed)),)
            case "smp" | "answer":
                given = (self.secrets[step.who],)
            case "extra-key":
                given = (_EXTRA_USE, "")
            case _:
                pass
        self.turn_to(step.who)
        self._do(f"{'target' if step.who == self.target else 'tester'}_{verb}", *given)

    def _delivers(self, step: Step) -> None:
        """A message arrives; it stays for other clients, and where it will arrive again."""
        stays = step.kind is Kind.AGAIN
        queue, side = self.to_target, "target"
        if step.who != self.target:
            queue, side = self.to_tester, "tester"
            self.turn_to(step.who)
            if not stays:
                self.waiting[step.message].discard(step.who)
            stays = stays or bool(self.waiting[step.message])
        at = queue.index(step.message)
        if not stays:
            del queue[at]
        self._do(f"to_{side}_delivers", *((at,) if at else ()), **({"keep": True} if stays else {}))

    def _loses(self, step: Step) -> None:
        """A message is lost; one to several clients is, when it has reached or missed them all."""
        queue, side = self.to_target, "target"
        if step.who != self.target:
            queue, side = self.to_tester, "tester"
            self.waiting[step.message].discard(step.who)
            if self.waiting[step.message]:
                return
        at = queue.index(step.message)
        del queue[at]
        self._do(f"to_{side}_loses", *((at,) if at else ()))

    def commits(self, query: Step, *, higher: bool) -> None:
        """The tester takes a Query, and draws until its hash is as wanted."""
        self._loses(query)
        self.turn_to(query.who)
        self._do("tester_commits", higher=higher)
        self.sends(query)


def scripted(witness: Witness, target: str = "") -> Scripted:
    """The case that a witness is.

    Of those that there are, one that a faulty target fails is preferred.

    Args:
        witness: of OTRv3.
        target: who is tested; "": whoever can be.

    Raises:
        NoCase: if nobody can be tested so, or the target does not take the rows of the witness.
        BadScenario: if a variant is not there any more.
    """
    if witness.scenario.protocol != PROTOCOL:
        message = f"cases are made of witnesses of {PROTOCOL}, not of {witness.scenario.protocol}"
        raise NoCase(message)
    names = [actor.name for actor in witness.scenario.actors]
    if target and target not in names:
        message = f"there is no participant {target!r}; there are {', '.join(names)}"
        raise NoCase(message)
    complaint, found = NoCase("nobody takes part"), None
    for actor in witness.scenario.actors:
        if target in {"", actor.name}:
            try:
                made = _made(witness, actor)
            except NoCase as error:
                complaint = error
            else:
                found = made if found is None or (made.fails and not found.fails) else found
    if found is None:
        raise complaint
    return Scripted(found.case, found.source)


def _made(witness: Witness, target: Actor) -> _Made:
    """The case in which somebody is the target; the tester is as plain as it can be.

    Raises:
        NoCase: if there is none.
    """
    others = [actor for actor in witness.scenario.actors if actor is not target]
    first = others[0]
    for other in others:
        if other.user == target.user:
            message = f"{target.name} is one of two clients of {target.user}: test the other side"
            raise NoCase(message)
        if (other.policy, other.variant, other.user) != (first.policy, first.variant, first.user):
            message = f"{first.name} and {other.name} cannot be played by one tester"
            raise NoCase(message)
    moves, needs = _moves(witness, target, others), _needs(witness, target)
    complaint = NoCase("nothing was tried")
    for deviation in dict.fromkeys(("", first.variant)):
        made = _Made(witness, target, first, deviation, moves, needs)
        try:
            made.tried()
        except NoCase as error:
            complaint = error
        else:
            return made.shortened()
    raise complaint


def _needs(witness: Witness, target: Actor) -> tuple[str, ...]:
    """The capabilities that a target needs."""
    own = [step.action for step in witness.steps if step.who == target.name and step.action]
    needs = {_VERBS[action][1] for action in own}
    if any(step.kind is Kind.WAITED for step in witness.steps):
        needs.add("clock")
    if any(name not in _VERSIONS for name, _ in target.policy):
        needs.add("policy")
    return tuple(sorted(needs - {""}))


def _moves(witness: Witness, target: Actor, others: list[Actor]) -> tuple[Move, ...]:
    """The moves of a case."""
    tags = (TESTER_TAG, *range(THIRD_TAG, THIRD_TAG + len(others)))
    staging = _Staging(
        target.name,
        {other.name: tag for other, tag in zip(others, tags, strict=False)},
        {actor.name: actor.says for actor in witness.scenario.actors},
        list(_texts(witness)),
    )
    steps = list(witness.steps)
    commits, behind, higher = _commit(steps, target.name) or (-1, -1, False)
    for at, step in enumerate(steps):
        if at != commits:
            staging.take(step)
        if at == behind:
            staging.commits(steps[commits], higher=higher)
    return tuple(staging.moves)


def _texts(witness: Witness) -> Iterator[str]:
    """The messages that an attacker makes, as the network carries them.

    Raises:
        NoCase: if one is more than a text.
    """
    if not any(step.kind is Kind.INJECTED for step in witness.steps):
        return
    terms, real = TermSuite(), RealSuite()
    for term in injected_in(witness):
        message = terms.decode(cast("Wire", term))
        match message:
            case Query():
                wire = real.encode(message)
            case ErrorMessage(text) | Plaintext(text):
                wire = real.encode(replace(message, text=real.octets(terms.to_bytes(text))))
            case _:
                made = type(message).__name__
                error = f"the tester of a case does not make what an attacker made: {made}"
                raise NoCase(error)
        yield real.to_bytes(wire).decode()


def _commit(steps: list[Step], target: str) -> tuple[int, int, bool] | None:
    """Where the tester sends a D-H Commit whose hash is compared, and how it compares.

    Returns:
        The place of that step; the place behind the target's D-H Commit, where it can be arranged;
        and whether the tester's hash is the higher one. None where no hashes are compared.

    Raises:
        NoCase: if it cannot be arranged.
    """
    compared = [(at, step) for at, step in enumerate(steps) if step.higher]
    if not compared:
        return None
    at, step = compared[0]
    if not step.message:
        message = "hashes are compared with an attacker's"
        raise NoCase(message)
    if len(compared) > 1 or len(step.higher) > 1:
        message = "hashes are compared more than once"
        raise NoCase(message)
    mine = _last_commit(steps, at, step.who)
    theirs = next(n for n, each in enumerate(steps) if _sends(each, step.message))
    tester, tested = (mine, theirs) if step.who != target else (theirs, mine)
    if steps[tester].kind is not Kind.DELIVERED or not steps[tester].label.startswith(_QUERY):
        message = "the tester's D-H Commit does not answer a Query Message"
        raise NoCase(message)
    between = steps[tester + 1 : tested + 1]
    sent = {each.number for each in steps[tester].sent}
    if any(each.who == steps[tester].who or each.message in sent for each in between):
        message = "the tester's D-H Commit cannot wait for the target's"
        raise NoCase(message)
    higher = step.higher[0] if step.who != target else not step.higher[0]
    return tester, max(tester, tested), higher


def _last_commit(steps: list[Step], before: int, who: str) -> int:
    """Where somebody sent the last D-H Commit."""
    return max(
        at
        for at, step in enumerate(steps[:before])
        if step.who == who and any(sent.label.startswith(_COMMIT) for sent in step.sent)
    )


def _sends(step: Step, number: int) -> bool:
    return any(sent.number == number for sent in step.sent)


@dataclass(frozen=True)
class _Made:
    """A case in the making."""

    witness: Witness
    target: Actor
    tester: Actor
    deviation: str
    moves: tuple[Move, ...]
    needs: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the case."""
        return f"witness.{self.witness.property}.{_slug(self.target.name)}"

    @property
    def about(self) -> str:
        """Its description."""
        fault = f" under {self.target.variant}" if self.target.variant else ""
        return (
            f"Does what the tables say in a run in which “{self.witness.property}” is "
            f"violated{fault}: {self.witness.says}."
        )

    @property
    def version(self) -> int:
        """The version that is spoken: the highest that both allow."""
        both = [{**_DEFAULT, **dict(actor.policy)} for actor in (self.target, self.tester)]
        return 3 if all(policy["allow_v3"] for policy in both) else 2

    @property
    def case(self) -> AnyCase[Cast, Stage]:
        """The case."""
        variant = variant_of(PROTOCOL, self.deviation) if self.deviation else NONE
        cast = Cast(
            Policy(**{**_DEFAULT, **dict(self.target.policy)}),
            Policy(**{**_DEFAULT, **dict(self.tester.policy)}),
            variant,
        )
        return AnyCase(
            f"{PROTOCOL}.case:{self.name}",
            self.about,
            cast,
            self._play,
            self.version,
            needs=frozenset(self.needs),
        )

    def _play(self, stage: Stage) -> None:
        for move in self.moves:
            move.play(stage)

    def played(self, variant: Variant = NONE) -> Played:
        """What comes of it with the reference as the target, under a variant."""
        return GRADER.play(self.case, TermLab(), reference_target(variant))

    @property
    def _faulty(self) -> Variant:
        """What the target's variant is."""
        return variant_of(PROTOCOL, self.target.variant) if self.target.variant else NONE

    def shortened(self) -> _Made:
        """The same as far as a target that follows the tables can be led."""
        done = 0

        def play(stage: Stage) -> None:
            nonlocal done
            for move in self.moves:
                move.play(stage)
                done += 1

        GRADER.play(replace(self.case, play=play), TermLab(), reference_target(NONE))
        return replace(self, moves=self.moves[:done])

    def tried(self) -> None:
        """Play it with the reference under the target's variant: it takes the witness's rows.

        Raises:
            NoCase: if it does not.
        """
        played = self.played(self._faulty)
        if played.stuck:
            raise NoCase(played.stuck)
        wanted = [
            fired.row
            for step in self.witness.steps
            if step.who == self.target.name
            for fired in step.fired
        ]
        found = [fired.row for fired in played.fired]
        for ours, theirs in zip(found, wanted, strict=False):
            if ours != theirs:
                message = (
                    f"as a target {self.target.name} takes {ours}, where the file has {theirs}"
                )
                raise NoCase(message)
        if len(found) != len(wanted):
            message = f"as a target {self.target.name} takes {len(found)} rows, not {len(wanted)}"
            raise NoCase(message)

    @cached_property
    def fails(self) -> str:
        """How a target under the variant that the target of the witness has differs."""
        return GRADER.difference(self.played(), self.played(self._faulty))

    def _remark(self) -> list[str]:
        """What is known of faulty targets, as comments."""
        if not self.target.variant:
            return []
        found = self.fails or "nothing that is observed differs"
        text = f"A target under {self.target.variant}: {found}."
        return [f"# {line}" for line in wrap(text, _WIDTH, break_on_hyphens=False)]

    @property
    def source(self) -> str:
        """The case as a module."""
        deviates = [f'    variant=variant_of("{PROTOCOL}", {_literal(self.deviation)}),']
        needs = ", ".join(map(_literal, self.needs))
        lines = [
            f'"""A case made of a witness: {self.witness.scenario.title}."""',
            "",
            "from __future__ import annotations",
            "",
            "from typing import TYPE_CHECKING",
            "",
            *(["from otr_check.explore.registry import variant_of"] if self.deviation else []),
            "from otr_conformance.otrv3.case import case",
            "from otr_reference.otrv3.session import Policy",
            "",
            "if TYPE_CHECKING:",
            "    from otr_conformance.otrv3.stage import Stage",
            "",
            "",
            *self._remark(),
            "@case(",
            f"    {_literal(self.name)},",
            f"    target={_policy(self.target.policy)},",
            f"    tester={_policy(self.tester.policy)},",
            *(deviates if self.deviation else []),
            *([f"    needs={{{needs}}},"] if self.needs else []),
            *([f"    version={self.version},"] if self.version != 3 else []),  # noqa: PLR2004 - the default
            ")",
            f"def {self.witness.property.replace('-', '_')}(stage: Stage) -> None:",
            *_docstring(self.about),
            *(f"    {move.source}" for move in self.moves),
        ]
        return "\n".join(lines) + "\n"


def _slug(name: str) -> str:
    """A name as a part of an id."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "target"


def _docstring(text: str) -> list[str]:
    filled = wrap(f'"""{text}"""', _WIDTH, break_on_hyphens=False)
    if len(filled) > 1:
        filled = [*wrap(f'"""{text}', _WIDTH, break_on_hyphens=False), '"""']
    return [f"    {line}" for line in filled]


def _policy(pairs: Iterable[tuple[str, bool]]) -> str:
    return f"Policy({', '.join(f'{name}={value}' for name, value in pairs)})"


def _literal(value: Any) -> str:  # noqa: ANN401 - text, number or truth value
    """A value in Python, with the quotes of this project."""
    if isinstance(value, str) and '"' not in value and value.isprintable() and "\\" not in value:
        return f'"{value}"'
    return repr(value)
