"""Which version of OTR answers: Query Messages, whitespace tags, and messages of OTRv3.

Sections "Receiving a Query Message", "Receiving plaintext with the whitespace tag", "Requesting
Conversation with Older OTR Versions", "Client Profile" (rollback) and the mode
"OTRv3-Compatible".
"""

from __future__ import annotations

from otr_model.kernel.table import Table, at, ignored, on, table, to

from . import ambiguities as holes
from . import variables as v
from .conditions import EXCLUSIVES, Cond
from .effects import Do
from .words import Event, Ready

TEXT = to(v.BEST, Event.TAGGED_TEXT)
ONLY_3 = ~Cond.OFFERS_4 & Cond.OFFERS_3
AGREES_3 = ONLY_3 & Cond.SPEAKS_3

VERSION: Table[Ready, Event, Cond, Do] = table(
    "otrv4.version",
    "Which version of OTR answers.",
    Ready,
    Ready.READY,
    on(
        Event.QUERY,
        "Receiving a Query Message",
        at(
            Ready.READY,
            Cond.OFFERS_4,
            raises=(Event.DAKE_WANTED,),
            ambiguity=holes.BOTH_VERSIONS,
        ),
        at(
            Ready.READY,
            AGREES_3 & Cond.ROLLBACK,
            do=(Do.WARN_ROLLBACK,),
            name="rollback",
            ambiguity=holes.ROLLBACK,
        ),
        at(Ready.READY, AGREES_3 & ~Cond.ROLLBACK, do=(Do.HANDLE_3,), name="older"),
        ignored(ONLY_3 & ~Cond.SPEAKS_3, name="engaged"),
        ignored(~Cond.OFFERS_4 & ~Cond.OFFERS_3, name="nothing-offered"),
    ),
    on(
        Event.TAGGED_PLAINTEXT,
        "Receiving plaintext with the whitespace tag",
        at(
            Ready.READY,
            Cond.OFFERS_4 & Cond.WHITESPACE_START_DAKE & Cond.UNENGAGED,
            raises=(TEXT, Event.DAKE_WANTED),
            name="starts",
            ambiguity=holes.BOTH_VERSIONS,
        ),
        at(
            Ready.READY,
            Cond.OFFERS_4 & ~(Cond.WHITESPACE_START_DAKE & Cond.UNENGAGED),
            raises=(TEXT,),
            name="offered",
        ),
        at(
            Ready.READY,
            AGREES_3 & Cond.ROLLBACK,
            do=(Do.WARN_ROLLBACK,),
            raises=(TEXT,),
            name="rollback",
            ambiguity=holes.ROLLBACK,
        ),
        at(Ready.READY, AGREES_3 & ~Cond.ROLLBACK, do=(Do.HANDLE_3,), name="older"),
        at(Ready.READY, ONLY_3 & ~Cond.SPEAKS_3, raises=(TEXT,), name="engaged"),
        at(Ready.READY, ~Cond.OFFERS_4 & ~Cond.OFFERS_3, raises=(TEXT,), name="nothing-offered"),
    ),
    on(
        Event.OTHER_VERSION,
        "Requesting Conversation with Older OTR Versions",
        at(
            Ready.READY,
            Cond.SPEAKS_3 & Cond.ROLLBACK & ~Cond.PRIVATE_3,
            do=(Do.WARN_ROLLBACK,),
            name="rollback",
            ambiguity=holes.ROLLBACK,
        ),
        at(
            Ready.READY,
            Cond.SPEAKS_3 & (~Cond.ROLLBACK | Cond.PRIVATE_3),
            do=(Do.HANDLE_3,),
            raises=(Event.SETTLED,),
            name="speaks-3",
        ),
        ignored(~Cond.SPEAKS_3),
    ),
    exclusives=EXCLUSIVES,
)
