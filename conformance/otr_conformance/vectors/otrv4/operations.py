"""What the vectors of OTR version 4 ask, and how the reference answers.

Checks are made in the order of the tables' validities, and each refusal is at the point that the
model's check names.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final, cast

from otr_conformance.vectors.kinds import Operation, Refused
from otr_conformance.vectors.laid import laid_out
from otr_conformance.vectors.taken import Taken
from otr_model.kernel.vocabulary import Point
from otr_model.otrv4 import layouts
from otr_reference import dh3072, ed448
from otr_reference.codec import Codec
from otr_reference.errors import Malformed
from otr_reference.otrv4 import kdf, ring, wire
from otr_reference.otrv4.commands import Receive
from otr_reference.otrv4.endpoint import Endpoint
from otr_reference.otrv4.messages import (
    DataMessage,
    ErrorMessage,
    ExtraKeyUse,
    Fragment,
    MalformedMessage,
    MalformedTlv,
    OtherVersion,
    Padding,
    Plaintext,
    Query,
    Smp1,
    TaggedPlaintext,
    UnknownTlv,
)
from otr_reference.otrv4.notices import ErrorShown
from otr_reference.otrv4.session import Config
from otr_reference.otrv4.suite import CoordinatesProof, PhiSide, Proof, Transcript

from .material import BOB, SUITE, long_term, octets, scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_conformance.vectors.kinds import Value, Values
    from otr_reference.otrv4.messages import ClientProfile, Content, Message, PrekeyProfile

__all__ = ["ERROR", "OPERATIONS", "RINGS", "signed"]

OPERATIONS: Final[dict[str, Operation]] = {}
"""Every operation, by name."""


def _operation(
    name: str, about: str, takes: Mapping[str, str], gives: Mapping[str, str]
) -> Callable[[Callable[[Taken], dict[str, Value]]], Callable[[Taken], dict[str, Value]]]:
    """Enter an operation."""

    def enter(run: Callable[[Taken], dict[str, Value]]) -> Callable[[Taken], dict[str, Value]]:
        def taking(values: Values) -> dict[str, Value]:
            return run(Taken(values))

        OPERATIONS[name] = Operation(name, about, takes, gives, taking)
        return run

    return enter


def _refuse_unless(holds: object, point: Point, field: str = "") -> None:
    """Refuse, unless something holds.

    Raises:
        Refused: it does not.
    """
    if not holds:
        raise Refused(point, field)


# --- Texts ------------------------------------------------------------------------------------


@_operation(
    "read-text",
    "tell what a text is that the network carried, and take it apart",
    {"text": "the text; each character is one octet"},
    {
        "kind": "plaintext, tagged plaintext, query, error, encoded message, fragment, or other "
        "version: of a fragment of version 2 or 3",
        "text": "of a plaintext, without a tag; of an error, what a person reads",
        "versions": "that a query or tag offers",
        "code": "of an error: N of ERROR_N; 0: there is none",
        "binary": "of an encoded message, octets",
        "version": "of a fragment of another version",
        "identifier": "of a fragment",
        "sender": "the instance tag",
        "receiver": "the same",
        "index": "which piece it is",
        "total": "how many there are",
        "piece": "the piece",
    },
)
def _read_text(taken: Taken) -> dict[str, Value]:
    text = taken.text("text").encode("latin-1")
    located = wire.locate(text)
    if located is not None and located.codec.format is layouts.ENVELOPE:
        reading = located.codec.read(text, located.start)
        if reading.fault is not None:
            raise Refused(Point.ENCODING, reading.fault.field)
        return {"kind": "encoded message", "binary": reading.values["binary"]}
    return _described(wire.decode(text))


def _described(message: Message) -> dict[str, Value]:
    """A text that is no encoded message.

    Raises:
        Refused: it is malformed.
    """
    match message:
        case Plaintext():
            return {"kind": "plaintext", "text": _latin(message.text)}
        case TaggedPlaintext():
            found = sorted(message.versions)
            return {"kind": "tagged plaintext", "text": _latin(message.text), "versions": found}
        case Query():
            return {"kind": "query", "versions": sorted(message.versions)}
        case ErrorMessage():
            return {"kind": "error", "code": message.code or 0, "text": _latin(message.text)}
        case OtherVersion():
            return {"kind": "other version", "version": message.version}
        case Fragment(header=header):
            return {
                "kind": "fragment",
                "identifier": message.identifier,
                "sender": header.sender,
                "receiver": header.receiver,
                "index": message.index,
                "total": message.total,
                "piece": _latin(message.piece),
            }
        case MalformedMessage():
            raise Refused(Point.ENCODING, message.field)
        case _:
            raise TypeError(type(message).__name__)


def _latin(text: object) -> str:
    """A text whose characters are its octets."""
    return cast("bytes", text).decode("latin-1")


# --- Encoded messages and profiles ------------------------------------------------------------


@_operation(
    "read-message",
    "take an encoded message apart, which was decoded from base-64",
    {"message": "the binary form"},
    {"message": "which one it is", "FIELD": "each field by its title; profiles in octets"},
)
def _read_message(taken: Taken) -> dict[str, Value]:
    binary = taken.octets("message")
    fault = _decoded(binary)
    codec = wire.message_codec(binary)
    if codec is None:
        raise Refused(Point.ENCODING, fault.field if fault else "Message type")
    return {"message": codec.layout.title, **laid_out(codec, binary)}


def _decoded(binary: bytes) -> MalformedMessage | None:
    """Refuse other versions; what is wrong with the encoding, if anything."""
    message = wire.decode(layouts.ENVELOPE.prefix + b64encode(binary) + b".")
    if isinstance(message, OtherVersion):
        raise Refused(Point.VERSION, "Protocol version")
    return message if isinstance(message, MalformedMessage) else None


@_operation(
    "take-in",
    "tell whether an encoded message is for this client",
    {"message": "the binary form", "our tag": "this client's instance tag"},
    {},
)
def _take_in(taken: Taken) -> dict[str, Value]:
    _for_us(taken.octets("message"), taken.number("our tag"))
    return {}


def _for_us(binary: bytes, ours: int) -> None:
    """Section "Instance Tags"."""
    values = wire.header_codec().read(binary).values
    sender, receiver = (int(values.get(n, 0)) for n in ("sender", "receiver"))
    _refuse_unless(sender >= layouts.SMALLEST_TAG, Point.INSTANCE, "Sender's instance tag")
    identity = next(kind for kind, each in layouts.ENCODED.items() if each is layouts.IDENTITY)
    any_of_us = receiver == 0 and values["type"] == identity
    _refuse_unless(receiver == ours or any_of_us, Point.INSTANCE, "Receiver's instance tag")


@_operation(
    "read-client-profile",
    "take a client profile apart",
    {"profile": "CLIENT-PROF"},
    {
        "owner": "instance tag",
        "public key": "H",
        "forging key": "F",
        "versions": "those of one digit, in order",
        "expiration": "seconds since the start of 1970",
        "DSA key": "of version 3; only where it is there",
        "signed": "what the signature is over",
        "fingerprint": "of both keys",
    },
)
def _read_client_profile(taken: Taken) -> dict[str, Value]:
    profile = _client_profile(taken.octets("profile"))
    found: dict[str, Value] = {
        "owner": profile.owner_tag,
        "public key": SUITE.to_bytes(profile.public_key),
        "forging key": SUITE.to_bytes(profile.forging_key),
        "versions": sorted(profile.versions),
        "expiration": profile.expiration,
        "signed": SUITE.to_bytes(profile.body),
        "fingerprint": SUITE.to_bytes(SUITE.fingerprint(profile)),
    }
    if profile.dsa_key is not None:
        found["DSA key"] = SUITE.to_bytes(profile.dsa_key)
    return found


@_operation(
    "profile-field",
    "take one field of a client profile apart",
    {"record": "the field, with its type"},
    {"FIELD": "each part by its title"},
)
def _profile_field(taken: Taken) -> dict[str, Value]:
    field = taken.octets("record")
    option = layouts.PROFILE_FIELDS.get(int.from_bytes(field[:2], "big"))
    _refuse_unless(option and len(field) > 1, Point.ENCODING, "Field type")
    return laid_out(Codec(cast("Any", option).layout), field)


def _client_profile(value: bytes) -> ClientProfile:
    try:
        return wire.decode_client_profile(value)
    except Malformed as fault:
        raise Refused(Point.ENCODING, fault.field) from fault


def _prekey_profile(value: bytes) -> PrekeyProfile:
    try:
        return wire.decode_prekey_profile(value)
    except Malformed as fault:
        raise Refused(Point.ENCODING, fault.field) from fault


@_operation(
    "read-prekey-profile",
    "take a prekey profile apart",
    {"profile": "PREKEY-PROF"},
    {"owner": "instance tag", "expiration": "seconds", "shared prekey": "D", "signed": ""},
)
def _read_prekey_profile(taken: Taken) -> dict[str, Value]:
    profile = _prekey_profile(taken.octets("profile"))
    return {
        "owner": profile.owner_tag,
        "expiration": profile.expiration,
        "shared prekey": SUITE.to_bytes(profile.shared_prekey),
        "signed": SUITE.to_bytes(profile.body),
    }


@_operation(
    "check-client-profile",
    "validate a client profile that came with a message",
    {"profile": "CLIENT-PROF", "sender": "the sender's instance tag", "now": "seconds"},
    {},
)
def _check_client_profile(taken: Taken) -> dict[str, Value]:
    profile = _client_profile(taken.octets("profile"))
    _validate(profile, taken.number("sender"), taken.number("now"))
    return {}


def _validate(profile: ClientProfile, sender: int, now: int) -> None:
    """Section "Validating a Client Profile"."""
    _refuse_unless(SUITE.profile_signed(profile), Point.SIGNATURE, "Client Profile Signature")
    _refuse_unless(profile.owner_tag == sender, Point.INSTANCE, "Instance tag")
    _refuse_unless(now < profile.expiration, Point.EXPIRATION, "Expiration")
    _refuse_unless(4 in profile.versions, Point.VERSION, "Version string")  # noqa: PLR2004 - the version
    _refuse_unless(SUITE.in_group(profile.public_key), Point.RANGE, "Public key")
    _refuse_unless(SUITE.in_group(profile.forging_key), Point.RANGE, "Forging key")
    if profile.dsa_key is not None:
        _refuse_unless(SUITE.transition_signed(profile), Point.SIGNATURE, "DSA signature")


@_operation(
    "check-ensemble",
    "validate a prekey ensemble",
    {
        "client profile": "CLIENT-PROF",
        "prekey profile": "PREKEY-PROF",
        "prekey message": "the binary form",
        "now": "seconds",
    },
    {},
)
def _check_ensemble(taken: Taken) -> dict[str, Value]:
    client = _client_profile(taken.octets("client profile"))
    prekey = _prekey_profile(taken.octets("prekey profile"))
    try:
        message = wire.decode_prekey_message(taken.octets("prekey message"))
    except Malformed as fault:
        raise Refused(Point.ENCODING, fault.field) from fault
    now, owner = taken.number("now"), message.owner_tag
    same = client.owner_tag == prekey.owner_tag == owner >= layouts.SMALLEST_TAG
    _refuse_unless(same, Point.INSTANCE, "Instance tag")
    _validate(client, owner, now)
    good = SUITE.prekey_profile_signed(client, prekey)
    _refuse_unless(good, Point.SIGNATURE, "Prekey Profile Signature")
    _refuse_unless(now < prekey.expiration, Point.EXPIRATION, "Prekey Profile Expiration")
    _refuse_unless(SUITE.in_group(prekey.shared_prekey), Point.RANGE, "Public Shared Prekey")
    _refuse_unless(SUITE.in_group(message.y), Point.RANGE, "Y")
    _refuse_unless(SUITE.in_dh_group(message.b), Point.RANGE, "B")
    return {}


# --- Curve and groups -------------------------------------------------------------------------


@_operation(
    "check-point",
    "check a point that was received",
    {"point": "POINT"},
    {},
)
def _check_point(taken: Taken) -> dict[str, Value]:
    _refuse_unless(SUITE.in_group(SUITE.point(taken.octets("point"))), Point.RANGE, "POINT")
    return {}


@_operation(
    "read-scalar",
    "read a scalar, modulo q",
    {"scalar": "SCALAR"},
    {"value": "57 octets, reduced"},
)
def _read_scalar(taken: Taken) -> dict[str, Value]:
    try:
        value = ed448.decode_scalar(taken.octets("scalar"))
    except Malformed as fault:
        raise Refused(Point.ENCODING, "SCALAR") from fault
    return {"value": scalar(value)}


@_operation(
    "check-dh-key",
    "check a DH key that was received",
    {"public": "the number"},
    {},
)
def _check_dh_key(taken: Taken) -> dict[str, Value]:
    _refuse_unless(SUITE.in_dh_group(SUITE.element(taken.big("public"))), Point.RANGE, "DH key")
    return {}


@_operation(
    "key-pair",
    "make a key pair of a symmetric key",
    {"sym_key": "57 octets"},
    {"secret": "the pruned scalar, not reduced", "public": "POINT"},
)
def _key_pair(taken: Taken) -> dict[str, Value]:
    pair = ed448.keypair(taken.octets("sym_key"))
    return {"secret": scalar(pair.secret), "public": pair.public.encode()}


@_operation(
    "shared-secrets",
    "compute K_ecdh, the brace key, K and the SSID of key exchanges",
    {
        "ecdh secret": "our scalar, not reduced",
        "ecdh public": "their POINT",
        "dh secret": "our exponent",
        "dh public": "their DH key",
    },
    {
        "K_ecdh": "POINT",
        "k_dh": "384 octets",
        "brace key": "from k_dh",
        "K": "the mixed shared secret",
        "SSID": "8 octets",
        "root key": "the first one, of an interactive DAKE",
    },
)
def _shared_secrets(taken: Taken) -> dict[str, Value]:
    secret, point = taken.little("ecdh secret"), SUITE.point(taken.octets("ecdh public"))
    exponent, public = taken.big("dh secret"), SUITE.element(taken.big("dh public"))
    mixed = SUITE.mixed(SUITE.scalar(secret), point, SUITE.exponent(exponent), public)
    k_dh = dh3072.dh(exponent, SUITE.to_int(public))
    return {
        "K_ecdh": SUITE.to_bytes(SUITE.scale(point, SUITE.scalar(secret))),
        "k_dh": dh3072.encode_k_dh(k_dh, fixed=True),
        "brace key": SUITE.to_bytes(mixed.brace),
        "K": SUITE.to_bytes(mixed.k),
        "SSID": SUITE.to_bytes(mixed.ssid),
        "root key": SUITE.to_bytes(SUITE.first_root(mixed.k)),
    }


@_operation(
    "verify",
    "verify an Ed448 signature, without a context",
    {"public": "POINT", "message": "octets", "signature": "114 octets"},
    {},
)
def _verify(taken: Taken) -> dict[str, Value]:
    good = ed448.verify(taken.octets("public"), taken.octets("message"), taken.octets("signature"))
    _refuse_unless(good, Point.SIGNATURE)
    return {}


# --- Keys -------------------------------------------------------------------------------------


@_operation(
    "kdf",
    "SHAKE-256 under a usage",
    {"usage": "the usage id", "values": "one behind the other", "size": "of the output, in octets"},
    {"output": "octets"},
)
def _kdf(taken: Taken) -> dict[str, Value]:
    return {
        "output": kdf.under_byte(
            taken.number("usage"), taken.octets("values"), size=taken.number("size")
        )
    }


@_operation(
    "ratchet",
    "compute the keys of a DH ratchet",
    {
        "root key": "the one before",
        "ecdh secret": "our scalar",
        "ecdh public": "their POINT",
        "brace key": "the one before; of every third ratchet not there",
        "dh secret": "our exponent; of every third ratchet alone",
        "dh public": "their DH key; the same",
    },
    {"brace key": "the new one", "root key": "the new one", "chain key": "the first one"},
)
def _ratchet(taken: Taken) -> dict[str, Value]:
    if taken.has("brace key"):
        brace = SUITE.next_brace_key(cast("Any", taken.octets("brace key")))
    else:
        public = SUITE.element(taken.big("dh public"))
        brace = SUITE.third_brace_key(SUITE.exponent(taken.big("dh secret")), public)
    made = SUITE.ratchet(
        cast("Any", taken.octets("root key")),
        SUITE.scalar(taken.little("ecdh secret")),
        SUITE.point(taken.octets("ecdh public")),
        brace,
    )
    return {
        "brace key": SUITE.to_bytes(brace),
        "root key": SUITE.to_bytes(made.root),
        "chain key": SUITE.to_bytes(made.chain),
    }


@_operation(
    "message-keys",
    "compute the keys of a data message, and the next chain key",
    {"chain key": "64 octets"},
    {"MKenc": "", "MKmac": "", "extra symmetric key": "", "next chain key": ""},
)
def _message_keys(taken: Taken) -> dict[str, Value]:
    chain = cast("Any", taken.octets("chain key"))
    keys = SUITE.message_keys(chain)
    return {
        "MKenc": SUITE.to_bytes(keys.encryption),
        "MKmac": SUITE.to_bytes(keys.mac),
        "extra symmetric key": SUITE.to_bytes(keys.extra),
        "next chain key": SUITE.to_bytes(SUITE.next_chain_key(chain)),
    }


@_operation(
    "extra-key",
    "compute a further extra symmetric key",
    {"previous": "the one before", "index": "of the TLV, from 0", "context": "of the TLV"},
    {"key": "64 octets"},
)
def _extra_key(taken: Taken) -> dict[str, Value]:
    previous = cast("Any", taken.octets("previous"))
    made = SUITE.next_extra_key(previous, taken.number("index"), taken.number("context"))
    return {"key": SUITE.to_bytes(made)}


@_operation(
    "offline-secrets",
    "compute the keys of a non-interactive DAKE, as who answers an ensemble",
    {
        "x": "our scalar",
        "a": "our exponent",
        "Y": "of the prekey message",
        "B": "the same",
        "shared prekey": "D_b",
        "their key": "H_b",
    },
    {"K": "", "brace key": "", "SSID": "", "auth_mac_k": "", "root key": "", "chain key": ""},
)
def _offline(taken: Taken) -> dict[str, Value]:
    points = (SUITE.point(taken.octets(name)) for name in ("Y", "shared prekey", "their key"))
    y, shared, key = points
    made = SUITE.mixed_by_retriever(
        SUITE.scalar(taken.little("x")),
        SUITE.exponent(taken.big("a")),
        y,
        SUITE.element(taken.big("B")),
        shared,
        key,
    )
    first = SUITE.offline_chain(made.mixed.k)
    return {
        "K": SUITE.to_bytes(made.mixed.k),
        "brace key": SUITE.to_bytes(made.mixed.brace),
        "SSID": SUITE.to_bytes(made.mixed.ssid),
        "auth_mac_k": SUITE.to_bytes(made.mac_key),
        "root key": SUITE.to_bytes(first.root),
        "chain key": SUITE.to_bytes(first.chain),
    }


# --- DAKEs ------------------------------------------------------------------------------------

_PHI: Final = {
    "bob tag": "instance tag",
    "alice tag": "instance tag",
    "bob ecdh first": "POINT; not in a non-interactive DAKE",
    "bob dh first": "DH key; the same",
    "alice ecdh first": "POINT",
    "alice dh first": "DH key",
    "bob name": "what the application adds in phi'",
    "alice name": "the same",
}
_TRANSCRIPT: Final = {
    "bob profile": "CLIENT-PROF",
    "alice profile": "CLIENT-PROF",
    "Y": "Bob's ephemeral ECDH key",
    "X": "Alice's ephemeral ECDH key",
    "B": "Bob's ephemeral DH key",
    "A": "Alice's ephemeral DH key",
}


def _phi(taken: Taken) -> bytes:
    """Phi of both sides."""
    sides = []
    for who in ("bob", "alice"):
        keyed = taken.has(f"{who} ecdh first")
        sides.append(
            PhiSide(
                taken.number(f"{who} tag"),
                SUITE.point(taken.octets(f"{who} ecdh first")) if keyed else None,
                SUITE.element(taken.big(f"{who} dh first")) if keyed else None,
                SUITE.octets(taken.octets(f"{who} name")),
            )
        )
    return SUITE.to_bytes(SUITE.phi(sides[0], sides[1]))


@_operation("phi", "write the shared session state", _PHI, {"phi": "octets"})
def _write_phi(taken: Taken) -> dict[str, Value]:
    return {"phi": _phi(taken)}


def _transcript(taken: Taken) -> Transcript:
    return Transcript(
        _client_profile(taken.octets("bob profile")),
        _client_profile(taken.octets("alice profile")),
        SUITE.point(taken.octets("Y")),
        SUITE.point(taken.octets("X")),
        SUITE.element(taken.big("B")),
        SUITE.element(taken.big("A")),
        SUITE.octets(_phi(taken)),
    )


def signed(message: str, taken: Taken) -> bytes:
    """What is signed in a message of a DAKE."""
    transcript = _transcript(taken)
    if message == "auth-r":
        return SUITE.to_bytes(SUITE.auth_r_bound(transcript))
    if message == "auth-i":
        return SUITE.to_bytes(SUITE.auth_i_bound(transcript))
    shared = SUITE.point(taken.octets("shared prekey"))
    return SUITE.to_bytes(SUITE.non_interactive_bound(transcript, shared))


def _verified(keys: tuple[bytes, bytes, bytes], sigma: bytes, t: bytes) -> None:
    """Refuse a ring signature that does not verify."""
    try:
        ring.decode_signature(sigma)
    except Malformed as fault:
        raise Refused(Point.ENCODING, "sigma") from fault
    good = SUITE.ring_verified(cast("Any", keys), cast("Any", sigma), SUITE.octets(t))
    _refuse_unless(good, Point.SIGNATURE, "sigma")


@_operation(
    "verify-ring",
    "verify a ring signature",
    {"A1": "POINT", "A2": "POINT", "A3": "POINT", "m": "what is signed", "sigma": "RING-SIG"},
    {},
)
def _verify_ring(taken: Taken) -> dict[str, Value]:
    keys = taken.octets("A1"), taken.octets("A2"), taken.octets("A3")
    for name, key in zip(("A1", "A2", "A3"), keys, strict=True):
        _refuse_unless(SUITE.in_group(SUITE.point(key)), Point.RANGE, name)
    _verified(keys, taken.octets("sigma"), taken.octets("m"))
    return {}


@_operation(
    "accept-dake",
    "check the profile and the keys of a message of a DAKE, before who sent it is asked",
    {
        "message": "the binary form",
        "our tag": "this client's instance tag",
        "now": "seconds",
        "prekeys": "identifiers of our prekey messages that were never used",
    },
    {"ecdh": "the ephemeral ECDH key", "dh": "the ephemeral DH key"},
)
def _accept_dake(taken: Taken) -> dict[str, Value]:
    binary = taken.octets("message")
    found = _read_message(taken)
    _for_us(binary, taken.number("our tag"))
    names = ("Y", "B") if "Y" in found else ("X", "A")
    profile = _client_profile(cast("bytes", found["Sender's Client Profile"]))
    sender, now = cast("int", found["Sender's instance tag"]), taken.number("now")
    identifier = found.get("Prekey Message Identifier")
    if identifier is None:
        _validate(profile, sender, now)
    for title, valid in (
        (names[0], SUITE.in_group),
        (names[1], _is_member),
        ("our_ecdh_first.public", SUITE.in_group),
        ("our_dh_first.public", _is_member),
    ):
        _refuse_unless(valid(cast("Any", found[title])), Point.RANGE, title)
    if identifier is not None:
        _validate(profile, sender, now)
        known = cast("int", identifier) in taken.numbers("prekeys")
        _refuse_unless(known, Point.KEY_ID, "Prekey Message Identifier")
    return {"ecdh": found[names[0]], "dh": found[names[1]]}


def _is_member(value: bytes) -> bool:
    """Whether octets are a DH key."""
    return SUITE.in_dh_group(SUITE.element(int.from_bytes(value, "big")))


RINGS: Final = {
    "auth-r": ("bob forging", "alice public", "Y"),
    "auth-i": ("bob public", "alice forging", "X"),
    "non-interactive-auth": ("bob forging", "alice public", "Y"),
}
"""For each message of a DAKE, the keys of its ring: of a profile, or ephemeral."""


def _ring(message: str, taken: Taken) -> tuple[bytes, bytes, bytes]:
    """The keys of a message's ring."""
    profiles = {who: _client_profile(taken.octets(f"{who} profile")) for who in ("bob", "alice")}
    found = []
    for key in RINGS[message]:
        who, _, which = key.partition(" ")
        if which:
            keys = profiles[who]
            found.append(SUITE.to_bytes(keys.public_key if which == "public" else keys.forging_key))
        else:
            found.append(taken.octets(key))
    one, two, three = found
    return one, two, three


