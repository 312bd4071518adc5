"""What the vectors of OTR versions 2 and 3 ask, and how the reference answers.

Ranges and proofs are checked in the order of the tables' validities, and each refusal is at the
point that the model's check names.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, cast

from otr_conformance.vectors.kinds import Operation, Refused
from otr_conformance.vectors.laid import laid_out
from otr_conformance.vectors.taken import Taken
from otr_model.kernel.vocabulary import Point
from otr_model.otrv3 import layouts
from otr_reference.codec import Codec
from otr_reference.errors import Malformed
from otr_reference.keys import dsa
from otr_reference.otrv3 import wire
from otr_reference.otrv3.commands import Receive
from otr_reference.otrv3.endpoint import Endpoint
from otr_reference.otrv3.messages import (
    Commitment,
    Content,
    CoordinatesProof,
    DataMessage,
    DhPair,
    ErrorMessage,
    ExtraKeyUse,
    Fragment,
    MalformedMessage,
    MalformedTlv,
    OtherVersion,
    Padding,
    Plaintext,
    Proof,
    Query,
    TaggedPlaintext,
    UnknownTlv,
)
from otr_reference.otrv3.notices import ErrorShown
from otr_reference.otrv3.session import Config

from .material import ALICE, SUITE, dsa_key, octets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_conformance.vectors.kinds import Value, Values

__all__ = ["OPERATIONS"]

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


def _mpi(value: object) -> bytes:
    """A number without zeros in front."""
    number = int(cast("int", value))
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


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
        "kind": "plaintext, tagged plaintext, query, error, encoded message, or fragment",
        "text": "of a plaintext, without a tag; of an error, what a person reads",
        "versions": "that a query or tag offers",
        "binary": "of an encoded message, octets",
        "version": "of a fragment",
        "sender": "of a fragment of version 3, the instance tag",
        "receiver": "the same",
        "k": "of a fragment, which piece it is",
        "n": "how many there are",
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
    message = wire.decode(text)
    match message:
        case Plaintext():
            return {"kind": "plaintext", "text": _latin(message.text)}
        case TaggedPlaintext():
            found = sorted(message.versions)
            return {"kind": "tagged plaintext", "text": _latin(message.text), "versions": found}
        case Query():
            return {"kind": "query", "versions": sorted(message.versions)}
        case ErrorMessage():
            return {"kind": "error", "text": _latin(message.text)}
        case Fragment(header=header):
            tags = {"sender": header.sender, "receiver": header.receiver}
            return {
                "kind": "fragment",
                "version": header.version,
                **(tags if header.version > 2 else {}),  # noqa: PLR2004 - it has no tags
                "k": message.k,
                "n": message.n,
                "piece": _latin(message.piece),
            }
        case MalformedMessage():
            raise Refused(Point.ENCODING, message.field)
        case _:
            raise TypeError(type(message).__name__)


def _latin(text: object) -> str:
    """A text whose characters are its octets."""
    return cast("bytes", text).decode("latin-1")


# --- Encoded messages -------------------------------------------------------------------------


@_operation(
    "read-message",
    "take an encoded message apart, which was decoded from base-64",
    {"message": "the binary form"},
    {"message": "which one it is", "FIELD": "each field by its title; large numbers in octets"},
)
def _read_message(taken: Taken) -> dict[str, Value]:
    binary = taken.octets("message")
    header = _decoded(binary)
    codec = wire.message_codec(binary)
    if codec is None:
        raise Refused(Point.ENCODING, header.field if header else "Message type")
    found = laid_out(codec, binary)
    return {"message": codec.layout.title, **found}


def _decoded(binary: bytes) -> MalformedMessage | None:
    """Refuse other versions; what is wrong with the header, if it has none that can be read."""
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
    codec = wire.header_codec(binary)
    values = codec.read(binary).values
    sender, receiver = (int(values.get(n, 0)) for n in ("sender", "receiver"))
    if values["version"] != 3:  # noqa: PLR2004 - version 2 has no tags
        return
    _refuse_unless(sender >= layouts.SMALLEST_TAG, Point.INSTANCE, "Sender Instance tag")
    commit = next(kind for kind, each in layouts.ENCODED.items() if each is layouts.DH_COMMIT)
    any_of_us = receiver == 0 and values["type"] == commit
    _refuse_unless(receiver == ours or any_of_us, Point.INSTANCE, "Receiver Instance tag")


# --- Long-term keys ---------------------------------------------------------------------------


@_operation(
    "read-public-key",
    "take a PUBKEY apart, and compute its fingerprint",
    {"public key": "PUBKEY"},
    {"p": "the modulus", "q": "the order", "g": "the generator", "y": "the key", "fingerprint": ""},
)
def _read_public_key(taken: Taken) -> dict[str, Value]:
    try:
        public = dsa.decode_public(taken.octets("public key"))
    except Malformed as fault:
        raise Refused(Point.ENCODING, fault.field) from fault
    numbers = {name: _mpi(getattr(public, name)) for name in ("p", "q", "g", "y")}
    return {**numbers, "fingerprint": dsa.fingerprint(public)}


@_operation(
    "verify",
    "verify a DSA signature on the value M, which is taken modulo q and not hashed again",
    {"public key": "PUBKEY", "m": "32 octets", "signature": "SIG: r and s"},
    {},
)
def _verify(taken: Taken) -> dict[str, Value]:
    public, value = taken.octets("public key"), taken.octets("m")
    good = SUITE.verify(
        cast("Any", public), SUITE.octets(value), cast("Any", taken.octets("signature"))
    )
    _refuse_unless(good, Point.SIGNATURE)
    return {}


# --- Keys -------------------------------------------------------------------------------------


def _pair(secret: int, public: int) -> DhPair:
    return DhPair(SUITE.scalar(secret), SUITE.element(public))


@_operation(
    "ake-keys",
    "compute the keys of an AKE from a D-H secret",
    {"our secret": "the exponent", "their public": "a D-H key"},
    {
        "s": "the D-H shared secret, as few octets as hold it",
        **{name: f"{name} of the text" for name in ("ssid", "c", "c'", "m1", "m2", "m1'", "m2'")},
    },
)
def _ake_keys(taken: Taken) -> dict[str, Value]:
    secret, theirs = SUITE.scalar(taken.big("our secret")), SUITE.element(taken.big("their public"))
    keys = SUITE.ake_keys(secret, theirs)
    sides = (("", keys.reveal), ("'", keys.signature))
    found = {f"{n}{dash}": SUITE.to_bytes(getattr(k, n)) for dash, k in sides for n in ("c",)}
    for dash, side in sides:
        found |= {f"m1{dash}": SUITE.to_bytes(side.m1), f"m2{dash}": SUITE.to_bytes(side.m2)}
    s = SUITE.power(theirs, secret)
    return {"s": _mpi(s), "ssid": SUITE.to_bytes(keys.ssid), **found}


@_operation(
    "data-keys",
    "compute the keys of data messages from a pair of D-H keys",
    {"our secret": "the exponent", "our public": "our D-H key", "their public": "their D-H key"},
    {
        "s": "the D-H shared secret, as few octets as hold it",
        "end": "high or low: which end we are",
        "sending AES key": "encrypts what we send",
        "sending MAC key": "authenticates what we send",
        "receiving AES key": "decrypts what we receive",
        "receiving MAC key": "verifies what we receive",
        "extra symmetric key": "of version 3",
    },
)
def _data_keys(taken: Taken) -> dict[str, Value]:
    secret, ours = taken.big("our secret"), taken.big("our public")
    theirs = SUITE.element(taken.big("their public"))
    keys = SUITE.data_keys(_pair(secret, ours), theirs)
    return {
        "s": _mpi(SUITE.power(theirs, SUITE.scalar(secret))),
        "end": "high" if ours > SUITE.to_int(theirs) else "low",
        "sending AES key": SUITE.to_bytes(keys.sending),
        "sending MAC key": SUITE.to_bytes(keys.sending_mac),
        "receiving AES key": SUITE.to_bytes(keys.receiving),
        "receiving MAC key": SUITE.to_bytes(keys.receiving_mac),
        "extra symmetric key": SUITE.to_bytes(keys.extra),
    }


# --- The AKE ----------------------------------------------------------------------------------


@_operation(
    "accept-dh-key",
    "check a D-H key that was received",
    {"public": "the number"},
    {},
)
def _accept_dh_key(taken: Taken) -> dict[str, Value]:
    _refuse_unless(SUITE.in_range(SUITE.element(taken.big("public"))), Point.RANGE, "gy")
    return {}


@_operation(
    "receive-dh-key",
    "check a D-H Key Message that answers our D-H Commit Message",
    {"message": "the binary form", "version": "of our D-H Commit Message"},
    {"gy": "the number"},
)
def _receive_dh_key(taken: Taken) -> dict[str, Value]:
    found = _read_message(taken)
    _refuse_unless("gy" in found, Point.ENCODING, "Message type")
    same = found["Protocol version"] == taken.number("version")
    _refuse_unless(same, Point.VERSION, "Protocol version")
    gy = cast("bytes", found["gy"])
    _refuse_unless(SUITE.in_range(SUITE.element(int.from_bytes(gy, "big"))), Point.RANGE, "gy")
    return {"gy": gy}


@_operation(
    "open-commitment",
    "open a commitment with the key that a Reveal Signature Message reveals",
    {
        "revealed key": "r",
        "encrypted gx": "of the D-H Commit Message",
        "hashed gx": "the same",
    },
    {"gx": "the D-H key that was committed to"},
)
def _open_commitment(taken: Taken) -> dict[str, Value]:
    commitment = Commitment(
        SUITE.octets(taken.octets("encrypted gx")), SUITE.octets(taken.octets("hashed gx"))
    )
    revealed = SUITE.octets(taken.octets("revealed key"))
    _refuse_unless(SUITE.matches(revealed, commitment), Point.COMMITMENT, "Hashed gx")
    _refuse_unless(SUITE.opens(revealed, commitment), Point.ENCODING, "gx")
    gx = SUITE.opened(revealed, commitment)
    _refuse_unless(SUITE.in_range(gx), Point.RANGE, "gx")
    return {"gx": _mpi(gx)}


@_operation(
    "signed-value",
    "compute M, the value that is signed in the AKE",
    {
        "key": "m1, or m1'",
        "first": "the signer's D-H key",
        "second": "the other D-H key",
        "public key": "the signer's, as PUBKEY",
        "keyid": "of the signer's D-H key",
    },
    {"m": "M"},
)
def _signed_value(taken: Taken) -> dict[str, Value]:
    value = SUITE.signed_value(
        cast("Any", taken.octets("key")),
        SUITE.element(taken.big("first")),
        SUITE.element(taken.big("second")),
        cast("Any", taken.octets("public key")),
        taken.number("keyid"),
    )
    return {"m": SUITE.to_bytes(value)}


@_operation(
    "authenticate",
    "check who sent a Reveal Signature or Signature Message",
    {
        "message": "reveal-signature, whose keys are c, m1 and m2, or signature: c', m1' and m2'",
        "our secret": "the exponent of our D-H key",
        "our public": "our D-H key",
        "their public": "their D-H key",
        "encrypted signature": "without its length",
        "mac": "MAC'd signature",
    },
    {"public key": "PUBKEY", "keyid": "of the sender's D-H key", "fingerprint": "of the key"},
)
def _authenticate(taken: Taken) -> dict[str, Value]:
    theirs, ours = (SUITE.element(taken.big(f"{who} public")) for who in ("their", "our"))
    keys = SUITE.ake_keys(SUITE.scalar(taken.big("our secret")), theirs)
    side = keys.reveal if taken.text("message") == "reveal-signature" else keys.signature
    sealed = SUITE.octets(taken.octets("encrypted signature"))
    mac = SUITE.to_bytes(SUITE.identity_mac(side.m2, sealed))
    _refuse_unless(mac == taken.octets("mac"), Point.MAC, "MAC'd signature")
    identity = SUITE.open_identity(side.c, sealed)
    if identity is None:
        raise Refused(Point.ENCODING, "Encrypted signature")
    _refuse_unless(identity.keyid > 0, Point.KEY_ID, "keyid")
    value = SUITE.signed_value(side.m1, theirs, ours, identity.public, identity.keyid)
    _refuse_unless(SUITE.verify(identity.public, value, identity.signature), Point.SIGNATURE, "sig")
    return {
        "public key": SUITE.to_bytes(identity.public),
        "keyid": identity.keyid,
        "fingerprint": SUITE.fingerprint(identity.public),
    }


# --- What data messages say -------------------------------------------------------------------


@_operation(
    "read-content",
    "take apart what a data message says, once it is decrypted",
    {"content": "the plaintext"},
    {
        "text": "the human-readable part, in octets",
        "tlvs": "each with its type, and its fields by their titles; or malformed: the field",
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


def _tlv(tlv: object) -> dict[str, Value]:
    """A TLV: its type, and what it holds."""
    kind = next((k for k, record in _KINDS.items() if type(tlv).__name__ == record), -1)
    if isinstance(tlv, UnknownTlv):
        return {"type": tlv.kind, "Value": SUITE.to_bytes(tlv.value)}
    if isinstance(tlv, Padding):
        return {"type": kind, "size": tlv.size}
    if isinstance(tlv, ExtraKeyUse):
        return {"type": kind, "Use": tlv.use, "Use-specific data": SUITE.to_bytes(tlv.data)}
    layout = layouts.TLVS[kind]
    question = getattr(tlv, "question", None)
    titles = {each.name: each.title for each in layout.fields}
    found: dict[str, Value] = {"type": kind if question is None else 7}
    if question is not None:
        found["Question"] = SUITE.to_bytes(question)
    for name, title in titles.items():
        if hasattr(tlv, name) and name != "question":
            found[title] = _mpi(getattr(tlv, name))
    return found


_KINDS: Final = {
    0: "Padding",
    1: "Disconnected",
    2: "Smp1",
    3: "Smp2",
    4: "Smp3",
    5: "Smp4",
    6: "SmpAbort",
    8: "ExtraKeyUse",
}


@_operation(
    "receive-data",
    "verify and decrypt a data message",
    {
        "message": "the binary form",
        "our tag": "this client's instance tag",
        "our_keyid": "of our most recent D-H key",
        "our secrets": "exponents of our most recent D-H key, and of the one before",
        "their_keyid": "of the peer's most recent D-H key",
        "their publics": "the peer's most recent D-H key, and the one before; empty: none",
        "counters": "the last ones that were received, for our and their key: most recent and "
        "most recent, most recent and previous, previous and most recent, both previous",
    },
    {
        "text": "the human-readable part, in octets",
        "tlvs": "as in read-content",
        "ignore unreadable": "whether the flag is set",
        "next key": "DH y",
        "our_keyid": "afterwards: one more, if our most recent key was used",
        "their_keyid": "afterwards: one more, if their most recent key was used",
        "receiving MAC key": "that verified it, and is revealed once the keys are forgotten",
        "revealed": "old MAC keys, 20 octets each",
    },
)
def _receive_data(taken: Taken) -> dict[str, Value]:
    binary = taken.octets("message")
    _for_us_if_read(binary, taken.number("our tag"))
    message = wire.decode(layouts.ENVELOPE.prefix + b64encode(binary) + b".")
    if not isinstance(message, DataMessage):
        raise Refused(Point.ENCODING, getattr(message, "field", "Message type"))
    fields = message.fields
    ours, theirs = taken.number("our_keyid"), taken.number("their_keyid")
    our_age, their_age = ours - fields.recipient_keyid, theirs - fields.sender_keyid
    publics = taken.several("their publics")
    _refuse_unless(our_age in {0, 1}, Point.KEY_ID, "Recipient keyid")
    held = their_age in {0, 1} and publics[their_age]
    _refuse_unless(held, Point.KEY_ID, "Sender keyid")
    _refuse_unless(fields.sender_keyid <= _LARGEST_KEYID, Point.KEY_ID, "Sender keyid")
    secret = SUITE.scalar(int.from_bytes(taken.several("our secrets")[our_age], "big"))
    pair = DhPair(secret, SUITE.power(SUITE.generator(), secret))
    keys = SUITE.data_keys(pair, SUITE.element(int.from_bytes(publics[their_age], "big")))
    mac = SUITE.to_bytes(SUITE.data_mac(keys.receiving_mac, message.authenticated))
    _refuse_unless(mac == SUITE.to_bytes(message.mac), Point.MAC, "Authenticator")
    seen = int.from_bytes(taken.several("counters")[2 * our_age + their_age], "big")
    _refuse_unless(fields.counter > seen, Point.COUNTER, "Top half of counter init")
    _refuse_unless(SUITE.in_range(fields.next_dh), Point.RANGE, "DH y")
    return {
        **_content(SUITE.open(keys.receiving, fields.counter, fields.encrypted)),
        "ignore unreadable": bool(fields.flags & 1),
        "next key": _mpi(fields.next_dh),
        "our_keyid": ours + (our_age == 0),
        "their_keyid": theirs + (their_age == 0),
        "receiving MAC key": SUITE.to_bytes(keys.receiving_mac),
        "revealed": SUITE.to_bytes(message.revealed),
    }


_LARGEST_KEYID: Final = 0xFFFFFFFE


def _for_us_if_read(binary: bytes, ours: int) -> None:
    """Refuse other versions, and other clients' messages."""
    malformed = _decoded(binary)
    if malformed is None or malformed.header is not None:
        _for_us(binary, ours)


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
    {"secret information": "what is hashed", "x": "32 octets, the most significant first"},
)
def _smp_secret(taken: Taken) -> dict[str, Value]:
    values = {n: taken.octets(n) for n in ("initiator", "responder", "ssid", "secret")}
    information = Codec(layouts.SMP_SECRET).write(values)
    return {"secret information": information, "x": sha256(information).digest()}


