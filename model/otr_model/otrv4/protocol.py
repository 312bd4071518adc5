"""OTRv4 as one composition of tables."""

from __future__ import annotations

from otr_model.kernel.composition import Assumption, Composition, Family
from otr_model.kernel.expr import InState, Truth

from .ambiguities import AMBIGUITIES
from .conditions import EXCLUSIVES, Check, Cond
from .dake import DAKE
from .data import Datum
from .effects import Do
from .message import MESSAGE
from .ratchet import RATCHET
from .receiving import FRAGMENT, INSTANCES, RECEIVE, TLV
from .smp import SMP
from .variables import BEST, MAX_SKIP, OUR_TAG, PARAMETERS, SMALLEST_TAG, THEIR_TAG, VARIABLES
from .version import VERSION
from .words import Assembly, Event, Msg

SESSIONS = Family(
    "session",
    "the instance tag of the peer's client; 0, the master session, for what has no tags",
    (
        RECEIVE.name,
        VERSION.name,
        DAKE.name,
        MESSAGE.name,
        RATCHET.name,
        TLV.name,
        SMP.name,
    ),
    limit="max_instances",
    retires=InState("message", (Msg.START,)) & ~THEIR_TAG.equals(BEST),
)
ASSEMBLIES = Family(
    "assembly",
    "the sender's instance tag and the identifier of a fragmented message",
    (FRAGMENT.name,),
    limit="max_assemblies",
    retires=Truth(value=True),
    vanishes=InState("fragment", (Assembly.EMPTY,)),
    slot="assemblies",
)

OTRV4 = Composition(
    "otrv4",
    "Off-the-Record Messaging, version 4: online and offline, in its three modes.",
    (INSTANCES, FRAGMENT, RECEIVE, VERSION, DAKE, MESSAGE, RATCHET, TLV, SMP),
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
        Assumption("some messages may be skipped", MAX_SKIP > 0),
    ),
    (ASSEMBLIES,),
)
OTRV4.validate()
