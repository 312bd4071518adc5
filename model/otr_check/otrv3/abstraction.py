"""The control of OTRv3 with numbers in place of keys, and scenarios of two endpoints.

A D-H key pair is the number that its maker gave it, counting from 1; a shared secret is the numbers
of both pairs; a commitment is the number of the pair that it commits to. A MAC or a signature is
right where both sides mean the same pairs. A message carries `mine`, a pair of its sender's, and
`yours`, the pair of the receiver's that it belongs to.

What a hash is compared with in the tie-break is a rank, which is drawn: no two of different
endpoints are the same. SMP's exponents are the number of the run, and its secret a number.
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
    Number,
    Scope,
    Truth,
    Value,
    Variable,
)
from otr_model.otrv3 import variables as v
from otr_model.otrv3.conditions import Check, Cond
from otr_model.otrv3.effects import Do
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.words import Auth, Event, Keys, Kind, Msg, Smp, TlvKind

if TYPE_CHECKING:
    from otr_model.kernel.vocabulary import Check as CheckBase
    from otr_model.kernel.vocabulary import Condition, Effect
    from otr_model.kernel.vocabulary import Event as EventBase

__all__ = ["CONTROL", "SCENARIOS"]

_Fields = Mapping[Variable, Value]
"""What becomes of variables: updates, or the fields of a message."""

# --- Ghosts -----------------------------------------------------------------------------------

_endpoint = Declare(Scope.ENDPOINT)
WHO = _endpoint.integer("who", "the number of the endpoint")

_shared = Declare(Scope.SHARED)
PAIRS = _shared.integer("pairs", "how many D-H key pairs were made")
RUNS = _shared.integer("runs", "how often exponents were picked for SMP")
LEAKED = _shared.flag("leaked", "a text went out as plaintext where it should not have")

_session = Declare(Scope.MEMBER)
OUR_PAIR = _session.integer("our_pair", "our pair of the AKE")
COMMITTED = _session.integer("committed", "the pair that the commitment commits to")
OUR_RANK = _session.integer("our_rank", "the rank of our commitment")
THEIR_PAIR = _session.integer("their_pair", "the peer's pair of the AKE, as received or opened")
SSID_OURS = _session.integer("ssid_ours", "our pair in the secure session id")
SSID_THEIRS = _session.integer("ssid_theirs", "the peer's pair in the secure session id")
OURS_0 = _session.integer("ours_0", "our most recent pair")
OURS_1 = _session.integer("ours_1", "our previous pair")
THEIRS_0 = _session.integer("theirs_0", "their most recent pair")
THEIRS_1 = _session.integer("theirs_1", "their previous pair")
OUR_RUN = _session.integer("our_run", "our exponents of SMP")
THEIR_RUN = _session.integer("their_run", "the peer's exponents of SMP")
SECRET = _session.integer("secret", "our secret of SMP")

_message = Declare(Scope.MESSAGE)
MINE = _message.integer("mine", "a pair of the sender's")
YOURS = _message.integer("yours", "the pair of the receiver's that it belongs to")
NEXT_PAIR = _message.integer("next_pair", "the sender's next pair")
RANK = _message.integer("rank", "the rank of the commitment")
TEXT = _message.flag("text", "the human-readable part is not empty")
MY_RUN = _message.integer("my_run", "the sender's exponents of SMP")
YOUR_RUN = _message.integer("your_run", "the receiver's exponents of SMP")
PROVEN = _message.integer("proven", "the sender's secret of SMP")

LUCK = _message.integer("luck", "the rank that a new commitment happens to have")
CHOSEN = _message.integer("chosen", "the secret that the user gives")

GHOSTS: Final = (
    WHO,
    PAIRS,
    RUNS,
    LEAKED,
    OUR_PAIR,
    COMMITTED,
    OUR_RANK,
    THEIR_PAIR,
    SSID_OURS,
    SSID_THEIRS,
    OURS_0,
    OURS_1,
    THEIRS_0,
    THEIRS_1,
    OUR_RUN,
    THEIR_RUN,
    SECRET,
    MINE,
    YOURS,
    NEXT_PAIR,
    RANK,
    TEXT,
    MY_RUN,
    YOUR_RUN,
    PROVEN,
)

# --- What conditions and checks mean ----------------------------------------------------------

YES: Final = Truth(value=True)
PRIVATE: Final = InState("message", (Msg.ENCRYPTED,))
OF_OUR_AGE: Final = Choice(v.RECIPIENT_KEYID.equals(v.OUR_KEYID), OURS_0, OURS_1)
OF_THEIR_AGE: Final = Choice(v.SENDER_KEYID.equals(v.THEIR_KEYID), THEIRS_0, THEIRS_1)

_ALWAYS: Final = (
    # Honest endpoints make group elements and encodings that are right.
    Check.GY_RANGE,
    Check.GX_RANGE,
    Check.NEXT_DH_RANGE,
    Check.G2A_RANGE,
    Check.G3A_RANGE,
    Check.G2B_RANGE,
    Check.G3B_RANGE,
    Check.PB_RANGE,
    Check.QB_RANGE,
    Check.PA_RANGE,
    Check.QA_RANGE,
    Check.RA_RANGE,
    Check.RB_RANGE,
    # What decrypts and is signed right wherever the MAC before it is right.
    Check.COMMITMENT_OPENS,
    Check.REVEAL_IDENTITY,
    Check.REVEAL_SIGNED,
    Check.SIGNATURE_IDENTITY,
    Check.SIGNATURE_SIGNED,
    # Proofs about the prover's own exponents.
    Check.G2A_PROOF,
    Check.G3A_PROOF,
    Check.G2B_PROOF,
    Check.G3B_PROOF,
    # Each endpoint has one long-term key, and there is room for the one instance of the other.
    Cond.SAME_PEER,
    Cond.FOR_THIS_PEER,
    Cond.ROOM,
)

_SAME_RUNS: Final = YOUR_RUN.equals(OUR_RUN) & MY_RUN.equals(THEIR_RUN)

MEANS: Final[dict[Condition | CheckBase, Bool]] = {
    **dict.fromkeys(_ALWAYS, YES),
    Cond.OURS_HIGHER: OUR_RANK > RANK,
    Cond.SAME_GY: MINE.equals(THEIR_PAIR),
    Cond.KEY_KNOWN: (v.AGREED_KEYID.equals(v.THEIR_KEYID) & THEIR_PAIR.equals(THEIRS_0))
    | ((v.AGREED_KEYID + 1).equals(v.THEIR_KEYID) & v.THEIR_PREVIOUS & THEIR_PAIR.equals(THEIRS_1)),
    Cond.HAS_TEXT: TEXT,
    Cond.EQUAL: PROVEN.equals(SECRET),
    Check.COMMITMENT_MATCHES: MINE.equals(COMMITTED),
    Check.REVEAL_MAC: YOURS.equals(OUR_PAIR),
    Check.SIGNATURE_MAC: MINE.equals(THEIR_PAIR) & YOURS.equals(OUR_PAIR),
    Check.DATA_MAC: YOURS.equals(OF_OUR_AGE) & MINE.equals(OF_THEIR_AGE),
    Check.PB_QB_PROOF: YOUR_RUN.equals(OUR_RUN),
    Check.PA_QA_PROOF: _SAME_RUNS,
    Check.RA_PROOF: _SAME_RUNS,
    Check.RB_PROOF: _SAME_RUNS,
}

# --- What effects do to ghosts ----------------------------------------------------------------

NEW: Final = PAIRS + 1
_COMMIT: Final[_Fields] = {
    PAIRS: NEW,
    OUR_PAIR: NEW,
    COMMITTED: NEW,
    OUR_RANK: LUCK + LUCK + WHO,
    THEIR_PAIR: 0,
}
_NO_EXCHANGE: Final[_Fields] = {
    OUR_PAIR: 0,
    COMMITTED: 0,
    OUR_RANK: 0,
    THEIR_PAIR: 0,
}
_NO_SMP: Final[_Fields] = {OUR_RUN: 0, THEIR_RUN: 0, SECRET: 0}
_MAY: Final = InState("message", (Msg.PLAINTEXT,)) & ~(
    v.REQUIRE_ENCRYPTION & (v.ALLOW_V2 | v.ALLOW_V3)
)
_OPENLY: Final[_Fields] = {LEAKED: LEAKED | ~_MAY}

DOES: Final[dict[Effect, _Fields]] = {
    Do.NEW_COMMIT_3: _COMMIT,
    Do.NEW_COMMIT_2: _COMMIT,
    Do.ADOPT_COMMIT: {
        OUR_PAIR: of_master(OUR_PAIR),
        COMMITTED: of_master(COMMITTED),
        OUR_RANK: of_master(OUR_RANK),
        THEIR_PAIR: 0,
    },
    Do.FORGET_EXCHANGE: _NO_EXCHANGE,
    Do.NEW_DH_KEY: {PAIRS: NEW, OUR_PAIR: NEW, THEIR_PAIR: 0},
    Do.KEEP_COMMIT: {COMMITTED: MINE, OUR_RANK: 0},
    Do.KEEP_GY: {THEIR_PAIR: MINE},
    Do.ACCEPT_REVEAL: {THEIR_PAIR: MINE},
    Do.ENTER_PRIVATE: {SSID_OURS: OUR_PAIR, SSID_THEIRS: THEIR_PAIR},
    Do.INSTALL_KEYS: {
        PAIRS: NEW,
        OURS_0: NEW,
        OURS_1: OUR_PAIR,
        THEIRS_0: THEIR_PAIR,
        THEIRS_1: 0,
        **_NO_EXCHANGE,
    },
    Do.INSTALL_OUR_KEYS: {PAIRS: NEW, OURS_0: NEW, OURS_1: OUR_PAIR, **_NO_EXCHANGE},
    Do.ROTATE_OUR_KEYS: {PAIRS: NEW, OURS_0: NEW, OURS_1: OURS_0},
    Do.ROTATE_THEIR_KEYS: {THEIRS_0: NEXT_PAIR, THEIRS_1: THEIRS_0},
    Do.FORGET_KEYS: {
        SSID_OURS: 0,
        SSID_THEIRS: 0,
        OURS_0: 0,
        OURS_1: 0,
        THEIRS_0: 0,
        THEIRS_1: 0,
    },
    Do.ADVANCE_TLV: {v.TLV_KIND: TlvKind.NONE.number},
    Do.SEND_SMP_1: {RUNS: RUNS + 1, OUR_RUN: RUNS + 1, THEIR_RUN: 0, SECRET: CHOSEN},
    Do.KEEP_SMP_1: {THEIR_RUN: MY_RUN},
    Do.SEND_SMP_2: {RUNS: RUNS + 1, OUR_RUN: RUNS + 1, SECRET: CHOSEN},
    Do.SEND_SMP_3: {THEIR_RUN: MY_RUN},
    Do.FORGET_SMP: _NO_SMP,
    Do.SEND_PLAINTEXT: _OPENLY,
    Do.SEND_TAGGED: _OPENLY,
}

# --- What goes out ----------------------------------------------------------------------------


def _encoded(kind: Kind, version: Int, fields: _Fields) -> _Fields:
    """An encoded message: header and fields."""
    tagged = version.equals(3)
    return {
        v.KIND: kind.number,
        v.VERSION: version,
        v.SENDER_TAG: Choice(tagged, v.OUR_TAG, Number(0)),
        v.RECEIVER_TAG: Choice(tagged, v.THEIR_TAG, Number(0)),
        **fields,
    }


def _ake(kind: Kind, fields: _Fields) -> _Fields:
    return _encoded(kind, v.AKE_VERSION, fields)


def _data(tlv: TlvKind = TlvKind.NONE, fields: _Fields | None = None) -> _Fields:
    """A Data Message: under our previous key and their most recent one."""
    own: _Fields = {
        v.SENDER_KEYID: v.OUR_KEYID - 1,
        v.RECIPIENT_KEYID: v.THEIR_KEYID,
        v.COUNTER: v.SENT,
        v.TLV_KIND: tlv.number,
        MINE: OURS_1,
        YOURS: THEIRS_0,
        NEXT_PAIR: OURS_0,
    }
    return _encoded(Kind.DATA, v.SESSION_VERSION, {**own, **(fields or {})})


def _smp(tlv: TlvKind) -> _Fields:
    """What the values of an SMP message belong to."""
    return _data(tlv, {MY_RUN: OUR_RUN, YOUR_RUN: THEIR_RUN, PROVEN: SECRET})


_SIGNED: Final[_Fields] = {
    v.IDENTITY_KEYID: 1,
    MINE: OUR_PAIR,
    YOURS: THEIR_PAIR,
}
_OFFER: Final[_Fields] = {v.OFFERS_2: v.ALLOW_V2, v.OFFERS_3: v.ALLOW_V3}

SENDS: Final[dict[Effect, _Fields]] = {
    Do.SEND_DH_COMMIT: _ake(Kind.DH_COMMIT, {MINE: COMMITTED, RANK: OUR_RANK}),
    Do.SEND_DH_KEY: _ake(Kind.DH_KEY, {MINE: OUR_PAIR}),
    Do.SEND_REVEAL_SIGNATURE: _ake(Kind.REVEAL_SIGNATURE, _SIGNED),
    Do.RESEND_REVEAL_SIGNATURE: _ake(Kind.REVEAL_SIGNATURE, _SIGNED),
    Do.SEND_SIGNATURE: _ake(Kind.SIGNATURE, _SIGNED),
    Do.SEND_TEXT: _data(fields={TEXT: True}),
    Do.SEND_STORED: _data(fields={TEXT: True}),
    Do.SEND_DISCONNECT: _data(TlvKind.DISCONNECTED),
    Do.SEND_HEARTBEAT: _data(fields={v.IGNORE_UNREADABLE: True}),
    Do.SEND_EXTRA_KEY: _data(TlvKind.EXTRA_KEY),
    Do.SEND_SMP_1: _smp(TlvKind.SMP_1),
    Do.SEND_SMP_2: _smp(TlvKind.SMP_2),
    Do.SEND_SMP_3: _smp(TlvKind.SMP_3),
    Do.SEND_SMP_4: _smp(TlvKind.SMP_4),
    Do.SEND_SMP_ABORT: _data(TlvKind.SMP_ABORT),
    Do.SEND_PLAINTEXT: {v.KIND: Kind.PLAINTEXT.number},
    Do.SEND_TAGGED: {v.KIND: Kind.TAGGED.number, **_OFFER},
    Do.SEND_QUERY: {v.KIND: Kind.QUERY.number, **_OFFER},
    Do.SEND_ERROR: {v.KIND: Kind.ERROR.number},
}

# --- What holds always ------------------------------------------------------------------------

HELD: Final = InState("keys", (Keys.HELD,))
PROPERTIES: Final = (
    Property(
        "agreement",
        "where both are private and one's pair is in the other's session, both have both pairs",
        ~(PRIVATE & of_peer(PRIVATE) & SSID_THEIRS.equals(of_peer(SSID_OURS)))
        | SSID_OURS.equals(of_peer(SSID_THEIRS)),
    ),
    Property(
        "origin",
        "where one is private, the other made the peer's pair of the session",
        ~PRIVATE | ((SSID_THEIRS > 0) & (of_peer(PAIRS) >= SSID_THEIRS)),
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

_USABLE: Final = THEIRS_0.equals(of_peer(OURS_0)) | THEIRS_0.equals(of_peer(OURS_1))
_IN_ONE: Final = (
    PRIVATE
    & InState("ake", (Auth.NONE,))
    & v.BEST.equals(v.THEIR_TAG)
    & SSID_OURS.equals(of_peer(SSID_THEIRS))
)
CONVERGED: Final = (
    _IN_ONE
    & of_peer(PRIVATE)
    & of_peer(InState("ake", (Auth.NONE,)))
    & of_peer(v.BEST).equals(v.THEIR_TAG)
    & SSID_THEIRS.equals(of_peer(SSID_OURS))
    & _USABLE
    & (of_peer(THEIRS_0).equals(OURS_0) | of_peer(THEIRS_0).equals(OURS_1))
)

_PAIRS, _COUNT = 12, 6

CONTROL: Final = Abstraction(
    OTRV3,
    GHOSTS,
    MEANS,
    DOES,
    SENDS,
    bounds={
        **dict.fromkeys((PAIRS, OUR_PAIR, COMMITTED, THEIR_PAIR, SSID_OURS, SSID_THEIRS), _PAIRS),
        **dict.fromkeys((OURS_0, OURS_1, THEIRS_0, THEIRS_1), _PAIRS),
        **dict.fromkeys((v.OUR_KEYID, v.THEIR_KEYID, v.SENT, v.UNREVEALED), _PAIRS),
        **{cell: _PAIRS for _, cell in v.SEEN.cells()},
        **{cell: 1 for _, cell in v.USED.cells()},
        **dict.fromkeys((RUNS, OUR_RUN, THEIR_RUN), _COUNT),
        **dict.fromkeys((v.COMMITS, v.ANSWERED, v.ADOPTED), _COUNT),
        OUR_RANK: 5,
        SECRET: 2,
        v.BEST: 1,
        v.STORED: 2,
        v.AKE_VERSION: 3,
        v.SESSION_VERSION: 3,
        v.AGREED_KEYID: 1,
        **dict.fromkeys((v.STORED_AT, v.LAST_SENT), 0),
        **dict.fromkeys((v.STORED_K, v.STORED_N, v.STORED_SIZE), 0),
    },
    member_key=v.THEIR_TAG,
    best=v.BEST,
    received=Event.RECEIVED,
    converged=CONVERGED,
    drawn=(
        Drawn(LUCK, (Event.RECEIVED,)),
        Drawn(CHOSEN, (Event.USER_SMP_START, Event.USER_SMP_ANSWER)),
    ),
    properties=PROPERTIES,
    config={
        v.ALLOW_V2: False,
        v.ALLOW_V3: True,
        v.REQUIRE_ENCRYPTION: False,
        v.SEND_WHITESPACE_TAG: False,
        v.WHITESPACE_START_AKE: False,
        v.ERROR_START_AKE: False,
        v.OUR_TAG: 1,
        v.SMALLEST_TAG: 1,
        v.LARGEST_KEYID: 0x7FFFFFFE,
    },
    keeps=(
        "every table, row, guard and declared update; the master session and one more",
        "keys, MACs and signatures are right where both sides mean the same D-H key pairs",
        "time stands still: no heartbeat falls due, and no stored text is too old",
        "no fragments, no malformed message, and no more than one TLV in a message",
        "each endpoint has one long-term key; nobody else is on the network",
    ),
)


def _sides(
    alice: Mapping[EventBase, int], bob: Mapping[EventBase, int], **policies: bool
) -> tuple[Side, Side]:
    """Both endpoints, with the same policies."""
    known = {policy.name: policy for policy in v.POLICIES}
    config: dict[Variable, int | bool] = {known[name]: yes for name, yes in policies.items()}
    return Side(alice, {**config, WHO: 0}), Side(bob, {**config, WHO: 1})


_START, _SEND, _END = Event.USER_START, Event.USER_SEND, Event.USER_END
_SMP, _ANSWER = Event.USER_SMP_START, Event.USER_SMP_ANSWER
_ONE: Final[dict[EventBase, int]] = {_START: 1}

_WIDE: Final = Network(capacity=12)
_ANY: Final = {LUCK: 2}

_CROSSED: Final = (
    "An endpoint that gets a second Query Message, or whitespace tag, sends a second D-H Commit. "
    "Where commits cross, each endpoint compares the other's commit with its own latest: the two "
    "may compare different pairs, both find that theirs is the lower, and both answer. Both then "
    "wait for a Reveal Signature Message that nobody sends."
)
_UNBOUND: Final = (
    "Nothing in a D-H Key Message says which commit it answers. One that answers an earlier commit "
    "is taken as the answer to the latest, and the exchange goes on with a key that the peer has "
    "since given up. In the end one endpoint is private and the other waits for a Signature "
    "Message."
)


def _named(*scenarios: Scenario) -> dict[str, Scenario]:
    return {scenario.name: scenario for scenario in scenarios}


SCENARIOS: Final = _named(
    Scenario("otrv3/ake", "Alice starts", CONTROL, _sides(_ONE, {}), converges=True),
    Scenario(
        "otrv3/both-begin",
        "Alice and Bob start at once, and either's hash may be the higher",
        CONTROL,
        _sides(_ONE, _ONE),
        luck=_ANY,
        converges=True,
    ),
    Scenario(
        "otrv3/version-2",
        "the same in version 2, which has no instance tags",
        CONTROL,
        _sides(_ONE, _ONE, allow_v2=True, allow_v3=False),
        luck=_ANY,
        converges=True,
    ),
    Scenario(
        "otrv3/whitespace",
        "Alice and Bob send a text with the whitespace tag",
        CONTROL,
        _sides({_SEND: 1}, {_SEND: 1}, send_whitespace_tag=True, whitespace_start_ake=True),
        luck=_ANY,
        converges=True,
    ),
    Scenario(
        "otrv3/required",
        "encryption is required, and both send a text: what they type starts the AKE",
        CONTROL,
        _sides({_SEND: 1}, {_SEND: 1}, require_encryption=True),
        luck=_ANY,
        converges=True,
    ),
    Scenario(
        "otrv3/talk",
        "Alice starts, and both send two texts",
        CONTROL,
        _sides({_START: 1, _SEND: 2}, {_SEND: 2}),
        converges=True,
    ),
    Scenario(
        "otrv3/refresh",
        "Alice starts twice, and both send a text",
        CONTROL,
        _sides({_START: 2, _SEND: 1}, {_SEND: 1}),
        network=_WIDE,
        converges=True,
    ),
    Scenario(
        "otrv3/smp",
        "Alice starts, and both may begin SMP and answer it, with the same secret or another",
        CONTROL,
        _sides({_START: 1, _SMP: 1, _ANSWER: 1}, {_SMP: 1, _ANSWER: 1}),
        luck={CHOSEN: 2},
        converges=True,
    ),
    Scenario(
        "otrv3/end",
        "Alice starts, both send a text and end the conversation, in any order",
        CONTROL,
        _sides({_START: 1, _SEND: 1, _END: 1}, {_SEND: 1, _END: 1}),
    ),
    Scenario(
        "otrv3/error",
        "the same, and an Error Message is answered with a Query Message",
        CONTROL,
        _sides({_START: 1, _SEND: 1, _END: 1}, {_SEND: 1, _END: 1}, error_start_ake=True),
        network=_WIDE,
    ),
    Scenario(
        "otrv3/begin-again",
        "Alice starts twice and Bob once",
        CONTROL,
        _sides({_START: 2}, _ONE),
        network=_WIDE,
        luck=_ANY,
        converges=True,
        known=_CROSSED,
    ),
    Scenario(
        "otrv3/required-twice",
        "encryption is required; Alice sends two texts and Bob one",
        CONTROL,
        _sides({_SEND: 2}, {_SEND: 1}, require_encryption=True),
        network=_WIDE,
        luck=_ANY,
        converges=True,
        known=_CROSSED,
    ),
    Scenario(
        "otrv3/thrice",
        "Alice starts three times; Bob does nothing by himself",
        CONTROL,
        _sides({_START: 3}, {}),
        network=_WIDE,
        converges=True,
        known=_UNBOUND,
    ),
    Scenario(
        "otrv3/unordered",
        "Alice and Bob start at once, and messages overtake each other",
        CONTROL,
        _sides(_ONE, _ONE),
        network=Network(fifo=False),
        luck=_ANY,
        converges=True,
        known="The AKE relies on order: a message that comes before its turn is ignored, and is "
        "not sent again.",
    ),
    Scenario(
        "otrv3/losing",
        "Alice and Bob start at once and send a text, and one message is lost",
        CONTROL,
        _sides({_START: 1, _SEND: 1}, {_START: 1, _SEND: 1}),
        network=Network(losses=1),
        luck=_ANY,
    ),
    Scenario(
        "otrv3/repeating",
        "Alice and Bob start at once, and one message comes twice",
        CONTROL,
        _sides(_ONE, _ONE),
        network=Network(capacity=10, duplicates=1),
        luck=_ANY,
    ),
)
"""By name."""
