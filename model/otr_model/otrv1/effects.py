"""What the rows of OTRv1 do.

Updates (`sets`) come first, from the values before; then what the effect computes, sends or shows;
then what it forgets.
"""

from __future__ import annotations

from enum import unique

from otr_model.kernel.vocabulary import Effect, Observer, action

from . import variables as v
from .data import Datum

WIRE, USER = Observer.WIRE, Observer.USER


@unique
class Do(Effect):
    """Effects of the rows."""

    # The exchange.
    SEND_QUERY = action("send a Query Message", seen=WIRE)
    NEW_PAIR = action("generate a D-H key pair", writes=(Datum.PAIR,))
    SEND_KEY_EXCHANGE = action(
        "send a Key Exchange Message with Reply 0x00: our D-H key, our public key, signed",
        needs=(Datum.PAIR,),
        seen=WIRE,
    )
    TAKE_KEYS = action(
        "the peer is whose public key is in the message; make keys from both D-H keys",
        needs=(Datum.PAIR,),
        writes=(Datum.PEER, Datum.Y, Datum.KEYS),
        sets={v.SENT: 0, v.SEEN: 0},
    )
    SEND_REPLY = action(
        "send a Key Exchange Message with Reply 0x01",
        needs=(Datum.PAIR, Datum.PEER, Datum.KEYS),
        seen=WIRE,
    )
    TELL_SECURE = action(
        "tell the user that the conversation is private, with whom, and the secure session id",
        needs=(Datum.PEER, Datum.KEYS),
        seen=USER,
    )
    FORGET_ALL = action(
        "forget every key of the conversation",
        forgets=(Datum.PAIR, Datum.PEER, Datum.Y, Datum.KEYS),
        sets={v.SENT: 0, v.SEEN: 0},
    )
    TELL_INSECURE = action("tell the user that the conversation is not private", seen=USER)

    # Texts.
    SEND_PLAINTEXT = action("send the text as it is", seen=WIRE)
    SEND_TEXT = action(
        "encrypt the text and send it as a Data Message",
        needs=(Datum.KEYS,),
        sets={v.SENT: v.SENT + 1},
        seen=WIRE,
    )
    SHOW_PLAINTEXT = action("show the text", seen=USER)
    SHOW_TEXT = action(
        "show the text that was received encrypted",
        needs=(Datum.KEYS,),
        sets={v.SEEN: v.COUNTER},
        seen=USER,
    )
    WARN_UNENCRYPTED = action("warn that the text was received unencrypted", seen=USER)
    WARN_REFUSED = action("tell the user that a message was refused", seen=USER)
