"""What a suite was asked, under the names of the text.

Names are given when a step is over, by the effects of the rows that were taken: those say what was
drawn, and whose chain keys are whose. What lies between what an operation takes and what it gives
is computed by the key schedules of the model, which have to arrive at the same.
"""

from __future__ import annotations

from dataclasses import fields
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeAlias

from otr_model.kernel.schedule import Shake
from otr_model.otrv4 import schedules as s
from otr_model.otrv4.effects import Do
from otr_reference import ed448
from otr_reference.constant_time import same
from otr_reference.otrv4 import ring, wire
from otr_reference.otrv4.messages import Smp1, Smp2, Smp3, Smp4
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.schedule import compute
from otr_reference.otrv4.suite import Suite

from .fields import content_fields
from .octets import Disagreement, Object, as_element, as_exponent, as_hex, as_scalar, as_tag
from .operations import SILENT
from .recording import INSIDE, Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from otr_model.kernel.schedule import Schedule, Value
    from otr_model.kernel.vocabulary import Effect
    from otr_reference.otrv4.messages import ClientProfile, Content, PrekeyProfile
    from otr_reference.otrv4.suite import (
        CoordinatesProof,
        DhPair,
        EcdhPair,
        LongTerm,
        MessageKeys,
        Mixed,
        Offline,
        PhiSide,
        Proof,
        Ratcheted,
        Ring,
        Transcript,
    )
    from otr_reference.sorts import (
        Element,
        Exponent,
        Key,
        Mac,
        Octets,
        Passphrase,
        Point,
        RingSignature,
        Scalar,
        Seed,
        Sort,
    )

__all__ = ["DRAWS", "Teller", "Told", "key_pair", "record", "ring_signature", "scheduled"]

Told: TypeAlias = "tuple[Object, Object]"
"""What an operation takes, and what it gives, by name."""

_FIRST: Final = ("our_ecdh_first", "our_dh_first")
DRAWS: Final[Mapping[Effect, tuple[str, ...]]] = {
    Do.NEW_IDENTITY: ("y", "b", *_FIRST),
    Do.ANSWER_IDENTITY: ("x", "a", *_FIRST),
    Do.BEGIN_AS_INITIATOR: ("our_ecdh", "our_dh"),
    Do.SEND_NON_INTERACTIVE_AUTH: ("x", "a", *_FIRST),
    Do.ROTATE: ("our_ecdh",),
    Do.ROTATE_WITH_DH: ("our_dh", "our_ecdh"),
    Do.PUT_SMP_1: ("a2", "a3"),
    Do.PUT_SMP_2: ("b2", "b3", "r4"),
    Do.PUT_SMP_3: ("r4",),
}
"""What each effect draws, in order."""

_PAIRS: Final = {"y": ("y", "Y"), "x": ("x", "X"), "b": ("b", "B"), "a": ("a", "A")}
"""Key pairs whose halves have names of their own; of others they are .secret and .public."""

_POINTS: Final = {
    "G * a2": "G2a",
    "G * a3": "G3a",
    "G * b2": "G2b",
    "G * b3": "G3b",
    "G2b * a2": "G2",
    "G3b * a3": "G3",
    "G2a * b2": "G2",
    "G3a * b3": "G3",
    "G * r4 + G2 * x": "Qa",
    "G * r4 + G2 * y": "Qb",
    "(Qa - Qb) * a3": "Ra",
    "(Qa - Qb) * b3": "Rb",
    "Rb * a3": "Rab",
    "Ra * b3": "Rab",
}
"""Section "SMP Overview": what is computed, and what it is called. Others have no name."""

_P: Final = {"x": "Pa", "y": "Pb"}
"""What G3 * r4 is called on the side that has x, or y."""

_PROOF_OF: Final = {1: "2", 2: "3", 3: "2", 4: "3"}
"""Which r, c and d the first proofs have, by what is hashed in front of them."""

_SCALARS: Final = frozenset({s.OUR_ECDH, s.PREKEY_SCALAR, s.LONG_TERM_SCALAR})
_TAGS: Final = frozenset({s.OUR_TAG, s.THEIR_TAG})


