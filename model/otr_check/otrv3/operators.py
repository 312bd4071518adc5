"""The operators of OTRv3's terms, and how each is written in a witness."""

from __future__ import annotations

from enum import unique

from otr_check.exponents import Polynomial
from otr_check.terms import Operator, Term, show

__all__ = ["Op"]


@unique
class Op(Operator):
    """What a term stands for, and the arguments that it takes."""

    # What a script or an attacker starts from.
    SEED = "where an endpoint's randomness comes from: its bytes, which are its name here"
    TEXT = "octets that are known in full: the bytes"
    TYPED = "what the user typed as the secret of SMP: the bytes"
    SIGNING_KEY = "a long-term private key: its owner's name"
    LOG = "the exponent, unknown to everybody, of an element that is just a number: the number"
    INVALID = "the same, of a number that is not in range: the number"

    # What a suite computes.
    ZERO = "the exponent 0"
    NONCE = "a random value: its kind, the seed, the number of the draw"
    PUBLIC_KEY = "the public part of a long-term key: the private part"
    ELEMENT = "g to a power: the exponent, a polynomial; with p added, where that is said"
    HASH = "a hash: what is hashed"
    KDF = "a derived value: its name, what it is derived from"
    ENC = "a ciphertext: the key, the top half of the counter, the plaintext"
    DEC = "what a ciphertext decrypts to under another key: the key, the counter, the ciphertext"
    MAC = "a message authentication code: the key, everything that is authenticated"
    SIGNATURE = "a signature: the private key, what is signed, the seed and the number of the draw"
    BODY = "the part of a Data Message that its authenticator covers, encoded: its fields"
    CONCAT = "octets one after the other: the parts"
    CHALLENGE = "the hash in a zero-knowledge proof: the step, the elements that are hashed"
    RESPONSE = "r - e*c in a zero-knowledge proof: r, the exponent e, the challenge c"
    ALTERED = "a value whose end was changed: the value, and the value whose end it has, if any"

    # What the network carries.
    WIRE = "a message, encoded: the message"
    PIECE = "some characters of an encoded message: the message, the first, the one after the last"

    def shown(self, args: tuple[object, ...]) -> str:
        """How a term of this operator is written."""
        match self, args:
            case Op.SEED, (bytes() as name,):
                written = name.decode("utf-8", "backslashreplace")
            case ((Op.TEXT | Op.TYPED), (bytes() as text,)):
                written = repr(text.decode("utf-8", "backslashreplace"))
            case Op.SIGNING_KEY, (name,):
                written = f"sk({name})"
            case Op.PUBLIC_KEY, (Term(op=Op.SIGNING_KEY, args=(name,)),):
                written = f"pk({name})"
            case Op.NONCE, (kind, seed, draw):
                written = f"{show(seed)}.{kind}{draw}"
            case Op.KDF, (name, *sources):
                written = f"{name}({', '.join(map(show, sources))})"
            case Op.ELEMENT, (Polynomial() as exponent,):
                written = _power(exponent)
            case Op.ELEMENT, (Polynomial() as exponent, added):
                written = f"{_power(exponent)} + {added}"
            case _:
                written = super().shown(args)
        return written


def _power(exponent: Polynomial) -> str:
    """How g to a power is written: 1, g, g^x, g^2, g^(x*y)."""
    written = show(exponent)
    if not exponent:
        return "1"
    if written == "1":
        return "g"
    if written.isdigit() or (len(exponent.terms) == 1 and "*" not in written):
        return f"g^{written}"
    return f"g^({written})"
