"""Data types, TLVs, profiles, messages, ensembles, encoded messages and fragments.

Points stay encoded (57 octets), scalars stay encoded inside a RING-SIG, DH keys are integers.
"""

import base64
import binascii
import re
from typing import NamedTuple

import second_ed448
from second_ed448 import SIGNATURE_SIZE, SIZE, Invalid, require

DH_P = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD1"
    "29024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245"
    "E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3D"
    "C2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D"
    "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9"
    "DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64"
    "ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6B"
    "F12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB31"
    "43DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
DH_Q = (DH_P - 1) // 2
DH_G = 2
DH_SIZE = 384

VERSION = 4
TYPE_IDENTITY = 0x35
TYPE_AUTH_R = 0x36
TYPE_AUTH_I = 0x37
TYPE_NON_INTERACTIVE_AUTH = 0x0D
TYPE_PREKEY = 0x0F
TYPE_DATA = 0x03

PUBKEY_TYPE = 0x0010
SHARED_PREKEY_TYPE = 0x0011
FORGING_KEY_TYPE = 0x0012
SMALLEST_TAG = 0x00000100
IGNORE_UNREADABLE = 0x01

FIELD_TAG = 1
FIELD_PUBLIC_KEY = 2
FIELD_FORGING_KEY = 3
FIELD_VERSIONS = 4
FIELD_EXPIRATION = 5
FIELD_DSA_KEY = 6
FIELD_TRANSITIONAL = 7
REQUIRED_FIELDS = 5

TLV_PADDING = 0
TLV_DISCONNECTED = 1
TLV_EXTRA_SYMMETRIC_KEY = 7


class DhPair(NamedTuple):
    """A DH secret exponent and its public value ("Generating ECDH and DH keys")."""

    secret: int
    public: int


def generate_dh(secret: int) -> DhPair:
    """The DH pair of a secret exponent (generateDH)."""
    return DhPair(secret, pow(DH_G, secret, DH_P))


def is_valid_dh(value: int) -> bool:
    """Check a DH public value: "Verifying that an integer is in the DH group"."""
    return DH_G <= value <= DH_P - DH_G and pow(value, DH_Q, DH_P) == 1


def dh(secret: int, public: int) -> bytes:
    """Compute k_dh, 384 octets big-endian ("Generating Shared Secrets", "Shared Secrets")."""
    return pow(public, secret, DH_P).to_bytes(DH_SIZE, "big")


# --- "Data Types" ---------------------------------------------------------------------------


def encode_byte(value: int) -> bytes:
    """Encode a BYTE."""
    return value.to_bytes(1, "big")


def encode_short(value: int) -> bytes:
    """Encode a SHORT."""
    return value.to_bytes(2, "big")


def encode_int(value: int) -> bytes:
    """Encode an INT."""
    return value.to_bytes(4, "big")


