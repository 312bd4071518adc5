"""How OTRv4 takes in what arrives: instances, fragments, kinds of message, and TLVs.

Sections "Instance Tags", "Fragmentation", "Protocol Events" and "TLV Record Types".
"""

from __future__ import annotations

from otr_model.kernel.table import Cells, Table, at, ignored, on, table, to

from . import ambiguities as holes
from . import variables as v
from .conditions import EXCLUSIVES, Cond
from .effects import Do
from .words import Assembly, Event, Ready

# Which session a message is for. Each instance of the peer has one; what has no tags belongs to
# the master session, or, where the user reads it, to the session that the user is in.

MASTER = 0
ENABLED = ~Cond.DISABLED
TAGGED = ENABLED & Cond.HAS_TAGS & Cond.SENDER_TAG_VALID
OPENS = Cond.IS_IDENTITY | Cond.IS_AUTH_R
OPEN_TEXT = Cond.IS_PLAINTEXT | Cond.IS_TAGGED | Cond.IS_QUERY
READ_BY_USER = Cond.IS_PLAINTEXT | Cond.IS_ERROR
FOR_ANYBODY = Cond.IS_IDENTITY | Cond.IS_FRAGMENT
FOR_US = Cond.FOR_US | (Cond.FOR_ANY & FOR_ANYBODY)

_ROUTES: tuple[Cells[Ready, Event, Cond, Do], ...] = (
    at(
        Ready.READY,
        ENABLED & ~Cond.HAS_TAGS & OPEN_TEXT & ~Cond.COMPATIBLE,
        do=(Do.SHOW_RAW,),
        name="not-ours",
        ambiguity=holes.PLAINTEXT_ARRIVES,
    ),
    at(
        Ready.READY,
        ENABLED & ~Cond.HAS_TAGS & READ_BY_USER & (Cond.COMPATIBLE | ~OPEN_TEXT),
        raises=(to(v.BEST, Event.ARRIVED),),
        name="text",
    ),
    at(
        Ready.READY,
        ENABLED & ~Cond.HAS_TAGS & ~READ_BY_USER & (Cond.COMPATIBLE | ~OPEN_TEXT),
        raises=(to(MASTER, Event.ARRIVED),),
        name="no-tags",
    ),
    at(
        Ready.READY,
        ENABLED & Cond.HAS_TAGS & ~Cond.SENDER_TAG_VALID,
        do=(Do.WARN_MALFORMED,),
        name="illegal-sender",
        ambiguity=holes.ERROR_3,
    ),
    at(
        Ready.READY,
        TAGGED & Cond.RECEIVER_TAG_ILLEGAL,
        do=(Do.WARN_MALFORMED,),
        name="illegal-receiver",
        ambiguity=holes.ERROR_3,
    ),
    at(
        Ready.READY,
        TAGGED & ~Cond.FOR_US & ~Cond.FOR_ANY & ~Cond.RECEIVER_TAG_ILLEGAL,
        do=(Do.WARN_OTHER_INSTANCE,),
        name="other-instance",
        ambiguity=holes.ERROR_3,
    ),
    at(
        Ready.READY,
        TAGGED & Cond.FOR_ANY & ~FOR_ANYBODY,
        do=(Do.WARN_OTHER_INSTANCE,),
        name="no-instance",
    ),
)

_DELIVER: tuple[Cells[Ready, Event, Cond, Do], ...] = (
    at(
        Ready.READY,
        TAGGED & FOR_US & OPENS & Cond.ROOM,
        raises=(to(v.SENDER_TAG, Event.SHARE), to(v.SENDER_TAG, Event.ARRIVED)),
        name="opening",
        ambiguity=holes.SHARED_IDENTITY,
    ),
    at(
        Ready.READY,
        TAGGED & FOR_US & ~OPENS & ~Cond.IS_FRAGMENT & Cond.ROOM,
        raises=(to(v.SENDER_TAG, Event.ARRIVED),),
        name="for-us",
    ),
    at(
        Ready.READY,
        TAGGED & FOR_US & ~Cond.IS_FRAGMENT & ~Cond.ROOM,
        name="no-room",
        ambiguity=holes.INSTANCE_BOUND,
    ),
)

