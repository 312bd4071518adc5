"""OTRv3 as one composition of tables."""

from __future__ import annotations

from otr_model.kernel.composition import Assumption, Composition, Family
from otr_model.kernel.expr import InState

from .ake import AKE
from .ambiguities import AMBIGUITIES
from .conditions import EXCLUSIVES, Check, Cond
from .data import Datum
from .effects import Do
from .keys import KEYS
from .message import MESSAGE
from .receiving import FRAGMENT, INSTANCES, RECEIVE, TLV
from .smp import SMP
from .variables import BEST, OUR_TAG, PARAMETERS, SMALLEST_TAG, THEIR_TAG, VARIABLES
from .words import Event, Msg

SESSIONS = Family(
    "session",
    "the instance tag of the peer's client; 0, the master session, for what has no tags",
    (FRAGMENT.name, RECEIVE.name, AKE.name, MESSAGE.name, KEYS.name, TLV.name, SMP.name),
    limit="max_instances",
    retires=InState("message", (Msg.PLAINTEXT,)) & ~THEIR_TAG.equals(BEST),
)

OTRV3 = Composition(
    "otrv3",
    "Off-the-Record Messaging, version 3, and version 2 where it differs.",
    (INSTANCES, FRAGMENT, RECEIVE, AKE, MESSAGE, KEYS, TLV, SMP),
    SESSIONS,
    Event,
    Cond,
    Check,
    Do,
    Datum,
    VARIABLES,
    PARAMETERS,
    EXCLUSIVES,
    AMBIGUITIES,
    (
        Assumption(
            "the smallest valid instance tag is above 0, and our own tag is valid",
            (SMALLEST_TAG > 0) & (OUR_TAG >= SMALLEST_TAG),
        ),
    ),
)
OTRV3.validate()
