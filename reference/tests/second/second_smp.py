"""The Socialist Millionaires Protocol: "SMP Overview" to "The SMP State Machine".

As in the text, Alice begins.  Random values are 57 octets each, hashed and pruned before use.
"""

from typing import NamedTuple

from second_ed448 import (
    SIZE,
    G,
    Point,
    Q,
    add,
    decode_scalar,
    encode_point,
    encode_scalar,
    equal,
    is_valid,
    multiply,
    prune,
    random_scalar,
    require,
    subtract,
    valid_point,
)
from second_encoding import Reader, encode_byte, encode_data
from second_kdf import USAGE_SMP_SECRET, hwc
from second_ring import hash_to_scalar

SMP_VERSION = 1


class Random1(NamedTuple):
    """Alice's random values of message 1."""

    a2: bytes
    a3: bytes
    r2: bytes
    r3: bytes


class Random2(NamedTuple):
    """Bob's random values of message 2."""

    b2: bytes
    b3: bytes
    r2: bytes
    r3: bytes
    r4: bytes
    r5: bytes
    r6: bytes


class Random3(NamedTuple):
    """Alice's random values of message 3."""

    r4: bytes
    r5: bytes
    r6: bytes
    r7: bytes


class Message1(NamedTuple):
    """SMP message 1, decoded; points stay encoded."""

    question: bytes
    g2a: bytes
    c2: int
    d2: int
    g3a: bytes
    c3: int
    d3: int


class Message2(NamedTuple):
    """SMP message 2, decoded; points stay encoded."""

    g2b: bytes
    c2: int
    d2: int
    g3b: bytes
    c3: int
    d3: int
    pb: bytes
    qb: bytes
    cp: int
    d5: int
    d6: int


class Message3(NamedTuple):
    """SMP message 3, decoded; points stay encoded."""

    pa: bytes
    qa: bytes
    cp: int
    d5: int
    d6: int
    ra: bytes
    cr: int
    d7: int


class Message4(NamedTuple):
    """SMP message 4, decoded; points stay encoded."""

    rb: bytes
    cr: int
    d7: int


class Step1(NamedTuple):
    """What Alice knows once message 1 is made."""

    value: bytes
    message: Message1
    x: int
    a2: int
    a3: int


class Step2(NamedTuple):
    """What Bob knows once message 2 is made."""

    value: bytes
    message: Message2
    y: int
    b2: int
    b3: int
    g3a: bytes
    g2: bytes
    g3: bytes
    pb: bytes
    qb: bytes


class Step3(NamedTuple):
    """What Alice knows once message 3 is made; the last two are Pa - Pb and Qa - Qb."""

    value: bytes
    message: Message3
    x: int
    a3: int
    g3b: bytes
    g2: bytes
    g3: bytes
    pa_pb: bytes
    qa_qb: bytes


class Step4(NamedTuple):
    """What Bob knows once message 4 is made; `equal` is the result."""

    value: bytes
    message: Message4
    rab: bytes
    pa_pb: bytes
    qa_qb: bytes
    equal: bool


class Step5(NamedTuple):
    """What Alice knows in the end; `equal` is the result."""

    rab: bytes
    equal: bool


def smp_secret(
    initiator_fingerprint: bytes, responder_fingerprint: bytes, ssid: bytes, secret: bytes
) -> int:
    """The secret x or y ("Secret Information"): hashed, pruned, read as a little-endian integer."""
    digest = hwc(
        USAGE_SMP_SECRET,
        encode_byte(SMP_VERSION),
        initiator_fingerprint,
        responder_fingerprint,
        ssid,
        encode_data(secret),
        size=SIZE,
    )
    return prune(digest)


def _checked(point: Point) -> Point:
    """A point of ours or made of theirs, checked to be on the curve."""
    require(is_valid(point), "a point is the identity or outside the prime-order subgroup")
    return point


def _prove(prefix: int, secret: int, r: int) -> tuple[int, int]:
    """Compute c = HashToScalar(prefix || G * r) and d = r - secret * c."""
    c = hash_to_scalar(prefix, encode_point(multiply(G, r)))
    return c, (r - secret * c) % Q


def _proved(prefix: int, c: int, d: int, public: Point) -> bool:
    """Whether c = HashToScalar(prefix || G * d + public * c), modulo q."""
    commitment = add(multiply(G, d), multiply(public, c))
    return hash_to_scalar(prefix, encode_point(commitment)) % Q == c % Q


def _pack(*values: bytes | int) -> bytes:
    """Encode points (given encoded) and scalars one after the other."""
    return b"".join(encode_scalar(one) if isinstance(one, int) else one for one in values)


