"""Flaws: what was once wrong with a protocol, or with somebody's reading of it, as variants.

A flaw that was put right is a list of edits that brings it back. A flaw that stands needs none: it
is found in the tables as they are; so is one of a version whose tables are kept for its sake.
Either can be replayed, searched for, and shown to be absent
where it was put right.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from typing import TYPE_CHECKING

from .words import Word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .variant import Variant

__all__ = ["PROPERTIES", "BadFlaw", "Flaw", "Origin", "by_name"]

PROPERTIES: dict[str, str] = {
    "agreement": "who thinks that he talks to somebody shares keys with that one, or with nobody",
    "injective-agreement": "no message makes a second session of what was one",
    "secrecy": "what is typed for somebody is learnt by nobody else",
    "forward-secrecy": "what is stolen now does not open what was sent before",
    "authenticity": "a text that is shown as somebody's was typed by that one",
    "plaintext": "what is typed in a private conversation is never sent in the clear",
    "convergence": "when everything has arrived, both sides agree on how they stand",
    "belief": "who is told that a conversation is private is in one, until told otherwise",
    "no-storm": "what one person does leads to a bounded number of messages",
    "smp-truthful": "who is told how the secrets compare is told the truth",
    "mac-keys": "a MAC key is revealed only when nobody accepts a message under it any more",
    "mac-keys-once": "a MAC key is revealed once",
    "no-replay": "what arrives twice has the effect of one",
    "delivery": "what was typed arrives, where nothing is lost",
    "stale-keys": "the key of a message that never came is forgotten after a while",
    "fresh-profile": "nobody acts on a client profile that has expired",
    "version": "two that both speak a version never agree on an older one",
    "commitment": "who commits to a D-H key chooses it before seeing the other one",
    "deniability": "what somebody has sent could have been made by somebody else",
}
"""What a flaw can violate: the key, and the sentence that has to hold."""


class BadFlaw(Exception):
    """A flaw that contradicts itself; the message says how."""


@unique
class Origin(Word):
    """Where a flaw was."""

    DESIGN = "in the protocol as it was published"
    TEXT = "in the letter of the text, where ours is a hardened reading"
    CODE = "in an implementation, which did not do what the text says"
    RULE = "nowhere that we know of: it is what a rule of the text is there to prevent"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One flaw.

    Attributes:
        id: public, such as "otrv3.flaw:version-rollback".
        about: what is wrong, in a sentence.
        origin: where it was.
        year: of the source.
        source: who described it, and where; who made the rule, where it was never anywhere.
        there: in which versions, or in whose code, it is or was.
        fixed: where, and by what, it was put right; "" where it stands.
        variant: brings it back into our tables; no edits where it stands there.
        violates: which property, a key of `PROPERTIES`.
        attacker: what an attacker does; "" where there need be none.
        user: what the user suffers.
        policies: how the policies of those who take part must differ from the defaults.
        historical: the tables are those of the version that has it, although a later one does not.

    Raises:
        BadFlaw: if the property is not known, if it is in the tables and brought back by edits, or
            if it is not and there are none.
    """

    id: str
    about: str
    origin: Origin
    year: int
    source: str
    there: str
    fixed: str
    variant: Variant
    violates: str
    attacker: str
    user: str
    policies: tuple[tuple[str, bool], ...] = ()
    historical: bool = False

    def __post_init__(self) -> None:
        if self.violates not in PROPERTIES:
            message = f"{self.id}: {self.violates} is no property"
            raise BadFlaw(message)
        if self.present == bool(self.variant.edits):
            message = f"{self.id}: what stands needs no edits, and what was put right needs some"
            raise BadFlaw(message)

    @property
    def name(self) -> str:
        """The last part of the id."""
        return self.id.rpartition(":")[2]

    @property
    def stands(self) -> bool:
        """Whether it was never put right."""
        return not self.fixed

    @property
    def present(self) -> bool:
        """Whether it is in the tables as they are."""
        return self.stands or self.historical


def by_name(flaws: Iterable[Flaw]) -> dict[str, Flaw]:
    """Flaws by their names.

    Raises:
        BadFlaw: if two have one name.
    """
    found: dict[str, Flaw] = {}
    for flaw in flaws:
        if flaw.name in found:
            message = f"{flaw.name} is the name of two flaws"
            raise BadFlaw(message)
        found[flaw.name] = flaw
    return found
