"""Exploring OTRv4: its endpoints over terms, and what is remembered of what they do.

What is published before a conversation is there when the exploration begins: client profiles, and
for each participant who starts conversations offline as many prekey ensembles of the peer's as he
may use, one for each time. Which of them he has taken is part of his state, as are the prekeys
that his own conversation has used up.

Participants with one account are its clients: they have the same long-term keys, and each has an
instance tag, a client profile and prekeys of its own.

A session is known by its secure session id. What is claimed of its keys is the first root key after
K and, where no ratchet came in between, the brace key: both ends of a session must name the same.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

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
from otr_check.explore.scenario import FORGING, MALLORY, Action, BadScenario
from otr_check.explore.scenario import Attacker as Attacked
from otr_check.otrv4.attacker import Attacker, Kind, Options
from otr_check.otrv4.suite import TermSuite
from otr_check.otrv4.suite import Undecided as UndecidedHashes
from otr_check.terms import Term
from otr_model.kernel.variant import NONE, Override, apply
from otr_model.otrv4.conditions import Check
from otr_model.otrv4.protocol import OTRV4
from otr_model.otrv4.usages import Usage
from otr_model.otrv4.variables import PARAMETERS
from otr_model.otrv4.words import Mode, Msg, Smp
from otr_reference.errors import OtrSpecError
from otr_reference.otrv4 import notices
from otr_reference.otrv4.account import Account
from otr_reference.otrv4.commands import (
    AbortSmp,
    AnswerSmp,
    End,
    Heartbeat,
    Receive,
    SendText,
    Start,
    StartDake,
    StartOffline,
    StartSmp,
    Tick,
    UseExtraKey,
)
from otr_reference.otrv4.deviations import OVERRIDES, deviating, overriding
from otr_reference.otrv4.endpoint import Endpoint
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    DataMessage,
    ErrorMessage,
    Identity,
    NonInteractiveAuth,
    OtherVersion,
    Plaintext,
    PrekeyMessage,
    Query,
    TaggedPlaintext,
)
from otr_reference.otrv4.session import Chain, Config, Conversation, Policy, Session

from . import older

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from otr_check.explore.party import Local, Order
    from otr_check.explore.scenario import Actor, Scenario
    from otr_check.knowledge import Knowledge
    from otr_model.kernel.variant import Variant
    from otr_reference.otrv3.session import Conversation as Conversation3
    from otr_reference.otrv4.commands import Input
    from otr_reference.otrv4.messages import ClientProfile, PrekeyEnsemble
    from otr_reference.otrv4.suite import Suite
    from otr_reference.sorts import Octets, Wire

__all__ = ["ACCEPTED_AHEAD", "BEGINNING", "Exploring4", "Held", "Opponent4", "Reader", "spoken"]

S = TypeVar("S", bound="Suite")

BEGINNING: Final = 1_000_000
"""The time at which every exploration begins, in seconds: profiles are made then."""
FIRST_TAG: Final = 0x101
"""The instance tag of the first participant; the others follow."""
EXTRA_USE: Final = 1
KEYS_LIFETIME: Final = {each.name: each.value for each in PARAMETERS}["keys_lifetime"]
"""Seconds for which keys of messages that have not come are kept."""
ACCEPTED_AHEAD: Final = 4
"""Of how many messages of the current receiving chain, from the next on, the MAC keys are asked."""
VERSION: Final = 4


@dataclass(frozen=True, slots=True)
class Held:
    """What a participant's client holds of a conversation.

    Attributes:
        conversation: the endpoint's.
        taken: how many prekey ensembles of the peer's were used, or found to be unusable.
        looked: when the user last let the endpoint look at the clock, in seconds; 0: never.
    """

    conversation: Conversation
    taken: int = 0
    looked: int = 0


class Exploring4(Adaptor):
    """The endpoints of a scenario of OTRv4.

    Version 3 is spoken by who has the policy `allow_v3`, in the compatible mode; nobody else does,
    whatever the default. A participant who is `verified` has verified the fingerprint of the peer's
    account; one who `knows` has a client profile of the peer's that was published.

    Args:
        scenario: who takes part.
        variants: what differs from the tables, by the names that the scenario uses.
        suite: the terms; None: those of a new suite.

    Attributes:
        suite: the suite in which nothing is decided about hashes.
        accounts: the client of each participant.
        ensembles: the prekey ensembles that each can use, in order.
        speaks_3: whether somebody speaks version 3 as well.
        configs: the configuration of each.
    """

    composition = OTRV4
    unanswered = frozenset({"retriever"})

    def __init__(
        self,
        scenario: Scenario,
        variants: dict[str, Variant] | None = None,
        suite: TermSuite | None = None,
    ) -> None:
        super().__init__(scenario)
        self.suite = TermSuite() if suite is None else suite
        self.speaks_3 = any(map(_speaks_3, scenario.actors))
        self._variants = [_variant(actor, variants or {}) for actor in scenario.actors]
        self._suites: dict[Order, TermSuite] = {frozenset(): self.suite}
        self.accounts = [self._account(i, actor) for i, actor in enumerate(scenario.actors)]
        self.ensembles = [self._published(i, actor) for i, actor in enumerate(scenario.actors)]
        self.configs = [self._config(i, actor) for i, actor in enumerate(scenario.actors)]
        self._endpoints: dict[tuple[int, Order], Endpoint] = {}
        self._users = {
            account.keys.public: actor.user
            for account, actor in zip(self.accounts, scenario.actors, strict=True)
        }
        self._users_3 = {
            account.keys.dsa_public: actor.user
            for account, actor in zip(self.accounts, scenario.actors, strict=True)
        }
        if scenario.attacker:
            self._users[self.suite.long_term(MALLORY).public] = MALLORY
        self._fingerprints = {
            self.suite.fingerprint(account.profiles[0]): actor.user
            for account, actor in zip(self.accounts, scenario.actors, strict=True)
        }
        for who in range(len(scenario.actors)):
            self._endpoint(who, frozenset())

    # What there is before anything happens.

    def _account(self, who: int, actor: Actor) -> Account:
        for action, _ in actor.does:
            if action not in COMMANDS:
                message = f"participant.{actor.name}.does: OTRv4 has no {action.label!r}"
                raise BadScenario(message)
        suite, _ = spoken(self.suite, self._variants[who])
        seed = suite.seed(f"client of {actor.name}".encode())
        three = _speaks_3(actor)
        keys = suite.long_term(actor.user, dsa=three)
        versions = frozenset({3, VERSION} if three else {VERSION})
        account = Account(suite, keys, FIRST_TAG + who, seed, versions)
        account.renew(BEGINNING)
        return account

    def _published(self, who: int, actor: Actor) -> tuple[PrekeyEnsemble, ...]:
        """The prekey ensembles that a participant can use: of each client of the peer's in turn."""
        times = dict(actor.does).get(Action.OFFLINE, 0)
        peers = self._clients(actor.peer, who)
        return tuple(
            ensemble
            for n in range(times)
            for ensemble in peers[n % len(peers)].make_ensembles(BEGINNING, 1)
        )

    def _clients(self, user: str, but: int) -> list[Account]:
        """The clients of an account, one participant's left out."""
        return [
            self.accounts[i]
            for i, actor in enumerate(self.scenario.actors)
            if actor.user == user and i != but
        ]

    def _config(self, who: int, actor: Actor) -> Config:
        account, suite = self.accounts[who], self.suite
        peers = self._clients(actor.peer, who)
        fingerprints = (suite.fingerprint(peer.profiles[0]) for peer in peers)
        config = Config(
            account.keys,
            account.profiles,
            suite.seed(actor.name.encode()),
            account.tag,
            account.prekey_profiles,
            account.prekeys,
            trusted=tuple(fingerprints) if actor.verified else (),
            known_profile=peers[0].profiles[0] if actor.knows else None,
            mode=_mode(actor),
        )
        for name, value in _policy(actor).items():
            setattr(config, name, value)
        return config

    def _endpoint(self, who: int, order: Order) -> Endpoint:
        known = self._endpoints.get((who, order))
        if known is None:
            suite = self._suites.get(order)
            if suite is None:
                suite = self.suite
                for higher, lower in order:
                    suite = suite.decided(cast("Any", higher), cast("Any", lower))
                self._suites[order] = suite
            config = copy(self.configs[who])
            config.version_3 = older.endpoint(suite.older, config, self.scenario.actors[who].name)
            suite, variant = spoken(suite, self._variants[who])
            known = Endpoint(suite, config, variant)
            self._endpoints[who, order] = known
        return known

    def begin(self, who: int) -> Held:
        """A conversation in which nothing has happened."""
        return Held(self._endpoint(who, frozenset()).begin())

    def key(self, conversation: Held) -> Hashable:
        """All that the conversation is, how many ensembles were taken, and the clock."""
        return conversation.taken, conversation.looked, _frozen(conversation.conversation)

    # Steps.

    def receive(self, who: int, local: Local, wire: Term, now: int, order: Order) -> Outcome:
        """A message arrives."""
        held: Held = local.conversation
        return self._step(who, local, Receive(cast("Wire", wire)), now, order, held.taken)

    def command(
        self, who: int, local: Local, action: Action, now: int, order: Order
    ) -> Outcome | None:
        """The user does something."""
        held: Held = local.conversation
        given, taken = self._given(who, local, action), held.taken
        if action is Action.OFFLINE:
            if taken >= len(self.ensembles[who]):
                return None
            given, taken = StartOffline(self.ensembles[who][taken]), taken + 1
        return self._step(who, local, given, now, order, taken)

    def _given(self, who: int, local: Local, action: Action) -> Input:
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

    def _step(  # noqa: PLR0913, PLR0917 - one for each thing that a step depends on
        self, who: int, local: Local, given: Input, now: int, order: Order, taken: int
    ) -> Outcome:
        before: Held = local.conversation
        try:
            stepped = self._endpoint(who, order).step(before.conversation, given, BEGINNING + now)
        except UndecidedHashes as asked:
            raise Undecided(_term(asked.ours), _term(asked.theirs)) from None
        except OtrSpecError as error:
            raise Crash(str(error)) from error
        reader = Reader(self, who, local, given, BEGINNING + now, stepped.conversation)
        for output in stepped.outputs:
            reader.take(output)
        return Outcome(
            Held(stepped.conversation, taken, _looked(before, given, BEGINNING + now)),
            tuple(reader.wires),
            tuple(reader.told),
            tuple(reader.claims),
            stepped.trace,
            tuple(reader.words),
        )

    # What properties ask.

    def account(self, public: object) -> str:
        """Whose long-term key it is; "?" if nobody's."""
        return self._users.get(cast("Any", public), "?")

    def account_3(self, public: object) -> str:
        """The same of a key of version 3."""
        return self._users_3.get(cast("Any", public), "?")

    def owner(self, fingerprint: object) -> str:
        """Whose fingerprint it is; "" for none, "?" if nobody's."""
        if fingerprint is None:
            return ""
        return self._fingerprints.get(cast("Any", fingerprint), "?")

    def sessions(self, local: Local) -> tuple[Standing, ...]:
        """Every session with an instance of the peer, and the master.

        One that has lost its keys encrypts nothing, so that it is not private. Where version 3 has
        a conversation with an instance, that stands for it.
        """
        held: Held = local.conversation
        three = held.conversation.version_3
        members = sorted(held.conversation.members.items())
        inside = {each.instance: each for each in self._inside(three)}
        ours = (
            self._standing(tag, session, held.looked)
            for tag, session in members
            if session.message is not Msg.START or tag not in inside
        )
        return (*ours, *inside.values())

    def _inside(self, three: Conversation3 | None) -> Iterator[Standing]:
        """The sessions of version 3."""
        return older.standings(self.suite.older, three, self.account_3)

    def _standing(self, tag: int, session: Session, looked: int) -> Standing:
        private = session.message is Msg.ENCRYPTED_MESSAGES and session.chain is not None
        return Standing(
            tag,
            private,
            session.message is Msg.FINISHED,
            self.account(session.peer.public_key) if session.peer is not None else "",
            None if session.ssid is None else _term(session.ssid),
            None if session.chain is None else first_root(session.chain),
            frozenset(self._accepts(session.chain)) if private and session.chain else frozenset(),
            smp=_smp(session),
            stale=session.skipped > 0 and looked - session.skipped_at >= KEYS_LIFETIME,
        )

    def _accepts(self, chain: Chain) -> Iterator[Term]:
        """Skipped MAC keys, and those of the next messages of the current receiving chain."""
        for keys in chain.skipped.values():
            yield _term(keys.mac)
        if (key := chain.receiving) is not None:
            for _ in range(ACCEPTED_AHEAD):
                yield _term(self.suite.message_keys(key).mac)
                key = self.suite.next_chain_key(key)

    def label(self, wire: Term) -> str:
        """What kind of message it is, and which."""
        message = self.suite.decode(cast("Wire", wire))
        if isinstance(message, OtherVersion):
            inside = self.suite.older.decode(message.wire)
            named = older.NAMES.get(type(inside), type(inside).__name__)
            return f"{named}, version {message.version}"
        return describe(message)

    def highest(self) -> int:
        """Version 4 where all allow it."""
        return VERSION if all(config.allow_v4 for config in self.configs) else 3

    def attacker(self) -> Opponent:
        """Who sees the network, and has what the scenario gives him."""
        return Opponent4(self)

    @property
    def skipped(self) -> frozenset[Check]:
        """The checks that some participant does not make."""
        skipped = (apply(OTRV4, variant).skipped for variant in self._variants)
        return frozenset(cast("Check", check) for checks in skipped for check in checks)

    def prekey_secrets(self, user: str, held: Held) -> Iterator[object]:
        """What an account's clients keep besides: shared prekeys, and prekeys that are not used."""
        used = held.conversation.used_prekeys or ()
        for actor, account in zip(self.scenario.actors, self.accounts, strict=True):
            if actor.user == user:
                yield from (own.shared_prekey.secret for own in account.prekey_profiles)
                yield from (own for number, own in account.prekeys.items() if number not in used)


