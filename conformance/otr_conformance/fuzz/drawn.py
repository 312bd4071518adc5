"""Who plays, drawn, and written as words: "target:v2,v3 tester:v3,require_encryption size:250".

A word that is left out means nothing of it. What can stand after a word is the protocol's:
policies, sizes, modes, the label of the check that everything of the tester's fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from .vocabulary import UnknownPart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random

    from otr_conformance.derive.plan import Part

__all__ = ["DEVIANT", "SIZES", "Words", "drawing"]

V = TypeVar("V")

DEVIANT: Final = 0.2
"""How often the tester deviates."""
PLAIN: Final = 0.4
"""How often somebody is drawn who stands in the plan."""
ALLOWED: Final = 0.7
"""How often each of the versions is allowed."""
ENABLED: Final = 0.9
"""How often one of them is, where none was drawn."""
ASKED: Final = 0.3
"""How often each of the policies is asked for."""
SIZES: Final = (0, 0, 0, 250, 1000)
"""How large messages may be, in bytes; 0: any size."""
_MOST: Final = 1 << 20


class Words:
    """Who plays, in words."""

    def __init__(self, text: str = "") -> None:
        self._said: dict[str, str] = {}
        for word in text.split():
            name, colon, value = word.partition(":")
            if not colon or name in self._said:
                message = f"{word!r} does not say who plays"
                raise UnknownPart(message)
            self._said[name] = value

    def __str__(self) -> str:
        """As it stands in scripts."""
        return " ".join(f"{name}:{value}" for name, value in self._said.items())

    def get(self, name: str) -> str:
        """What is said; "" if nothing."""
        return self._said.get(name, "")

    def set(self, name: str, value: str) -> None:
        """Say something."""
        self._said[name] = value

    def only(self, names: Sequence[str]) -> None:
        """See that nothing else is said.

        Raises:
            UnknownPart: if something is.
        """
        for name in self._said:
            if name not in names:
                message = f"{name!r} says nothing about who plays"
                raise UnknownPart(message)

    def number(self, name: str) -> int:
        """A number; 0 if none is said.

        Raises:
            UnknownPart: if it is no number, or a very large one.
        """
        said = self.get(name) or "0"
        if not (said.isascii() and said.isdecimal()) or len(said) > len(str(_MOST)):
            message = f"{name}:{said} has no such number"
            raise UnknownPart(message)
        return int(said)

    def one(self, name: str, known: Mapping[str, V]) -> V:
        """One of several.

        Raises:
            UnknownPart: if it is none of them.
        """
        try:
            return known[self.get(name)]
        except KeyError:
            message = f"there is no {name} {self.get(name)!r}"
            raise UnknownPart(message) from None

    def policy(self, who: str, known: Sequence[str]) -> dict[str, bool]:
        """Policies: those that are named are asked for, and no others.

        Raises:
            UnknownPart: if there is none of a name.
        """
        named = [word for word in self.get(who).split(",") if word]
        for word in named:
            if word not in known:
                message = f"there is no policy {word!r}"
                raise UnknownPart(message)
        return {word: word in named for word in known}

    def draw_policy(
        self,
        random: Random,
        who: str,
        known: Sequence[str],
        versions: Sequence[str],
    ) -> None:
        """Draw policies; hardly ever are all versions of the protocol disabled."""
        allowed = [word for word in versions if random.random() < ALLOWED]
        if not allowed and random.random() < ENABLED:
            allowed = [random.choice(versions)]
        asked = [w for w in known if w not in versions and random.random() < ASKED]
        self.set(who, ",".join((*allowed, *asked)))

    def draw_sizes(self, random: Random, sizes: Sequence[int]) -> None:
        """Draw how large messages may be, of both."""
        for name in ("size", "tester-size"):
            size = random.choice(sizes)
            if size:
                self.set(name, str(size))


def drawing(
    parts: Mapping[str, Part[Any]],
    made: Callable[[Words], Part[Any]],
    draw: Callable[[Random], str],
) -> tuple[Callable[[str], Part[Any]], Callable[[Random], str]]:
    """How somebody who plays is read, and drawn.

    Args:
        parts: who stands in the plan, by name.
        made: of words, who plays.
        draw: draws words.
    """
    known: dict[str, Part[Any]] = {}

    def read(name: str) -> Part[Any]:
        found = parts.get(name) or known.get(name)
        if found is None:
            found = made(Words(name))
            if len(known) < _KEPT:
                known[name] = found
        return found

    def drawn(random: Random) -> str:
        return random.choice(tuple(parts)) if random.random() < PLAIN else draw(random)

    return read, drawn


_KEPT: Final = 4096
"""Parts that are kept."""
