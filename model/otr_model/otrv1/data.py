"""Data of OTRv1: values that rows never look inside."""

from __future__ import annotations

from enum import unique

from otr_model.kernel.vocabulary import Datum as DatumBase
from otr_model.kernel.vocabulary import Slot


@unique
class Datum(DatumBase):
    """Where the values of a conversation are kept, and which of them are secret."""

    PAIR = Slot("our D-H key pair", secret=True)
    PEER = Slot("the public key in the peer's Key Exchange Message")
    Y = Slot("the D-H key in it")
    KEYS = Slot("the keys made from both D-H keys, and the secure session id", secret=True)