def _dake(message: str, about: str, extra: dict[str, str], gives: dict[str, str]) -> None:
    """Enter the check of a message of a DAKE."""

    @_operation(
        message, about, {**_TRANSCRIPT, **_PHI, **extra, "sigma": "RING-SIG"}, {"t": "", **gives}
    )
    def check(taken: Taken) -> dict[str, Value]:
        t = signed(message, taken)
        _verified(_ring(message, taken), taken.octets("sigma"), t)
        if taken.has("auth_mac_k"):
            key = cast("Any", taken.octets("auth_mac_k"))
            mac = SUITE.to_bytes(SUITE.auth_mac(key, SUITE.octets(t)))
            _refuse_unless(mac == taken.octets("Auth MAC"), Point.MAC, "Auth MAC")
        return {"t": t}


_dake("auth-r", "check who sent an Auth-R Message: Alice", {}, {})
_dake("auth-i", "check who sent an Auth-I Message: Bob", {}, {})
_dake(
    "non-interactive-auth",
    "check who sent a Non-Interactive-Auth Message: Alice",
    {"shared prekey": "D_b", "auth_mac_k": "the MAC's key", "Auth MAC": "64 octets"},
    {},
)


# --- Data messages ----------------------------------------------------------------------------


@_operation(
    "read-content",
    "take apart what a data message says, once it is decrypted",
    {"content": "the plaintext"},
    {
        "text": "the human-readable part, in octets",
        "tlvs": "each with its type, and its fields by their titles",
    },
)
def _read_content(taken: Taken) -> dict[str, Value]:
    return _content(wire.decode_content(taken.octets("content")))


