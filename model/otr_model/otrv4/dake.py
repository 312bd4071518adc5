"""The exchanges by which a conversation of OTRv4 becomes private: DAKEZ and XZDH.

Sections "Online Conversation Initialization", "Offline Conversation Initialization" and "The
Protocol State Machine", from "Starting a conversation interactively" to "Receiving a
Non-Interactive-Auth Message".
"""

from __future__ import annotations

from otr_model.kernel.table import Table, at, ignored, on, table

from . import ambiguities as holes
from .conditions import EXCLUSIVES, Cond
from .effects import Do
from .words import Dake, Event

ALL = tuple(Dake)
WAITING = (Dake.WAITING_AUTH_R, Dake.WAITING_AUTH_I)
BEGIN = (Do.NEW_IDENTITY, Do.SEND_IDENTITY)
ANSWER = (Do.ANSWER_IDENTITY, Do.SEND_AUTH_R)
BEGUN = (Event.DAKE_BEGUN,)
ACCEPTABLE = ~Cond.REQUIRE_AUTHENTICATED | Cond.TRUSTED
MAY_ANSWER = Cond.ALLOWED & Cond.WELCOME
VALID = Cond.IDENTITY_VALID

DAKE: Table[Dake, Event, Cond, Do] = table(
    "otrv4.dake",
    "Who is on the other side: DAKEZ where both are online, XZDH where one is not.",
    Dake,
    Dake.IDLE,
    on(
        Event.DAKE_WANTED,
        "Starting a conversation interactively",
        at(ALL, Cond.ALLOWED, do=BEGIN, goto=Dake.WAITING_AUTH_R, raises=BEGUN),
        ignored(~Cond.ALLOWED),
    ),
    on(
        Event.SHARE,
        "Instance Tags",
        at(
            ALL,
            Cond.OFFER_OUTSTANDING,
            do=(Do.ADOPT_OFFER,),
            goto=Dake.WAITING_AUTH_R,
            ambiguity=holes.SHARED_IDENTITY,
        ),
        ignored(~Cond.OFFER_OUTSTANDING),
    ),
    on(
        Event.OFFER_OVER,
        "Interactive DAKE Overview",
        at(
            Dake.WAITING_AUTH_R,
            Cond.OFFER_ANSWERED,
            do=(Do.FORGET_EXCHANGE,),
            goto=Dake.IDLE,
            ambiguity=holes.SHARED_IDENTITY,
        ),
        ignored(~Cond.OFFER_ANSWERED, Dake.WAITING_AUTH_R),
        ignored(states=(Dake.IDLE, Dake.WAITING_AUTH_I)),
    ),
    on(
        Event.IDENTITY,
        "Receiving an Identity Message",
        at(
            Dake.IDLE,
            MAY_ANSWER & VALID & ACCEPTABLE,
            do=ANSWER,
            goto=Dake.WAITING_AUTH_I,
            raises=BEGUN,
            name="acceptable",
            ambiguity=holes.IDENTITY_WHEN_PRIVATE,
        ),
        at(
            Dake.WAITING_AUTH_R,
            Cond.ALLOWED & VALID & ACCEPTABLE & Cond.OURS_HIGHER,
            do=(Do.SEND_IDENTITY,),
            name="ours-higher",
            ambiguity=holes.HASHED_B,
        ),
        at(
            Dake.WAITING_AUTH_R,
            Cond.ALLOWED & VALID & ACCEPTABLE & ~Cond.OURS_HIGHER,
            do=ANSWER,
            goto=Dake.WAITING_AUTH_I,
            raises=BEGUN,
            name="theirs-higher",
            ambiguity=holes.HASHED_B,
        ),
        at(
            Dake.WAITING_AUTH_I,
            MAY_ANSWER & Cond.FOR_US & VALID & ACCEPTABLE & ~Cond.REPEATED,
            do=ANSWER,
            raises=BEGUN,
            name="acceptable",
            ambiguity=holes.IDENTITY_OF_ANOTHER,
        ),
        at(
            Dake.WAITING_AUTH_I,
            MAY_ANSWER & Cond.FOR_US & VALID & ACCEPTABLE & Cond.REPEATED,
            do=(Do.SEND_AUTH_R,),
            name="repeated",
            ambiguity=holes.IDENTITY_RESENT,
        ),
        ignored(
            MAY_ANSWER & ~Cond.FOR_US,
            Dake.WAITING_AUTH_I,
            name="for-any",
            ambiguity=holes.IDENTITY_REPEATED,
        ),
        ignored(MAY_ANSWER & VALID & ~ACCEPTABLE, Dake.IDLE, name="untrusted"),
        ignored(Cond.ALLOWED & VALID & ~ACCEPTABLE, Dake.WAITING_AUTH_R, name="untrusted"),
        ignored(
            MAY_ANSWER & Cond.FOR_US & VALID & ~ACCEPTABLE, Dake.WAITING_AUTH_I, name="untrusted"
        ),
        ignored(MAY_ANSWER & ~VALID, Dake.IDLE, name="not-valid"),
        ignored(Cond.ALLOWED & ~VALID, Dake.WAITING_AUTH_R, name="not-valid"),
        ignored(MAY_ANSWER & Cond.FOR_US & ~VALID, Dake.WAITING_AUTH_I, name="not-valid"),
        ignored(~MAY_ANSWER, (Dake.IDLE, Dake.WAITING_AUTH_I), name="not-welcome"),
        ignored(~Cond.ALLOWED, Dake.WAITING_AUTH_R, name="not-welcome"),
    ),
    on(
        Event.AUTH_R,
        "Receiving an Auth-R Message",
        at(
            Dake.WAITING_AUTH_R,
            Cond.ALLOWED & Cond.AUTH_R_VALID & ACCEPTABLE,
            do=(Do.ACCEPT_AUTH_R, Do.SEND_AUTH_I, Do.FORGET_EARLY),
            goto=Dake.IDLE,
            raises=(Event.AUTHENTICATED,),
            name="acceptable",
            ambiguity=holes.AUTH_R_OUTCOME,
        ),
        ignored(
            Cond.ALLOWED & Cond.AUTH_R_VALID & ~ACCEPTABLE, Dake.WAITING_AUTH_R, name="untrusted"
        ),
        ignored(
            Cond.ALLOWED & ~Cond.AUTH_R_VALID,
            Dake.WAITING_AUTH_R,
            name="not-valid",
            ambiguity=holes.AUTH_R_OUTCOME,
        ),
        ignored(~Cond.ALLOWED, Dake.WAITING_AUTH_R),
        ignored(states=(Dake.IDLE, Dake.WAITING_AUTH_I)),
    ),
    on(
        Event.AUTH_I,
        "Receiving an Auth-I Message",
        at(
            Dake.WAITING_AUTH_I,
            Cond.ALLOWED & Cond.AUTH_I_VALID,
            do=(Do.ACCEPT_AUTH_I,),
            goto=Dake.IDLE,
            raises=(Event.AUTHENTICATED,),
        ),
        ignored(Cond.ALLOWED & ~Cond.AUTH_I_VALID, Dake.WAITING_AUTH_I),
        ignored(~Cond.ALLOWED, Dake.WAITING_AUTH_I),
        ignored(states=(Dake.IDLE, Dake.WAITING_AUTH_R)),
    ),
    on(
        Event.OFFLINE_WANTED,
        "Sending a Data Message to an offline participant",
        at(
            ALL,
            do=(Do.SEND_NON_INTERACTIVE_AUTH, Do.FORGET_EARLY),
            goto=Dake.IDLE,
            raises=(Event.AUTHENTICATED,),
        ),
    ),
    on(
        Event.NON_INTERACTIVE_AUTH,
        "Receiving a Non-Interactive-Auth Message",
        at(
            ALL,
            Cond.OFFLINE_ALLOWED & Cond.NOT_FINISHED & Cond.NON_INTERACTIVE_VALID & ACCEPTABLE,
            do=(Do.ACCEPT_NON_INTERACTIVE_AUTH, Do.TELL_PREKEY_USED, Do.FORGET_EARLY),
            goto=Dake.IDLE,
            raises=(Event.AUTHENTICATED,),
            name="acceptable",
        ),
        ignored(
            Cond.OFFLINE_ALLOWED & Cond.NOT_FINISHED & Cond.NON_INTERACTIVE_VALID & ~ACCEPTABLE,
            name="untrusted",
        ),
        ignored(
            Cond.OFFLINE_ALLOWED & Cond.NOT_FINISHED & ~Cond.NON_INTERACTIVE_VALID,
            name="not-valid",
            ambiguity=holes.FORGED_NON_INTERACTIVE_AUTH,
        ),
        ignored(Cond.OFFLINE_ALLOWED & ~Cond.NOT_FINISHED, name="finished"),
        ignored(~Cond.OFFLINE_ALLOWED, name="online-only"),
    ),
    on(
        Event.DAKE_OVER,
        "User requests to end an OTRv4 Conversation",
        at(
            WAITING,
            do=(Do.FORGET_EXCHANGE, Do.FORGET_EARLY),
            goto=Dake.IDLE,
            ambiguity=holes.END_WHILE_WAITING,
        ),
        ignored(states=Dake.IDLE),
    ),
    on(
        Event.DAKE_CLOCK,
        "Considerations",
        at(
            WAITING,
            Cond.DAKE_STALE,
            do=(Do.FORGET_EXCHANGE, Do.FORGET_EARLY),
            goto=Dake.IDLE,
            ambiguity=holes.STUCK_DAKE,
        ),
        ignored(~Cond.DAKE_STALE, WAITING),
        ignored(states=Dake.IDLE),
    ),
    exclusives=EXCLUSIVES,
)
