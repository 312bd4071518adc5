"""The attacker on OTRv3: what he can take out of terms, and what he sends to a receiver.

He owns the network, and has an account of his own: a long-term key and a source of randomness. A
scenario may give him more: somebody's long-term key, an exponent, all that an endpoint keeps.

`Attacker.messages` is directed at a goal: it looks at the state of the receiver, and makes what
that state may accept, or be set back by, as far as it can be made from what is known. Looking at
secrets of the receiver only saves the making of messages that would be refused anyway; every
message is checked to be derivable.

What he draws at random are fixed draws from his seed, and what he signs is signed with draw 0, so
that the same message is the same term whenever it is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import unique
from itertools import product
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from otr_check.knowledge import Knowledge, Rules, Theory
from otr_check.terms import Term
from otr_model.kernel.words import Word
from otr_model.otrv3.conditions import Check
from otr_model.otrv3.words import Auth, Msg, Smp
from otr_reference.otrv3.messages import (
    Commitment,
    Content,
    DataFields,
    DataMessage,
    DhCommit,
    DhKey,
    Disconnected,
    ErrorMessage,
    Header,
    Identity,
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
)
from otr_reference.otrv3.session import Session, SmpPoints

from . import octets as strings
from . import wires
from .operators import Op

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otr_check.exponents import Polynomial
    from otr_reference.otrv3.messages import DataKeys, DhPair, Message, SigmaKeys, Tlv
    from otr_reference.otrv3.session import Config, Conversation, Ring
    from otr_reference.sorts import (
        Element,
        Key,
        Mac,
        Octets,
        Passphrase,
        PublicKey,
        Scalar,
        Seed,
        Signature,
        SigningKey,
        Sort,
        Wire,
    )

    from .suite import TermSuite

__all__ = ["RULES", "Attacker", "Kind", "Options"]


def _is_content(sealed: Term) -> bool:
    """Whether a ciphertext is that of a Data Message."""
    return isinstance(sealed.args[2], Content)


def _lasts(term: Term) -> bool:
    """Contents are kept sealed, since they may be sent on, and what authenticates Data Messages."""
    match term:
        case Term(op=Op.ENC, args=(_, _, Content())):
            return True
        case Term(op=Op.MAC, args=(_, Term(op=Op.BODY))):
            return True
        case _:
            return False


RULES: Final = Rules(
    given=frozenset({Op.SEED, Op.TYPED, Op.SIGNING_KEY}),
    public=frozenset({Op.ZERO, Op.PUBLIC_KEY}),
    texts=frozenset({Op.TEXT}),
    opened=frozenset({Op.WIRE, Op.BODY, Op.CONCAT}),
    ciphers=frozenset({Op.ENC}),
    responses=frozenset({Op.RESPONSE}),
    altered=frozenset({Op.ALTERED}),
    pieces=frozenset({Op.PIECE}),
    groups=frozenset({Op.ELEMENT}),
    numbers=frozenset({Op.LOG, Op.INVALID}),
    strange=frozenset({Op.ALTERED, Op.PIECE}),
    length=wires.length,
    lasting=_lasts,
    stream=_is_content,
)
"""How the operators of OTRv3 behave. Public keys are taken to be known to everybody."""


@unique
class Kind(Word):
    """What he sends."""

    QUERY = "Query Messages, of every offer"
    DH_COMMIT = "D-H Commit Messages: his own, and those that he saw"
    DH_KEY = "D-H Key Messages: his own, and with elements that he saw"
    REVEAL_SIGNATURE = "Reveal Signature Messages: what he saw, and with keys that he has"
    SIGNATURE = "Signature Messages, likewise"
    DATA = "Data Messages that verify: with keys that he has, what he saw, and what he changed"
    RELAY = "Data Messages with what others said, where he has the keys"
    SMP = "Data Messages with SMP, where he has the keys"
    MEANINGLESS = "Reveal Signature and Signature Messages that no check of would hold"
    UNREADABLE = "Data Messages that nobody can read"
    PLAINTEXT = "texts, with and without the whitespace tag"
    ERROR = "Error Messages"


@dataclass(frozen=True, slots=True)
class Options:
    """What bounds an attacker.

    Attributes:
        kinds: what he sends.
        versions: of which versions.
        claims: the sender instance tags that he writes into messages; one that is nobody's makes a
            further instance of the peer.
        exponents: how many D-H exponents of his own he uses.
        elements: how many elements of others he sends as a D-H Key, the latest first.
        text: what he writes where a text is needed.
        falsified: checks that he also fails, one in a message: those that a receiver skips.
        others: public keys of others, for messages whose signature does not hold.
    """

    kinds: frozenset[Kind] = frozenset(Kind)
    versions: tuple[int, ...] = (3,)
    claims: tuple[int, ...] = (0x666,)
    exponents: int = 1
    elements: int = 6
    text: bytes = b"forged"
    falsified: frozenset[Check] = frozenset()
    others: tuple[PublicKey, ...] = ()


class _Seen(NamedTuple):
    """What is at hand of what he saw, in the order in which it was made.

    Attributes:
        elements: g to one exponent that is not his, the latest first.
        commitments: of D-H Commit Messages.
        identities: an encrypted signature by its authenticator's key, and the authenticator.
        bodies: what the authenticator of a Data Message covers, and the authenticator.
        sealed: contents, encrypted, by their keys.
        contents: what others said, where he can read it.
        signing: long-term keys.
        signatures: by the values that they are of.
        typed: secrets of SMP.
    """

    elements: tuple[Element, ...]
    commitments: tuple[Commitment, ...]
    identities: dict[Term, list[tuple[Octets, Mac]]]
    bodies: tuple[tuple[Octets, Mac], ...]
    sealed: dict[Term, list[Term]]
    contents: tuple[Content, ...]
    signing: tuple[SigningKey, ...]
    signatures: dict[Term, list[Signature]]
    typed: tuple[Passphrase, ...]


class _Halves(NamedTuple):
    """Exponents of SMP, of the side that begins and of the other."""

    a2: Scalar
    a3: Scalar
    b2: Scalar
    b3: Scalar


class _Place(NamedTuple):
    """A receiver.

    Attributes:
        knowledge: the attacker's.
        seen: what is at hand of it.
        master: the receiver's master session.
        receiver: what is public of the receiver.
        suite: the receiver's suite.
    """

    knowledge: Knowledge
    seen: _Seen
    master: Session
    receiver: Config
    suite: TermSuite


class _Target(NamedTuple):
    """A session of a receiver, as the messages reach it that claim to be of a sender.

    Attributes:
        knowledge, seen, master, receiver, suite: as in `_Place`.
        session: the session; a new one where there is none yet.
        header: of every message.
    """

    knowledge: Knowledge
    seen: _Seen
    master: Session
    receiver: Config
    suite: TermSuite
    session: Session
    header: Header


class Attacker:
    """An attacker on OTRv3.

    Args:
        suite: the terms, the same pool as the participants'.
        options: what bounds him.
        name: whose account is his: his long-term key and his seed are of that name.
        secrets: texts that he cannot guess.
        group_broken: he can take logarithms.

    Attributes:
        theory: the rules that his knowledge is under.
    """

    def __init__(
        self,
        suite: TermSuite,
        options: Options | None = None,
        *,
        name: str = "mallory",
        secrets: Iterable[Octets] = (),
        group_broken: bool = False,
    ) -> None:
        self.suite = suite
        self.options = Options() if options is None else options
        self.seed: Seed = suite.seed(name.encode())
        self.signing: SigningKey = suite.signing_key(name)
        broken = frozenset({Op.ELEMENT}) if group_broken else frozenset()
        self.theory = Theory(RULES, suite.pool, secrets=secrets, broken=broken)
        draws = range(1, self.options.exponents + 1)
        self.pairs: tuple[DhPair, ...] = tuple(suite.fresh_pair(self.seed, n) for n in draws)
        self._commitments = tuple(
            suite.commit(suite.fresh_key(self.seed, n), pair.public)
            for n, pair in zip(draws, self.pairs, strict=True)
        )
        self._no_text = suite.octets(b"")
        self._text = suite.octets(self.options.text)
        self._seen: dict[Knowledge, _Seen] = {}

    def begin(self, *given: object) -> Knowledge:
        """What he knows at the start.

        Args:
            given: what a scenario gives him beside his account: keys, exponents, secrets of SMP.
        """
        return self.theory.knowledge(self.seed, self.signing, *given)

    def messages(
        self,
        knowledge: Knowledge,
        conversation: Conversation,
        receiver: Config,
        suite: TermSuite | None = None,
    ) -> tuple[Wire, ...]:
        """What he can send that could matter to a receiver.

        Args:
            knowledge: what he knows.
            conversation: the state of the receiver.
            receiver: the receiver's configuration.
            suite: the receiver's, where a variant overrides operations; None: the attacker's.

        Returns:
            Messages, each once, in an order that depends on the arguments only.
        """
        found: dict[Wire, None] = {}
        seen = self._at_hand(knowledge)
        place = _Place(knowledge, seen, conversation.members[0], receiver, suite or self.suite)
        for message in self._all(place, conversation):
            wire = self.suite.encode(message)
            if wire not in found and knowledge.derivable(wire):
                found[wire] = None
        return tuple(found)

    def _all(self, place: _Place, conversation: Conversation) -> Iterator[Message]:
        yield from self._unencoded()
        receiver = place.receiver
        for version in self.options.versions:
            if not (receiver.allow_v3 if version == _V3 else receiver.allow_v2):
                continue
            for claim in self.options.claims if version == _V3 else (0,):
                if claim == receiver.our_tag:
                    continue
                session = conversation.members.get(claim) or _NEW
                tags = (claim, receiver.our_tag) if version == _V3 else (0, 0)
                header = Header(version, *tags)
                target = _Target(*place, session, header)
                yield from self._ake(target)
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
            yield ErrorMessage(self._text)

    # The AKE.

    def _ake(self, to: _Target) -> Iterator[Message]:
        kinds, state = self.options.kinds, to.session.ake
        if Kind.DH_COMMIT in kinds:
            for commitment in self._commits(to.seen):
                yield DhCommit(to.header, commitment.encrypted, commitment.hashed)
        waiting = state in {Auth.AWAITING_DHKEY, Auth.AWAITING_SIG}
        if Kind.DH_KEY in kinds and (waiting or to.master.ake is Auth.AWAITING_DHKEY):
            for element in self._elements(to.seen):
                yield DhKey(to.header, element)
        if Kind.REVEAL_SIGNATURE in kinds and state is Auth.AWAITING_REVEALSIG:
            yield from self._reveals(to)
        if Kind.SIGNATURE in kinds and state is Auth.AWAITING_SIG:
            yield from self._signatures(to)
        if Kind.MEANINGLESS in kinds:
            yield from self._meaningless(to)

    def _meaningless(self, to: _Target) -> Iterator[Message]:
        """What would be refused."""
        zeros = self.suite.octets
        mac = cast("Mac", zeros(bytes(_MAC)))
        if to.session.ake is Auth.AWAITING_REVEALSIG:
            yield RevealSignature(to.header, zeros(bytes(_R)), self._text, mac)
        elif to.session.ake is Auth.AWAITING_SIG:
            yield SignatureMessage(to.header, self._text, mac)

    def _commits(self, seen: _Seen) -> Iterator[Commitment]:
        yield from self._commitments
        yield from seen.commitments
        suite, falsified = self.suite, self.options.falsified
        if Check.GX_RANGE in falsified:
            yield suite.commit(suite.fresh_key(self.seed, 1), suite.outside())
        if Check.COMMITMENT_MATCHES in falsified:
            yield replace(self._commitments[0], hashed=suite.octets(bytes(32)))

    def _elements(self, seen: _Seen) -> Iterator[Element]:
        yield from (pair.public for pair in self.pairs)
        yield from seen.elements[: self.options.elements]
        if Check.GY_RANGE in self.options.falsified:
            yield self.suite.outside()

    def _reveals(self, to: _Target) -> Iterator[Message]:
        """Section "Reveal Signature Message": what fits the commitment that the receiver keeps."""
        pair, commitment = to.session.pair, to.session.commitment
        if pair is None or commitment is None:
            return
        match _term(commitment.encrypted):
            case Term(op=Op.ENC, args=(r, 0, Term(op=Op.ELEMENT) as gx)):
                revealed, first = cast("Octets", r), cast("Element", gx)
            case _:
                return
        if not to.knowledge.derivable(revealed):
            return
        keys = to.suite.ake_keys(pair.secret, first).reveal
        for sealed, mac in self._sealed_identities(to, keys, first, pair.public, _REVEAL):
            yield RevealSignature(to.header, revealed, sealed, mac)

    def _signatures(self, to: _Target) -> Iterator[Message]:
        """Section "Signature Message": what fits the D-H Key that the receiver keeps."""
        pair, gy, keys = to.session.pair, to.session.gy, to.session.ake_keys
        if pair is None or gy is None or keys is None:
            return
        for sealed, mac in self._sealed_identities(to, keys.signature, gy, pair.public, _SIGNATURE):
            yield SignatureMessage(to.header, sealed, mac)
        if Check.SIGNATURE_MAC in self.options.falsified:
            nothing = self.suite.identity_mac(self.suite.fresh_key(self.seed, 1), self._text)
            yield SignatureMessage(to.header, self._text, nothing)

    def _sealed_identities(
        self, to: _Target, keys: SigmaKeys, first: Element, second: Element, checks: _SigmaChecks
    ) -> Iterator[tuple[Octets, Mac]]:
        """X and its authenticator, under some keys: seen, or made."""
        yield from to.seen.identities.get(_term(keys.m2), ())
        if not to.knowledge.derivable(keys.c):
            return
        for identity in self._identities(to, keys, first, second, checks):
            sealed = to.suite.seal_identity(keys.c, identity)
            mac = to.suite.identity_mac(keys.m2, sealed)
            yield sealed, mac
            if checks.mac in self.options.falsified:
                yield sealed, to.suite.garble_mac(mac)

    def _identities(
        self, to: _Target, keys: SigmaKeys, first: Element, second: Element, checks: _SigmaChecks
    ) -> Iterator[Identity]:
        """X: with the long-term keys that he has, and with signatures that he saw."""
        suite, falsified = to.suite, self.options.falsified
        for signing in to.seen.signing:
            public = suite.public_key(signing)
            for keyid in (_KEYID, 0) if checks.keyid in falsified else (_KEYID,):
                value = suite.signed_value(keys.m1, first, second, public, keyid)
                yield Identity(public, keyid, suite.sign(signing, value, self.seed, 0))
        for signed, signatures in to.seen.signatures.items():
            m1, one, two, owner, number = signed.args
            if m1 is keys.m1 and one is first and two is second:
                for signature in signatures:
                    yield Identity(cast("PublicKey", owner), cast("int", number), signature)
        if checks.signed in falsified:
            yield from self._unsigned(to)

    def _unsigned(self, to: _Target) -> Iterator[Identity]:
        """Identities of others, with a signature that does not hold."""
        nothing = self.suite.sign(self.signing, self._no_text, self.seed, 0)
        for public in self.options.others:
            if public is not to.receiver.public:
                yield Identity(public, _KEYID, nothing)

    # Data Messages.

    def _data(self, to: _Target) -> Iterator[Message]:
        session, kinds = to.session, self.options.kinds
        if Kind.UNREADABLE in kinds:
            yield self._unreadable(to)
        ring = session.ring
        private = session.message is Msg.ENCRYPTED and session.session_version == to.header.version
        if ring is None or not private:
            return
        for ours, theirs in _AGES if session.their_previous else _AGES[::2]:
            keys = self._keys(to, ring, ours, theirs)
            if Kind.DATA in kinds:
                yield from self._repeated(to, keys, (ours, theirs))
            if to.knowledge.derivable(keys.receiving_mac) or Check.DATA_MAC in (
                self.options.falsified
            ):
                yield from self._forged(to, keys, (ours, theirs))

    @staticmethod
    def _keys(to: _Target, ring: Ring, ours: int, theirs: int) -> DataKeys:
        """The keys of two D-H keys that the receiver holds, by their ages."""
        known = ring.derived[2 * ours + theirs]
        if known is not None:
            return known
        element = ring.theirs_previous if theirs else ring.theirs
        pair = ring.ours_previous if ours else ring.ours
        return to.suite.data_keys(pair, cast("Element", element))

    def _repeated(self, to: _Target, keys: DataKeys, ages: tuple[int, int]) -> Iterator[Message]:
        """Data Messages that he saw: those that were not accepted yet."""
        session, (ours, theirs) = to.session, ages
        last = _last_counter(session, ages)
        keyids = session.their_keyid - theirs, session.our_keyid - ours
        for body, mac in to.seen.bodies:
            fields = cast("DataFields", _term(body).args[0])
            if (fields.sender_keyid, fields.recipient_keyid) != keyids:
                continue
            new = fields.counter > last or Check.DATA_COUNTER in self.options.falsified
            if new and to.suite.data_mac(keys.receiving_mac, body) is mac:
                yield DataMessage(fields, body, mac, self._no_text)

    def _forged(self, to: _Target, keys: DataKeys, ages: tuple[int, int]) -> Iterator[Message]:
        """Data Messages with an authenticator of his own making."""
        counter = _last_counter(to.session, ages) + 1
        for encrypted, at in self._ciphertexts(to, keys, counter):
            yield self._authenticated(to, keys, ages, (encrypted, at), self.pairs[0].public)
            if Check.NEXT_DH_RANGE in self.options.falsified:
                outside = self.suite.outside()
                yield self._authenticated(to, keys, ages, (encrypted, at), outside)

    def _authenticated(
        self,
        to: _Target,
        keys: DataKeys,
        ages: tuple[int, int],
        sealed: tuple[Octets, int],
        next_dh: Element,
    ) -> Message:
        """A Data Message with a ciphertext and its counter."""
        ours, theirs = ages
        encrypted, counter = sealed
        fields = DataFields(
            to.header,
            0,
            to.session.their_keyid - theirs,
            to.session.our_keyid - ours,
            next_dh,
            counter,
            encrypted,
        )
        body = to.suite.data_body(fields)
        if to.knowledge.derivable(keys.receiving_mac):
            mac = to.suite.data_mac(keys.receiving_mac, body)
        else:
            mac = cast("Mac", to.suite.octets(bytes(_MAC)))
        return DataMessage(fields, body, mac, self._no_text)

    def _ciphertexts(
        self, to: _Target, keys: DataKeys, counter: int
    ) -> Iterator[tuple[Octets, int]]:
        """Ciphertexts with their counters: sealed by him, or others' that he changes."""
        if to.knowledge.derivable(keys.receiving):
            for content in self._contents(to):
                yield self.suite.seal(keys.receiving, counter, content), counter
            return
        if Kind.DATA not in self.options.kinds:
            return
        yield self._text, counter
        for sealed in to.seen.sealed.get(_term(keys.receiving), ()):
            at = cast("int", sealed.args[1])
            if at < counter:
                continue
            yield cast("Octets", sealed), at
            yield cast("Octets", strings.altered(self.suite.pool, sealed)), at
            if strings.width(sealed) >= strings.width(_term(self._text)):
                # Where he knows the plaintext, he puts his own in its place.
                yield self.suite.seal(keys.receiving, at, Content(self._text)), at

    def _unreadable(self, to: _Target) -> Message:
        fields = DataFields(to.header, 0, 0, 0, self.pairs[0].public, 1, self._text)
        mac = cast("Mac", self.suite.octets(bytes(_MAC)))
        return DataMessage(fields, self.suite.data_body(fields), mac, self._no_text)

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
        return self.suite.fresh_exponent(self.seed, draw)

    def _secrets(self, to: _Target, *, he_began: bool) -> Iterator[Scalar]:
        """X or y, from what he thinks that the secret is."""
        peer, ssid, public = to.session.peer, to.session.ssid, to.receiver.public
        if peer is None or ssid is None:
            return
        ends = (peer, public) if he_began else (public, peer)
        for typed in to.seen.typed:
            yield self.suite.smp_secret(*ends, ssid, typed)
        if not _RANGES.isdisjoint(self.options.falsified):
            yield self._exponent(_ANY)

    def _smp_1(self, halves: _Halves) -> Tlv:
        suite, g1 = self.suite, self.suite.generator()
        a2, a3 = halves.a2, halves.a3
        second = suite.prove_exponent(1, a2, self.seed, _A2 + _PROOF)
        third = suite.prove_exponent(2, a3, self.seed, _A3 + _PROOF)
        g2a, g3a = suite.power(g1, a2), suite.power(g1, a3)
        return Smp1(g2a, second.c, second.d, g3a, third.c, third.d)

    def _smp_2(self, to: _Target) -> Iterator[Tlv]:
        suite, g1, theirs = self.suite, self.suite.generator(), to.session.smp_exponents
        if theirs is None or theirs.second is None:
            return
        g2a, g3a = suite.power(g1, theirs.second), suite.power(g1, theirs.third)
        for halves in self._halves():
            yield from self._answers(to, halves, g2a, g3a)

    def _answers(self, to: _Target, halves: _Halves, g2a: Element, g3a: Element) -> Iterator[Tlv]:
        """SMP message 2, to halves of generators."""
        suite, g1, r4 = self.suite, self.suite.generator(), self._exponent(_R4)
        b2, b3 = halves.b2, halves.b3
        second = suite.prove_exponent(3, b2, self.seed, _B2 + _PROOF)
        third = suite.prove_exponent(4, b3, self.seed, _B3 + _PROOF)
        g2, g3 = suite.power(g2a, b2), suite.power(g3a, b3)
        g2b, g3b = suite.power(g1, b2), suite.power(g1, b3)
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
            quotient = suite.over(ours.q, theirs.q)
            equal = self._equal(7, quotient, a3)
            ra = suite.power(quotient, a3)
            yield Smp3(ours.p, ours.q, both.c, both.d5, both.d6, ra, equal.c, equal.d)

    def _smp_4(self, to: _Target) -> Iterator[Tlv]:
        quotients = to.session.smp_points
        for halves in () if quotients is None else self._halves():
            base, b3 = cast("SmpPoints", quotients).q, halves.b3
            equal = self._equal(8, base, b3)
            yield Smp4(self.suite.power(base, b3), equal.c, equal.d)

    def _points(self, g2: Element, g3: Element, r4: Scalar, secret: Scalar) -> SmpPoints:
        suite = self.suite
        blinded = suite.power(suite.generator(), r4)
        return SmpPoints(suite.power(g3, r4), suite.times(blinded, suite.power(g2, secret)))

    def _equal(self, step: int, base: Element, exponent: Scalar) -> Proof:
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
        macs = knowledge.of(Op.MAC)
        sealed = knowledge.of(Op.ENC)
        contents: dict[Term, list[Term]] = {}
        for term in sealed:
            if isinstance(term.args[2], Content):
                contents.setdefault(cast("Term", term.args[0]), []).append(term)
        return _Seen(
            elements=tuple(
                cast("Element", term)
                for term in reversed(knowledge.of(Op.ELEMENT))
                if _is_simple(term)
            ),
            commitments=tuple(self._seen_commitments(knowledge, sealed)),
            identities=_sealed_by_key(macs),
            bodies=tuple(
                (cast("Octets", mac.args[1]), cast("Mac", mac))
                for mac in macs
                if cast("Term", mac.args[1]).op is Op.BODY
            ),
            sealed=contents,
            contents=tuple(
                cast("Content", term.args[2])
                for key, terms in contents.items()
                if knowledge.derivable(key)
                for term in terms
            ),
            signing=tuple(cast("SigningKey", term) for term in knowledge.of(Op.SIGNING_KEY)),
            signatures=_signatures(knowledge),
            typed=tuple(cast("Passphrase", term) for term in knowledge.of(Op.TYPED)),
        )

    def _seen_commitments(
        self, knowledge: Knowledge, sealed: tuple[Term, ...]
    ) -> Iterator[Commitment]:
        """Those that are not opened yet, and those that are."""
        make = self.suite.pool.make
        for term in sealed:
            if isinstance(term.args[2], Term):
                hashed = make(Op.HASH, term.args[2])
                if knowledge.derivable(hashed):
                    yield Commitment(cast("Octets", term), cast("Octets", hashed))
        for term in knowledge.of(Op.NONCE):
            match term.args:
                case ("r", seed, int() as draw):
                    # An endpoint draws x right after r.
                    pair = self.suite.fresh_pair(cast("Seed", seed), draw + 1)
                    if knowledge.derivable(pair.public):
                        yield self.suite.commit(cast("Key", term), pair.public)
                case _:
                    pass