def _smp(taken: Taken, kind: int, elements: tuple[str, ...]) -> Any:  # noqa: ANN401 - of that kind
    """Read an SMP message, and check the range of its elements."""
    value = taken.octets("value")
    codec = Codec(layouts.TLVS[kind])
    laid_out(codec, value)
    reading = codec.read(value, whole=True)
    record = {name: held for name, held in reading.values.items() if name != "count"}
    for title in elements:
        element = SUITE.element(int(record[title.lower()]))
        _refuse_unless(SUITE.in_range(element), Point.RANGE, title)
    return record


def _exponent_proved(step: int, record: Mapping[str, Any], power: str, c: str, d: str) -> None:
    proof = Proof(record[c], record[d.lower()])
    _refuse_unless(SUITE.exponent_proved(step, record[power], proof), Point.PROOF, c)


@_operation(
    "smp-1",
    "check SMP message 1",
    {"type": "of the TLV: 2, or 7 with a question", "value": "of the TLV, without its length"},
    {"Question": "without its NUL; only of type 7"},
)
def _smp_1(taken: Taken) -> dict[str, Value]:
    kind = taken.number("type")
    record = _smp(taken, kind, ("g2a", "g3a"))
    _exponent_proved(1, record, "g2a", "c2", "D2")
    _exponent_proved(2, record, "g3a", "c3", "D3")
    return {"Question": record["question"]} if kind == 7 else {}  # noqa: PLR2004 - 1Q