INSTANCES: Table[Ready, Event, Cond, Do] = table(
    "otrv4.instances",
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
            TAGGED & FOR_US & Cond.IS_FRAGMENT,
            raises=(to(v.ASSEMBLY, Event.PIECE),),
            name="fragment",
            ambiguity=holes.FRAGMENT_SENDER,
        ),
    ),
    on(
        Event.REASSEMBLED,
        "Receiving Fragments",
        ignored(Cond.DISABLED),
        *_ROUTES,
        *_DELIVER,
        ignored(TAGGED & FOR_US & Cond.IS_FRAGMENT, name="nested"),
    ),
    exclusives=EXCLUSIVES,
)

# Putting fragments together, in whatever order they come, several messages at a time.

PIECE = Cond.LEGAL & Cond.FITS
MORE = PIECE & Cond.SAME_TOTAL & ~Cond.PIECE_HELD

FRAGMENT: Table[Assembly, Event, Cond, Do] = table(
    "otrv4.fragment",
    "Putting the pieces of a fragmented message together.",
    Assembly,
    Assembly.EMPTY,
    on(
        Event.PIECE,
        "Receiving Fragments",
        ignored(~Cond.LEGAL, name="illegal"),
        at(
            Assembly.EMPTY,
            PIECE & Cond.SINGLE,
            do=(Do.HOLD_PIECE, Do.REASSEMBLE),
            raises=(to(MASTER, Event.REASSEMBLED),),
            name="only",
        ),
        at(
            Assembly.EMPTY,
            PIECE & ~Cond.SINGLE,
            do=(Do.HOLD_PIECE,),
            goto=Assembly.COLLECTING,
            name="first",
        ),
        ignored(
            Cond.LEGAL & ~Cond.FITS,
            Assembly.EMPTY,
            name="too-large",
            ambiguity=holes.FRAGMENT_BOUND,
        ),
        at(
            Assembly.COLLECTING,
            Cond.LEGAL & ~Cond.SAME_TOTAL,
            do=(Do.FORGET_PIECES,),
            goto=Assembly.EMPTY,
            name="other-total",
        ),
        ignored(Cond.LEGAL & Cond.SAME_TOTAL & Cond.PIECE_HELD, Assembly.COLLECTING, name="again"),
        at(
            Assembly.COLLECTING,
            MORE & ~Cond.LAST_MISSING,
            do=(Do.HOLD_PIECE,),
            name="more",
        ),
        at(
            Assembly.COLLECTING,
            MORE & Cond.LAST_MISSING,
            do=(Do.HOLD_PIECE, Do.REASSEMBLE),
            goto=Assembly.EMPTY,
            raises=(to(MASTER, Event.REASSEMBLED),),
            name="last",
        ),
        at(
            Assembly.COLLECTING,
            Cond.LEGAL & Cond.SAME_TOTAL & ~Cond.PIECE_HELD & ~Cond.FITS,
            do=(Do.FORGET_PIECES,),
            goto=Assembly.EMPTY,
            name="too-large",
            ambiguity=holes.FRAGMENT_BOUND,
        ),
    ),
    on(
        Event.ASSEMBLY_CLOCK,
        "Receiving Fragments",
        ignored(states=Assembly.EMPTY),
        at(
            Assembly.COLLECTING,
            Cond.ASSEMBLY_STALE,
            do=(Do.FORGET_PIECES,),
            goto=Assembly.EMPTY,
        ),
        ignored(~Cond.ASSEMBLY_STALE, Assembly.COLLECTING),
    ),
    exclusives=EXCLUSIVES,
)

# What kind of message it is.

