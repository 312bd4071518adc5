"""The stage of OTRv4: the reference as a party, and what its messages show.

What every protocol's stage does is in `otr_conformance.play.stage`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from otr_conformance.otrv3.stage import WHAT as WHAT_3
from otr_conformance.otrv3.stage import report_of as report_of_3
from otr_conformance.play.stage import UNLUCKY, Acts, NoSuchMessage, Party, Reaction, Report, Stuck
from otr_conformance.play.stage import Stage as AnyStage
from otr_model.kernel.variant import NONE, Variant
from otr_model.kernel.vocabulary import Point as At
from otr_model.otrv4.words import Event, Mode
from otr_reference.otrv3.deviations import derived
from otr_reference.otrv4 import notices
from otr_reference.otrv4.commands import (
    AbortSmp,
    AnswerSmp,
    Command,
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
from otr_reference.otrv4.deviations import deviating, overriding
from otr_reference.otrv4.endpoint import Endpoint
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    Content,
    DataMessage,
    ErrorMessage,
    Fragment,
    Header,
    Identity,
    MalformedMessage,
    Message,
    NonInteractiveAuth,
    OtherVersion,
    Plaintext,
    PrekeyMessage,
    Query,
    TaggedPlaintext,
)
from otr_reference.otrv4.session import Outgoing, Policy
from otr_reference.otrv4.step import Otrv4Step
from otr_reference.otrv4.suite import PhiSide, Transcript

from .labs import BEGINNING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_conformance.play.stage import Seen
    from otr_reference.otrv4.account import Account
    from otr_reference.otrv4.commands import Input
    from otr_reference.otrv4.messages import PrekeyEnsemble, Tlv
    from otr_reference.otrv4.session import Config, Conversation
    from otr_reference.otrv4.suite import Suite
    from otr_reference.sorts import Element, Key, Octets, Point, Wire

    from .labs import Lab

__all__ = [
    "ACTS",
    "NAMES",
    "TARGET_TAG",
    "TESTER_TAG",
    "THIRD_TAG",
    "Cast",
    "Ensembles",
    "ReferenceParty",
    "Stage",
    "Target",
    "reference_target",
    "report_of",
    "set_stage",
]

NAMES: dict[type, str] = {
    Identity: "Identity",
    AuthR: "Auth-R",
    AuthI: "Auth-I",
    NonInteractiveAuth: "Non-Interactive-Auth",
    PrekeyMessage: "prekey message",
    Fragment: "fragment",
    DataMessage: "Data",
    Query: "Query",
    Plaintext: "plaintext",
    TaggedPlaintext: "tagged plaintext",
    MalformedMessage: "malformed message",
    ErrorMessage: "Error",
    OtherVersion: "message of version",
}
TESTER_TAG, TARGET_TAG, THIRD_TAG = 0x1001, 0x2002, 0x3003
NOBODYS_TAG = 0x5005
MALFORMED, ANOTHER_VERSION = "?OTR:AAQK.", "?OTR:AAkC."
"""A message that ends too early, and one of version 9."""
ALONE = " that nobody else could have signed"
ACTS: Acts[Command] = Acts(
    Start, SendText, End, StartSmp, AnswerSmp, AbortSmp, UseExtraKey, Heartbeat
)
ATTEMPTS = 1 << 10
"""How often the tester draws until its hash is as wanted: a target's own is as it is."""


class Ensembles(Party[Command]):
    """A party that publishes prekey ensembles."""

    def ensemble(self) -> PrekeyEnsemble:
        """A prekey ensemble that was not given out before.

        Raises:
            Stuck: if it has none.
        """
        raise Stuck(type(self).__name__)