class Opponent4(Opponent):
    """Whoever sees the network, and what he makes of it.

    Client profiles and prekey ensembles are published, so that he has them. Messages of his claim
    to be of a participant's instance. Without an attacker in the scenario he only looks.

    "curves" takes away that nobody can take logarithms on the curve: of ephemeral keys, and also of
    long-term keys. "groups" does the same to the group of the brace keys.
    """

    def __init__(self, exploring: Exploring4) -> None:
        scenario, suite = exploring.scenario, exploring.suite
        given = scenario.attacker or Attacked()
        self.exploring = exploring
        self.attacker = Attacker(
            suite,
            Options(
                kinds=_kinds(given),
                versions=(3, VERSION) if exploring.speaks_3 else (VERSION,),
                claims=tuple(config.our_tag for config in exploring.configs),
                falsified=exploring.skipped | _failed(given),
            ),
            name=MALLORY,
            secrets=[
                cast("Octets", exploring.text(who, number))
                for who, actor in enumerate(scenario.actors)
                for number in range(dict(actor.does).get(Action.SEND, 0))
            ],
            curves_broken=given.sees == "curves",
            group_broken=given.sees == "groups",
        )
        self.given = (
            *(config.profiles for config in exploring.configs),
            *exploring.ensembles,
            *(_owned(suite, name, dsa=exploring.speaks_3) for name in given.owns),
        )

    def begin(self) -> Hashable:
        """His own account, all that is published, and the keys that he owns."""
        return self.attacker.begin(*self.given)

    def learn(self, knowledge: Hashable, wires: Iterable[Term]) -> Hashable:
        """What he takes out of messages."""
        return cast("Knowledge", knowledge).learn(wires)

    def steal(self, knowledge: Hashable, conversation: object, user: str) -> Hashable:
        """All that a conversation holds, long-term keys, and what the account's clients keep."""
        held = cast("Held", conversation)
        stolen = cast("Knowledge", knowledge).learn_state(held.conversation)
        keys = self.exploring.suite.long_term(user, dsa=self.exploring.speaks_3)
        return stolen.learn((keys, *self.exploring.prekey_secrets(user, held)))

    def knows(self, knowledge: Hashable, term: Term) -> bool:
        """Whether he can make it."""
        return cast("Knowledge", knowledge).derivable(term)

    def messages(self, knowledge: Hashable, conversation: object, who: int) -> Iterable[Term]:
        """What might matter to a participant."""
        made = self.attacker.messages(
            cast("Knowledge", knowledge),
            cast("Held", conversation).conversation,
            self.exploring.configs[who],
        )
        return map(_term, made)


