"""The state machine of OTRv1, as its description of 2004 and 2005 has it ("Protocol").

Each side signs its own D-H key, and nothing else: that the two belong together is believed. That
is the flaw which version 2 cured.

What is left out, since it is not needed to show that: policies, whitespace tags, Error Messages,
TLVs, the rotation of D-H keys and the revealing of MAC keys.
"""

from __future__ import annotations

from otr_model.kernel.table import Table, at, on, table

from .conditions import EXCLUSIVES, Cond
from .effects import Do
from .words import Connection, Event

UNCONNECTED, SETUP, CONNECTED = Connection.UNCONNECTED, Connection.SETUP, Connection.CONNECTED
ALL = tuple(Connection)
VALID = Cond.IS_KEY_EXCHANGE & Cond.KEY_EXCHANGE_VALID
FRESH, REPLY = VALID & ~Cond.IS_REPLY, VALID & Cond.IS_REPLY

AKE: Table[Connection, Event, Cond, Do] = table(
    "otrv1.connection",
    "Who is on the other side: each signs its own D-H key.",
    Connection,
    UNCONNECTED,
    on(
        Event.RECEIVED,
        "Protocol",
        at((UNCONNECTED, SETUP), Cond.IS_PLAINTEXT, do=(Do.SHOW_PLAINTEXT,), name="plaintext"),
        at(
            CONNECTED,
            Cond.IS_PLAINTEXT,
            do=(Do.SHOW_PLAINTEXT, Do.WARN_UNENCRYPTED),
            name="plaintext",
        ),
        at(
            UNCONNECTED,
            Cond.IS_QUERY,
            do=(Do.NEW_PAIR, Do.SEND_KEY_EXCHANGE),
            goto=SETUP,
            name="query",
        ),
        at((SETUP, CONNECTED), Cond.IS_QUERY, do=(Do.SEND_KEY_EXCHANGE,), name="query"),
        at(
            UNCONNECTED,
            VALID,
            do=(Do.NEW_PAIR, Do.TAKE_KEYS, Do.SEND_REPLY, Do.TELL_SECURE),
            goto=CONNECTED,
            name="key-exchange",
        ),
        at(
            SETUP,
            FRESH,
            do=(Do.TAKE_KEYS, Do.SEND_REPLY, Do.TELL_SECURE),
            goto=CONNECTED,
            name="key-exchange",
        ),
        at(SETUP, REPLY, do=(Do.TAKE_KEYS, Do.TELL_SECURE), goto=CONNECTED, name="reply"),
        at(CONNECTED, FRESH & Cond.KNOWN, do=(Do.SEND_REPLY,), name="known-key-exchange"),
        at(
            CONNECTED,
            FRESH & ~Cond.KNOWN,
            do=(Do.TAKE_KEYS, Do.SEND_REPLY, Do.TELL_SECURE),
            name="key-exchange",
        ),
        at(CONNECTED, REPLY & Cond.KNOWN, name="known-reply"),
        at(CONNECTED, REPLY & ~Cond.KNOWN, do=(Do.TAKE_KEYS, Do.TELL_SECURE), name="reply"),
        at(
            ALL,
            Cond.IS_KEY_EXCHANGE & ~Cond.KEY_EXCHANGE_VALID,
            do=(Do.WARN_REFUSED,),
            name="key-exchange-not-valid",
        ),
        at(CONNECTED, Cond.IS_DATA & Cond.DATA_VALID, do=(Do.SHOW_TEXT,), name="data"),
        at(
            CONNECTED,
            Cond.IS_DATA & ~Cond.DATA_VALID,
            do=(Do.WARN_REFUSED,),
            name="data-not-valid",
        ),
        at((UNCONNECTED, SETUP), Cond.IS_DATA, do=(Do.WARN_REFUSED,), name="data"),
        at(ALL, Cond.IS_MALFORMED, do=(Do.WARN_REFUSED,), name="malformed"),
    ),
    on(Event.USER_START, "Protocol", at(ALL, do=(Do.SEND_QUERY,))),
    on(
        Event.USER_SEND,
        "Protocol",
        at((UNCONNECTED, SETUP), do=(Do.SEND_PLAINTEXT,)),
        at(CONNECTED, do=(Do.SEND_TEXT,)),
    ),
    on(
        Event.USER_END,
        "Protocol",
        at(UNCONNECTED),
        at((SETUP, CONNECTED), do=(Do.FORGET_ALL, Do.TELL_INSECURE), goto=UNCONNECTED),
    ),
    exclusives=EXCLUSIVES,
)