@_operation(
    "tlv-value",
    "take the value of a TLV apart",
    {"type": "of the TLV", "value": "without its length"},
    {"FIELD": "each field by its title"},
)
def _tlv_value(taken: Taken) -> dict[str, Value]:
    return laid_out(Codec(layouts.TLVS[taken.number("type")]), taken.octets("value"))


def _content(content: Content) -> dict[str, Value]:
    """A text and its TLVs.

    Raises:
        Refused: one of the TLVs is malformed.
    """
    for tlv in content.tlvs:
        if isinstance(tlv, MalformedTlv):
            raise Refused(Point.ENCODING, tlv.field)
    return {"text": SUITE.to_bytes(content.text), "tlvs": [*map(_tlv, content.tlvs)]}


_KINDS: Final = {
    0: "Padding",
    1: "Disconnected",
    2: "Smp1",
    3: "Smp2",
    4: "Smp3",
    5: "Smp4",
    6: "SmpAbort",
    7: "ExtraKeyUse",
}


def _tlv(tlv: object) -> dict[str, Value]:
    """A TLV: its type, and what it holds."""
    kind = next((k for k, record in _KINDS.items() if type(tlv).__name__ == record), -1)
    if isinstance(tlv, UnknownTlv):
        return {"type": tlv.kind, "Value": SUITE.to_bytes(tlv.value)}
    if isinstance(tlv, Padding):
        return {"type": kind, "size": tlv.size}
    if isinstance(tlv, ExtraKeyUse):
        return {"type": kind, "Use": tlv.use, "Use-specific data": SUITE.to_bytes(tlv.data)}
    found: dict[str, Value] = {"type": kind}
    for field in layouts.TLVS[kind].fields:
        held = getattr(tlv, field.name, None)
        if isinstance(tlv, Smp1) and field.name == "question":
            found[field.title] = SUITE.to_bytes(held) if held is not None else b""
        elif held is not None:
            found[field.title] = held
    return found