class _SigmaChecks(NamedTuple):
    """The checks of an identity, in a Reveal Signature Message or a Signature Message."""

    mac: Check
    keyid: Check
    signed: Check


_REVEAL: Final = _SigmaChecks(Check.REVEAL_MAC, Check.REVEAL_KEYID, Check.REVEAL_SIGNED)
_SIGNATURE: Final = _SigmaChecks(Check.SIGNATURE_MAC, Check.SIGNATURE_KEYID, Check.SIGNATURE_SIGNED)
_V3: Final = 3
_KEYID: Final = 1
_KEY_AND_VALUE: Final = 2
_R, _MAC = 16, 20
_AGES: Final = ((0, 0), (0, 1), (1, 0), (1, 1))
"""Of our key and of theirs; every other one is with their most recent key."""
_NEW: Final = Session()
_MOST_SEEN: Final = 2048
_RANGES: Final = frozenset(
    {
        Check.G2A_RANGE,
        Check.G3A_RANGE,
        Check.G2B_RANGE,
        Check.G3B_RANGE,
        Check.PB_RANGE,
        Check.QB_RANGE,
        Check.PA_RANGE,
        Check.QA_RANGE,
        Check.RA_RANGE,
        Check.RB_RANGE,
    }
)
"""What is looked at of the elements of SMP."""