@_operation(
    "smp-2",
    "check SMP message 2",
    {"value": "of the TLV", "a2": "the exponent of g2a", "a3": "the exponent of g3a"},
    {"g2": "the shared generator", "g3": "the same"},
)
def _smp_2(taken: Taken) -> dict[str, Value]:
    record = _smp(taken, 3, ("g2b", "g3b", "Pb", "Qb"))
    _exponent_proved(3, record, "g2b", "c2", "D2")
    _exponent_proved(4, record, "g3b", "c3", "D3")
    g2 = SUITE.power(record["g2b"], SUITE.scalar(taken.big("a2")))
    g3 = SUITE.power(record["g3b"], SUITE.scalar(taken.big("a3")))
    proof = CoordinatesProof(record["cp"], record["d5"], record["d6"])
    good = SUITE.coordinates_proved(5, g2, g3, record["pb"], record["qb"], proof)
    _refuse_unless(good, Point.PROOF, "cP")
    return {"g2": _mpi(g2), "g3": _mpi(g3)}


@_operation(
    "smp-3",
    "check SMP message 3, and compare",
    {
        "value": "of the TLV",
        "b3": "the exponent of g3b",
        **{name: name for name in ("g3a", "g2", "g3", "Pb", "Qb")},
    },
    {"Rab": "Ra to the power of b3", "equal": "whether it is Pa / Pb: the secrets are equal"},
)
def _smp_3(taken: Taken) -> dict[str, Value]:
    record = _smp(taken, 4, ("Pa", "Qa", "Ra"))
    g3a, g2, g3, pb, qb = (
        SUITE.element(taken.big(name)) for name in ("g3a", "g2", "g3", "Pb", "Qb")
    )
    proof = CoordinatesProof(record["cp"], record["d5"], record["d6"])
    good = SUITE.coordinates_proved(6, g2, g3, record["pa"], record["qa"], proof)
    _refuse_unless(good, Point.PROOF, "cP")
    base = SUITE.over(record["qa"], qb)
    proved = Proof(record["cr"], record["d7"])
    good = SUITE.equal_exponents_proved(7, base, g3a, record["ra"], proved)
    _refuse_unless(good, Point.PROOF, "cR")
    rab = SUITE.power(record["ra"], SUITE.scalar(taken.big("b3")))
    return {"Rab": _mpi(rab), "equal": SUITE.same(rab, SUITE.over(record["pa"], pb))}


