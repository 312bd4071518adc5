"""What the rows of OTRv3 do.

Updates (`sets`) come first, from the values before; then what the effect computes, sends or shows;
then what it forgets.
"""

from __future__ import annotations

from enum import unique
from typing import TYPE_CHECKING

from otr_model.kernel.expr import Choice, InState, Int, Number, Value, Variable
from otr_model.kernel.vocabulary import Action, Effect, Observer, action

from . import variables as v
from .data import Datum
from .words import Msg

if TYPE_CHECKING:
    from collections.abc import Mapping

WIRE, USER = Observer.WIRE, Observer.USER

EXCHANGE = (Datum.R, Datum.PAIR, Datum.COMMITMENT, Datum.GY, Datum.AKE_KEYS, Datum.REVEAL)
SMP_DATA = (
    Datum.SMP_1_RECEIVED,
    Datum.SMP_EXPONENTS,
    Datum.SMP_SECRET,
    Datum.SMP_BASES,
    Datum.SMP_POINTS,
)
TO_SEND = (Datum.RING,)

SENDING: Mapping[Variable, Value] = {v.SENT: v.SENT + 1, v.UNREVEALED: 0, v.LAST_SENT: v.NOW}
"""What every Data Message that we send changes."""

NO_PAIR_SEEN: Mapping[Variable, Value] = {
    cell: Number(0) for array in (v.SEEN, v.USED) for _, cell in array.cells()
}
ALL_USED: Int = v.USED.cell(0, 0) + v.USED.cell(0, 1) + v.USED.cell(1, 0) + v.USED.cell(1, 1)

# A shift of the windows: what was most recent is previous, and what was previous is forgotten.
OUR_WINDOW_SHIFTS: Mapping[Variable, Value] = {
    array.cell(age, theirs): array.cell(0, theirs) if age else Number(0)
    for array in (v.SEEN, v.USED)
    for age in (0, 1)
    for theirs in (0, 1)
}
THEIR_WINDOW_SHIFTS: Mapping[Variable, Value] = {
    array.cell(ours, age): array.cell(ours, 0) if age else Number(0)
    for array in (v.SEEN, v.USED)
    for age in (0, 1)
    for ours in (0, 1)
}
PAIR_AT_HAND = (v.OUR_KEYID - v.RECIPIENT_KEYID, v.THEIR_KEYID - v.SENDER_KEYID)


def data_message(
    about: str,
    *,
    needs: tuple[Datum, ...] = (),
    writes: tuple[Datum, ...] = (),
    forgets: tuple[Datum, ...] = (),
    sets: Mapping[Variable, Value] | None = None,
) -> Action:
    """An effect that sends a Data Message: what all of them need and change, and its own."""
    return action(
        about,
        needs=(*TO_SEND, *needs),
        writes=(Datum.RING, *writes),
        forgets=(Datum.OLD_MAC_KEYS, *forgets),
        sets={**SENDING, **(sets or {})},
        seen=WIRE,
    )


