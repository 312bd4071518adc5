"""What the rows of OTRv1 ask: conditions, and the named checks that a valid message passes."""

from __future__ import annotations

from enum import unique

from otr_model.kernel.expr import Scope
from otr_model.kernel.guard import Exclusive
from otr_model.kernel.vocabulary import Check as CheckBase
from otr_model.kernel.vocabulary import Checking, Condition, Defined, Opaque, Point, Validity

from . import variables as v
from .words import Kind


@unique
class Check(CheckBase):
    """Named checks, in the order in which they are made."""

    KEYID = Checking("the keyid is greater than 0", Point.KEY_ID, v.KEYID > 0)
    SIGNED = Checking(
        "the signature of everything before it, under the public key in the message",
        Point.SIGNATURE,
    )
    DATA_MAC = Checking("the MAC, with the receiving MAC key", Point.MAC)
    DATA_COUNTER = Checking(
        "the counter is strictly larger than the last one", Point.COUNTER, v.SEEN < v.COUNTER
    )


def _kind(kind: Kind) -> Defined:
    return Defined(kind.meaning, v.KIND.equals(kind.number))


@unique
class Cond(Condition):
    """Conditions of the rows."""

    IS_PLAINTEXT = _kind(Kind.PLAINTEXT)
    IS_QUERY = _kind(Kind.QUERY)
    IS_KEY_EXCHANGE = _kind(Kind.KEY_EXCHANGE)
    IS_DATA = _kind(Kind.DATA)
    IS_MALFORMED = _kind(Kind.MALFORMED)

    IS_REPLY = Defined("its Reply field is 0x01", v.REPLY)
    KEY_EXCHANGE_VALID = Validity(
        "every check of the Key Exchange Message holds", (Check.KEYID, Check.SIGNED)
    )
    KNOWN = Opaque(
        "its public key and its D-H key are those of the peer that we hold, or we hold none",
        Scope.MEMBER,
    )
    DATA_VALID = Validity(
        "every check of the Data Message holds", (Check.DATA_MAC, Check.DATA_COUNTER)
    )


KINDS = Exclusive(
    (
        Cond.IS_PLAINTEXT,
        Cond.IS_QUERY,
        Cond.IS_KEY_EXCHANGE,
        Cond.IS_DATA,
        Cond.IS_MALFORMED,
    ),
    complete=True,
)
EXCLUSIVES = (KINDS,)
