"""Key management of OTRv3: two keys of each side, counters, and when MAC keys are revealed.

Sections "Key Management" and "Revealing MAC keys".
"""

from __future__ import annotations

from otr_model.kernel.table import Table, at, ignored, on, table, to

from . import ambiguities as holes
from .conditions import EXCLUSIVES, Cond
from .effects import Do
from .words import Event, Keys

FORGOTTEN = (to(0, Event.COMMIT_OVER),)
"""The D-H key of the AKE is forgotten here; the master may still hold it, for other instances."""
ACK, ADV = Cond.ACKNOWLEDGES, Cond.ADVANCES

KEYS: Table[Keys, Event, Cond, Do] = table(
    "otrv3.keys",
    "Which D-H keys protect data, and when they are replaced.",
    Keys,
    Keys.EMPTY,
    on(
        Event.KEYS_AGREED,
        "Key Management",
        at(
            Keys.EMPTY,
            do=(Do.INSTALL_KEYS,),
            goto=Keys.HELD,
            ambiguity=holes.FRESH_KEYS,
        ),
        at(
            Keys.HELD,
            Cond.KEY_KNOWN,
            do=(Do.INSTALL_OUR_KEYS,),
            ambiguity=holes.DISCARDED_WINDOW,
        ),
        at(
            Keys.HELD,
            ~Cond.KEY_KNOWN,
            do=(Do.INSTALL_KEYS,),
            ambiguity=holes.DISCARDED_WINDOW,
        ),
    ),
    on(
        Event.DATA_TAKEN,
        "Key Management",
        ignored(states=Keys.EMPTY),
        at(
            Keys.HELD,
            ACK & ADV,
            do=(Do.RECORD, Do.ROTATE_OUR_KEYS, Do.ROTATE_THEIR_KEYS),
            raises=FORGOTTEN,
        ),
        at(
            Keys.HELD,
            ACK & ~ADV,
            do=(Do.RECORD, Do.ROTATE_OUR_KEYS),
            raises=FORGOTTEN,
        ),
        at(Keys.HELD, ~ACK & ADV, do=(Do.RECORD, Do.ROTATE_THEIR_KEYS)),
        at(Keys.HELD, ~ACK & ~ADV, do=(Do.RECORD,)),
    ),
    on(
        Event.SESSION_OVER,
        "Receiving a Data Message",
        ignored(states=Keys.EMPTY),
        at(
            Keys.HELD,
            do=(Do.FORGET_KEYS,),
            goto=Keys.EMPTY,
            raises=FORGOTTEN,
            ambiguity=holes.MAC_KEYS_AT_THE_END,
        ),
    ),
    exclusives=EXCLUSIVES,
)