@unique
class Do(Effect):
    """Effects of the rows."""

    # Starting and answering the AKE.
    NEW_COMMIT_3 = action(
        "pick r and x for version 3, commit to g^x",
        writes=(Datum.R, Datum.PAIR, Datum.COMMITMENT),
        forgets=(Datum.GY, Datum.AKE_KEYS, Datum.REVEAL),
        sets={v.AKE_VERSION: 3, v.COMMITS: v.COMMITS + 1, v.FOR_ALL: True},
    )
    NEW_COMMIT_2 = action(
        "pick r and x for version 2, commit to g^x",
        writes=(Datum.R, Datum.PAIR, Datum.COMMITMENT),
        forgets=(Datum.GY, Datum.AKE_KEYS, Datum.REVEAL),
        sets={v.AKE_VERSION: 2, v.COMMITS: v.COMMITS + 1, v.FOR_ALL: False},
    )
    SEND_DH_COMMIT = action(
        "send the D-H Commit Message", needs=(Datum.COMMITMENT, Datum.R), seen=WIRE
    )
    ADOPT_COMMIT = action(
        "take part in the AKE that our D-H Commit to all instances began",
        writes=(Datum.R, Datum.PAIR, Datum.COMMITMENT),
        forgets=(Datum.GY, Datum.AKE_KEYS, Datum.REVEAL),
        sets={v.ADOPTED: v.COMMITS, v.ANSWERED: v.COMMITS, v.AKE_VERSION: 3},
    )
    FORGET_EXCHANGE = action("forget r, x and everything else of the AKE", forgets=EXCHANGE)
    NEW_DH_KEY = action(
        "pick y, forget any g^x of ours",
        writes=(Datum.PAIR,),
        forgets=(Datum.R, Datum.GY, Datum.AKE_KEYS, Datum.REVEAL),
    )
    KEEP_COMMIT = action(
        "keep the peer's encrypted and hashed g^x",
        writes=(Datum.COMMITMENT,),
        sets={v.AKE_VERSION: v.VERSION},
    )
    SEND_DH_KEY = action("send the D-H Key Message", needs=(Datum.PAIR,), seen=WIRE)
    KEEP_GY = action(
        "keep g^y, compute s and the keys of the AKE",
        needs=(Datum.PAIR,),
        writes=(Datum.GY, Datum.AKE_KEYS),
    )
    SEND_REVEAL_SIGNATURE = action(
        "send the Reveal Signature Message",
        needs=(Datum.R, Datum.PAIR, Datum.GY, Datum.AKE_KEYS),
        writes=(Datum.REVEAL,),
        seen=WIRE,
    )
    RESEND_REVEAL_SIGNATURE = action(
        "send the same Reveal Signature Message again", needs=(Datum.REVEAL,), seen=WIRE
    )
    ACCEPT_REVEAL = action(
        "keep g^x, the keys of the AKE, and who the peer is",
        needs=(Datum.PAIR, Datum.COMMITMENT),
        writes=(Datum.GY, Datum.AKE_KEYS, Datum.IDENTITY, Datum.INITIATED),
        sets={v.AGREED_KEYID: v.IDENTITY_KEYID},
    )
    SEND_SIGNATURE = action(
        "send the Signature Message", needs=(Datum.PAIR, Datum.GY, Datum.AKE_KEYS), seen=WIRE
    )
    ACCEPT_SIGNATURE = action(
        "keep who the peer is",
        needs=(Datum.GY, Datum.AKE_KEYS),
        writes=(Datum.IDENTITY, Datum.INITIATED),
        sets={v.AGREED_KEYID: v.IDENTITY_KEYID},
    )

    # Becoming private, and ceasing to be.
    ENTER_PRIVATE = action(
        "the conversation is with this public key, under this secure session id",
        needs=(Datum.IDENTITY, Datum.AKE_KEYS),
        writes=(Datum.PEER, Datum.SSID),
        forgets=(Datum.IDENTITY,),
        sets={v.SESSION_VERSION: v.AKE_VERSION, v.BEST: v.THEIR_TAG},
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
    TELL_INSECURE = action("tell the user that the conversation is not private", seen=USER)
    AWAIT_PLAINTEXT = action(
        "MSGSTATE_PLAINTEXT is entered: no plaintext was received since",
        sets={v.PLAINTEXT_SEEN: False},
    )

    # Keys for data.
    INSTALL_KEYS = action(
        "our D-H key of the AKE is number 1, a new one number 2; their key as they number it",
        needs=(Datum.PAIR, Datum.GY, Datum.AKE_KEYS),
        writes=(Datum.RING, Datum.OLD_MAC_KEYS),
        forgets=EXCHANGE,
        sets={
            v.OUR_KEYID: 2,
            v.THEIR_KEYID: v.AGREED_KEYID,
            v.THEIR_PREVIOUS: False,
            v.SENT: 0,
            v.LAST_SENT: v.NOW,
            v.UNREVEALED: v.UNREVEALED + ALL_USED,
            **NO_PAIR_SEEN,
        },
    )
    INSTALL_OUR_KEYS = action(
        "our D-H key of the AKE is number 1, a new one number 2; their keys stay",
        needs=(Datum.PAIR, Datum.RING),
        writes=(Datum.RING, Datum.OLD_MAC_KEYS),
        forgets=EXCHANGE,
        sets={
            v.OUR_KEYID: 2,
            v.SENT: 0,
            v.LAST_SENT: v.NOW,
            v.UNREVEALED: v.UNREVEALED + ALL_USED,
            **NO_PAIR_SEEN,
        },
    )
    RECORD = action(
        "note the counter, and that the receiving MAC key was used",
        needs=(Datum.RING,),
        writes=(Datum.RING,),
        sets={**v.SEEN.storing(PAIR_AT_HAND, v.COUNTER), **v.USED.storing(PAIR_AT_HAND, 1)},
    )
    ROTATE_OUR_KEYS = action(
        "forget our previous D-H key, make a new one; reveal the MAC keys used with the old",
        needs=(Datum.RING,),
        writes=(Datum.RING, Datum.OLD_MAC_KEYS),
        sets={
            v.OUR_KEYID: v.OUR_KEYID + 1,
            v.SENT: 0,
            v.UNREVEALED: v.UNREVEALED + v.USED.cell(1, 0) + v.USED.cell(1, 1),
            **OUR_WINDOW_SHIFTS,
        },
    )
    ROTATE_THEIR_KEYS = action(
        "forget their previous D-H key, keep the new one; reveal the MAC keys used with the old",
        needs=(Datum.RING,),
        writes=(Datum.RING, Datum.OLD_MAC_KEYS),
        sets={
            v.THEIR_KEYID: v.THEIR_KEYID + 1,
            v.THEIR_PREVIOUS: True,
            v.SENT: 0,
            v.UNREVEALED: v.UNREVEALED + v.USED.cell(0, 1) + v.USED.cell(1, 1),
            **THEIR_WINDOW_SHIFTS,
        },
    )
    FORGET_KEYS = action(
        "forget every key of the conversation",
        forgets=(Datum.RING, Datum.OLD_MAC_KEYS, Datum.SSID),
        sets={
            v.OUR_KEYID: 0,
            v.THEIR_KEYID: 0,
            v.THEIR_PREVIOUS: False,
            v.SENT: 0,
            v.UNREVEALED: 0,
            **NO_PAIR_SEEN,
        },
    )

    # What the user sends.
    SEND_PLAINTEXT = action("send the text as it is", seen=WIRE)
    SEND_TAGGED = action("send the text with the whitespace tag", seen=WIRE)
    SEND_QUERY = action("send a Query Message that offers what the policy allows", seen=WIRE)
    SEND_TEXT = data_message(
        "encrypt the text and send it as a Data Message",
    )
    SEND_DISCONNECT = data_message(
        "send a Data Message with a TLV of type 1",
    )
    SEND_HEARTBEAT = data_message(
        "send a Data Message with an empty text and the flag IGNORE_UNREADABLE",
    )
    SEND_EXTRA_KEY = data_message(
        "send a Data Message with a TLV of type 8, and give the extra symmetric key to the user",
    )
    STORE_SENT = action(
        "store the text that was sent, for possible retransmission",
        writes=(Datum.STORED_TEXT, Datum.STORED_FOR),
        sets={v.STORED: v.WAS_SENT, v.STORED_AT: v.NOW},
    )
    STORE_OWED = action(
        "store the text that was not sent, for possible retransmission",
        writes=(Datum.STORED_TEXT, Datum.STORED_FOR),
        sets={v.STORED: v.IS_OWED, v.STORED_AT: v.NOW},
    )
    FORGET_STORED = action(
        "forget the stored text",
        forgets=(Datum.STORED_TEXT, Datum.STORED_FOR),
        sets={v.STORED: v.NONE_STORED},
    )
    OWE = action(
        "a text that was sent is owed again",
        sets={
            v.STORED: Choice(
                v.STORED.equals(v.WAS_SENT) & InState("message", (Msg.ENCRYPTED,)),
                Number(v.IS_OWED),
                v.STORED,
            )
        },
    )
    SEND_STORED = data_message(
        "encrypt the stored text and send it as a Data Message",
        needs=(Datum.STORED_TEXT,),
        writes=(Datum.STORED_FOR,),
        sets={v.STORED: v.WAS_SENT},
    )
    TELL_RESENT = action(
        "tell the user that the stored text was sent", needs=(Datum.STORED_TEXT,), seen=USER
    )
    TELL_NOT_SENT = action("tell the user that the message was not sent", seen=USER)
    TELL_REFUSED = action("tell the user that this needs a private conversation", seen=USER)

    # What the user is shown.
    SHOW_RAW = action("show what arrived to the user as it is", seen=USER)
    SHOW_PLAINTEXT = action(
        "show the text, without any whitespace tag", seen=USER, sets={v.PLAINTEXT_SEEN: True}
    )
    WARN_UNENCRYPTED = action("warn that the text was received unencrypted", seen=USER)
    SHOW_TEXT = action("show the text that was received encrypted", seen=USER)
    SHOW_ERROR = action("show the error to the user", seen=USER)
    WARN_UNREADABLE = action("tell the user that a message could not be read", seen=USER)
    WARN_MALFORMED = action("tell the user that a message was malformed", seen=USER)
    WARN_OTHER_INSTANCE = action("tell the user that a message was for another instance", seen=USER)
    SEND_ERROR = action("send an Error Message", seen=WIRE)
    TELL_EXTRA_KEY = action(
        "give the extra symmetric key to the user", needs=(Datum.RING,), seen=USER
    )

    # Fragments.
    STORE_PIECE = action(
        "forget what is stored, store the piece as F and (k, n) as (K, N)",
        writes=(Datum.FRAGMENTS,),
        sets={v.STORED_K: v.K, v.STORED_N: v.N, v.STORED_SIZE: v.PIECE_SIZE},
    )
    APPEND_PIECE = action(
        "append the piece to F, store (k, n) as (K, N)",
        needs=(Datum.FRAGMENTS,),
        writes=(Datum.FRAGMENTS,),
        sets={
            v.STORED_K: v.K,
            v.STORED_N: v.N,
            v.STORED_SIZE: v.STORED_SIZE + v.PIECE_SIZE,
        },
    )
    FORGET_PIECES = action(
        "store nothing as F and (0, 0) as (K, N)",
        forgets=(Datum.FRAGMENTS,),
        sets={v.STORED_K: 0, v.STORED_N: 0, v.STORED_SIZE: 0},
    )
    REASSEMBLE = action(
        "treat F as the received message; nothing is stored any more",
        needs=(Datum.FRAGMENTS,),
        writes=(Datum.FRAGMENTS,),
        sets={v.STORED_K: 0, v.STORED_N: 0, v.STORED_SIZE: 0},
    )
    ADVANCE_TLV = action("go on to the next TLV of the Data Message")

    # SMP.
    SEND_SMP_1 = data_message(
        "pick a2 and a3, keep x, send SMP message 1 (1Q where there is a question)",
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
    SEND_SMP_2 = data_message(
        "pick b2, b3 and r4, keep g3a, g2, g3, b3, Pb and Qb, send SMP message 2",
        needs=(Datum.PEER, Datum.SSID, Datum.SMP_1_RECEIVED),
        writes=(Datum.SMP_EXPONENTS, Datum.SMP_BASES, Datum.SMP_POINTS),
        forgets=(Datum.SMP_1_RECEIVED,),
        sets={v.SMP_ASKED: False},
    )
    SEND_SMP_3 = data_message(
        "compute g2 and g3, keep g3b, Pa / Pb and Qa / Qb, send SMP message 3",
        needs=(Datum.SMP_EXPONENTS, Datum.SMP_SECRET),
        writes=(Datum.SMP_BASES, Datum.SMP_POINTS),
        forgets=(Datum.SMP_SECRET,),
    )
    SEND_SMP_4 = data_message(
        "compute Rb, send SMP message 4",
        needs=(Datum.SMP_EXPONENTS, Datum.SMP_POINTS),
    )
    SEND_SMP_ABORT = data_message(
        "send a TLV of type 6",
    )
    FORGET_SMP = action(
        "forget the partial computations of SMP", forgets=SMP_DATA, sets={v.SMP_ASKED: False}
    )
    TELL_SMP_PROGRESS = action("tell the user that SMP goes on", seen=USER)
    TELL_SMP_SUCCESS = action("tell the user that the secrets are equal", seen=USER)
    TELL_SMP_FAILURE = action("tell the user that the secrets differ", seen=USER)
    TELL_SMP_ABORTED = action("tell the user that SMP was aborted", seen=USER)
    TELL_SMP_ERROR = action("tell the user that the peer's SMP message was refused", seen=USER)
