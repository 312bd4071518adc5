"""How OTRv3 takes in what arrives: instances, fragments, kinds of message, and TLVs.

Sections "Instance Tags", "Fragmentation", "Unencoded messages", "State transitions" and "Data
Message".
"""

from __future__ import annotations

from otr_model.kernel.table import Cells, Table, at, ignored, on, table, to

from . import ambiguities as holes
from . import variables as v
from .conditions import EXCLUSIVES, Cond
from .effects import Do
from .words import Assembly, Event, Ready

# Which session a message is for. Version 3 has instance tags, and a session for each instance of
# the peer; what has no tags belongs to the master session, or, where the user reads it, to the
# session that the user is in.

TAGGED = Cond.HAS_TAGS & Cond.SENDER_TAG_VALID
OPENS = Cond.IS_DH_COMMIT | Cond.IS_DH_KEY
UNTAGGED_TEXT = Cond.IS_PLAINTEXT | Cond.IS_TAGGED | Cond.IS_ERROR
MASTER = 0
ENABLED = ~Cond.DISABLED

_ROUTES: tuple[Cells[Ready, Event, Cond, Do], ...] = (
    at(
        Ready.READY,
        ENABLED & ~Cond.HAS_TAGS & UNTAGGED_TEXT,
        raises=(to(v.BEST, Event.ARRIVED),),
        name="text",
    ),
    at(
        Ready.READY,
        ENABLED & ~Cond.HAS_TAGS & ~UNTAGGED_TEXT,
        raises=(to(MASTER, Event.ARRIVED),),
        name="no-tags",
    ),
    at(
        Ready.READY,
        ENABLED & Cond.HAS_TAGS & ~Cond.SENDER_TAG_VALID,
        do=(Do.WARN_MALFORMED,),
        name="illegal-sender",
        ambiguity=holes.MALFORMED_ANSWER,
    ),
    at(
        Ready.READY,
        ENABLED & TAGGED & Cond.RECEIVER_TAG_ILLEGAL,
        do=(Do.WARN_MALFORMED,),
        name="illegal-receiver",
    ),
    at(
        Ready.READY,
        ENABLED & TAGGED & ~Cond.FOR_US & ~Cond.FOR_ANY & ~Cond.RECEIVER_TAG_ILLEGAL,
        do=(Do.WARN_OTHER_INSTANCE,),
        name="other-instance",
    ),
    at(
        Ready.READY,
        ENABLED & TAGGED & Cond.FOR_ANY & ~Cond.IS_DH_COMMIT & ~Cond.IS_FRAGMENT,
        do=(Do.WARN_OTHER_INSTANCE,),
        name="no-instance",
        ambiguity=holes.RECEIVER_ZERO,
    ),
)

_FOR_US = Cond.FOR_US | (Cond.FOR_ANY & (Cond.IS_DH_COMMIT | Cond.IS_FRAGMENT))

_DELIVER: tuple[Cells[Ready, Event, Cond, Do], ...] = (
    at(
        Ready.READY,
        ENABLED & TAGGED & _FOR_US & OPENS & Cond.ROOM,
        raises=(to(v.SENDER_TAG, Event.SHARE), to(v.SENDER_TAG, Event.ARRIVED)),
        name="opening",
        ambiguity=holes.SHARED_COMMIT,
    ),
    at(
        Ready.READY,
        ENABLED & TAGGED & _FOR_US & ~Cond.ROOM,
        name="no-room",
        ambiguity=holes.INSTANCE_BOUND,
    ),
)