def _title(value: Value) -> str:
    """The name of a value of a schedule; a hash in t is told by its usage and what is hashed."""
    made = value.made
    if isinstance(made, Shake) and made.usage is not None and value.title.startswith("hash of "):
        pieces = (piece.title for piece in made.pieces if not isinstance(piece, int))
        return f"{made.function}({' || '.join((made.usage.title, *pieces))})"
    return value.title


def _number(value: Value, number: int) -> str:
    """A number of a schedule, as it is written."""
    if value in _SCALARS:
        return as_scalar(number)
    if value in _TAGS:
        return as_tag(number)
    return as_exponent(number) if value is s.OUR_DH else as_element(number)


def scheduled(
    schedule: Schedule,
    numbers: Mapping[Value, int],
    octets: Mapping[Value, bytes],
    results: Mapping[Value, bytes],
) -> Told:
    """What a schedule computes on its way to what an operation gave.

    Returns:
        What was given, and what was computed, by name.

    Raises:
        Disagreement: if the schedule arrives elsewhere.
    """
    computed = compute(schedule, numbers, octets, tuple(results)).octets
    takes: Object = {}
    gives: Object = {}
    for value in schedule.values:
        if value in numbers:
            takes[_title(value)] = _number(value, numbers[value])
        elif value in octets:
            takes[_title(value)] = octets[value].hex()
        elif value in computed:
            gives[_title(value)] = computed[value].hex()
    for value, found in results.items():
        if not same(computed[value], found):
            message = f"{schedule.value_id(value)} is not what the suite has"
            raise Disagreement(message)
    return takes, gives


