"""Exploring OTRv3: its endpoints over terms, and what is remembered of what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from otr_check.explore.party import (
    Adaptor,
    Claim,
    Crash,
    Deed,
    Opponent,
    Outcome,
    Standing,
    Told,
    Undecided,
)
from otr_check.explore.reading import Reading
from otr_check.explore.scenario import MALLORY, Action, BadScenario
from otr_check.explore.scenario import Attacker as Attacked
from otr_check.otrv3.attacker import Attacker, Kind, Options
from otr_check.otrv3.suite import TermSuite
from otr_check.otrv3.suite import Undecided as UndecidedHashes
from otr_check.terms import Term
from otr_model.kernel.variant import NONE, apply
from otr_model.otrv3.conditions import Check
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.words import Msg, Smp
from otr_reference.errors import OtrSpecError
from otr_reference.otrv3 import notices
from otr_reference.otrv3.commands import (
    AbortSmp,
    AnswerSmp,
    End,
    Heartbeat,
    Receive,
    SendText,
    Start,
    StartSmp,
    UseExtraKey,
)
from otr_reference.otrv3.deviations import deviating, overriding
from otr_reference.otrv3.endpoint import Endpoint
from otr_reference.otrv3.messages import (
    DataMessage,
    DhCommit,
    DhKey,
    ErrorMessage,
    Fragment,
    MalformedMessage,
    OtherVersion,
    Plaintext,
    Query,
    RevealSignature,
    SignatureMessage,
    TaggedPlaintext,
)
from otr_reference.otrv3.session import Config, Policy

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from otr_check.explore.party import Local, Order
    from otr_check.explore.scenario import Actor, Scenario
    from otr_check.knowledge import Knowledge
    from otr_model.kernel.variant import Variant
    from otr_reference.otrv3.commands import Input
    from otr_reference.otrv3.session import Conversation, Session
    from otr_reference.sorts import Octets, Wire

__all__ = ["Exploring3"]

FIRST_TAG = 0x101
"""The instance tag of the first participant; the others follow."""
EXTRA_USE = 1
_V3 = 3


class Exploring3(Adaptor):
    """The endpoints of a scenario of OTRv3.

    Attributes:
        suite: the suite in which nothing is decided about hashes.
    """

    composition = OTRV3

    def __init__(self, scenario: Scenario, variants: dict[str, Variant] | None = None) -> None:
        super().__init__(scenario)
        self.suite = TermSuite()
        self._suites: dict[Order, TermSuite] = {frozenset(): self.suite}
        self._configs = [self._config(i, actor) for i, actor in enumerate(scenario.actors)]
        self._variants = [_variant(actor, variants or {}) for actor in scenario.actors]
        self._endpoints: dict[tuple[int, Order], Endpoint] = {}
        self._accounts = {
            config.public: actor.user
            for config, actor in zip(self._configs, scenario.actors, strict=True)
        }
        if scenario.attacker:
            his = self.suite.public_key(self.suite.signing_key(MALLORY))
            self._accounts[his] = MALLORY
        for who in range(len(scenario.actors)):
            self._endpoint(who, frozenset())
        for actor in scenario.actors:
            for action, _ in actor.does:
                if action not in COMMANDS:
                    message = f"participant.{actor.name}.does: OTRv3 has no {action.label!r}"
                    raise BadScenario(message)

    def _config(self, who: int, actor: Actor) -> Config:
        signing = self.suite.signing_key(actor.user)
        policy = {field: getattr(Policy(), field) for field in Policy.__dataclass_fields__}
        for name, value in actor.policy:
            if name not in policy:
                message = f"participant.{actor.name}.policy: OTRv3 has no {name!r}"
                raise BadScenario(message)
            policy[name] = value
        seed = self.suite.seed(actor.name.encode())
        return Config(signing, self.suite.public_key(signing), seed, FIRST_TAG + who, **policy)

    def _endpoint(self, who: int, order: Order) -> Endpoint:
        known = self._endpoints.get((who, order))
        if known is None:
            suite = self._suites.get(order)
            if suite is None:
                suite = self.suite
                for higher, lower in order:
                    suite = suite.decided(cast("Any", higher), cast("Any", lower))
                self._suites[order] = suite
            variant = self._variants[who]
            applied = apply(OTRV3, variant)
            suite = overriding(deviating(suite, applied.falsified), applied.overrides)
            known = Endpoint(suite, self._configs[who], variant)
            self._endpoints[who, order] = known
        return known

    def begin(self, who: int) -> Conversation:
        """A conversation in which nothing has happened."""
        return self._endpoint(who, frozenset()).begin()

    def key(self, conversation: Conversation) -> Hashable:
        """Everything that the conversation is."""
        return conversation.values()

    def receive(self, who: int, local: Local, wire: Term, now: int, order: Order) -> Outcome:
        """A message arrives."""
        return self._step(who, local, Receive(cast("Wire", wire)), now, order)

    def command(
        self, who: int, local: Local, action: Action, now: int, order: Order
    ) -> Outcome | None:
        """The user does something."""
        given = self._given(who, local, action)
        return None if given is None else self._step(who, local, given, now, order)

    def _given(self, who: int, local: Local, action: Action) -> Input | None:
        suite, says = self.suite, self.scenario.actors[who].says.encode()
        match action:
            case Action.SEND:
                return SendText(cast("Any", self.text(who, local.memory.typed)))
            case Action.SMP:
                return StartSmp(suite.passphrase(says))
            case Action.ANSWER:
                return AnswerSmp(suite.passphrase(says))
            case Action.EXTRA_KEY:
                return UseExtraKey(EXTRA_USE, suite.octets(b""))
            case _:
                given: Input = COMMANDS[action]
                return given

    def text(self, who: int, number: int) -> Term:
        """A text that says whose it is."""
        return _term(self.suite.octets(f"{self.scenario.actors[who].name} {number + 1}".encode()))

    def _step(self, who: int, local: Local, given: Input, now: int, order: Order) -> Outcome:
        before: Conversation = local.conversation
        try:
            stepped = self._endpoint(who, order).step(before, given, now)
        except UndecidedHashes as asked:
            raise Undecided(_term(asked.ours), _term(asked.theirs)) from None
        except OtrSpecError as error:
            raise Crash(str(error)) from error
        reader = _Reader(self, who, local, given, stepped.conversation)
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

    def account(self, public: object) -> str:
        """Whose long-term key it is; "?" if nobody's."""
        return self._accounts.get(cast("Any", public), "?")

    def sessions(self, local: Local) -> tuple[Standing, ...]:
        """Every session with an instance of the peer, and the master."""
        conversation: Conversation = local.conversation
        return tuple(
            self._standing(tag, session) for tag, session in sorted(conversation.members.items())
        )

    def _standing(self, tag: int, session: Session) -> Standing:
        ring = session.ring
        return Standing(
            tag,
            session.message is Msg.ENCRYPTED,
            session.message is Msg.FINISHED,
            self.account(session.peer) if session.peer is not None else "",
            None if session.ssid is None else _term(session.ssid),
            None,
            frozenset(() if ring is None else self._accepts(session)),
            smp=_smp(session),
        )

    def _accepts(self, session: Session) -> Iterable[Term]:
        """The receiving MAC keys of every pair of keys that is held."""
        ring = session.ring
        if ring is None or session.message is not Msg.ENCRYPTED:
            return
        for ours in (ring.ours, ring.ours_previous):
            for theirs in (ring.theirs, ring.theirs_previous):
                if theirs is not None:
                    yield _term(self.suite.data_keys(ours, theirs).receiving_mac)

    def label(self, wire: Term) -> str:
        """What kind of message it is, and of which version."""
        return describe(self.suite.decode(cast("Wire", wire)))

    def highest(self) -> int:
        """Version 3 where all allow it."""
        return max(set.intersection(*map(set, map(self.allowed, range(len(self._configs))))))

    def allowed(self, who: int) -> tuple[int, ...]:
        """The versions that a participant's policy allows."""
        config = self._configs[who]
        allowed = {2: config.allow_v2, 3: config.allow_v3}
        return tuple(version for version, holds in allowed.items() if holds)

    def attacker(self) -> Opponent:
        """Who sees the network, and has what the scenario gives him."""
        return Opponent3(self)

    def config(self, who: int) -> Config:
        """What a participant's endpoint is given."""
        return self._configs[who]

    def suite_of(self, who: int) -> TermSuite:
        """What a participant's endpoint computes with, under its variant."""
        return cast("TermSuite", self._endpoint(who, frozenset()).suite)

    @property
    def skipped(self) -> frozenset[Check]:
        """The checks that some participant does not make."""
        skipped = (apply(OTRV3, variant).skipped for variant in self._variants)
        return frozenset(cast("Check", check) for checks in skipped for check in checks)