INSTANCES: Table[Ready, Event, Cond, Do] = table(
    "otrv3.instances",
    "Which session a message is for.",
    Ready,
    Ready.READY,
    on(
        Event.RECEIVED,
        "Instance Tags",
        at(Ready.READY, Cond.DISABLED, do=(Do.SHOW_RAW,)),
        *_ROUTES,
        *_DELIVER,
        at(
            Ready.READY,
            ENABLED & TAGGED & _FOR_US & ~OPENS & Cond.ROOM,
            raises=(to(v.SENDER_TAG, Event.ARRIVED),),
            name="for-us",
        ),
    ),
    on(
        Event.REASSEMBLED,
        "Fragmentation",
        ignored(Cond.DISABLED),
        *_ROUTES,
        *_DELIVER,
        at(
            Ready.READY,
            ENABLED & TAGGED & _FOR_US & ~OPENS & Cond.ROOM & ~Cond.IS_FRAGMENT,
            raises=(to(v.SENDER_TAG, Event.ARRIVED),),
            name="for-us",
        ),
        ignored(
            ENABLED & TAGGED & _FOR_US & ~OPENS & Cond.ROOM & Cond.IS_FRAGMENT,
            name="nested",
            ambiguity=holes.NESTED_FRAGMENT,
        ),
    ),
    exclusives=EXCLUSIVES,
)

# Putting fragments together.

PIECE, WHOLE = Cond.IS_FRAGMENT & Cond.LEGAL, ~Cond.IS_FRAGMENT

FRAGMENT: Table[Assembly, Event, Cond, Do] = table(
    "otrv3.fragment",
    "Putting the pieces of a fragmented message together.",
    Assembly,
    Assembly.EMPTY,
    on(
        Event.ARRIVED,
        "Fragmentation",
        at(Assembly.EMPTY, WHOLE, raises=(Event.WHOLE,), name="whole"),
        at(
            Assembly.COLLECTING,
            WHOLE,
            do=(Do.FORGET_PIECES,),
            goto=Assembly.EMPTY,
            raises=(Event.WHOLE,),
            name="whole",
            ambiguity=holes.FRAGMENT_STORES,
        ),
        ignored(Cond.IS_FRAGMENT & ~Cond.LEGAL, name="illegal"),
        at(
            tuple(Assembly),
            PIECE & Cond.FIRST & Cond.LAST & Cond.FITS_ALONE,
            do=(Do.STORE_PIECE, Do.REASSEMBLE),
            goto=Assembly.EMPTY,
            raises=(Event.REASSEMBLED,),
            name="only",
        ),
        at(
            tuple(Assembly),
            PIECE & Cond.FIRST & ~Cond.LAST & Cond.FITS_ALONE,
            do=(Do.STORE_PIECE,),
            goto=Assembly.COLLECTING,
            name="first",
            ambiguity=holes.FIRST_FRAGMENT,
        ),
        at(
            tuple(Assembly),
            PIECE & Cond.FIRST & ~Cond.FITS_ALONE,
            do=(Do.FORGET_PIECES,),
            goto=Assembly.EMPTY,
            name="first-too-large",
            ambiguity=holes.FRAGMENT_BOUND,
        ),
        ignored(PIECE & ~Cond.FIRST, Assembly.EMPTY, name="without-first"),
        at(
            Assembly.COLLECTING,
            PIECE & ~Cond.FIRST & Cond.NEXT & Cond.FITS & ~Cond.LAST,
            do=(Do.APPEND_PIECE,),
            name="next",
        ),
        at(
            Assembly.COLLECTING,
            PIECE & ~Cond.FIRST & Cond.NEXT & Cond.FITS & Cond.LAST,
            do=(Do.APPEND_PIECE, Do.REASSEMBLE),
            goto=Assembly.EMPTY,
            raises=(Event.REASSEMBLED,),
            name="last",
        ),
        at(
            Assembly.COLLECTING,
            PIECE & ~Cond.FIRST & Cond.NEXT & ~Cond.FITS,
            do=(Do.FORGET_PIECES,),
            goto=Assembly.EMPTY,
            name="too-large",
            ambiguity=holes.FRAGMENT_BOUND,
        ),
        at(
            Assembly.COLLECTING,
            PIECE & ~Cond.FIRST & ~Cond.NEXT,
            do=(Do.FORGET_PIECES,),
            goto=Assembly.EMPTY,
            name="out-of-order",
        ),
    ),
    exclusives=EXCLUSIVES,
)

