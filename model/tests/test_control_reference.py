"""What the control abstractions do is what the references do, row by row and check by check.

Random runs of scenarios are taken by the reference over symbolic terms at the same time: the same
rows are taken in the same sessions, the same checks fail, and as many messages go out.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from otr_check.control.explore import explore, lasso
from otr_check.control.system import Act, System
from otr_check.otrv3.abstraction import SCENARIOS as SCENARIOS_3
from otr_check.otrv3.suite import TermSuite as TermSuite3
from otr_check.otrv4.abstraction import SCENARIOS as SCENARIOS_4
from otr_check.otrv4.suite import TermSuite as TermSuite4
from otr_check.terms import TermPool
from otr_model.kernel.variant import DropRow, Variant
from otr_model.otrv3.words import Event as Event3
from otr_model.otrv4.words import Event as Event4
from otr_reference.otrv3 import commands as three
from otr_reference.otrv3.endpoint import Endpoint as Endpoint3
from otr_reference.otrv3.notices import Send as Send3
from otr_reference.otrv3.session import Config as Config3
from otr_reference.otrv4 import commands as four
from otr_reference.otrv4.account import Account
from otr_reference.otrv4.endpoint import Endpoint as Endpoint4
from otr_reference.otrv4.notices import Send as Send4
from otr_reference.otrv4.session import Config as Config4

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_check.control.abstraction import Scenario
    from otr_check.control.system import Input, Joint
    from otr_model.trace import Fired

TAGS = (0x101, 0x202)
NOW = 1_000_000
SCENARIOS = {**SCENARIOS_3, **SCENARIOS_4}


class _Ranked:
    """Hashes are compared by the ranks that the abstraction draws for them."""

    def __init__(self) -> None:
        self.ranks: dict[object, int] = {}
        self.rank = 0

    def rank_of(self, value: object) -> object:
        """Give a hash the rank of the moment, unless it has one."""
        self.ranks.setdefault(value, self.rank)
        return value


class Suite3(TermSuite3):
    """Terms, and the ranks of commitments."""

    def __init__(self, ranked: _Ranked, pool: TermPool) -> None:
        super().__init__(pool=pool)
        self.ranked = ranked

    def commit(self, r: Any, gx: Any) -> Any:
        """A commitment, whose hash gets its rank."""
        made = super().commit(r, gx)
        self.ranked.rank_of(made.hashed)
        return made

    def higher(self, ours: Any, theirs: Any) -> bool:
        """By rank."""
        return self.ranked.ranks[ours] > self.ranked.ranks[theirs]


class Suite4(TermSuite4):
    """Terms, and the ranks of hashed keys; keys are made where their rank is drawn."""

    def __init__(self, ranked: _Ranked, pool: TermPool) -> None:
        super().__init__(pool=pool)
        self.ranked = ranked

    def fresh_dh(self, seed: Any, draw: int) -> Any:
        """A key pair, whose hash gets its rank."""
        pair = super().fresh_dh(seed, draw)
        self.ranked.rank_of(self.hashed_b(pair.public))
        return pair

    def higher(self, ours: Any, theirs: Any) -> bool:
        """By rank."""
        return self.ranked.ranks[ours] > self.ranked.ranks[theirs]


class Twins:
    """Two endpoints of the reference; what is on the way is in the order of the system."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.four = scenario.name.startswith("otrv4")
        self.ranked = _Ranked()
        pool = TermPool()
        self.suite: Any = (Suite4 if self.four else Suite3)(self.ranked, pool)
        self.sides = [self._four(n) if self.four else self._three(n) for n in (0, 1)]
        self.begin()

    def begin(self) -> None:
        """From the beginning."""
        self.ranked.ranks.clear()
        self.ways: list[list[Any]] = [[], []]
        self.states: list[Any] = [side.begin() for side in self.sides]

    def _policies(self, number: int) -> dict[str, Any]:
        given = {**self.scenario.abstraction.config, **self.scenario.sides[number].config}
        ours = {"our_tag", "smallest_tag", "who", "largest_keyid"}
        return {v.name: value for v, value in given.items() if v.name not in ours}

    def _three(self, number: int) -> Any:
        signing = self.suite.signing_key(str(number))
        seed = self.suite.seed(str(number).encode())
        config = Config3(signing, self.suite.public_key(signing), seed, TAGS[number])
        for name, value in self._policies(number).items():
            setattr(config, name, value)
        return Endpoint3(self.suite, config, self.scenario.variant)

    def _four(self, number: int) -> Any:
        keys = self.suite.long_term(str(number))
        seed = self.suite.seed(b"account " + str(number).encode())
        account = Account(self.suite, keys, TAGS[number], seed, frozenset({4}))
        account.renew(NOW)
        config = Config4(
            keys,
            account.profiles,
            self.suite.seed(str(number).encode()),
            TAGS[number],
            account.prekey_profiles,
            account.prekeys,
        )
        for name, value in self._policies(number).items():
            setattr(config, name, value)
        return Endpoint4(self.suite, config, self.scenario.variant)

    def take(self, given: Input) -> tuple[tuple[Fired, ...], list[Any], bool]:
        """The rows, the messages that go out, and whether the endpoint has met the other."""
        side = given.side
        luck, chosen = given.drawn
        if given.act is not Act.USER:
            _, wire = self.ways[side][given.at]
            if given.act is not Act.REPEAT:
                del self.ways[side][given.at]
        if given.act is Act.LOSE:
            return (), [], True
        command = self._command(given, chosen) if given.event else self._receive(wire)
        self.ranked.rank = 2 * luck + side
        stepped = self.sides[side].step(self.states[side], command, NOW if self.four else 0)
        self.states[side] = stepped.conversation
        sent = [each.wire for each in stepped.outputs if isinstance(each, Send3 | Send4)]
        met = TAGS[1 - side] in stepped.conversation.members
        return stepped.trace, sent, met

    def send(self, side: int, messages: Iterable[tuple[int, ...]], wires: list[Any]) -> None:
        """Messages join those on the way, each with what the system makes of it."""
        self.ways[side] += zip(messages, wires, strict=True)
        if not self.scenario.network.fifo:
            self.ways[side].sort(key=lambda pair: pair[0])

    def _receive(self, wire: Any) -> Any:
        return (four if self.four else three).Receive(wire)

    def _command(self, given: Input, chosen: int) -> Any:
        commands: Any = four if self.four else three
        event: Any = Event4 if self.four else Event3
        text = self.suite.octets(b"text")
        secret = self.suite.passphrase(f"secret {chosen}")
        made = {
            event.USER_START: commands.Start,
            event.USER_SEND: lambda: commands.SendText(text),
            event.USER_END: commands.End,
            event.USER_SMP_START: lambda: commands.StartSmp(secret),
            event.USER_SMP_ANSWER: lambda: commands.AnswerSmp(secret),
            Event4.USER_START_DAKE: four.StartDake,
        }
        return made[given.event]()


