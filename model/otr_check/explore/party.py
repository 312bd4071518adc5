"""What a participant does in one step, and what is remembered of it.

A participant's *local state* is the conversation of its endpoint and a memory of what has happened
there: what its user was told, which texts were typed and shown, with whom it was private. The
memory is what properties are asked of; it is part of the state, so that two runs that differ in it
are told apart.

What a protocol's endpoint is, is said by an `Adaptor`; this module knows none.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from enum import unique
from typing import TYPE_CHECKING, Any, ClassVar

from otr_model.kernel.words import Word

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from otr_check.terms import Term
    from otr_model.kernel.composition import Composition
    from otr_model.trace import Fired

    from .scenario import Action, Scenario

__all__ = [
    "Adaptor",
    "Blind",
    "Claim",
    "Crash",
    "Deed",
    "Local",
    "Memory",
    "Opponent",
    "Order",
    "Outcome",
    "Standing",
    "Told",
    "Undecided",
    "remembered",
]


class Undecided(Exception):
    """A step depends on which of two hashes is the higher one: choose, and step again both ways.

    Attributes:
        ours: the hash that was compared.
        theirs: the one that it was compared with.
    """

    def __init__(self, ours: Term, theirs: Term) -> None:
        super().__init__(ours, theirs)
        self.ours = ours
        self.theirs = theirs


class Crash(Exception):
    """An endpoint could not go on: only a faulty variant leads there."""


@unique
class Told(Word):
    """What a user was told last of a session; nothing where it is not private."""

    PRIVATE = "the conversation is private"
    OVER = "the peer has ended the private conversation"


@unique
class Deed(Word):
    """What a memory holds."""

    RUNS = "has sent what authenticates it, in an exchange: the secure session id"
    SECURED = "told its user that it is private: with whom, the session id, the version, the role"
    TYPED = "its user typed a text while private: the text, with whom"
    AGAIN = "sent a text again that it had sent, or that had waited: the text"
    SHOWN = "showed a text as private: the text, from whom"
    CLEAR = "sent a text in the clear that had been typed while private: the text"
    VERIFIED = "accepted a text: the MAC key under which it came"
    OUTDATED = "acted on a client profile that has expired: whose"
    REVEALED = "published MAC keys: the keys"
    AGREED = "told its user that the secrets of SMP are equal: the session id"
    DIFFERED = "told its user that the secrets of SMP differ: the session id"
    BEGAN = "its user asked for a private conversation"
    ENDED = "its user ended a private conversation"
    CRASHED = "could not go on: why"
    DIFFERS = "does something else than another variant would: what"


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that happened at a participant.

    Attributes:
        deed: what.
        about: the values, as the deed says.
    """

    deed: Deed
    about: tuple[Hashable, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of a participant's past.

    Attributes:
        typed: how many texts its user has typed.
        told: what the user was told last of each session, by the peer's instance tag.
        claims: what happened, in order; only deeds that some property asks for.
    """

    typed: int = 0
    told: tuple[tuple[int, Told], ...] = ()
    claims: tuple[Claim, ...] = ()

    def of(self, deed: Deed) -> tuple[tuple[Hashable, ...], ...]:
        """The values of every claim of a deed, in order."""
        return tuple(claim.about for claim in self.claims if claim.deed is deed)

    def standing(self, instance: int) -> Told | None:
        """What the user was told last of a session."""
        return dict(self.told).get(instance)


@dataclass(frozen=True, slots=True)
class Local:
    """The local state of a participant: a conversation, and what is remembered."""

    conversation: Any
    memory: Memory


@dataclass(frozen=True, slots=True)
class Standing:
    """One session as properties see it.

    Attributes:
        instance: the peer's instance tag.
        private: what the user types is encrypted.
        over: the peer has ended it.
        peer: the account that it is with; "" for none, "?" for a key that nobody has.
        ssid: the secure session id.
        keys: what identifies the keys in use, the same on both sides.
        accepts: MAC keys with which a message would be accepted.
        smp: who has to go on with SMP: "user", "peer"; "" if it is not underway.
        stale: it has looked at the clock, and still holds message keys that are too old.
    """

    instance: int
    private: bool
    over: bool = False
    peer: str = ""
    ssid: Term | None = None
    keys: Hashable = None
    accepts: frozenset[Term] = frozenset()
    smp: str = ""
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step of an endpoint gives.

    Attributes:
        conversation: the conversation after it.
        wires: messages for the network, in order.
        told: what the user was told about sessions, in order; None: that one is not private.
        claims: what happened, in order.
        fired: the rows that were taken.
        notices: what the user was shown, in words, in order.
    """

    conversation: Any
    wires: tuple[Term, ...] = ()
    told: tuple[tuple[int, Told | None], ...] = ()
    claims: tuple[Claim, ...] = ()
    fired: tuple[Fired, ...] = ()
    notices: tuple[str, ...] = ()


class Adaptor(ABC):
    """A protocol's endpoints, as exploration needs them.

    Attributes:
        composition: the tables.
        unanswered: parts of an exchange that end before the peer has sent anything in it: who plays
            one uses what the peer published.
        scenario: who takes part.
    """

    composition: ClassVar[Composition]
    unanswered: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, scenario: Scenario) -> None:
        """Make the endpoints of a scenario.

        Raises:
            BadScenario: if a policy, a variant, a mode or an action is not the protocol's.
        """
        self.scenario = scenario

    @abstractmethod
    def begin(self, who: int) -> Any:  # noqa: ANN401 - each protocol has its own conversations
        """The conversation of a participant in which nothing has happened."""

    @abstractmethod
    def key(self, conversation: Any) -> Hashable:  # noqa: ANN401 - see begin
        """A value that is equal for equal conversations only."""

    @abstractmethod
    def receive(self, who: int, local: Local, wire: Term, now: int, order: Order) -> Outcome:
        """A message arrives.

        Raises:
            Undecided: if it depends on the order of two hashes that is not decided.
            Crash: if the endpoint cannot go on.
        """

    @abstractmethod
    def command(
        self, who: int, local: Local, action: Action, now: int, order: Order
    ) -> Outcome | None:
        """The user does something; None where that is not possible now. Raises as `receive`."""

    @abstractmethod
    def text(self, who: int, number: int) -> Term:
        """The text that a user types, by how many were typed before."""

    @abstractmethod
    def sessions(self, local: Local) -> tuple[Standing, ...]:
        """The sessions of a participant."""

    @abstractmethod
    def label(self, wire: Term) -> str:
        """What a message is, in a few words."""

    @abstractmethod
    def highest(self) -> int:
        """The highest version that every participant allows."""

    @abstractmethod
    def attacker(self) -> Opponent:
        """Who else can send, and what is known to whoever sees the network."""