@_operation(
    "open-data",
    "verify and decrypt a data message with the chain key that it belongs to",
    {"message": "the binary form", "our tag": "this client's instance tag", "chain key": ""},
    {
        "text": "the human-readable part, in octets",
        "tlvs": "as in read-content",
        "ignore unreadable": "whether the flag is set",
        "MKmac": "which is revealed later",
        "old MAC keys": "64 octets each",
    },
)
def _open_data(taken: Taken) -> dict[str, Value]:
    binary = taken.octets("message")
    fault = _decoded(binary)
    if fault is None or fault.header is not None:
        _for_us(binary, taken.number("our tag"))
    message = wire.decode(layouts.ENVELOPE.prefix + b64encode(binary) + b".")
    if not isinstance(message, DataMessage):
        raise Refused(Point.ENCODING, getattr(message, "field", "Message type"))
    fields = message.fields
    _refuse_unless(SUITE.in_group(fields.ecdh), Point.RANGE, "Public ECDH Key")
    due = fields.ratchet_id % 3 == 0
    _refuse_unless(due == (fields.dh is not None), Point.ENCODING, "Public DH Key")
    if fields.dh is not None:
        _refuse_unless(SUITE.in_dh_group(fields.dh), Point.RANGE, "Public DH Key")
    keys = SUITE.message_keys(cast("Any", taken.octets("chain key")))
    mac = SUITE.to_bytes(SUITE.data_mac(keys.mac, SUITE.data_body(fields)))
    _refuse_unless(mac == SUITE.to_bytes(message.authenticator), Point.MAC, "Authenticator")
    return {
        **_content(SUITE.open(keys.encryption, fields.encrypted)),
        "ignore unreadable": bool(fields.flags & 1),
        "MKmac": SUITE.to_bytes(keys.mac),
        "old MAC keys": b"".join(map(SUITE.to_bytes, message.old_mac_keys)),
    }