# What kind of message it is.

RECEIVE: Table[Ready, Event, Cond, Do] = table(
    "otrv3.receive",
    "What kind of message it is.",
    Ready,
    Ready.READY,
    on(
        Event.WHOLE,
        "State transitions",
        at(Ready.READY, Cond.IS_PLAINTEXT, raises=(Event.PLAINTEXT,)),
        at(Ready.READY, Cond.IS_TAGGED, raises=(Event.TAGGED_PLAINTEXT,)),
        at(Ready.READY, Cond.IS_QUERY, raises=(Event.QUERY,)),
        at(Ready.READY, Cond.IS_ERROR, raises=(Event.ERROR,)),
        at(Ready.READY, Cond.IS_DH_COMMIT, raises=(Event.DH_COMMIT,)),
        at(Ready.READY, Cond.IS_DH_KEY, raises=(Event.DH_KEY,)),
        at(Ready.READY, Cond.IS_REVEAL_SIGNATURE, raises=(Event.REVEAL_SIGNATURE,)),
        at(Ready.READY, Cond.IS_SIGNATURE, raises=(Event.SIGNATURE,)),
        at(Ready.READY, Cond.IS_DATA, raises=(Event.DATA,)),
        at(Ready.READY, Cond.IS_OTHER_VERSION, raises=(Event.OTHER_VERSION,)),
        at(
            Ready.READY,
            Cond.IS_MALFORMED,
            do=(Do.WARN_MALFORMED,),
            ambiguity=holes.MALFORMED_ANSWER,
        ),
        ignored(Cond.IS_FRAGMENT),
    ),
    exclusives=EXCLUSIVES,
)

# The TLVs of a Data Message, one after the other.

DONE = Event.TLV_DONE

TLV: Table[Ready, Event, Cond, Do] = table(
    "otrv3.tlv",
    "What the TLVs of a Data Message ask for, one after the other.",
    Ready,
    Ready.READY,
    on(
        Event.NEXT_TLV,
        "Data Message",
        at(Ready.READY, Cond.NO_TLV, raises=(Event.CONTENT_DONE,)),
        at(Ready.READY, Cond.TLV_PADDING, raises=(DONE,)),
        at(Ready.READY, Cond.TLV_DISCONNECTED, raises=(Event.DISCONNECTED, DONE)),
        at(Ready.READY, Cond.TLV_SMP_1, raises=(Event.SMP_1, DONE), ambiguity=holes.TLVS_IN_V2),
        at(Ready.READY, Cond.TLV_SMP_2, raises=(Event.SMP_2, DONE)),
        at(Ready.READY, Cond.TLV_SMP_3, raises=(Event.SMP_3, DONE)),
        at(Ready.READY, Cond.TLV_SMP_4, raises=(Event.SMP_4, DONE)),
        at(Ready.READY, Cond.TLV_SMP_ABORT, raises=(Event.SMP_ABORT, DONE)),
        at(
            Ready.READY,
            Cond.TLV_EXTRA_KEY & Cond.PRIVATE,
            do=(Do.TELL_EXTRA_KEY,),
            raises=(DONE,),
            ambiguity=holes.TLVS_IN_V2,
        ),
        at(Ready.READY, Cond.TLV_EXTRA_KEY & ~Cond.PRIVATE, raises=(DONE,)),
        at(Ready.READY, Cond.TLV_UNKNOWN, raises=(DONE,)),
        at(Ready.READY, Cond.TLV_SMP_MALFORMED, raises=(Event.SMP_BROKEN, DONE)),
        at(Ready.READY, Cond.TLV_MALFORMED, do=(Do.WARN_MALFORMED,), raises=(DONE,)),
    ),
    on(
        Event.TLV_DONE,
        "Data Message",
        at(
            Ready.READY,
            do=(Do.ADVANCE_TLV,),
            raises=(Event.NEXT_TLV,),
            ambiguity=holes.ORDER_OF_TLVS,
        ),
    ),
    exclusives=EXCLUSIVES,
)