Order = frozenset[tuple["Term", "Term"]]
"""Which hash is the higher one of a pair: (higher, lower)."""


class Opponent(ABC):
    """What is known to whoever sees the network, and what can be made of it.

    Knowledge is any immutable and hashable value.
    """

    @abstractmethod
    def begin(self) -> Hashable:
        """What is known at first."""

    @abstractmethod
    def learn(self, knowledge: Hashable, wires: Iterable[Term]) -> Hashable:
        """What is known after messages were seen."""

    @abstractmethod
    def steal(self, knowledge: Hashable, conversation: object, user: str) -> Hashable:
        """What is known to who takes a conversation and the long-term key of its user."""

    @abstractmethod
    def knows(self, knowledge: Hashable, term: Term) -> bool:
        """Whether a term can be made."""

    @abstractmethod
    def messages(self, knowledge: Hashable, conversation: object, who: int) -> Iterable[Term]:
        """Messages that can be made, and that might matter to a participant."""


class Blind(Opponent):
    """Who does not look, and sends nothing."""

    def begin(self) -> Hashable:
        """Nothing."""
        return None

    def learn(self, knowledge: Hashable, wires: Iterable[Term]) -> Hashable:
        """Nothing more."""
        del wires
        return knowledge

    def steal(self, knowledge: Hashable, conversation: object, user: str) -> Hashable:
        """Nothing more."""
        del conversation, user
        return knowledge

    def knows(self, knowledge: Hashable, term: Term) -> bool:
        """No."""
        del knowledge, term
        return False

    def messages(self, knowledge: Hashable, conversation: object, who: int) -> Iterable[Term]:
        """None."""
        del knowledge, conversation, who
        return ()


def remembered(memory: Memory, outcome: Outcome, kept: frozenset[Deed], typed: int) -> Memory:
    """What is remembered after a step.

    Args:
        memory: what was remembered before.
        outcome: what the step gave.
        kept: the deeds that properties ask for.
        typed: how many texts were typed in it.
    """
    told = memory.told
    if outcome.told:
        latest = dict(told)
        for instance, news in outcome.told:
            latest.pop(instance, None)
            if news is not None:
                latest[instance] = news
        told = tuple(sorted(latest.items(), key=_instance))
    claims = tuple(claim for claim in outcome.claims if claim.deed in kept)
    if told == memory.told and not claims and not typed:
        return memory
    return replace(memory, typed=memory.typed + typed, told=told, claims=memory.claims + claims)


def _instance(entry: tuple[int, Told]) -> int:
    return entry[0]
