"""What is claimed of OTRv4.

Messages are numbered by the DAKE that installed the keys (`epoch`), the ratchet, and the message in
it, as the text numbers the last two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_check.induction.claims import (
    Action,
    Claims,
    Finding,
    Ghost,
    Grows,
    Invariant,
    Kept,
    Possible,
    Prepared,
    Supposition,
    awaited,
    change,
    held,
    implies,
    pending,
    queued,
)
from otr_check.induction.pairs import Send, Session, peer
from otr_model.kernel.expr import Choice, Declare, InState, Scope, Truth
from otr_model.kernel.guard import Guard
from otr_model.otrv4 import ambiguities as holes
from otr_model.otrv4 import variables as v
from otr_model.otrv4.conditions import Cond
from otr_model.otrv4.data import Datum
from otr_model.otrv4.effects import Do
from otr_model.otrv4.ratchet import RATCHET
from otr_model.otrv4.words import Assembly, Dake, Event, Mode, Msg, Ratchet, Role, Smp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_model.kernel.expr import Bool, Int, IntVar, Variable

__all__ = ["CLAIMS", "MESSAGE_SENT", "SESSION"]

TRUE: Final = Truth(value=True)
MACHINE: Final = "The Protocol State Machine"
SENDING: Final = "When you send a Data Message"
RECEIVING: Final = "When you receive a Data Message"

START: Final = InState("message", (Msg.START,))
ENCRYPTED: Final = InState("message", (Msg.ENCRYPTED_MESSAGES,))
HELD: Final = InState("ratchet", (Ratchet.HELD,))
UNDERWAY: Final = ~InState("smp", (Smp.EXPECT1,)) | v.SMP_ASKED
LEAVING: Final = (Event.USER_END, Event.USER_START_DAKE, Event.USER_START_OFFLINE)
ACCEPTABLE: Final = ~Cond.REQUIRE_AUTHENTICATED | Cond.TRUSTED
BEGINNINGS: Final = (
    Do.BEGIN_AS_INITIATOR,
    Do.BEGIN_AS_RESPONDER,
    Do.BEGIN_AS_RETRIEVER,
    Do.BEGIN_AS_PUBLISHER,
)
PUT: Final = tuple(effect for effect in Do if effect.name.startswith("PUT_"))

# What is remembered.

ghost = Declare(Scope.MEMBER)
any_value = Declare(Scope.ENDPOINT)

PROMISED = ghost.flag("promised", "the conversation became private, and the user has not left it")
ASKED_END = ghost.flag("asked_end", "the user has asked to leave it since")
COMPLETED = ghost.flag("completed", "a DAKE is complete that has not made the session private")
CONVERSATION = ghost.integer("conversation", "how often the session became private")
SMP_BEGAN = ghost.integer("smp_began", "value of conversation when SMP began")
BOXED = ghost.integer("boxed", "how many contents wait in the outbox")

EPOCH = ghost.integer("epoch", "how often keys were installed or forgotten")
LAST_EPOCH = ghost.integer("last_epoch", "value of epoch when a Data Message was last sent")
LAST_RATCHET = ghost.integer("last_ratchet", "its ratchet id")
LAST_MESSAGE = ghost.integer("last_message", "its message id", -1)

RECEIVING_ID = ghost.integer("receiving_id", "the id of the current receiving ratchet", -1)
SOME_EPOCH = any_value.integer("some_epoch", "any epoch")
SOME_RATCHET = any_value.integer("some_ratchet", "any ratchet id")
SOME_MESSAGE = any_value.integer("some_message", "any message id")
STORED_KEY = ghost.flag("stored_key", "the key of this message is among the skipped ones")
REVEALED = ghost.flag("revealed", "the MAC key of this message is revealed, or to be")

_AT_HAND: Final = (
    EPOCH.equals(SOME_EPOCH) & v.RATCHET_ID.equals(SOME_RATCHET) & v.MESSAGE_ID.equals(SOME_MESSAGE)
)
_OF_EPOCH: Final = EPOCH.equals(SOME_EPOCH)
_SKIPPED_IN_SAME: Final = (
    _OF_EPOCH
    & SOME_RATCHET.equals(RECEIVING_ID)
    & (v.K <= SOME_MESSAGE)
    & (SOME_MESSAGE < v.MESSAGE_ID)
)
_SKIPPED_IN_NEXT: Final = _OF_EPOCH & (
    (
        v.RECEIVES
        & SOME_RATCHET.equals(RECEIVING_ID)
        & (v.K <= SOME_MESSAGE)
        & (SOME_MESSAGE < v.PREVIOUS_COUNT)
    )
    | (SOME_RATCHET.equals(v.RATCHET_ID) & (SOME_MESSAGE >= 0) & (SOME_MESSAGE < v.MESSAGE_ID))
)

CHANGES: Final = (
    change(
        {
            PROMISED: True,
            ASKED_END: False,
            COMPLETED: False,
            CONVERSATION: CONVERSATION + 1,
        },
        effects=(Do.ENTER_PRIVATE,),
    ),
    change({ASKED_END: True}, events=LEAVING),
    change({PROMISED: PROMISED & ~ASKED_END}, effects=(Do.LEAVE,)),
    change(
        {COMPLETED: True},
        effects=(
            Do.ACCEPT_AUTH_R,
            Do.ACCEPT_AUTH_I,
            Do.SEND_NON_INTERACTIVE_AUTH,
            Do.ACCEPT_NON_INTERACTIVE_AUTH,
        ),
    ),
    change({SMP_BEGAN: CONVERSATION}, effects=(Do.PUT_SMP_1, Do.KEEP_SMP_1)),
    change({BOXED: BOXED + 1}, effects=PUT),
    change(
        {
            BOXED: BOXED - 1,
            LAST_EPOCH: EPOCH,
            LAST_RATCHET: v.SENDING_ID,
            LAST_MESSAGE: v.J,
        },
        effects=(Do.SEND_DATA,),
    ),
    change({EPOCH: EPOCH + 1, BOXED: 0, STORED_KEY: False}, effects=(Do.FORGET_KEYS,)),
    change(
        {EPOCH: EPOCH + 1, STORED_KEY: False, REVEALED: REVEALED | STORED_KEY},
        effects=BEGINNINGS,
    ),
    change({RECEIVING_ID: 0}, effects=(Do.BEGIN_AS_INITIATOR, Do.BEGIN_AS_PUBLISHER)),
    change({RECEIVING_ID: -1}, effects=(Do.BEGIN_AS_RESPONDER, Do.BEGIN_AS_RETRIEVER)),
    change(
        {STORED_KEY: STORED_KEY & ~_AT_HAND, REVEALED: REVEALED | _AT_HAND},
        effects=(Do.TAKE_SKIPPED,),
    ),
    change(
        {STORED_KEY: STORED_KEY | _SKIPPED_IN_SAME, REVEALED: REVEALED | _AT_HAND},
        effects=(Do.TAKE_SAME,),
    ),
    change(
        {
            STORED_KEY: STORED_KEY | _SKIPPED_IN_NEXT,
            REVEALED: REVEALED | _AT_HAND,
            RECEIVING_ID: v.RATCHET_ID,
        },
        effects=(Do.TAKE_NEXT, Do.TAKE_NEXT_WITH_DH),
    ),
    change({STORED_KEY: False, REVEALED: REVEALED | STORED_KEY}, effects=(Do.DROP_SKIPPED,)),
)
GHOSTS: Final = (
    PROMISED,
    ASKED_END,
    COMPLETED,
    CONVERSATION,
    SMP_BEGAN,
    BOXED,
    EPOCH,
    LAST_EPOCH,
    LAST_RATCHET,
    LAST_MESSAGE,
    RECEIVING_ID,
    STORED_KEY,
    REVEALED,
)
OUR_RATCHET: Final = Choice(v.ROTATES, v.I, v.SENDING_ID)
"""The id of the ratchet of our next Data Message."""

SUPPOSED: Final = (
    Supposition(
        "a DAKE that is in progress in this session is one with some instance",
        ~InState("dake", (Dake.IDLE,)),
        Cond.WAITING,
        TRUE,
    ),
    Supposition(
        "a message key is skipped where one is kept for that ratchet and message",
        _AT_HAND,
        Cond.KEY_SKIPPED,
        STORED_KEY,
    ),
    Supposition(
        "each ratchet of the peer has an ECDH key of its own",
        v.RECEIVES,
        Cond.SAME_RATCHET,
        v.RATCHET_ID.equals(RECEIVING_ID),
    ),
)

# What is claimed.


def _id(name: str) -> str:
    return f"otrv4.invariant:{name}"


CONFIDENTIALITY: Final = (
    Action(
        _id("no-clear-text"),
        "What the user types in a private conversation is never sent in the clear, until the user "
        "leaves the conversation.",
        ("Sending a Data Message",),
        (Do.SEND_PLAINTEXT, Do.SEND_TAGGED),
        ~PROMISED,
        about="The conversation is private from when the user is told so until the user asks for "
        "its end, or for another one to begin; that the peer ended it, or that it expired, changes "
        "nothing.",
    ),
    Invariant(
        _id("promise"),
        "The state is START exactly while the user has no private conversation, or has left it.",
        (MACHINE,),
        TRUE,
        (PROMISED & ~START) | (~PROMISED & START),
    ),
    Action(
        _id("modes"),
        "Unless no version is allowed at all, text is sent in the clear in the mode "
        "OTRv3-compatible only.",
        ("OTRv4 Modes",),
        (Do.SEND_PLAINTEXT, Do.SEND_TAGGED),
        Cond.COMPATIBLE | Cond.DISABLED,
    ),
    Action(
        _id("require-encryption"),
        "With REQUIRE_ENCRYPTION, text is sent in the clear only where no version is allowed.",
        ("Sending a Data Message",),
        (Do.SEND_PLAINTEXT, Do.SEND_TAGGED),
        ~Cond.REQUIRE_ENCRYPTION | Cond.DISABLED | ~Cond.COMPATIBLE,
    ),
    Action(
        _id("queued-text"),
        "A text that waited is sent only to the fingerprint for which it was typed.",
        ("Receiving an Auth-I Message",),
        (Do.PUT_QUEUED, Do.SEND_QUEUED_3),
        Guard.of(Cond.FOR_THIS_PEER),
    ),
    Action(
        _id("encrypted-text"),
        "What is to be sent in Data Messages is put there only while the session is encrypted.",
        ("Sending a Data Message",),
        PUT,
        ENCRYPTED,
    ),
    Action(
        _id("data-protected"),
        "A Data Message is sent only under the keys of an encrypted session, or as its last word.",
        (SENDING,),
        (Do.SEND_DATA,),
        HELD & held(Datum.CHAIN) & (BOXED > 0) & (ENCRYPTED | pending(Event.SESSION_OVER)),
    ),
    Invariant(
        _id("outbox"),
        "Whatever is put into the outbox is sent before the next input: nothing stays there.",
        (SENDING,),
        TRUE,
        BOXED.equals(awaited(Event.SENDING)),
    ),
)
COMPLETION: Final = (
    Action(
        _id("completion"),
        "The session becomes encrypted only when a DAKE is complete.",
        (MACHINE,),
        (Do.ENTER_PRIVATE,),
        COMPLETED & held(Datum.IDENTITY) & held(Datum.MIXED) & held(Datum.AGREED),
        about="Complete is: for who sent the Identity message, an Auth-R message that passes every "
        "check; for who answered it, an Auth-I message that does; for who retrieved a prekey "
        "ensemble, the sending of the Non-Interactive-Auth message; for who published it, a "
        "Non-Interactive-Auth message that passes every check.",
    ),
    Action(
        _id("completion-initiator"),
        "Who sent the Identity message completes the DAKE with a valid Auth-R message only.",
        ("Receiving an Auth-R Message",),
        (Do.ACCEPT_AUTH_R,),
        Cond.ALLOWED & Cond.AUTH_R_VALID & ACCEPTABLE,
    ),
    Action(
        _id("completion-responder"),
        "Who answered it completes the DAKE with a valid Auth-I message only.",
        ("Receiving an Auth-I Message",),
        (Do.ACCEPT_AUTH_I,),
        Cond.ALLOWED & Cond.AUTH_I_VALID,
    ),
    Action(
        _id("completion-retriever"),
        "A Non-Interactive-Auth message is sent only to the owner of a valid prekey ensemble, "
        "where mode and policy allow it.",
        ("Sending a Data Message to an offline participant",),
        (),
        Cond.OFFLINE_ALLOWED & Cond.ENSEMBLE_VALID & ACCEPTABLE,
        raises=(Event.OFFLINE_WANTED,),
    ),
    Action(
        _id("completion-publisher"),
        "Who published the ensemble completes the DAKE with a valid Non-Interactive-Auth message "
        "only.",
        ("Receiving a Non-Interactive-Auth Message",),
        (Do.ACCEPT_NON_INTERACTIVE_AUTH,),
        Cond.OFFLINE_ALLOWED & Cond.NON_INTERACTIVE_VALID & ACCEPTABLE,
    ),
    Invariant(
        _id("keys-while-private"),
        "While the session is encrypted, there are keys to protect it.",
        (MACHINE,),
        ENCRYPTED & ~pending(Event.KEYS_AGREED),
        HELD & held(Datum.CHAIN),
    ),
    Invariant(
        _id("private-while-keys"),
        "Keys for data are held only while the session is encrypted.",
        ("Receiving a Data Message", "User requests to end an OTRv4 Conversation"),
        HELD & ~pending(Event.SESSION_OVER),
        ENCRYPTED,
    ),
)
SMP_CLAIMS: Final = (
    Invariant(
        _id("smp-private"),
        "SMP is underway, or asks the user for the secret, only while the session is encrypted.",
        ("The SMP State Machine",),
        UNDERWAY & ~pending(Event.SMP_RESET),
        ENCRYPTED,
    ),
    Invariant(
        _id("smp-one-conversation"),
        "SMP never outlives the conversation in which it began: not even another DAKE.",
        ("The SMP State Machine",),
        UNDERWAY & ~pending(Event.SMP_RESET),
        SMP_BEGAN.equals(CONVERSATION),
    ),
    Action(
        _id("smp-progress"),
        "SMP goes on, and the user is told its outcome, only while the session is encrypted.",
        ("The SMP State Machine",),
        (
            Do.KEEP_SMP_1,
            Do.PUT_SMP_1,
            Do.PUT_SMP_2,
            Do.PUT_SMP_3,
            Do.PUT_SMP_4,
            Do.TELL_SMP_PROGRESS,
            Do.TELL_SMP_SUCCESS,
            Do.TELL_SMP_FAILURE,
        ),
        ENCRYPTED,
    ),
)
IGNORED: Final = (
    Kept(_id("ignored"), "An event that is ignored changes nothing.", (MACHINE,)),
    Kept(
        _id("failed-identity"),
        "An Identity message that fails a check changes nothing.",
        ("Receiving an Identity Message",),
        (Event.IDENTITY,),
        ~Cond.IDENTITY_VALID,
    ),
    Kept(
        _id("identity-private"),
        "An Identity message that is answered leaves a private conversation as it is.",
        ("Receiving an Identity Message",),
        (Event.DAKE_BEGUN,),
    ),
    Kept(
        _id("failed-auth-r"),
        "An Auth-R message that fails a check changes nothing.",
        ("Receiving an Auth-R Message",),
        (Event.AUTH_R,),
        ~Cond.AUTH_R_VALID,
    ),
    Kept(
        _id("failed-auth-i"),
        "An Auth-I message that fails a check changes nothing.",
        ("Receiving an Auth-I Message",),
        (Event.AUTH_I,),
        ~Cond.AUTH_I_VALID,
    ),
    Kept(
        _id("failed-non-interactive-auth"),
        "A Non-Interactive-Auth message that fails a check changes nothing.",
        ("Receiving a Non-Interactive-Auth Message",),
        (Event.NON_INTERACTIVE_AUTH,),
        ~Cond.NON_INTERACTIVE_VALID,
    ),
    Kept(
        _id("failed-data"),
        "A Data Message that fails a check changes no key.",
        (RECEIVING,),
        (Event.PROTECTED,),
        ~Cond.DATA_VALID,
        raising=True,
    ),
    Prepared(_id("prepared"), "No effect ever lacks the data that it needs.", (MACHINE,)),
)
_THIRD: Final = (v.RATCHET_ID % 3).equals(0)
RATCHETS: Final = (
    Action(
        _id("message-once"),
        "No message id is sent twice in one ratchet.",
        (SENDING,),
        (Do.SEND_DATA,),
        (LAST_EPOCH < EPOCH)
        | (
            LAST_EPOCH.equals(EPOCH)
            & (
                (LAST_RATCHET < v.SENDING_ID)
                | (LAST_RATCHET.equals(v.SENDING_ID) & (LAST_MESSAGE < v.J))
            )
        ),
        about="Ids grow from one Data Message to the next, in this order: DAKE, ratchet, message. "
        "So none occurs twice, for as long as there are messages.",
    ),
    Grows(
        _id("i-grows"),
        "While keys last, i never becomes less, and in one ratchet neither does k.",
        (RECEIVING,),
        (EPOCH, v.I, v.K),
    ),
    Grows(
        _id("j-grows"),
        "While keys last, neither the ratchet of our next message nor, in one ratchet, j becomes "
        "less.",
        (SENDING,),
        (EPOCH, OUR_RATCHET, v.J),
    ),
    Grows(
        _id("max-remote-i-seen-grows"),
        "While keys last, max_remote_i_seen never becomes less.",
        (RECEIVING,),
        (EPOCH, v.MAX_REMOTE_I_SEEN),
    ),
    Action(
        _id("our-third-ratchet"),
        "A ratchet of ours has a new DH key exactly if its id is a multiple of 3.",
        ("Deriving Double Ratchet Keys", SENDING),
        (Do.ROTATE_WITH_DH,),
        (v.I % 3).equals(0),
    ),
    Action(
        _id("our-other-ratchets"),
        "The other ratchets of ours have none.",
        ("Deriving Double Ratchet Keys", SENDING),
        (Do.ROTATE,),
        ~(v.I % 3).equals(0),
    ),
    Action(
        _id("their-third-ratchet"),
        "A ratchet of the peer's gives a new DH key exactly if its id is a multiple of 3.",
        ("Deriving Double Ratchet Keys", RECEIVING),
        (Do.TAKE_NEXT_WITH_DH,),
        _THIRD & v.HAS_DH & v.RATCHET_ID.equals(v.I),
    ),
    Action(
        _id("their-other-ratchets"),
        "The other ratchets of the peer give none.",
        ("Deriving Double Ratchet Keys", RECEIVING),
        (Do.TAKE_NEXT,),
        ~_THIRD & ~v.HAS_DH & v.RATCHET_ID.equals(v.I),
    ),
    Invariant(
        _id("skipped-bound"),
        "No more skipped message keys are kept than may be.",
        (RECEIVING, "Deletion of Stored Message Keys"),
        TRUE,
        v.SKIPPED <= v.MAX_STORED_KEYS,
        about="Also where a peer says that its last ratchet had fewer messages than have arrived.",
    ),
    Invariant(
        _id("revealed-mac-keys"),
        "No message is acceptable any more whose MAC key is revealed.",
        ("Revealing MAC Keys",),
        REVEALED & HELD & EPOCH.equals(SOME_EPOCH),
        ~STORED_KEY
        & (SOME_RATCHET < v.I)
        & (
            (SOME_RATCHET < RECEIVING_ID)
            | (SOME_RATCHET.equals(RECEIVING_ID) & (SOME_MESSAGE < v.K))
        ),
        about="A message is acceptable if its key is kept as skipped, or if it can still be "
        "derived: in the current receiving ratchet from k on, or in a ratchet that is not begun.",
    ),
    Invariant(
        _id("queue-bound"),
        "No more texts wait than may.",
        ("Sending a Data Message",),
        TRUE,
        v.QUEUED <= v.MAX_QUEUED,
    ),
    Invariant(
        _id("early-bound"),
        "No more Data Messages are kept for a DAKE than may be.",
        ("Receiving an Auth-I Message",),
        TRUE,
        v.EARLY <= v.MAX_EARLY,
    ),
    Invariant(
        _id("fragment-bound"),
        "No more of a fragmented message is held than may be.",
        ("Receiving Fragments",),
        TRUE,
        v.HELD_SIZE <= v.MAX_STORED,
    ),
)
NEGOTIATION: Final = (
    Action(
        _id("highest-version"),
        "Version 3 answers an offer only if version 4 is not both offered and allowed.",
        ("Receiving a Query Message", "Receiving plaintext with the whitespace tag"),
        (Do.HANDLE_3,),
        v.OFFERS_3 & v.ALLOW_V3 & ~(v.OFFERS_4 & v.ALLOW_V4),
        on=(Event.QUERY, Event.TAGGED_PLAINTEXT),
    ),
    Action(
        _id("version-allowed"),
        "Version 4 is begun by an offer only if it is offered and allowed.",
        ("Receiving a Query Message", "Receiving plaintext with the whitespace tag"),
        (),
        v.OFFERS_4 & v.ALLOW_V4,
        raises=(Event.DAKE_WANTED,),
        on=(Event.QUERY, Event.TAGGED_PLAINTEXT),
    ),
    Possible(
        _id("downgrade"),
        "Whoever edits a Query Message can have version 3 begun although both sides allow version "
        "4, as long as no client profile of the peer is known.",
        ("Receiving a Query Message", "Client Profile"),
        (Do.HANDLE_3,),
        v.ALLOW_V4 & v.ALLOW_V3 & v.OFFERS_3,
    ),
    Action(
        _id("no-rollback"),
        "Where a client profile of the peer's offers version 4, version 3 is not begun.",
        ("Client Profile",),
        (Do.HANDLE_3,),
        ~Cond.ROLLBACK | Cond.PRIVATE_3,
    ),
    Action(
        _id("one-version"),
        "Version 3 is spoken only while the user is in no private conversation of version 4.",
        ("OTRv4 Modes",),
        (Do.HANDLE_3, Do.SEND_QUEUED_3),
        v.ENGAGED.equals(0) & v.ALLOW_V3 & v.MODE.equals(Mode.COMPATIBLE.number),
    ),
    Invariant(
        _id("version-3-ended"),
        "The session that the user is in is not at START: version 4 has taken the place of version "
        "3.",
        ("OTRv4 Modes",),
        v.ENGAGED.equals(v.THEIR_TAG) & (v.THEIR_TAG > 0),
        ~START,
    ),
)

# What the proofs of the others need.


def _all_held(*data: Datum) -> Bool:
    found: Bool = TRUE
    for datum in data:
        found = found & held(datum)
    return found


def _lemma(name: str, says: str, when: Bool, then: Bool) -> Invariant:
    return Invariant(_id(name), says, (), when, then, helper=True)


_LAST: Final = (LAST_EPOCH < EPOCH) | (
    LAST_EPOCH.equals(EPOCH)
    & ((LAST_RATCHET < OUR_RATCHET) | (LAST_RATCHET.equals(OUR_RATCHET) & (LAST_MESSAGE < v.J)))
)
LEMMAS: Final = (
    _lemma("lemma-over", "What is over is not private.", pending(Event.SESSION_OVER), ~ENCRYPTED),
    _lemma("lemma-agreed", "Keys are agreed in private.", pending(Event.KEYS_AGREED), ENCRYPTED),
    _lemma(
        "lemma-authenticated",
        "A DAKE that is complete has its data.",
        pending(Event.AUTHENTICATED),
        COMPLETED & _all_held(Datum.IDENTITY, Datum.MIXED, Datum.AGREED),
    ),
    _lemma(
        "lemma-agreed-data",
        "Keys that are agreed are there.",
        pending(Event.KEYS_AGREED),
        held(Datum.AGREED),
    ),
    _lemma(
        "lemma-role",
        "Who has agreed on keys has played a part.",
        pending(Event.KEYS_AGREED) | pending(Event.AUTHENTICATED),
        (v.ROLE > 0) & (Role.PUBLISHER.number >= v.ROLE),
    ),
    _lemma("lemma-chain", "Keys that are held are there.", HELD, held(Datum.CHAIN)),
    _lemma(
        "lemma-protected",
        "A Data Message is looked at in private.",
        pending(Event.PROTECTED) | pending(Event.DATA_TAKEN) | pending(Event.DATA_REFUSED),
        ENCRYPTED,
    ),
    _lemma(
        "lemma-private-data",
        "A private conversation has its data.",
        ENCRYPTED,
        _all_held(Datum.PEER, Datum.SSID),
    ),
    _lemma(
        "lemma-auth-r",
        "What the DAKE needs in WAITING_AUTH_R.",
        InState("dake", (Dake.WAITING_AUTH_R,)),
        held(Datum.OUR_KEYS),
    ),
    _lemma(
        "lemma-auth-i",
        "What the DAKE needs in WAITING_AUTH_I.",
        InState("dake", (Dake.WAITING_AUTH_I,)),
        _all_held(Datum.OUR_KEYS, Datum.THEIR_KEYS, Datum.MIXED),
    ),
    _lemma(
        "lemma-idle",
        "No DAKE is in progress while another completes.",
        pending(Event.AUTHENTICATED),
        InState("dake", (Dake.IDLE,)),
    ),
    _lemma(
        "lemma-smp-2",
        "What SMP needs in EXPECT2.",
        InState("smp", (Smp.EXPECT2,)),
        _all_held(Datum.SMP_EXPONENTS, Datum.SMP_SECRET),
    ),
    _lemma(
        "lemma-smp-3-4",
        "What SMP needs in EXPECT3 and EXPECT4.",
        InState("smp", (Smp.EXPECT3, Smp.EXPECT4)),
        _all_held(Datum.SMP_EXPONENTS, Datum.SMP_BASES, Datum.SMP_POINTS),
    ),
    _lemma("lemma-asked", "What SMP needs while it asks.", v.SMP_ASKED, held(Datum.SMP_1_RECEIVED)),
    _lemma("lemma-queue", "Texts that wait are there.", v.QUEUED > 0, held(Datum.QUEUE)),
    _lemma("lemma-early", "Messages that wait are there.", v.EARLY > 0, held(Datum.EARLY_MESSAGES)),
    _lemma("lemma-outbox", "Contents that wait are there.", BOXED > 0, held(Datum.OUTBOX)),
    _lemma(
        "lemma-pieces",
        "Pieces that are held are there.",
        InState("fragment", (Assembly.COLLECTING,)),
        held(Datum.PIECES),
    ),
    _lemma(
        "lemma-outbox-empty",
        "What is over has no outbox.",
        ~HELD & ~pending(Event.KEYS_AGREED),
        BOXED.equals(0),
    ),
    _lemma(
        "lemma-last-word",
        "Nothing is sent after the end.",
        TRUE,
        ~queued(Event.SESSION_OVER, Event.SENDING),
    ),
    _lemma("lemma-last", "The last message is behind.", TRUE, _LAST),
    _lemma(
        "lemma-ratchets",
        "Ratchets that are begun are behind.",
        HELD,
        (RECEIVING_ID < v.I)
        & (v.SENDING_ID <= v.I)
        & (RECEIVING_ID >= -1)
        & implies(v.ROTATES, (v.SENDING_ID < v.I) & v.J.equals(0))
        & (~v.RECEIVES | (RECEIVING_ID >= 0))
        & (v.RECEIVES | v.K.equals(0)),
    ),
    _lemma(
        "lemma-stored",
        "A key that is kept as skipped is that of a message before the next.",
        STORED_KEY,
        EPOCH.equals(SOME_EPOCH)
        & HELD
        & ~REVEALED
        & (
            (SOME_RATCHET < RECEIVING_ID)
            | (SOME_RATCHET.equals(RECEIVING_ID) & (SOME_MESSAGE < v.K))
        ),
    ),
    _lemma(
        "lemma-revealed",
        "Keys that are revealed are behind.",
        REVEALED,
        (SOME_EPOCH < EPOCH)
        | (
            SOME_EPOCH.equals(EPOCH)
            & ~STORED_KEY
            & (
                (SOME_RATCHET < RECEIVING_ID)
                | (SOME_RATCHET.equals(RECEIVING_ID) & (SOME_MESSAGE < v.K))
            )
        ),
    ),
    _lemma(
        "lemma-pieces-empty",
        "Where no piece is held, none is counted.",
        InState("fragment", (Assembly.EMPTY,)),
        v.HELD_SIZE.equals(0) & v.HELD_COUNT.equals(0),
    ),
)

SETTING: Final[Mapping[Variable, int | bool]] = {
    **dict.fromkeys(v.POLICIES, True),
    v.REQUIRE_ENCRYPTION: False,
    v.REQUIRE_INTERACTIVE: False,
    v.REQUIRE_AUTHENTICATED: False,
    v.MODE: Mode.COMPATIBLE.number,
    v.OUR_TAG: 0x101,
    SOME_EPOCH: 1,
    SOME_RATCHET: 0,
    SOME_MESSAGE: 0,
}
"""The configuration in which examples are looked for."""

FINDINGS: Final = (
    Finding(
        holes.IDENTITY_WHEN_PRIVATE.id,
        ("identity-private", "promise", "private-while-keys", "smp-private"),
        "An Identity message of nobody's ends a private conversation.",
    ),
    Finding(
        holes.FORGED_NON_INTERACTIVE_AUTH.id,
        ("failed-non-interactive-auth", "keys-while-private", "prepared"),
        "A forged message has the keys of a private conversation forgotten.",
    ),
    Finding(
        holes.ONLINE_AGAIN.id,
        ("promise",),
        "A conversation that the user begins anew is neither private nor over meanwhile.",
    ),
    Finding(
        holes.ROLLBACK.id,
        ("no-rollback",),
        "Version 3 is begun with a peer that is known to support version 4.",
    ),
    Finding(
        holes.QUEUED_FOR.id,
        ("queued-text",),
        "A text that was typed for one fingerprint is sent to another.",
    ),
)
"""What a literal reading breaks, and our tables do not."""

CLAIMS: Final = Claims(
    "otrv4",
    tuple(Ghost(variable) for variable in GHOSTS),
    CHANGES,
    (
        *CONFIDENTIALITY,
        *COMPLETION,
        *SMP_CLAIMS,
        *IGNORED,
        *RATCHETS,
        *NEGOTIATION,
        *LEMMAS,
    ),
    SUPPOSED,
    findings=FINDINGS,
    settings=(SETTING, {**SETTING, v.REQUIRE_ENCRYPTION: True}),
    aside=(Cond.IS_FRAGMENT,),
)

# Two endpoints in one session.

MESSAGE_SENT: Final[Mapping[IntVar, Int]] = {
    v.RATCHET_ID: v.SENDING_ID,
    v.MESSAGE_ID: v.J - 1,
    v.PREVIOUS_COUNT: v.PN,
}
"""What a Data Message says, from the sender's variables after it was sent: section "Data Message
Format"."""

