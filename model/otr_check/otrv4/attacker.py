"""The attacker on OTRv4: what he can take out of terms, and what he sends to a receiver.

As on OTRv3 (`otr_check.otrv3.attacker`): he owns the network, has an account of his own, and is
given more by a scenario: somebody's long-term key, a forging key, an ephemeral key, all that an
endpoint keeps. A ring signature he makes with whichever of its three secrets he has. Two more
assumptions can be taken away: that nobody takes logarithms on the curve, or in the group of 3072
bits (`Attacker`).

`Attacker.messages` looks at the state of the receiver, and makes what that state may accept, or be
set back by, as far as it can be made from what is known. What he draws at random are fixed draws
from his seed, so that the same message is the same term whenever it is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import unique
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from otr_check.knowledge import Knowledge, Rules, Theory
from otr_check.otrv3.operators import Op as Old
from otr_check.terms import Term
from otr_model.kernel.words import Word
from otr_model.otrv4.conditions import Check
from otr_model.otrv4.words import Dake, Mode, Msg, Smp
from otr_reference.otrv3.messages import Content as OldContent
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    Content,
    DataFields,
    DataMessage,
    Disconnected,
    ErrorMessage,
    Header,
    Identity,
    NonInteractiveAuth,
    Plaintext,
    Query,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
    SmpAbort,
    TaggedPlaintext,
)
from otr_reference.otrv4.session import Session, SmpPoints
from otr_reference.otrv4.suite import PhiSide, Transcript

from . import octets as strings
from . import wires
from .operators import Op

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otr_check.exponents import Polynomial
    from otr_check.terms import TermPool
    from otr_reference.otrv4.messages import ClientProfile, Message, Tlv
    from otr_reference.otrv4.session import Chain, Config, Conversation, OurKeys
    from otr_reference.otrv4.suite import LongTerm, MessageKeys, Proof, Ring
    from otr_reference.sorts import (
        EddsaSignature,
        Element,
        Mac,
        Octets,
        Passphrase,
        Point,
        RingSignature,
        Scalar,
        Seed,
        Sort,
        Wire,
    )

    from .suite import TermSuite

__all__ = ["Attacker", "Kind", "Options", "rules"]


def rules(pool: TermPool) -> Rules:
    """How the operators of OTRv4 behave, those of version 3 that it shares included."""
    return Rules(
        given=frozenset({Old.SEED, Old.TYPED, Old.SIGNING_KEY, Op.SYM_KEY, Op.FORGING}),
        public=frozenset({Op.ZERO, Old.ZERO, Old.PUBLIC_KEY}),
        texts=frozenset({Old.TEXT}),
        opened=frozenset(
            {
                Op.WIRE,
                Old.WIRE,
                Op.BODY,
                Old.BODY,
                Old.CONCAT,
                Op.PROFILE,
                Op.TRANSITION,
                Op.PREKEY_PROFILE,
            }
        ),
        ciphers=frozenset({Op.ENC, Old.ENC}),
        responses=frozenset({Op.RESPONSE, Old.RESPONSE}),
        altered=frozenset({Op.ALTERED, Old.ALTERED}),
        pieces=frozenset({Old.PIECE}),
        groups=frozenset({Op.POINT, Op.ELEMENT, Old.ELEMENT}),
        numbers=frozenset({Op.LOG, Op.INVALID, Old.LOG, Old.INVALID}),
        strange=frozenset({Op.ALTERED, Old.ALTERED, Old.PIECE}),
        length=lambda wire: wires.length(pool, wire),
        lasting=_lasts,
        stream=lambda sealed: isinstance(sealed.args[-1], Content | OldContent),
    )


def _lasts(term: Term) -> bool:
    """Contents, what authenticates Data Messages, and profiles: they may be sent again."""
    match term.op, term.args:
        case ((Op.ENC | Old.ENC), (*_, plain)):
            return isinstance(plain, Content | OldContent)
        case ((Op.MAC | Old.MAC), (*_, Term(op=Op.BODY | Old.BODY))):
            return True
        case Op.EDDSA, (_, Term(op=Op.PROFILE)):
            return True
        case _:
            return False


@unique
class Kind(Word):
    """What he sends."""

    QUERY = "Query Messages, of every offer"
    IDENTITY = "Identity messages: with his profile and others', his ephemeral keys and others'"
    AUTH_R = "Auth-R messages, likewise, where he has a secret of the ring or saw the signature"
    AUTH_I = "Auth-I messages, likewise"
    NON_INTERACTIVE_AUTH = "Non-Interactive-Auth messages, likewise"
    DATA = "Data Messages that verify: with keys that he has, what he saw, and what he changed"
    RELAY = "Data Messages with what others said, where he has the keys"
    SMP = "Data Messages with SMP, where he has the keys"
    MEANINGLESS = "messages of DAKEs that no check of would hold"
    MIRROR = "Identity messages with the receiver's long-term key for all keys but his own"
    UNREADABLE = "Data Messages that nobody can read, and others' that he changes"
    PLAINTEXT = "texts, with and without the whitespace tag"
    ERROR = "Error Messages"


@dataclass(frozen=True, slots=True)
class Options:
    """What bounds an attacker.

    Attributes:
        kinds: what he sends.
        versions: which versions he offers.
        claims: the sender instance tags that he writes into messages; one that is nobody's makes a
            further instance of the peer.
        text: what he writes where a text is needed.
        expiration: when his client profiles expire.
        ahead: how many messages a Data Message may be ahead of the next one that is expected.
        falsified: checks that he also fails, one in a message: those that a receiver skips.
    """

    kinds: frozenset[Kind] = frozenset(Kind)
    versions: tuple[int, ...] = (4,)
    claims: tuple[int, ...] = (0x666,)
    text: bytes = b"forged"
    expiration: int = 1 << 40
    ahead: int = 0
    falsified: frozenset[Check] = frozenset()


class _Keys(NamedTuple):
    """The ephemeral keys of a DAKE message: Y or X, B or A, and the first of the ratchet."""

    ecdh: Point
    dh: Element
    first_ecdh: Point
    first_dh: Element


class _Seen(NamedTuple):
    """What is at hand of what he saw, in the order in which it was made.

    Attributes:
        profiles: client profiles.
        keys: ephemeral keys of DAKE messages.
        sigmas: ring signatures by what they are of.
        bodies: what an authenticator of a Data Message covers, and the authenticator.
        sealed: contents, encrypted, by their keys.
        contents: what others said, where he can read it.
        typed: secrets of SMP.
    """

    profiles: tuple[ClientProfile, ...]
    keys: tuple[_Keys, ...]
    sigmas: dict[Term, list[RingSignature]]
    bodies: tuple[tuple[DataFields, Mac], ...]
    sealed: dict[Term, list[Octets]]
    contents: tuple[Content, ...]
    typed: tuple[Passphrase, ...]


class _Halves(NamedTuple):
    """Exponents of SMP, of the side that begins and of the other."""

    a2: Scalar
    a3: Scalar
    b2: Scalar
    b3: Scalar


class _Target(NamedTuple):
    """A session of the receiver, as the messages reach it that claim to be of a sender."""

    knowledge: Knowledge
    seen: _Seen
    conversation: Conversation
    session: Session
    header: Header
    receiver: Config

    @property
    def claim(self) -> int:
        """Whose instance the messages claim to be of."""
        return self.header.sender


class _Slot(NamedTuple):
    """Where a Data Message would be accepted, and the keys that it would be under."""

    keys: MessageKeys
    ratchet_id: int
    message_id: int
    pn: int
    ecdh: Point
    dh: Element


class Attacker:
    """An attacker on OTRv4.

    Args:
        suite: the terms, the same pool as the participants'.
        options: what bounds him.
        name: whose account is his: his long-term keys, his seed and the secret part of his forging
            key are of that name.
        secrets: texts that he cannot guess.
        curves_broken: he can take logarithms on the curve.
        group_broken: he can take logarithms in the group of 3072 bits.

    Attributes:
        theory: the rules that his knowledge is under.
        keys: his long-term keys.
        forging: the secret part of his forging key.
    """

    def __init__(  # noqa: PLR0913 - assumptions, each by its name
        self,
        suite: TermSuite,
        options: Options | None = None,
        *,
        name: str = "mallory",
        secrets: Iterable[Octets] = (),
        curves_broken: bool = False,
        group_broken: bool = False,
    ) -> None:
        self.suite = suite
        self.options = Options() if options is None else options
        self.seed: Seed = suite.seed(name.encode())
        self.keys: LongTerm = suite.long_term(name)
        self.forging: Scalar = suite.forging_secret(name)
        broken = {Op.POINT: curves_broken, Op.ELEMENT: group_broken}
        self.theory = Theory(
            rules(suite.pool),
            suite.pool,
            secrets=secrets,
            broken=frozenset(op for op, is_broken in broken.items() if is_broken),
        )
        self._dsa = suite.older.signing_key(name)
        self._no_text = suite.octets(b"")
        self._text = suite.octets(self.options.text)
        self._identity = suite.scale(suite.generator(), suite.zero())
        self._own = self._drawn(self.seed, 1)
        self._seen: dict[Knowledge, _Seen] = {}
        self._profiles: dict[int, ClientProfile] = {}

    def begin(self, *given: object) -> Knowledge:
        """What he knows at the start.

        Args:
            given: what a scenario gives him beside his account: keys, exponents, secrets of SMP.
        """
        return self.theory.knowledge(self.seed, self.keys, self.forging, self._dsa, *given)

    def messages(
        self, knowledge: Knowledge, conversation: Conversation, receiver: Config
    ) -> tuple[Wire, ...]:
        """What he can send that could matter to a receiver.

        Args:
            knowledge: what he knows.
            conversation: the state of the receiver.
            receiver: the receiver's configuration.

        Returns:
            Messages, each once, in an order that depends on the arguments only.
        """
        found: dict[Wire, None] = {}
        for message in self._all(knowledge, conversation, receiver):
            wire = self.suite.encode(message)
            if wire not in found and knowledge.derivable(wire):
                found[wire] = None
        return tuple(found)

    def profile(self, claim: int) -> ClientProfile:
        """His client profile, as of an instance."""
        found = self._profiles.get(claim)
        if found is None:
            found = self._profiles[claim] = self._made_profile(self.keys, claim)
        return found

    def _made_profile(self, keys: LongTerm, claim: int, **said: object) -> ClientProfile:
        versions = cast("frozenset[int]", said.get("versions", frozenset({4})))
        expiration = cast("int", said.get("expiration", self.options.expiration))
        return self.suite.client_profile(keys, claim, versions, expiration, self.seed)

    def _all(
        self, knowledge: Knowledge, conversation: Conversation, receiver: Config
    ) -> Iterator[Message]:
        yield from self._unencoded()
        if not receiver.allow_v4:
            return
        seen = self._at_hand(knowledge)
        for claim in self.options.claims:
            if claim == receiver.our_tag:
                continue
            session = conversation.members.get(claim) or _NEW
            header = Header(claim, receiver.our_tag)
            target = _Target(knowledge, seen, conversation, session, header, receiver)
            yield from self._dake(target)
            yield from self._data(target)

    # Messages that are not encoded.

    def _unencoded(self) -> Iterator[Message]:
        kinds, versions = self.options.kinds, self.options.versions
        offers = [frozenset({version}) for version in versions]
        if len(versions) > 1:
            offers.append(frozenset(versions))
        if Kind.QUERY in kinds:
            yield from map(Query, offers)
        if Kind.PLAINTEXT in kinds:
            yield Plaintext(self._text)
            yield from (TaggedPlaintext(self._text, offer) for offer in offers)
        if Kind.ERROR in kinds:
            yield ErrorMessage(None, self._text)

    # The DAKEs.

    def _dake(self, to: _Target) -> Iterator[Message]:
        kinds, state = self.options.kinds, to.session.dake
        if Kind.IDENTITY in kinds:
            for profile in self._claimed(to):
                for keys in self._ephemeral(to.seen):
                    yield Identity(to.header, profile, *keys)
        master = to.conversation.members[0]
        waiting = to.session if state is Dake.WAITING_AUTH_R else master
        if Kind.AUTH_R in kinds and waiting.dake is Dake.WAITING_AUTH_R:
            yield from self._auth_r(to, cast("OurKeys", waiting.our_keys))
        if Kind.AUTH_I in kinds and state is Dake.WAITING_AUTH_I:
            yield from self._auth_i(to)
        if Kind.NON_INTERACTIVE_AUTH in kinds and self._takes_offline(to.receiver):
            yield from self._non_interactive_auth(to)
        if Kind.MEANINGLESS in kinds:
            offered = waiting.dake is Dake.WAITING_AUTH_R
            yield from self._meaningless(to, offered=offered)
        if Kind.MIRROR in kinds:
            key = to.receiver.keys.public
            profile = self._made_profile(replace(self.keys, forging=key), to.claim)
            yield Identity(to.header, profile, *self._own._replace(ecdh=key))

    def _meaningless(self, to: _Target, *, offered: bool) -> Iterator[Message]:
        """What would be refused."""
        ecdh, dh, *first = self._own
        profile, rest = self.profile(to.claim), cast("_First", first)
        ring = (profile.forging_key, profile.public_key, self._own.ecdh)
        nobody = self.suite.fresh_scalar(self.seed, _NOBODY)
        sigma = self.suite.ring_sign(ring, nobody, self._no_text, self.seed, 0)
        if offered:
            yield AuthR(to.header, profile, ecdh, dh, sigma, *rest)
        if to.session.dake is Dake.WAITING_AUTH_I:
            yield AuthI(to.header, sigma)
        mac = cast("Mac", self.suite.octets(bytes(_MAC)))
        yield NonInteractiveAuth(to.header, profile, ecdh, dh, sigma, 0, mac, *rest)

    @staticmethod
    def _takes_offline(receiver: Config) -> bool:
        offline = receiver.mode != Mode.INTERACTIVE_ONLY.number and not receiver.require_interactive
        return offline and bool(receiver.profiles and receiver.prekey_profiles)

    def _claimed(self, to: _Target) -> Iterator[ClientProfile]:
        """Client profiles for messages that claim to be of an instance: his, and others'."""
        falsified, claim = self.options.falsified, to.claim
        yield self.profile(claim)
        for profile in to.seen.profiles:
            if profile.owner_tag == claim or Check.PROFILE_OWNER in falsified:
                yield profile
        if Check.PROFILE_KEY in falsified:
            yield self.suite.under_weak_key(self.profile(claim))
        if Check.PROFILE_FORGING_KEY in falsified:
            outside = replace(self.keys, forging=self.suite.outside_point())
            yield self._made_profile(outside, claim)
        if Check.PROFILE_TRANSITION in falsified:
            yield from self._transitions(to)
        if Check.PROFILE_FRESH in falsified:
            yield self._made_profile(self.keys, claim, expiration=0)
        if Check.PROFILE_VERSIONS in falsified:
            yield self._made_profile(self.keys, claim, versions=frozenset({3}))
        if Check.PROFILE_SIGNED in falsified:
            for profile in to.seen.profiles:
                stolen = replace(self.keys, public=profile.public_key, forging=profile.forging_key)
                yield self._made_profile(stolen, claim)

    def _transitions(self, to: _Target) -> Iterator[ClientProfile]:
        """His profile with others' keys of version 3."""
        for profile in to.seen.profiles:
            if profile.dsa_key is not None:
                stolen = replace(self.keys, dsa=self._dsa, dsa_public=profile.dsa_key)
                yield self._made_profile(stolen, to.claim, versions=frozenset({3, 4}))

    def _ephemeral(self, seen: _Seen) -> Iterator[_Keys]:
        """Ephemeral keys: his, and others'."""
        falsified, suite = self.options.falsified, self.suite
        yield self._own
        yield from seen.keys
        if Check.ECDH_POINT in falsified:
            yield self._own._replace(ecdh=suite.outside_point())
        if Check.DH_MEMBER in falsified:
            yield self._own._replace(dh=suite.outside_element())
        if Check.FIRST_ECDH_POINT in falsified:
            yield self._own._replace(first_ecdh=suite.outside_point())
        if Check.FIRST_DH_MEMBER in falsified:
            yield self._own._replace(first_dh=suite.outside_element())

    def _auth_r(self, to: _Target, ours: OurKeys) -> Iterator[Message]:
        """Section "Auth-R Message": what fits the Identity message of the receiver."""
        suite = self.suite
        for profile in self._claimed(to):
            for keys in self._ephemeral(to.seen):
                phi = suite.phi(self._side(to, keys), self._their_side(to, ours))
                script = Transcript(
                    ours.profile, profile, ours.ecdh, keys.ecdh, ours.dh, keys.dh, phi
                )
                ring = (ours.profile.forging_key, profile.public_key, ours.ecdh)
                bound = suite.auth_r_bound(script)
                for sigma in self._sigmas(to, ring, bound, Check.AUTH_R_SIGMA):
                    ecdh, dh, *first = keys
                    yield AuthR(to.header, profile, ecdh, dh, sigma, *cast("_First", first))

    def _auth_i(self, to: _Target) -> Iterator[Message]:
        """Section "Auth-I Message": what fits the Auth-R message of the receiver."""
        suite, ours, theirs = self.suite, to.session.our_keys, to.session.their_keys
        if ours is None or theirs is None:
            return
        keys = _Keys(theirs.ecdh, theirs.dh, theirs.first_ecdh, theirs.first_dh)
        phi = suite.phi(self._side(to, keys), self._their_side(to, ours))
        script = Transcript(
            theirs.profile, ours.profile, theirs.ecdh, ours.ecdh, theirs.dh, ours.dh, phi
        )
        ring = (theirs.profile.public_key, ours.profile.forging_key, ours.ecdh)
        for sigma in self._sigmas(to, ring, suite.auth_i_bound(script), Check.AUTH_I_SIGMA):
            yield AuthI(to.header, sigma)

    def _non_interactive_auth(self, to: _Target) -> Iterator[Message]:
        """Section "Non-Interactive-Auth Message": for every prekey message that is not used."""
        used = to.conversation.used_prekeys or ()
        for identifier in to.receiver.prekeys:
            if identifier not in used:
                for profile in self._claimed(to):
                    for keys in self._ephemeral(to.seen):
                        yield from self._with_prekey(to, identifier, profile, keys)

    def _with_prekey(
        self, to: _Target, identifier: int, profile: ClientProfile, keys: _Keys
    ) -> Iterator[Message]:
        suite, receiver = self.suite, to.receiver
        prekey, held, theirs = (
            receiver.prekeys[identifier],
            receiver.prekey_profiles[0].shared_prekey,
            receiver.profiles[0],
        )
        y, b = prekey.ecdh.public, prekey.dh.public
        phi = suite.phi(
            self._side(to, keys), PhiSide(receiver.our_tag, None, None, receiver.our_name)
        )
        script = Transcript(theirs, profile, y, keys.ecdh, b, keys.dh, phi)
        bound = suite.non_interactive_bound(script, held.public)
        ring = (theirs.forging_key, profile.public_key, y)
        sigmas = tuple(self._sigmas(to, ring, bound, Check.NON_INTERACTIVE_SIGMA))
        if not sigmas:
            return
        offline = suite.mixed_by_publisher(
            prekey.ecdh.secret,
            prekey.dh.secret,
            held.secret,
            receiver.keys.secret,
            keys.ecdh,
            keys.dh,
        )
        mac = suite.auth_mac(offline.mac_key, bound)
        ecdh, dh, *first = keys
        for sigma in sigmas:
            message = NonInteractiveAuth(
                to.header, profile, ecdh, dh, sigma, identifier, mac, *cast("_First", first)
            )
            yield message
            if Check.AUTH_MAC in self.options.falsified:
                yield replace(message, auth_mac=cast("Mac", suite.octets(bytes(_MAC))))

    def _side(self, to: _Target, keys: _Keys) -> PhiSide:
        """What he contributes to phi, with the name that the receiver expects."""
        return PhiSide(to.claim, keys.first_ecdh, keys.first_dh, to.receiver.their_name)

    @staticmethod
    def _their_side(to: _Target, ours: OurKeys) -> PhiSide:
        """What the receiver contributes to phi."""
        receiver = to.receiver
        first = ours.first_ecdh.public, ours.first_dh.public
        return PhiSide(receiver.our_tag, *first, receiver.our_name)

    def _sigmas(
        self, to: _Target, ring: Ring, value: Octets, check: Check
    ) -> Iterator[RingSignature]:
        """Ring signatures: seen, or made with the first secret of the three that he has."""
        suite = self.suite
        for sigma in to.seen.sigmas.get(_term(value), ()):
            if suite.ring_verified(ring, sigma, value):
                yield sigma
        for key in ring:
            secret = self._secret_of(key)
            if secret is not None and to.knowledge.derivable(secret):
                yield suite.ring_sign(ring, secret, value, self.seed, 0)
                break
        if check in self.options.falsified:
            nobody = suite.fresh_scalar(self.seed, _NOBODY)
            yield suite.ring_sign(ring, nobody, value, self.seed, 0)

    def _secret_of(self, key: Point) -> Scalar | None:
        """The secret part of a key; of I it is 0."""
        if key is self._identity:
            return self.suite.zero()
        return cast("Scalar | None", _secret_term(_term(key)))

    # Data Messages.

    def _data(self, to: _Target) -> Iterator[Message]:
        kinds, session = self.options.kinds, to.session
        if Kind.UNREADABLE in kinds:
            yield self._unreadable(to)
        for message in self._repeated(to):
            if Kind.DATA in kinds:
                yield message
            if Kind.UNREADABLE in kinds and session.chain is not None:
                changed = self.suite.garble(message.fields.encrypted)
                yield replace(message, fields=replace(message.fields, encrypted=changed))
        if session.chain is None or session.message is not Msg.ENCRYPTED_MESSAGES:
            return
        for slot in self._slots(session, session.chain):
            if to.knowledge.derivable(slot.keys.mac) or Check.DATA_MAC in self.options.falsified:
                for encrypted in self._ciphertexts(to, slot.keys):
                    yield from self._authenticated(to, slot, encrypted)

    def _slots(self, session: Session, chain: Chain) -> Iterator[_Slot]:
        """Where the receiver would accept a Data Message."""
        suite = self.suite
        for (ecdh, message_id), keys in chain.skipped.items():
            yield _Slot(keys, 1, message_id, 0, ecdh, chain.their_dh)
        if session.receives and chain.receiving is not None:
            key, ratchet_id = chain.receiving, max(session.max_remote_i_seen, 0)
            for message_id in range(session.k, session.k + self.options.ahead + 1):
                keys = suite.message_keys(key)
                yield _Slot(keys, ratchet_id, message_id, 0, chain.their_ecdh, chain.their_dh)
                key = suite.next_chain_key(key)
        if session.rotates or chain.our_ecdh is None:
            return
        third = session.i % _EVERY == 0
        if third and chain.our_dh is None:
            return
        for ecdh, dh in self._next(chain):
            brace = (
                suite.third_brace_key(chain.our_dh.secret, dh)
                if third and chain.our_dh is not None
                else suite.next_brace_key(chain.brace)
            )
            begun = suite.ratchet(chain.root, chain.our_ecdh.secret, ecdh, brace)
            yield _Slot(suite.message_keys(begun.chain), session.i, 0, session.k, ecdh, dh)

    def _next(self, chain: Chain) -> Iterator[tuple[Point, Element]]:
        """His keys for a new ratchet: others than those of the last."""
        suite, falsified = self.suite, self.options.falsified
        ecdh = suite.fresh_ecdh(self.seed, _ECDH).public
        if ecdh is chain.their_ecdh:
            ecdh = suite.fresh_ecdh(self.seed, _ECDH + _OTHER).public
        dh = suite.fresh_dh(self.seed, _DH).public
        if dh is chain.their_dh:
            dh = suite.fresh_dh(self.seed, _DH + _OTHER).public
        yield ecdh, dh
        if Check.DATA_ECDH_POINT in falsified:
            yield suite.outside_point(), dh
        if Check.DATA_DH_MEMBER in falsified:
            yield ecdh, suite.outside_element()

    def _repeated(self, to: _Target) -> Iterator[DataMessage]:
        """Data Messages that he saw: those that may not have been accepted yet."""
        session = to.session
        chain = session.chain
        early = session.dake is Dake.WAITING_AUTH_I
        if chain is None and not early:
            return
        for fields, mac in to.seen.bodies:
            if fields.header == to.header and (early or self._is_new(session, fields)):
                yield DataMessage(fields, mac, ())

    @staticmethod
    def _is_new(session: Session, fields: DataFields) -> bool:
        """Whether the receiver has not passed a Data Message."""
        chain = session.chain
        if chain is None:
            return False
        if (fields.ecdh, fields.message_id) in chain.skipped:
            return True
        if fields.ecdh is chain.their_ecdh:
            return session.receives and fields.message_id >= session.k
        return fields.ratchet_id == session.i and not session.rotates

    def _authenticated(self, to: _Target, slot: _Slot, encrypted: Octets) -> Iterator[Message]:
        """A Data Message with an authenticator of his own making."""
        suite, falsified = self.suite, self.options.falsified
        dh = slot.dh if slot.ratchet_id % _EVERY == 0 else None
        fields = DataFields(
            to.header, 0, slot.pn, slot.ratchet_id, slot.message_id, slot.ecdh, dh, encrypted
        )
        if Check.DATA_MAC in falsified:
            yield DataMessage(fields, cast("Mac", suite.octets(bytes(_MAC))), ())
        if not to.knowledge.derivable(slot.keys.mac):
            return
        yield self._with_mac(slot, fields)
        if Check.DATA_DH_DUE in falsified and dh is None:
            yield self._with_mac(slot, replace(fields, dh=slot.dh))

    def _with_mac(self, slot: _Slot, fields: DataFields) -> Message:
        mac = self.suite.data_mac(slot.keys.mac, self.suite.data_body(fields))
        return DataMessage(fields, mac, ())

    def _ciphertexts(self, to: _Target, keys: MessageKeys) -> Iterator[Octets]:
        """Ciphertexts: sealed by him, or others' that he changes."""
        if to.knowledge.derivable(keys.encryption):
            for content in self._contents(to):
                yield self.suite.seal(keys.encryption, content)
        elif Kind.DATA in self.options.kinds:
            yield self._text
            for sealed in to.seen.sealed.get(_term(keys.encryption), ()):
                yield sealed
                yield self.suite.garble(sealed)
                if self.suite.size(sealed) >= self.suite.size(self._text):
                    # Where he knows the plaintext, he puts his own in its place.
                    yield self.suite.seal(keys.encryption, Content(self._text))

    def _unreadable(self, to: _Target) -> Message:
        keys = self._own
        fields = DataFields(to.header, 0, 0, 0, 0, keys.first_ecdh, keys.first_dh, self._text)
        return DataMessage(fields, cast("Mac", self.suite.octets(bytes(_MAC))), ())

    # What is inside.

    def _contents(self, to: _Target) -> Iterator[Content]:
        kinds = self.options.kinds
        if Kind.DATA in kinds:
            yield Content(self._text)
            yield Content(self._no_text, (Disconnected(),))
        if Kind.RELAY in kinds:
            yield from to.seen.contents
        if Kind.SMP in kinds:
            yield from (Content(self._no_text, (tlv,)) for tlv in self._smp(to))

    def _smp(self, to: _Target) -> Iterator[Tlv]:
        """What fits the state of SMP, with exponents of his own."""
        match to.session.smp:
            case Smp.EXPECT1:
                yield from map(self._smp_1, self._halves())
            case Smp.EXPECT2:
                yield from self._smp_2(to)
            case Smp.EXPECT3:
                yield from self._smp_3(to)
            case Smp.EXPECT4:
                yield from self._smp_4(to)
        yield SmpAbort()

    def _halves(self) -> Iterator[_Halves]:
        """His exponents; and 0, where elements are not looked at: then every proof holds."""
        yield _Halves(*map(self._exponent, (_A2, _A3)), *map(self._exponent, (_B2, _B3)))
        if not _RANGES.isdisjoint(self.options.falsified):
            zero = self.suite.zero()
            yield _Halves(zero, zero, zero, zero)

    def _exponent(self, draw: int) -> Scalar:
        return self.suite.fresh_scalar(self.seed, draw)

    def _secrets(self, to: _Target, *, he_began: bool) -> Iterator[Scalar]:
        """X or y, from what he thinks that the secret is."""
        peer, ssid = to.session.peer, to.session.ssid
        if peer is None or ssid is None:
            return
        his, theirs = map(self.suite.fingerprint, (peer, to.receiver.profiles[0]))
        ends = (his, theirs) if he_began else (theirs, his)
        for typed in to.seen.typed:
            yield self.suite.smp_secret(*ends, ssid, typed)
        if not _RANGES.isdisjoint(self.options.falsified):
            yield self._exponent(_ANY)

    def _smp_1(self, halves: _Halves) -> Tlv:
        suite, g = self.suite, self.suite.generator()
        a2, a3 = halves.a2, halves.a3
        second = suite.prove_exponent(1, a2, self.seed, _A2 + _PROOF)
        third = suite.prove_exponent(2, a3, self.seed, _A3 + _PROOF)
        g2a, g3a = suite.scale(g, a2), suite.scale(g, a3)
        return Smp1(None, g2a, second.c, second.d, g3a, third.c, third.d)

    def _smp_2(self, to: _Target) -> Iterator[Tlv]:
        suite, g, theirs = self.suite, self.suite.generator(), to.session.smp_exponents
        if theirs is None or theirs.second is None:
            return
        g2a, g3a = suite.scale(g, theirs.second), suite.scale(g, theirs.third)
        for halves in self._halves():
            yield from self._answers(to, halves, g2a, g3a)

    def _answers(self, to: _Target, halves: _Halves, g2a: Point, g3a: Point) -> Iterator[Tlv]:
        """SMP message 2, to halves of generators."""
        suite, g, r4 = self.suite, self.suite.generator(), self._exponent(_R4)
        b2, b3 = halves.b2, halves.b3
        second = suite.prove_exponent(3, b2, self.seed, _B2 + _PROOF)
        third = suite.prove_exponent(4, b3, self.seed, _B3 + _PROOF)
        g2, g3 = suite.scale(g2a, b2), suite.scale(g3a, b3)
        g2b, g3b = suite.scale(g, b2), suite.scale(g, b3)
        for y in self._secrets(to, he_began=False):
            points = self._points(g2, g3, r4, y)
            both = suite.prove_coordinates(5, g2, g3, r4, y, self.seed, _R4 + _PROOF)
            yield Smp2(
                *(g2b, second.c, second.d, g3b, third.c, third.d),
                *(points.p, points.q, both.c, both.d5, both.d6),
            )

    def _smp_3(self, to: _Target) -> Iterator[Tlv]:
        suite, bases, theirs = self.suite, to.session.smp_bases, to.session.smp_points
        if bases is None or theirs is None:
            return
        g2, g3, r4 = bases.g2, bases.g3, self._exponent(_R4)
        for x, halves in product(self._secrets(to, he_began=True), self._halves()):
            a3 = halves.a3
            ours = self._points(g2, g3, r4, x)
            both = suite.prove_coordinates(6, g2, g3, r4, x, self.seed, _R4 + _PROOF)
            quotient = suite.minus(ours.q, theirs.q)
            equal = self._equal(7, quotient, a3)
            ra = suite.scale(quotient, a3)
            yield Smp3(ours.p, ours.q, both.c, both.d5, both.d6, ra, equal.c, equal.d)

    def _smp_4(self, to: _Target) -> Iterator[Tlv]:
        quotients = to.session.smp_points
        for halves in () if quotients is None else self._halves():
            base, b3 = cast("SmpPoints", quotients).q, halves.b3
            equal = self._equal(8, base, b3)
            yield Smp4(self.suite.scale(base, b3), equal.c, equal.d)

    def _points(self, g2: Point, g3: Point, r4: Scalar, secret: Scalar) -> SmpPoints:
        suite = self.suite
        blinded = suite.scale(suite.generator(), r4)
        return SmpPoints(suite.scale(g3, r4), suite.plus(blinded, suite.scale(g2, secret)))

    def _equal(self, step: int, base: Point, exponent: Scalar) -> Proof:
        draw = _EQUAL + step
        return self.suite.prove_equal_exponents(step, base, exponent, self.seed, draw)

    # What he saw.

    def _at_hand(self, knowledge: Knowledge) -> _Seen:
        seen = self._seen.get(knowledge)
        if seen is None:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            seen = self._seen[knowledge] = self._sorted_out(knowledge)
        return seen

    def _sorted_out(self, knowledge: Knowledge) -> _Seen:
        sealed: dict[Term, list[Octets]] = {}
        for term in knowledge.of(Op.ENC):
            sealed.setdefault(cast("Term", term.args[0]), []).append(cast("Octets", term))
        sigmas: dict[Term, list[RingSignature]] = {}
        for term in knowledge.of(Op.SIGMA):
            signed = cast("Term", term.args[2])
            sigmas.setdefault(signed, []).append(cast("RingSignature", term))
        return _Seen(
            profiles=tuple(self._seen_profiles(knowledge)),
            keys=tuple(self._seen_keys(knowledge)),
            sigmas=sigmas,
            bodies=tuple(_bodies(knowledge)),
            sealed=sealed,
            contents=tuple(
                cast("Content", _term(each).args[1])
                for key, ciphertexts in sealed.items()
                if knowledge.derivable(key)
                for each in ciphertexts
            ),
            typed=tuple(cast("Passphrase", term) for term in knowledge.of(Old.TYPED)),
        )

    def _seen_profiles(self, knowledge: Knowledge) -> Iterator[ClientProfile]:
        for term in knowledge.of(Op.EDDSA):
            body = cast("Term", term.args[1])
            if body.op is Op.PROFILE:
                signature = cast("EddsaSignature", term)
                yield strings.profile_of(self.suite.pool, body, signature)

    def _seen_keys(self, knowledge: Knowledge) -> Iterator[_Keys]:
        """Four keys that an endpoint draws one after the other, where he has all of them."""
        for term in knowledge.of(Op.POINT):
            match _secret_term(term):
                case Term(op=Op.NONCE, args=("x", seed, int() as draw)):
                    keys = self._drawn(cast("Seed", seed), draw)
                    if all(map(knowledge.derivable, keys)):
                        yield keys
                case _:
                    pass

    def _drawn(self, seed: Seed, draw: int) -> _Keys:
        suite = self.suite
        return _Keys(
            suite.fresh_ecdh(seed, draw).public,
            suite.fresh_dh(seed, draw + 1).public,
            suite.fresh_ecdh(seed, draw + 2).public,
            suite.fresh_dh(seed, draw + 3).public,
        )