# --- SMP --------------------------------------------------------------------------------------


@_operation(
    "smp-secret",
    "compute x or y, which SMP compares",
    {
        "initiator": "fingerprint of who began",
        "responder": "fingerprint of who did not",
        "ssid": "the secure session id",
        "secret": "what the user typed, in octets",
    },
    {"x": "57 octets, the least significant first, pruned"},
)
def _smp_secret(taken: Taken) -> dict[str, Value]:
    names = ("initiator", "responder", "ssid")
    initiator, responder, ssid = (SUITE.octets(taken.octets(name)) for name in names)
    typed = SUITE.passphrase(taken.octets("secret"))
    x = SUITE.smp_secret(initiator, responder, ssid, typed)
    return {"x": scalar(SUITE.to_int(x))}


def _smp(taken: Taken, kind: int, points: tuple[str, ...]) -> dict[str, Any]:
    """Read an SMP message, and check its points."""
    codec = Codec(layouts.TLVS[kind])
    found = laid_out(codec, taken.octets("value"))
    for title in points:
        good = SUITE.in_group(SUITE.point(cast("bytes", found[title])))
        _refuse_unless(good, Point.RANGE, title)
    return found


def _exponent_proved(step: int, found: dict[str, Any], power: str, c: str, d: str) -> None:
    good = SUITE.exponent_proved(step, found[power], Proof(found[c], found[d]))
    _refuse_unless(good, Point.PROOF, c)


