"""What is claimed of OTRv3.

Key pairs are numbered by the AKE that installed ours (`epoch`), our serial number in it, and the
peer's: a serial number means nothing without the AKE, since each numbers its keys anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_check.induction.claims import (
    Action,
    Claims,
    Finding,
    Ghost,
    Invariant,
    Kept,
    Possible,
    Prepared,
    change,
    held,
    implies,
    instead,
    pending,
)
from otr_check.induction.pairs import Send, Session, later, peer
from otr_model.kernel.expr import Declare, InState, Scope, Truth
from otr_model.kernel.guard import ALWAYS
from otr_model.otrv3 import ambiguities as holes
from otr_model.otrv3 import variables as v
from otr_model.otrv3.conditions import Check, Cond
from otr_model.otrv3.data import Datum
from otr_model.otrv3.effects import Do
from otr_model.otrv3.keys import KEYS as KEYS_TABLE
from otr_model.otrv3.words import Assembly, Auth, Event, Keys, Msg, Smp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_model.kernel.expr import Bool, Int, IntVar, Variable

__all__ = ["CLAIMS", "MESSAGE_SENT", "SESSION"]

TRUE: Final = Truth(value=True)
AKE, MESSAGE, KEYS, SMP = "Authenticated Key Exchange", "Data Message", "Key Management", "SMP"
MACHINE: Final = "The protocol state machine"

PLAINTEXT: Final = InState("message", (Msg.PLAINTEXT,))
ENCRYPTED: Final = InState("message", (Msg.ENCRYPTED,))
HELD: Final = InState("keys", (Keys.HELD,))
UNDERWAY: Final = ~InState("smp", (Smp.EXPECT1,)) | v.SMP_ASKED
DATA_MESSAGES: Final = tuple(
    effect for effect in Do if v.SENT in effect.spec.sets and effect.spec.seen.label == "wire"
)

# What is remembered.

ghost = Declare(Scope.MEMBER)
everywhere = Declare(Scope.SHARED)
any_value = Declare(Scope.ENDPOINT)

PROMISED = ghost.flag("promised", "the conversation became private, and the user has not ended it")
COMPLETED = ghost.flag("completed", "an AKE is complete that has not made the conversation private")
CONVERSATION = ghost.integer("conversation", "how often the conversation became private")
SMP_BEGAN = ghost.integer("smp_began", "value of conversation when SMP began")

EPOCH = ghost.integer("epoch", "how often D-H keys were installed")
LAST_EPOCH = ghost.integer("last_epoch", "value of epoch when a Data Message was last sent")
LAST_OURS = ghost.integer("last_ours", "serial number of our key then")
LAST_THEIRS = ghost.integer("last_theirs", "serial number of the peer's key then")
LAST_COUNTER = ghost.integer("last_counter", "the counter that was sent then")

DRAWN = everywhere.integer("drawn", "how many D-H keys were picked for an AKE")
COMMITTED = everywhere.integer("committed", "number of the key in our last D-H Commit")
PAIR = ghost.integer("pair", "number of our D-H key of the AKE")
SOME_PAIR = any_value.integer("some_pair", "the number of any D-H key of ours")
INSTALLED = ghost.flag("installed", "this key was installed here")

SOME_EPOCH = any_value.integer("some_epoch", "any epoch")
SOME_OURS = any_value.integer("some_ours", "any serial number of ours")
SOME_THEIRS = any_value.integer("some_theirs", "any serial number of the peer's")
REVEALED = ghost.flag("revealed", "the receiving MAC key of this pair is revealed, or to be")


def _used(ours: int, theirs: int) -> Bool:
    """The pair is in the window at these ages, and its receiving MAC key was used."""
    return (
        EPOCH.equals(SOME_EPOCH)
        & SOME_OURS.equals(v.OUR_KEYID - ours)
        & SOME_THEIRS.equals(v.THEIR_KEYID - theirs)
        & v.USED.cell(ours, theirs).equals(1)
    )


CHANGES: Final = (
    change(
        {PROMISED: True, COMPLETED: False, CONVERSATION: CONVERSATION + 1},
        effects=(Do.ENTER_PRIVATE,),
    ),
    change({PROMISED: False}, events=(Event.USER_END,)),
    change({COMPLETED: True}, effects=(Do.ACCEPT_REVEAL, Do.ACCEPT_SIGNATURE)),
    change({SMP_BEGAN: CONVERSATION}, effects=(Do.SEND_SMP_1, Do.KEEP_SMP_1)),
    change({EPOCH: EPOCH + 1}, effects=(Do.INSTALL_KEYS, Do.INSTALL_OUR_KEYS)),
    change(
        {
            LAST_EPOCH: EPOCH,
            LAST_OURS: v.OUR_KEYID - 1,
            LAST_THEIRS: v.THEIR_KEYID,
            LAST_COUNTER: v.SENT + 1,
        },
        effects=DATA_MESSAGES,
    ),
    change(
        {DRAWN: DRAWN + 1, PAIR: DRAWN + 1},
        effects=(Do.NEW_COMMIT_2, Do.NEW_COMMIT_3, Do.NEW_DH_KEY),
    ),
    change({COMMITTED: DRAWN + 1}, effects=(Do.NEW_COMMIT_2, Do.NEW_COMMIT_3)),
    change({PAIR: COMMITTED}, effects=(Do.ADOPT_COMMIT,)),
    change(
        {INSTALLED: INSTALLED | PAIR.equals(SOME_PAIR)},
        effects=(Do.INSTALL_KEYS, Do.INSTALL_OUR_KEYS),
    ),
    change({REVEALED: REVEALED | _used(1, 0) | _used(1, 1)}, effects=(Do.ROTATE_OUR_KEYS,)),
    change({REVEALED: REVEALED | _used(0, 1) | _used(1, 1)}, effects=(Do.ROTATE_THEIR_KEYS,)),
    change(
        {REVEALED: REVEALED | _used(0, 0) | _used(0, 1) | _used(1, 0) | _used(1, 1)},
        effects=(Do.INSTALL_KEYS, Do.INSTALL_OUR_KEYS),
    ),
)
GHOSTS: Final = (
    PROMISED,
    COMPLETED,
    CONVERSATION,
    SMP_BEGAN,
    EPOCH,
    LAST_EPOCH,
    LAST_OURS,
    LAST_THEIRS,
    LAST_COUNTER,
    DRAWN,
    COMMITTED,
    PAIR,
    INSTALLED,
    REVEALED,
)

# What is claimed.


def _id(name: str) -> str:
    return f"otrv3.invariant:{name}"


def _known(check: Check) -> Bool:
    """A check of the keys of a Data Message, asked for any pair of keys."""
    assert check.spec.expr is not None  # noqa: S101 - the checks of key ids are defined
    return instead(check.spec.expr, {v.RECIPIENT_KEYID: SOME_OURS, v.SENDER_KEYID: SOME_THEIRS})


_NEW_PAIR: Final = (LAST_EPOCH < EPOCH) | (
    LAST_EPOCH.equals(EPOCH)
    & (
        (LAST_OURS < v.OUR_KEYID - 1)
        | (
            LAST_OURS.equals(v.OUR_KEYID - 1)
            & (
                (LAST_THEIRS < v.THEIR_KEYID)
                | (LAST_THEIRS.equals(v.THEIR_KEYID) & (LAST_COUNTER < v.SENT + 1))
            )
        )
    )
)
_NO_DATA_KEYS: Final = v.OUR_KEYID.equals(0) & v.THEIR_KEYID.equals(0)

CONFIDENTIALITY: Final = (
    Action(
        _id("no-clear-text"),
        "What the user types in a private conversation is never sent in the clear, until the user "
        "ends the conversation.",
        ("User types a message to be sent", "Receiving a Data Message"),
        (Do.SEND_PLAINTEXT, Do.SEND_TAGGED),
        ~PROMISED,
        about="The conversation is private from when the user is told so until the user asks for "
        "its end; that the peer ended it changes nothing, nor does a policy that the user changes.",
    ),
    Invariant(
        _id("promise"),
        "msgstate is MSGSTATE_PLAINTEXT exactly while the user has no private conversation, or has "
        "ended it.",
        (MACHINE,),
        TRUE,
        (PROMISED & ~PLAINTEXT) | (~PROMISED & PLAINTEXT),
    ),
    Action(
        _id("stored-text"),
        "A stored text is sent in a private conversation only, and to the public key for which it "
        "was typed.",
        ("Receiving a Signature Message",),
        (Do.SEND_STORED,),
        Cond.FOR_THIS_PEER & Cond.PRIVATE,
    ),
)
COMPLETION: Final = (
    Action(
        _id("completion"),
        "The conversation becomes private only when the AKE is complete.",
        ("Receiving a Reveal Signature Message", "Receiving a Signature Message"),
        (Do.ENTER_PRIVATE,),
        COMPLETED & held(Datum.IDENTITY) & held(Datum.AKE_KEYS),
        about="Complete is: for who sent the D-H Commit Message, a Signature Message that passes "
        "every check; for who received it, a Reveal Signature Message that passes every check.",
    ),
    Action(
        _id("completion-by-checks"),
        "An AKE is complete only with a message that passes every check, of a version that the "
        "policy allows.",
        ("Receiving a Reveal Signature Message", "Receiving a Signature Message"),
        (Do.ACCEPT_REVEAL,),
        Cond.ALLOWED & Cond.REVEAL_VALID,
    ),
    Action(
        _id("completion-by-checks-of-the-signature"),
        "The same, for who sent the D-H Commit Message.",
        ("Receiving a Signature Message",),
        (Do.ACCEPT_SIGNATURE,),
        Cond.ALLOWED & Cond.SIGNATURE_VALID,
    ),
    Invariant(
        _id("keys-while-private"),
        "While the conversation is private, there are D-H keys to protect it.",
        (KEYS,),
        ENCRYPTED & ~pending(Event.KEYS_AGREED),
        HELD & held(Datum.RING),
    ),
    Invariant(
        _id("private-while-keys"),
        "D-H keys for data are held only while the conversation is private.",
        (KEYS, "Receiving a Data Message"),
        HELD & ~pending(Event.SESSION_OVER),
        ENCRYPTED,
    ),
    Action(
        _id("data-protected"),
        "A Data Message is sent only in a private conversation, and under its keys.",
        ("Exchanging data",),
        DATA_MESSAGES,
        ENCRYPTED & HELD & held(Datum.RING),
    ),
)
SMP_CLAIMS: Final = (
    Invariant(
        _id("smp-private"),
        "SMP is underway, or asks the user for the secret, only while the conversation is private.",
        ("The SMP state machine",),
        UNDERWAY & ~pending(Event.SMP_RESET),
        ENCRYPTED,
    ),
    Invariant(
        _id("smp-one-conversation"),
        "SMP never outlives the conversation in which it began: not even another AKE.",
        ("The SMP state machine",),
        UNDERWAY & ~pending(Event.SMP_RESET),
        SMP_BEGAN.equals(CONVERSATION),
        about="Both secrets contain the secure session id of the conversation in which SMP began.",
    ),
    Action(
        _id("smp-progress"),
        "SMP goes on, and the user is told its outcome, only while the conversation is private.",
        ("The SMP state machine",),
        (
            Do.KEEP_SMP_1,
            Do.SEND_SMP_1,
            Do.SEND_SMP_2,
            Do.SEND_SMP_3,
            Do.SEND_SMP_4,
            Do.TELL_SMP_PROGRESS,
            Do.TELL_SMP_SUCCESS,
            Do.TELL_SMP_FAILURE,
        ),
        ENCRYPTED,
    ),
)
IGNORED: Final = (
    Kept(
        _id("ignored"),
        "An event that is ignored changes nothing.",
        (MACHINE,),
    ),
    Kept(
        _id("disallowed-version"),
        "A message of the AKE changes nothing if the policy does not allow its version.",
        ("Policies",),
        (Event.DH_COMMIT, Event.DH_KEY, Event.REVEAL_SIGNATURE, Event.SIGNATURE),
        ~Cond.ALLOWED,
    ),
    Kept(
        _id("failed-reveal-signature"),
        "A Reveal Signature Message that fails a check changes nothing.",
        ("Receiving a Reveal Signature Message",),
        (Event.REVEAL_SIGNATURE,),
        ~Cond.REVEAL_VALID,
    ),
    Kept(
        _id("failed-signature"),
        "A Signature Message that fails a check changes nothing.",
        ("Receiving a Signature Message",),
        (Event.SIGNATURE,),
        ~Cond.SIGNATURE_VALID,
    ),
    Kept(
        _id("failed-dh-key"),
        "A D-H Key Message that fails a check changes nothing.",
        ("Receiving a D-H Key Message",),
        (Event.DH_KEY,),
        ~Cond.DH_KEY_VALID,
        (Do.RESEND_REVEAL_SIGNATURE,),
    ),
    Kept(
        _id("failed-data"),
        "A Data Message that fails a check changes nothing; the user and the peer may be told.",
        ("Receiving a Data Message",),
        (Event.DATA,),
        ~Cond.DATA_VALID,
        (Do.WARN_UNREADABLE, Do.SEND_ERROR),
    ),
    Prepared(
        _id("prepared"),
        "No effect ever lacks the data that it needs.",
        (MACHINE,),
    ),
)
COUNTERS: Final = (
    Action(
        _id("counter-once"),
        "No counter is sent twice under one pair of D-H keys.",
        ("Exchanging data", KEYS),
        DATA_MESSAGES,
        _NEW_PAIR,
        about="Pairs and counters grow from one Data Message to the next, in this order: AKE, our "
        "key, the peer's key, counter. So none occurs twice, for as long as there are messages.",
    ),
    Action(
        _id("fresh-keys"),
        "A D-H key of ours from an AKE protects data in one conversation with an instance only.",
        (KEYS,),
        (Do.INSTALL_KEYS, Do.INSTALL_OUR_KEYS),
        ~(INSTALLED & PAIR.equals(SOME_PAIR)),
        about="A D-H Commit to all instances is one key for each of them; their keys differ.",
    ),
    Invariant(
        _id("revealed-mac-keys"),
        "No message is acceptable any more that could be made with a MAC key which is revealed.",
        ("Revealing MAC keys",),
        REVEALED & HELD & EPOCH.equals(SOME_EPOCH),
        ~(_known(Check.OUR_KEY_KNOWN) & _known(Check.THEIR_KEY_KNOWN)),
        about="A key counts as revealed from when the next Data Message would reveal it. Whether "
        "a message is acceptable is asked of its two key ids, whatever else is in it.",
    ),
    Invariant(
        _id("key-ids"),
        "While D-H keys are held, two of ours are, and one or two of the peer's, which have ids "
        "above 0.",
        (KEYS,),
        HELD,
        (v.OUR_KEYID > 1) & (v.THEIR_KEYID > 0),
    ),
    Invariant(
        _id("fragment-bound"),
        "No more of a fragmented message is stored than may be.",
        ("Fragmentation",),
        InState("fragment", (Assembly.COLLECTING,)),
        (v.STORED_SIZE <= v.MAX_STORED) & (v.STORED_K < v.STORED_N) & (v.STORED_K > 0),
    ),
)
NEGOTIATION: Final = (
    Action(
        _id("highest-version"),
        "Version 2 is begun only if version 3 is not both offered and allowed.",
        ("Receiving a Query Message", "Receiving plaintext with the whitespace tag"),
        (Do.NEW_COMMIT_2,),
        v.OFFERS_2 & v.ALLOW_V2 & ~(v.OFFERS_3 & v.ALLOW_V3),
    ),
    Action(
        _id("version-allowed"),
        "Version 3 is begun only if it is offered and allowed.",
        ("Receiving a Query Message", "Receiving plaintext with the whitespace tag"),
        (Do.NEW_COMMIT_3,),
        v.OFFERS_3 & v.ALLOW_V3,
    ),
    Possible(
        _id("downgrade"),
        "Whoever edits a Query Message can have version 2 begun although both sides allow version "
        "3: any version that is allowed, and no other, can be forced.",
        ("Receiving a Query Message",),
        (Do.NEW_COMMIT_2,),
        v.ALLOW_V2 & v.ALLOW_V3,
    ),
    Action(
        _id("version-kept"),
        "The AKE goes on in the version in which it was begun.",
        ("Receiving a D-H Key Message",),
        (Do.KEEP_GY,),
        v.VERSION.equals(v.AKE_VERSION),
    ),
)

# What the proofs of the others need.

_AWAITING_DHKEY: Final = InState("ake", (Auth.AWAITING_DHKEY,))
_AWAITING_REVEALSIG: Final = InState("ake", (Auth.AWAITING_REVEALSIG,))
_AWAITING_SIG: Final = InState("ake", (Auth.AWAITING_SIG,))


def _all_held(*data: Datum) -> Bool:
    found: Bool = TRUE
    for datum in data:
        found = found & held(datum)
    return found


def _lemma(name: str, says: str, when: Bool, then: Bool) -> Invariant:
    return Invariant(_id(name), says, (), when, then, helper=True)


LEMMAS: Final = (
    _lemma("lemma-over", "What is over is not private.", pending(Event.SESSION_OVER), ~ENCRYPTED),
    _lemma("lemma-agreed", "Keys are agreed in private.", pending(Event.KEYS_AGREED), ENCRYPTED),
    _lemma(
        "lemma-authenticated",
        "An AKE that is complete has its data.",
        pending(Event.AUTHENTICATED),
        COMPLETED & _all_held(Datum.IDENTITY, Datum.AKE_KEYS, Datum.PAIR, Datum.GY),
    ),
    _lemma(
        "lemma-agreed-data",
        "Keys that are agreed are there.",
        pending(Event.KEYS_AGREED),
        _all_held(Datum.AKE_KEYS, Datum.PAIR, Datum.GY) & (v.AGREED_KEYID > 0),
    ),
    _lemma("lemma-settled", "What is settled is private.", pending(Event.SETTLED), ENCRYPTED),
    _lemma(
        "lemma-no-ake",
        "No AKE is in progress while another completes.",
        pending(Event.AUTHENTICATED) | pending(Event.KEYS_AGREED),
        InState("ake", (Auth.NONE,)),
    ),
    _lemma(
        "lemma-share",
        "The master does not adopt its own D-H Commit.",
        pending(Event.SHARE),
        v.THEIR_TAG > 0,
    ),
    _lemma("lemma-ring", "Keys that are held are there.", HELD, held(Datum.RING)),
    _lemma(
        "lemma-private-data",
        "A private conversation has its data.",
        ENCRYPTED,
        _all_held(Datum.PEER, Datum.SSID),
    ),
    _lemma(
        "lemma-dhkey",
        "What the AKE needs in AWAITING_DHKEY.",
        _AWAITING_DHKEY,
        _all_held(Datum.R, Datum.PAIR, Datum.COMMITMENT),
    ),
    _lemma(
        "lemma-revealsig",
        "What the AKE needs in AWAITING_REVEALSIG.",
        _AWAITING_REVEALSIG,
        _all_held(Datum.PAIR, Datum.COMMITMENT),
    ),
    _lemma(
        "lemma-sig",
        "What the AKE needs in AWAITING_SIG.",
        _AWAITING_SIG,
        _all_held(Datum.PAIR, Datum.GY, Datum.AKE_KEYS, Datum.REVEAL),
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
    _lemma(
        "lemma-stored",
        "A text that is stored is there.",
        ~v.STORED.equals(v.NONE_STORED),
        held(Datum.STORED_TEXT),
    ),
    _lemma(
        "lemma-pieces",
        "Pieces that are stored are there.",
        InState("fragment", (Assembly.COLLECTING,)),
        held(Datum.FRAGMENTS),
    ),
    _lemma(
        "lemma-counter",
        "The last counter is not ahead.",
        TRUE,
        (LAST_EPOCH < EPOCH)
        | (
            LAST_EPOCH.equals(EPOCH)
            & (
                ~HELD
                | (LAST_OURS < v.OUR_KEYID - 1)
                | (
                    LAST_OURS.equals(v.OUR_KEYID - 1)
                    & (
                        (LAST_THEIRS < v.THEIR_KEYID)
                        | (LAST_THEIRS.equals(v.THEIR_KEYID) & (LAST_COUNTER <= v.SENT))
                    )
                )
            )
        ),
    ),
    _lemma(
        "lemma-drawn",
        "Keys of the AKE are numbered in the order in which they are picked.",
        TRUE,
        (PAIR <= DRAWN)
        & (COMMITTED <= DRAWN)
        & (v.ADOPTED <= v.COMMITS)
        & (PAIR >= 0)
        & (COMMITTED >= 0)
        & (DRAWN >= 0),
    ),
    _lemma(
        "lemma-committed",
        "Whoever has the key of our last D-H Commit has adopted that.",
        TRUE,
        implies(v.COMMITS > 0, COMMITTED > 0)
        & implies(
            (PAIR > 0) & PAIR.equals(COMMITTED) & (v.THEIR_TAG > 0), v.ADOPTED.equals(v.COMMITS)
        ),
    ),
    _lemma(
        "lemma-pair",
        "A key that is there has a number.",
        ~InState("ake", (Auth.NONE,)) | pending(Event.AUTHENTICATED) | pending(Event.KEYS_AGREED),
        PAIR > 0,
    ),
    _lemma(
        "lemma-installed",
        "A key that was installed is not the key of an AKE again.",
        INSTALLED,
        (SOME_PAIR <= DRAWN)
        & (
            ~PAIR.equals(SOME_PAIR)
            | (
                InState("ake", (Auth.NONE,))
                & ~pending(Event.AUTHENTICATED)
                & ~pending(Event.KEYS_AGREED)
            )
        )
        & (~COMMITTED.equals(SOME_PAIR) | v.ADOPTED.equals(v.COMMITS) | v.THEIR_TAG.equals(0)),
    ),
    _lemma(
        "lemma-revealed",
        "Keys that are revealed were installed, and are behind.",
        REVEALED,
        (SOME_EPOCH < EPOCH)
        | (
            SOME_EPOCH.equals(EPOCH)
            & (~HELD | (SOME_OURS < v.OUR_KEYID - 1) | (SOME_THEIRS < v.THEIR_KEYID - 1))
        ),
    ),
    _lemma(
        "lemma-identity",
        "The peer's key id is above 0.",
        pending(Event.AUTHENTICATED),
        v.AGREED_KEYID > 0,
    ),
)

SETTING: Final[Mapping[Variable, int | bool]] = {
    **dict.fromkeys(v.POLICIES, True),
    v.REQUIRE_ENCRYPTION: False,
    v.OUR_TAG: 0x101,
    SOME_PAIR: 1,
    SOME_EPOCH: 1,
    SOME_OURS: 1,
    SOME_THEIRS: 1,
}
"""The configuration in which examples are looked for."""

FINDINGS: Final = (
    Finding(
        holes.FAILED_SIGNATURE.id,
        ("failed-reveal-signature", "failed-signature"),
        "Whoever can send a message ends an AKE that is going well.",
    ),
    Finding(
        holes.MIXED_VERSIONS.id,
        ("version-kept",),
        "An AKE that was begun in version 3 goes on in version 2.",
    ),
    Finding(
        holes.SMP_REFRESH.id,
        ("smp-one-conversation",),
        "SMP goes on with the secure session id of a conversation that is over.",
    ),
    Finding(
        holes.STORED_FOR.id,
        ("stored-text",),
        "A text that was typed for one public key is sent to another.",
    ),
)
"""What a literal reading breaks, and our tables do not."""

CLAIMS: Final = Claims(
    "otrv3",
    tuple(Ghost(variable) for variable in GHOSTS),
    CHANGES,
    (
        *CONFIDENTIALITY,
        *COMPLETION,
        *SMP_CLAIMS,
        *IGNORED,
        *COUNTERS,
        *NEGOTIATION,
        *LEMMAS,
    ),
    findings=FINDINGS,
    settings=(SETTING, {**SETTING, v.REQUIRE_ENCRYPTION: True}),
    aside=(Cond.IS_FRAGMENT,),
)

# Two endpoints in one session.

_S, _R = v.SENDER_KEYID, v.RECIPIENT_KEYID
_SAME_PAIR: Final = _S.equals(later(_S)) & _R.equals(later(_R))
_ACCEPTED: Final = (Check.OUR_KEY_KNOWN, Check.THEIR_KEY_KNOWN, Check.DATA_COUNTER)


def _expression(check: Check) -> Bool:
    assert check.spec.expr is not None  # noqa: S101 - these checks are defined
    return check.spec.expr


def _of_pair(ours: Int, theirs: Int) -> Int:
    """The last counter accepted for a pair of keys, by the ids of ours and theirs."""
    return v.SEEN[v.OUR_KEYID - ours, v.THEIR_KEYID - theirs]


_UNSEEN: Final = {at: cell.equals(0) for at, cell in v.SEEN.cells()}
"""No counter was accepted for the pair of these ages."""

MESSAGE_SENT: Final[Mapping[IntVar, Int]] = {
    v.SENDER_KEYID: v.OUR_KEYID - 1,
    v.RECIPIENT_KEYID: v.THEIR_KEYID,
    v.COUNTER: v.SENT,
}
"""What a Data Message says, from the sender's variables after it was sent: section "Data Message".

