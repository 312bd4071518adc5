"""The double ratchet of OTRv4: which keys protect a Data Message, and when there are new ones.

Sections "Key Management", "Data Exchange" and "Deletion of Stored Message Keys". The variables i,
j, k, pn and max_remote_i_seen are the text's. Ratchets are numbered from 0 in the order in which
they begin, on either side: `i` is the number of the next, so that a new one is recognised by its
id, and every third brings a new DH key.
"""

from __future__ import annotations

from otr_model.kernel.table import Table, at, ignored, on, otherwise, table, to

from . import ambiguities as holes
from .conditions import EXCLUSIVES, Cond
from .effects import Do
from .words import Event, Ratchet

EMPTY, HELD = Ratchet.EMPTY, Ratchet.HELD
TAKEN, REFUSED = (Event.DATA_TAKEN,), (Event.DATA_REFUSED,)
OFFER_OVER = to(0, Event.OFFER_OVER)
"""The ephemeral keys of the DAKE are gone here; the master may still hold them, for others."""
SKIPPED = Cond.KEY_SKIPPED
PRESENT = ~Cond.KEY_SKIPPED & ~Cond.PAST
SAME = PRESENT & Cond.SAME_RATCHET & Cond.RECEIVES
NEXT = PRESENT & ~Cond.SAME_RATCHET & Cond.NEXT_RATCHET

RATCHET: Table[Ratchet, Event, Cond, Do] = table(
    "otrv4.ratchet",
    "Which keys protect a Data Message, and when there are new ones.",
    Ratchet,
    EMPTY,
    on(
        Event.KEYS_AGREED,
        "Interactive DAKE Overview",
        at(
            (EMPTY, HELD),
            Cond.INITIATOR,
            do=(Do.BEGIN_AS_INITIATOR,),
            goto=HELD,
            ambiguity=holes.RATCHET_ID,
        ),
        at((EMPTY, HELD), Cond.RESPONDER, do=(Do.BEGIN_AS_RESPONDER,), goto=HELD),
        at(
            (EMPTY, HELD),
            Cond.RETRIEVER,
            do=(Do.BEGIN_AS_RETRIEVER,),
            goto=HELD,
            ambiguity=holes.BRACE_KEY_KEPT,
        ),
        at(
            (EMPTY, HELD),
            Cond.PUBLISHER,
            do=(Do.BEGIN_AS_PUBLISHER,),
            goto=HELD,
            ambiguity=holes.BRACE_KEY_KEPT,
        ),
        otherwise(),
    ),
    on(
        Event.SENDING,
        "When you send a Data Message",
        at(
            HELD,
            Cond.ROTATES & Cond.OUR_THIRD,
            do=(Do.ROTATE_WITH_DH, Do.REVEAL, Do.SEND_DATA),
            raises=(OFFER_OVER,),
            ambiguity=holes.RATCHET_ID,
        ),
        at(
            HELD,
            Cond.ROTATES & ~Cond.OUR_THIRD,
            do=(Do.ROTATE, Do.REVEAL, Do.SEND_DATA),
            raises=(OFFER_OVER,),
            ambiguity=holes.RATCHET_ID,
        ),
        at(
            HELD,
            ~Cond.ROTATES & Cond.FIRST_OF_RATCHET,
            do=(Do.REVEAL, Do.SEND_DATA),
            ambiguity=holes.FIRST_MESSAGE,
        ),
        at(
            HELD,
            ~Cond.ROTATES & ~Cond.FIRST_OF_RATCHET,
            do=(Do.SEND_DATA,),
            ambiguity=holes.DH_IN_EVERY_MESSAGE,
        ),
        ignored(states=EMPTY),
    ),
    on(
        Event.PROTECTED,
        "When you receive a Data Message",
        at(HELD, SKIPPED & Cond.DATA_VALID, do=(Do.TAKE_SKIPPED,), raises=TAKEN, name="skipped"),
        at(
            HELD,
            SKIPPED & ~Cond.DATA_VALID,
            raises=REFUSED,
            name="skipped-not-valid",
            ambiguity=holes.SKIPPED_KEY_FORGED,
        ),
        at(
            HELD,
            ~SKIPPED & Cond.PAST & Cond.FIRST & Cond.MAY_BE_EARLY,
            raises=REFUSED,
            name="past-or-early",
            ambiguity=holes.EARLY_DATA,
        ),
        at(
            HELD,
            ~SKIPPED & Cond.PAST & ~(Cond.FIRST & Cond.MAY_BE_EARLY),
            raises=(Event.EARLY,),
            name="past",
            ambiguity=holes.DUPLICATE_ANSWER,
        ),
        at(
            HELD,
            SAME & Cond.PASSED,
            raises=(Event.EARLY,),
            name="duplicate",
            ambiguity=holes.DUPLICATE_ANSWER,
        ),
        at(
            HELD,
            SAME & ~Cond.PASSED & Cond.NEAR & Cond.DATA_VALID,
            do=(Do.TAKE_SAME,),
            raises=TAKEN,
            name="same",
        ),
        at(
            HELD,
            SAME & ~Cond.PASSED & Cond.NEAR & ~Cond.DATA_VALID,
            raises=REFUSED,
            name="same-not-valid",
        ),
        at(
            HELD,
            SAME & ~Cond.PASSED & ~Cond.NEAR,
            raises=REFUSED,
            name="same-too-far",
            ambiguity=holes.SKIP_BOUND,
        ),
        at(
            HELD,
            NEXT & Cond.NEAR_IN_NEXT & Cond.DATA_VALID & Cond.THIRD,
            do=(Do.TAKE_NEXT_WITH_DH,),
            raises=TAKEN,
            name="next-third",
            ambiguity=holes.NEW_RATCHET,
        ),
        at(
            HELD,
            NEXT & Cond.NEAR_IN_NEXT & Cond.DATA_VALID & ~Cond.THIRD,
            do=(Do.TAKE_NEXT,),
            raises=TAKEN,
            name="next",
            ambiguity=holes.NEW_RATCHET,
        ),
        at(
            HELD,
            NEXT & Cond.NEAR_IN_NEXT & ~Cond.DATA_VALID,
            raises=REFUSED,
            name="next-not-valid",
        ),
        at(
            HELD,
            NEXT & ~Cond.NEAR_IN_NEXT,
            raises=REFUSED,
            name="next-too-far",
            ambiguity=holes.SKIP_BOUND,
        ),
        at(
            HELD,
            PRESENT
            & ((Cond.SAME_RATCHET & ~Cond.RECEIVES) | (~Cond.SAME_RATCHET & ~Cond.NEXT_RATCHET)),
            raises=REFUSED,
            name="underivable",
        ),
        at(EMPTY, raises=REFUSED),
    ),
    on(
        Event.KEYS_CLOCK,
        "Deletion of Stored Message Keys",
        at(HELD, Cond.KEYS_STALE, do=(Do.DROP_SKIPPED,)),
        ignored(~Cond.KEYS_STALE, HELD),
        ignored(states=EMPTY),
    ),
    on(
        Event.SESSION_OVER,
        "Receiving a Data Message",
        at(HELD, do=(Do.FORGET_KEYS,), goto=EMPTY, raises=(OFFER_OVER,)),
        ignored(states=EMPTY),
    ),
    exclusives=EXCLUSIVES,
)
