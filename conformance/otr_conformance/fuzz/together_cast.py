"""Who meets, and what can happen to whom: the fuzzer's vocabulary, in the names of those who talk.

Alice talks to Bob; where there is a third, it sits at Bob's account beside him, as another client
of his or as somebody who is not Bob. What `Fuzzing.vocabulary` has of the target can happen to each
of them: "target types" is "alice types", "bob types" and "third types", "to target 2" is "to bob
2". What a tester does that no user can ask for has no place here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.derive.plan import Move, Part
from otr_conformance.derive.usual import ARRIVES
from otr_conformance.interop.meeting import ALICE, BOB
from otr_conformance.interop.rules import Seat
from otr_conformance.protocols import protocol
from otr_conformance.shim.vocabulary import Capability, PolicyWord
from otr_model.kernel.variant import NONE

from .drawn import DEVIANT, SIZES, Words, drawing
from .vocabulary import Family, Fuzzing, UnknownPart, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from random import Random

    from otr_model.kernel.variant import Variant

    from .together import Company

__all__ = ["IN_PROCESS", "MALLORY", "THIRD", "Gathering", "as_of_one", "fuzzing_of", "names_of"]

THIRD: Final = "third"
"""Who sits beside Bob."""
MALLORY: Final = "mallory"
"""Whose long-term key somebody has who is not Bob."""
IN_PROCESS: Final = "in-process"
"""What only the reference in this process can do: deviate, and lie about its key."""
THIRD_TAG: Final = 0x3003
CLIENT, IMPOSTOR, LIAR = WHO_ELSE = "client", "impostor", "liar"
"""Whom the third may be: another client of Bob's, somebody with another key, or one who shows
Bob's public key without having his."""
IS, FALSIFY = "third-is", "falsify"
"""The words that say who the third is, and which check all that it sends fails."""
FOUR: Final = "otrv4"
TARGET, TO_TARGET = "target ", "to target"
HUGE: Final = "piece "
"""How moves begin that send more than a shim could show, if it reached the wrong one once more."""
ENOUGH: Final = 60
"""How often a check that fails is looked for."""

