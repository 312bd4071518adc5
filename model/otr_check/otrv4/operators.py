"""The operators of OTRv4's terms, and how each is written in a witness.

What both versions handle has one term, that of version 3, so that one client can speak both: seeds,
texts, what a user types, the user's DSA key, pieces of messages and octets one after the other, and
every wire that is not version 4's alone. Everything else is here.
"""

from __future__ import annotations

from enum import unique

from otr_check.exponents import Polynomial
from otr_check.terms import Operator, Term, show
from otr_model.otrv4.usages import Usage

__all__ = ["Op"]


@unique
class Op(Operator):
    """What a term stands for, and the arguments that it takes."""

    # What a script or an attacker starts from.
    SYM_KEY = "sym_h, which a client signs profiles with: its owner's name"
    FORGING = "the secret part of a forging key, which need not be kept: its owner's name"
    LOG = "the exponent, unknown to everybody, of what is just bytes or a number: those"
    INVALID = "the same, of what is not in its group"

    # What a suite computes.
    ZERO = "the exponent 0"
    NONCE = "a random value: its kind, the seed, the number of the draw"
    AUTHENTICATING = "sk_h: the signing key that it comes from"
    POINT = "G times an exponent, a polynomial; with what is of small order in it, if anything"
    ELEMENT = "g3 to a power: the exponent, a polynomial"
    HASH = "a hash that has no usage: what is hashed"
    KDF = "a derived value, or a hash: its usage or name, what it is derived from"
    MAC = "a message authentication code: its usage, the key, what is authenticated"
    ENC = "a ciphertext: the key, the plaintext"
    DEC = "what a ciphertext decrypts to under another key: the key, the ciphertext"
    EDDSA = "a signature with an Ed448 key: the private key, what is signed"
    WEAK = "a signature that verifies under a key of small order, whatever is signed"
    SIGMA = "a ring signature: the ring, the secret, the value, the seed, the draw; none: nobody's"
    PROFILE = "the fields of a client profile, encoded: those"
    TRANSITION = "the fields that a transitional signature is over, encoded: those"
    PREKEY_PROFILE = "the fields of a prekey profile, encoded: the tag, the expiration, the key"
    PHI = "the shared session state: the tags in order, the keys, the names in order"
    BOUND = "what a message of a DAKE signs, t: which one's, its parts"
    BODY = "the part of a Data Message that its authenticator covers, encoded: its fields"
    CHALLENGE = "the hash in a zero-knowledge proof: the step, the points that are hashed"
    RESPONSE = "r - e*c in a zero-knowledge proof: r, the exponent e, the challenge c"
    ALTERED = "a value whose end was changed: the value, and the value whose end it has, if any"

    # What the network carries.
    WIRE = "a message of version 4, encoded, or a fragment of one: the message"

    def shown(self, args: tuple[object, ...]) -> str:
        """How a term of this operator is written."""
        match self, args:
            case Op.SYM_KEY, (name,):
                written = f"sym({name})"
            case Op.AUTHENTICATING, (Term(op=Op.SYM_KEY, args=(name,)),):
                written = f"sk({name})"
            case Op.NONCE, (kind, seed, draw):
                written = f"{show(seed)}.{kind}{draw}"
            case ((Op.KDF | Op.MAC), (Usage() as usage, *sources)):
                written = f"{usage.name.lower()}({', '.join(map(show, sources))})"
            case Op.KDF, (name, *sources):
                written = f"{name}({', '.join(map(show, sources))})"
            case Op.POINT, (Polynomial() as exponent,):
                written = _multiple(exponent)
            case Op.POINT, (Polynomial() as exponent, part):
                written = f"{_multiple(exponent)} + {part}*T"
            case Op.ELEMENT, (Polynomial() as exponent,):
                written = _power(exponent)
            case _:
                written = super().shown(args)
        return written


def _multiple(exponent: Polynomial) -> str:
    """How a multiple of G is written: I, G, G*x, G*(x*y), G*(x + y)."""
    written = show(exponent)
    if not exponent:
        return "I"
    if written == "1":
        return "G"
    return f"G*{written}" if _is_one_factor(exponent, written) else f"G*({written})"


def _power(exponent: Polynomial) -> str:
    """How g3 to a power is written: 1, g3, g3^x, g3^(x*y)."""
    written = show(exponent)
    if not exponent:
        return "1"
    if written == "1":
        return "g3"
    return f"g3^{written}" if _is_one_factor(exponent, written) else f"g3^({written})"


def _is_one_factor(exponent: Polynomial, written: str) -> bool:
    """Whether an exponent is written without a product or a sum."""
    return written.isdigit() or (
        len(exponent.terms) == 1 and written[0] != "-" and "*" not in written
    )
