"""The control of OTRv4 with numbers in place of keys, and scenarios of two endpoints.

The ephemeral keys of a DAKE are one set, and a set is the number that its maker gave it, counting
from 1; the mixed shared secret is the numbers of both sets. A ratchet is its id, within the
conversation of a mixed shared secret: which keys a Data Message is under follows from those, from
the ratchet of the receiver's that it answers, and from its number. A message carries `mine`, a set
of its sender's, and `yours`, the set of the receiver's that it belongs to.

What a hash is compared with in the tie-break is a rank, which is drawn. SMP's exponents are the
number of the run, and its secret a number. What waits in the outbox is a kind of content.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from otr_check.control.abstraction import (
    Abstraction,
    Drawn,
    Network,
    Property,
    Scenario,
    Side,
    of_master,
    of_peer,
)
from otr_model.kernel.expr import (
    Bool,
    Choice,
    Declare,
    InState,
    Int,
    IntVar,
    Number,
    Scope,
    Truth,
    Value,
    Variable,
    lift,
)
from otr_model.otrv4 import variables as v
from otr_model.otrv4.conditions import Check, Cond
from otr_model.otrv4.effects import Do
from otr_model.otrv4.protocol import OTRV4
from otr_model.otrv4.words import Dake, Event, Kind, Mode, Msg, Ratchet, Role, Smp, TlvKind

if TYPE_CHECKING:
    from otr_model.kernel.vocabulary import Check as CheckBase
    from otr_model.kernel.vocabulary import Condition, Effect
    from otr_model.kernel.vocabulary import Event as EventBase

__all__ = ["CONTROL", "OUT_OF_ORDER", "SCENARIOS"]

_Fields = Mapping[Variable, Value]
"""What becomes of variables: updates, or the fields of a message."""

# --- Ghosts -----------------------------------------------------------------------------------

_endpoint = Declare(Scope.ENDPOINT)
WHO = _endpoint.integer("who", "the number of the endpoint")

_shared = Declare(Scope.SHARED)
SETS = _shared.integer("sets", "how many sets of ephemeral keys were made")
RUNS = _shared.integer("runs", "how often exponents were picked for SMP")
LEAKED = _shared.flag("leaked", "a text went out as plaintext where it should not have")

_session = Declare(Scope.MEMBER)
OUR_SET = _session.integer("our_set", "our ephemeral keys of the DAKE")
THEIR_SET = _session.integer("their_set", "the peer's ephemeral keys of the DAKE")
OUR_RANK = _session.integer("our_rank", "the rank of our hashed B")
SSID_OURS = _session.integer("ssid_ours", "our keys in the mixed shared secret")
SSID_THEIRS = _session.integer("ssid_theirs", "the peer's keys in the mixed shared secret")
THEIRS = _session.integer(
    "theirs_held", "the peer's current ECDH key: its ratchet id and 1; 0 none"
)
OUR_RUN = _session.integer("our_run", "our exponents of SMP")
THEIR_RUN = _session.integer("their_run", "the peer's exponents of SMP")
SECRET = _session.integer("secret", "our secret of SMP")

_message = Declare(Scope.MESSAGE)
MINE = _message.integer("mine", "a set of the sender's keys")
YOURS = _message.integer("yours", "the set of the receiver's keys that it belongs to")
ANSWERS = _message.integer("answers", "the receiver's ratchet that its ratchet answers, and 1")
RANK = _message.integer("rank", "the rank of the hashed B")
TEXT = _message.flag("text", "the human-readable part is not empty")
MY_RUN = _message.integer("my_run", "the sender's exponents of SMP")
YOUR_RUN = _message.integer("your_run", "the receiver's exponents of SMP")
PROVEN = _message.integer("proven", "the sender's secret of SMP")

LUCK = _message.integer("luck", "the rank that a new hashed B happens to have")
CHOSEN = _message.integer("chosen", "the secret that the user gives")

RATCHETS, IDS = 5, 3
"""Ratchets of a conversation, and messages of a ratchet, where messages overtake each other."""
TAKEN = _session.array("taken", "1: this message of this ratchet of the peer's came", RATCHETS, IDS)
DERIVED = _session.array("derived", "message keys of a past ratchet of the peer's", RATCHETS)


class _Waiting:
    """A place in the outbox: the content, and what the values of an SMP message belong to."""

    def __init__(self, place: int) -> None:
        self.content = _session.integer(f"out_{place}", f"what is to be sent, place {place}")
        self.mine = _session.integer(f"out_{place}_mine", "our exponents in it")
        self.yours = _session.integer(f"out_{place}_yours", "the peer's exponents in it")
        self.proven = _session.integer(f"out_{place}_proven", "our secret in it")

    @property
    def all(self) -> tuple[IntVar, IntVar, IntVar, IntVar]:
        """Its variables."""
        return (self.content, self.mine, self.yours, self.proven)


NEXT, AFTER = _Waiting(0), _Waiting(1)
A_TEXT, A_HEARTBEAT, A_TLV, TOO_MUCH = 1, 2, 10, 99
"""Contents: a text, nothing, or 10 and a kind of TLV."""

GHOSTS: Final = (
    WHO,
    SETS,
    RUNS,
    LEAKED,
    OUR_SET,
    THEIR_SET,
    OUR_RANK,
    SSID_OURS,
    SSID_THEIRS,
    THEIRS,
    OUR_RUN,
    THEIR_RUN,
    SECRET,
    *NEXT.all,
    *AFTER.all,
    MINE,
    YOURS,
    ANSWERS,
    RANK,
    TEXT,
    MY_RUN,
    YOUR_RUN,
    PROVEN,
)

EARLY_FIELDS: Final = (
    v.PREVIOUS_COUNT,
    v.RATCHET_ID,
    v.MESSAGE_ID,
    v.HAS_DH,
    v.IGNORE_UNREADABLE,
    v.TLV_KIND,
    MINE,
    YOURS,
    ANSWERS,
    TEXT,
    MY_RUN,
    YOUR_RUN,
    PROVEN,
)


def _kept(field: Variable) -> Variable:
    """Where a field of the one early message is kept."""
    declare = _session.integer if isinstance(field, IntVar) else _session.flag
    return declare(f"early_{field.name}", f"of the early message: {field.about}")


EARLY: Final = {field: _kept(field) for field in EARLY_FIELDS}

CELLS: Final = tuple(cell for array in (TAKEN, DERIVED) for _, cell in array.cells())

# --- What conditions and checks mean ----------------------------------------------------------

YES, NO = Truth(value=True), Truth(value=False)
PRIVATE: Final = InState("message", (Msg.ENCRYPTED_MESSAGES,))
WAITING: Final = (Dake.WAITING_AUTH_R, Dake.WAITING_AUTH_I)
OF_SESSION: Final = MINE.equals(SSID_THEIRS) & YOURS.equals(SSID_OURS)
OF_RATCHET: Final = OF_SESSION & (v.RATCHET_ID + 1).equals(THEIRS)
_SAME_RUNS: Final = YOUR_RUN.equals(OUR_RUN) & MY_RUN.equals(THEIR_RUN)

_ALWAYS: Final = (
    # Profiles are in order, and honest endpoints make points and encodings that are right.
    Check.PROFILE_SIGNED,
    Check.PROFILE_VERSIONS,
    Check.PROFILE_KEY,
    Check.PROFILE_FORGING_KEY,
    Check.PROFILE_TRANSITION,
    Check.ECDH_POINT,
    Check.DH_MEMBER,
    Check.FIRST_ECDH_POINT,
    Check.FIRST_DH_MEMBER,
    Check.DATA_ECDH_POINT,
    Check.DATA_DH_MEMBER,
    Check.G2A_POINT,
    Check.G3A_POINT,
    Check.G2B_POINT,
    Check.G3B_POINT,
    Check.PB_POINT,
    Check.QB_POINT,
    Check.PA_POINT,
    Check.QA_POINT,
    Check.RA_POINT,
    Check.RB_POINT,
    # Proofs about the prover's own exponents.
    Check.G2A_PROOF,
    Check.G3A_PROOF,
    Check.G2B_PROOF,
    Check.G3B_PROOF,
    # Each endpoint has one long-term key, and there is room for the one instance of the other.
    Cond.SAME_PEER,
    Cond.FOR_THIS_PEER,
    Cond.ROOM,
    Cond.TRUSTED,
)
_NOT_HERE: Final = (
    # Offline conversations, fragments and version 3 are left out.
    Check.PREKEY_KNOWN,
    Check.NON_INTERACTIVE_SIGMA,
    Check.AUTH_MAC,
    Check.PREKEY_PROFILE_SIGNED,
    Check.SHARED_PREKEY_POINT,
    Check.PREKEY_ECDH_POINT,
    Check.PREKEY_DH_MEMBER,
    Cond.PIECE_HELD,
    Cond.PRIVATE_3,
    Cond.ROLLBACK,
)


SKIPPED_KEY: Final = (
    OF_SESSION
    & TAKEN[v.RATCHET_ID, v.MESSAGE_ID].equals(0)
    & (
        (THEIRS.equals(v.RATCHET_ID + 1) & (v.MESSAGE_ID < v.K))
        | ((THEIRS > v.RATCHET_ID + 1) & (DERIVED[v.RATCHET_ID,] > v.MESSAGE_ID))
    )
)
"""Where messages overtake each other: its key was derived, and it has not come."""


def _means(skipped: Bool) -> dict[Condition | CheckBase, Bool]:
    """Definitions, given that of a message key being kept."""
    return {
        **dict.fromkeys(_ALWAYS, YES),
        **dict.fromkeys(_NOT_HERE, NO),
        Cond.OURS_HIGHER: OUR_RANK > RANK,
        Cond.REPEATED: MINE.equals(THEIR_SET),
        Cond.WAITING: InState("dake", WAITING) | InState("dake", WAITING, "other"),
        Cond.KEY_SKIPPED: skipped,
        Cond.SAME_RATCHET: OF_RATCHET,
        Cond.HAS_TEXT: TEXT,
        Cond.EQUAL: PROVEN.equals(SECRET),
        Check.AUTH_R_SIGMA: YOURS.equals(OUR_SET),
        Check.AUTH_I_SIGMA: MINE.equals(THEIR_SET) & YOURS.equals(OUR_SET),
        Check.DATA_MAC: OF_SESSION & (skipped | OF_RATCHET | ANSWERS.equals(v.SENDING_ID + 1)),
        Check.PB_QB_PROOF: YOUR_RUN.equals(OUR_RUN),
        Check.PA_QA_PROOF: _SAME_RUNS,
        Check.RA_PROOF: _SAME_RUNS,
        Check.RB_PROOF: _SAME_RUNS,
    }


# --- What effects do to ghosts ----------------------------------------------------------------

NEW: Final = SETS + 1
_NO_SMP: Final[_Fields] = {OUR_RUN: 0, THEIR_RUN: 0, SECRET: 0}
_NO_OUTBOX: Final[_Fields] = dict.fromkeys((*NEXT.all, *AFTER.all), Number(0))
_NO_EXCHANGE: Final[_Fields] = {OUR_SET: 0, THEIR_SET: 0, OUR_RANK: 0}
_MAY: Final = InState("message", (Msg.START,)) & (
    ~v.ALLOW_V4 | (v.MODE.equals(Mode.COMPATIBLE.number) & ~v.REQUIRE_ENCRYPTION)
)
_OPENLY: Final[_Fields] = {LEAKED: LEAKED | ~_MAY}


def _put(content: int, mine: Int | int = 0, yours: Int | int = 0, proven: Int | int = 0) -> _Fields:
    """A content waits to be sent; there is room for two."""
    empty, one = NEXT.content.equals(0), AFTER.content.equals(0)
    given = (lift(content), lift(mine), lift(yours), lift(proven))
    updates: dict[Variable, Value] = {}
    for first, second, value in zip(NEXT.all, AFTER.all, given, strict=True):
        updates[first] = Choice(empty, value, first)
        updates[second] = Choice(empty, second, value)
    spoilt = Choice(one, lift(content), Number(TOO_MUCH))
    updates[AFTER.content] = Choice(empty, AFTER.content, spoilt)
    return updates


def _tlv(kind: TlvKind) -> int:
    return A_TLV + kind.number


def _smp(kind: TlvKind, own: _Fields) -> _Fields:
    """An SMP message waits to be sent: it has the values that SMP has after its own updates."""
    mine, yours, proven = (own.get(each, each) for each in (OUR_RUN, THEIR_RUN, SECRET))
    parts = [part for part in (mine, yours, proven) if isinstance(part, Int | int)]
    return {**own, **_put(_tlv(kind), *parts)}


DOES: Final[dict[Effect, _Fields]] = {
    Do.NEW_IDENTITY: {SETS: NEW, OUR_SET: NEW, THEIR_SET: 0, OUR_RANK: LUCK + LUCK + WHO},
    Do.ADOPT_OFFER: {OUR_SET: of_master(OUR_SET), OUR_RANK: of_master(OUR_RANK), THEIR_SET: 0},
    Do.ANSWER_IDENTITY: {SETS: NEW, OUR_SET: NEW, THEIR_SET: MINE, OUR_RANK: 0},
    Do.ACCEPT_AUTH_R: {THEIR_SET: MINE},
    Do.FORGET_EXCHANGE: _NO_EXCHANGE,
    Do.ENTER_PRIVATE: {SSID_OURS: OUR_SET, SSID_THEIRS: THEIR_SET, **_NO_EXCHANGE},
    Do.BEGIN_AS_INITIATOR: {THEIRS: 1},
    Do.BEGIN_AS_RESPONDER: {THEIRS: 0},
    Do.TAKE_NEXT: {THEIRS: v.RATCHET_ID + 1},
    Do.TAKE_NEXT_WITH_DH: {THEIRS: v.RATCHET_ID + 1},
    Do.FORGET_KEYS: {SSID_OURS: 0, SSID_THEIRS: 0, THEIRS: 0, **_NO_OUTBOX},
    Do.PUT_TEXT: _put(A_TEXT),
    Do.PUT_QUEUED: _put(A_TEXT),
    Do.PUT_HEARTBEAT: _put(A_HEARTBEAT),
    Do.PUT_DISCONNECT: _put(_tlv(TlvKind.DISCONNECTED)),
    Do.PUT_EXTRA_KEY: _put(_tlv(TlvKind.EXTRA_KEY)),
    Do.PUT_SMP_ABORT: _put(_tlv(TlvKind.SMP_ABORT)),
    Do.PUT_SMP_1: _smp(
        TlvKind.SMP_1, {RUNS: RUNS + 1, OUR_RUN: RUNS + 1, THEIR_RUN: 0, SECRET: CHOSEN}
    ),
    Do.PUT_SMP_2: _smp(TlvKind.SMP_2, {RUNS: RUNS + 1, OUR_RUN: RUNS + 1, SECRET: CHOSEN}),
    Do.PUT_SMP_3: _smp(TlvKind.SMP_3, {THEIR_RUN: MY_RUN}),
    Do.PUT_SMP_4: _smp(TlvKind.SMP_4, {}),
    Do.KEEP_SMP_1: {THEIR_RUN: MY_RUN},
    Do.FORGET_SMP: _NO_SMP,
    Do.ADVANCE_TLV: {v.TLV_KIND: TlvKind.NONE.number},
    Do.SEND_PLAINTEXT: _OPENLY,
    Do.SEND_TAGGED: _OPENLY,
    Do.KEEP_EARLY: {kept: field for field, kept in EARLY.items()},
    Do.TAKE_EARLY: {**EARLY, **dict.fromkeys(EARLY.values(), Number(0))},
    Do.FORGET_EARLY: dict.fromkeys(EARLY.values(), Number(0)),
}

THEN: Final[dict[Effect, _Fields]] = {
    Do.SEND_DATA: {
        **dict(zip(NEXT.all, AFTER.all, strict=True)),
        **dict.fromkeys(AFTER.all, Number(0)),
    }
}


_COMES: Final[_Fields] = TAKEN.storing((v.RATCHET_ID, v.MESSAGE_ID), 1)
_LEAVES: Final[_Fields] = {
    cell: Choice(THEIRS.equals(ratchet + 1), v.PREVIOUS_COUNT, cell)
    for (ratchet,), cell in DERIVED.cells()
}
_NO_CELLS: Final[_Fields] = dict.fromkeys(CELLS, Number(0))
OVERTAKING: Final[dict[Effect, _Fields]] = {
    Do.TAKE_SAME: _COMES,
    Do.TAKE_SKIPPED: _COMES,
    Do.TAKE_NEXT: {**_COMES, **_LEAVES},
    Do.TAKE_NEXT_WITH_DH: {**_COMES, **_LEAVES},
    Do.BEGIN_AS_INITIATOR: _NO_CELLS,
    Do.BEGIN_AS_RESPONDER: _NO_CELLS,
    Do.FORGET_KEYS: _NO_CELLS,
}
"""What else effects do where messages overtake each other."""

# --- What goes out ----------------------------------------------------------------------------


def _encoded(kind: Kind, fields: _Fields) -> _Fields:
    """An encoded message: header and fields."""
    header: _Fields = {
        v.KIND: kind.number,
        v.VERSION: 4,
        v.SENDER_TAG: v.OUR_TAG,
        v.RECEIVER_TAG: v.THEIR_TAG,
    }
    return {**header, **fields}


_PROFILE: Final[_Fields] = {v.OWNER_TAG: v.OUR_TAG, v.EXPIRATION: 1}
_OFFER: Final[_Fields] = {v.OFFERS_3: v.ALLOW_V3, v.OFFERS_4: v.ALLOW_V4}

SENDS: Final[dict[Effect, _Fields]] = {
    Do.SEND_IDENTITY: _encoded(Kind.IDENTITY, {**_PROFILE, MINE: OUR_SET, RANK: OUR_RANK}),
    Do.SEND_AUTH_R: _encoded(Kind.AUTH_R, {**_PROFILE, MINE: OUR_SET, YOURS: THEIR_SET}),
    Do.SEND_AUTH_I: _encoded(Kind.AUTH_I, {MINE: OUR_SET, YOURS: THEIR_SET}),
    Do.SEND_DATA: _encoded(
        Kind.DATA,
        {
            v.PREVIOUS_COUNT: v.PN,
            v.RATCHET_ID: v.SENDING_ID,
            v.MESSAGE_ID: v.J - 1,
            v.HAS_DH: (v.SENDING_ID % 3).equals(0),
            v.IGNORE_UNREADABLE: ~NEXT.content.equals(A_TEXT),
            v.TLV_KIND: Choice(NEXT.content >= A_TLV, NEXT.content - A_TLV, Number(0)),
            MINE: SSID_OURS,
            YOURS: SSID_THEIRS,
            ANSWERS: THEIRS,
            TEXT: NEXT.content.equals(A_TEXT),
            MY_RUN: NEXT.mine,
            YOUR_RUN: NEXT.yours,
            PROVEN: NEXT.proven,
        },
    ),
    Do.SEND_PLAINTEXT: {v.KIND: Kind.PLAINTEXT.number},
    Do.SEND_TAGGED: {v.KIND: Kind.TAGGED.number, **_OFFER},
    Do.SEND_QUERY: {v.KIND: Kind.QUERY.number, **_OFFER},
    Do.SEND_ERROR_1: {v.KIND: Kind.ERROR.number, v.ERROR_CODE: 1},
    Do.SEND_ERROR_2: {v.KIND: Kind.ERROR.number, v.ERROR_CODE: 2},
}
NEVER: Final = frozenset(
    {
        Do.HANDLE_3,
        Do.SEND_QUEUED_3,
        Do.END_3,
        Do.SEND_NON_INTERACTIVE_AUTH,
        Do.ACCEPT_NON_INTERACTIVE_AUTH,
    }
)

# --- What holds always ------------------------------------------------------------------------

HELD: Final = InState("ratchet", (Ratchet.HELD,))
PROPERTIES: Final = (
    Property(
        "agreement",
        "where both are private and one's keys are in the other's secret, both have both keys",
        ~(PRIVATE & of_peer(PRIVATE) & SSID_THEIRS.equals(of_peer(SSID_OURS)))
        | SSID_OURS.equals(of_peer(SSID_THEIRS)),
    ),
    Property(
        "origin",
        "where one is private, the other made the peer's keys of the secret",
        ~PRIVATE | ((SSID_THEIRS > 0) & (of_peer(SETS) >= SSID_THEIRS)),
    ),
    Property(
        "roles",
        "where both are private with one secret, one was the initiator and the other was not",
        ~(PRIVATE & of_peer(PRIVATE) & SSID_THEIRS.equals(of_peer(SSID_OURS)))
        | ~(v.ROLE.equals(Role.INITIATOR.number) & of_peer(v.ROLE).equals(Role.INITIATOR.number)),
    ),
    Property("no-leak", "no text goes out openly when private, or where that is refused", ~LEAKED),
    Property(
        "keys-when-private",
        "keys for data are held exactly when the conversation is private",
        (PRIVATE & HELD) | (~PRIVATE & ~HELD),
    ),
    Property(
        "smp-when-private",
        "SMP is underway, or asks the user, only while the conversation is private",
        PRIVATE | (InState("smp", (Smp.EXPECT1,)) & ~v.SMP_ASKED),
    ),
)

_IDLE: Final = InState("dake", (Dake.IDLE,))
CONVERGED: Final = (
    PRIVATE
    & _IDLE
    & v.BEST.equals(v.THEIR_TAG)
    & SSID_OURS.equals(of_peer(SSID_THEIRS))
    & of_peer(PRIVATE)
    & of_peer(_IDLE)
    & of_peer(v.BEST).equals(v.THEIR_TAG)
    & SSID_THEIRS.equals(of_peer(SSID_OURS))
)

_SETS, _COUNT = 12, 8


def _control(*, overtaking: bool) -> Abstraction:
    """The abstraction; `overtaking`: with what is kept where messages overtake each other."""
    does = dict(DOES)
    for effect, updates in OVERTAKING.items() if overtaking else ():
        does[effect] = {**does.get(effect, {}), **updates}
    cells = (TAKEN, DERIVED) if overtaking else ()
    ghosts: tuple[Variable, ...] = (*GHOSTS, *EARLY.values())
    ghosts += tuple(cell for array in cells for _, cell in array.cells())
    ratchets, ids = (RATCHETS, IDS) if overtaking else (_COUNT, _COUNT)
    early = {kept: _SETS for kept in EARLY.values() if isinstance(kept, IntVar)}
    return Abstraction(
        OTRV4,
        ghosts,
        _means(SKIPPED_KEY if overtaking else NO),
        does,
        SENDS,
        arrays=cells,
        bounds={
            **dict.fromkeys((SETS, OUR_SET, THEIR_SET, SSID_OURS, SSID_THEIRS), _SETS),
            **dict.fromkeys((RUNS, OUR_RUN, THEIR_RUN), _COUNT),
            **dict.fromkeys((NEXT.content, AFTER.content), A_TLV + len(TlvKind)),
            **dict.fromkeys((NEXT.mine, NEXT.yours, AFTER.mine, AFTER.yours), _COUNT),
            **dict.fromkeys((SECRET, NEXT.proven, AFTER.proven), 2),
            **dict.fromkeys((v.OFFERS, v.ANSWERED, v.ADOPTED), _COUNT),
            **dict.fromkeys((v.J, v.K, v.PN), ids),
            **dict.fromkeys((v.I, v.MAX_REMOTE_I_SEEN, v.SENDING_ID), ratchets),
            **early,
            **dict.fromkeys((cell for _, cell in TAKEN.cells()), 1),
            **dict.fromkeys((cell for _, cell in DERIVED.cells()), IDS),
            THEIRS: _COUNT,
            OUR_RANK: 5,
            v.BEST: 1,
            v.ENGAGED: 1,
            v.QUEUED: _COUNT,
            v.ROLE: 2,
            v.SKIPPED: _COUNT if overtaking else 0,
            v.UNREVEALED: _SETS,
            v.EARLY: 1,
            **dict.fromkeys((v.QUEUED_AT, v.DAKE_AT, v.LAST_SENT, v.SKIPPED_AT, v.FRESH_AT), 0),
            **dict.fromkeys((v.HELD_TOTAL, v.HELD_COUNT, v.HELD_SIZE, v.HELD_SINCE), 0),
        },
        member_key=v.THEIR_TAG,
        best=v.BEST,
        received=Event.RECEIVED,
        converged=CONVERGED,
        drawn=(
            Drawn(LUCK, (Event.RECEIVED, Event.USER_START, Event.USER_START_DAKE, Event.USER_SEND)),
            Drawn(CHOSEN, (Event.USER_SMP_START, Event.USER_SMP_ANSWER)),
        ),
        then=THEN,
        never=NEVER,
        properties=PROPERTIES,
        config={
            v.ALLOW_V3: False,
            v.ALLOW_V4: True,
            v.REQUIRE_ENCRYPTION: False,
            v.SEND_WHITESPACE_TAG: False,
            v.WHITESPACE_START_DAKE: False,
            v.ERROR_START_DAKE: False,
            v.REQUIRE_INTERACTIVE: False,
            v.IDENTITY_START_DAKE: False,
            v.REQUIRE_AUTHENTICATED: False,
            v.MODE: Mode.COMPATIBLE.number,
            v.OUR_TAG: 1,
            v.SMALLEST_TAG: 1,
            v.MAX_EARLY: 1,
        },
        keeps=(
            "every table, row, guard and declared update; the master session and one more",
            "MACs and ring signatures are right where both sides mean the same ephemeral keys",
            "time stands still: no heartbeat, no expiration, and no text waits for too long",
            "one Data Message at most waits for its DAKE"
            + ("" if overtaking else "; Data Messages do not overtake each other"),
            "no fragments, no malformed message, and no more than one TLV in a message",
            "no offline conversation, and no version 3",
            "each endpoint has one long-term key; nobody else is on the network",
        ),
    )


CONTROL: Final = _control(overtaking=False)
"""For networks that keep the order and lose nothing."""
OUT_OF_ORDER: Final = _control(overtaking=True)
"""For all networks."""

# --- Scenarios --------------------------------------------------------------------------------


def _sides(
    alice: Mapping[EventBase, int],
    bob: Mapping[EventBase, int],
    mode: Mode = Mode.COMPATIBLE,
    **policies: bool,
) -> tuple[Side, Side]:
    """Both endpoints, with the same mode and policies."""
    known = {policy.name: policy for policy in v.POLICIES}
    config: dict[Variable, int | bool] = {known[name]: yes for name, yes in policies.items()}
    config[v.MODE] = mode.number
    return Side(alice, {**config, WHO: 0}), Side(bob, {**config, WHO: 1})


_START, _SEND, _END = Event.USER_START, Event.USER_SEND, Event.USER_END
_SMP, _ANSWER = Event.USER_SMP_START, Event.USER_SMP_ANSWER
_ONE: Final[dict[EventBase, int]] = {_START: 1}

_WIDE: Final = Network(capacity=12)
_ANY: Final = {LUCK: 2}

_CROSSED: Final = (
    "An endpoint that gets a second Query Message, or whitespace tag, sends a second Identity "
    "message with new keys. Where Identity messages cross, each endpoint compares the other's with "
    "its own latest: the two may compare different pairs, both find that theirs is the lower, and "
    "both answer. Both then wait for an Auth-I message that nobody sends."
)
_DEAF: Final = (
    "Bob gets two Query Messages and sends two Identity messages, the second with new keys. Alice "
    "answers the first and, waiting for the Auth-I message, ignores the second, since it does not "
    "name her instance. Bob refuses the answer to keys that he has given up. Both wait, until the "
    "DAKE is too old."
)


def _named(*scenarios: Scenario) -> dict[str, Scenario]:
    return {scenario.name: scenario for scenario in scenarios}


SCENARIOS: Final = _named(
    Scenario("otrv4/dake", "Alice starts", CONTROL, _sides(_ONE, {}), converges=True),
    Scenario(
        "otrv4/both-begin",
        "Alice and Bob start at once, and either's hash may be the higher",
        CONTROL,
        _sides(_ONE, _ONE),
        luck=_ANY,
        converges=True,
    ),
    Scenario(
        "otrv4/standalone",
        "the same in the standalone mode, where a text that is typed starts the DAKE",
        CONTROL,
        _sides({_SEND: 1}, {_SEND: 1}, Mode.STANDALONE, identity_start_dake=True),
        luck=_ANY,
        converges=True,
    ),
    Scenario(
        "otrv4/required",
        "encryption is required, and both send a text: what they type starts the DAKE",
        CONTROL,
        _sides({_SEND: 1}, {_SEND: 1}, require_encryption=True),
        luck=_ANY,
        converges=True,
    ),
    Scenario(
        "otrv4/whitespace",
        "Alice and Bob send a text with the whitespace tag",
        CONTROL,
        _sides({_SEND: 1}, {_SEND: 1}, send_whitespace_tag=True, whitespace_start_dake=True),
        luck=_ANY,
        converges=True,
    ),
    Scenario(
        "otrv4/online-again",
        "Alice starts, and starts the DAKE again at any time; Bob takes it without invitation",
        CONTROL,
        _sides({_START: 1, Event.USER_START_DAKE: 1}, {}, identity_start_dake=True),
        network=_WIDE,
        converges=True,
    ),
    Scenario(
        "otrv4/talk",
        "Alice starts, and both send two texts",
        CONTROL,
        _sides({_START: 1, _SEND: 2}, {_SEND: 2}),
        converges=True,
    ),
    Scenario(
        "otrv4/smp",
        "Alice starts, and both may begin SMP and answer it, with the same secret or another",
        CONTROL,
        _sides({_START: 1, _SMP: 1, _ANSWER: 1}, {_SMP: 1, _ANSWER: 1}),
        luck={CHOSEN: 2},
        converges=True,
    ),
    Scenario(
        "otrv4/end",
        "Alice starts, both send a text and end the conversation, in any order",
        CONTROL,
        _sides({_START: 1, _SEND: 1, _END: 1}, {_SEND: 1, _END: 1}),
    ),
    Scenario(
        "otrv4/error",
        "the same, and an Error Message starts the DAKE",
        CONTROL,
        _sides(
            {_START: 1, _SEND: 1, _END: 1},
            {_SEND: 1, _END: 1},
            error_start_dake=True,
            identity_start_dake=True,
        ),
        network=_WIDE,
    ),
    Scenario(
        "otrv4/twice",
        "Alice starts twice; Bob does nothing by himself",
        CONTROL,
        _sides({_START: 2}, {}),
        converges=True,
        known=_DEAF,
    ),
    Scenario(
        "otrv4/required-twice",
        "encryption is required; Alice sends two texts and Bob one",
        CONTROL,
        _sides({_SEND: 2}, {_SEND: 1}, require_encryption=True),
        network=_WIDE,
        luck=_ANY,
        converges=True,
        known=_DEAF,
    ),
    Scenario(
        "otrv4/begin-again",
        "Alice starts twice and Bob once",
        CONTROL,
        _sides({_START: 2}, _ONE),
        network=_WIDE,
        luck=_ANY,
        converges=True,
        known=_CROSSED,
    ),
    Scenario(
        "otrv4/unordered",
        "Alice starts, texts are sent, and messages overtake each other",
        OUT_OF_ORDER,
        _sides({_START: 1, _SEND: 2}, {_SEND: 1}),
        network=Network(fifo=False, capacity=8),
        converges=True,
    ),
    Scenario(
        "otrv4/losing",
        "Alice starts, texts are sent, and one message is lost",
        OUT_OF_ORDER,
        _sides({_START: 1, _SEND: 2}, {_SEND: 1}),
        network=Network(losses=1),
    ),
    Scenario(
        "otrv4/repeating",
        "Alice and Bob start at once, Alice sends a text, and one message comes twice",
        OUT_OF_ORDER,
        _sides({_START: 1, _SEND: 1}, _ONE),
        network=Network(capacity=10, duplicates=1),
        luck=_ANY,
    ),
)
"""By name."""