class ReferenceParty(Ensembles):
    """The reference as a party.

    Attributes:
        conversation: where it stands.
        addressed: the instance that its user's commands are for; None: whichever is preferred.
        renews: whether its application replaces its profiles before they expire. The tester's does
            not, so that a target comes to see profiles that have expired.
    """

    addressed: int | None = None
    renews: bool = False

    def __init__(self, lab: Lab, account: Account, config: Config, variant: Variant = NONE) -> None:
        self.lab = lab
        self.account = account
        self.variant = variant
        self.endpoint = Endpoint(lab.suite, config, variant)
        falsified = self.endpoint.applied.falsified
        self.now = BEGINNING
        if falsified:
            self.speaks(deviating(self.endpoint.suite, falsified))
        self.conversation: Conversation = self.endpoint.begin()

    def speaks(self, suite: Suite) -> None:
        """Profiles and messages are made by another suite from now on."""
        account = self.account
        self.endpoint.suite = account.suite = suite
        account.profiles = account.prekey_profiles = ()
        account.renew(self.now)
        self._take_profiles()

    def _take_profiles(self) -> None:
        config = self.endpoint.config
        config.profiles = self.account.profiles
        config.prekey_profiles = self.account.prekey_profiles

    def ensemble(self) -> PrekeyEnsemble:
        """A new one."""
        (made,) = self.account.make_ensembles(self.now, 1)
        self._take_profiles()
        return made

    def command(self, command: Command) -> Reaction:
        """One step."""
        return self._take(command)

    def receive(self, wire: Wire) -> Reaction:
        """One step."""
        return self._take(Receive(wire))

    def wait(self, seconds: int) -> Reaction:
        """The clock goes on, and the endpoint looks at it."""
        self.now += seconds
        return self._take(Tick())

    def passes(self, seconds: int) -> None:
        """The clock goes on, and nobody looks at it."""
        self.now += seconds

    def _take(self, given: Input) -> Reaction:
        if self.renews:
            self.account.renew(self.now)
            self._take_profiles()
        before = self.conversation
        asks = not isinstance(given, Receive | Tick) and self.addressed in before.members
        to = self.addressed if asks else None
        stepped = self.endpoint.step(before, given, self.now, to)
        self.conversation = stepped.conversation
        honest = self._honestly(lambda: self.endpoint.step(before, given, self.now, to).outputs)
        for output in stepped.outputs:
            if isinstance(output, notices.PrekeyUsed):
                self.account.use_up(output.identifier)
        reports = tuple(
            report_of(self.lab, o) for o in stepped.outputs if not isinstance(o, notices.Send)
        )
        said = _said(self.lab, given, stepped.outputs)
        return Reaction(_wires(stepped.outputs), reports, stepped.trace, said, honest)

    def _honestly(self, step: Callable[[], Iterable[notices.Output]]) -> tuple[Wire, ...] | None:
        """What a step would have sent without the deviation; None where there is none.

        Profiles are as they are.
        """
        deviant = self.endpoint.suite
        if not self.twinned or deviant is self.lab.suite:
            return None
        self.endpoint.suite = self.lab.suite
        try:
            return _wires(step())
        finally:
            self.endpoint.suite = deviant

    def reseed(self, seed: str) -> None:
        """Draw from another seed from now on."""
        self.endpoint.config.seed = self.lab.seed(seed)

    def send(self, content: Content, flags: int, *, cut_off: bool) -> Reaction:
        """Send a Data Message that no command asks for; see `Stage.tester_sends`."""
        before = self.conversation
        run = self._sent(before, content, flags, cut_off=cut_off)
        self.conversation = run.shared
        honest = self._honestly(lambda: self._sent(before, content, flags, cut_off=cut_off).outputs)
        said = (self.lab.readable(content.text),)
        return Reaction(_wires(run.outputs), said=said, honest=honest)

    def _sent(
        self, before: Conversation, content: Content, flags: int, *, cut_off: bool
    ) -> Otrv4Step:
        suite = self.endpoint.suite
        if cut_off:
            suite = derived(suite, seal=_sealed_cut_off)
        run = Otrv4Step(before, suite, self.endpoint.config, Heartbeat(), self.now)
        run.key = before.best
        run.own().outbox = (Outgoing(content, flags),)
        self.endpoint.engine.run(run, Event.SENDING, run.key)
        return run


