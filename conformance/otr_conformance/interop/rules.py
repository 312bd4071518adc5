"""What a protocol has for a meeting: its parties, its views, its labs.

A seat is where somebody sits: a name, a policy, a size. Who sits there is a target behind a shim,
or the reference.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar, cast

from otr_conformance.otrv3.grade import GRADER as GRADER_3
from otr_conformance.otrv3.labs import Lab as Lab3
from otr_conformance.otrv3.labs import RealLab as RealLab3
from otr_conformance.otrv3.labs import generated_key
from otr_conformance.otrv3.shim_party import ShimParty as ShimParty3
from otr_conformance.otrv3.stage import ACTS as ACTS_3
from otr_conformance.otrv3.stage import ReferenceParty as ReferenceParty3
from otr_conformance.otrv3.stage import Stage as Stage3
from otr_conformance.otrv4.grade import GRADER as GRADER_4
from otr_conformance.otrv4.labs import BEGINNING, long_term_seed
from otr_conformance.otrv4.labs import Lab as Lab4
from otr_conformance.otrv4.labs import RealLab as RealLab4
from otr_conformance.otrv4.shim_party import ShimParty as ShimParty4
from otr_conformance.otrv4.stage import ACTS as ACTS_4
from otr_conformance.otrv4.stage import ReferenceParty as ReferenceParty4
from otr_conformance.otrv4.stage import Stage as Stage4
from otr_conformance.play.labs import ByteLab, Lab
from otr_conformance.play.shim_party import ENDPOINT
from otr_conformance.play.shim_party import ShimParty as AnyShimParty
from otr_conformance.play.stage import Reaction, Report, Seen
from otr_conformance.shim.keys import write_preset_key
from otr_conformance.shim.protocol import SecureEvent
from otr_conformance.shim.vocabulary import Capability, PolicyWord
from otr_model.kernel.variant import NONE
from otr_model.otrv4.words import Mode
from otr_reference.otrv3.messages import DhCommit
from otr_reference.otrv3.session import Policy as Policy3
from otr_reference.otrv4.session import Policy as Policy4

from .meeting import ALICE, BOB, PEERS, SECURE, View
from .wires import Identity, Watch, Watch3, Watch4

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from otr_conformance.play.grade import AnyGrader
    from otr_conformance.play.stage import AnyParty
    from otr_conformance.shim.client import ShimProcess
    from otr_conformance.shim.protocol import AnyEvent, Hello, Made
    from otr_model.kernel.variant import Variant
    from otr_reference.otrv3.messages import DataMessage as DataMessage3
    from otr_reference.otrv4.messages import ClientProfile
    from otr_reference.sorts import Octets, PublicKey

__all__ = ["AnyRules", "Rules", "Seat", "identity_of", "rules_of"]

TAGS: Final = {ALICE: 0x1001, BOB: 0x2002}
TWO, THREE, FOUR = 2, 3, 4
VERSION_WORDS: Final = {TWO: PolicyWord.V2, THREE: PolicyWord.V3, FOUR: PolicyWord.V4}

L = TypeVar("L", bound=Lab)
B = TypeVar("B", bound=ByteLab)


@dataclass(frozen=True, slots=True)
class Seat:
    """One side of a meeting.

    Attributes:
        name: whose.
        versions: of OTR that it allows.
        policy: what else it wants.
        largest: the largest message that it may send, in bytes; 0: any.
        draw: which random numbers the reference draws here.
        account: whose client it is, which has one long-term key; "": of somebody of that name.
        claims: somebody whose public key the reference shows as its own; "": it shows its own.
        peer: whose user it talks to; "": the other of the two.
        tag: its instance tag; 0: the usual one of the name.
    """

    name: str
    versions: frozenset[int]
    policy: frozenset[PolicyWord] = frozenset()
    largest: int = 0
    draw: int = 0
    account: str = ""
    claims: str = ""
    peer: str = ""
    tag: int = 0

    @property
    def owner(self) -> str:
        """Whose client it is."""
        return self.account or self.name

    @property
    def opposite(self) -> str:
        """Whose user it talks to."""
        return self.peer or PEERS[self.name]

    @property
    def own_tag(self) -> int:
        """Its instance tag."""
        return self.tag or TAGS[self.name]

    def wants(self, word: PolicyWord) -> bool:
        """Whether its policy has a word."""
        return word in self.policy

    @property
    def words(self) -> list[PolicyWord]:
        """Its policy, as a shim is told."""
        return [VERSION_WORDS[v] for v in sorted(self.versions)] + sorted(
            self.policy, key=lambda word: word.word
        )


def identity_of(party: AnyParty) -> Identity:
    """The identity of a party that `Rules` made."""
    found: Identity = cast("Any", party).identity
    return found


class Rules(ABC, Generic[L, B]):
    """What a protocol has.

    Attributes:
        name: of the protocol.
        data: the kinds of its Data Messages, which heartbeats are.
        needs: the capabilities that every script of it takes.
    """

    name: ClassVar[str]
    data: ClassVar[tuple[str, ...]]
    grader: ClassVar[AnyGrader]
    needs: ClassVar[frozenset[Capability]] = frozenset()

    @cached_property
    @abstractmethod
    def real(self) -> B:
        """The lab of real cryptography."""

    @abstractmethod
    def reference(self, lab: L, seat: Seat, variant: Variant = NONE) -> AnyParty:
        """The reference on a seat."""

    @abstractmethod
    def behind_shim(self, seat: Seat, shim: ShimProcess, hello: Hello) -> AnyParty:
        """A target behind a shim on a seat."""

    @abstractmethod
    def views(
        self, lab: L, parties: Mapping[str, AnyParty], peers: Mapping[str, str] = PEERS
    ) -> dict[str, View]:
        """What is seen of each party; `peers`: to whom each talks."""

    @abstractmethod
    def watch(self, identities: Mapping[str, Identity]) -> Watch:
        """The monitor between two parties."""


AnyRules = Rules[Any, Any]


def _heard(identity: Identity, events: Iterable[AnyEvent]) -> None:
    identity.met += (event.fingerprint for event in events if isinstance(event, SecureEvent))


def _identity(made: Made, *, older: bool) -> Identity:
    fingerprint = made.fingerprint3 if older and made.fingerprint3 is not None else None
    return Identity(made.fingerprint if fingerprint is None else fingerprint, made.tag)


# ---- versions 2 and 3


class _ShimSeat3(ShimParty3):
    """A target behind a shim."""

    def __init__(self, lab: RealLab3, seat: Seat, shim: ShimProcess, hello: Hello) -> None:
        AnyShimParty.__init__(self, lab, shim)
        self.lab = lab
        can = set(hello.capabilities)
        key = generated_key(seat.owner)
        made = shim.new(
            ENDPOINT,
            account=seat.owner,
            peer=seat.opposite,
            policy=seat.words,
            tag=seat.own_tag if Capability.TAG in can else None,
            key=write_preset_key(key) if Capability.PRESET_KEY in can else None,
            fragment=seat.largest or None,
        )
        self.identity = _identity(made, older=True)

    def _reaction(self, events: Iterable[AnyEvent]) -> Reaction:
        told = tuple(events)
        _heard(self.identity, told)
        return super()._reaction(told)


class _ReferenceSeat3(ReferenceParty3):
    """The reference."""

    def __init__(self, lab: Lab3, seat: Seat, variant: Variant) -> None:
        policy = Policy3(
            allow_v2=TWO in seat.versions,
            allow_v3=THREE in seat.versions,
            require_encryption=seat.wants(PolicyWord.REQUIRE_ENCRYPTION),
            send_whitespace_tag=seat.wants(PolicyWord.SEND_WHITESPACE_TAG),
            whitespace_start_ake=seat.wants(PolicyWord.WHITESPACE_START_AKE),
            error_start_ake=seat.wants(PolicyWord.ERROR_START_AKE),
        )
        drawn = f"draw {seat.draw}" if seat.owner == seat.name else f"{seat.name} {seat.draw}"
        config = lab.config(seat.owner, seat.own_tag, policy, seed=drawn, max_size=seat.largest)
        if seat.claims:
            config.public = lab.public_key(lab.signing_key(seat.claims))
        super().__init__(lab, config, variant)
        self.identity = Identity(self._print(lab.public_key(config.signing)), seat.own_tag)

    def _print(self, public: PublicKey) -> bytes:
        """The fingerprint of a key, or what stands for it among terms."""
        lab = self.lab
        if isinstance(lab, RealLab3):
            return lab.suite.fingerprint(public)
        return lab.token(public).encode()

    def _take(self, given: Any) -> Reaction:  # noqa: ANN401 - what the endpoint is given
        before = self.conversation.members
        reaction = super()._take(given)
        if any(r.what in SECURE for r in reaction.reports):
            self.identity.met += map(self._print, _met(before, self.conversation.members))
        return reaction


def _met(before: Mapping[int, Any], after: Mapping[int, Any]) -> Iterator[Any]:
    """Whom sessions that have become private are with."""
    for key, session in after.items():
        known = before[key].ssid if key in before else None
        if session.ssid is not None and session.ssid != known and session.peer is not None:
            yield session.peer


@dataclass
class KeyIds:
    """The key ids of both sides, counted from those of the AKE on, which are for each to choose.

    Attributes:
        ssid: of the AKE.
        bases: the number in front of each side's first key id; nobody has sent data while empty.
    """

    ssid: str = ""
    bases: dict[str, int] = field(default_factory=dict)

    def agreed(self, ssid: str) -> None:
        """An AKE has come to its end for one side."""
        if ssid != self.ssid:
            self.ssid = ssid
            self.bases.clear()


@dataclass
class _View3(View, Stage3):
    """What is seen of one side.

    Attributes:
        ids: of both sides.
        peer: to whom it talks.
    """

    ids: KeyIds = field(default_factory=KeyIds)
    peer: str = ""

    def hash_of_offer(self, message: object) -> Octets | None:
        """The hash of g^x."""
        return message.hashed_gx if isinstance(message, DhCommit) else None

    def noted_data(self, message: DataMessage3, seen: Seen) -> None:
        """Note which D-H keys a Data Message is under, and offers."""
        apart = Seen("")
        super().noted_data(message, apart)
        seen.renewed += apart.renewed
        fields, bases = message.fields, self.ids.bases
        bases.setdefault(self.name, fields.sender_keyid - 1)
        bases.setdefault(self.peer, fields.recipient_keyid - 1)
        ours = fields.sender_keyid - bases[self.name]
        theirs = fields.recipient_keyid - bases[self.peer]
        seen.addressed.add(f"key {theirs} of the tester's with key {ours} of its own")

    def _comparable(self, who: str, report: Report) -> str:
        if report.what in SECURE:
            self.ids.agreed(report.detail.split(" ")[1])
        return super()._comparable(who, report)


class _Rules3(Rules[Lab3, RealLab3]):
    name = "otrv3"
    data = ("Data v2", "Data v3")
    grader = GRADER_3

    @cached_property
    def real(self) -> RealLab3:
        return RealLab3()

    def reference(self, lab: Lab3, seat: Seat, variant: Variant = NONE) -> AnyParty:
        return _ReferenceSeat3(lab, seat, variant)

    def behind_shim(self, seat: Seat, shim: ShimProcess, hello: Hello) -> AnyParty:
        return _ShimSeat3(self.real, seat, shim, hello)

    def views(
        self, lab: Lab3, parties: Mapping[str, AnyParty], peers: Mapping[str, str] = PEERS
    ) -> dict[str, View]:
        ids = KeyIds()
        return {
            name: _View3(
                lab,
                # The peer stands where a stage has its tester; nothing is asked of it there.
                cast("ReferenceParty3", parties[peers[name]]),
                party,
                ACTS_3,
                name=name,
                ids=ids,
                peer=peers[name],
            )
            for name, party in parties.items()
        }

    def watch(self, identities: Mapping[str, Identity]) -> Watch:
        return Watch3(self.real, identities)


# ---- version 4


class _ShimSeat4(ShimParty4):
    """A target behind a shim."""

    def __init__(self, lab: RealLab4, seat: Seat, shim: ShimProcess, hello: Hello) -> None:
        AnyShimParty.__init__(self, lab, shim)
        self.lab = lab
        can = set(hello.capabilities)
        self._asks_by = Capability.OTRV4_DAKE in can
        made = shim.new(
            ENDPOINT,
            account=seat.owner,
            peer=seat.opposite,
            policy=seat.words,
            tag=seat.own_tag if Capability.TAG in can else None,
            fragment=seat.largest or None,
            sym_h=long_term_seed(seat.owner) if Capability.PRESET_KEY in can else None,
            now=BEGINNING,
        )
        self.identity = Identity(made.fingerprint, made.tag)

    def _reaction(self, events: Iterable[AnyEvent]) -> Reaction:
        told = tuple(events)
        _heard(self.identity, told)
        return super()._reaction(told)


class _ReferenceSeat4(ReferenceParty4):
    """The reference."""

    renews = True

    def __init__(self, lab: Lab4, seat: Seat, variant: Variant) -> None:
        policy = Policy4(
            allow_v3=False,
            require_encryption=seat.wants(PolicyWord.REQUIRE_ENCRYPTION),
            send_whitespace_tag=seat.wants(PolicyWord.SEND_WHITESPACE_TAG),
            whitespace_start_dake=seat.wants(PolicyWord.WHITESPACE_START_AKE),
            error_start_dake=seat.wants(PolicyWord.ERROR_START_AKE),
            identity_start_dake=seat.wants(PolicyWord.IDENTITY_START_DAKE),
            require_interactive=seat.wants(PolicyWord.REQUIRE_INTERACTIVE),
        )
        account = lab.account(seat.owner, seat.own_tag, policy, Mode.COMPATIBLE)
        drawn = "" if seat.owner == seat.name else seat.name
        config = lab.config(
            account, seat.owner, policy, Mode.COMPATIBLE, seed=drawn, max_size=seat.largest
        )
        super().__init__(lab, account, config, variant)
        self.identity = Identity(self._print(account.profiles[0]), account.tag)

    def _print(self, profile: ClientProfile) -> bytes:
        """The fingerprint of whose profile it is, or what stands for it among terms."""
        lab = self.lab
        own = lab.suite.fingerprint(profile)
        return lab.suite.to_bytes(own) if isinstance(lab, RealLab4) else lab.token(own).encode()

    def _take(self, given: Any) -> Reaction:  # noqa: ANN401 - what the endpoint is given
        before = self.conversation.members
        reaction = super()._take(given)
        if any(r.what in SECURE for r in reaction.reports):
            self.identity.met += map(self._print, _met(before, self.conversation.members))
        return reaction


@dataclass
class _View4(View, Stage4):
    """What is seen of one side."""

    def hash_of_offer(self, message: object) -> Octets | None:  # noqa: ARG002 - see there
        """No script has two DAKEs begin at once."""
        return None


class _Rules4(Rules[Lab4, RealLab4]):
    name = "otrv4"
    data = ("Data",)
    grader = GRADER_4
    needs = frozenset({Capability.CLOCK})

    @cached_property
    def real(self) -> RealLab4:
        return RealLab4()

    def reference(self, lab: Lab4, seat: Seat, variant: Variant = NONE) -> AnyParty:
        return _ReferenceSeat4(lab, seat, variant)

    def behind_shim(self, seat: Seat, shim: ShimProcess, hello: Hello) -> AnyParty:
        return _ShimSeat4(self.real, seat, shim, hello)

    def views(
        self, lab: Lab4, parties: Mapping[str, AnyParty], peers: Mapping[str, str] = PEERS
    ) -> dict[str, View]:
        return {
            name: _View4(
                lab,
                # As in version 3.
                cast("ReferenceParty4", parties[peers[name]]),
                party,
                ACTS_4,
                name=name,
            )
            for name, party in parties.items()
        }

    def watch(self, identities: Mapping[str, Identity]) -> Watch:
        return Watch4(self.real, identities)


_THREE: Final = _Rules3()
_FOUR: Final = _Rules4()


def rules_of(version: int) -> AnyRules:
    """What the protocol of a version has."""
    return _FOUR if version == FOUR else _THREE
