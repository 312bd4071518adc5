"""The message states of OTRv4: START, ENCRYPTED_MESSAGES and FINISHED.

Section "The Protocol State Machine": what happens to what the user types, and to what is shown;
and section "Session Expiration".
"""

from __future__ import annotations

from otr_model.kernel.table import Table, at, everywhere, ignored, on, table, to

from . import ambiguities as holes
from .conditions import EXCLUSIVES, Cond
from .effects import Do
from .words import Event, Msg

START, ENCRYPTED, FINISHED = Msg.START, Msg.ENCRYPTED_MESSAGES, Msg.FINISHED
ALL = tuple(Msg)
OPEN = (START, FINISHED)
MASTER = 0
SHOW_AND_WARN = (Do.SHOW_PLAINTEXT, Do.WARN_UNENCRYPTED)
UNREADABLE_HERE = (Do.WARN_UNREADABLE, Do.SEND_ERROR_1)
NOT_PRIVATE_HERE = (Do.WARN_UNREADABLE, Do.SEND_ERROR_2)
PRIVATE_NOW = (Event.KEYS_AGREED, Event.SMP_RESET, Event.SETTLED, Event.EARLY)
OVER = (Event.SESSION_OVER, Event.SMP_RESET)
LAST_KEYS = (Do.DROP_SKIPPED, Do.REVEAL)
LAST_WORD = (Event.SENDING, *OVER)
SPEAKING_3 = Cond.SPEAKS_3 & Cond.PRIVATE_3
EXPECTS_PRIVATE = Cond.REQUIRE_ENCRYPTION | Cond.PRIVATE_3
QUEUE = (Do.QUEUE_TEXT, Do.TELL_QUEUED)
ABANDONED = (everywhere(Event.DAKE_OVER),)
WANTED = (to(MASTER, Event.DAKE_WANTED),)
HOLDS = ~SPEAKING_3 & ~Cond.DISABLED & ~Cond.QUEUE_FULL
ACCEPTABLE = ~Cond.REQUIRE_AUTHENTICATED | Cond.TRUSTED
ENSEMBLE = Cond.OFFLINE_ALLOWED & Cond.ENSEMBLE_VALID & ACCEPTABLE