def _wires(outputs: Iterable[notices.Output]) -> tuple[Wire, ...]:
    """What goes to the network."""
    return tuple(o.wire for o in outputs if isinstance(o, notices.Send))


def _said(lab: Lab, given: object, outputs: Iterable[notices.Output]) -> tuple[str, ...]:
    """Texts that may have gone out protected."""
    typed = (given.text,) if isinstance(given, SendText) else ()
    stored = (o.text for o in outputs if isinstance(o, notices.Resent))
    return tuple(lab.readable(text) for text in (*typed, *stored))


def _sealed_cut_off(suite: Suite, key: Key, content: Content) -> Octets:
    """The last TLV, which is empty, says that it has one byte."""
    return suite.garble(suite.seal(key, content))


def report_of(lab: Lab, notice: notices.Notice) -> Report:
    """What the user is told, as a report."""
    what = WHAT[type(notice)]
    match notice:
        case notices.Secured():
            again = "still-" if notice.refreshed else ""
            return Report(again + what, f"v4 {lab.token(notice.ssid)} {notice.bold_first}")
        case notices.ExtraKey():
            detail = f"{notice.use:#x} {lab.readable(notice.data)} {lab.token(notice.key)}"
            return Report(what, detail)
        case notices.Queued() | notices.Expired() | notices.EnsembleRefused() | notices.Warned():
            return Report(what, WARNINGS.get(type(notice)) or _alert(notice))
        case notices.PrekeyUsed():
            return Report(what)
        case _:
            return report_of_3(lab, notice)


def _alert(notice: notices.Notice) -> str:
    return notice.about.label if isinstance(notice, notices.Warned) else ""


WARNINGS: dict[type, str] = {
    notices.Queued: "queued",
    notices.Expired: "expired",
    notices.EnsembleRefused: "ensemble-refused",
}
WHAT: dict[type, str] = {
    **WHAT_3,
    notices.Warned: "warning",
    notices.Queued: "warning",
    notices.Expired: "warning",
    notices.EnsembleRefused: "warning",
    notices.Secured: "secure",
    notices.PrekeyUsed: "prekey-used",
    notices.ExtraKey: "extra-key",
}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays: policies, mode, sizes and the tester's deviation.

    Attributes:
        target: the target's policy.
        tester: the tester's policy.
        variant: how the tester deviates.
        mode: the mode of both.
        max_size: the largest message that the target may send, in bytes; 0: no limit.
        tester_size: the same for the tester.
        knows: the target knows a client profile that the tester has published.
        trusts: the target's user has verified the tester's fingerprint.
    """

    target: Policy = field(default_factory=Policy)
    tester: Policy = field(default_factory=Policy)
    variant: Variant = NONE
    mode: Mode = Mode.COMPATIBLE
    max_size: int = 0
    tester_size: int = 0
    knows: bool = False
    trusts: bool = False

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions that the target's policy allows; none: OTR is disabled."""
        three = self.target.allow_v3 and self.mode is Mode.COMPATIBLE
        return tuple(v for v, yes in {3: three, 4: self.target.allow_v4}.items() if yes)