def _owned(suite: TermSuite, name: str, *, dsa: bool) -> object:
    """Somebody's long-term keys, or the secret part of a forging key."""
    if name.endswith(FORGING):
        return suite.forging_secret(name.removesuffix(FORGING))
    return suite.long_term(name, dsa=dsa)


def _kinds(given: Attacked) -> frozenset[Kind]:
    """The kinds of messages that an attacker sends.

    Raises:
        BadScenario: if there is no such kind.
    """
    kinds = {kind.label: kind for kind in Kind}
    for name in given.sends:
        if name not in kinds:
            message = f"attacker.sends: OTRv4 has no {name!r}; it has {', '.join(kinds)}"
            raise BadScenario(message)
    return frozenset(kinds[name] for name in given.sends or kinds)


def _failed(given: Attacked) -> frozenset[Check]:
    """The checks that an attacker fails on purpose.

    Raises:
        BadScenario: if there is no such check.
    """
    for name in given.fails:
        if name not in Check.__members__:
            message = f"attacker.fails: OTRv4 has no check {name!r}"
            raise BadScenario(message)
    return frozenset(Check[name] for name in given.fails)


class Reader(Reading):
    """Reads the outputs of one step."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a step was given, and what came of it
        self,
        exploring: Exploring4,
        who: int,
        local: Local,
        given: Input,
        now: int,
        after: Conversation,
    ) -> None:
        before: Conversation = local.conversation.conversation
        three = before.version_3
        speaks_3 = three is not None and not before.engaged and older.current(three) is not None
        super().__init__(
            local.memory, three.best if speaks_3 and three is not None else before.best
        )
        self.exploring = exploring
        self.local = local
        self.given = given
        self.now = now
        self.after = after
        self.actor = exploring.scenario.actors[who]
        self.meant = {each.text: exploring.owner(each.meant_for) for each in before.queue or ()}
        """Of the texts that wait, for whom they were typed; "" for whoever comes."""
        match given:
            case SendText(text):
                if local.memory.standing(self.best) is Told.PRIVATE:
                    self._typed(_term(text), self._peer(self.best, before))
            case Start() | StartDake() | StartOffline():
                self.claims.append(Claim(Deed.BEGAN))
            case End():
                self.claims.append(Claim(Deed.ENDED))
            case _:
                pass

    def _peer(self, instance: int, conversation: Conversation | None = None) -> str:
        """The account that a session is with, after the step if nothing else is said."""
        conversation = conversation or self.after
        session = conversation.members.get(instance)
        if session is not None and session.message is not Msg.START and session.peer is not None:
            return self.exploring.account(session.peer.public_key)
        inside = older.current(conversation.version_3)
        return "?" if inside is None else self.exploring.account_3(inside.peer)

    def _typed(self, text: Term, whom: str) -> None:
        self.claims.append(Claim(Deed.TYPED, (text, whom)))

    def take(self, output: notices.Output) -> None:
        """One output."""
        match output:
            case notices.Send(wire):
                self._sent(_term(wire))
            case notices.Secured():
                self._secured(output)
            case notices.Secured3():
                self._secured_3(output)
            case notices.PeerFinished(instance):
                self.tell(instance, Told.OVER, "the peer has ended it")
            case notices.Expired(instance):
                self.tell(instance, Told.OVER, "expired")
            case notices.Insecure(instance):
                self.tell(instance, None, "not private")
            case notices.Shown(text, secure, instance):
                self._shown(_term(text), instance, secure=secure)
            case notices.Resent(text, instance):
                self._typed(_term(text), self.meant[text] or self._peer(instance))
                self.words.append(f"sent now: {text}")
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
            case AuthR(header) | AuthI(header) | NonInteractiveAuth(header):
                session = self.after.members[header.receiver]
                if isinstance(message, AuthR) and session.their_keys is not None:
                    self._dated(session.their_keys.profile)
                ssid = session.mixed.ssid if session.mixed else session.ssid
                if ssid is not None:
                    self.claims.append(Claim(Deed.RUNS, (_term(ssid),)))
            case DataMessage(old_mac_keys=keys) if keys:
                self.claims.append(Claim(Deed.REVEALED, tuple(map(_term, keys))))
            case OtherVersion(wire=inner):
                inside = self.exploring.suite.older.decode(inner)
                self.claims += older.claims_of(inside, self.after.version_3)
            case Query() | Identity() if isinstance(self.given, SendText):
                self.claims.append(Claim(Deed.BEGAN))
            case _:
                pass

    def _dated(self, profile: ClientProfile) -> None:
        """A client profile was acted on."""
        if profile.expiration <= self.now:
            self.claims.append(Claim(Deed.OUTDATED, (self.exploring.account(profile.public_key),)))

    def _secured(self, output: notices.Secured) -> None:
        peer = self.exploring.account(output.peer.public_key)
        role = ROLES[output.interactive, output.bold_first]
        about = (peer, _term(output.ssid), VERSION, role, self.keys(output))
        self.claims.append(Claim(Deed.SECURED, about))
        if role != "responder":  # who has looked at the profile before
            self._dated(output.peer)
        again = "still " if output.refreshed else ""
        self.tell(output.instance, Told.PRIVATE, f"{again}private with {peer}, as {role}")

    def _secured_3(self, output: notices.Secured3) -> None:
        peer = self.exploring.account_3(output.peer)
        inside = older.current(self.after.version_3)
        role = "initiator" if inside is not None and inside.initiated else "responder"
        about = (peer, _term(output.ssid), output.version, role, None)
        self.claims.append(Claim(Deed.SECURED, about))
        self.tell(output.instance, Told.PRIVATE, f"private with {peer} in version 3, as {role}")

    def keys(self, output: notices.Secured) -> Hashable:
        """What the ratchet began with; None if it was forgotten in the same step."""
        chain = self.after.members[output.instance].chain
        return None if chain is None else _first_keys(chain, offline=not output.interactive)

    def _shown(self, text: Term, instance: int, *, secure: bool) -> None:
        if secure:
            peer = self._peer(instance)
            self.claims.append(Claim(Deed.SHOWN, (text, peer)))
            if isinstance(self.given, Receive):
                message = self.exploring.suite.decode(self.given.wire)
                if isinstance(message, DataMessage):
                    self.claims += _verified(message.authenticator)
        self.words.append(f"shown{' as private' if secure else ''}: {text}")


COMMANDS: dict[Action, Any] = {
    Action.START: Start(),
    Action.DAKE: StartDake(),
    Action.OFFLINE: None,
    Action.SEND: None,
    Action.END: End(),
    Action.HEARTBEAT: Heartbeat(),
    Action.EXTRA_KEY: None,
    Action.SMP: None,
    Action.ANSWER: None,
    Action.ABORT: AbortSmp(),
    Action.TICK: Tick(),
}
ROLES: Final = {
    (True, False): "initiator",
    (True, True): "responder",
    (False, True): "retriever",
    (False, False): "publisher",
}
"""Which part is played, by what the user is told: whether online, and which half to read out."""


def spoken(suite: S, variant: Variant) -> tuple[S, Variant]:
    """A suite as a participant's variant changes it, and what else the variant changes."""
    applied = apply(OTRV4, variant)
    rest = tuple(
        edit
        for edit in variant.edits
        if not (isinstance(edit, Override) and (edit.operation, edit.how) in OVERRIDES)
    )
    changed = overriding(deviating(suite, applied.falsified), applied.overrides)
    return changed, replace(variant, edits=rest)