_VERSIONS: Final[Mapping[str, Mapping[str, int]]] = {
    "otrv3": {"allow_v2": 2, "allow_v3": 3},
    "otrv4": {"allow_v4": 4},
}
_POLICIES: Final[Mapping[str, Mapping[str, PolicyWord]]] = {
    "otrv3": {
        "require_encryption": PolicyWord.REQUIRE_ENCRYPTION,
        "send_whitespace_tag": PolicyWord.SEND_WHITESPACE_TAG,
        "whitespace_start_ake": PolicyWord.WHITESPACE_START_AKE,
        "error_start_ake": PolicyWord.ERROR_START_AKE,
    },
    "otrv4": {
        "require_encryption": PolicyWord.REQUIRE_ENCRYPTION,
        "send_whitespace_tag": PolicyWord.SEND_WHITESPACE_TAG,
        "whitespace_start_dake": PolicyWord.WHITESPACE_START_AKE,
        "error_start_dake": PolicyWord.ERROR_START_AKE,
        "require_interactive": PolicyWord.REQUIRE_INTERACTIVE,
        "identity_start_dake": PolicyWord.IDENTITY_START_DAKE,
    },
}
_USUAL: Final[Mapping[str, frozenset[PolicyWord]]] = {
    "otrv3": frozenset(),
    "otrv4": frozenset({PolicyWord.IDENTITY_START_DAKE}),
}
"""What is asked for without being a policy of somebody's own."""
_PLAIN: Final[Mapping[str, Mapping[str, str]]] = {
    "otrv3": {"v3": "allow_v3", "v2": "allow_v2", "both": "allow_v2,allow_v3"},
    "otrv4": {"v4": "allow_v4,identity_start_dake"},
}
"""Who plays by a name: what everybody allows."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """Who meets.

    Attributes:
        seats: where each of them sits, by name, Alice first.
        third: whom the third is; "" where there is none.
        variant: how the third deviates.
    """

    seats: Mapping[str, Seat]
    third: str = ""
    variant: Variant = NONE

    @property
    def honest(self) -> frozenset[str]:
        """Those who deviate in nothing, and have the keys that they show."""
        wrong = bool(self.variant.edits) or self.third == LIAR
        return frozenset(name for name in self.seats if name != THIRD or not wrong)

    @property
    def versions(self) -> frozenset[int]:
        """Every version that somebody allows."""
        return frozenset(version for seat in self.seats.values() for version in seat.versions)


def names_of(number: int) -> tuple[str, ...]:
    """The names of so many who meet."""
    return (ALICE, BOB, THIRD)[:number]


@lru_cache(maxsize=8)
def fuzzing_of(name: str, number: int) -> Fuzzing:
    """What a protocol states so that several of its endpoints can be fuzzed together.

    Args:
        name: of the protocol.
        number: how many meet: two or three.
    """
    base, names = protocol(name).fuzzing, names_of(number)
    parts = _named(name, names)
    read, drawn = drawing(parts, partial(_part, name, names), partial(_draw, name, names))
    standing = base.plan.standing
    return replace(
        base,
        plan=replace(base.plan, parts=parts, place=lambda company: company.place(standing)),
        vocabulary=_vocabulary(base.vocabulary, names),
        users={event: _of_users(moves, names) for event, moves in base.users.items()},
        read_part=read,
        draw_part=drawn,
        as_it_is=_never,
    )


def _of_users(moves: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """The moves that cause an event of a user's: of each who meets, or the clock's."""
    if not all(move.startswith(TARGET) for move in moves):
        return moves
    return tuple(f"{who} {move.removeprefix(TARGET)}" for who in names for move in moves)


def _never(_cast: object) -> bool:
    """Nobody who meets shows messages as they are."""
    return False


# ---- Who plays.


def _named(name: str, names: tuple[str, ...]) -> dict[str, Part[Any]]:
    """Those who stand in scripts by a name."""
    return {
        part: _part(name, names, Words(" ".join(f"{who}:{allowed}" for who in names)))
        for part, allowed in _PLAIN[name].items()
    }


def _part(name: str, names: tuple[str, ...], words: Words) -> Part[Any]:
    """Who plays, of what was drawn.

    Raises:
        UnknownPart: if that says nothing, or somebody allows no version.
    """
    sizes = {who: f"{who}-size" for who in names}
    words.only((*names, *sizes.values(), *((IS, FALSIFY) if THIRD in names else ())))
    third = (words.get(IS) or CLIENT) if THIRD in names else ""
    if third and third not in WHO_ELSE:
        message = f"there is no {IS} {third!r}"
        raise UnknownPart(message)
    seats: dict[str, Seat] = {}
    needs: set[str] = set()
    for who in names:
        seat = seats[who] = _seat(name, who, words, words.number(sizes[who]), third)
        needs |= {f"{who}:policy"} if seat.policy - _USUAL[name] else set()
        needs |= {f"{who}:fragment"} if seat.largest else set()
    variant = NONE
    if words.get(FALSIFY):
        variant = protocol(name).fuzzing.read_part(f"{FALSIFY}:{words.get(FALSIFY)}").cast.variant
    if third == LIAR or variant is not NONE:
        needs.add(f"{THIRD}:{IN_PROCESS}")
    if third == CLIENT:
        needs |= {f"{who}:{Capability.PRESET_KEY.word}" for who in (BOB, THIRD)}
    gathering = Gathering(seats, third, variant)
    who_plays: Any = gathering  # a part is of a stage with a tester elsewhere
    return Part(who_plays, max(gathering.versions), frozenset(needs))


def _seat(name: str, who: str, words: Words, size: int, third: str) -> Seat:
    """Where somebody sits.

    Raises:
        UnknownPart: if no version is allowed, or something is asked for that there is not.
    """
    versions, policies = _VERSIONS[name], _POLICIES[name]
    said = words.policy(who, (*versions, *policies))
    allowed = frozenset(number for word, number in versions.items() if said[word])
    if not allowed:
        message = f"{who} allows no version of {name}"
        raise UnknownPart(message)
    asked = frozenset(policy for word, policy in policies.items() if said[word])
    seat = Seat(who, allowed, asked, size)
    if who != THIRD:
        return seat
    return replace(
        seat,
        account=BOB if third == CLIENT else MALLORY,
        claims=BOB if third == LIAR else "",
        peer=ALICE,
        tag=THIRD_TAG,
    )


def _draw(name: str, names: tuple[str, ...], random: Random) -> str:
    """Words that say who plays."""
    words = Words()
    versions, policies = tuple(_VERSIONS[name]), tuple(_POLICIES[name])
    for who in names:
        while not words.get(who) or not set(words.get(who).split(",")) & set(versions):
            words.draw_policy(random, who, (*versions, *policies), versions)
    for who in names:
        size = random.choice(SIZES) * (3 if name == FOUR else 1)
        if size:
            words.set(f"{who}-size", str(size))
    if THIRD in names:
        words.set(IS, random.choice(WHO_ELSE))
        if random.random() < DEVIANT:
            words.set(FALSIFY, _some_check(name, random))
    return str(words)


def _some_check(name: str, random: Random) -> str:
    """The label of a check that somebody fails."""
    draw = protocol(name).fuzzing.draw_part
    drawn = (text for text in (draw(random) for _ in range(ENOUGH)) if ":" in text)
    found = (Words(text).get(FALSIFY) for text in drawn)
    return next(filter(None, found), "")


# ---- What can happen.


def _vocabulary(base: Vocabulary, names: tuple[str, ...]) -> Vocabulary:
    """The moves of all who meet."""
    plain: dict[str, Move[Any]] = {}
    families: dict[str, Family] = {}
    for who in names:
        for move in base.plain.values():
            named = _name(move.name, who)
            if named and not _of_the_clock(move):
                plain[named] = _of(who, named, move)
        plain[f"{who} types"] = Move(f"{who} types", partial(_types, who))
        lost = f"everything to {who} is lost"
        plain[lost] = Move(lost, partial(_loses, who), partial(_awaits, who), clears=True)
        for family in base.families.values():
            named = _name(family.name, who)
            if named:
                families[named] = Family(
                    named,
                    partial(_plays_numbered, who, family.play),
                    family.most,
                    partial(_on, who, family.when),
                    _needs((who,), family.needs),
                    family.clears,
                )
    for move in base.plain.values():
        if _of_the_clock(move):
            plain[move.name] = replace(move, needs=_needs(names, move.needs))
    if THIRD in names:
        plain.update((move.name, move) for move in _turning())
    everything = base.plain[ARRIVES]
    plain[ARRIVES] = replace(everything, when=_busy)
    return Vocabulary(plain, families)


def _name(name: str, who: str) -> str:
    """What a move is called if it is this one's; "" if it is the tester's, or everybody's."""
    name = name.replace("another of the tester's clients as its sender", "another client's tag")
    if "tester" in name or name == ARRIVES or name.startswith(HUGE):
        return ""
    if name.startswith(TARGET):
        return f"{who} {name.removeprefix(TARGET)}"
    if name.endswith(TO_TARGET):
        return f"{name.removesuffix(TO_TARGET)}to {who}"
    return f"{name}, to {who}"


