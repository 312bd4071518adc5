"""Exploring OTRv1: its endpoints over terms, what is remembered of them, and who attacks them.

Of two that share a session each is the "high" or the "low" end, as version 1 has it; which, is a
matter of how their D-H keys are written here. Either end may be told that it is private before the
other one knows the secure session id: the exchange confirms nothing.
"""

from __future__ import annotations

from enum import unique
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from otr_check.explore.party import (
    Adaptor,
    Claim,
    Crash,
    Deed,
    Opponent,
    Outcome,
    Standing,
    Told,
)
from otr_check.explore.scenario import MALLORY, Action, BadScenario
from otr_check.explore.scenario import Attacker as Attacked
from otr_check.knowledge import Theory
from otr_check.otrv3.attacker import RULES
from otr_check.otrv3.operators import Op
from otr_check.terms import Term
from otr_model.kernel.variant import NONE
from otr_model.kernel.words import Word
from otr_model.otrv1.protocol import OTRV1
from otr_model.otrv1.words import Connection
from otr_reference.errors import OtrSpecError
from otr_reference.otrv1 import notices
from otr_reference.otrv1.commands import End, Receive, SendText, Start
from otr_reference.otrv1.endpoint import Endpoint
from otr_reference.otrv1.messages import Bound, DataMessage, KeyExchange, Plaintext, Query
from otr_reference.otrv1.session import Config

from .suite import TermSuite

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from otr_check.explore.party import Local, Order
    from otr_check.explore.scenario import Actor, Scenario
    from otr_check.knowledge import Knowledge
    from otr_model.kernel.variant import Variant
    from otr_reference.otrv1.commands import Input
    from otr_reference.otrv1.messages import Message
    from otr_reference.otrv1.session import Conversation, Session
    from otr_reference.sorts import Element, Octets, PublicKey, Signature, SigningKey, Wire

__all__ = ["Exploring1", "Kind"]

VERSION: Final = 1
HIGH, LOW = "high", "low"
KEYID: Final = 1
DRAW: Final = 1


@unique
class Kind(Word):
    """What an attacker sends."""

    QUERY = "Query Messages"
    KEY_EXCHANGE = "Key Exchange Messages, signed with keys that he has"
    REPEATED = "Key Exchange Messages that he saw, to whoever he likes"
    DATA = "Data Messages, where he has the keys"


class Exploring1(Adaptor):
    """The endpoints of a scenario of OTRv1.

    Attributes:
        suite: the terms.
    """

    composition = OTRV1
    unanswered: ClassVar[frozenset[str]] = frozenset({HIGH, LOW})

    def __init__(
        self,
        scenario: Scenario,
        variants: dict[str, Variant] | None = None,
        suite: TermSuite | None = None,
    ) -> None:
        super().__init__(scenario)
        self.suite = TermSuite() if suite is None else suite
        self.endpoints = [
            Endpoint(self.suite, self._config(actor), _variant(actor, variants or {}))
            for actor in scenario.actors
        ]
        self._accounts = {
            endpoint.config.public: actor.user
            for endpoint, actor in zip(self.endpoints, scenario.actors, strict=True)
        }
        if scenario.attacker:
            later = self.suite.later
            self._accounts[later.public_key(later.signing_key(MALLORY))] = MALLORY
        for actor in scenario.actors:
            for action, _ in actor.does:
                if action not in COMMANDS:
                    message = f"participant.{actor.name}.does: OTRv1 has no {action.label!r}"
                    raise BadScenario(message)

    def _config(self, actor: Actor) -> Config:
        for name, _ in actor.policy:
            message = f"participant.{actor.name}.policy: OTRv1 has no {name!r}"
            raise BadScenario(message)
        later = self.suite.later
        signing = later.signing_key(actor.user)
        return Config(signing, later.public_key(signing), later.seed(actor.name.encode()))

    def begin(self, who: int) -> Conversation:
        """A conversation in which nothing has happened."""
        return self.endpoints[who].begin()

    def key(self, conversation: Conversation) -> Hashable:
        """Everything that the conversation is."""
        return conversation.values()

    def receive(self, who: int, local: Local, wire: Term, now: int, order: Order) -> Outcome:
        """A message arrives."""
        del now, order
        return self._step(who, local, Receive(cast("Wire", wire)))

    def command(
        self, who: int, local: Local, action: Action, now: int, order: Order
    ) -> Outcome | None:
        """The user does something."""
        del now, order
        typed = cast("Octets", self.text(who, local.memory.typed))
        return self._step(who, local, COMMANDS[action] or SendText(typed))

    def text(self, who: int, number: int) -> Term:
        """A text that says whose it is."""
        text = f"{self.scenario.actors[who].name} {number + 1}"
        return _term(self.suite.later.octets(text.encode()))

    def _step(self, who: int, local: Local, given: Input) -> Outcome:
        try:
            stepped = self.endpoints[who].step(local.conversation, given)
        except OtrSpecError as error:
            raise Crash(str(error)) from error
        reader = _Reader(self, local, given, stepped.conversation)
        for output in stepped.outputs:
            reader.take(output)
        return Outcome(
            stepped.conversation,
            tuple(reader.wires),
            tuple(reader.told),
            tuple(reader.claims),
            stepped.trace,
            tuple(reader.words),
        )

    def said(self, text: Term) -> str:
        """A text as people are shown it."""
        return str(text)

    def account(self, public: object) -> str:
        """Whose long-term key it is; "?" if nobody's."""
        return self._accounts.get(cast("Any", public), "?")

    def sessions(self, local: Local) -> tuple[Standing, ...]:
        """The one session."""
        conversation: Conversation = local.conversation
        session = conversation.current
        private = session.connection is Connection.CONNECTED
        keys = session.keys
        return (
            Standing(
                0,
                private,
                peer="" if session.peer is None else self.account(session.peer),
                ssid=None if keys is None else _term(keys.ssid),
                accepts=frozenset({_term(keys.receiving_mac)} if keys and private else ()),
            ),
        )

    def label(self, wire: Term) -> str:
        """What kind of message it is."""
        return type(self.suite.decode(cast("Wire", wire))).__name__

    def highest(self) -> int:
        """There is one."""
        return VERSION

    def attacker(self) -> Opponent:
        """Who sees the network, and has what the scenario gives him."""
        return _Opponent(self)