@dataclass
class Stage(AnyStage[Command, Message, DataMessage]):
    """One play of a case.

    Attributes:
        cast: who plays.
        target_tag: the target's instance tag, as its messages say.
    """

    lab: Lab
    tester: ReferenceParty
    cast: Cast = field(default_factory=Cast)
    target_tag: int = TARGET_TAG
    _clients: dict[int, ReferenceParty] = field(default_factory=dict)
    _given: list[Octets] = field(default_factory=list)
    _offered: list[Point | Element] = field(default_factory=list)
    _pieces: dict[int, dict[int, Octets]] = field(default_factory=dict)
    _asked: Identity | None = None

    # What users of OTRv4 can ask for besides.

    def target_starts_dake(self) -> None:
        """The target's user starts a conversation interactively."""
        self.target_does("the target's user starts a DAKE", StartDake())

    def tester_starts_dake(self) -> None:
        """The tester's user starts a conversation interactively."""
        self.tester_does("the tester's user starts a DAKE", StartDake())

    def target_starts_offline(self, ensemble: PrekeyEnsemble | None = None) -> None:
        """The target's user starts a conversation from a prekey ensemble of the tester's."""
        given = self.tester.ensemble() if ensemble is None else ensemble
        self.target_does("the target's user starts offline", StartOffline(given))

    def tester_starts_offline(self, ensemble: PrekeyEnsemble | None = None) -> None:
        """The tester's user starts a conversation from a prekey ensemble of the target's."""
        given = self.target_ensemble() if ensemble is None else ensemble
        self.tester_does("the tester's user starts offline", StartOffline(given))

    def target_ensemble(self) -> PrekeyEnsemble:
        """A prekey ensemble that the target publishes."""
        target = self.target
        if not isinstance(target, Ensembles):
            message = "the target publishes no prekey ensembles"
            raise Stuck(message)
        return target.ensemble()

    # What no user can ask for.

    def tester_sends(
        self, *tlvs: Tlv, text: str = "", flags: int = 0, cut_off: bool = False
    ) -> None:
        """The tester sends a Data Message with a text and TLVs of any kind.

        `cut_off`: the last of the TLVs, which must be empty, says that it has one byte.
        """
        kinds = ", ".join(type(tlv).__name__ for tlv in tlvs)
        with self.seeing(f"the tester sends {text!r} with {kinds or 'nothing'}"):
            content = Content(self.lab.text(text), tlvs)
            self.absorb_tester(self.tester.send(content, flags, cut_off=cut_off))

    def tester_behaves(self) -> None:
        """From now on the tester deviates in nothing that it sends."""
        self.log.append("the tester behaves from now on")
        self.tester.speaks(self.lab.suite)

    def tester_becomes(self, name: str) -> None:
        """From now on the tester is somebody else, with another long-term key."""
        self.log.append(f"the tester is {name} from now on")
        tester, cast = self.tester, self.cast
        account = self.lab.account(name, tester.account.tag, cast.tester, cast.mode)
        config = self.lab.config(account, name, cast.tester, cast.mode)
        kept = tester.endpoint.config
        kept.keys, kept.profiles = config.keys, config.profiles
        kept.prekey_profiles, kept.prekeys = config.prekey_profiles, config.prekeys
        tester.account = account

    def tester_forgets(self) -> None:
        """The tester loses everything that it remembers, and never draws the same again."""
        self.log.append("the tester forgets everything")
        draws = self.tester.conversation.draws
        self.tester.conversation = self.tester.endpoint.begin()
        self.tester_draws_from(draws)

    def tester_draws_from(self, draws: int) -> None:
        """The tester draws as if it had drawn so often: what it draws again is the same again."""
        self.tester.conversation = self.tester.conversation.clone()
        self.tester.conversation.draws = draws

    def tester_at(self, tag: int) -> None:
        """From now on the tester is another client of the same user, with this instance tag.

        What is on its way to the tester reaches whichever client is at work when it is delivered.
        """
        self.log.append(f"the tester is the client {tag:#x} from now on")
        here = self.tester
        self._clients[here.account.tag] = here
        if tag not in self._clients:
            account = self.lab.account("tester", tag, self.cast.tester, self.cast.mode)
            config = self.lab.config(
                account, "tester", self.cast.tester, self.cast.mode, seed=f"at {tag:#x}"
            )
            self._clients[tag] = ReferenceParty(self.lab, account, config, here.variant)
        self.tester = self._clients[tag]
        self.tester.twinned = here.twinned
        self.tester.now = here.now

    def unnoticed(self, seconds: int) -> None:
        """Time passes for the tester, whose application does not look at the clock."""
        self.log.append(f"{seconds} seconds pass for the tester")
        self.tester.passes(seconds)

    # What the network does.

    def sends(self, message: Message, what: str) -> None:
        """A message that the tester's suite encodes reaches the target."""
        if isinstance(message, Identity):
            self._asked = message
        self.reaches(self.tester.endpoint.suite.encode(message), what)

    # What only a stage can arrange.

    def tester_offers(self, *, higher: bool) -> None:
        """The tester sends an Identity message whose hashed B is higher (lower) than the target's.

        The target's own Identity message must be on its way to the tester.
        """
        theirs = next(
            (m.b for m in map(self.decode, self.to_tester) if isinstance(m, Identity)), None
        )
        if theirs is None:
            message = "the target has sent no Identity message to compare with"
            raise Stuck(message)
        before, suite, lab = self.tester.conversation, self.lab.suite, self.lab
        hashed = suite.hashed_b(theirs)
        for attempt in range(ATTEMPTS):
            self.tester.conversation = before
            self.tester.reseed(f"tester offers {attempt}")
            reaction = self.tester.command(StartDake())
            ours = self.tester.conversation.members[before.best].our_keys
            if ours is None:
                break
            our_hash = suite.hashed_b(ours.dh)
            if lab.decide(our_hash, hashed) if higher else lab.decide(hashed, our_hash):
                self.log.append(
                    f"the tester sends an Identity message, {'higher' if higher else 'lower'}"
                )
                self.absorb_tester(reaction)
                return
        raise Stuck(UNLUCKY)

    # Seeing.

    def decode(self, wire: Wire) -> Message:
        """A message, by the tester's suite."""
        return self.lab.suite.decode(wire)

    def kind_of(self, message: Message) -> str:
        """Its name, and for a text what it says."""
        return f"{NAMES[type(message)]} {self._more(message)}".strip()

    def _more(self, message: Message) -> str:
        match message:
            case Query(versions):
                more = _versions_text(versions)
            case TaggedPlaintext(text, versions):
                more = f"{self.lab.readable(text)!r} {_versions_text(versions)}"
            case Plaintext(text):
                more = repr(self.lab.readable(text))
            case MalformedMessage(where, reason):
                more = f"({where}: {reason})"
            case ErrorMessage(code):
                more = "" if code is None else str(code)
            case OtherVersion(version):
                more = str(version)
            case Identity(header):
                more = "to all" if header.receiver == 0 else "to one"
            case _:
                more = ""
        return more

    def data_of(self, message: Message) -> DataMessage | None:
        """The message, if it is a Data Message."""
        return message if isinstance(message, DataMessage) else None

    def is_under(self, message: DataMessage, key: Key) -> bool:
        """Whether a key is the one that the Data Message's MAC was made with."""
        suite = self.lab.suite
        mac = suite.data_mac(key, suite.data_body(message.fields))
        return suite.same(mac, message.authenticator)

    def keys_revealed(self, message: DataMessage) -> tuple[Key, ...]:
        """The old MAC keys in a Data Message."""
        return tuple(self.lab.mac_key(key) for key in message.old_mac_keys)

    def whole(self, wire: Wire) -> Message | None:
        """The message, put together where it comes in fragments; None while one is incomplete."""
        message = self.decode(wire)
        if not isinstance(message, Fragment):
            return message
        pieces = self._pieces.setdefault(message.identifier, {})
        pieces[message.index] = self.lab.suite.piece(message)
        if len(pieces) < message.total:
            return None
        del self._pieces[message.identifier]
        return self.decode(self.lab.suite.join(tuple(pieces[n] for n in sorted(pieces))))

    def wrong_at(self, point: At, wire: Wire) -> Wire | None:
        """Something malformed, of another version, or the same for another instance."""
        match point:
            case At.ENCODING:
                return self.lab.wire(MALFORMED)
            case At.VERSION:
                return self.lab.wire(ANOTHER_VERSION)
            case At.INSTANCE:
                return self._for_another(self.decode(wire))
            case _:
                return None

    def _for_another(self, message: Message) -> Wire:
        """The same message for another instance.

        Raises:
            NoSuchMessage: if it is for none.
        """
        suite = self.lab.suite
        if isinstance(message, DataMessage):
            fields = message.fields
            fields = replace(fields, header=replace(fields.header, receiver=NOBODYS_TAG))
            return suite.encode(replace(message, fields=fields))
        header: Header | None = getattr(message, "header", None)
        if header is None or isinstance(message, OtherVersion):
            raise NoSuchMessage(NAMES[type(message)])
        elsewhere: Any = message
        return suite.encode(replace(elsewhere, header=replace(header, receiver=NOBODYS_TAG)))

    def noted(self, message: Message) -> None:
        """Note the target's instance tag."""
        match message:
            case Identity(header) | AuthR(header) | NonInteractiveAuth(header) if header.sender:
                self.target_tag = header.sender
            case _:
                pass

    def noted_data(self, message: DataMessage, seen: Seen) -> None:
        """Note the numbers of a Data Message of the target's, and the keys that it offers."""
        suite, fields = self.lab.suite, message.fields
        seen.addressed.add(
            f"ratchet {fields.ratchet_id}, message {fields.message_id}, {fields.pn} before"
        )
        offered = (fields.ecdh,) if fields.dh is None else (fields.ecdh, fields.dh)
        for key in offered:
            if not any(suite.same(key, known) for known in self._offered):
                self._offered.append(key)
                seen.renewed += 1

    def again(self, message: Message) -> str:
        """Whether the target uses an ephemeral key of a DAKE that it used before: " again".

        The specification says which are to be the same and which are to be new.
        """
        suite = self.lab.suite
        match message:
            case Identity():
                given = suite.hashed_b(message.b)
            case AuthR() | NonInteractiveAuth():
                given = suite.hashed_b(message.a)
            case _:
                return ""
        alone = ALONE if isinstance(message, AuthR) and self._signed_alone(message) else ""
        if any(suite.same(given, known) for known in self._given):
            return f"{alone} again"
        self._given.append(given)
        return alone

    def _signed_alone(self, answer: AuthR) -> bool:
        """Whether all keys of its ring are its maker's own, and its signature is right."""
        asked, suite = self._asked, self.lab.suite
        public = answer.profile.public_key
        if asked is None or not all(
            suite.same(public, key) for key in (asked.profile.forging_key, asked.y)
        ):
            return False
        phi = suite.phi(
            PhiSide(answer.header.sender, answer.first_ecdh, answer.first_dh),
            PhiSide(asked.header.sender, asked.first_ecdh, asked.first_dh),
        )
        bound = suite.auth_r_bound(
            Transcript(asked.profile, answer.profile, asked.y, answer.x, asked.b, answer.a, phi)
        )
        ring = (public, public, public)
        repeated = overriding(suite, {"ring_sign": "own-key-repeated"})
        return any(each.ring_verified(ring, answer.sigma, bound) for each in (suite, repeated))