RECEIVE: Table[Ready, Event, Cond, Do] = table(
    "otrv4.receive",
    "What kind of message it is.",
    Ready,
    Ready.READY,
    on(
        Event.ARRIVED,
        "Protocol Events",
        at(Ready.READY, Cond.IS_PLAINTEXT, raises=(Event.PLAINTEXT,)),
        at(Ready.READY, Cond.IS_TAGGED, raises=(Event.TAGGED_PLAINTEXT,)),
        at(Ready.READY, Cond.IS_QUERY, raises=(Event.QUERY,)),
        at(Ready.READY, Cond.IS_ERROR, raises=(Event.ERROR,)),
        at(Ready.READY, Cond.IS_IDENTITY, raises=(Event.IDENTITY,)),
        at(Ready.READY, Cond.IS_AUTH_R, raises=(Event.AUTH_R,)),
        at(Ready.READY, Cond.IS_AUTH_I, raises=(Event.AUTH_I,)),
        at(Ready.READY, Cond.IS_NON_INTERACTIVE_AUTH, raises=(Event.NON_INTERACTIVE_AUTH,)),
        at(Ready.READY, Cond.IS_DATA, raises=(Event.DATA,)),
        ignored(Cond.IS_PREKEY, ambiguity=holes.PREKEY_ARRIVES),
        at(Ready.READY, Cond.IS_OTHER_VERSION, raises=(Event.OTHER_VERSION,)),
        at(Ready.READY, Cond.IS_MALFORMED, do=(Do.WARN_MALFORMED,)),
        ignored(Cond.IS_FRAGMENT),
    ),
    exclusives=EXCLUSIVES,
)

# The TLVs of a Data Message, one after the other.

DONE = Event.TLV_DONE

TLV: Table[Ready, Event, Cond, Do] = table(
    "otrv4.tlv",
    "What the TLVs of a Data Message ask for, one after the other.",
    Ready,
    Ready.READY,
    on(
        Event.NEXT_TLV,
        "TLV Record Types",
        at(Ready.READY, Cond.NO_TLV, raises=(Event.CONTENT_DONE,)),
        at(Ready.READY, Cond.TLV_PADDING, raises=(DONE,)),
        at(Ready.READY, Cond.TLV_DISCONNECTED, raises=(Event.DISCONNECTED, DONE)),
        at(Ready.READY, Cond.TLV_SMP_1, raises=(Event.SMP_1, DONE)),
        at(Ready.READY, Cond.TLV_SMP_2, raises=(Event.SMP_2, DONE)),
        at(Ready.READY, Cond.TLV_SMP_3, raises=(Event.SMP_3, DONE)),
        at(Ready.READY, Cond.TLV_SMP_4, raises=(Event.SMP_4, DONE)),
        at(Ready.READY, Cond.TLV_SMP_ABORT, raises=(Event.SMP_ABORT, DONE)),
        at(
            Ready.READY,
            Cond.TLV_EXTRA_KEY & Cond.PRIVATE,
            do=(Do.TELL_EXTRA_KEY,),
            raises=(DONE,),
            ambiguity=holes.EXTRA_KEYS,
        ),
        at(Ready.READY, Cond.TLV_EXTRA_KEY & ~Cond.PRIVATE, raises=(DONE,)),
        at(Ready.READY, Cond.TLV_UNKNOWN, raises=(DONE,)),
        at(Ready.READY, Cond.TLV_SMP_MALFORMED, raises=(Event.SMP_BROKEN, DONE)),
        at(Ready.READY, Cond.TLV_MALFORMED, do=(Do.WARN_MALFORMED,), raises=(DONE,)),
    ),
    on(
        Event.TLV_DONE,
        "TLV Record Types",
        at(Ready.READY, do=(Do.ADVANCE_TLV,), raises=(Event.NEXT_TLV,)),
    ),
    exclusives=EXCLUSIVES,
)
