"""OTRv1 as one composition of tables."""

from __future__ import annotations

from otr_model.kernel.composition import Composition, Family
from otr_model.kernel.expr import Truth

from .ake import AKE
from .conditions import EXCLUSIVES, Check, Cond
from .data import Datum
from .effects import Do
from .variables import PARAMETERS, VARIABLES
from .words import Event

SESSIONS = Family(
    "session",
    "0: version 1 knows one client of a correspondent",
    (AKE.name,),
    limit="max_instances",
    retires=Truth(value=False),
)

OTRV1 = Composition(
    "otrv1",
    "Off-the-Record Messaging, version 1: its authenticated key exchange, for its history.",
    (AKE,),
    SESSIONS,
    Event,
    Cond,
    Check,
    Do,
    Datum,
    VARIABLES,
    PARAMETERS,
    EXCLUSIVES,
)
OTRV1.validate()