@_operation("smp-1", "check SMP message 1", {"value": "of the TLV"}, {"Question": "or nothing"})
def _smp_1(taken: Taken) -> dict[str, Value]:
    found = _smp(taken, 2, ("G2a", "G3a"))
    _exponent_proved(1, found, "G2a", "c2", "d2")
    _exponent_proved(2, found, "G3a", "c3", "d3")
    return {"Question": found["Question"]}


@_operation(
    "smp-2",
    "check SMP message 2",
    {"value": "of the TLV", "a2": "the scalar of G2a", "a3": "the scalar of G3a"},
    {"G2": "the shared generator", "G3": "the same"},
)
def _smp_2(taken: Taken) -> dict[str, Value]:
    found = _smp(taken, 3, ("G2b", "G3b", "Pb", "Qb"))
    _exponent_proved(3, found, "G2b", "c2", "d2")
    _exponent_proved(4, found, "G3b", "c3", "d3")
    g2 = SUITE.scale(found["G2b"], SUITE.scalar(taken.little("a2")))
    g3 = SUITE.scale(found["G3b"], SUITE.scalar(taken.little("a3")))
    proof = CoordinatesProof(found["cp"], found["d5"], found["d6"])
    good = SUITE.coordinates_proved(5, g2, g3, found["Pb"], found["Qb"], proof)
    _refuse_unless(good, Point.PROOF, "cp")
    return {"G2": SUITE.to_bytes(g2), "G3": SUITE.to_bytes(g3)}