def _scalar(reader: Reader) -> int:
    """Take a SCALAR."""
    return decode_scalar(reader.take(SIZE))


def encode_message_1(message: Message1) -> bytes:
    """The value of the TLV ("SMP Message 1")."""
    return encode_data(message.question) + _pack(*message[1:])


def decode_message_1(value: bytes) -> Message1:
    """Decode the value of the TLV ("SMP Message 1")."""
    reader = Reader(value)
    question = reader.var()
    g2a, c2, d2 = reader.take(SIZE), _scalar(reader), _scalar(reader)
    message = Message1(question, g2a, c2, d2, reader.take(SIZE), _scalar(reader), _scalar(reader))
    reader.end()
    return message


def decode_message_2(value: bytes) -> Message2:
    """Decode the value of the TLV ("SMP Message 2")."""
    reader = Reader(value)
    g2b, c2, d2 = reader.take(SIZE), _scalar(reader), _scalar(reader)
    g3b, c3, d3 = reader.take(SIZE), _scalar(reader), _scalar(reader)
    pb, qb = reader.take(SIZE), reader.take(SIZE)
    cp, d5, d6 = _scalar(reader), _scalar(reader), _scalar(reader)
    reader.end()
    return Message2(g2b, c2, d2, g3b, c3, d3, pb, qb, cp, d5, d6)


def decode_message_3(value: bytes) -> Message3:
    """Decode the value of the TLV ("SMP Message 3")."""
    reader = Reader(value)
    pa, qa = reader.take(SIZE), reader.take(SIZE)
    cp, d5, d6 = _scalar(reader), _scalar(reader), _scalar(reader)
    message = Message3(pa, qa, cp, d5, d6, reader.take(SIZE), _scalar(reader), _scalar(reader))
    reader.end()
    return message


def decode_message_4(value: bytes) -> Message4:
    """Decode the value of the TLV ("SMP Message 4")."""
    reader = Reader(value)
    message = Message4(reader.take(SIZE), _scalar(reader), _scalar(reader))
    reader.end()
    return message


def smp_1(question: bytes, x: int, random: Random1) -> Step1:
    """Alice makes message 1 ("SMP Message 1")."""
    a2, a3, r2, r3 = (random_scalar(value) for value in random)
    g2a = encode_point(_checked(multiply(G, a2)))
    g3a = encode_point(_checked(multiply(G, a3)))
    message = Message1(question, g2a, *_prove(0x01, a2, r2), g3a, *_prove(0x02, a3, r3))
    return Step1(encode_message_1(message), message, x, a2, a3)


def smp_2(value: bytes, y: int, random: Random2) -> Step2:
    """Bob checks message 1 and makes message 2 ("SMP Message 2")."""
    theirs = decode_message_1(value)
    g2a, g3a = valid_point(theirs.g2a), valid_point(theirs.g3a)
    require(_proved(0x01, theirs.c2, theirs.d2, g2a), "the proof of G2a is wrong")
    require(_proved(0x02, theirs.c3, theirs.d3, g3a), "the proof of G3a is wrong")
    b2, b3, r2, r3, r4, r5, r6 = (random_scalar(one) for one in random)
    g2b = encode_point(_checked(multiply(G, b2)))
    g3b = encode_point(_checked(multiply(G, b3)))
    g2, g3 = _checked(multiply(g2a, b2)), _checked(multiply(g3a, b3))
    pb = encode_point(_checked(multiply(g3, r4)))
    qb = encode_point(_checked(add(multiply(G, r4), multiply(g2, y % Q))))
    cp = hash_to_scalar(
        0x05,
        encode_point(multiply(g3, r5)),
        encode_point(add(multiply(G, r5), multiply(g2, r6))),
    )
    d5, d6 = (r5 - r4 * cp) % Q, (r6 - y * cp) % Q
    message = Message2(g2b, *_prove(0x03, b2, r2), g3b, *_prove(0x04, b3, r3), pb, qb, cp, d5, d6)
    return Step2(
        value=_pack(*message),
        message=message,
        y=y,
        b2=b2,
        b3=b3,
        g3a=theirs.g3a,
        g2=encode_point(g2),
        g3=encode_point(g3),
        pb=pb,
        qb=qb,
    )


def _proved_pq(
    prefix: int, bases: tuple[Point, Point], p_q: tuple[Point, Point], proof: tuple[int, int, int]
) -> bool:
    """Whether the proof (cp, d5, d6) of P and Q holds for the bases G2 and G3."""
    g2, g3 = bases
    p, q = p_q
    cp, d5, d6 = proof
    left = add(multiply(g3, d5), multiply(p, cp))
    right = add(add(multiply(G, d5), multiply(g2, d6)), multiply(q, cp))
    return hash_to_scalar(prefix, encode_point(left), encode_point(right)) % Q == cp % Q