def _smp(session: Session) -> str:
    """Who has to go on with SMP."""
    if session.smp_asked:
        return "user"
    return "" if session.smp is Smp.EXPECT1 else "peer"


def first_root(chain: Chain) -> Term:
    """The first root key that was derived after K, as the ratchet's root key tells."""
    root = _term(chain.root)
    while _usage(before := _term(root.args[1])) is Usage.ROOT_KEY:
        root = before
    return root


def _first_keys(chain: Chain, *, offline: bool) -> tuple[Term, ...]:
    """What the ratchet began with: the first root key, and offline the brace key.

    Online the first brace key is part of the first root key.
    """
    if not offline:
        return (first_root(chain),)
    brace = _term(chain.brace)
    while _usage(brace) is Usage.BRACE_KEY:
        brace = _term(brace.args[1])
    return first_root(chain), brace


def _usage(term: Term) -> object:
    """What a key was derived for."""
    return term.args[0]


NAMES: Final[dict[type, str]] = {
    Identity: "Identity",
    AuthR: "Auth-R",
    AuthI: "Auth-I",
    NonInteractiveAuth: "Non-Interactive-Auth",
    PrekeyMessage: "prekey message",
    DataMessage: "Data",
    Query: "Query",
    Plaintext: "plaintext",
    TaggedPlaintext: "tagged plaintext",
    ErrorMessage: "Error",
    OtherVersion: "message of version",
}


