"""The state machine of the Socialist Millionaires' Protocol in OTRv4: smpstate.

Section "The SMP State Machine". It is that of OTRv3, with one kind of message 1.
"""

from __future__ import annotations

from otr_model.kernel.table import Cells, Table, at, ignored, on, table

from . import ambiguities as holes
from .conditions import EXCLUSIVES, Cond
from .effects import Do
from .words import Event, Smp

ALL = tuple(Smp)
UNDERWAY = (Smp.EXPECT2, Smp.EXPECT3, Smp.EXPECT4)
ABORT = (Do.PUT_SMP_ABORT, Do.FORGET_SMP, Do.TELL_SMP_ABORTED)
REFUSE = (Do.PUT_SMP_ABORT, Do.FORGET_SMP, Do.TELL_SMP_ERROR)
SEND = (Event.SENDING,)
FIRST, SECOND, THIRD, FOURTH = (
    Cond.SMP_1_VALID,
    Cond.SMP_2_VALID,
    Cond.SMP_3_VALID,
    Cond.SMP_4_VALID,
)
SPEAKING_3 = ~Cond.PRIVATE & Cond.SPEAKS_3 & Cond.PRIVATE_3
NOT_PRIVATE = ~Cond.PRIVATE & ~(Cond.SPEAKS_3 & Cond.PRIVATE_3)
BY_3: Cells[Smp, Event, Cond, Do] = at(ALL, SPEAKING_3, do=(Do.HANDLE_3,), name="version-3")
NOT_NOW: Cells[Smp, Event, Cond, Do] = at(
    ALL, NOT_PRIVATE, do=(Do.TELL_REFUSED,), name="not-private"
)

SMP: Table[Smp, Event, Cond, Do] = table(
    "otrv4.smp",
    "Whether both users know the same secret, without telling anything else.",
    Smp,
    Smp.EXPECT1,
    on(
        Event.SMP_1,
        "Receiving a SMP Message 1",
        at(
            Smp.EXPECT1,
            Cond.PRIVATE & FIRST,
            do=(Do.KEEP_SMP_1, Do.TELL_SMP_ASKED),
            ambiguity=holes.SMP_ANSWER,
        ),
        at(
            Smp.EXPECT1,
            Cond.PRIVATE & ~FIRST,
            do=REFUSE,
            raises=SEND,
            ambiguity=holes.SMP_BAD_PROOF,
        ),
        at(UNDERWAY, Cond.PRIVATE, do=ABORT, goto=Smp.EXPECT1, raises=SEND),
        ignored(~Cond.PRIVATE),
    ),
    on(
        Event.USER_SMP_ANSWER,
        "Receiving a SMP Message 1",
        at(
            Smp.EXPECT1,
            Cond.PRIVATE & Cond.ASKED,
            do=(Do.PUT_SMP_2, Do.TELL_SMP_PROGRESS),
            goto=Smp.EXPECT3,
            raises=SEND,
            ambiguity=holes.SMP_ANSWER,
        ),
        at(Smp.EXPECT1, Cond.PRIVATE & ~Cond.ASKED, do=(Do.TELL_REFUSED,)),
        at(UNDERWAY, Cond.PRIVATE, do=(Do.TELL_REFUSED,)),
        BY_3,
        NOT_NOW,
    ),
    on(
        Event.SMP_2,
        "Receiving a SMP Message 2",
        at(
            Smp.EXPECT2,
            Cond.PRIVATE & SECOND,
            do=(Do.PUT_SMP_3, Do.TELL_SMP_PROGRESS),
            goto=Smp.EXPECT4,
            raises=SEND,
        ),
        at(
            Smp.EXPECT2,
            Cond.PRIVATE & ~SECOND,
            do=REFUSE,
            goto=Smp.EXPECT1,
            raises=SEND,
            ambiguity=holes.SMP_BAD_PROOF,
        ),
        at(
            (Smp.EXPECT1, Smp.EXPECT3, Smp.EXPECT4),
            Cond.PRIVATE,
            do=ABORT,
            goto=Smp.EXPECT1,
            raises=SEND,
        ),
        ignored(~Cond.PRIVATE),
    ),
    on(
        Event.SMP_3,
        "Receiving a SMP Message 3",
        at(
            Smp.EXPECT3,
            Cond.PRIVATE & THIRD & Cond.EQUAL,
            do=(Do.PUT_SMP_4, Do.FORGET_SMP, Do.TELL_SMP_SUCCESS),
            goto=Smp.EXPECT1,
            raises=SEND,
        ),
        at(
            Smp.EXPECT3,
            Cond.PRIVATE & THIRD & ~Cond.EQUAL,
            do=(Do.PUT_SMP_4, Do.FORGET_SMP, Do.TELL_SMP_FAILURE),
            goto=Smp.EXPECT1,
            raises=SEND,
        ),
        at(
            Smp.EXPECT3,
            Cond.PRIVATE & ~THIRD,
            do=REFUSE,
            goto=Smp.EXPECT1,
            raises=SEND,
            ambiguity=holes.SMP_BAD_PROOF,
        ),
        at(
            (Smp.EXPECT1, Smp.EXPECT2, Smp.EXPECT4),
            Cond.PRIVATE,
            do=ABORT,
            goto=Smp.EXPECT1,
            raises=SEND,
        ),
        ignored(~Cond.PRIVATE),
    ),
    on(
        Event.SMP_4,
        "Receiving a SMP Message 4",
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
            raises=SEND,
            ambiguity=holes.SMP_BAD_PROOF,
        ),
        at(
            (Smp.EXPECT1, Smp.EXPECT2, Smp.EXPECT3),
            Cond.PRIVATE,
            do=ABORT,
            goto=Smp.EXPECT1,
            raises=SEND,
        ),
        ignored(~Cond.PRIVATE),
    ),
    on(
        Event.SMP_BROKEN,
        "The SMP State Machine",
        at(
            ALL,
            Cond.PRIVATE,
            do=REFUSE,
            goto=Smp.EXPECT1,
            raises=SEND,
            ambiguity=holes.SMP_BAD_PROOF,
        ),
        ignored(~Cond.PRIVATE),
    ),
    on(
        Event.SMP_ABORT,
        "TLV Record Types",
        at(UNDERWAY, do=(Do.FORGET_SMP, Do.TELL_SMP_ABORTED), goto=Smp.EXPECT1),
        at(Smp.EXPECT1, Cond.ASKED, do=(Do.FORGET_SMP, Do.TELL_SMP_ABORTED)),
        ignored(~Cond.ASKED, Smp.EXPECT1),
    ),
    on(
        Event.SMP_RESET,
        "The SMP State Machine",
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
            do=(Do.PUT_SMP_1, Do.TELL_SMP_PROGRESS),
            goto=Smp.EXPECT2,
            raises=SEND,
        ),
        at(
            UNDERWAY,
            Cond.PRIVATE,
            do=(Do.PUT_SMP_ABORT, Do.PUT_SMP_1, Do.TELL_SMP_PROGRESS),
            goto=Smp.EXPECT2,
            raises=(Event.SENDING, Event.SENDING),
        ),
        BY_3,
        NOT_NOW,
    ),
    on(
        Event.USER_SMP_ABORT,
        "User requests to abort SMP",
        at(
            ALL,
            Cond.PRIVATE,
            do=(Do.PUT_SMP_ABORT, Do.FORGET_SMP),
            goto=Smp.EXPECT1,
            raises=SEND,
        ),
        BY_3,
        NOT_NOW,
    ),
    exclusives=EXCLUSIVES,
)