def _proved_r(
    prefix: int, difference: Point, publics: tuple[Point, Point], proof: tuple[int, int]
) -> bool:
    """Whether the proof (cr, d7) of R holds for the other's G3 half and Qa - Qb."""
    g3_half, r_point = publics
    cr, d7 = proof
    left = add(multiply(G, d7), multiply(g3_half, cr))
    right = add(multiply(difference, d7), multiply(r_point, cr))
    return hash_to_scalar(prefix, encode_point(left), encode_point(right)) % Q == cr % Q


def smp_3(step: Step1, value: bytes, random: Random3) -> Step3:
    """Alice checks message 2 and makes message 3 ("SMP Message 3")."""
    theirs = decode_message_2(value)
    g2b, g3b = valid_point(theirs.g2b), valid_point(theirs.g3b)
    pb, qb = valid_point(theirs.pb), valid_point(theirs.qb)
    require(_proved(0x03, theirs.c2, theirs.d2, g2b), "the proof of G2b is wrong")
    require(_proved(0x04, theirs.c3, theirs.d3, g3b), "the proof of G3b is wrong")
    g2, g3 = _checked(multiply(g2b, step.a2)), _checked(multiply(g3b, step.a3))
    proof = (theirs.cp, theirs.d5, theirs.d6)
    require(_proved_pq(0x05, (g2, g3), (pb, qb), proof), "the proof of Pb and Qb is wrong")
    r4, r5, r6, r7 = (random_scalar(one) for one in random)
    pa = _checked(multiply(g3, r4))
    qa = _checked(add(multiply(G, r4), multiply(g2, step.x % Q)))
    cp = hash_to_scalar(
        0x06,
        encode_point(multiply(g3, r5)),
        encode_point(add(multiply(G, r5), multiply(g2, r6))),
    )
    d5, d6 = (r5 - r4 * cp) % Q, (r6 - step.x * cp) % Q
    difference = subtract(qa, qb)
    ra = _checked(multiply(difference, step.a3))
    cr = hash_to_scalar(0x07, encode_point(multiply(G, r7)), encode_point(multiply(difference, r7)))
    d7 = (r7 - step.a3 * cr) % Q
    message = Message3(encode_point(pa), encode_point(qa), cp, d5, d6, encode_point(ra), cr, d7)
    return Step3(
        value=_pack(*message),
        message=message,
        x=step.x,
        a3=step.a3,
        g3b=theirs.g3b,
        g2=encode_point(g2),
        g3=encode_point(g3),
        pa_pb=encode_point(subtract(pa, pb)),
        qa_qb=encode_point(difference),
    )


def smp_4(step: Step2, value: bytes, r7: bytes) -> Step4:
    """Bob checks message 3, makes message 4 and compares ("SMP Message 4")."""
    theirs = decode_message_3(value)
    pa, qa, ra = valid_point(theirs.pa), valid_point(theirs.qa), valid_point(theirs.ra)
    g2, g3, g3a = valid_point(step.g2), valid_point(step.g3), valid_point(step.g3a)
    proof = (theirs.cp, theirs.d5, theirs.d6)
    require(_proved_pq(0x06, (g2, g3), (pa, qa), proof), "the proof of Pa and Qa is wrong")
    difference = subtract(qa, valid_point(step.qb))
    require(
        _proved_r(0x07, difference, (g3a, ra), (theirs.cr, theirs.d7)), "the proof of Ra is wrong"
    )
    random = random_scalar(r7)
    rb = encode_point(_checked(multiply(difference, step.b3)))
    cr = hash_to_scalar(
        0x08, encode_point(multiply(G, random)), encode_point(multiply(difference, random))
    )
    message = Message4(rb, cr, (random - step.b3 * cr) % Q)
    rab = multiply(ra, step.b3)
    pa_pb = subtract(pa, valid_point(step.pb))
    return Step4(
        value=_pack(*message),
        message=message,
        rab=encode_point(rab),
        pa_pb=encode_point(pa_pb),
        qa_qb=encode_point(difference),
        equal=equal(pa_pb, rab),
    )


def smp_5(step: Step3, value: bytes) -> Step5:
    """Alice checks message 4 and compares ("Receiving a SMP Message 4")."""
    theirs = decode_message_4(value)
    rb, g3b = valid_point(theirs.rb), valid_point(step.g3b)
    difference = valid_point(step.qa_qb)
    require(
        _proved_r(0x08, difference, (g3b, rb), (theirs.cr, theirs.d7)), "the proof of Rb is wrong"
    )
    rab = encode_point(multiply(rb, step.a3))
    return Step5(rab, rab == step.pa_pb)