def _turning() -> Iterator[Move[Any]]:
    """Alice's user chooses which of Bob's clients is meant from now on."""
    needs = frozenset({f"{ALICE}:{IN_PROCESS}"})
    for name, to in ((BOB, BOB), (THIRD, THIRD), ("whichever is preferred", "")):
        yield Move(f"{ALICE} turns to {name}", partial(_turns, to), needs=needs)


def _turns(to: str, company: Company) -> None:
    company.turns(ALICE, to)


def as_of_one(name: str, who: str) -> str:
    """What a move is called where only one of them is a target, and nobody else is."""
    for other in (ALICE, BOB, THIRD):
        side = TARGET.strip() if other == who else "tester"
        if name.startswith(f"{other} "):
            return f"{side}{name.removeprefix(other)}"
        head, to, number = name.partition(f"to {other}")
        if to and (not number or number[1:].isdecimal()):
            made_up = head.endswith(", ") and not number and side != "tester"
            return head.removesuffix(", ") if made_up else f"{head}to {side}{number}"
    return name


def _of_the_clock(move: Move[Any]) -> bool:
    return any(word.endswith("clock") for word in move.needs)


def _needs(names: tuple[str, ...], words: frozenset[str]) -> frozenset[str]:
    return frozenset(f"{who}:{word}" for who in names for word in words)


def _of(who: str, named: str, move: Move[Any]) -> Move[Any]:
    """A move of the target's, as one of somebody's."""
    return Move(
        named,
        partial(_plays, who, move.play),
        partial(_on, who, move.when),
        _needs((who,), move.needs),
        clears=move.clears,
    )


def _plays(who: str, play: Callable[[Any], None], company: Company) -> None:
    company.acts(who, play)


def _plays_numbered(
    who: str, play: Callable[[Any, int], None], company: Company, number: int
) -> None:
    company.acts(who, lambda view: play(view, number))


def _on(who: str, when: Callable[[Any], object], company: Company) -> object:
    return when(company.views[who])


def _types(who: str, company: Company) -> None:
    company.types(who)


def _loses(who: str, company: Company) -> None:
    company.loses(who)


def _awaits(who: str, company: Company) -> bool:
    return bool(company.views[who].to_target)


def _busy(company: Company) -> bool:
    return company.busy