def _looked(before: Held, given: Input, now: int) -> int:
    """When an endpoint last looked at the clock."""
    return now if isinstance(given, Tick) else before.looked


def _verified(mac: object) -> tuple[Claim, ...]:
    """That a text was accepted under the key of an authenticator, which bytes do not show."""
    match mac:
        case Term(args=(_, key, *_)):
            return (Claim(Deed.VERIFIED, (key,)),)
        case _:
            return ()


def describe(message: object) -> str:
    """What a message is, in a few words."""
    name = NAMES.get(type(message), type(message).__name__)
    match message:
        case Identity(header):
            return f"{name} to {header.receiver:#x}" if header.receiver else f"{name} to all"
        case DataMessage(fields, _, keys):
            revealed = f", revealing {len(keys)}" if keys else ""
            return f"{name} {fields.ratchet_id}.{fields.message_id}{revealed}"
        case ErrorMessage(code):
            return f"{name} {code}"
        case OtherVersion(version):
            return f"{name} {version}"
        case _:
            return name


def _frozen(conversation: Conversation) -> Hashable:
    """Everything that a conversation is: as its values, with no dictionary in them."""
    members, assemblies = conversation.members, conversation.assemblies
    three = conversation.version_3
    return (
        _OF_CONVERSATION(conversation),
        tuple((tag, _OF_SESSION(each), _keys(each.chain)) for tag, each in members.items()),
        tuple((key, each.values()) for key, each in assemblies.items()),
        None if three is None else three.values(),
    )


