"""The state of a conversation of OTRv1.

Attribute names are those of the declared variables, of the data (in lower case) and of the machine
of `otr_model.otrv1`. All values are immutable; a step works on copies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from otr_model.otrv1.words import Connection

if TYPE_CHECKING:
    from otr_reference.otrv3.messages import DhPair
    from otr_reference.sorts import Element, PublicKey, Seed, SigningKey

    from .messages import SessionKeys


@dataclass(slots=True)
class Config:
    """What an endpoint is given: never part of the state that a step changes.

    Attributes:
        signing: the long-term private key.
        public: its public part.
        seed: what all randomness comes from; never use one seed for two conversations.
        max_instances: the parameter of the model.
    """

    signing: SigningKey
    public: PublicKey
    seed: Seed
    max_instances: int = 0


class Session:
    """The one session of a conversation."""

    __slots__ = ("connection", "keys", "pair", "peer", "seen", "sent", "y")

    def __init__(self) -> None:
        self.connection = Connection.UNCONNECTED
        self.sent = 0
        self.seen = 0
        self.pair: DhPair | None = None
        self.peer: PublicKey | None = None
        self.y: Element | None = None
        self.keys: SessionKeys | None = None

    def clone(self) -> Session:
        """A shallow copy."""
        copy = object.__new__(Session)
        for slot in Session.__slots__:
            setattr(copy, slot, getattr(self, slot))
        return copy

    def values(self) -> tuple[object, ...]:
        """Everything that the session is, in a fixed order: equal exactly for equal sessions."""
        return tuple(getattr(self, slot) for slot in Session.__slots__)


class Conversation:
    """The conversation with one correspondent.

    Attributes:
        members: the one session, by 0.
        draws: how many times randomness was drawn.
    """

    __slots__ = ("draws", "members")

    def __init__(self) -> None:
        self.members: dict[int, Session] = {0: Session()}
        self.draws = 0

    def clone(self) -> Conversation:
        """A copy with a dictionary of its own; the session is shared until it is written."""
        copy = object.__new__(Conversation)
        copy.members = dict(self.members)
        copy.draws = self.draws
        return copy

    def values(self) -> tuple[object, ...]:
        """Everything that the conversation is: equal exactly for equal conversations."""
        return self.draws, self.current.values()

    @property
    def current(self) -> Session:
        """The session."""
        return self.members[0]