_A2, _A3, _B2, _B3, _R4, _ANY = 1, 2, 3, 4, 5, 6
_PROOF: Final = 10
_EQUAL: Final = 20
"""Numbers of draws, for exponents of SMP and for the random values of its proofs."""


def _last_counter(session: Session, ages: tuple[int, int]) -> int:
    return cast("int", getattr(session, f"seen_{ages[0]}_{ages[1]}"))


def _is_simple(element: Term) -> bool:
    """Whether an element is g to one exponent."""
    exponent = cast("Polynomial", element.args[0])
    return len(exponent.terms) == 1 and len(exponent.terms[0][0]) == 1


def _sealed_by_key(macs: tuple[Term, ...]) -> dict[Term, list[tuple[Octets, Mac]]]:
    """Identities as they were sealed, with their authenticators, by the keys of those."""
    found: dict[Term, list[tuple[Octets, Mac]]] = {}
    for mac in macs:
        key, value = cast("tuple[Term, Term]", mac.args[:2])
        if len(mac.args) == _KEY_AND_VALUE and value.op is not Op.BODY:
            found.setdefault(key, []).append((cast("Octets", value), cast("Mac", mac)))
    return found


def _signatures(knowledge: Knowledge) -> dict[Term, list[Signature]]:
    found: dict[Term, list[Signature]] = {}
    for term in knowledge.of(Op.SIGNATURE):
        value = cast("Term", term.args[1])
        if value.op is Op.MAC:
            found.setdefault(value, []).append(cast("Signature", term))
    return found


def _term(value: Sort) -> Term:
    return cast("Term", value)