@_operation(
    "smp-3",
    "check SMP message 3, and compare",
    {
        "value": "of the TLV",
        "b3": "the scalar of G3b",
        **{name: name for name in ("G3a", "G2", "G3", "Pb", "Qb")},
    },
    {"Rab": "Ra times b3", "equal": "whether it is Pa - Pb: the secrets are equal"},
)
def _smp_3(taken: Taken) -> dict[str, Value]:
    found = _smp(taken, 4, ("Pa", "Qa", "Ra"))
    g3a, g2, g3, pb, qb = (
        SUITE.point(taken.octets(name)) for name in ("G3a", "G2", "G3", "Pb", "Qb")
    )
    proof = CoordinatesProof(found["cp"], found["d5"], found["d6"])
    good = SUITE.coordinates_proved(6, g2, g3, found["Pa"], found["Qa"], proof)
    _refuse_unless(good, Point.PROOF, "cp")
    base = SUITE.minus(found["Qa"], qb)
    proved = Proof(found["cr"], found["d7"])
    good = SUITE.equal_exponents_proved(7, base, g3a, found["Ra"], proved)
    _refuse_unless(good, Point.PROOF, "cr")
    rab = SUITE.scale(found["Ra"], SUITE.scalar(taken.little("b3")))
    return {"Rab": SUITE.to_bytes(rab), "equal": SUITE.same(rab, SUITE.minus(found["Pa"], pb))}