class Teller:
    """Gives what one endpoint's suite was asked the names of the text.

    It remembers the names of chain keys, and of what goes into SMP, from one step to the next.
    """

    def __init__(self) -> None:
        self.effects: Sequence[Effect] = ()
        self.inside: list[Call] = []
        self.drawn: Iterator[str] = iter(())
        self.fresh: set[str] = set()
        self.chains: dict[str, tuple[str, int]] = {}
        self.names: dict[str, str] = {ed448.BASE.encode().hex(): "G"}
        self.compared = ""
        self.how: dict[str, Callable[..., Told]] = {
            name: getattr(self, f"_{name}") for name in Suite.__abstractmethods__ - SILENT
        }

    def tell(
        self, calls: Iterable[Call], effects: Sequence[Effect] = (), *names: str
    ) -> list[Object]:
        """Tell what was computed, each only once.

        Args:
            calls: what the suite was asked.
            effects: what was done meanwhile.
            names: of what was drawn; else as the effects have them.

        Raises:
            Disagreement: if more was drawn than there are names for, or less.
        """
        self.effects = effects
        self.drawn = iter(names or [name for each in effects for name in DRAWS.get(each, ())])
        self.fresh = set()
        told: list[Object] = []
        self.inside = []
        for call in calls:
            if call.operation in INSIDE:
                self.inside.append(call)
                continue
            takes, gives = self.how[call.operation](*call.arguments, call.result)
            self.inside = []
            written = record(call.operation, takes, gives)
            if written not in told:
                told.append(written)
        left = next(self.drawn, None)
        if left is not None:
            message = f"{left} was not drawn"
            raise Disagreement(message)
        return told

    def chain(self, key: Key) -> str:
        """The name of a chain key that is held."""
        side, number = self.chains[as_hex(key)]
        return f"chain_key_{side}[{number}]"

    def _drawn_name(self) -> str:
        name = next(self.drawn, None)
        if name is None:
            message = "something was drawn that has no name"
            raise Disagreement(message)
        return name

    @property
    def _octets(self) -> bytes:
        """The octets that were drawn, or what is inside the message."""
        octets: bytes = self.inside[-1].result
        return octets

    # Randomness.

    def _fresh_ecdh(self, _seed: Seed, _draw: int, made: EcdhPair) -> Told:
        name = self._drawn_name()
        secret, public = _PAIRS.get(name, (f"{name}.secret", f"{name}.public"))
        self.fresh.add(as_scalar(made.secret))
        gives: Object = {secret: as_scalar(made.secret), public: as_hex(made.public)}
        return {"r": as_hex(self._octets)}, gives

    def _fresh_dh(self, _seed: Seed, _draw: int, made: DhPair) -> Told:
        name = self._drawn_name()
        secret, public = _PAIRS.get(name, (f"{name}.secret", f"{name}.public"))
        return {}, {secret: as_exponent(made.secret), public: as_element(made.public)}

    def _fresh_scalar(self, _seed: Seed, _draw: int, made: Scalar) -> Told:
        name = self._drawn_name()
        self.names[as_scalar(made)] = name
        return {f"{name} (random)": as_hex(self._octets)}, {name: as_scalar(made)}

    @staticmethod
    def _fresh_identifier(_seed: Seed, _draw: int, made: int) -> Told:
        return {}, {"identifier": as_tag(made)}

    # Profiles.

    @staticmethod
    def _client_profile(
        keys: LongTerm,
        owner_tag: int,
        versions: frozenset[int],
        expiration: int,
        _seed: Seed,
        made: ClientProfile,
    ) -> Told:
        takes: Object = {
            "Instance tag": as_tag(owner_tag),
            "sym_h": as_hex(keys.signing),
            "H": as_hex(keys.public),
            "F": as_hex(keys.forging),
            "Version string": "".join(map(str, sorted(versions))).encode().hex(),
            "Expiration": expiration,
        }
        gives: Object = {}
        if made.dsa_key is not None and made.transitional_body is not None:
            takes["OTRv3 public authentication DSA key"] = as_hex(made.dsa_key)
            signed = RealSuite.to_bytes(made.transitional_body)
            gives["fields 1 to 6"] = signed.hex()
            gives["SHA-256 of them"] = sha256(signed).hexdigest()
        return takes, {**gives, "CLIENT-PROF": wire.encode_client_profile(made).hex()}

    @staticmethod
    def _prekey_profile(
        keys: LongTerm,
        owner_tag: int,
        shared_prekey: Point,
        expiration: int,
        made: PrekeyProfile,
    ) -> Told:
        takes: Object = {
            "Instance tag": as_tag(owner_tag),
            "sym_h": as_hex(keys.signing),
            "D": as_hex(shared_prekey),
            "Expiration": expiration,
        }
        return takes, {"PREKEY-PROF": wire.encode_prekey_profile(made).hex()}

    @staticmethod
    def _fingerprint(profile: ClientProfile, made: Octets) -> Told:
        keys = {
            s.PUBLIC_KEY: RealSuite.to_bytes(profile.public_key),
            s.FORGING_KEY: RealSuite.to_bytes(profile.forging_key),
        }
        results = {s.FINGERPRINT_HASH: RealSuite.to_bytes(made)}
        takes, gives = scheduled(s.FINGERPRINT, {}, keys, results)
        return takes, {"fingerprint": gives["fingerprint"]}

    # DAKEs.

    @staticmethod
    def _hashed_b(b: Element, made: Octets) -> Told:
        return {"B": as_element(b)}, {"hashed B": as_hex(made)}

    @staticmethod
    def _phi(sender: PhiSide, receiver: PhiSide, made: Octets) -> Told:
        takes: Object = {}
        for who, side in (("sender", sender), ("receiver", receiver)):
            takes[f"{who}'s instance tag"] = as_tag(side.tag)
            if side.ecdh is not None and side.dh is not None:
                takes[f"{who}'s our_ecdh_first.public"] = as_hex(side.ecdh)
                takes[f"{who}'s our_dh_first.public"] = as_element(side.dh)
            if side.name is not None:
                takes[f"phi' of the {who}"] = as_hex(side.name)
        return takes, {"phi": as_hex(made)}

    @staticmethod
    def _bound(schedule: Schedule, transcript: Transcript, made: Octets, **more: bytes) -> Told:
        values = {value.name: value for value in schedule.values}
        numbers = {
            values["b"]: RealSuite.to_int(transcript.b),
            values["a"]: RealSuite.to_int(transcript.a),
        }
        given = {
            "bob": wire.encode_client_profile(transcript.bob),
            "alice": wire.encode_client_profile(transcript.alice),
            "y": RealSuite.to_bytes(transcript.y),
            "x": RealSuite.to_bytes(transcript.x),
            "phi": RealSuite.to_bytes(transcript.phi),
            **more,
        }
        octets = {values[name]: value for name, value in given.items()}
        return scheduled(schedule, numbers, octets, {values["t"]: RealSuite.to_bytes(made)})

    def _auth_r_bound(self, transcript: Transcript, made: Octets) -> Told:
        return self._bound(s.T_AUTH_R, transcript, made)

    def _auth_i_bound(self, transcript: Transcript, made: Octets) -> Told:
        return self._bound(s.T_AUTH_I, transcript, made)

    def _non_interactive_bound(
        self, transcript: Transcript, shared_prekey: Point, made: Octets
    ) -> Told:
        more = {s.SHARED_PREKEY.name: RealSuite.to_bytes(shared_prekey)}
        return self._bound(s.T_NON_INTERACTIVE, transcript, made, **more)

    def _ring_sign(
        self,
        keys: Ring,
        secret: Scalar,
        value: Octets,
        _seed: Seed,
        _draw: int,
        made: RingSignature,
    ) -> Told:
        a1, a2, a3 = (RealSuite.to_bytes(key) for key in keys)
        randoms = [(call.arguments[0], call.result) for call in self.inside]
        return ring_signature(
            (a1, a2, a3),
            RealSuite.to_int(secret),
            RealSuite.to_bytes(value),
            randoms,
            RealSuite.to_bytes(made),
        )

    @staticmethod
    def _mixed(
        ecdh: Scalar, their_ecdh: Point, dh: Exponent, their_dh: Element, made: Mixed
    ) -> Told:
        numbers, octets = _exchange(ecdh, their_ecdh, dh, their_dh)
        results = {
            s.THIRD_BRACE_KEY: made.brace,
            s.K: made.k,
            s.SSID: made.ssid,
        }
        return scheduled(s.DAKE, numbers, octets, _all_octets(results))

    @staticmethod
    def _offline_keys(numbers: dict[Value, int], octets: dict[Value, bytes], made: Offline) -> Told:
        results = {
            s.OFFLINE_BRACE_KEY: made.mixed.brace,
            s.AUTH_MAC_K: made.mac_key,
            s.OFFLINE_K: made.mixed.k,
            s.OFFLINE_SSID: made.mixed.ssid,
        }
        return scheduled(s.OFFLINE, numbers, octets, _all_octets(results))

    def _mixed_by_retriever(  # noqa: PLR0913, PLR0917 - as the operation
        self,
        x: Scalar,
        a: Exponent,
        y: Point,
        b: Element,
        shared_prekey: Point,
        their_key: Point,
        made: Offline,
    ) -> Told:
        numbers, octets = _exchange(x, y, a, b)
        numbers |= dict.fromkeys((s.PREKEY_SCALAR, s.LONG_TERM_SCALAR), RealSuite.to_int(x))
        octets[s.PREKEY_POINT] = RealSuite.to_bytes(shared_prekey)
        octets[s.LONG_TERM_POINT] = RealSuite.to_bytes(their_key)
        return self._offline_keys(numbers, octets, made)

    def _mixed_by_publisher(  # noqa: PLR0913, PLR0917 - as the operation
        self,
        y: Scalar,
        b: Exponent,
        shared_prekey: Scalar,
        our_key: Scalar,
        x: Point,
        a: Element,
        made: Offline,
    ) -> Told:
        numbers, octets = _exchange(y, x, b, a)
        numbers[s.PREKEY_SCALAR] = RealSuite.to_int(shared_prekey)
        numbers[s.LONG_TERM_SCALAR] = RealSuite.to_int(our_key)
        octets |= dict.fromkeys((s.PREKEY_POINT, s.LONG_TERM_POINT), RealSuite.to_bytes(x))
        return self._offline_keys(numbers, octets, made)

    @staticmethod
    def _auth_mac(key: Key, value: Octets, made: Mac) -> Told:
        takes: Object = {"auth_mac_k": as_hex(key), "t": as_hex(value)}
        return takes, {"Auth MAC": as_hex(made)}

    # The double ratchet.

    @staticmethod
    def _first_root(k: Key, made: Key) -> Told:
        return scheduled(s.DAKE, {}, _all_octets({s.K: k}), _all_octets({s.FIRST_ROOT_KEY: made}))

    def _offline_chain(self, k: Key, made: Ratcheted) -> Told:
        side = "s" if Do.BEGIN_AS_RETRIEVER in self.effects else "r"
        takes, gives = scheduled(
            s.OFFLINE,
            {},
            _all_octets({s.OFFLINE_K: k}),
            _all_octets({s.OFFLINE_ROOT_KEY: made.root, s.OFFLINE_CHAIN_KEY: made.chain}),
        )
        return takes, self._begun(gives, made.chain, side)

    def _begun(self, gives: Object, chain: Key, side: str) -> Object:
        """What a ratchet gives, with its chain key under the name that it has from here on."""
        self.chains[as_hex(chain)] = (side, 0)
        key = gives.pop(s.CHAIN_KEY.title)
        return {**gives, self.chain(chain): key}

    @staticmethod
    def _third_brace_key(ours: Exponent, theirs: Element, made: Key) -> Told:
        numbers = {s.OUR_DH: RealSuite.to_int(ours), s.THEIR_DH: RealSuite.to_int(theirs)}
        return scheduled(s.THIRD_RATCHET, numbers, {}, _all_octets({s.THIRD_BRACE_KEY: made}))

    @staticmethod
    def _next_brace_key(brace: Key, made: Key) -> Told:
        given = _all_octets({s.PREV_BRACE_KEY: brace})
        return scheduled(s.RATCHET, {}, given, _all_octets({s.NEXT_BRACE_KEY: made}))

    def _ratchet(self, root: Key, ours: Scalar, theirs: Point, brace: Key, made: Ratcheted) -> Told:
        sends = as_scalar(ours) in self.fresh or Do.BEGIN_AS_RESPONDER in self.effects
        takes, gives = scheduled(
            s.RATCHET,
            {s.OUR_ECDH: RealSuite.to_int(ours)},
            _all_octets({s.PREV_ROOT_KEY: root, s.THEIR_ECDH: theirs, s.NEXT_BRACE_KEY: brace}),
            _all_octets({s.CURR_ROOT_KEY: made.root, s.CHAIN_KEY: made.chain}),
        )
        return takes, self._begun(gives, made.chain, "s" if sends else "r")

    def _next_chain_key(self, chain: Key, made: Key) -> Told:
        side, number = self.chains[as_hex(chain)]
        self.chains[as_hex(made)] = (side, number + 1)
        return {self.chain(chain): as_hex(chain)}, {self.chain(made): as_hex(made)}

    def _message_keys(self, chain: Key, made: MessageKeys) -> Told:
        results = {s.MK_ENC: made.encryption, s.MK_MAC: made.mac, s.EXTRA_SYMM_KEY: made.extra}
        given = _all_octets({s.MESSAGE_CHAIN_KEY: chain})
        _, gives = scheduled(s.MESSAGE, {}, given, _all_octets(results))
        return {self.chain(chain): as_hex(chain)}, gives

    def _seal(self, key: Key, _content: Content, made: Octets) -> Told:
        takes: Object = {"MKenc": as_hex(key), "message": content_fields(self._octets)}
        return takes, {"encrypted_message": as_hex(made)}

    def _open(self, key: Key, encrypted: Octets, made: Content) -> Told:
        for tlv in made.tlvs:
            if isinstance(tlv, Smp1 | Smp2 | Smp3 | Smp4):
                self._learn(tlv)
        takes: Object = {"MKenc": as_hex(key), "encrypted_message": as_hex(encrypted)}
        return takes, {"message": content_fields(self._octets)}

    @staticmethod
    def _data_mac(key: Key, body: Octets, made: Mac) -> Told:
        given = _all_octets({s.MK_MAC: key, s.SECTIONS: body})
        takes, gives = scheduled(s.MESSAGE, {}, given, _all_octets({s.AUTHENTICATOR: made}))
        return {**takes, s.SECTIONS.title: len(given[s.SECTIONS])}, gives

    @staticmethod
    def _next_extra_key(previous: Key, index: int, context: int, made: Key) -> Told:
        octets = {
            s.EXTRA_INDEX: bytes((index,)),
            s.EXTRA_CONTEXT: context.to_bytes(4, "big"),
            s.PREVIOUS_EXTRA_KEY: RealSuite.to_bytes(previous),
        }
        return scheduled(s.EXTRA, {}, octets, _all_octets({s.NEXT_EXTRA_KEY: made}))

    # SMP.

    def _learn(self, message: Smp1 | Smp2 | Smp3 | Smp4) -> None:
        """Points of the peer's have the names of the text, which are those of the fields."""
        for field in fields(message):
            if field.type == "Point":
                self.names[as_hex(getattr(message, field.name))] = field.name.capitalize()

    def _named(self, value: Point | Scalar) -> tuple[str, str]:
        """The name and the octets of an exponent or a point of SMP."""
        octets = as_scalar(value) if isinstance(value, int) else as_hex(value)
        return self.names[octets], octets

    def _called(self, formula: str, made: Point) -> Object:
        """The result of a formula, under the name that it has from here on."""
        name = _P[self.compared] if formula == "G3 * r4" else _POINTS.get(formula, formula)
        self.names[as_hex(made)] = name
        gives: Object = {name: as_hex(made)}
        return gives if name == formula else {**gives, "formula": formula}

    def _smp_secret(
        self,
        initiator: Octets,
        responder: Octets,
        ssid: Octets,
        passphrase: Passphrase,
        made: Scalar,
    ) -> Told:
        self.compared = "x" if Do.PUT_SMP_1 in self.effects else "y"
        given = {
            s.INITIATOR: initiator,
            s.RESPONDER: responder,
            s.SESSION_ID: ssid,
            s.USER_SECRET: passphrase,
        }
        octets = _all_octets(given)
        computed = compute(s.SMP_SECRET, {}, octets)
        if computed.numbers[s.COMPARED] != RealSuite.to_int(made):
            message = f"{s.SMP_SECRET.value_id(s.COMPARED)} is not what the suite has"
            raise Disagreement(message)
        self.names[as_scalar(made)] = self.compared
        takes, gives = scheduled(s.SMP_SECRET, {}, octets, {})
        return takes, {**gives, self.compared: as_scalar(made)}

    def _scale(self, point: Point, scalar: Scalar, made: Point) -> Told:
        base, exponent = self._named(point), self._named(scalar)
        left = f"({base[0]})" if " " in base[0] else base[0]
        return dict((base, exponent)), self._called(f"{left} * {exponent[0]}", made)

    def _plus(self, left: Point, right: Point, made: Point) -> Told:
        one, two = self._named(left), self._named(right)
        return dict((one, two)), self._called(f"{one[0]} + {two[0]}", made)

    def _minus(self, left: Point, right: Point, made: Point) -> Told:
        one, two = self._named(left), self._named(right)
        return dict((one, two)), self._called(f"{one[0]} - {two[0]}", made)

    def _blinded(self, *names: str) -> tuple[Object, Object, list[int]]:
        """The scalars that blind a proof: of which octets, and which they are."""
        takes: Object = {}
        gives: Object = {}
        for name, call in zip(names, self.inside, strict=True):
            takes[f"{name} (random)"] = as_hex(call.arguments[0])
            gives[name] = as_scalar(call.result)
        return takes, gives, [call.result for call in self.inside]

    def _prove_exponent(
        self, step: int, exponent: Scalar, _seed: Seed, _draw: int, made: Proof
    ) -> Told:
        of = _PROOF_OF[step]
        takes, gives, (r,) = self._blinded(f"r{of}")
        gives[f"G * r{of}"] = ed448.multiply_base(r).encode().hex()
        gives |= {f"c{of}": as_hex(made.c), f"d{of}": as_hex(made.d)}
        return _proof(step, self._named(exponent)) | takes, gives

    def _prove_coordinates(  # noqa: PLR0913, PLR0917 - as the operation
        self,
        step: int,
        g2: Point,
        g3: Point,
        exponent: Scalar,
        secret: Scalar,
        _seed: Seed,
        _draw: int,
        made: CoordinatesProof,
    ) -> Told:
        takes, gives, (r5, r6) = self._blinded("r5", "r6")
        blinded = ed448.multiply_base(r5) + _point(g2).times_public(r6)
        gives["G3 * r5"] = _point(g3).times_public(r5).encode().hex()
        gives["G * r5 + G2 * r6"] = blinded.encode().hex()
        gives |= {"cp": as_hex(made.c), "d5": as_hex(made.d5), "d6": as_hex(made.d6)}
        about = (self._named(value) for value in (g2, g3, exponent, secret))
        return _proof(step, *about) | takes, gives

    def _prove_equal_exponents(
        self, step: int, base: Point, exponent: Scalar, _seed: Seed, _draw: int, made: Proof
    ) -> Told:
        takes, gives, (r7,) = self._blinded("r7")
        gives["G * r7"] = ed448.multiply_base(r7).encode().hex()
        gives["(Qa - Qb) * r7"] = _point(base).times_public(r7).encode().hex()
        gives |= {"cr": as_hex(made.c), "d7": as_hex(made.d)}
        return _proof(step, self._named(base), self._named(exponent)) | takes, gives