def _versions_text(versions: frozenset[int]) -> str:
    return f"offering {''.join(map(str, sorted(versions)))}"


Target = Callable[["Lab", Cast], Party[Command]]
"""What makes a target."""


def set_stage(lab: Lab, cast: Cast, target: Target) -> Stage:
    """A stage on which nothing has happened yet."""
    account = lab.account("tester", TESTER_TAG, cast.tester, cast.mode)
    config = lab.config(account, "tester", cast.tester, cast.mode, max_size=cast.tester_size)
    tester = ReferenceParty(lab, account, config, cast.variant)
    return Stage(lab, tester, target(lab, cast), ACTS, cast=cast)


def reference_target(variant: Variant = NONE) -> Target:
    """The reference as the target, under a variant."""

    def make(lab: Lab, cast: Cast) -> Party[Command]:
        account = lab.account("target", TARGET_TAG, cast.target, cast.mode)
        config = lab.config(account, "target", cast.target, cast.mode, max_size=cast.max_size)
        known = lab.account("tester", TESTER_TAG, Policy(), cast.mode).profiles[0]
        told = replace(
            config,
            known_profile=known if cast.knows else None,
            trusted=(lab.suite.fingerprint(known),) if cast.trusts else (),
        )
        party = ReferenceParty(lab, account, told, variant)
        party.renews = True
        return party

    return make