class _Opponent(Opponent):
    """Whoever sees the network, and what he makes of it.

    Without an attacker in the scenario he only looks.
    """

    def __init__(self, exploring: Exploring1) -> None:
        scenario, later = exploring.scenario, exploring.suite.later
        given = scenario.attacker or Attacked()
        self.exploring = exploring
        self.kinds = _kinds(given)
        self.seed = later.seed(MALLORY.encode())
        self.signing = (
            later.signing_key(MALLORY),
            *(later.signing_key(name) for name in given.owns),
        )
        self.pair = exploring.suite.fresh_pair(self.seed, DRAW)
        secrets = (
            exploring.text(who, number)
            for who, actor in enumerate(scenario.actors)
            for number in range(dict(actor.does).get(Action.SEND, 0))
        )
        broken = frozenset({Op.ELEMENT}) if given.sees == "groups" else frozenset()
        self.theory = Theory(RULES, exploring.suite.pool, secrets=secrets, broken=broken)

    def begin(self) -> Hashable:
        """His own account, and the long-term keys that he owns."""
        return self.theory.knowledge(self.seed, *self.signing)

    def learn(self, knowledge: Hashable, wires: Iterable[Term]) -> Hashable:
        """What he takes out of messages."""
        return cast("Knowledge", knowledge).learn(wires)

    def steal(self, knowledge: Hashable, conversation: object, user: str) -> Hashable:
        """All that a conversation holds, and the long-term key."""
        stolen = cast("Knowledge", knowledge).learn_state(cast("Conversation", conversation))
        return stolen.learn((self.exploring.suite.later.signing_key(user),))

    def knows(self, knowledge: Hashable, term: Term) -> bool:
        """Whether he can make it."""
        return cast("Knowledge", knowledge).derivable(term)

    def messages(self, knowledge: Hashable, conversation: object, who: int) -> Iterable[Term]:
        """What might matter to a participant; each once, and only what he can make."""
        known = cast("Knowledge", knowledge)
        session = cast("Conversation", conversation).current
        found: dict[Term, None] = {}
        for message in self._all(known, session, self.exploring.endpoints[who]):
            wire = _term(self.exploring.suite.encode(message))
            if known.derivable(wire):
                found[wire] = None
        return found

    def _all(self, known: Knowledge, session: Session, to: Endpoint) -> Iterator[Message]:
        if Kind.QUERY in self.kinds:
            yield Query()
        if Kind.REPEATED in self.kinds:
            yield from _seen(known)
        if Kind.KEY_EXCHANGE in self.kinds:
            for y in self._elements(known):
                for signing in self.signing:
                    yield from self._signed(signing, y, session, to)
        keys = session.keys
        if Kind.DATA in self.kinds and keys is not None:
            counter, text = session.seen + 1, self.exploring.suite.later.octets(b"forged")
            sealed = to.suite.seal(keys.receiving, counter, text)
            mac = to.suite.data_mac(keys.receiving_mac, counter, sealed)
            yield DataMessage(counter, sealed, mac)

    def _elements(self, known: Knowledge) -> Iterator[Element]:
        """His own D-H key, and those that he saw."""
        yield self.pair.public
        for element in known.of(Op.ELEMENT):
            yield cast("Element", element)

    def _signed(
        self, signing: SigningKey, y: Element, session: Session, to: Endpoint
    ) -> Iterator[KeyExchange]:
        """A Key Exchange Message of his, as the receiver would have it signed."""
        public, pair = self.exploring.suite.later.public_key(signing), session.pair
        for reply in (False, True):
            bound = None
            if reply and pair is not None:
                key = to.suite.session_keys(pair, y).receiving_mac
                bound = Bound(to.config.public, key)
            value = to.suite.signed_value(reply, public, KEYID, y, bound)
            signature = to.suite.sign(signing, value, self.seed, 0)
            yield KeyExchange(reply, public, KEYID, y, signature)