class Opponent3(Opponent):
    """Whoever sees the network, and what he makes of it.

    Without an attacker in the scenario he only looks.
    """

    def __init__(self, exploring: Exploring3) -> None:
        scenario = exploring.scenario
        given = scenario.attacker or Attacked()
        self.exploring = exploring
        tags = tuple(exploring.config(who).our_tag for who in range(len(scenario.actors)))
        versions = {version for who in range(len(tags)) for version in exploring.allowed(who)}
        self.attacker = Attacker(
            exploring.suite,
            Options(
                kinds=_kinds(given),
                versions=tuple(sorted(versions)),
                claims=tags,
                others=tuple(exploring.config(who).public for who in range(len(tags))),
                falsified=exploring.skipped | _failed(given),
            ),
            name=MALLORY,
            secrets=[
                cast("Octets", exploring.text(who, number))
                for who, actor in enumerate(scenario.actors)
                for number in range(dict(actor.does).get(Action.SEND, 0))
            ],
            group_broken=given.sees == "groups",
        )
        self.given = tuple(exploring.suite.signing_key(name) for name in given.owns)

    def begin(self) -> Hashable:
        """His own account, and the long-term keys that he owns."""
        return self.attacker.begin(*self.given)

    def learn(self, knowledge: Hashable, wires: Iterable[Term]) -> Hashable:
        """What he takes out of messages."""
        return cast("Knowledge", knowledge).learn(wires)

    def steal(self, knowledge: Hashable, conversation: object, user: str) -> Hashable:
        """All that a conversation holds, and the long-term key."""
        stolen = cast("Knowledge", knowledge).learn_state(cast("Conversation", conversation))
        return stolen.learn((self.exploring.suite.signing_key(user),))

    def knows(self, knowledge: Hashable, term: Term) -> bool:
        """Whether he can make it."""
        return cast("Knowledge", knowledge).derivable(term)

    def messages(self, knowledge: Hashable, conversation: object, who: int) -> Iterable[Term]:
        """What might matter to a participant."""
        made = self.attacker.messages(
            cast("Knowledge", knowledge),
            cast("Conversation", conversation),
            self.exploring.config(who),
            self.exploring.suite_of(who),
        )
        return map(_term, made)