@_operation(
    "smp-4",
    "check SMP message 4, and compare",
    {
        "value": "of the TLV",
        "a3": "the exponent of g3a",
        **{name: name for name in ("g3b", "Pa", "Qa", "Pb", "Qb")},
    },
    {"Rab": "Rb to the power of a3", "equal": "whether it is Pa / Pb: the secrets are equal"},
)
def _smp_4(taken: Taken) -> dict[str, Value]:
    record = _smp(taken, 5, ("Rb",))
    g3b, pa, qa, pb, qb = (
        SUITE.element(taken.big(name)) for name in ("g3b", "Pa", "Qa", "Pb", "Qb")
    )
    proof = Proof(record["cr"], record["d7"])
    good = SUITE.equal_exponents_proved(8, SUITE.over(qa, qb), g3b, record["rb"], proof)
    _refuse_unless(good, Point.PROOF, "cR")
    rab = SUITE.power(record["rb"], SUITE.scalar(taken.big("a3")))
    return {"Rab": _mpi(rab), "equal": SUITE.same(rab, SUITE.over(pa, pb))}


# --- Fragments --------------------------------------------------------------------------------


@_operation(
    "assemble",
    "put fragments together; the assembled texts are OTR Error Messages, which any client shows",
    {"our tag": "this client's instance tag", "texts": "what arrives, in order"},
    {"assembled": "after each of them, what was put together; empty: nothing"},
)
def _assemble(taken: Taken) -> dict[str, Value]:
    key = dsa_key(ALICE)
    signing = SUITE.signing_key(key)
    seed = SUITE.seed(octets("assemble", 32))
    tag = taken.number("our tag")
    endpoint = Endpoint(SUITE, Config(signing, SUITE.public_key(signing), seed, tag))
    conversation, found = endpoint.begin(), []
    for text in taken.texts("texts"):
        stepped = endpoint.step(conversation, Receive(SUITE.wire(text.encode("latin-1"))))
        conversation = stepped.conversation
        shown = [o for o in stepped.outputs if isinstance(o, ErrorShown)]
        whole = [f"{layouts.ERROR.prefix.decode()} {_latin(each.text)}" for each in shown]
        found.append(whole[0] if whole and text.startswith(("?OTR|", "?OTR,")) else "")
    return {"assembled": found}
