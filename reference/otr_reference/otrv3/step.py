"""One step of an OTRv3 endpoint: what the rows ask, and what their effects do.

Method names are the words of the vocabulary (`otr_model.otrv3`): `ask_NAME` answers a condition,
`check_NAME` makes a check, `do_NAME` performs an effect. Which of them happens when is in the
tables. What several of them need is computed once, when it is first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from otr_model.otrv3.words import Kind, Msg, TlvKind
from otr_reference.engine import Step, Unprepared

from . import notices
from .commands import AnswerSmp, Receive, SendText, StartSmp, UseExtraKey
from .messages import (
    Commitment,
    Content,
    CoordinatesProof,
    DataFields,
    DataMessage,
    DhCommit,
    DhKey,
    Disconnected,
    ErrorMessage,
    ExtraKeyUse,
    Fragment,
    Header,
    Identity,
    MalformedMessage,
    MalformedTlv,
    OtherVersion,
    Padding,
    Plaintext,
    Proof,
    Query,
    RevealSignature,
    SignatureMessage,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
    SmpAbort,
    TaggedPlaintext,
    UnknownTlv,
)
from .notices import Alert, SmpStage
from .session import (
    Config,
    Conversation,
    Ring,
    Session,
    SmpBases,
    SmpExponents,
    SmpPoints,
    place,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_reference.sorts import Element, Octets, Passphrase, Scalar, Wire

    from .commands import Input
    from .messages import AkeKeys, DataKeys, DhPair, Message, SigmaKeys, Tlv
    from .suite import Suite

T = TypeVar("T")
V2, V3 = 2, 3
IGNORE_UNREADABLE = 0x01
OUR_FIRST_KEYID = 1
UNREADABLE_TEXT = "an encrypted message could not be read"
SMP_TYPES = frozenset({2, 3, 4, 5, 7})

KIND_OF: dict[type, Kind] = {
    Fragment: Kind.FRAGMENT,
    Plaintext: Kind.PLAINTEXT,
    TaggedPlaintext: Kind.TAGGED,
    Query: Kind.QUERY,
    ErrorMessage: Kind.ERROR,
    DhCommit: Kind.DH_COMMIT,
    DhKey: Kind.DH_KEY,
    RevealSignature: Kind.REVEAL_SIGNATURE,
    SignatureMessage: Kind.SIGNATURE,
    DataMessage: Kind.DATA,
    OtherVersion: Kind.OTHER_VERSION,
    MalformedMessage: Kind.MALFORMED,
}
TLV_KIND_OF: dict[type, TlvKind] = {
    Padding: TlvKind.PADDING,
    Disconnected: TlvKind.DISCONNECTED,
    Smp1: TlvKind.SMP_1,
    Smp2: TlvKind.SMP_2,
    Smp3: TlvKind.SMP_3,
    Smp4: TlvKind.SMP_4,
    SmpAbort: TlvKind.SMP_ABORT,
    ExtraKeyUse: TlvKind.EXTRA_KEY,
    UnknownTlv: TlvKind.UNKNOWN,
    MalformedTlv: TlvKind.MALFORMED,
}
AT_HAND = ("content", "place_at_hand", "keys_at_hand", "opened_gx", "opened_keys", "identity")
NUMBER = {word: word.number for kinds in (Kind, TlvKind) for word in kinds}


def present(value: T | None) -> T:
    """A value that the tables promise to be there.

    Raises:
        Unprepared: if it is not, under a variant that breaks the promise.
    """
    if value is None:
        message = "a value is missing that the row relies on"
        raise Unprepared(message)
    return value


@dataclass(slots=True)
class Facts:
    """What is known about the message or command at hand; names as in the declared variables."""

    now: int
    kind: int = -1
    version: int = 0
    sender_tag: int = 0
    receiver_tag: int = 0
    offers_2: bool = False
    offers_3: bool = False
    identity_keyid: int = 0
    sender_keyid: int = 0
    recipient_keyid: int = 0
    counter: int = 0
    ignore_unreadable: bool = False
    k: int = 0
    n: int = 0
    piece_size: int = 0
    tlv_kind: int = 0


def assess(message: Message, now: int, suite: Suite) -> Facts:
    """The facts about a message, all but what only decryption tells."""
    facts = Facts(now, NUMBER[KIND_OF[type(message)]])
    header: Header | None = None
    match message:
        case DhCommit() | DhKey() | RevealSignature() | SignatureMessage():
            header = message.header
        case DataMessage():
            fields = message.fields
            header = fields.header
            facts.sender_keyid = fields.sender_keyid
            facts.recipient_keyid = fields.recipient_keyid
            facts.counter = fields.counter
            facts.ignore_unreadable = bool(fields.flags & IGNORE_UNREADABLE)
        case Fragment():
            header = message.header
            facts.k, facts.n = message.k, message.n
            facts.piece_size = suite.size(message.piece)
        case Query() | TaggedPlaintext():
            facts.offers_2 = V2 in message.versions
            facts.offers_3 = V3 in message.versions
        case MalformedMessage():
            header = message.header
        case Plaintext() | ErrorMessage() | OtherVersion():
            pass
    if header is not None:
        facts.version = header.version
        facts.sender_tag, facts.receiver_tag = header.sender, header.receiver
    return facts


class Otrv3Step(Step[Conversation, Session]):
    """A run on a conversation."""

    facts: Facts
    config: Config

    def __init__(
        self, conversation: Conversation, suite: Suite, config: Config, given: Input, now: int
    ) -> None:
        super().__init__(conversation, Session)
        self.suite = suite
        self.config = config
        self.given = given
        self.outputs: list[notices.Output] = []
        self.has_room: Callable[[int], bool] = lambda _key: True
        if isinstance(given, Receive):
            self.take(suite.decode(given.wire), now)
        else:
            self.facts = Facts(now)

    def take(self, message: Message, now: int) -> None:
        """Begin to handle a message: nothing is known but what it says by itself."""
        self.message = message
        self.facts = assess(message, now, self.suite)
        self.tlv_at = 0
        for name in AT_HAND:
            self.__dict__.pop(name, None)

    # What goes out.

    def tell(self, notice: notices.Notice) -> None:
        """A typed event for the user interface; it says which instance of the peer it is about."""
        self.outputs.append(replace(notice, instance=self.key) if self.key else notice)

    def transmit(self, message: Message) -> None:
        """A message that is not encoded, for the network."""
        self.outputs.append(notices.Send(self.suite.encode(message)))

    def transmit_encoded(self, message: Message, version: int) -> None:
        """An encoded message for the network, in fragments where it is too large."""
        wire = self.suite.encode(message)
        tags = (self.config.our_tag, self.key)
        for piece in self.suite.split(wire, *tags, version, self.config.max_size):
            self.outputs.append(notices.Send(piece))

    def header(self, version: int) -> Header:
        """The header of what we send in this session."""
        if version == V3:
            return Header(version, self.config.our_tag, self.key)
        return Header(version, 0, 0)

    def draw(self) -> int:
        """The number of the next draw."""
        self.shared.draws += 1
        return self.shared.draws

    def fresh_pair(self) -> DhPair:
        """A new D-H key pair."""
        return self.suite.fresh_pair(self.config.seed, self.draw())

    # The D-H key of an AKE; see the ambiguity fresh-keys.

    def pair_to_commit_to(self) -> DhPair:
        """That of a D-H Commit: a new one."""
        return self.fresh_pair()

    def pair_to_answer_with(self) -> DhPair:
        """That of a D-H Key Message: a new one."""
        return self.fresh_pair()

    def keyid_of_exchange(self) -> int:
        """The key id that goes with it."""
        return OUR_FIRST_KEYID

    # What only the conversation as a whole can answer.

    def ask_room(self) -> bool:
        """Asked of the engine, which knows the bound: of whoever sent the message at hand."""
        return self.has_room(self.facts.sender_tag)

    # The AKE: section "Receiving a D-H Commit Message" to "Receiving a Signature Message".

    def ask_ours_higher(self) -> bool:
        """The tie-break: our hashed g^x against theirs."""
        theirs = self.of(DhCommit).hashed_gx
        return self.suite.higher(present(self.member.commitment).hashed, theirs)

    def ask_same_gy(self) -> bool:
        """Whether a D-H Key Message repeats the one that we answered."""
        return self.suite.same(self.of(DhKey).gy, present(self.member.gy))

    def ask_same_peer(self) -> bool:
        """Whether the AKE authenticated the public key that the conversation is with."""
        member = self.member
        return self.suite.same(present(member.peer), present(member.identity).public)

    def ask_key_known(self) -> bool:
        """Whether the AKE's key id and D-H key are those of a key of theirs that we hold."""
        member, ring = self.member, present(self.member.ring)
        age = member.their_keyid - member.agreed_keyid
        held = {0: ring.theirs, 1: ring.theirs_previous}.get(age)
        return held is not None and self.suite.same(held, present(member.gy))

    def check_gy_range(self) -> bool:
        """Section "D-H Key Message"; the overview names the range."""
        return self.suite.in_range(self.of(DhKey).gy)

    def check_commitment_matches(self) -> bool:
        """Step 2 of "Receiving a Reveal Signature Message"."""
        return self.suite.matches(self.of(RevealSignature).revealed_key, self.their_commitment)

    def check_commitment_opens(self) -> bool:
        """As the previous."""
        return self.suite.opens(self.of(RevealSignature).revealed_key, self.their_commitment)

    def check_gx_range(self) -> bool:
        """As the previous; the overview names the range."""
        return self.suite.in_range(self.opened_gx)

    def check_reveal_mac(self) -> bool:
        """Section "Reveal Signature Message"."""
        message = self.of(RevealSignature)
        mac = self.suite.identity_mac(self.opened_keys.reveal.m2, message.encrypted_signature)
        return self.suite.same(mac, message.mac)

    def check_reveal_identity(self) -> bool:
        """Section "Reveal Signature Message": X_B."""
        return self.identity is not None

    def check_reveal_signed(self) -> bool:
        """Section "Reveal Signature Message": sig_B(M_B)."""
        return self._signed(self.opened_keys.reveal, self.opened_gx)

    def check_signature_mac(self) -> bool:
        """Section "Signature Message"."""
        message = self.of(SignatureMessage)
        m2 = present(self.member.ake_keys).signature.m2
        mac = self.suite.identity_mac(m2, message.encrypted_signature)
        return self.suite.same(mac, message.mac)

    def check_signature_identity(self) -> bool:
        """Section "Signature Message": X_A."""
        return self.identity is not None

    def check_signature_signed(self) -> bool:
        """Section "Signature Message": sig_A(M_A)."""
        return self._signed(present(self.member.ake_keys).signature, present(self.member.gy))

    def _signed(self, keys: SigmaKeys, theirs: Element) -> bool:
        identity, ours = present(self.identity), present(self.member.pair).public
        value = self.suite.signed_value(keys.m1, theirs, ours, identity.public, identity.keyid)
        return self.suite.verify(identity.public, value, identity.signature)

    @property
    def their_commitment(self) -> Commitment:
        """The commitment that a Reveal Signature Message opens."""
        return present(self.member.commitment)

    @cached_property
    def opened_gx(self) -> Element:
        """g^x, from the commitment and the revealed key."""
        revealed = self.of(RevealSignature).revealed_key
        return self.suite.opened(revealed, self.their_commitment)

    @cached_property
    def opened_keys(self) -> AkeKeys:
        """The keys of the AKE, on the side that receives the Reveal Signature Message."""
        return self.suite.ake_keys(present(self.member.pair).secret, self.opened_gx)

    @cached_property
    def identity(self) -> Identity | None:
        """X as decrypted from the message at hand."""
        message = self.message
        if isinstance(message, RevealSignature):
            c = self.opened_keys.reveal.c
        else:
            message = self.of(SignatureMessage)
            c = present(self.member.ake_keys).signature.c
        found = self.suite.open_identity(c, message.encrypted_signature)
        if found is not None:
            self.facts.identity_keyid = found.keyid
        return found

    def do_new_commit_3(self) -> None:
        """Section "D-H Commit Message"."""
        self._new_commit()

    def do_new_commit_2(self) -> None:
        """The same, in version 2."""
        self._new_commit()

    def _new_commit(self) -> None:
        member = self.own()
        member.r = self.suite.fresh_key(self.config.seed, self.draw())
        member.pair = self.pair_to_commit_to()
        member.commitment = self.suite.commit(member.r, member.pair.public)

    def do_send_dh_commit(self) -> None:
        """Section "D-H Commit Message"."""
        member = self.member
        commitment = present(member.commitment)
        header = self.header(member.ake_version)
        self.transmit_encoded(
            DhCommit(header, commitment.encrypted, commitment.hashed), header.version
        )

    def do_adopt_commit(self) -> None:
        """The master's r, x and commitment."""
        member, master = self.own(), self.master
        member.r, member.pair, member.commitment = master.r, master.pair, master.commitment

    def do_new_dh_key(self) -> None:
        """Section "D-H Key Message"."""
        pair = self.pair_to_answer_with()
        self.own().pair = pair

    def do_keep_commit(self) -> None:
        """Section "Receiving a D-H Commit Message"."""
        message = self.of(DhCommit)
        self.own().commitment = Commitment(message.encrypted_gx, message.hashed_gx)

    def do_send_dh_key(self) -> None:
        """Section "D-H Key Message"."""
        header = self.header(self.member.ake_version)
        self.transmit_encoded(DhKey(header, present(self.member.pair).public), header.version)

    def do_keep_gy(self) -> None:
        """Section "Computing AES keys, MAC keys, and the secure session id"."""
        gy = self.of(DhKey).gy
        member = self.own()
        member.gy = gy
        member.ake_keys = self.suite.ake_keys(present(member.pair).secret, gy)

    def do_send_reveal_signature(self) -> None:
        """Section "Reveal Signature Message"."""
        member = self.own()
        keys = present(member.ake_keys).reveal
        sealed = self._sealed_identity(keys)
        member.reveal = RevealSignature(
            self.header(member.ake_version),
            self.suite.reveal(present(member.r)),
            sealed,
            self.suite.identity_mac(keys.m2, sealed),
        )
        self.do_resend_reveal_signature()

    def do_resend_reveal_signature(self) -> None:
        """Section "Receiving a D-H Key Message"."""
        reveal = present(self.member.reveal)
        self.transmit_encoded(reveal, reveal.header.version)

    def do_accept_reveal(self) -> None:
        """Section "Receiving a Reveal Signature Message"."""
        member = self.own()
        member.gy = self.opened_gx
        member.ake_keys = self.opened_keys
        member.identity = present(self.identity)
        member.initiated = False

    def do_send_signature(self) -> None:
        """Section "Signature Message"."""
        keys = present(self.member.ake_keys).signature
        sealed = self._sealed_identity(keys)
        header = self.header(self.member.ake_version)
        mac = self.suite.identity_mac(keys.m2, sealed)
        self.transmit_encoded(SignatureMessage(header, sealed, mac), header.version)

    def _sealed_identity(self, keys: SigmaKeys) -> Octets:
        member, config, suite = self.member, self.config, self.suite
        keyid = self.keyid_of_exchange()
        value = suite.signed_value(
            keys.m1,
            present(member.pair).public,
            present(member.gy),
            config.public,
            keyid,
        )
        signature = suite.sign(config.signing, value, config.seed, self.draw())
        return suite.seal_identity(keys.c, Identity(config.public, keyid, signature))

    def do_accept_signature(self) -> None:
        """Section "Receiving a Signature Message"."""
        member = self.own()
        member.identity = present(self.identity)
        member.initiated = True

    def do_enter_private(self) -> None:
        """Section "Message state"."""
        member = self.own()
        member.peer = present(member.identity).public
        member.ssid = present(member.ake_keys).ssid

    def do_tell_secure(self) -> None:
        """Section "Computing AES keys, MAC keys, and the secure session id"."""
        self._tell_secured(refreshed=False)

    def do_tell_still_secure(self) -> None:
        """As the previous."""
        self._tell_secured(refreshed=True)

    def _tell_secured(self, *, refreshed: bool) -> None:
        member = self.member
        self.tell(
            notices.Secured(
                present(member.peer),
                present(member.ssid),
                bool(member.initiated),
                member.session_version,
                self.key,
                refreshed,
            )
        )

    # Key management: section "Key Management" and "Revealing MAC keys".

    def do_install_keys(self) -> None:
        """Section "Key Management", upon completing the AKE."""
        member = self.own()
        self._retire_mac_keys(member)
        member.ring = Ring(self.fresh_pair(), present(member.pair), present(member.gy))

    def do_install_our_keys(self) -> None:
        """The same, where the peer's D-H key of the AKE is one that we hold."""
        member = self.own()
        self._retire_mac_keys(member)
        old = present(member.ring)
        pair = present(member.pair)
        member.ring = Ring(self.fresh_pair(), pair, old.theirs, old.theirs_previous)

    def _retire_mac_keys(self, member: Session, *places: int) -> None:
        ring = member.ring
        if ring is None:
            return
        used = ring.used_at(*(places or range(4)))
        if used:
            member.old_mac_keys = (member.old_mac_keys or ()) + used

    def do_record(self) -> None:
        """Section "Key Management", when you receive a Data Message."""
        member = self.own()
        ring = present(member.ring)
        member.ring = ring.with_used(self.place_at_hand, self.keys_at_hand)

    def do_rotate_our_keys(self) -> None:
        """As the previous."""
        member = self.own()
        self._retire_mac_keys(member, place(1, 0), place(1, 1))
        member.ring = present(member.ring).with_our_next(self.fresh_pair())

    def do_rotate_their_keys(self) -> None:
        """As the previous."""
        member = self.own()
        self._retire_mac_keys(member, place(0, 1), place(1, 1))
        next_dh = self.of(DataMessage).fields.next_dh
        member.ring = present(member.ring).with_their_next(next_dh)

    # Data Messages.

    @cached_property
    def place_at_hand(self) -> int:
        """Which pair of D-H keys the Data Message at hand is under."""
        member, facts = self.member, self.facts
        return place(
            member.our_keyid - facts.recipient_keyid, member.their_keyid - facts.sender_keyid
        )

    @cached_property
    def keys_at_hand(self) -> DataKeys:
        """The keys of the Data Message at hand."""
        ring, where = present(self.member.ring), self.place_at_hand
        known = ring.derived[where]
        if known is not None:
            return known
        ours = (ring.ours, ring.ours_previous)[where // 2]
        theirs = (ring.theirs, ring.theirs_previous)[where % 2]
        return self.suite.data_keys(ours, present(theirs))

    @cached_property
    def content(self) -> Content:
        """What the Data Message at hand says. From here on its first TLV is at hand."""
        fields = self.of(DataMessage).fields
        content = self.suite.open(self.keys_at_hand.receiving, fields.counter, fields.encrypted)
        self._look_at(content.tlvs)
        return content

    def check_data_mac(self) -> bool:
        """Section "Data Message": the authenticator."""
        message = self.of(DataMessage)
        mac = self.suite.data_mac(self.keys_at_hand.receiving_mac, message.authenticated)
        return self.suite.same(mac, message.mac)

    def check_next_dh_range(self) -> bool:
        """Ours: see the ambiguity next-dh."""
        return self.suite.in_range(self.of(DataMessage).fields.next_dh)

    def ask_has_text(self) -> bool:
        """Section "Data Message": a message with an empty human-readable part is a heartbeat."""
        return not self.suite.empty(self.content.text)

    def ask_for_this_peer(self) -> bool:
        """Whether the stored text may go to the peer of the conversation."""
        meant_for = self.shared.stored_for
        return meant_for is None or self.suite.same(meant_for, present(self.member.peer))

    def send_data(self, content: Content, flags: int = 0) -> DataKeys:
        """Section "Key Management", when you send a Data Message. Returns the keys used."""
        member, suite = self.own(), self.suite
        ring, where = present(member.ring), place(1, 0)
        keys = ring.derived[where]
        if keys is None:
            keys = suite.data_keys(ring.ours_previous, ring.theirs)
            member.ring = ring.with_derived(where, keys)
        header = self.header(member.session_version)
        fields = DataFields(
            header,
            flags,
            member.our_keyid - 1,
            member.their_keyid,
            ring.ours.public,
            member.sent,
            suite.seal(keys.sending, member.sent, content),
        )
        body = suite.data_body(fields)
        revealed = suite.old_mac_keys(member.old_mac_keys or ())
        mac = suite.data_mac(keys.sending_mac, body)
        self.transmit_encoded(DataMessage(fields, body, mac, revealed), header.version)
        member.old_mac_keys = None
        return keys

    def do_send_text(self) -> None:
        """Section "User types a message to be sent"."""
        self.send_data(Content(self.asked(SendText).text))

    def do_send_disconnect(self) -> None:
        """Section "User requests to end an OTR conversation"."""
        self.send_tlv(Disconnected())

    def do_send_heartbeat(self) -> None:
        """Section "Receiving a Data Message"."""
        self.send_data(Content(self.suite.literal("")), IGNORE_UNREADABLE)

    def do_send_extra_key(self) -> None:
        """Section "Extra symmetric key"."""
        asked = self.asked(UseExtraKey)
        keys = self.send_tlv(ExtraKeyUse(asked.use, asked.data))
        self.tell(notices.ExtraKey(keys.extra, asked.use, asked.data, sent=True))

    def do_tell_extra_key(self) -> None:
        """Section "Extra symmetric key"."""
        tlv = self.tlv
        if isinstance(tlv, ExtraKeyUse):
            self.tell(notices.ExtraKey(self.keys_at_hand.extra, tlv.use, tlv.data, sent=False))

    def do_store_sent(self) -> None:
        """Section "User types a message to be sent"."""
        self._store()

    def do_store_owed(self) -> None:
        """Section "User types a message to be sent"."""
        self._store()

    def _store(self) -> None:
        private = self.member.message is not Msg.PLAINTEXT
        self.shared.stored_text = self.asked(SendText).text
        self.shared.stored_for = self.member.peer if private else None

    def do_send_stored(self) -> None:
        """Section "Receiving a Signature Message"."""
        self.send_data(Content(present(self.shared.stored_text)))
        self.shared.stored_for = self.member.peer

    def do_tell_resent(self) -> None:
        """The user sees that what was stored went out."""
        self.tell(notices.Resent(present(self.shared.stored_text)))

    # Texts that are not encoded.

    @property
    def versions(self) -> frozenset[int]:
        """The versions that the policy allows."""
        allowed = {V2: self.config.allow_v2, V3: self.config.allow_v3}
        return frozenset(version for version, yes in allowed.items() if yes)

    def do_send_plaintext(self) -> None:
        """Section "User types a message to be sent"."""
        self.transmit(Plaintext(self.asked(SendText).text))

    def do_send_tagged(self) -> None:
        """Section "Tagged plaintext messages"."""
        self.transmit(TaggedPlaintext(self.asked(SendText).text, self.versions))

    def do_send_query(self) -> None:
        """Section "OTR Query Messages"."""
        self.transmit(Query(self.versions))

    def do_send_error(self) -> None:
        """Section "OTR Error Messages"."""
        self.transmit(ErrorMessage(self.suite.literal(UNREADABLE_TEXT)))

    def do_show_raw(self) -> None:
        """Section "State transitions": OTR is disabled."""
        given = self.given
        if isinstance(given, Receive):
            self.tell(notices.Unprocessed(given.wire))

    def do_show_plaintext(self) -> None:
        """Section "Receiving plaintext with(out) the whitespace tag"."""
        message = self.message
        if isinstance(message, Plaintext | TaggedPlaintext):
            self.tell(notices.Shown(message.text, secure=False))

    def do_show_text(self) -> None:
        """Section "Receiving a Data Message"."""
        self.tell(notices.Shown(self.content.text, secure=True))

    def do_show_error(self) -> None:
        """Section "Receiving an Error Message"."""
        self.tell(notices.ErrorShown(self.of(ErrorMessage).text))

    def do_warn_unencrypted(self) -> None:
        """Section "Receiving plaintext without the whitespace tag"."""
        self.tell(notices.Warned(Alert.UNENCRYPTED))

    def do_warn_unreadable(self) -> None:
        """Section "Receiving a Data Message"."""
        self.tell(notices.Warned(Alert.UNREADABLE))

    def do_warn_malformed(self) -> None:
        """Ours: the text does not say."""
        self.tell(notices.Warned(Alert.MALFORMED))

    def do_warn_other_instance(self) -> None:
        """Section "State transitions": the optional warning."""
        self.tell(notices.Warned(Alert.OTHER_INSTANCE))

    def do_tell_finished(self) -> None:
        """Section "Data Message", type 1."""
        self.tell(notices.PeerFinished())

    def do_tell_insecure(self) -> None:
        """Section "User requests to end an OTR conversation"."""
        self.tell(notices.Insecure())

    def do_tell_not_sent(self) -> None:
        """Section "User types a message to be sent"."""
        self.tell(notices.NotSent())

    def do_tell_refused(self) -> None:
        """What was asked for is not possible now."""
        self.tell(notices.Refused())

    # Fragments: section "Fragmentation".

    def do_store_piece(self) -> None:
        """F becomes the piece."""
        self.own().fragments = self.suite.join(None, self.of(Fragment))

    def do_append_piece(self) -> None:
        """F becomes longer."""
        member = self.own()
        member.fragments = self.suite.join(present(member.fragments), self.of(Fragment))

    def do_reassemble(self) -> None:
        """F is treated as the received message."""
        member = self.own()
        wire: Wire = self.suite.joined(present(member.fragments))
        member.fragments = None
        self.take(self.suite.decode(wire), self.facts.now)

    # TLVs: section "Data Message".

    @property
    def tlv(self) -> Tlv | None:
        """The TLV at hand."""
        tlvs = self.content.tlvs
        return tlvs[self.tlv_at] if self.tlv_at < len(tlvs) else None

    def do_advance_tlv(self) -> None:
        """The next TLV is at hand."""
        self.tlv_at += 1
        self._look_at(self.content.tlvs)

    def _look_at(self, tlvs: tuple[Tlv, ...]) -> None:
        kind = TlvKind.NONE
        if self.tlv_at < min(len(tlvs), self.config.max_tlvs):
            tlv = tlvs[self.tlv_at]
            kind = TLV_KIND_OF[type(tlv)]
            if isinstance(tlv, MalformedTlv) and tlv.kind in SMP_TYPES:
                kind = TlvKind.SMP_MALFORMED
        self.facts.tlv_kind = NUMBER[kind]

    # SMP: section "The SMP state machine". Exponents and bases are named as there.

    def _in_range(self, element: Element) -> bool:
        return self.suite.in_range(element)

    def _exponent_proved(self, step: int, power: Element, proof: Proof) -> bool:
        return self.suite.exponent_proved(step, power, proof)

    def check_g2a_range(self) -> bool:
        """Message 1."""
        return self._in_range(self.tlv_of(Smp1).g2a)

    def check_g3a_range(self) -> bool:
        """Message 1."""
        return self._in_range(self.tlv_of(Smp1).g3a)

    def check_g2a_proof(self) -> bool:
        """Message 1."""
        m = self.tlv_of(Smp1)
        return self._exponent_proved(1, m.g2a, Proof(m.c2, m.d2))

    def check_g3a_proof(self) -> bool:
        """Message 1."""
        m = self.tlv_of(Smp1)
        return self._exponent_proved(2, m.g3a, Proof(m.c3, m.d3))

    def check_g2b_range(self) -> bool:
        """Message 2."""
        return self._in_range(self.tlv_of(Smp2).g2b)

    def check_g3b_range(self) -> bool:
        """Message 2."""
        return self._in_range(self.tlv_of(Smp2).g3b)

    def check_pb_range(self) -> bool:
        """Message 2."""
        return self._in_range(self.tlv_of(Smp2).pb)

    def check_qb_range(self) -> bool:
        """Message 2."""
        return self._in_range(self.tlv_of(Smp2).qb)

    def check_g2b_proof(self) -> bool:
        """Message 2."""
        m = self.tlv_of(Smp2)
        return self._exponent_proved(3, m.g2b, Proof(m.c2, m.d2))

    def check_g3b_proof(self) -> bool:
        """Message 2."""
        m = self.tlv_of(Smp2)
        return self._exponent_proved(4, m.g3b, Proof(m.c3, m.d3))

    def check_pb_qb_proof(self) -> bool:
        """Message 2."""
        m, bases = self.tlv_of(Smp2), self.smp_bases_at_hand
        proof = CoordinatesProof(m.cp, m.d5, m.d6)
        return self.suite.coordinates_proved(5, bases.g2, bases.g3, m.pb, m.qb, proof)

    def check_pa_range(self) -> bool:
        """Message 3."""
        return self._in_range(self.tlv_of(Smp3).pa)

    def check_qa_range(self) -> bool:
        """Message 3."""
        return self._in_range(self.tlv_of(Smp3).qa)

    def check_ra_range(self) -> bool:
        """Message 3."""
        return self._in_range(self.tlv_of(Smp3).ra)

    def check_pa_qa_proof(self) -> bool:
        """Message 3."""
        m, bases = self.tlv_of(Smp3), present(self.member.smp_bases)
        proof = CoordinatesProof(m.cp, m.d5, m.d6)
        return self.suite.coordinates_proved(6, bases.g2, bases.g3, m.pa, m.qa, proof)

    def check_ra_proof(self) -> bool:
        """Message 3."""
        m, bases = self.tlv_of(Smp3), present(self.member.smp_bases)
        return self.suite.equal_exponents_proved(
            7, self.quotients.q, bases.g3_peer, m.ra, Proof(m.cr, m.d7)
        )

    def check_rb_range(self) -> bool:
        """Message 4."""
        return self._in_range(self.tlv_of(Smp4).rb)

    def check_rb_proof(self) -> bool:
        """Message 4."""
        m, bases = self.tlv_of(Smp4), present(self.member.smp_bases)
        return self.suite.equal_exponents_proved(
            8, self.quotients.q, bases.g3_peer, m.rb, Proof(m.cr, m.d7)
        )

    @property
    def smp_bases_at_hand(self) -> SmpBases:
        """g2 and g3 on the side that began, from SMP message 2."""
        m, exponents = self.tlv_of(Smp2), present(self.member.smp_exponents)
        return SmpBases(
            self.suite.power(m.g2b, present(exponents.second)),
            self.suite.power(m.g3b, exponents.third),
            m.g3b,
        )

    @property
    def quotients(self) -> SmpPoints:
        """Pa / Pb and Qa / Qb."""
        points, tlv = present(self.member.smp_points), self.tlv
        if isinstance(tlv, Smp3):
            over = self.suite.over
            return SmpPoints(over(tlv.pa, points.p), over(tlv.qa, points.q))
        return points

    def ask_equal(self) -> bool:
        """Whether Rab = Pa / Pb."""
        tlv = self.tlv
        r = tlv.ra if isinstance(tlv, Smp3) else self.tlv_of(Smp4).rb
        rab = self.suite.power(r, present(self.member.smp_exponents).third)
        return self.suite.same(rab, self.quotients.p)

    def smp_secret(self, passphrase: Passphrase, *, we_began: bool) -> Scalar:
        """X or y: section "Secret information"."""
        member, ours = self.member, self.config.public
        theirs = present(member.peer)
        initiator, responder = (ours, theirs) if we_began else (theirs, ours)
        return self.suite.smp_secret(initiator, responder, present(member.ssid), passphrase)

    def fresh_exponent(self) -> Scalar:
        """A random exponent."""
        return self.suite.fresh_exponent(self.config.seed, self.draw())

    def prove_exponent(self, step: int, exponent: Scalar) -> Proof:
        """A proof of knowledge of an exponent of g1."""
        return self.suite.prove_exponent(step, exponent, self.config.seed, self.draw())

    def prove_coordinates(
        self, step: int, bases: SmpBases, exponent: Scalar, secret: Scalar
    ) -> CoordinatesProof:
        """A proof that P and Q were made as prescribed."""
        first, _second = self.draw(), self.draw()
        return self.suite.prove_coordinates(
            step, bases.g2, bases.g3, exponent, secret, self.config.seed, first
        )

    def points(self, bases: SmpBases, exponent: Scalar, secret: Scalar) -> SmpPoints:
        """P = g3^exponent and Q = g1^exponent g2^secret."""
        suite = self.suite
        blinded = suite.power(suite.generator(), exponent)
        return SmpPoints(
            suite.power(bases.g3, exponent),
            suite.times(blinded, suite.power(bases.g2, secret)),
        )

    def send_tlv(self, tlv: Tlv) -> DataKeys:
        """A Data Message without a text. Returns the keys used."""
        return self.send_data(Content(self.suite.literal(""), (tlv,)), IGNORE_UNREADABLE)

    def do_send_smp_1(self) -> None:
        """Section "User requests to begin SMP"."""
        asked, suite = self.asked(StartSmp), self.suite
        member, g1 = self.own(), suite.generator()
        member.smp_secret = self.smp_secret(asked.secret, we_began=True)
        a2, a3 = self.fresh_exponent(), self.fresh_exponent()
        member.smp_exponents = SmpExponents(third=a3, second=a2)
        second, third = self.prove_exponent(1, a2), self.prove_exponent(2, a3)
        g2a, g3a = suite.power(g1, a2), suite.power(g1, a3)
        self.send_tlv(Smp1(g2a, second.c, second.d, g3a, third.c, third.d, asked.question))

    def do_keep_smp_1(self) -> None:
        """Section "Receiving a type 2 TLV (SMP message 1)"."""
        self.own().smp_1_received = self.tlv_of(Smp1)

    def do_send_smp_2(self) -> None:
        """Section "Receiving a type 2 TLV (SMP message 1)"."""
        suite, member = self.suite, self.own()
        first, g1 = present(member.smp_1_received), suite.generator()
        y = self.smp_secret(self.asked(AnswerSmp).secret, we_began=False)
        b2, b3, r4 = self.fresh_exponent(), self.fresh_exponent(), self.fresh_exponent()
        second, third = self.prove_exponent(3, b2), self.prove_exponent(4, b3)
        bases = SmpBases(suite.power(first.g2a, b2), suite.power(first.g3a, b3), first.g3a)
        points = self.points(bases, r4, y)
        proof = self.prove_coordinates(5, bases, r4, y)
        member.smp_exponents = SmpExponents(third=b3)
        member.smp_bases, member.smp_points = bases, points
        g2b, g3b = suite.power(g1, b2), suite.power(g1, b3)
        self.send_tlv(
            Smp2(
                g2b,
                second.c,
                second.d,
                g3b,
                third.c,
                third.d,
                points.p,
                points.q,
                proof.c,
                proof.d5,
                proof.d6,
            )
        )

    def do_send_smp_3(self) -> None:
        """Section "Receiving a type 3 TLV (SMP message 2)"."""
        suite, member, m = self.suite, self.own(), self.tlv_of(Smp2)
        x, a3 = present(member.smp_secret), present(member.smp_exponents).third
        bases, r4 = self.smp_bases_at_hand, self.fresh_exponent()
        ours = self.points(bases, r4, x)
        proof = self.prove_coordinates(6, bases, r4, x)
        quotients = SmpPoints(suite.over(ours.p, m.pb), suite.over(ours.q, m.qb))
        ra = suite.power(quotients.q, a3)
        equal = suite.prove_equal_exponents(7, quotients.q, a3, self.config.seed, self.draw())
        member.smp_bases, member.smp_points = bases, quotients
        self.send_tlv(Smp3(ours.p, ours.q, proof.c, proof.d5, proof.d6, ra, equal.c, equal.d))

    def do_send_smp_4(self) -> None:
        """Section "Receiving a type 4 TLV (SMP message 3)"."""
        suite, b3 = self.suite, present(self.member.smp_exponents).third
        base = self.quotients.q
        rb = suite.power(base, b3)
        equal = suite.prove_equal_exponents(8, base, b3, self.config.seed, self.draw())
        self.send_tlv(Smp4(rb, equal.c, equal.d))

    def do_send_smp_abort(self) -> None:
        """Section "User requests to abort SMP"."""
        self.send_tlv(SmpAbort())

    def do_tell_smp_asked(self) -> None:
        """The user is asked for the secret."""
        self.tell(notices.SmpStaged(SmpStage.ASKED, self.tlv_of(Smp1).question))

    def do_tell_smp_progress(self) -> None:
        """SMP goes on."""
        self.tell(notices.SmpStaged(SmpStage.PROGRESS))

    def do_tell_smp_success(self) -> None:
        """The secrets are equal."""
        self.tell(notices.SmpStaged(SmpStage.SUCCESS))

    def do_tell_smp_failure(self) -> None:
        """The secrets differ."""
        self.tell(notices.SmpStaged(SmpStage.FAILURE))

    def do_tell_smp_aborted(self) -> None:
        """SMP was aborted."""
        self.tell(notices.SmpStaged(SmpStage.ABORTED))

    def do_tell_smp_error(self) -> None:
        """A message of the peer was refused."""
        self.tell(notices.SmpStaged(SmpStage.ERROR))

    # What is at hand, typed.

    def of(self, kind: type[T]) -> T:
        """The message at hand, which the row says is of this kind.

        Raises:
            Unprepared: if it is not, under a variant.
        """
        return present(self.message if isinstance(self.message, kind) else None)

    def tlv_of(self, kind: type[T]) -> T:
        """The TLV at hand, which the row says is of this kind; raises as `of`."""
        tlv = self.tlv
        return present(tlv if isinstance(tlv, kind) else None)

    def asked(self, kind: type[T]) -> T:
        """The command at hand, which the row says is of this kind; raises as `of`."""
        return present(self.given if isinstance(self.given, kind) else None)
