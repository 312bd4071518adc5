"""Cases: what is played on the stage, and what it is evidence for.

A case is a decorated function. Its docstring is the published description; it opens with what a
conforming implementation does. What is expected is not written in a case: the tables predict it
(`otr_conformance.play.grade`).

    @case("ake.answers-query", target=Policy(allow_v2=False))
    def answers_query(stage: Stage) -> None:
        \"\"\"Answers a Query Message with a D-H Commit Message.\"\"\"
        stage.tester_starts()
        stage.to_target_delivers()

The decorator is the protocol's own, since policies are; it hands on to `Cases.declare`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import unique
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from otr_model.kernel.words import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otr_model.kernel.variant import Variant

__all__ = ["AnyCase", "Case", "Cases", "Cast", "DuplicateCase", "Level"]


class Cast(Protocol):
    """Who plays, as far as every protocol has it; the policies are the protocol's own."""

    @property
    def variant(self) -> Variant:
        """How the tester deviates."""

    @property
    def max_size(self) -> int:
        """The largest message that the target may send, in bytes; 0: no limit."""

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions that the target's policy allows, ascending; none: OTR is disabled."""


C = TypeVar("C", bound=Cast)
S = TypeVar("S")


@unique
class Level(Word):
    """How strongly the specification asks for it."""

    MUST = "a failure is a deviation from the specification"
    SHOULD = "a failure is a note"


@dataclass(frozen=True, slots=True)
class Case(Generic[C, S]):
    """One case.

    Attributes:
        id: public, as in "otrv3.case:ake.answers-query".
        about: the description.
        cast: policies, sizes, and how the tester deviates.
        play: what happens.
        version: the protocol version that is spoken.
        level: how strongly it is asked for.
        needs: capabilities of the shim protocol that a target needs.
        largest: bytes of the largest message that the target receives, where they are many.
        derived: whether it was derived from the tables; see `otr_conformance.derive`.
        pause: seconds that pass before the target is asked for another key exchange; see `Stage`.
    """

    id: str
    about: str
    cast: C
    play: Callable[[S], None] = field(compare=False)
    version: int
    level: Level = Level.MUST
    needs: frozenset[str] = frozenset()
    largest: int = 0
    derived: bool = False
    pause: int = 0

    @property
    def asks(self) -> frozenset[str]:
        """What a target has to offer for it: capabilities, and versions as "version 3"."""
        spoken = {f"version {version}" for version in (self.version, *self.cast.versions)}
        return self.needs.union(spoken, {"fragment"} if self.cast.max_size else ())

    @property
    def name(self) -> str:
        """The id without the part that all cases of a protocol share."""
        return self.id.partition(":")[2]


AnyCase = Case[Any, Any]


class DuplicateCase(Exception):
    """Two cases have one id."""


class Cases(dict[str, Case[C, S]]):
    """The cases of a protocol, by id, in the order of declaration.

    Attributes:
        prefix: how the id of each begins, as in "otrv3.case:".
        left_out: cases that others make spare, by id.
    """

    def __init__(self, protocol: str) -> None:
        super().__init__()
        self.prefix = f"{protocol}.case:"
        self.left_out: dict[str, Case[C, S]] = {}

    def declare(  # noqa: PLR0913 - one keyword for each thing that a case states
        self,
        name: str,
        play: Callable[[S], None],
        cast: C,
        *,
        version: int,
        level: Level = Level.MUST,
        needs: Iterable[str] = (),
        largest: int = 0,
        derived: bool = False,
    ) -> None:
        """Add a case; see `Case`. The function's docstring is its description.

        Raises:
            DuplicateCase: if there is one with its id.
        """
        about = " ".join((play.__doc__ or "").split())
        case = Case(
            f"{self.prefix}{name}",
            about,
            cast,
            play,
            version,
            level,
            frozenset(needs),
            largest,
            derived,
        )
        if case.id in self:
            raise DuplicateCase(case.id)
        self[case.id] = case

    def leave_out(self, names: Iterable[str]) -> None:
        """Leave cases out, by name; those that are not there are passed over."""
        for name in names:
            case = self.pop(f"{self.prefix}{name}", None)
            if case is not None:
                self.left_out[case.id] = case
