"""Data of OTRv3: values that rows never look inside."""

from __future__ import annotations

from enum import unique

from otr_model.kernel.expr import Scope
from otr_model.kernel.vocabulary import Datum as DatumBase
from otr_model.kernel.vocabulary import Slot


@unique
class Datum(DatumBase):
    """Where the values of a conversation are kept, and which of them are secret."""

    STORED_TEXT = Slot("the text for possible retransmission", Scope.SHARED, secret=True)
    STORED_FOR = Slot("the public key that the stored text was meant for", Scope.SHARED)

    R = Slot("r, the key of our D-H Commit", secret=True)
    PAIR = Slot("our D-H key pair of the AKE: x, g^x or y, g^y", secret=True)
    COMMITMENT = Slot("encrypted and hashed g^x, ours or theirs")
    GY = Slot("the peer's g^y as received, or g^x as opened")
    AKE_KEYS = Slot("ssid, c, c', m1, m1', m2, m2'", secret=True)
    REVEAL = Slot("the Reveal Signature Message that we sent")
    IDENTITY = Slot("the peer's public key and key id as authenticated")

    PEER = Slot("the public key that the private conversation is with")
    SSID = Slot("the secure session id")
    INITIATED = Slot("whether we sent the Reveal Signature Message of this conversation")
    RING = Slot(
        "D-H keys: two of ours, one or two of theirs, and the keys derived from them", secret=True
    )
    OLD_MAC_KEYS = Slot("MAC keys that the next Data Message reveals", secret=True)

    FRAGMENTS = Slot("F, the stored pieces")

    SMP_1_RECEIVED = Slot("SMP message 1 as received, while the user is asked")
    SMP_EXPONENTS = Slot("a2 and a3, or b3", secret=True)
    SMP_SECRET = Slot("x", secret=True)
    SMP_BASES = Slot("g2, g3 and the peer's g3a or g3b")
    SMP_POINTS = Slot("Pb and Qb; later Pa / Pb and Qa / Qb")