def encode_mpi(value: int) -> bytes:
    """Encode an MPI, without leading zero octets."""
    return encode_data(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def encode_data(value: bytes) -> bytes:
    """Encode DATA."""
    return encode_int(len(value)) + value


class Reader:
    """Takes values off the front of a string of octets ("Data Types")."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        """Take so many octets."""
        require(self.at + size <= len(self.data), "the message is too short")
        self.at += size
        return self.data[self.at - size : self.at]

    def byte(self) -> int:
        """Take a BYTE."""
        return int.from_bytes(self.take(1), "big")

    def short(self) -> int:
        """Take a SHORT."""
        return int.from_bytes(self.take(2), "big")

    def integer(self) -> int:
        """Take an INT."""
        return int.from_bytes(self.take(4), "big")

    def var(self) -> bytes:
        """Take DATA."""
        return self.take(self.integer())

    def mpi(self) -> int:
        """Take an MPI, which has no leading zero octet."""
        value = self.var()
        require(not value or value[0] != 0, "an MPI has the minimum length")
        return int.from_bytes(value, "big")

    def end(self) -> None:
        """Require that nothing is left."""
        require(self.at == len(self.data), "octets follow the message")


def encode_public_key(point: bytes) -> bytes:
    """Encode an ED448-PUBKEY; its type is little-endian."""
    return PUBKEY_TYPE.to_bytes(2, "little") + point


def encode_shared_prekey(point: bytes) -> bytes:
    """Encode an ED448-SHARED-PREKEY; its type is little-endian."""
    return SHARED_PREKEY_TYPE.to_bytes(2, "little") + point


def encode_forging_key(point: bytes) -> bytes:
    """Encode an ED448-FORGING-KEY; its type is little-endian."""
    return FORGING_KEY_TYPE.to_bytes(2, "little") + point


def _take_key(reader: Reader, expected: int) -> bytes:
    """Take a typed Ed448 key, return its POINT."""
    kind = int.from_bytes(reader.take(2), "little")
    require(kind == expected, "the key has another type")
    return reader.take(SIZE)


# --- "TLV Record Types", "Data Message" -------------------------------------------------------


class Tlv(NamedTuple):
    """A TLV record."""

    type: int
    value: bytes


def encode_tlv(tlv: Tlv) -> bytes:
    """Encode one TLV record."""
    return encode_short(tlv.type) + encode_short(len(tlv.value)) + tlv.value


def decode_tlvs(data: bytes) -> tuple[Tlv, ...]:
    """Decode TLV records; an incomplete last one is left out, unknown types are kept."""
    reader = Reader(data)
    found = []
    try:
        while reader.at < len(data):
            kind = reader.short()
            found.append(Tlv(kind, reader.take(reader.short())))
    except Invalid:
        pass
    return tuple(found)


def encode_plaintext(text: bytes, tlvs: tuple[Tlv, ...] = ()) -> bytes:
    """The plaintext message: the text, then a NUL and the records if there are any."""
    return text + (b"\x00" + b"".join(encode_tlv(tlv) for tlv in tlvs) if tlvs else b"")


def decode_plaintext(plaintext: bytes) -> tuple[bytes, tuple[Tlv, ...]]:
    """Split a plaintext message at its first NUL."""
    text, _, rest = plaintext.partition(b"\x00")
    return text, decode_tlvs(rest)


# --- "Client Profile" -------------------------------------------------------------------------


class ClientProfile(NamedTuple):
    """A decoded client profile; `signed` is what the profile signature covers."""

    instance_tag: int
    public_key: bytes
    forging_key: bytes
    versions: bytes
    expiration: int
    dsa_key: bytes | None
    transitional_signature: bytes | None
    signature: bytes
    signed: bytes
    encoded: bytes


class ClientProfileFields(NamedTuple):
    """What a client profile states; `dsa_key` is an encoded PUBKEY."""

    instance_tag: int
    public_key: bytes
    forging_key: bytes
    versions: bytes
    expiration: int
    dsa_key: bytes | None = None
    transitional_signature: bytes | None = None


def _profile_fields(fields: ClientProfileFields) -> list[bytes]:
    """The encoded fields in the order of their types, each with its type."""
    parts = [
        encode_short(FIELD_TAG) + encode_int(fields.instance_tag),
        encode_short(FIELD_PUBLIC_KEY) + encode_public_key(fields.public_key),
        encode_short(FIELD_FORGING_KEY) + encode_forging_key(fields.forging_key),
        encode_short(FIELD_VERSIONS) + encode_data(fields.versions),
        encode_short(FIELD_EXPIRATION) + fields.expiration.to_bytes(8, "big", signed=True),
    ]
    if fields.dsa_key is not None:
        parts.append(encode_short(FIELD_DSA_KEY) + fields.dsa_key)
    if fields.transitional_signature is not None:
        parts.append(encode_short(FIELD_TRANSITIONAL) + fields.transitional_signature)
    return parts


def transitional_signed(fields: ClientProfileFields) -> bytes:
    """What the transitional signature covers: fields 1 to 6 with their types, without a count."""
    return b"".join(_profile_fields(fields._replace(transitional_signature=None)))


def client_profile_signed(fields: ClientProfileFields) -> bytes:
    """What the client profile signature covers: all but itself ("Creating a Client Profile")."""
    parts = _profile_fields(fields)
    return encode_int(len(parts)) + b"".join(parts)


def create_client_profile(sym_h: bytes, fields: ClientProfileFields) -> bytes:
    """Encode and sign a CLIENT-PROF ("Create a Client Profile Signature")."""
    signed = client_profile_signed(fields)
    return signed + second_ed448.sign(sym_h, signed)


def _take_dsa_key(reader: Reader) -> bytes:
    """Take an OTRv3 PUBKEY, return it encoded."""
    start = reader.at
    require(reader.short() == 0, "a DSA key has type 0")
    for _ in range(4):
        reader.mpi()
    return reader.data[start : reader.at]


def take_client_profile(reader: Reader) -> ClientProfile:
    """Take a CLIENT-PROF ("Client Profile Data Type")."""
    start = reader.at
    numbers: dict[int, int] = {}
    octets: dict[int, bytes] = {}
    for _ in range(reader.integer()):
        kind = reader.short()
        require(kind not in numbers and kind not in octets, "a field is duplicated")
        if kind == FIELD_TAG:
            numbers[kind] = reader.integer()
        elif kind == FIELD_PUBLIC_KEY:
            octets[kind] = _take_key(reader, PUBKEY_TYPE)
        elif kind == FIELD_FORGING_KEY:
            octets[kind] = _take_key(reader, FORGING_KEY_TYPE)
        elif kind == FIELD_VERSIONS:
            octets[kind] = reader.var()
        elif kind == FIELD_EXPIRATION:
            numbers[kind] = int.from_bytes(reader.take(8), "big", signed=True)
        elif kind == FIELD_DSA_KEY:
            octets[kind] = _take_dsa_key(reader)
        elif kind == FIELD_TRANSITIONAL:
            octets[kind] = reader.take(40)
        else:
            what = "a field has an unknown type"
            raise Invalid(what)
    signed = reader.data[start : reader.at]
    signature = reader.take(SIGNATURE_SIZE)
    for kind in range(1, REQUIRED_FIELDS + 1):
        require(kind in numbers or kind in octets, "a field is missing")
    return ClientProfile(
        instance_tag=numbers[FIELD_TAG],
        public_key=octets[FIELD_PUBLIC_KEY],
        forging_key=octets[FIELD_FORGING_KEY],
        versions=octets[FIELD_VERSIONS],
        expiration=numbers[FIELD_EXPIRATION],
        dsa_key=octets.get(FIELD_DSA_KEY),
        transitional_signature=octets.get(FIELD_TRANSITIONAL),
        signature=signature,
        signed=signed,
        encoded=reader.data[start : reader.at],
    )


def decode_client_profile(data: bytes) -> ClientProfile:
    """Decode a CLIENT-PROF that stands alone."""
    reader = Reader(data)
    profile = take_client_profile(reader)
    reader.end()
    return profile


def validate_client_profile(profile: ClientProfile, sender_tag: int, now: int) -> None:
    """Check a client profile in the order of "Validating a Client Profile".

    The transitional signature, whose validation is optional there, is not looked at.
    """
    require(profile.signature, "the profile is not signed")
    require(
        second_ed448.verify(profile.public_key, profile.signed, profile.signature),
        "the profile's signature is wrong",
    )
    require(profile.instance_tag == sender_tag, "the profile is of another client")
    require(now < profile.expiration, "the profile has expired")
    require(b"4" in profile.versions, "the profile does not offer version 4")
    second_ed448.valid_point(profile.public_key)
    second_ed448.valid_point(profile.forging_key)


# --- "Prekey Profile" -------------------------------------------------------------------------


class PrekeyProfile(NamedTuple):
    """A decoded prekey profile; `signed` is what its signature covers."""

    instance_tag: int
    expiration: int
    shared_prekey: bytes
    signature: bytes
    signed: bytes
    encoded: bytes


def prekey_profile_signed(instance_tag: int, expiration: int, shared_prekey: bytes) -> bytes:
    """What the signature covers ("Create a Prekey Profile Signature")."""
    return (
        encode_int(instance_tag)
        + expiration.to_bytes(8, "big", signed=True)
        + encode_shared_prekey(shared_prekey)
    )


def create_prekey_profile(
    sym_h: bytes, instance_tag: int, expiration: int, shared_prekey: bytes
) -> bytes:
    """Encode and sign a PREKEY-PROF ("Creating a Prekey Profile")."""
    signed = prekey_profile_signed(instance_tag, expiration, shared_prekey)
    return signed + second_ed448.sign(sym_h, signed)


def decode_prekey_profile(data: bytes) -> PrekeyProfile:
    """Decode a PREKEY-PROF ("Prekey Profile Data Type")."""
    reader = Reader(data)
    tag = reader.integer()
    expiration = int.from_bytes(reader.take(8), "big", signed=True)
    shared_prekey = _take_key(reader, SHARED_PREKEY_TYPE)
    signed = data[: reader.at]
    signature = reader.take(SIGNATURE_SIZE)
    reader.end()
    return PrekeyProfile(tag, expiration, shared_prekey, signature, signed, data)


def validate_prekey_profile(
    profile: PrekeyProfile, public_key: bytes, sender_tag: int, now: int
) -> None:
    """Check a prekey profile in the order of "Validating a Prekey Profile"."""
    require(
        second_ed448.verify(public_key, profile.signed, profile.signature),
        "the prekey profile's signature is wrong",
    )
    require(profile.instance_tag == sender_tag, "the prekey profile is of another client")
    require(now < profile.expiration, "the prekey profile has expired")
    second_ed448.valid_point(profile.shared_prekey)


# --- The messages -----------------------------------------------------------------------------


class IdentityMessage(NamedTuple):
    """An Identity message's fields."""

    sender_tag: int
    receiver_tag: int
    client_profile: bytes
    y: bytes
    b: int
    ecdh_first: bytes
    dh_first: int


class AuthRMessage(NamedTuple):
    """An Auth-R message's fields."""

    sender_tag: int
    receiver_tag: int
    client_profile: bytes
    x: bytes
    a: int
    sigma: bytes
    ecdh_first: bytes
    dh_first: int


class AuthIMessage(NamedTuple):
    """An Auth-I message's fields."""

    sender_tag: int
    receiver_tag: int
    sigma: bytes


class PrekeyMessage(NamedTuple):
    """A Prekey message's fields."""

    identifier: int
    instance_tag: int
    y: bytes
    b: int


class NonInteractiveAuthMessage(NamedTuple):
    """A Non-Interactive-Auth message's fields."""

    sender_tag: int
    receiver_tag: int
    client_profile: bytes
    x: bytes
    a: int
    sigma: bytes
    prekey_identifier: int
    auth_mac: bytes
    ecdh_first: bytes
    dh_first: int


class DataMessage(NamedTuple):
    """A data message's fields; an absent public DH key is None; `sections` is what is MACed."""

    sender_tag: int
    receiver_tag: int
    flags: int
    pn: int
    ratchet_id: int
    message_id: int
    public_ecdh: bytes
    public_dh: int | None
    encrypted_message: bytes
    authenticator: bytes
    old_mac_keys: bytes
    sections: bytes


def _head(kind: int) -> bytes:
    """Protocol version and message type."""
    return encode_short(VERSION) + encode_byte(kind)


def _tags(sender_tag: int, receiver_tag: int) -> bytes:
    """Both instance tags."""
    return encode_int(sender_tag) + encode_int(receiver_tag)


def _open(data: bytes, kind: int) -> Reader:
    """Check protocol version and message type."""
    reader = Reader(data)
    require(reader.short() == VERSION, "the message has another version")
    require(reader.byte() == kind, "the message has another type")
    return reader


def _take_tags(reader: Reader) -> tuple[int, int]:
    """Take both instance tags and check their ranges ("Instance Tags")."""
    sender, receiver = reader.integer(), reader.integer()
    require(sender >= SMALLEST_TAG, "the sender's instance tag is too small")
    require(receiver == 0 or receiver >= SMALLEST_TAG, "the receiver's instance tag is too small")
    return sender, receiver


def encode_identity(message: IdentityMessage) -> bytes:
    """Encode an Identity message ("Identity Message")."""
    return (
        _head(TYPE_IDENTITY)
        + _tags(message.sender_tag, message.receiver_tag)
        + message.client_profile
        + message.y
        + encode_mpi(message.b)
        + message.ecdh_first
        + encode_mpi(message.dh_first)
    )


def decode_identity(data: bytes) -> IdentityMessage:
    """Decode an Identity message ("Identity Message")."""
    reader = _open(data, TYPE_IDENTITY)
    tags = _take_tags(reader)
    profile = take_client_profile(reader).encoded
    message = IdentityMessage(
        *tags, profile, reader.take(SIZE), reader.mpi(), reader.take(SIZE), reader.mpi()
    )
    reader.end()
    return message


def encode_auth_r(message: AuthRMessage) -> bytes:
    """Encode an Auth-R message ("Auth-R Message")."""
    return (
        _head(TYPE_AUTH_R)
        + _tags(message.sender_tag, message.receiver_tag)
        + message.client_profile
        + message.x
        + encode_mpi(message.a)
        + message.sigma
        + message.ecdh_first
        + encode_mpi(message.dh_first)
    )


def decode_auth_r(data: bytes) -> AuthRMessage:
    """Decode an Auth-R message ("Auth-R Message")."""
    reader = _open(data, TYPE_AUTH_R)
    tags = _take_tags(reader)
    profile = take_client_profile(reader).encoded
    x, a, sigma = reader.take(SIZE), reader.mpi(), reader.take(6 * SIZE)
    message = AuthRMessage(*tags, profile, x, a, sigma, reader.take(SIZE), reader.mpi())
    reader.end()
    return message


def encode_auth_i(message: AuthIMessage) -> bytes:
    """Encode an Auth-I message ("Auth-I Message")."""
    return _head(TYPE_AUTH_I) + _tags(message.sender_tag, message.receiver_tag) + message.sigma


def decode_auth_i(data: bytes) -> AuthIMessage:
    """Decode an Auth-I message ("Auth-I Message")."""
    reader = _open(data, TYPE_AUTH_I)
    message = AuthIMessage(*_take_tags(reader), reader.take(6 * SIZE))
    reader.end()
    return message


def encode_prekey(message: PrekeyMessage) -> bytes:
    """Encode a Prekey message ("Prekey Message")."""
    return (
        _head(TYPE_PREKEY)
        + encode_int(message.identifier)
        + encode_int(message.instance_tag)
        + message.y
        + encode_mpi(message.b)
    )


def decode_prekey(data: bytes) -> PrekeyMessage:
    """Decode a Prekey message ("Prekey Message")."""
    reader = _open(data, TYPE_PREKEY)
    message = PrekeyMessage(reader.integer(), reader.integer(), reader.take(SIZE), reader.mpi())
    require(message.instance_tag >= SMALLEST_TAG, "the owner's instance tag is too small")
    reader.end()
    return message


def encode_non_interactive_auth(message: NonInteractiveAuthMessage) -> bytes:
    """Encode a Non-Interactive-Auth message ("Non-Interactive-Auth Message")."""
    return (
        _head(TYPE_NON_INTERACTIVE_AUTH)
        + _tags(message.sender_tag, message.receiver_tag)
        + message.client_profile
        + message.x
        + encode_mpi(message.a)
        + message.sigma
        + encode_int(message.prekey_identifier)
        + message.auth_mac
        + message.ecdh_first
        + encode_mpi(message.dh_first)
    )


def decode_non_interactive_auth(data: bytes) -> NonInteractiveAuthMessage:
    """Decode a Non-Interactive-Auth message ("Non-Interactive-Auth Message")."""
    reader = _open(data, TYPE_NON_INTERACTIVE_AUTH)
    tags = _take_tags(reader)
    profile = take_client_profile(reader).encoded
    x, a, sigma = reader.take(SIZE), reader.mpi(), reader.take(6 * SIZE)
    identifier, mac = reader.integer(), reader.take(64)
    message = NonInteractiveAuthMessage(
        *tags, profile, x, a, sigma, identifier, mac, reader.take(SIZE), reader.mpi()
    )
    reader.end()
    return message


def data_message_sections(message: DataMessage) -> bytes:
    """What the authenticator covers: from the version to the end of the encrypted message."""
    public_dh = encode_data(b"") if message.public_dh is None else encode_mpi(message.public_dh)
    return (
        _head(TYPE_DATA)
        + _tags(message.sender_tag, message.receiver_tag)
        + encode_byte(message.flags)
        + encode_int(message.pn)
        + encode_int(message.ratchet_id)
        + encode_int(message.message_id)
        + message.public_ecdh
        + public_dh
        + encode_data(message.encrypted_message)
    )


def encode_data_message(message: DataMessage) -> bytes:
    """Encode a data message ("Data Message Format"); its `sections` are made anew."""
    return (
        data_message_sections(message) + message.authenticator + encode_data(message.old_mac_keys)
    )


def decode_data_message(data: bytes) -> DataMessage:
    """Decode a data message ("Data Message Format")."""
    reader = _open(data, TYPE_DATA)
    tags = _take_tags(reader)
    flags = reader.byte()
    pn, ratchet_id, message_id = reader.integer(), reader.integer(), reader.integer()
    public_ecdh = reader.take(SIZE)
    public_dh = reader.mpi() or None
    encrypted = reader.var()
    sections = data[: reader.at]
    authenticator, old_mac_keys = reader.take(64), reader.var()
    reader.end()
    return DataMessage(
        *tags,
        flags,
        pn,
        ratchet_id,
        message_id,
        public_ecdh,
        public_dh,
        encrypted,
        authenticator,
        old_mac_keys,
        sections,
    )


# --- "Publishing Prekey Ensembles", "Validating Prekey Ensembles" -----------------------------


class PrekeyEnsemble(NamedTuple):
    """A client profile, a prekey profile and a prekey message, each encoded."""

    client_profile: bytes
    prekey_profile: bytes
    prekey_message: bytes


def validate_prekey_ensemble(ensemble: PrekeyEnsemble, now: int) -> None:
    """Check an ensemble in the order of "Validating Prekey Ensembles"."""
    client = decode_client_profile(ensemble.client_profile)
    prekey = decode_prekey_profile(ensemble.prekey_profile)
    message = decode_prekey(ensemble.prekey_message)
    require(
        client.instance_tag == prekey.instance_tag == message.instance_tag,
        "the instance tags differ",
    )
    validate_client_profile(client, message.instance_tag, now)
    validate_prekey_profile(prekey, client.public_key, message.instance_tag, now)
    second_ed448.valid_point(message.y)
    require(is_valid_dh(message.b), "the DH key is not in the group")


# --- "Encoded Messages", "Fragmentation" ------------------------------------------------------


def encode_message(data: bytes) -> str:
    """The text that carries a message ("Encoded Messages")."""
    return "?OTR:" + base64.b64encode(data).decode("ascii") + "."


def decode_message(text: str) -> bytes:
    """The message that a text carries ("Encoded Messages")."""
    require(text.startswith("?OTR:") and text.endswith("."), "this is no encoded message")
    try:
        return base64.b64decode(text[5:-1], validate=True)
    except binascii.Error as error:
        raise Invalid(str(error)) from error


class Fragment(NamedTuple):
    """A fragment's fields."""

    identifier: int
    sender_tag: int
    receiver_tag: int
    index: int  # type: ignore[assignment]  # the text's name, though a tuple has a method so named
    total: int
    piece: str


def encode_fragment(fragment: Fragment) -> str:
    """Encode a fragment exactly as the format string does ("Transmitting Fragments")."""
    head = f"?OTR|{fragment.identifier:x}|{fragment.sender_tag:x}|{fragment.receiver_tag:x}"
    return f"{head},{fragment.index},{fragment.total},{fragment.piece},"


def decode_fragment(text: str) -> Fragment:
    """Decode a fragment; numbers may have leading zeros ("Receiving Fragments")."""
    form = r"\?OTR\|([0-9a-fA-F]+)\|([0-9a-fA-F]+)\|([0-9a-fA-F]+),([0-9]+),([0-9]+),([^,]+),"
    match = re.fullmatch(form, text)
    if match is None:
        what = "this is no fragment"
        raise Invalid(what)
    numbers = [int(match[at], 16) for at in (1, 2, 3)] + [int(match[at]) for at in (4, 5)]
    require(all(number < 2**32 for number in numbers[:3]), "a fragment's number is too large")
    require(all(0 < number < 2**16 for number in numbers[3:]), "an index or total is illegal")
    require(numbers[3] <= numbers[4], "the index is beyond the total")
    identifier, sender, receiver, index, total = numbers
    return Fragment(identifier, sender, receiver, index, total, match[6])


def fragment_message(
    text: str, identifier: int, sender_tag: int, receiver_tag: int, piece_size: int
) -> list[str]:
    """Fragment a text into pieces of at most `piece_size` ("Transmitting Fragments")."""
    pieces = [text[at : at + piece_size] for at in range(0, len(text), piece_size)]
    require(len(pieces) < 2**16, "there are too many pieces")
    return [
        encode_fragment(Fragment(identifier, sender_tag, receiver_tag, index, len(pieces), piece))
        for index, piece in enumerate(pieces, 1)
    ]


class Reassembler:
    """Reassembles fragments arriving in any order ("Receiving Fragments").

    The text keys its buffers by the identifier; so does this.
    """

    def __init__(self, own_tag: int) -> None:
        self.own_tag = own_tag
        self.buffers: dict[int, dict[int, str]] = {}
        self.totals: dict[int, int] = {}

    def receive(self, text: str) -> str | None:
        """Take a fragment; the whole message comes back with its last missing piece."""
        fragment = decode_fragment(text)
        require(fragment.receiver_tag in {0, self.own_tag}, "the fragment is for another client")
        buffer = self.buffers.setdefault(fragment.identifier, {})
        total = self.totals.setdefault(fragment.identifier, fragment.total)
        if total != fragment.total:
            self._forget(fragment.identifier)
            return None
        if fragment.index in buffer:
            return None
        buffer[fragment.index] = fragment.piece
        if len(buffer) < total:
            return None
        self._forget(fragment.identifier)
        return "".join(buffer[index] for index in range(1, total + 1))

    def _forget(self, identifier: int) -> None:
        """Discard a buffer."""
        del self.buffers[identifier], self.totals[identifier]