MESSAGE: Table[Msg, Event, Cond, Do] = table(
    "otrv4.message",
    "What happens to what the user types, and what the user is shown.",
    Msg,
    START,
    on(
        Event.PLAINTEXT,
        "Receiving plaintext without the whitespace tag",
        at(START, SPEAKING_3, do=(Do.HANDLE_3,), name="version-3"),
        at(START, ~SPEAKING_3 & EXPECTS_PRIVATE, do=SHOW_AND_WARN, name="warned"),
        at(START, ~SPEAKING_3 & ~EXPECTS_PRIVATE, do=(Do.SHOW_PLAINTEXT,), name="plain"),
        at((ENCRYPTED, FINISHED), do=SHOW_AND_WARN),
    ),
    on(
        Event.TAGGED_TEXT,
        "Receiving plaintext with the whitespace tag",
        at(START, EXPECTS_PRIVATE, do=SHOW_AND_WARN, name="warned"),
        at(START, ~EXPECTS_PRIVATE, do=(Do.SHOW_PLAINTEXT,), name="plain"),
        at((ENCRYPTED, FINISHED), do=SHOW_AND_WARN),
    ),
    on(
        Event.ERROR,
        "Receiving an Error Message",
        at(START, SPEAKING_3, do=(Do.HANDLE_3,), name="version-3"),
        at(
            START,
            ~SPEAKING_3 & Cond.ERROR_KNOWN & Cond.ERROR_START_DAKE & Cond.COMPATIBLE,
            do=(Do.SHOW_ERROR, Do.SEND_QUERY),
            name="query",
            ambiguity=holes.ERROR_STARTS,
        ),
        at(
            START,
            ~SPEAKING_3 & Cond.ERROR_KNOWN & Cond.ERROR_START_DAKE & ~Cond.COMPATIBLE,
            do=(Do.SHOW_ERROR,),
            raises=WANTED,
            name="identity",
            ambiguity=holes.ERROR_STARTS,
        ),
        at(
            START,
            ~SPEAKING_3 & Cond.ERROR_KNOWN & ~Cond.ERROR_START_DAKE,
            do=(Do.SHOW_ERROR,),
            name="shown",
        ),
        ignored(
            ~SPEAKING_3 & ~Cond.ERROR_KNOWN,
            START,
            name="unknown",
            ambiguity=holes.ERROR_WITHOUT_CODE,
        ),
        at(
            (ENCRYPTED, FINISHED),
            Cond.ERROR_KNOWN & Cond.ERROR_START_DAKE,
            do=(Do.SHOW_ERROR,),
            raises=WANTED,
            name="identity",
            ambiguity=holes.ERROR_STARTS,
        ),
        at(
            (ENCRYPTED, FINISHED),
            Cond.ERROR_KNOWN & ~Cond.ERROR_START_DAKE,
            do=(Do.SHOW_ERROR,),
            name="shown",
        ),
        ignored(
            ~Cond.ERROR_KNOWN,
            (ENCRYPTED, FINISHED),
            name="unknown",
            ambiguity=holes.ERROR_WITHOUT_CODE,
        ),
    ),
    on(
        Event.DAKE_BEGUN,
        "Receiving an Identity Message",
        ignored(states=START),
        ignored(states=ENCRYPTED, ambiguity=holes.IDENTITY_WHEN_PRIVATE),
        ignored(states=FINISHED, ambiguity=holes.IDENTITY_WHEN_PRIVATE),
    ),
    on(
        Event.AUTHENTICATED,
        "Receiving an Auth-I Message",
        at(
            OPEN,
            Cond.PRIVATE_3,
            do=(Do.ENTER_PRIVATE, Do.END_3, Do.TELL_SECURE),
            goto=ENCRYPTED,
            raises=PRIVATE_NOW,
            ambiguity=holes.LEAVING_VERSION_3,
        ),
        at(
            OPEN,
            ~Cond.PRIVATE_3,
            do=(Do.ENTER_PRIVATE, Do.TELL_SECURE),
            goto=ENCRYPTED,
            raises=PRIVATE_NOW,
        ),
        at(
            ENCRYPTED,
            Cond.SAME_PEER,
            do=(Do.ENTER_PRIVATE, Do.TELL_STILL_SECURE),
            raises=PRIVATE_NOW,
            ambiguity=holes.REPLACED_KEYS,
        ),
        at(
            ENCRYPTED,
            ~Cond.SAME_PEER,
            do=(Do.ENTER_PRIVATE, Do.TELL_SECURE),
            raises=PRIVATE_NOW,
            ambiguity=holes.REPLACED_KEYS,
        ),
    ),
    on(
        Event.SETTLED,
        "Receiving an Auth-I Message",
        at(
            ENCRYPTED,
            Cond.TEXT_WAITS & Cond.FOR_THIS_PEER,
            do=(Do.PUT_QUEUED, Do.TELL_RESENT),
            raises=(Event.SENDING, Event.SETTLED),
            ambiguity=holes.QUEUED_FOR,
        ),
        ignored(Cond.TEXT_WAITS & ~Cond.FOR_THIS_PEER, ENCRYPTED, ambiguity=holes.QUEUED_FOR),
        ignored(~Cond.TEXT_WAITS, ENCRYPTED),
        at(
            START,
            SPEAKING_3 & Cond.TEXT_WAITS & Cond.FOR_THIS_PEER,
            do=(Do.SEND_QUEUED_3,),
            raises=(Event.SETTLED,),
            name="version-3",
            ambiguity=holes.QUEUED_FOR,
        ),
        ignored(SPEAKING_3 & Cond.TEXT_WAITS & ~Cond.FOR_THIS_PEER, START, name="of-another"),
        ignored(~(SPEAKING_3 & Cond.TEXT_WAITS), START, name="none"),
        ignored(states=FINISHED),
    ),
    on(
        Event.DATA,
        "Receiving a Data Message",
        at(ENCRYPTED, raises=(Event.PROTECTED,)),
        at(OPEN, Cond.MAY_BE_EARLY, do=(Do.KEEP_EARLY,), ambiguity=holes.EARLY_DATA),
        at(
            OPEN,
            ~Cond.MAY_BE_EARLY & ~Cond.IGNORE_UNREADABLE,
            do=NOT_PRIVATE_HERE,
        ),
        ignored(
            ~Cond.MAY_BE_EARLY & Cond.IGNORE_UNREADABLE,
            OPEN,
            ambiguity=holes.UNREADABLE_WITHOUT_KEYS,
        ),
    ),
    on(
        Event.EARLY,
        "Receiving an Auth-I Message",
        at(
            ENCRYPTED,
            Cond.EARLY_WAITS,
            do=(Do.TAKE_EARLY,),
            raises=(Event.PROTECTED,),
            ambiguity=holes.EARLY_DATA,
        ),
        ignored(~Cond.EARLY_WAITS, ENCRYPTED),
        at(OPEN, Cond.EARLY_WAITS, do=(Do.FORGET_EARLY,)),
        ignored(~Cond.EARLY_WAITS, OPEN),
    ),
    on(
        Event.DATA_TAKEN,
        "Receiving a Data Message",
        at(ENCRYPTED, Cond.HAS_TEXT, do=(Do.SHOW_TEXT,), raises=(Event.NEXT_TLV,)),
        at(ENCRYPTED, ~Cond.HAS_TEXT, raises=(Event.NEXT_TLV,)),
        ignored(states=OPEN),
    ),
    on(
        Event.DATA_REFUSED,
        "Receiving a Data Message",
        at(
            ENCRYPTED,
            Cond.MAY_BE_EARLY,
            do=(Do.KEEP_EARLY,),
            ambiguity=holes.EARLY_DATA,
        ),
        at(
            ENCRYPTED,
            ~Cond.MAY_BE_EARLY & ~Cond.IGNORE_UNREADABLE,
            do=UNREADABLE_HERE,
            raises=(Event.EARLY,),
        ),
        at(ENCRYPTED, ~Cond.MAY_BE_EARLY & Cond.IGNORE_UNREADABLE, raises=(Event.EARLY,)),
        ignored(states=OPEN),
    ),
    on(
        Event.DISCONNECTED,
        "Receiving a Data Message",
        at(ENCRYPTED, do=(Do.TELL_FINISHED,), goto=FINISHED, raises=OVER),
        ignored(states=OPEN),
    ),
    on(
        Event.CONTENT_DONE,
        "Receiving a Data Message",
        at(
            ENCRYPTED,
            Cond.HEARTBEAT_DUE,
            do=(Do.PUT_HEARTBEAT,),
            raises=(Event.SENDING, Event.EARLY),
        ),
        at(ENCRYPTED, ~Cond.HEARTBEAT_DUE, raises=(Event.EARLY,)),
        at(OPEN, raises=(Event.EARLY,)),
    ),
    on(
        Event.CLOCK,
        "Session Expiration",
        at(
            ENCRYPTED,
            Cond.EXPIRED,
            do=(*LAST_KEYS, Do.PUT_DISCONNECT, Do.TELL_EXPIRED),
            goto=FINISHED,
            raises=(*LAST_WORD, Event.DAKE_CLOCK),
            ambiguity=holes.EXPIRED_MAC_KEYS,
        ),
        at(ENCRYPTED, ~Cond.EXPIRED, raises=(Event.KEYS_CLOCK, Event.DAKE_CLOCK)),
        at(OPEN, raises=(Event.DAKE_CLOCK,)),
    ),
    on(
        Event.USER_START,
        "User requests to start an OTR Conversation",
        at(OPEN, Cond.COMPATIBLE & ~Cond.DISABLED, do=(Do.SEND_QUERY,), name="query"),
        at(OPEN, ~Cond.COMPATIBLE & ~Cond.DISABLED, raises=WANTED, name="identity"),
        ignored(Cond.DISABLED, OPEN, name="disabled"),
        at(ENCRYPTED, do=(Do.TELL_REFUSED,), ambiguity=holes.QUERY_WHEN_PRIVATE),
    ),
    on(
        Event.USER_START_DAKE,
        "Starting a conversation interactively",
        at(START, Cond.ALLOWED, raises=(Event.DAKE_WANTED,)),
        at(
            FINISHED,
            Cond.ALLOWED,
            do=(Do.LEAVE, Do.TELL_INSECURE),
            goto=START,
            raises=(Event.DAKE_WANTED,),
        ),
        at(
            ENCRYPTED,
            Cond.ALLOWED,
            do=(*LAST_KEYS, Do.PUT_DISCONNECT, Do.LEAVE, Do.TELL_INSECURE),
            goto=START,
            raises=(*LAST_WORD, Event.DAKE_WANTED),
            ambiguity=holes.ONLINE_AGAIN,
        ),
        at(ALL, ~Cond.ALLOWED, do=(Do.TELL_REFUSED,)),
    ),
    on(
        Event.USER_START_OFFLINE,
        "Sending a Data Message to an offline participant",
        at(OPEN, ENSEMBLE, raises=(Event.OFFLINE_WANTED,), name="acceptable"),
        at(
            ENCRYPTED,
            ENSEMBLE,
            do=(*LAST_KEYS, Do.PUT_DISCONNECT, Do.LEAVE, Do.TELL_INSECURE),
            goto=START,
            raises=(*LAST_WORD, Event.OFFLINE_WANTED),
            name="acceptable",
        ),
        at(
            ALL,
            Cond.OFFLINE_ALLOWED & Cond.ENSEMBLE_VALID & ~ACCEPTABLE,
            do=(Do.TELL_ENSEMBLE_REFUSED,),
            name="untrusted",
        ),
        at(
            ALL,
            Cond.OFFLINE_ALLOWED & ~Cond.ENSEMBLE_VALID,
            do=(Do.TELL_ENSEMBLE_REFUSED,),
            name="not-valid",
        ),
        at(ALL, ~Cond.OFFLINE_ALLOWED, do=(Do.TELL_REFUSED,), name="online-only"),
    ),
    on(
        Event.USER_SEND,
        "Sending a Data Message",
        at(START, SPEAKING_3, do=(Do.HANDLE_3,), name="version-3"),
        at(START, ~SPEAKING_3 & Cond.DISABLED, do=(Do.SEND_PLAINTEXT,), name="disabled"),
        at(
            START,
            HOLDS & Cond.WAITING,
            do=QUEUE,
            name="waiting",
            ambiguity=holes.TEXT_IN_START,
        ),
        at(
            START,
            HOLDS & ~Cond.WAITING & Cond.COMPATIBLE & Cond.REQUIRE_ENCRYPTION,
            do=(*QUEUE, Do.SEND_QUERY),
            name="required",
            ambiguity=holes.TEXT_IN_START,
        ),
        at(
            START,
            ~SPEAKING_3
            & ~Cond.DISABLED
            & ~Cond.WAITING
            & Cond.COMPATIBLE
            & ~Cond.REQUIRE_ENCRYPTION
            & Cond.ATTACH_TAG,
            do=(Do.SEND_TAGGED,),
            name="tagged",
            ambiguity=holes.TEXT_IN_START,
        ),
        at(
            START,
            ~SPEAKING_3
            & ~Cond.DISABLED
            & ~Cond.WAITING
            & Cond.COMPATIBLE
            & ~Cond.REQUIRE_ENCRYPTION
            & ~Cond.ATTACH_TAG,
            do=(Do.SEND_PLAINTEXT,),
            name="plain",
            ambiguity=holes.TEXT_IN_START,
        ),
        at(
            START,
            HOLDS & ~Cond.WAITING & ~Cond.COMPATIBLE,
            do=QUEUE,
            raises=WANTED,
            name="begins",
            ambiguity=holes.TEXT_IN_START,
        ),
        at(
            START,
            ~SPEAKING_3
            & ~Cond.DISABLED
            & Cond.QUEUE_FULL
            & (Cond.WAITING | ~Cond.COMPATIBLE | Cond.REQUIRE_ENCRYPTION),
            do=(Do.TELL_NOT_SENT,),
            name="queue-full",
            ambiguity=holes.QUEUE_BOUND,
        ),
        at(ENCRYPTED, do=(Do.PUT_TEXT,), raises=(Event.SENDING,), ambiguity=holes.STORED_SENT),
        at(FINISHED, ~Cond.QUEUE_FULL, do=(Do.TELL_NOT_SENT, Do.QUEUE_TEXT)),
        at(FINISHED, Cond.QUEUE_FULL, do=(Do.TELL_NOT_SENT,), ambiguity=holes.QUEUE_BOUND),
    ),
    on(
        Event.USER_END,
        "User requests to end an OTRv4 Conversation",
        at(START, SPEAKING_3, do=(Do.HANDLE_3,), name="version-3"),
        at(
            START,
            ~SPEAKING_3,
            raises=ABANDONED,
            name="waiting",
            ambiguity=holes.END_WHILE_WAITING,
        ),
        at(
            ENCRYPTED,
            do=(*LAST_KEYS, Do.PUT_DISCONNECT, Do.LEAVE, Do.TELL_INSECURE),
            goto=START,
            raises=(*LAST_WORD, *ABANDONED),
            ambiguity=holes.MAC_KEYS_AT_THE_END,
        ),
        at(
            FINISHED,
            do=(Do.LEAVE, Do.TELL_INSECURE),
            goto=START,
            raises=ABANDONED,
        ),
    ),
    on(
        Event.USER_HEARTBEAT,
        "Data Exchange",
        at(ENCRYPTED, do=(Do.PUT_HEARTBEAT,), raises=(Event.SENDING,)),
        at(START, SPEAKING_3, do=(Do.HANDLE_3,), name="version-3"),
        ignored(~SPEAKING_3, START, name="not-private"),
        ignored(states=FINISHED),
    ),
    on(
        Event.USER_EXTRA_KEY,
        "Extra Symmetric Key",
        at(ENCRYPTED, do=(Do.PUT_EXTRA_KEY,), raises=(Event.SENDING,)),
        at(START, SPEAKING_3, do=(Do.HANDLE_3,), name="version-3"),
        at(START, ~SPEAKING_3, do=(Do.TELL_REFUSED,), name="not-private"),
        at(FINISHED, do=(Do.TELL_REFUSED,)),
    ),
    exclusives=EXCLUSIVES,
)
