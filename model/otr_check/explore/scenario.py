"""Scenarios: what is explored, within which bounds.

A scenario is a small TOML file:

    title = "Two users begin at once"
    protocol = "otrv3"
    ask = ["agreement", "convergence"]
    expect = []              # properties that are expected to be violated

    [bounds]
    in_flight = 3            # messages on their way to one participant, at most

    [network]
    order = "any"            # or "sent": no message overtakes another
    loses = false
    replays = 0              # how often something is delivered without being taken away

    [attacker]               # only where there is one
    injects = 1              # messages of his own
    owns = ["alice"]         # accounts whose long-term keys he has
    sends = ["query"]        # kinds of them; without: all

    [participant.alice]
    peer = "bob"             # the account that the user talks to
    does = { start = 1, send = 2 }

    [participant.bob]
    peer = "alice"
    policy = { require_encryption = true }
    variant = "literal smp-refresh"

Several participants with one `account` are instances of one user: the network brings what is sent
to the account to each of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import unique
from importlib import resources
from typing import TYPE_CHECKING, Final, TypeVar

from otr_model.documents import BadDocument, parse_toml
from otr_model.kernel.words import Word
from otr_reference.errors import OtrSpecError

from .machine import DIGIT, STORM, TIME

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

__all__ = [
    "MALLORY",
    "Action",
    "Actor",
    "Attacker",
    "BadScenario",
    "Bounds",
    "Network",
    "Order",
    "Scenario",
    "checked",
    "read_scenario",
    "scenario_of",
    "shipped",
]

T = TypeVar("T")

MOST_TIMES: Final = (1 << DIGIT) - 1
"""How often a user may do one thing, at most: a digit of a joint state."""
MOST_IN_FLIGHT: Final = 16
MOST_PARTICIPANTS: Final = 4
MOST_WAITS: Final = (1 << TIME) - 1
FORGING: Final = "/forging"
"""What follows an account's name where its forging key is meant."""
PROTOCOLS: Final = ("otrv1", "otrv3", "otrv4")
"""The protocols whose endpoints can be explored."""
MALLORY: Final = "mallory"
"""The account that an attacker has of his own."""
ALWAYS_ASKED: Final = "no-crash"
"""The property that is asked whether a scenario asks for it or not."""


class BadScenario(OtrSpecError):
    """A scenario that means nothing, or asks for a bound that there cannot be."""


@unique
class Action(Word):
    """What a user may do."""

    START = "asks for a private conversation"
    DAKE = "starts a conversation interactively"
    OFFLINE = "starts a conversation with a prekey ensemble of the peer's"
    SEND = "types a text, a new one each time"
    END = "ends the private conversation"
    HEARTBEAT = "lets a heartbeat be sent"
    EXTRA_KEY = "uses the extra symmetric key"
    SMP = "begins SMP"
    ANSWER = "gives the secret that SMP asks for"
    ABORT = "aborts SMP"
    TICK = "lets the endpoint look at the clock"


@unique
class Order(Word):
    """In which order the network delivers."""

    ANY = "in any order"
    SENT = "in the order of sending"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far the exploration goes.

    Attributes:
        in_flight: messages on their way to one participant, at most; what would exceed it is
            left out, and counted.
        states: joint states, at most; 0: without a bound.
        depth: steps from the beginning, at most; 0: without a bound.
        storm: messages that may be sent after the last thing that a user did; more are a storm.
    """

    in_flight: int = 3
    states: int = 0
    depth: int = 0
    storm: int = 20


@dataclass(frozen=True, slots=True)
class Network:
    """What the network does.

    Attributes:
        order: in which order it delivers.
        loses: it may lose any message.
        replays: how often it may deliver something without taking it away.
    """

    order: Order = Order.ANY
    loses: bool = False
    replays: int = 0


@dataclass(frozen=True, slots=True)
class Attacker:
    """Who else can send.

    Attributes:
        injects: how many messages of his own he may send.
        owns: accounts whose long-term keys he has; "alice/forging" is the secret part of alice's
            forging key alone, which identifies nobody (OTRv4).
        sends: kinds of messages that he sends, by the names that the protocol's attacker has; none
            named: all.
        fails: checks that he also fails, one in a message; those that a participant skips he fails
            in any case.
        sees: ephemeral secrets that he has: "curves" all of elliptic curves, "groups" all of the
            finite group; "" none.
    """

    injects: int = 0
    owns: tuple[str, ...] = ()
    sees: str = ""
    sends: tuple[str, ...] = ()
    fails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Actor:
    """A participant.

    Attributes:
        name: who.
        peer: the account that the user talks to.
        account: whose instance it is.
        does: what the user may do, and how often.
        policy: policies that differ from the default.
        variant: what differs from the tables: an id, or "".
        against: another variant that it is compared with: property "alike"; "" if with none.
        says: what the user says when SMP asks.
        knows: a client profile of the peer's was published and is known (OTRv4).
        verified: the user has verified the fingerprint of the peer's account (OTRv4).
        mode: the mode (OTRv4).
    """

    name: str
    peer: str
    account: str = ""
    does: tuple[tuple[Action, int], ...] = ()
    policy: tuple[tuple[str, bool], ...] = ()
    variant: str = ""
    against: str = ""
    says: str = "plum"
    knows: bool = False
    verified: bool = False
    mode: str = ""

    @property
    def user(self) -> str:
        """The account."""
        return self.account or self.name


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is explored.

    Attributes:
        title: what it shows, in a line.
        protocol: whose endpoints take part.
        actors: the participants.
        ask: the ids of the properties that are asked.
        about: more than the title says.
        bounds: how far.
        network: what the network does.
        attacker: who else can send; None: nobody.
        waits: seconds that pass, one after the other, whenever the network likes.
        expect: the properties that are expected to be violated.
    """

    title: str
    protocol: str
    actors: tuple[Actor, ...]
    ask: tuple[str, ...]
    about: str = ""
    bounds: Bounds = field(default_factory=Bounds)
    network: Network = field(default_factory=Network)
    attacker: Attacker | None = None
    waits: tuple[int, ...] = ()
    expect: tuple[str, ...] = ()


