"""Data of OTRv4: values that rows never look inside."""

from __future__ import annotations

from enum import unique

from otr_model.kernel.expr import Scope
from otr_model.kernel.vocabulary import Datum as DatumBase
from otr_model.kernel.vocabulary import Slot


@unique
class Datum(DatumBase):
    """Where the values of a conversation are kept, and which of them are secret."""

    QUEUE = Slot("texts that wait to be sent, and for whom", Scope.SHARED, secret=True)
    USED_PREKEYS = Slot("prekey messages of ours that are used up", Scope.SHARED)
    VERSION_3 = Slot("the conversation of version 3 with this correspondent", Scope.SHARED)

    OUR_KEYS = Slot(
        "our ephemeral keys of the DAKE: ECDH and DH, and the first of the ratchet", secret=True
    )
    THEIR_KEYS = Slot("the peer's, and the client profile that came with them")
    MIXED = Slot("K, the mixed shared secret of the DAKE, its brace key, and the SSID", secret=True)
    AGREED = Slot("what the ratchet is to begin with: K, ephemeral keys, brace key", secret=True)
    IDENTITY = Slot("the peer's client profile as authenticated")

    PEER = Slot("the client profile that the private conversation is with")
    SSID = Slot("the secure session id")
    CHAIN = Slot(
        "root key, chain keys, brace key, ephemeral keys, and skipped message keys", secret=True
    )
    OLD_MAC_KEYS = Slot("MAC keys that are to be revealed", secret=True)
    REVEALED = Slot("MAC keys that the next Data Message makes public", secret=True)
    OUTBOX = Slot("contents that are to be sent in Data Messages, in order", secret=True)
    EARLY_MESSAGES = Slot("Data Messages that came before their DAKE was complete")

    PIECES = Slot("the pieces that are held, by index")

    SMP_1_RECEIVED = Slot("SMP message 1 as received, while the user is asked")
    SMP_EXPONENTS = Slot("a2 and a3, or b3", secret=True)
    SMP_SECRET = Slot("x", secret=True)
    SMP_BASES = Slot("G2, G3 and the peer's G3a or G3b")
    SMP_POINTS = Slot("Pb and Qb; later Pa - Pb and Qa - Qb")
