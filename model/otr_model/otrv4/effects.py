"""What the rows of OTRv4 do.

Updates (`sets`) come first, from the values before; then what the effect computes, sends or shows;
then what it forgets.

Whatever is sent in a Data Message is put into the outbox first (effects whose names begin with
`PUT`), and sent on the event SENDING, which the ratchet handles: it knows whether a new ratchet
begins.
"""

from __future__ import annotations

from enum import unique
from typing import TYPE_CHECKING

from otr_model.kernel.expr import Choice, Int, IntVar, Number, Value, Variable
from otr_model.kernel.vocabulary import Action, Effect, Observer, action

from . import variables as v
from .conditions import LEFT_BEHIND
from .data import Datum
from .words import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

WIRE, USER = Observer.WIRE, Observer.USER

EXCHANGE = (Datum.OUR_KEYS, Datum.THEIR_KEYS, Datum.MIXED)
SMP_DATA = (
    Datum.SMP_1_RECEIVED,
    Datum.SMP_EXPONENTS,
    Datum.SMP_SECRET,
    Datum.SMP_BASES,
    Datum.SMP_POINTS,
)

IS_MASTER = v.THEIR_TAG.equals(0)
LEFT: Mapping[Variable, Value] = {
    v.ENGAGED: Choice(v.ENGAGED.equals(v.THEIR_TAG), Number(0), v.ENGAGED)
}
"""The user leaves this session, if it is the one that the user is in."""

TIMER: Mapping[Variable, Value] = {v.TIMED: True, v.FRESH_AT: Choice(v.TIMED, v.FRESH_AT, v.NOW)}
"""The first Data Message of a session starts the expiration timer."""

NO_KEYS: Mapping[Variable, Value] = {
    v.I: 0,
    v.J: 0,
    v.K: 0,
    v.PN: 0,
    v.MAX_REMOTE_I_SEEN: -1,
    v.SENDING_ID: 0,
    v.RECEIVES: False,
    v.ROTATES: False,
    v.SKIPPED: 0,
    v.SKIPPED_AT: 0,
    v.TIMED: False,
    v.FRESH_AT: 0,
}


def _skipping(count: Int) -> Mapping[Variable, Value]:
    """So many message keys more are kept."""
    return {
        v.SKIPPED: v.SKIPPED + count,
        v.SKIPPED_AT: Choice(v.SKIPPED.equals(0), v.NOW, v.SKIPPED_AT),
    }


def _one_less(variable: IntVar) -> Int:
    """One less, and never below 0."""
    return Choice(variable > 0, variable - 1, Number(0))


GAP: Int = Choice(v.K < v.MESSAGE_ID, v.MESSAGE_ID - v.K, Number(0))
"""Messages of the current ratchet that have not arrived before this one."""

NEW_RATCHET: Mapping[Variable, Value] = {
    v.PN: v.J,
    v.J: 0,
    v.I: v.I + 1,
    v.K: v.MESSAGE_ID + 1,
    v.MAX_REMOTE_I_SEEN: v.RATCHET_ID,
    v.RECEIVES: True,
    v.ROTATES: True,
    v.UNREVEALED: v.UNREVEALED + 1,
    **_skipping(LEFT_BEHIND + v.MESSAGE_ID),
    **TIMER,
}
ROTATED: Mapping[Variable, Value] = {
    v.I: v.I + 1,
    v.SENDING_ID: v.I,
    v.J: 0,
    v.ROTATES: False,
    v.FRESH_AT: v.NOW,
}
SENT: Mapping[Variable, Value] = {v.J: v.J + 1, v.LAST_SENT: v.NOW, **TIMER}


def put(
    about: str,
    *,
    needs: tuple[Datum, ...] = (),
    writes: tuple[Datum, ...] = (),
    forgets: tuple[Datum, ...] = (),
    sets: Mapping[Variable, Value] | None = None,
) -> Action:
    """An effect that puts a content into the outbox."""
    return action(
        about,
        needs=(Datum.CHAIN, *needs),
        writes=(Datum.OUTBOX, *writes),
        forgets=forgets,
        sets=sets,
    )


