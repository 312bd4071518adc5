"""The state machine of the Socialist Millionaires' Protocol in OTRv3: smpstate.

Section "The SMP state machine".
"""

from __future__ import annotations

from otr_model.kernel.table import Table, at, ignored, on, table

from . import ambiguities as holes
from .conditions import EXCLUSIVES, Cond
from .effects import Do
from .words import Event, Smp

ALL = tuple(Smp)
UNDERWAY = (Smp.EXPECT2, Smp.EXPECT3, Smp.EXPECT4)
ABORT = (Do.SEND_SMP_ABORT, Do.FORGET_SMP, Do.TELL_SMP_ABORTED)
REFUSE = (Do.SEND_SMP_ABORT, Do.FORGET_SMP, Do.TELL_SMP_ERROR)
FIRST, SECOND, THIRD, FOURTH = (
    Cond.SMP_1_VALID,
    Cond.SMP_2_VALID,
    Cond.SMP_3_VALID,
    Cond.SMP_4_VALID,
)

SMP: Table[Smp, Event, Cond, Do] = table(
    "otrv3.smp",
    "Whether both users know the same secret, without telling anything else.",
    Smp,
    Smp.EXPECT1,
    on(
        Event.SMP_1,
        "Receiving a type 2 TLV (SMP message 1)",
        at(
            Smp.EXPECT1,
            Cond.PRIVATE & FIRST,
            do=(Do.KEEP_SMP_1, Do.TELL_SMP_ASKED),
            ambiguity=holes.SMP_ANSWER,
        ),
        at(Smp.EXPECT1, Cond.PRIVATE & ~FIRST, do=REFUSE, ambiguity=holes.SMP_BAD_PROOF),
        at(UNDERWAY, Cond.PRIVATE, do=ABORT, goto=Smp.EXPECT1),
        ignored(~Cond.PRIVATE),
    ),
    on(
        Event.USER_SMP_ANSWER,
        "Receiving a type 2 TLV (SMP message 1)",
        at(
            Smp.EXPECT1,
            Cond.PRIVATE & Cond.ASKED,
            do=(Do.SEND_SMP_2, Do.TELL_SMP_PROGRESS),
            goto=Smp.EXPECT3,
            ambiguity=holes.SMP_ANSWER,
        ),
        at(Smp.EXPECT1, Cond.PRIVATE & ~Cond.ASKED, do=(Do.TELL_REFUSED,)),
        at(UNDERWAY, Cond.PRIVATE, do=(Do.TELL_REFUSED,)),
        at(ALL, ~Cond.PRIVATE, do=(Do.TELL_REFUSED,)),
    ),
    on(
        Event.SMP_2,
        "Receiving a type 3 TLV (SMP message 2)",
        at(
            Smp.EXPECT2,
            Cond.PRIVATE & SECOND,
            do=(Do.SEND_SMP_3, Do.TELL_SMP_PROGRESS),
            goto=Smp.EXPECT4,
        ),
        at(
            Smp.EXPECT2,
            Cond.PRIVATE & ~SECOND,
            do=REFUSE,
            goto=Smp.EXPECT1,
            ambiguity=holes.SMP_BAD_PROOF,
        ),
        at((Smp.EXPECT1, Smp.EXPECT3, Smp.EXPECT4), Cond.PRIVATE, do=ABORT, goto=Smp.EXPECT1),
        ignored(~Cond.PRIVATE),
    ),
    on(
        Event.SMP_3,
        "Receiving a type 4 TLV (SMP message 3)",
        at(
            Smp.EXPECT3,
            Cond.PRIVATE & THIRD & Cond.EQUAL,
            do=(Do.SEND_SMP_4, Do.FORGET_SMP, Do.TELL_SMP_SUCCESS),
            goto=Smp.EXPECT1,
        ),
        at(
            Smp.EXPECT3,
            Cond.PRIVATE & THIRD & ~Cond.EQUAL,
            do=(Do.SEND_SMP_4, Do.FORGET_SMP, Do.TELL_SMP_FAILURE),
            goto=Smp.EXPECT1,
        ),
        at(
            Smp.EXPECT3,
            Cond.PRIVATE & ~THIRD,
            do=REFUSE,
            goto=Smp.EXPECT1,
            ambiguity=holes.SMP_BAD_PROOF,
        ),
        at((Smp.EXPECT1, Smp.EXPECT2, Smp.EXPECT4), Cond.PRIVATE, do=ABORT, goto=Smp.EXPECT1),
        ignored(~Cond.PRIVATE),
    ),
    on(
        Event.SMP_4,
        "Receiving a type 5 TLV (SMP message 4)",
        at(
            Smp.EXPECT4,
            Cond.PRIVATE & FOURTH & Cond.EQUAL,
            do=(Do.FORGET_SMP, Do.TELL_SMP_SUCCESS),
            goto=Smp.EXPECT1,
        ),
        at(
            Smp.EXPECT4,
            Cond.PRIVATE & FOURTH & ~Cond.EQUAL,
            do=(Do.FORGET_SMP, Do.TELL_SMP_FAILURE),
            goto=Smp.EXPECT1,
        ),
        at(
            Smp.EXPECT4,
            Cond.PRIVATE & ~FOURTH,
            do=REFUSE,
            goto=Smp.EXPECT1,
            ambiguity=holes.SMP_BAD_PROOF,
        ),
        at((Smp.EXPECT1, Smp.EXPECT2, Smp.EXPECT3), Cond.PRIVATE, do=ABORT, goto=Smp.EXPECT1),
        ignored(~Cond.PRIVATE),
    ),
    on(
        Event.SMP_BROKEN,
        "Expected Message",
        at(
            ALL,
            Cond.PRIVATE,
            do=REFUSE,
            goto=Smp.EXPECT1,
            ambiguity=holes.SMP_BAD_PROOF,
        ),
        ignored(~Cond.PRIVATE),
    ),
    on(
        Event.SMP_ABORT,
        "Data Message",
        at(UNDERWAY, do=(Do.FORGET_SMP, Do.TELL_SMP_ABORTED), goto=Smp.EXPECT1),
        at(Smp.EXPECT1, Cond.ASKED, do=(Do.FORGET_SMP, Do.TELL_SMP_ABORTED)),
        ignored(~Cond.ASKED, Smp.EXPECT1),
    ),
    on(
        Event.SMP_RESET,
        "The SMP state machine",
        at(UNDERWAY, do=(Do.FORGET_SMP, Do.TELL_SMP_ABORTED), goto=Smp.EXPECT1),
        at(Smp.EXPECT1, Cond.ASKED, do=(Do.FORGET_SMP, Do.TELL_SMP_ABORTED)),
        ignored(~Cond.ASKED, Smp.EXPECT1),
    ),
    on(
        Event.USER_SMP_START,
        "User requests to begin SMP",
        at(
            Smp.EXPECT1,
            Cond.PRIVATE,
            do=(Do.SEND_SMP_1, Do.TELL_SMP_PROGRESS),
            goto=Smp.EXPECT2,
        ),
        at(
            UNDERWAY,
            Cond.PRIVATE,
            do=(Do.SEND_SMP_ABORT, Do.SEND_SMP_1, Do.TELL_SMP_PROGRESS),
            goto=Smp.EXPECT2,
        ),
        at(ALL, ~Cond.PRIVATE, do=(Do.TELL_REFUSED,)),
    ),
    on(
        Event.USER_SMP_ABORT,
        "User requests to abort SMP",
        at(ALL, Cond.PRIVATE, do=(Do.SEND_SMP_ABORT, Do.FORGET_SMP), goto=Smp.EXPECT1),
        at(ALL, ~Cond.PRIVATE, do=(Do.TELL_REFUSED,)),
    ),
    exclusives=EXCLUSIVES,
)