_THEIRS: Final = Choice(peer(v.ROTATES), peer(v.I), peer(v.SENDING_ID))
"""The ratchet of the peer's next message."""

SESSION: Final = Session(
    _id("next-message"),
    "The next message of an honest party is acceptable to its peer, when both are in one session: "
    "whatever was sent before, and whatever of that arrived, in any order.",
    (SENDING, RECEIVING),
    starts=(
        (Do.BEGIN_AS_INITIATOR, Do.BEGIN_AS_RESPONDER),
        (Do.BEGIN_AS_RETRIEVER, Do.BEGIN_AS_PUBLISHER),
    ),
    given={},
    sends=tuple(
        Send(row.id, row.when, row.do) for row in RATCHET.cell(Ratchet.HELD, Event.SENDING)
    ),
    message=MESSAGE_SENT,
    receives=tuple(
        row
        for row in RATCHET.cell(Ratchet.HELD, Event.PROTECTED)
        if any(each.event is Event.DATA_TAKEN for each in row.raises)
    ),
    accepts=~(v.RATCHET_ID < v.MAX_REMOTE_I_SEEN)
    & (
        (v.RATCHET_ID.equals(RECEIVING_ID) & v.RECEIVES & ~(v.MESSAGE_ID < v.K))
        | (~v.RATCHET_ID.equals(RECEIVING_ID) & v.RATCHET_ID.equals(v.I) & ~v.ROTATES)
    ),
    states=(
        implies(v.ROTATES, peer(v.I).equals(v.I) & ~peer(v.ROTATES) & v.J.equals(0))
        & (
            (_THEIRS.equals(RECEIVING_ID) & v.RECEIVES & (peer(v.J) >= v.K))
            | (~_THEIRS.equals(RECEIVING_ID) & _THEIRS.equals(v.I) & ~v.ROTATES)
        )
        & (v.MAX_REMOTE_I_SEEN <= RECEIVING_ID)
        & (RECEIVING_ID <= _THEIRS)
        & (RECEIVING_ID < v.I)
        & (v.SENDING_ID <= v.I)
        & implies(v.ROTATES, v.SENDING_ID < v.I)
        & (~v.RECEIVES | (RECEIVING_ID >= 0))
        & (v.RECEIVES | RECEIVING_ID.equals(-1))
        & (v.ROTATES | v.SENDING_ID.equals(v.I - 1) | (v.I.equals(0) & v.SENDING_ID.equals(0)))
        & implies(v.ROTATES, RECEIVING_ID.equals(v.I - 1))
        & (v.ROTATES | peer(v.ROTATES) | v.I.equals(peer(v.I) + 1) | peer(v.I).equals(v.I + 1))
    ),
    messages=(
        (peer(v.SENDING_ID) >= v.RATCHET_ID)
        & (v.MESSAGE_ID >= 0)
        & implies(
            v.RATCHET_ID.equals(peer(v.SENDING_ID)) & ~peer(v.ROTATES),
            peer(v.J) > v.MESSAGE_ID,
        )
    ),
    changes=CHANGES,
    supposed=SUPPOSED,
    about="Messages may be lost, and may overtake each other. Not more of them are lost than "
    "message keys may be skipped: max_skip at once, max_stored_keys altogether. Acceptable means "
    "that the message's ratchet is the current one, and its key not passed; or that it is the "
    "next, and the sender's turn to begin one.",
)