def record(operation: str, takes: Object, gives: Object, about: str = "") -> Object:
    """An operation that was performed, as it is written.

    Args:
        operation: which of `operations.OPERATIONS`.
        takes: what it takes, by name.
        gives: what it gives; beside the values, a `formula` that says it once more.
        about: what is odd about the values.
    """
    formula = gives.get("formula", "")
    values: Object = {name: value for name, value in gives.items() if name != "formula"}
    written: Object = {"operation": operation, "about": about, "formula": formula, "takes": takes}
    return {**{name: value for name, value in written.items() if value}, "gives": values}


def _point(value: Point) -> ed448.Point:
    """A point of our own."""
    return ed448.decode(RealSuite.to_bytes(value))


def _all_octets(values: Mapping[Value, Sort]) -> dict[Value, bytes]:
    """The octets of values."""
    return {value: RealSuite.to_bytes(held) for value, held in values.items()}


def _exchange(
    ecdh: Scalar, their_ecdh: Point, dh: Exponent, their_dh: Element
) -> tuple[dict[Value, int], dict[Value, bytes]]:
    """What an exchange of both kinds is given."""
    numbers = {
        s.OUR_ECDH: RealSuite.to_int(ecdh),
        s.OUR_DH: RealSuite.to_int(dh),
        s.THEIR_DH: RealSuite.to_int(their_dh),
    }
    return numbers, {s.THEIR_ECDH: RealSuite.to_bytes(their_ecdh)}


