"""Cases made of witnesses: a run that an exploration found, as the suite plays it.

    scripted(SCRIPTING, witness).source

One participant is the target, the others are the tester: one client, or several of one user. What
users and the network do becomes a move of the stage. The case is played with the reference, over
terms, before it is handed out: the target must take the very rows of the witness.

Where hashes are compared, the tester draws until they compare as in the witness. Of what an
attacker made, a case can have what is no more than a text, such as a Query Message. A case ends
where a target that follows the tables has sent nothing that could be delivered next.

What is each protocol's own is in its `Scripting`, in the module `witnesses` of its folder.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from otr_check.explore.registry import variant_of
from otr_check.explore.replay import injected_in
from otr_check.explore.witness import Kind
from otr_model.kernel.variant import NONE
from otr_reference.errors import OtrSpecError

from .case import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from otr_check.explore.scenario import Actor
    from otr_check.explore.witness import Step, Witness
    from otr_check.terms import Term
    from otr_model.kernel.variant import Variant

    from .case import AnyCase
    from .grade import AnyGrader, Played
    from .stage import AnyStage

__all__ = ["VERBS", "Move", "NoCase", "Offer", "Scripted", "Scripting", "scripted"]

_WIDTH: Final = 96
_EXTRA_USE: Final = 1
VERBS: Final = {
    "start": ("starts", ""),
    "send": ("says", ""),
    "end": ("ends", ""),
    "heartbeat": ("heartbeat", "heartbeat"),
    "extra-key": ("uses_extra_key", "extra-key"),
    "smp": ("begins_smp", "smp"),
    "answer": ("answers_smp", "smp"),
    "abort": ("aborts_smp", "smp"),
}
"""What a user of any protocol does: the verb of the stage, and the capability that it needs."""


class NoCase(OtrSpecError):
    """A witness that cannot be played as a case; the message says why."""


@dataclass(frozen=True, slots=True)
class Offer:
    """How the tester of a protocol offers an exchange, with a hash that compares as it is wanted.

    Attributes:
        message: how the label begins of the message whose hash is compared.
        asked: how the label begins of a message that asks for it.
        action: what a user does who asks for it; "" for nothing.
        move: the method of the stage.
    """

    message: str
    asked: str
    action: str
    move: str


@dataclass(frozen=True, eq=False)
class Scripting:
    """What is a protocol's own about the cases that witnesses become.

    Attributes:
        protocol: its name.
        grader: plays them.
        policy: makes policies.
        defaults: policies as they are where a scenario says nothing.
        versions: the policies that need no capability.
        verbs: as `VERBS`.
        clock: the capability that a target needs where time passes.
        tags: the instance tags of the tester's clients.
        offer: how hashes are made to compare.
        text: what an attacker made, as the network carries it; None where it is more than a text.
        cast: who plays: the policies of the target and of the tester, both, and how the tester
            deviates.
        stated: what else a case states: keywords of its decorator, and the capabilities needed.
        version: the version that is spoken.
        imports: what the source of a case imports besides.
    """

    protocol: str
    grader: AnyGrader
    policy: Callable[..., Any]
    defaults: Mapping[str, bool]
    versions: frozenset[str]
    verbs: Mapping[str, tuple[str, str]]
    clock: str
    tags: tuple[int, ...]
    offer: Offer
    text: Callable[[Term], str | None]
    cast: Callable[[Any, Any, Actor, Actor, Variant], Any]
    stated: Callable[[Actor, Actor], tuple[tuple[str, ...], frozenset[str]]]
    version: Callable[[Actor, Actor], int]
    imports: Callable[[Actor, Actor], tuple[str, ...]]

    def policy_of(self, actor: Actor) -> Any:  # noqa: ANN401 - each protocol has its own
        """The policy of a participant."""
        return self.policy(**{**self.defaults, **dict(actor.policy)})


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

    def play(self, stage: AnyStage) -> None:
        """Do it."""
        getattr(stage, self.name)(*self.args, **dict(self.keywords))


@dataclass(frozen=True, slots=True)
class Scripted:
    """A case that was made of a witness.

    Attributes:
        case: the case.
        source: the same as a module in Python.
    """

    case: AnyCase
    source: str


@dataclass
class _Staging:
    """What is on its way on the stage, and the moves so far.

    Attributes:
        scripting: the protocol's own.
        target: the participant that is tested.
        clients: the others, each with its tag.
        secrets: what each user says when SMP asks.
        texts: the messages that an attacker makes, those that are left.
        to_target, to_tester: the numbers of messages, oldest first.
        waiting: for each message to the tester, the clients that it has not reached.
        at: the client at work.
        held: the target's offer, which stays until the tester has compared its hash; 0: none.
    """

    scripting: Scripting
    target: str
    clients: dict[str, int]
    secrets: dict[str, str]
    texts: list[str]
    moves: list[Move] = field(default_factory=list)
    to_target: list[int] = field(default_factory=list)
    to_tester: list[int] = field(default_factory=list)
    waiting: dict[int, set[str]] = field(default_factory=dict)
    at: str = ""
    held: int = 0

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
        if step.action not in self.scripting.verbs:
            message = f"no case lets a user do that: {step.action}"
            raise NoCase(message)
        verb, _ = self.scripting.verbs[step.action]
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
        stays = stays or step.message == self.held
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
        self._forget(queue, side, step.message)

    def _forget(self, queue: list[int], side: str, number: int) -> None:
        """A message is on its way no more."""
        at = queue.index(number)
        del queue[at]
        self._do(f"to_{side}_loses", *((at,) if at else ()))

    def offers(self, step: Step, *, higher: bool) -> None:
        """The tester offers an exchange, and draws until its hash is as wanted."""
        if step.message:
            self._loses(step)
        self.turn_to(step.who)
        self._do(self.scripting.offer.move, higher=higher)
        if self.held in self.to_tester and not self.waiting[self.held]:
            self._forget(self.to_tester, "tester", self.held)
        self.held = 0
        self.sends(step)


def scripted(scripting: Scripting, witness: Witness, target: str = "") -> Scripted:
    """The case that a witness is.

    Of those that there are, one that a faulty target fails is preferred.

    Args:
        scripting: the protocol's own.
        witness: of this protocol.
        target: who is tested; "": whoever can be.

    Raises:
        NoCase: if nobody can be tested so, or the target does not take the rows of the witness.
        BadScenario: if a variant is not there any more.
    """
    names = [actor.name for actor in witness.scenario.actors]
    if target and target not in names:
        message = f"there is no participant {target!r}; there are {', '.join(names)}"
        raise NoCase(message)
    complaint, found = NoCase("nobody takes part"), None
    for actor in witness.scenario.actors:
        if target in {"", actor.name}:
            try:
                made = _made(scripting, witness, actor)
            except NoCase as error:
                complaint = error
            else:
                found = made if found is None or (made.fails and not found.fails) else found
    if found is None:
        raise complaint
    return Scripted(found.case, found.source)


def _made(scripting: Scripting, witness: Witness, target: Actor) -> _Made:
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
    moves = _moves(scripting, witness, target, others)
    needs = _needs(scripting, witness, target, first)
    complaint = NoCase("nothing was tried")
    for deviation in dict.fromkeys(("", first.variant)):
        made = _Made(scripting, witness, target, first, deviation, moves, needs)
        try:
            made.tried()
        except NoCase as error:
            complaint = error
        else:
            return made.shortened()
    raise complaint


def _needs(scripting: Scripting, witness: Witness, target: Actor, tester: Actor) -> tuple[str, ...]:
    """The capabilities that a target needs."""
    own = [step.action for step in witness.steps if step.who == target.name and step.action]
    needs = {scripting.verbs[action][1] for action in own}
    if any(step.kind is Kind.WAITED for step in witness.steps):
        needs.add(scripting.clock)
    if any(name not in scripting.versions for name, _ in target.policy):
        needs.add("policy")
    _, more = scripting.stated(target, tester)
    return tuple(sorted((needs | more) - {""}))


def _moves(
    scripting: Scripting, witness: Witness, target: Actor, others: list[Actor]
) -> tuple[Move, ...]:
    """The moves of a case."""
    staging = _Staging(
        scripting,
        target.name,
        {other.name: tag for other, tag in zip(others, scripting.tags, strict=False)},
        {actor.name: actor.says for actor in witness.scenario.actors},
        list(_texts(scripting, witness)),
    )
    steps = list(witness.steps)
    offered = _offered(scripting.offer, steps, target.name)
    staging.held = offered.theirs
    for at, step in enumerate(steps):
        if at != offered.at:
            staging.take(step)
        if at == offered.behind:
            staging.offers(steps[offered.at], higher=offered.higher)
    return tuple(staging.moves)


def _texts(scripting: Scripting, witness: Witness) -> Iterator[str]:
    """The messages that an attacker makes, as the network carries them.

    Raises:
        NoCase: if one is more than a text.
    """
    steps = [step for step in witness.steps if step.kind is Kind.INJECTED]
    for step, term in zip(steps, injected_in(witness) if steps else (), strict=True):
        text = scripting.text(term)
        if text is None:
            message = f"the tester of a case does not make what an attacker made: {step.label}"
            raise NoCase(message)
        yield text


class _Offered(NamedTuple):
    """An offer of the tester's, with a hash that is compared.

    Attributes:
        at: the place of the step in which it is made; -1 for none.
        behind: the place of the step behind which it can be arranged.
        higher: whether the tester's hash is the higher one.
        theirs: the number of the target's offer.
    """

    at: int = -1
    behind: int = -1
    higher: bool = False
    theirs: int = 0


def _offered(offer: Offer, steps: list[Step], target: str) -> _Offered:
    """Where the tester offers an exchange with a hash that is compared, and how it compares.

    Raises:
        NoCase: if it cannot be arranged.
    """
    compared = [(at, step) for at, step in enumerate(steps) if step.higher]
    if not compared:
        return _Offered()
    at, step = compared[0]
    if not step.message:
        message = "hashes are compared with an attacker's"
        raise NoCase(message)
    if len(compared) > 1 or len(step.higher) > 1:
        message = "hashes are compared more than once"
        raise NoCase(message)
    mine = _last_offer(offer, steps, at, step.who)
    theirs = next(n for n, each in enumerate(steps) if _sends(each, step.message))
    tester, tested = (mine, theirs) if step.who != target else (theirs, mine)
    asked = steps[tester]
    plain = asked.kind is Kind.DELIVERED and asked.label.startswith(offer.asked)
    if not plain and (not asked.action or asked.action != offer.action):
        message = f"nothing asks the tester for its {offer.message} that a case can arrange"
        raise NoCase(message)
    between = steps[tester + 1 : tested + 1]
    sent = {each.number for each in asked.sent}
    if any(each.who == asked.who or each.message in sent for each in between):
        message = f"the tester's {offer.message} cannot wait for the target's"
        raise NoCase(message)
    higher = step.higher[0] if step.who != target else not step.higher[0]
    number = next(s.number for s in steps[tested].sent if s.label.startswith(offer.message))
    return _Offered(tester, max(tester, tested), higher, number)


def _last_offer(offer: Offer, steps: list[Step], before: int, who: str) -> int:
    """Where somebody sent its last offer."""
    return max(
        at
        for at, step in enumerate(steps[:before])
        if step.who == who and any(sent.label.startswith(offer.message) for sent in step.sent)
    )


def _sends(step: Step, number: int) -> bool:
    return any(sent.number == number for sent in step.sent)


@dataclass(frozen=True)
class _Made:
    """A case in the making."""

    scripting: Scripting
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
    def summary(self) -> str:
        """The first sentence of its description."""
        return f"Does what the tables say in a run that violates “{self.witness.property}”."

    @property
    def details(self) -> str:
        """The rest."""
        fault = f"Under {self.target.variant}: " if self.target.variant else "There: "
        return f"{fault}{self.witness.says}."

    @property
    def about(self) -> str:
        """Its description."""
        return f"{self.summary} {self.details}"

    @property
    def version(self) -> int:
        """The version that is spoken."""
        return self.scripting.version(self.target, self.tester)

    @property
    def case(self) -> AnyCase:
        """The case."""
        scripting, target, tester = self.scripting, self.target, self.tester
        return Case(
            f"{scripting.protocol}.case:{self.name}",
            self.about,
            scripting.cast(
                scripting.policy_of(target),
                scripting.policy_of(tester),
                target,
                tester,
                self._variant(self.deviation),
            ),
            self._play,
            self.version,
            needs=frozenset(self.needs),
        )

    def _variant(self, name: str) -> Variant:
        return variant_of(self.scripting.protocol, name) if name else NONE

    def _play(self, stage: AnyStage) -> None:
        for move in self.moves:
            move.play(stage)

    def played(self, variant: Variant = NONE, case: AnyCase | None = None) -> Played:
        """What comes of it with the reference as the target, under a variant."""
        grader = self.scripting.grader
        return grader.play(case or self.case, grader.terms(), grader.reference_target(variant))

    @property
    def _faulty(self) -> Variant:
        """What the target's variant is."""
        return self._variant(self.target.variant)

    def shortened(self) -> _Made:
        """The same as far as a target that follows the tables can be led."""
        done = 0

        def play(stage: AnyStage) -> None:
            nonlocal done
            for move in self.moves:
                move.play(stage)
                done += 1

        self.played(case=replace(self.case, play=play))
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
        return self.scripting.grader.difference(self.played(), self.played(self._faulty))

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
        scripting, both = self.scripting, (self.target, self.tester)
        protocol = scripting.protocol
        keywords, _ = scripting.stated(*both)
        needs = ", ".join(map(_literal, self.needs))
        lines = [
            f'"""A case made of a witness: {self.witness.scenario.title}."""',
            "",
            "from __future__ import annotations",
            "",
            "from typing import TYPE_CHECKING",
            "",
            *(["from otr_check.explore.registry import variant_of"] if self.deviation else []),
            f"from otr_conformance.{protocol}.case import case",
            *scripting.imports(*both),
            f"from otr_reference.{protocol}.session import Policy",
            "",
            "if TYPE_CHECKING:",
            f"    from otr_conformance.{protocol}.stage import Stage",
            "",
            "",
            *self._remark(),
            "@case(",
            f"    {_literal(self.name)},",
            f"    target={self._policy(self.target)},",
            f"    tester={self._policy(self.tester)},",
            *(
                [f'    variant=variant_of("{protocol}", {_literal(self.deviation)}),']
                if self.deviation
                else []
            ),
            *(f"    {keyword}," for keyword in keywords),
            *([f"    needs={{{needs}}},"] if self.needs else []),
            ")",
            f"def {self.witness.property.replace('-', '_')}(stage: Stage) -> None:",
            *_docstring(self.summary, self.details),
            *(f"    {move.source}" for move in self.moves),
        ]
        return "\n".join(lines) + "\n"

    def _policy(self, actor: Actor) -> str:
        """A policy in Python: what differs from a plain one."""
        plain = self.scripting.policy()
        policy = self.scripting.policy_of(actor)
        pairs = ((name, getattr(policy, name)) for name in policy.__dataclass_fields__)
        differing = [f"{name}={value}" for name, value in pairs if value != getattr(plain, name)]
        return f"Policy({', '.join(differing)})"


def _slug(name: str) -> str:
    """A name as a part of an id."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "target"


def _docstring(summary: str, details: str) -> list[str]:
    rest = wrap(details, _WIDTH, break_on_hyphens=False)
    lines = [f'"""{summary}', "", *rest, '"""']
    return [f"    {line}" if line else "" for line in lines]


def _literal(value: Any) -> str:  # noqa: ANN401 - text, number or truth value
    """A value in Python, with the quotes of this project."""
    if isinstance(value, str) and '"' not in value and value.isprintable() and "\\" not in value:
        return f'"{value}"'
    return repr(value)