The next D-H key in it is that with the number our_keyid.
"""

SESSION: Final = Session(
    _id("next-message"),
    "The next message of an honest party is acceptable to its peer, when both are in one session: "
    "whatever was sent before, and lost.",
    (KEYS, "Exchanging data"),
    starts=((Do.INSTALL_KEYS, Do.INSTALL_KEYS),),
    given={v.AGREED_KEYID: 1},
    sends=(Send("otrv3: SEND_TEXT", ALWAYS, (Do.SEND_TEXT,)),),
    message=MESSAGE_SENT,
    receives=KEYS_TABLE.cell(Keys.HELD, Event.DATA_TAKEN),
    accepts=_expression(_ACCEPTED[0]) & _expression(_ACCEPTED[1]) & _expression(_ACCEPTED[2]),
    states=(
        (v.OUR_KEYID > 1)
        & (v.THEIR_KEYID > 0)
        & (peer(v.OUR_KEYID) - 1 <= v.THEIR_KEYID)
        & (peer(v.OUR_KEYID) >= v.THEIR_KEYID)
        & (v.THEIR_PREVIOUS | v.THEIR_KEYID.equals(1))
        & (_of_pair(peer(v.THEIR_KEYID), peer(v.OUR_KEYID) - 1) <= peer(v.SENT))
        & implies(peer(v.THEIR_KEYID) < v.OUR_KEYID, _UNSEEN[0, 0] & _UNSEEN[0, 1])
        & implies(v.THEIR_KEYID.equals(peer(v.OUR_KEYID)), _UNSEEN[0, 0] & _UNSEEN[1, 0])
    ),
    messages=(
        (_S > 0)
        & (peer(v.OUR_KEYID) - 1 >= _S)
        & (peer(v.THEIR_KEYID) >= _R)
        & (v.OUR_KEYID - 1 <= _R)
        & (v.THEIR_KEYID - 1 <= _S)
        & (_of_pair(_R, _S) < v.COUNTER)
        & implies(
            _S.equals(peer(v.OUR_KEYID) - 1) & _R.equals(peer(v.THEIR_KEYID)),
            peer(v.SENT) >= v.COUNTER,
        )
    ),
    order=(later(_S) >= _S) & (later(_R) >= _R) & implies(_SAME_PAIR, later(v.COUNTER) > v.COUNTER),
    about="The network may lose messages, and does not change their order, as the text assumes. "
    "The largest key id is not reached. Acceptable means that both key ids are known, and that the "
    "counter is larger than the last one accepted.",
)