def _keys(chain: Chain | None) -> Hashable:
    return None if chain is None else (_OF_CHAIN(chain), tuple(chain.skipped.items()))


_OF_CONVERSATION: Final = attrgetter(
    *sorted(set(Conversation.__slots__) - {"members", "assemblies", "version_3"})
)
"""What is neither a member nor version 3's."""
_OF_SESSION: Final = attrgetter(*(name for name in Session.__slots__ if name != "chain"))
_OF_CHAIN: Final = attrgetter(*(each.name for each in fields(Chain) if each.name != "skipped"))


def _policy(actor: Actor) -> dict[str, bool]:
    policy = {field: getattr(Policy(), field) for field in Policy.__dataclass_fields__}
    policy["allow_v3"] = False
    for name, value in actor.policy:
        if name not in policy:
            message = f"participant.{actor.name}.policy: OTRv4 has no {name!r}"
            raise BadScenario(message)
        policy[name] = value
    return policy


def _speaks_3(actor: Actor) -> bool:
    """Whether a client speaks version 3 as well."""
    return _policy(actor)["allow_v3"] and _mode(actor) == Mode.COMPATIBLE.number


def _mode(actor: Actor) -> int:
    modes = {mode.label: mode.number for mode in Mode}
    if actor.mode and actor.mode not in modes:
        message = f"participant.{actor.name}.mode: there is no {actor.mode!r}; there are "
        raise BadScenario(message + ", ".join(modes))
    return modes.get(actor.mode, Mode.COMPATIBLE.number)


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