def _kinds(given: Attacked) -> frozenset[Kind]:
    """The kinds of messages that an attacker sends.

    Raises:
        BadScenario: if there is no such kind.
    """
    kinds = {kind.label: kind for kind in Kind}
    for name in given.sends:
        if name not in kinds:
            message = f"attacker.sends: OTRv3 has no {name!r}; it has {', '.join(kinds)}"
            raise BadScenario(message)
    return frozenset(kinds[name] for name in given.sends or kinds)


def _failed(given: Attacked) -> frozenset[Check]:
    """The checks that an attacker fails on purpose.

    Raises:
        BadScenario: if there is no such check.
    """
    for name in given.fails:
        if name not in Check.__members__:
            message = f"attacker.fails: OTRv3 has no check {name!r}"
            raise BadScenario(message)
    return frozenset(Check[name] for name in given.fails)


class _Reader(Reading):
    """Reads the outputs of one step."""

    def __init__(
        self, exploring: Exploring3, who: int, local: Local, given: Input, after: Conversation
    ) -> None:
        super().__init__(local.memory, local.conversation.best)
        self.exploring = exploring
        self.local = local
        self.given = given
        self.after = after
        self.actor = exploring.scenario.actors[who]
        standing = local.memory.standing(self.best)
        match given:
            case SendText(text):
                if standing is Told.PRIVATE:
                    session = local.conversation.members[self.best]
                    peer = exploring.account(session.peer)
                    self.claims.append(Claim(Deed.TYPED, (_term(text), peer)))
            case Start():
                self.claims.append(Claim(Deed.BEGAN))
            case End() if standing is not None:
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
            case notices.PeerFinished(instance):
                self.tell(instance, Told.OVER, "the peer has ended it")
            case notices.Insecure(instance):
                self.tell(instance, None, "not private")
            case notices.Shown(text, secure, instance):
                self._shown(_term(text), instance, secure=secure)
            case notices.Resent(text):
                self.claims.append(Claim(Deed.AGAIN, (_term(text),)))
                self.words.append(f"sent again: {text}")
            case notices.SmpStaged(stage, _, instance):
                self.staged(stage, self.after.members[instance].ssid)
            case _:
                self.words.append(type(output).__name__)

    def _sent(self, wire: Term) -> None:
        self.wires.append(wire)
        message = self.exploring.suite.decode(cast("Wire", wire))
        match message:
            case Plaintext(text) | TaggedPlaintext(text=text):
                self.in_clear(_term(text))
            case RevealSignature() | SignatureMessage():
                for session in self.after.members.values():
                    ssid = session.ake_keys.ssid if session.ake_keys else session.ssid
                    if ssid is not None:
                        self.claims.append(Claim(Deed.RUNS, (_term(ssid),)))
            case DataMessage(revealed=revealed):
                keys = _keys(_term(revealed))
                if keys:
                    self.claims.append(Claim(Deed.REVEALED, keys))
            case _:
                pass

    def _secured(self, output: notices.Secured) -> None:
        peer = self.exploring.account(output.peer)
        session = self.after.members[output.instance]
        role = "initiator" if session.initiated else "responder"
        about = (peer, _term(output.ssid), output.version, role, self._keys(output.instance))
        self.claims.append(Claim(Deed.SECURED, about))
        again = "still " if output.refreshed else ""
        self.tell(output.instance, Told.PRIVATE, f"{again}private with {peer}")

    def _keys(self, instance: int) -> Hashable:
        """Both D-H keys of the AKE, as they are installed; None where keys were held before."""
        before = self.local.conversation.members.get(instance)
        ring = self.after.members[instance].ring
        if ring is None or (before is not None and before.ring is not None):
            return None
        return frozenset((_term(ring.ours_previous.public), _term(ring.theirs)))

    def _shown(self, text: Term, instance: int, *, secure: bool) -> None:
        if secure:
            session = self.local.conversation.members[instance]
            peer = self.exploring.account(session.peer)
            self.claims.append(Claim(Deed.SHOWN, (text, peer)))
            if isinstance(self.given, Receive):
                message = self.exploring.suite.decode(self.given.wire)
                if isinstance(message, DataMessage):
                    self.claims += _verified(message.mac)
        self.words.append(f"shown{' as private' if secure else ''}: {text}")