_First = tuple["Point", "Element"]
_NEW: Final = Session()
_MOST_SEEN: Final = 2048
_RANGES: Final = frozenset(
    {
        Check.G2A_POINT,
        Check.G3A_POINT,
        Check.G2B_POINT,
        Check.G3B_POINT,
        Check.PB_POINT,
        Check.QB_POINT,
        Check.PA_POINT,
        Check.QA_POINT,
        Check.RA_POINT,
        Check.RB_POINT,
    }
)
"""What is looked at of the elements of SMP."""
_EVERY: Final = 3
_MAC: Final = 64

_ECDH, _DH, _OTHER, _NOBODY = 5, 6, 2, 9
_A2, _A3, _B2, _B3, _R4, _ANY = 1, 2, 3, 4, 5, 6
_PROOF: Final = 10
_EQUAL: Final = 20
"""Numbers of draws: for keys of a ratchet, exponents of SMP, the random values of its proofs."""


def _bodies(knowledge: Knowledge) -> Iterator[tuple[DataFields, Mac]]:
    for term in knowledge.of(Op.MAC):
        covered = cast("Term", term.args[2])
        if covered.op is Op.BODY:
            yield cast("DataFields", covered.args[0]), cast("Mac", term)


def _secret_term(point: Term) -> Term | None:
    """The exponent of a point, if it is one exponent."""
    exponent, *part = point.args
    match cast("Polynomial", exponent).terms:
        case (((atom,), 1),) if not part:
            return atom
        case _:
            return None


def _term(value: Sort) -> Term:
    return cast("Term", value)
