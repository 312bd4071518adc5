"""Every primitive by itself, with odd and refused inputs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from otr_model.otrv4 import schedules as s
from otr_model.otrv4.groups4 import ED448, MODP_3072
from otr_model.otrv4.usages import Function, Usage
from otr_reference import arith, dh3072, ed448
from otr_reference.chacha import KEY_OCTETS, cipher
from otr_reference.errors import Malformed
from otr_reference.keys import dsa
from otr_reference.otrv3.wire import mpi
from otr_reference.otrv4 import kdf, ring, wire
from otr_reference.otrv4.account import WEEK
from otr_reference.otrv4.messages import Content, ExtraKeyUse, Padding, UnknownTlv
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.suite import PhiSide

from .naming import Teller, key_pair, record, ring_signature, scheduled
from .octets import NOW, SEED_OCTETS, as_element, as_scalar, label
from .recording import recording
from .references import referring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from otr_model.kernel.export import Json
    from otr_model.kernel.schedule import Schedule, Value
    from otr_reference.otrv4.messages import Tlv

    from .octets import Object

__all__ = ["primitives"]


def primitives() -> Object:
    """One group of operations after the other."""
    steps: list[Json] = [
        {"number": number, "about": about, "computes": [*make()]}
        for number, (about, make) in enumerate(_GROUPS.items(), start=1)
    ]
    return referring({"steps": steps})


def _told_by(asked: Callable[[RealSuite], object], *names: str) -> list[Object]:
    """What the suite computes when it is asked something."""
    suite, calls = recording()
    asked(suite)
    return Teller().tell(calls, (), *names)


def _key_pairs() -> Iterator[Object]:
    yield key_pair(bytes(range(SEED_OCTETS)), "H")
    yield key_pair(bytes(SEED_OCTETS), "H")


_TWO: Final = (ED448.prime - 1).to_bytes(SEED_OCTETS, "little")
_POINTS_TO_READ: Final = (
    ("G", ed448.BASE.encode()),
    ("-G", (-ed448.BASE).encode()),
    ("the identity", ed448.IDENTITY.encode()),
    ("(0, -1), of order 2", _TWO),
    ("of order 4", bytes(SEED_OCTETS)),
    ("G + (0, -1), outside the group", (ed448.BASE + ed448.decode(_TWO)).encode()),
    ("y = p, which is too large", ED448.prime.to_bytes(SEED_OCTETS, "little")),
    ("y = p + 1, which is too large", (ED448.prime + 1).to_bytes(SEED_OCTETS, "little")),
    ("the identity with the sign of x", b"\x01" + bytes(SEED_OCTETS - 2) + b"\x80"),
    ("no x belongs to y = 2", b"\x02" + bytes(SEED_OCTETS - 1)),
    ("a bit above y", ed448.BASE.encode()[:-1] + b"\x01"),
    ("a byte is missing", ed448.BASE.encode()[:-1]),
)


def _points() -> Iterator[Object]:
    for about, octets in _POINTS_TO_READ:
        try:
            ed448.decode(octets)
        except Malformed:
            decodes = False
        else:
            decodes = True
        gives: Object = {"decodes": decodes, "valid": ed448.is_valid(octets)}
        yield record("decode_point", {"POINT": octets.hex()}, gives, about)


def _scalars() -> Iterator[Object]:
    q = ed448.ORDER
    for about, number in (
        ("zero", 0),
        ("q - 1", q - 1),
        ("q", q),
        ("q + 1", q + 1),
        ("the largest", (1 << 8 * SEED_OCTETS) - 1),
    ):
        octets = ed448.encode_scalar(number)
        gives: Object = {"modulo q": as_scalar(ed448.decode_scalar(octets))}
        yield record("decode_scalar", {"SCALAR": octets.hex()}, gives, about)
    octets = label("a random value", SEED_OCTETS)
    takes: Object = {"r": octets.hex()}
    yield record("hash_and_prune", takes, {"scalar": as_scalar(ed448.hash_and_prune(octets))})
    yield record("hash_uniform", takes, {"scalar": as_scalar(ed448.hash_uniform(octets))})


def _shared() -> Iterator[Object]:
    ours, theirs = (ed448.keypair(label(f"ECDH {n}", SEED_OCTETS)) for n in (1, 2))
    takes: Object = {
        "our_ecdh.secret": as_scalar(ours.secret),
        "their_ecdh": theirs.public.encode().hex(),
    }
    yield record("ecdh", takes, {"K_ecdh": ed448.ecdh(ours.secret, theirs.public).hex()})
    for exchange in ("DH 1", _SHORT_K_DH):
        yield from _third_brace_keys(exchange)


_SHORT_K_DH: Final = "DH 231"
"""A label whose k_dh begins with a zero byte, which has to be kept."""


def _third_brace_keys(exchange: str) -> list[Object]:
    secrets = [dh3072.exponent(label(f"{exchange}, {n}", dh3072.EXPONENT_OCTETS)) for n in (1, 2)]
    return _told_by(
        lambda suite: suite.third_brace_key(
            suite.exponent(secrets[0]), suite.element(dh3072.public_key(secrets[1]))
        )
    )


def _group() -> Iterator[Object]:
    p, g = MODP_3072.modulus, MODP_3072.generator
    for about, number in (
        ("zero", 0),
        ("one", 1),
        ("g3", g),
        ("no square, outside the subgroup", p - g),
        ("the largest in range", p - g - 1),
        ("p - 1, of order 2", p - 1),
    ):
        gives: Object = {"valid": dh3072.in_group(number)}
        yield record("in_dh_group", {"number": as_element(number)}, gives, about)


_CONTENTS: Final[tuple[tuple[str, bytes, tuple[Tlv, ...]], ...]] = (
    ("no TLVs, no NUL", b"hello", ()),
    ("padding", b"hello", (Padding(3),)),
    (
        "no text, and types 7 and 255",
        b"",
        (ExtraKeyUse(1, RealSuite.octets(b"x")), UnknownTlv(255, RealSuite.octets(b"?"))),
    ),
)


def _encodings() -> Iterator[Object]:
    for number in (0, 1, 0xFF, 0x100):
        yield record("encode_mpi", {"number": as_element(number)}, {"MPI": mpi(number).hex()})
    for about, text, tlvs in _CONTENTS:
        takes: Object = {"text": text.hex()}
        for number, tlv in enumerate(tlvs, start=1):
            octets = wire.encode_content(Content(RealSuite.octets(b""), (tlv,)))[1:]
            takes[f"TLV {number}"] = {"Type": octets[:2].hex(), "Value": octets[4:].hex()}
        written = wire.encode_content(Content(RealSuite.octets(text), tlvs))
        yield record("encode_content", takes, {"message": written.hex()}, about)


_HASHED: Final = bytes(range(64))


def _usages() -> Iterator[Object]:
    functions = {Function.KDF: kdf.kdf, Function.HWC: kdf.hwc, Function.HCMAC: kdf.hcmac}
    for usage in Usage:
        takes: Object = {"usageID": f"{usage.byte:02x}", "values": _HASHED.hex()}
        gives: Object = {"output": functions[usage.function](usage, _HASHED).hex()}
        yield record(usage.function.name.lower(), takes, gives, usage.value.about)
    for about, by in (("of a ring signature", Usage.AUTH), ("of the first proof of SMP", 1)):
        byte = by if isinstance(by, int) else by.byte
        takes = {"usageID": f"{byte:02x}", "d": _HASHED.hex()}
        gives = {"scalar": as_scalar(kdf.hash_to_scalar(by, _HASHED))}
        yield record("hash_to_scalar", takes, gives, about)


def _signatures() -> Iterator[Object]:
    sym_h, sym_f = (label(f"a client's {key}", SEED_OCTETS) for key in ("sym_h", "sym_f"))
    message = b"what is signed"
    takes: Object = {"sym_h": sym_h.hex(), "message": message.hex()}
    yield record("sign", takes, {"signature": ed448.sign(sym_h, message).hex()})

    def profiles(suite: RealSuite) -> None:
        seed = suite.seed(b"profiles")
        plain = suite.long_term(sym_h, sym_f)
        profile = suite.client_profile(plain, 0x100, frozenset({4}), NOW + WEEK, seed)
        suite.fingerprint(profile)
        older = suite.long_term(sym_h, sym_f, _dsa_key())
        suite.client_profile(older, 0x100, frozenset({3, 4}), NOW + WEEK, seed)
        shared = suite.fresh_ecdh(seed, 1)
        suite.prekey_profile(plain, 0x100, shared.public, NOW + WEEK)

    yield from _told_by(profiles, "our_shared_prekey")


@cache
def _dsa_key() -> dsa.DsaPrivate:
    """A key of version 3: the first primes that are found."""
    q = next(each for each in _numbers("DSA q", 20) if arith.is_prime(each))
    p = next(
        each
        for each in (n - n % (2 * q) + 1 for n in _numbers("DSA p", 128))
        if arith.is_prime(each)
    )
    g = int(arith.power(2, (p - 1) // q, p))
    x = int.from_bytes(label("DSA x", 19), "big")
    key = dsa.DsaPrivate(dsa.DsaPublic(p, q, g, int(arith.power_secret(g, x, p))), x)
    key.check()
    return key


def _numbers(name: str, octets: int) -> Iterator[int]:
    """Odd numbers that have as many bits as there is room for."""
    number = 0
    while True:
        number += 1
        drawn = int.from_bytes(label(f"{name} {number}", octets), "big")
        yield drawn | 1 << 8 * octets - 1 | 1


def _ring_signatures() -> Iterator[Object]:
    pairs = [ed448.keypair(label(f"ring {n}", SEED_OCTETS)) for n in (1, 2, 3)]
    a1, a2, a3 = (pair.public.encode() for pair in pairs)
    keys, message = (a1, a2, a3), b"what is signed"
    randoms = [label(f"ring {name}", SEED_OCTETS) for name in ring.RANDOMS]
    for number, draw, how in (
        (1, ed448.hash_uniform, "modulo q"),
        (2, ed448.hash_uniform, "modulo q"),
        (3, ed448.hash_uniform, "modulo q"),
        (3, ed448.hash_and_prune, "and pruned, by the letter of the text"),
    ):
        secret = pairs[number - 1].secret
        made = ring.encode_signature(ring.sign(keys, secret, message, randoms, draw))
        drawn = [(octets, draw(octets)) for octets in randoms]
        takes, gives = ring_signature(keys, secret, message, drawn, made)
        yield record("ring_sign", takes, gives, f"by A{number}; random values hashed {how}")


def _messages() -> Iterator[Object]:
    chain, brace, message = label("chain key", 64), label("brace key", 32), bytes(range(100))
    found = {s.NEXT_BRACE_KEY: kdf.kdf(Usage.BRACE_KEY, brace)}
    yield _derived("next_brace_key", s.RATCHET, {s.PREV_BRACE_KEY: brace}, found)
    given = {s.MESSAGE_CHAIN_KEY: chain}
    found = {s.NEXT_CHAIN_KEY: kdf.kdf(Usage.NEXT_CHAIN_KEY, chain)}
    yield _derived("next_chain_key", s.MESSAGE, given, found)
    mk_enc = kdf.kdf(Usage.MESSAGE_KEY, chain)
    mk_mac = kdf.kdf(Usage.MAC_KEY, mk_enc)
    extra = kdf.kdf(Usage.EXTRA_SYMM_KEY, b"\xff", chain)
    found = {s.MK_ENC: mk_enc, s.MK_MAC: mk_mac, s.EXTRA_SYMM_KEY: extra}
    yield _derived("message_keys", s.MESSAGE, given, found)
    takes: Object = {s.MK_ENC.title: mk_enc.hex(), "message": message.hex()}
    encrypted = cipher(mk_enc[:KEY_OCTETS], message)
    yield record("seal", takes, {"encrypted_message": encrypted.hex()})
    found = {s.AUTHENTICATOR: kdf.hcmac(Usage.AUTHENTICATOR, mk_mac, message)}
    yield _derived("data_mac", s.MESSAGE, {s.MK_MAC: mk_mac, s.SECTIONS: message}, found)
    for index, context in ((0, b"\0\0\0\1"), (1, b"\0\0\0\2"), (3, b"\xff\0\0\0")):
        given = {
            s.EXTRA_INDEX: bytes((index,)),
            s.EXTRA_CONTEXT: context,
            s.PREVIOUS_EXTRA_KEY: extra,
        }
        extra = kdf.under_byte(index, context, extra, size=64)
        yield _derived("next_extra_key", s.EXTRA, given, {s.NEXT_EXTRA_KEY: extra})


def _derived(
    operation: str,
    schedule: Schedule,
    given: Mapping[Value, bytes],
    found: Mapping[Value, bytes],
) -> Object:
    """What a schedule derives from octets, and KDF by itself."""
    return record(operation, *scheduled(schedule, {}, given, found))


def _agreements() -> Iterator[Object]:
    octets = RealSuite.octets
    lower, higher = (
        PhiSide(
            tag,
            RealSuite.point(ed448.keypair(label(f"first {tag}", SEED_OCTETS)).public.encode()),
            RealSuite.element(MODP_3072.generator << tag),
            octets(name),
        )
        for tag, name in ((0x100, b"bob@example.org"), (0x101, "al\u00edce@example.org".encode()))
    )

    def asked(suite: RealSuite) -> None:
        suite.hashed_b(suite.element(MODP_3072.generator))
        suite.phi(lower, higher)
        suite.phi(higher, lower)
        suite.phi(higher, PhiSide(lower.tag, None, None))
        suite.smp_secret(
            octets(bytes(56)), octets(b"\1" * 56), octets(b"\2" * 8), suite.passphrase(b"secret")
        )

    yield from _told_by(asked)


_GROUPS: Final[Mapping[str, Callable[[], Iterator[Object]]]] = {
    "key pairs": _key_pairs,
    "points": _points,
    "scalars": _scalars,
    "shared secrets and brace keys": _shared,
    "members of the DH group": _group,
    "encodings": _encodings,
    "every usage of SHAKE-256": _usages,
    "signatures and profiles": _signatures,
    "ring signatures": _ring_signatures,
    "what both sides hash": _agreements,
    "the keys of messages": _messages,
}