def _proof(step: int, *about: tuple[str, str]) -> Object:
    """What a proof of SMP is about, and the byte that tells it from others."""
    named: Object = dict(about)
    return {"usageID": f"{step:02x}", **named}


def key_pair(sym_key: bytes, name: str, about: str = "") -> Object:
    """A key pair of its symmetric key; the public key has a name of its own."""
    pair = ed448.keypair(sym_key)
    found = {s.PUBLIC_POINT: pair.public.encode()}
    takes, gives = scheduled(s.KEYPAIR, {}, {s.SYM_KEY: sym_key}, found)
    public = gives.pop(s.PUBLIC_POINT.title)
    gives |= {s.SECRET_SCALAR.title: as_scalar(pair.secret), name: public}
    return record("keypair", takes, gives, about)


def ring_signature(
    keys: ring.Keys,
    secret: int,
    message: bytes,
    randoms: Sequence[tuple[bytes, int]],
    sigma: bytes,
) -> Told:
    """RSig: what it takes, and what is computed, T1 to T3 and c among it.

    Raises:
        Disagreement: if the challenge is not the sum of those in the signature.
    """
    ours = ed448.multiply_base(secret).encode()
    mine = keys.index(ours)
    six = ring.decode_signature(sigma)
    commitments = [
        ed448.combine_public(ed448.BASE, r, ed448.decode(key), c).encode()
        for key, c, r in zip(keys, six[::2], six[1::2], strict=True)
    ]
    c = ring.challenge(keys, commitments, message)
    if c != sum(six[::2]) % ed448.ORDER:
        why = "the challenge of a ring signature is not the sum of its three"
        raise Disagreement(why)
    takes: Object = {f"A{n}": key.hex() for n, key in enumerate(keys, start=1)}
    takes[f"a{mine + 1}"] = as_scalar(secret)
    takes["m"] = message.hex()
    for place, (octets, _) in enumerate(randoms):
        if (place == mine) if place < len(keys) else (place % len(keys) != mine):
            takes[f"{ring.RANDOMS[place]} (random)"] = octets.hex()
    gives: Object = {f"t{mine + 1}": as_scalar(randoms[mine][1] % ed448.ORDER)}
    gives |= {f"T{n}": each.hex() for n, each in enumerate(commitments, start=1)}
    gives["c"] = as_scalar(c)
    gives |= {name: as_scalar(each) for name, each in six._asdict().items()}
    return takes, gives