def compare(system: System, twins: Twins, choose: Any) -> int:
    """Take inputs on both, until there is none left; how many there were."""
    joint, count = system.initial, 0
    while (given := choose(list(system.inputs(joint)))) is not None:
        taken = system.take(joint, given)
        trace, wires, met = twins.take(given)
        assert rows(taken.fired, {1: TAGS[1 - given.side]}, met) == rows(trace, {}, met), given.text
        twins.send(1 - given.side, sent(system, joint, given), wires)
        joint, count = taken.state, count + 1
    return count


def sent(system: System, joint: Joint, given: Input) -> tuple[tuple[int, ...], ...]:
    """The messages that the system sends, in order."""
    if given.act is Act.LOSE:
        return ()
    what = given.event or system.on_the_way(joint, given.side)[given.at]
    return system.endpoints.step(given.side, joint[given.side], what, given.drawn).sent


def rows(fired: Iterable[Fired], tags: dict[int, int], met: bool) -> list[Fired]:  # noqa: FBT001 - see compare
    """Rows with the sessions' keys; a session that the reference has not begun does nothing."""
    named = [replace(each, member=tags.get(each.member, each.member)) for each in fired]
    return [each for each in named if met or each.member == 0]


@pytest.mark.parametrize("name", SCENARIOS)
def test_random_runs_of_a_scenario_take_the_rows_of_the_reference(name: str) -> None:
    system, twins = System(SCENARIOS[name]), Twins(SCENARIOS[name])
    for seed in range(8):
        random = Random(seed)  # noqa: S311 - a test
        twins.begin()
        assert compare(system, twins, lambda inputs, r=random: r.choice(inputs) if inputs else None)


KNOWN = [name for name in SCENARIOS if SCENARIOS[name].known]


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_against_convergence_happens_to_the_reference_too(name: str) -> None:
    scenario = SCENARIOS[name]
    against = lasso(explore(scenario))
    assert against is not None
    inputs = iter(against.inputs)

    def follow(_inputs: list[Input]) -> Input | None:
        return next(inputs, None)

    assert compare(System(scenario), Twins(scenario), follow) == len(against.inputs)


def test_another_table_is_noticed() -> None:
    scenario = SCENARIOS["otrv3/ake"]
    row = "otrv3.ake:signature.awaiting-sig.allowed.signature-valid"
    other = replace(scenario, variant=Variant("drop", "", (DropRow(row),)))
    with pytest.raises(AssertionError):
        compare(System(other), Twins(scenario), lambda inputs: next(iter(inputs), None))