def install(about: str, sets: Mapping[Variable, Value]) -> Action:
    """An effect by which the ratchet begins; MAC keys of one that it replaces are revealed."""
    return action(
        about,
        needs=(Datum.AGREED,),
        writes=(Datum.CHAIN, Datum.OLD_MAC_KEYS),
        forgets=(Datum.AGREED,),
        sets={
            **NO_KEYS,
            v.UNREVEALED: v.UNREVEALED + v.SKIPPED,
            v.LAST_SENT: v.NOW,
            **sets,
        },
    )


@unique
class Do(Effect):
    """Effects of the rows."""

    # The interactive DAKE.
    NEW_IDENTITY = action(
        "generate y, b and the first keys of the ratchet",
        writes=(Datum.OUR_KEYS,),
        forgets=(Datum.THEIR_KEYS, Datum.MIXED),
        sets={
            v.OFFERS: Choice(IS_MASTER, v.OFFERS + 1, v.OFFERS),
            v.DAKE_AT: v.NOW,
        },
    )
    SEND_IDENTITY = action("send the Identity message", needs=(Datum.OUR_KEYS,), seen=WIRE)
    ADOPT_OFFER = action(
        "take part in the DAKE that our Identity message to all instances began",
        writes=(Datum.OUR_KEYS,),
        forgets=(Datum.THEIR_KEYS, Datum.MIXED),
        sets={v.ADOPTED: v.OFFERS, v.ANSWERED: v.OFFERS, v.DAKE_AT: v.NOW},
    )
    ANSWER_IDENTITY = action(
        "keep the peer's keys and profile; generate x, a and the first keys of the ratchet; "
        "compute K and the SSID, and forget x and a",
        writes=(Datum.OUR_KEYS, Datum.THEIR_KEYS, Datum.MIXED),
        sets={v.DAKE_AT: v.NOW},
    )
    SEND_AUTH_R = action(
        "send the Auth-R message", needs=(Datum.OUR_KEYS, Datum.THEIR_KEYS), seen=WIRE
    )
    ACCEPT_AUTH_R = action(
        "keep the peer's keys and profile, compute K and the SSID",
        needs=(Datum.OUR_KEYS,),
        writes=(Datum.THEIR_KEYS, Datum.MIXED, Datum.IDENTITY, Datum.AGREED),
        sets={v.ROLE: Role.INITIATOR.number},
    )
    SEND_AUTH_I = action(
        "send the Auth-I message", needs=(Datum.OUR_KEYS, Datum.THEIR_KEYS), seen=WIRE
    )
    ACCEPT_AUTH_I = action(
        "the peer is who its client profile says",
        needs=(Datum.OUR_KEYS, Datum.THEIR_KEYS, Datum.MIXED),
        writes=(Datum.IDENTITY, Datum.AGREED),
        sets={v.ROLE: Role.RESPONDER.number},
    )
    FORGET_EXCHANGE = action(
        "forget every ephemeral key of the DAKE, ours and the peer's, and K", forgets=EXCHANGE
    )

    # The non-interactive DAKE.
    SEND_NON_INTERACTIVE_AUTH = action(
        "generate x, a and the first keys of the ratchet, compute K and the SSID from the prekey "
        "ensemble, send the Non-Interactive-Auth message",
        writes=(Datum.MIXED, Datum.IDENTITY, Datum.AGREED),
        sets={v.ROLE: Role.RETRIEVER.number},
        seen=WIRE,
    )
    ACCEPT_NON_INTERACTIVE_AUTH = action(
        "compute K and the SSID; the prekey message is used up",
        writes=(Datum.MIXED, Datum.IDENTITY, Datum.AGREED, Datum.USED_PREKEYS),
        sets={v.ROLE: Role.PUBLISHER.number},
    )
    TELL_PREKEY_USED = action("tell the application which prekey message is used up", seen=USER)
    TELL_ENSEMBLE_REFUSED = action(
        "tell the user that the prekey ensemble is not acceptable", seen=USER
    )

    # Becoming private, and ceasing to be.
    ENTER_PRIVATE = action(
        "the conversation is with this client profile, under this secure session id",
        needs=(Datum.IDENTITY, Datum.MIXED),
        writes=(Datum.PEER, Datum.SSID),
        forgets=(Datum.IDENTITY, *EXCHANGE),
        sets={v.BEST: v.THEIR_TAG, v.ENGAGED: v.THEIR_TAG, v.INVITED: False},
    )
    TELL_SECURE = action(
        "tell the user that the conversation is private, with whom, and the secure session id",
        needs=(Datum.PEER, Datum.SSID),
        seen=USER,
    )
    TELL_STILL_SECURE = action(
        "tell the user that the private conversation was refreshed",
        needs=(Datum.PEER, Datum.SSID),
        seen=USER,
    )
    TELL_FINISHED = action("tell the user that the peer ended the conversation", seen=USER)
    TELL_EXPIRED = action("tell the user that the session expired", seen=USER)
    TELL_INSECURE = action("tell the user that the conversation is not private", seen=USER)
    LEAVE = action("the user is in this session no longer", sets={**LEFT, v.PLAINTEXT_SEEN: False})

    # The ratchet.
    BEGIN_AS_INITIATOR = install(
        "receiving keys from the first keys of both; new ECDH and DH keys for sending",
        {v.I: 1, v.SENDING_ID: 0, v.RECEIVES: True},
    )
    BEGIN_AS_RESPONDER = install(
        "sending keys from the first keys of both",
        {v.I: 0, v.SENDING_ID: 0, v.MAX_REMOTE_I_SEEN: -1},
    )
    BEGIN_AS_RETRIEVER = install(
        "sending keys from K and our first keys",
        {v.I: 1, v.SENDING_ID: 0},
    )
    BEGIN_AS_PUBLISHER = install(
        "receiving keys from K and the peer's first keys",
        {v.I: 1, v.RECEIVES: True, v.ROTATES: True},
    )
    ROTATE_WITH_DH = action(
        "new ECDH and DH keys of ours; the next brace key, root key and sending chain key",
        needs=(Datum.CHAIN,),
        writes=(Datum.CHAIN,),
        sets=ROTATED,
    )
    ROTATE = action(
        "a new ECDH key of ours; the next brace key, root key and sending chain key",
        needs=(Datum.CHAIN,),
        writes=(Datum.CHAIN,),
        sets=ROTATED,
    )
    REVEAL = action(
        "the next Data Message reveals the MAC keys that are to be revealed",
        writes=(Datum.REVEALED,),
        forgets=(Datum.OLD_MAC_KEYS,),
        sets={v.UNREVEALED: 0},
    )
    SEND_DATA = action(
        "encrypt the next content of the outbox and send it as a Data Message",
        needs=(Datum.CHAIN, Datum.OUTBOX),
        writes=(Datum.CHAIN, Datum.OUTBOX),
        forgets=(Datum.REVEALED,),
        sets=SENT,
        seen=WIRE,
    )
    TAKE_SKIPPED = action(
        "decrypt with the skipped message key, and forget it; its MAC key is to be revealed",
        needs=(Datum.CHAIN,),
        writes=(Datum.CHAIN, Datum.OLD_MAC_KEYS),
        sets={v.SKIPPED: _one_less(v.SKIPPED), v.UNREVEALED: v.UNREVEALED + 1, **TIMER},
    )
    TAKE_SAME = action(
        "store the keys of messages before it, go on with the receiving chain, decrypt; its MAC "
        "key is to be revealed",
        needs=(Datum.CHAIN,),
        writes=(Datum.CHAIN, Datum.OLD_MAC_KEYS),
        sets={
            v.K: v.MESSAGE_ID + 1,
            v.MAX_REMOTE_I_SEEN: v.RATCHET_ID,
            v.UNREVEALED: v.UNREVEALED + 1,
            **_skipping(GAP),
            **TIMER,
        },
    )
    TAKE_NEXT_WITH_DH = action(
        "store the keys of messages that have not arrived; the peer's new ECDH and DH keys give "
        "the next brace key, root key and receiving chain key; decrypt; its MAC key is to be "
        "revealed",
        needs=(Datum.CHAIN,),
        writes=(Datum.CHAIN, Datum.OLD_MAC_KEYS),
        sets=NEW_RATCHET,
    )
    TAKE_NEXT = action(
        "store the keys of messages that have not arrived; the peer's new ECDH key gives the next "
        "root key and receiving chain key; decrypt; its MAC key is to be revealed",
        needs=(Datum.CHAIN,),
        writes=(Datum.CHAIN, Datum.OLD_MAC_KEYS),
        sets=NEW_RATCHET,
    )
    DROP_SKIPPED = action(
        "forget the skipped message keys; their MAC keys are to be revealed",
        needs=(Datum.CHAIN,),
        writes=(Datum.CHAIN, Datum.OLD_MAC_KEYS),
        sets={v.UNREVEALED: v.UNREVEALED + v.SKIPPED, v.SKIPPED: 0, v.SKIPPED_AT: 0},
    )
    FORGET_KEYS = action(
        "forget every key of the conversation",
        forgets=(Datum.CHAIN, Datum.OLD_MAC_KEYS, Datum.REVEALED, Datum.SSID, Datum.OUTBOX),
        sets={**NO_KEYS, v.UNREVEALED: 0, v.ROLE: Role.NONE.number},
    )

    # What the user sends.
    SEND_PLAINTEXT = action("send the text as it is", seen=WIRE)
    SEND_TAGGED = action("send the text with the whitespace tag", sets={v.INVITED: True}, seen=WIRE)
    SEND_QUERY = action(
        "send a Query Message that offers what the policy allows",
        sets={v.INVITED: True},
        seen=WIRE,
    )
    QUEUE_TEXT = action(
        "the text waits to be sent",
        writes=(Datum.QUEUE,),
        sets={v.QUEUED: v.QUEUED + 1, v.QUEUED_AT: v.NOW},
    )
    PUT_TEXT = put("the text is to be sent")
    PUT_QUEUED = put(
        "the next text that waits is to be sent",
        needs=(Datum.QUEUE,),
        writes=(Datum.QUEUE,),
        sets={v.QUEUED: _one_less(v.QUEUED)},
    )
    PUT_DISCONNECT = put("a TLV of type 1 is to be sent")
    PUT_HEARTBEAT = put("an empty text with the flag IGNORE_UNREADABLE is to be sent")
    PUT_EXTRA_KEY = put("a TLV of type 7 is to be sent, and its key given to the user")
    TELL_RESENT = action("tell the user that a text that waited was sent", seen=USER)
    TELL_QUEUED = action("tell the user that the text waits to be sent", seen=USER)
    TELL_NOT_SENT = action("tell the user that the message was not sent", seen=USER)
    TELL_REFUSED = action("tell the user that this is not possible now", seen=USER)

    # What the user is shown.
    SHOW_RAW = action("give what arrived to the application as it is", seen=USER)
    SHOW_PLAINTEXT = action(
        "show the text, without any whitespace tag", seen=USER, sets={v.PLAINTEXT_SEEN: True}
    )
    WARN_UNENCRYPTED = action("warn that the text was received unencrypted", seen=USER)
    SHOW_TEXT = action("show the text that was received encrypted", seen=USER)
    SHOW_ERROR = action("show the error to the user", seen=USER)
    WARN_UNREADABLE = action("tell the user that a message could not be read", seen=USER)
    WARN_MALFORMED = action("tell the user that a message was malformed", seen=USER)
    WARN_OTHER_INSTANCE = action("tell the user that a message was for another instance", seen=USER)
    WARN_ROLLBACK = action(
        "tell the user that the peer supports version 4, and that an older one was asked for",
        seen=USER,
    )
    SEND_ERROR_1 = action("send an Error Message: ERROR_1, unreadable", seen=WIRE)
    SEND_ERROR_2 = action("send an Error Message: ERROR_2, not in private state", seen=WIRE)
    TELL_EXTRA_KEY = action(
        "give the extra symmetric key to the user", needs=(Datum.CHAIN,), seen=USER
    )

    # Version 3.
    HANDLE_3 = action("OTRv3 handles it, by its own tables", writes=(Datum.VERSION_3,), seen=WIRE)
    SEND_QUEUED_3 = action(
        "OTRv3 sends the next text that waits, and the user is told",
        needs=(Datum.QUEUE,),
        writes=(Datum.QUEUE, Datum.VERSION_3),
        sets={v.QUEUED: _one_less(v.QUEUED)},
        seen=WIRE,
    )
    END_3 = action(
        "OTRv3 ends its private conversation, by its own tables",
        writes=(Datum.VERSION_3,),
        seen=WIRE,
    )

    # Data Messages before their DAKE.
    KEEP_EARLY = action(
        "keep the Data Message until the DAKE is complete",
        writes=(Datum.EARLY_MESSAGES,),
        sets={v.EARLY: v.EARLY + 1},
    )
    TAKE_EARLY = action(
        "treat the oldest Data Message that was kept as received now",
        needs=(Datum.EARLY_MESSAGES,),
        writes=(Datum.EARLY_MESSAGES,),
        sets={v.EARLY: _one_less(v.EARLY)},
    )
    FORGET_EARLY = action(
        "forget the Data Messages that were kept",
        forgets=(Datum.EARLY_MESSAGES,),
        sets={v.EARLY: 0},
    )

    # Fragments.
    HOLD_PIECE = action(
        "hold the piece at its index",
        writes=(Datum.PIECES,),
        sets={
            v.HELD_TOTAL: v.TOTAL,
            v.HELD_COUNT: v.HELD_COUNT + 1,
            v.HELD_SIZE: v.HELD_SIZE + v.PIECE_SIZE,
            v.HELD_SINCE: Choice(v.HELD_COUNT.equals(0), v.NOW, v.HELD_SINCE),
        },
    )
    FORGET_PIECES = action(
        "forget the pieces",
        forgets=(Datum.PIECES,),
        sets={v.HELD_TOTAL: 0, v.HELD_COUNT: 0, v.HELD_SIZE: 0, v.HELD_SINCE: 0},
    )
    REASSEMBLE = action(
        "treat the pieces in their order as the received message; none is held any more",
        needs=(Datum.PIECES,),
        writes=(Datum.PIECES,),
        sets={v.HELD_TOTAL: 0, v.HELD_COUNT: 0, v.HELD_SIZE: 0, v.HELD_SINCE: 0},
    )
    ADVANCE_TLV = action("go on to the next TLV of the Data Message")

    # SMP.
    PUT_SMP_1 = put(
        "pick a2 and a3, keep x; SMP message 1 is to be sent",
        needs=(Datum.PEER, Datum.SSID),
        writes=(Datum.SMP_EXPONENTS, Datum.SMP_SECRET),
        forgets=(Datum.SMP_1_RECEIVED, Datum.SMP_BASES, Datum.SMP_POINTS),
        sets={v.SMP_ASKED: False},
    )
    KEEP_SMP_1 = action(
        "keep SMP message 1 until the user gives the secret",
        writes=(Datum.SMP_1_RECEIVED,),
        sets={v.SMP_ASKED: True},
    )
    TELL_SMP_ASKED = action("ask the user for the secret, with any question", seen=USER)
    PUT_SMP_2 = put(
        "pick b2, b3 and r4, keep G3a, G2, G3, b3, Pb and Qb; SMP message 2 is to be sent",
        needs=(Datum.PEER, Datum.SSID, Datum.SMP_1_RECEIVED),
        writes=(Datum.SMP_EXPONENTS, Datum.SMP_BASES, Datum.SMP_POINTS),
        forgets=(Datum.SMP_1_RECEIVED,),
        sets={v.SMP_ASKED: False},
    )
    PUT_SMP_3 = put(
        "compute G2 and G3, keep G3b, Pa - Pb and Qa - Qb; SMP message 3 is to be sent",
        needs=(Datum.SMP_EXPONENTS, Datum.SMP_SECRET),
        writes=(Datum.SMP_BASES, Datum.SMP_POINTS),
        forgets=(Datum.SMP_SECRET,),
    )
    PUT_SMP_4 = put(
        "compute Rb; SMP message 4 is to be sent",
        needs=(Datum.SMP_EXPONENTS, Datum.SMP_POINTS),
    )
    PUT_SMP_ABORT = put("a TLV of type 6 is to be sent")
    FORGET_SMP = action(
        "forget the partial computations of SMP", forgets=SMP_DATA, sets={v.SMP_ASKED: False}
    )
    TELL_SMP_PROGRESS = action("tell the user that SMP goes on", seen=USER)
    TELL_SMP_SUCCESS = action("tell the user that the secrets are equal", seen=USER)
    TELL_SMP_FAILURE = action("tell the user that the secrets differ", seen=USER)
    TELL_SMP_ABORTED = action("tell the user that SMP was aborted", seen=USER)
    TELL_SMP_ERROR = action("tell the user that the peer's SMP message was refused", seen=USER)