@_operation(
    "smp-4",
    "check SMP message 4, and compare",
    {
        "value": "of the TLV",
        "a3": "the scalar of G3a",
        **{name: name for name in ("G3b", "Pa", "Qa", "Pb", "Qb")},
    },
    {"Rab": "Rb times a3", "equal": "whether it is Pa - Pb: the secrets are equal"},
)
def _smp_4(taken: Taken) -> dict[str, Value]:
    found = _smp(taken, 5, ("Rb",))
    g3b, pa, qa, pb, qb = (
        SUITE.point(taken.octets(name)) for name in ("G3b", "Pa", "Qa", "Pb", "Qb")
    )
    proof = Proof(found["cr"], found["d7"])
    good = SUITE.equal_exponents_proved(8, SUITE.minus(qa, qb), g3b, found["Rb"], proof)
    _refuse_unless(good, Point.PROOF, "cr")
    rab = SUITE.scale(found["Rb"], SUITE.scalar(taken.little("a3")))
    return {"Rab": SUITE.to_bytes(rab), "equal": SUITE.same(rab, SUITE.minus(pa, pb))}


# --- Fragments --------------------------------------------------------------------------------


ERROR: Final = "?OTR Error: ERROR_1: "
"""What every message begins with that is assembled."""


@_operation(
    "assemble",
    "put fragments together; the assembled texts are OTR Error Messages, which any client shows",
    {"our tag": "this client's instance tag", "texts": "what arrives, in order"},
    {"assembled": "after each of them, what was put together; empty: nothing"},
)
def _assemble(taken: Taken) -> dict[str, Value]:
    seed = SUITE.seed(octets("assemble", 32))
    tag = taken.number("our tag")
    keys = long_term(BOB)
    profile = SUITE.client_profile(keys, tag, frozenset({4}), 2_000_000_000, seed)
    endpoint = Endpoint(SUITE, Config(keys, (profile,), seed, tag))
    conversation, found = endpoint.begin(), []
    for text in taken.texts("texts"):
        stepped = endpoint.step(conversation, Receive(SUITE.wire(text.encode("latin-1"))))
        conversation = stepped.conversation
        shown = [o for o in stepped.outputs if isinstance(o, ErrorShown)]
        whole = [f"{ERROR}{_latin(each.text)}" for each in shown]
        found.append(whole[0] if whole and text.startswith("?OTR|") else "")
    return {"assembled": found}
