"""The message state machine of OTRv3: msgstate.

Section "The protocol state machine": what happens to what the user types, and to what is shown.
"""

from __future__ import annotations

from otr_model.kernel.table import Table, at, ignored, on, table, to

from . import ambiguities as holes
from .conditions import EXCLUSIVES, Cond
from .effects import Do
from .words import Event, Msg

ALL = tuple(Msg)
MASTER = 0
SHOW_AND_WARN = (Do.SHOW_PLAINTEXT, Do.WARN_UNENCRYPTED)
REPORT_UNREADABLE = (Do.WARN_UNREADABLE, Do.SEND_ERROR)
TAKEN = (Event.DATA_TAKEN, Event.NEXT_TLV)
PRIVATE_NOW = (Event.KEYS_AGREED, Event.SMP_RESET, Event.SETTLED)
OVER = (Event.SESSION_OVER, Event.SMP_RESET)

MESSAGE: Table[Msg, Event, Cond, Do] = table(
    "otrv3.message",
    "What happens to what the user types, and what the user is shown.",
    Msg,
    Msg.PLAINTEXT,
    on(
        Event.PLAINTEXT,
        "Receiving plaintext without the whitespace tag",
        at(Msg.PLAINTEXT, Cond.REQUIRE_ENCRYPTION, do=SHOW_AND_WARN),
        at(Msg.PLAINTEXT, ~Cond.REQUIRE_ENCRYPTION, do=(Do.SHOW_PLAINTEXT,)),
        at((Msg.ENCRYPTED, Msg.FINISHED), do=SHOW_AND_WARN),
    ),
    on(
        Event.TAGGED_PLAINTEXT,
        "Receiving plaintext with the whitespace tag",
        at(
            Msg.PLAINTEXT,
            Cond.REQUIRE_ENCRYPTION,
            do=SHOW_AND_WARN,
            raises=(to(MASTER, Event.TAG_OFFER),),
        ),
        at(
            Msg.PLAINTEXT,
            ~Cond.REQUIRE_ENCRYPTION,
            do=(Do.SHOW_PLAINTEXT,),
            raises=(to(MASTER, Event.TAG_OFFER),),
        ),
        at(
            (Msg.ENCRYPTED, Msg.FINISHED),
            do=SHOW_AND_WARN,
            raises=(to(MASTER, Event.TAG_OFFER),),
        ),
    ),
    on(
        Event.QUERY,
        "Receiving a Query Message",
        at(ALL, raises=(to(MASTER, Event.QUERY_OFFER),)),
    ),
    on(
        Event.ERROR,
        "Receiving an Error Message",
        at(
            ALL,
            Cond.ERROR_START_AKE,
            do=(Do.SHOW_ERROR, Do.OWE, Do.SEND_QUERY),
            ambiguity=holes.STORED_TEXT,
        ),
        at(
            ALL,
            ~Cond.ERROR_START_AKE,
            do=(Do.SHOW_ERROR, Do.OWE),
            ambiguity=holes.STORED_TEXT,
        ),
    ),
    on(
        Event.AUTHENTICATED,
        "Receiving a Signature Message",
        at(
            (Msg.PLAINTEXT, Msg.FINISHED),
            do=(Do.ENTER_PRIVATE, Do.TELL_SECURE),
            goto=Msg.ENCRYPTED,
            raises=PRIVATE_NOW,
            ambiguity=holes.BEST_INSTANCE,
        ),
        at(
            Msg.ENCRYPTED,
            Cond.SAME_PEER,
            do=(Do.ENTER_PRIVATE, Do.TELL_STILL_SECURE),
            raises=PRIVATE_NOW,
            ambiguity=holes.SMP_REFRESH,
        ),
        at(
            Msg.ENCRYPTED,
            ~Cond.SAME_PEER,
            do=(Do.ENTER_PRIVATE, Do.TELL_SECURE),
            raises=PRIVATE_NOW,
            ambiguity=holes.SMP_REFRESH,
        ),
    ),
    on(
        Event.SETTLED,
        "Receiving a Signature Message",
        at(
            ALL,
            Cond.OWED & Cond.FOR_THIS_PEER,
            do=(Do.SEND_STORED, Do.TELL_RESENT),
            ambiguity=holes.STORED_FOR,
        ),
        ignored(Cond.OWED & ~Cond.FOR_THIS_PEER, ambiguity=holes.STORED_FOR),
        ignored(~Cond.OWED),
    ),
    on(
        Event.DATA,
        "Receiving a Data Message",
        at(Msg.ENCRYPTED, Cond.DATA_VALID & Cond.HAS_TEXT, do=(Do.SHOW_TEXT,), raises=TAKEN),
        at(Msg.ENCRYPTED, Cond.DATA_VALID & ~Cond.HAS_TEXT, raises=TAKEN),
        at(Msg.ENCRYPTED, ~Cond.DATA_VALID & ~Cond.IGNORE_UNREADABLE, do=REPORT_UNREADABLE),
        ignored(~Cond.DATA_VALID & Cond.IGNORE_UNREADABLE, Msg.ENCRYPTED),
        at((Msg.PLAINTEXT, Msg.FINISHED), ~Cond.IGNORE_UNREADABLE, do=REPORT_UNREADABLE),
        ignored(
            Cond.IGNORE_UNREADABLE,
            (Msg.PLAINTEXT, Msg.FINISHED),
            ambiguity=holes.UNREADABLE_WITHOUT_KEYS,
        ),
    ),
    on(
        Event.DISCONNECTED,
        "Receiving a Data Message",
        at(
            Msg.ENCRYPTED,
            do=(Do.FORGET_STORED, Do.TELL_FINISHED),
            goto=Msg.FINISHED,
            raises=OVER,
        ),
        ignored(states=(Msg.PLAINTEXT, Msg.FINISHED)),
    ),
    on(
        Event.CONTENT_DONE,
        "Receiving a Data Message",
        at(Msg.ENCRYPTED, Cond.HEARTBEAT_DUE, do=(Do.SEND_HEARTBEAT,)),
        ignored(~Cond.HEARTBEAT_DUE, Msg.ENCRYPTED),
        ignored(states=(Msg.PLAINTEXT, Msg.FINISHED), ambiguity=holes.HEARTBEAT_BEFORE_END),
    ),
    on(
        Event.USER_START,
        "User requests to start an OTR conversation",
        at(ALL, ~Cond.DISABLED, do=(Do.SEND_QUERY,)),
        ignored(Cond.DISABLED),
    ),
    on(
        Event.USER_SEND,
        "User types a message to be sent",
        at(Msg.PLAINTEXT, Cond.DISABLED, do=(Do.SEND_PLAINTEXT,)),
        at(
            Msg.PLAINTEXT,
            ~Cond.DISABLED & Cond.REQUIRE_ENCRYPTION,
            do=(Do.STORE_OWED, Do.SEND_QUERY),
        ),
        at(
            Msg.PLAINTEXT,
            ~Cond.DISABLED & ~Cond.REQUIRE_ENCRYPTION & Cond.ATTACH_TAG,
            do=(Do.SEND_TAGGED,),
        ),
        at(
            Msg.PLAINTEXT,
            ~Cond.DISABLED & ~Cond.REQUIRE_ENCRYPTION & ~Cond.ATTACH_TAG,
            do=(Do.SEND_PLAINTEXT,),
        ),
        at(
            Msg.ENCRYPTED,
            do=(Do.SEND_TEXT, Do.STORE_SENT),
            ambiguity=holes.DISABLED_PRIVATE,
        ),
        at(
            Msg.FINISHED,
            do=(Do.TELL_NOT_SENT, Do.STORE_OWED),
            ambiguity=holes.DISABLED_PRIVATE,
        ),
    ),
    on(
        Event.USER_END,
        "User requests to end an OTR conversation",
        ignored(states=Msg.PLAINTEXT),
        at(
            Msg.ENCRYPTED,
            do=(Do.SEND_DISCONNECT, Do.FORGET_STORED, Do.AWAIT_PLAINTEXT, Do.TELL_INSECURE),
            goto=Msg.PLAINTEXT,
            raises=OVER,
            ambiguity=holes.END_DURING_AKE,
        ),
        at(Msg.FINISHED, do=(Do.AWAIT_PLAINTEXT, Do.TELL_INSECURE), goto=Msg.PLAINTEXT),
    ),
    on(
        Event.USER_HEARTBEAT,
        "Receiving a Data Message",
        at(Msg.ENCRYPTED, do=(Do.SEND_HEARTBEAT,)),
        ignored(states=(Msg.PLAINTEXT, Msg.FINISHED)),
    ),
    on(
        Event.USER_EXTRA_KEY,
        "Extra symmetric key",
        at(Msg.ENCRYPTED, do=(Do.SEND_EXTRA_KEY,)),
        at((Msg.PLAINTEXT, Msg.FINISHED), do=(Do.TELL_REFUSED,)),
    ),
    exclusives=EXCLUSIVES,
)