def _seen(known: Knowledge) -> Iterator[KeyExchange]:
    """Key Exchange Messages of others, of whatever was signed in them."""
    for signature in known.of(Op.SIGNATURE):
        signed = signature.args[1]
        while isinstance(signed, Term) and isinstance(signed.args[0], Term):
            signed = signed.args[0]  # something is bound to it: see the cures
        match signed:
            case Term(args=(_, bool() as reply, public, int() as keyid, y)):
                yield KeyExchange(
                    reply,
                    cast("PublicKey", public),
                    keyid,
                    cast("Element", y),
                    cast("Signature", signature),
                )
            case _:
                pass


def _kinds(given: Attacked) -> frozenset[Kind]:
    """The kinds of messages that an attacker sends.

    Raises:
        BadScenario: if there is no such kind, or he is to fail checks.
    """
    kinds = {kind.label: kind for kind in Kind}
    for name in given.sends:
        if name not in kinds:
            message = f"attacker.sends: OTRv1 has no {name!r}; it has {', '.join(kinds)}"
            raise BadScenario(message)
    if given.fails:
        message = "attacker.fails: nobody fails checks of OTRv1 on purpose"
        raise BadScenario(message)
    return frozenset(kinds[name] for name in given.sends or kinds)


class _Reader:
    """Reads the outputs of one step."""

    def __init__(
        self, exploring: Exploring1, local: Local, given: Input, after: Conversation
    ) -> None:
        self.exploring = exploring
        self.local = local
        self.session = after.current
        self.before: Session = local.conversation.current
        self.wires: list[Term] = []
        self.told: list[tuple[int, Told | None]] = []
        self.claims: list[Claim] = []
        self.words: list[str] = []
        private = local.memory.standing(0) is Told.PRIVATE
        match given:
            case SendText(text) if private:
                peer = exploring.account(self.before.peer)
                self.claims.append(Claim(Deed.TYPED, (_term(text), peer)))
            case Start():
                self.claims.append(Claim(Deed.BEGAN))
            case End() if private:
                self.claims.append(Claim(Deed.ENDED))
            case _:
                pass

    def take(self, output: notices.Output) -> None:
        """One output."""
        match output:
            case notices.Send(wire):
                self._sent(_term(wire))
            case notices.Secured():
                self._secured(output)
            case notices.Insecure():
                self.told.append((0, None))
                self.words.append("not private")
            case notices.Shown(text, secure):
                self._shown(_term(text), secure=secure)
            case notices.Warned(about):
                self.words.append(about.meaning)

    def _sent(self, wire: Term) -> None:
        self.wires.append(wire)
        message = self.exploring.suite.decode(cast("Wire", wire))
        keys, memory = self.session.keys, self.local.memory
        match message:
            case KeyExchange() if keys is not None:
                self.claims.append(Claim(Deed.RUNS, (_term(keys.ssid),)))
            case Plaintext(text):
                typed = {each for each, _ in memory.of(Deed.TYPED)}
                if memory.standing(0) is not None or _term(text) in typed:
                    self.claims.append(Claim(Deed.CLEAR, (_term(text),)))
            case _:
                pass

    def _secured(self, output: notices.Secured) -> None:
        peer = self.exploring.account(output.peer)
        ours, theirs = cast("Any", self.session.pair).public, self.session.y
        role = HIGH if str(ours) > str(theirs) else LOW
        self.claims.append(Claim(Deed.SECURED, (peer, _term(output.ssid), VERSION, role, None)))
        self.told.append((0, Told.PRIVATE))
        self.words.append(f"private with {peer}")

    def _shown(self, text: Term, *, secure: bool) -> None:
        if secure:
            peer = self.exploring.account(self.before.peer)
            self.claims.append(Claim(Deed.SHOWN, (text, peer)))
        said = self.exploring.said(text)
        self.words.append(f"shown{' as private' if secure else ''}: {said}")


COMMANDS: Final[dict[Action, Start | End | None]] = {
    Action.START: Start(),
    Action.SEND: None,
    Action.END: End(),
}


def _variant(actor: Actor, variants: dict[str, Variant]) -> Variant:
    if not actor.variant:
        return NONE
    try:
        return variants[actor.variant]
    except KeyError:
        message = f"participant.{actor.name}.variant: there is no {actor.variant!r}"
        raise BadScenario(message) from None


def _term(value: object) -> Term:
    return cast("Term", value)