def read_scenario(path: Path) -> Scenario:
    """Read the file of a scenario.

    Raises:
        BadScenario: if it cannot be read, is no TOML, or is no scenario; one line says what.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}"
        raise BadScenario(message) from error
    try:
        return scenario_of(text)
    except BadScenario as error:
        message = f"{path}: {error}"
        raise BadScenario(message) from None


def shipped() -> Mapping[str, str]:
    """The scenarios that come with this package: their texts by their names, in order."""
    folder = resources.files(__package__) / "scenarios"
    found = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {
        name.removesuffix(".toml"): (folder / name).read_text(encoding="utf-8") for name in found
    }


def scenario_of(text: str) -> Scenario:
    """A scenario from its text.

    Raises:
        BadScenario: if it is no TOML, or no scenario.
    """
    try:
        found = parse_toml(text)
    except BadDocument as error:
        raise BadScenario(str(error)) from error
    plain = [f.name for f in fields(Scenario) if f.name != "actors"]
    _refuse_strange(found, (*plain, "participant"), "the scenario")
    actors = tuple(
        _actor(name, _table(of, f"participant.{name}"))
        for name, of in _table(found.get("participant", {}), "participant").items()
    )
    attacker = found.get("attacker")
    scenario = Scenario(
        _typed(found.get("title"), str, "title"),
        _typed(found.get("protocol"), str, "protocol"),
        actors,
        tuple(_list(found.get("ask"), str, "ask")),
        _typed(found.get("about", ""), str, "about").strip(),
        _bounds(_table(found.get("bounds", {}), "bounds")),
        _network(_table(found.get("network", {}), "network")),
        None if attacker is None else _attacker(_table(attacker, "attacker")),
        tuple(_list(found.get("waits", []), int, "waits")),
        tuple(_list(found.get("expect", []), str, "expect")),
    )
    return checked(scenario)


def checked(scenario: Scenario) -> Scenario:
    """The scenario itself.

    Raises:
        BadScenario: if nothing could be explored so: a bound out of range, nobody to talk to.
    """
    names = [actor.name for actor in scenario.actors]
    users = {actor.user for actor in scenario.actors}
    owned = scenario.attacker.owns if scenario.attacker else ()
    strangers = [a.peer for a in scenario.actors if a.peer not in users]
    unknown = [name for name in owned if name.removesuffix(FORGING) not in users]
    unasked = [name for name in scenario.expect if name not in (*scenario.ask, ALWAYS_ASKED)]
    fits = 1 <= scenario.bounds.in_flight <= MOST_IN_FLIGHT
    complaints = {
        f"protocol: there is no {scenario.protocol!r}; there are {', '.join(PROTOCOLS)}": (
            scenario.protocol not in PROTOCOLS
        ),
        f"participant: there are {len(names)}, and there can be 2 to {MOST_PARTICIPANTS}": (
            not 2 <= len(names) <= MOST_PARTICIPANTS  # noqa: PLR2004 - a conversation has two ends
        ),
        f"participant: nobody has the account {', '.join(strangers)}": bool(strangers),
        f"attacker.owns: nobody has the account {', '.join(unknown)}": bool(unknown),
        f"bounds.in_flight: is {scenario.bounds.in_flight}, not 1 to {MOST_IN_FLIGHT}": not fits,
        f"participant: {MALLORY} is the attacker's account": MALLORY in users,
        "ask: names no property": not scenario.ask,
        f"participant.does: nothing is done more than {MOST_TIMES} times": any(
            times > MOST_TIMES for actor in scenario.actors for _, times in actor.does
        ),
        f"network.replays, attacker.injects: are not 0 to {MOST_TIMES}": (
            scenario.network.replays > MOST_TIMES
            or (scenario.attacker is not None and scenario.attacker.injects > MOST_TIMES)
        ),
        "attacker: there is none where variants are compared": bool(
            scenario.attacker and any(actor.against for actor in scenario.actors)
        ),
        f"expect: does not ask for {', '.join(unasked)}": bool(unasked),
        f"waits: are not up to {MOST_WAITS} numbers above 0": (
            len(scenario.waits) > MOST_WAITS or any(wait < 1 for wait in scenario.waits)
        ),
    }
    for complaint, holds in complaints.items():
        if holds:
            raise BadScenario(complaint)
    return scenario


def _actor(name: str, found: Mapping[str, object]) -> Actor:
    where = f"participant.{name}"
    _refuse_strange(found, [f.name for f in fields(Actor) if f.name != "name"], where)
    does = _table(found.get("does", {}), f"{where}.does")
    policy = _table(found.get("policy", {}), f"{where}.policy")
    return Actor(
        name,
        _typed(found.get("peer"), str, f"{where}.peer"),
        _typed(found.get("account", ""), str, f"{where}.account"),
        tuple(
            (_action(word, f"{where}.does"), _times(times, f"{where}.does.{word}"))
            for word, times in does.items()
        ),
        tuple(
            (word, _typed(value, bool, f"{where}.policy.{word}")) for word, value in policy.items()
        ),
        _typed(found.get("variant", ""), str, f"{where}.variant"),
        _typed(found.get("against", ""), str, f"{where}.against"),
        _typed(found.get("says", "plum"), str, f"{where}.says"),
        _typed(found.get("knows", False), bool, f"{where}.knows"),
        _typed(found.get("verified", False), bool, f"{where}.verified"),
        _typed(found.get("mode", ""), str, f"{where}.mode"),
    )


def _bounds(found: Mapping[str, object]) -> Bounds:
    _refuse_strange(found, [f.name for f in fields(Bounds)], "bounds")
    bounds = Bounds(**{k: _natural(v, f"bounds.{k}") for k, v in found.items()})
    if not 1 <= bounds.storm <= _STORM:
        message = f"bounds.storm: is {bounds.storm}, not 1 to {_STORM}"
        raise BadScenario(message)
    return bounds


_STORM: Final = (1 << STORM) - 2


def _network(found: Mapping[str, object]) -> Network:
    _refuse_strange(found, [f.name for f in fields(Network)], "network")
    order = _typed(found.get("order", "any"), str, "network.order")
    orders = {word.label: word for word in Order}
    if order not in orders:
        message = f"network.order: is {order!r}, not {' or '.join(map(repr, orders))}"
        raise BadScenario(message)
    return Network(
        orders[order],
        _typed(found.get("loses", False), bool, "network.loses"),
        _times(found.get("replays", 0), "network.replays"),
    )


def _attacker(found: Mapping[str, object]) -> Attacker:
    _refuse_strange(found, [f.name for f in fields(Attacker)], "attacker")
    sees = _typed(found.get("sees", ""), str, "attacker.sees")
    if sees not in {"", "curves", "groups"}:
        message = f"attacker.sees: is {sees!r}, not 'curves' or 'groups'"
        raise BadScenario(message)
    return Attacker(
        _times(found.get("injects", 0), "attacker.injects"),
        tuple(_list(found.get("owns", []), str, "attacker.owns")),
        sees,
        tuple(_list(found.get("sends", []), str, "attacker.sends")),
        tuple(_list(found.get("fails", []), str, "attacker.fails")),
    )


# What TOML gives is of any type.


def _typed(value: object, kind: type[T], where: str) -> T:
    if value is None:
        message = f"{where}: is missing"
        raise BadScenario(message)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        message = f"{where}: is {value!r}, which is no {_KINDS[kind]}"
        raise BadScenario(message)
    return value


_KINDS: Final[Mapping[type, str]] = {
    str: "text",
    int: "whole number",
    bool: "true or false",
    dict: "table",
    list: "list",
}


def _table(value: object, where: str) -> dict[str, object]:
    return _typed(value, dict, where)


def _list(value: object, kind: type[T], where: str) -> list[T]:
    return [_typed(each, kind, where) for each in _typed(value, list, where)]


def _natural(value: object, where: str) -> int:
    number = _typed(value, int, where)
    if number < 0:
        message = f"{where}: is {number}, which is below 0"
        raise BadScenario(message)
    return number


def _times(value: object, where: str) -> int:
    number = _natural(value, where)
    if number > MOST_TIMES:
        message = f"{where}: is {number}, and can be {MOST_TIMES} at most"
        raise BadScenario(message)
    return number


def _action(word: str, where: str) -> Action:
    actions = {action.label: action for action in Action}
    if word not in actions:
        message = f"{where}: there is no {word!r}; there are {', '.join(actions)}"
        raise BadScenario(message)
    return actions[word]


def _refuse_strange(found: Collection[str], known: Collection[str], where: str) -> None:
    strange = [key for key in found if key not in known]
    if strange:
        message = f"{where}: has no {strange[0]!r}; it has {', '.join(known)}"
        raise BadScenario(message)