COMMANDS: dict[Action, Any] = {
    Action.START: Start(),
    Action.SEND: None,
    Action.END: End(),
    Action.HEARTBEAT: Heartbeat(),
    Action.EXTRA_KEY: None,
    Action.SMP: None,
    Action.ANSWER: None,
    Action.ABORT: AbortSmp(),
}


def _smp(session: Session) -> str:
    """Who has to go on with SMP."""
    if session.smp_asked:
        return "user"
    return "" if session.smp is Smp.EXPECT1 else "peer"


def _verified(mac: object) -> tuple[Claim, ...]:
    """That a text was accepted under the key of an authenticator, which bytes do not show."""
    match mac:
        case Term(args=(key, *_)):
            return (Claim(Deed.VERIFIED, (key,)),)
        case _:
            return ()


NAMES: dict[type, str] = {
    Query: "Query",
    Plaintext: "plaintext",
    TaggedPlaintext: "plaintext with the whitespace tag",
    ErrorMessage: "Error Message",
    Fragment: "fragment",
    DhCommit: "D-H Commit",
    DhKey: "D-H Key",
    RevealSignature: "Reveal Signature",
    SignatureMessage: "Signature",
    DataMessage: "Data Message",
    OtherVersion: "message of version",
    MalformedMessage: "malformed message",
}


def describe(message: object) -> str:
    """What a message is, in a few words."""
    name = NAMES[type(message)]
    match message:
        case Query(versions):
            return f"{name} of {' and '.join(map(str, sorted(versions))) or 'nothing'}"
        case DhCommit(header):
            older = f", version {header.version}" if header.version != _V3 else ""
            return f"{name}{older}" if header.receiver or older else f"{name} to all"
        case DhKey(header) | RevealSignature(header) | SignatureMessage(header):
            return name if header.version == _V3 else f"{name}, version {header.version}"
        case DataMessage(fields, revealed=revealed):
            keys = _keys(_term(revealed))
            told = f", revealing {len(keys)}" if keys else ""
            return f"{name} {fields.sender_keyid}/{fields.recipient_keyid} {fields.counter}{told}"
        case OtherVersion(version):
            return f"{name} {version}"
        case _:
            return name


def _keys(revealed: Term) -> tuple[Term, ...]:
    """The MAC keys in the last field of a Data Message."""
    parts = revealed.args if revealed.op.name == "CONCAT" else (revealed,)
    return tuple(p for p in parts if isinstance(p, Term) and p.op.name == "KDF")


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
