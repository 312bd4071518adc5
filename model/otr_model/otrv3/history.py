"""Flaws of OTR versions 2 and 3, as variants of the tables of version 3.

Those of the design, those of the letter of the text (where our reading is a hardened one), and
those of implementations; see `otr_model.kernel.history`. The identity misbinding of version 1 is
in `otr_model.otrv1.history`; what it would be in the exchange of version 3 is here.
"""

from __future__ import annotations

from otr_model.kernel.history import Flaw, Origin
from otr_model.kernel.table import Raise
from otr_model.kernel.variant import NONE, Edit, EditRow, Override, SkipCheck, Variant

from . import ambiguities as holes
from . import variables as v
from .ake import ANSWER
from .conditions import Check
from .effects import Do
from .variants import LITERAL
from .words import Auth, Event, Msg, Smp

__all__ = ["CURES", "FLAWS"]

_AKE, _KEYS, _MESSAGE, _SMP = "otrv3.ake", "otrv3.keys", "otrv3.message", "otrv3.smp"
_BONNEAU = "Joseph Bonneau and Andrew Morrison, Finite-State Security Analysis of OTR Version 2"
_DI_RAIMONDO = (
    "Mario Di Raimondo, Rosario Gennaro and Hugo Krawczyk, Secure Off-the-Record Messaging"
)
_OURS = "the tables of this project"


def _history(name: str, about: str, *edits: Edit) -> Variant:
    return Variant(f"history {name}", about, edits)


def _flaw(  # noqa: PLR0913 - the parts of a flaw
    name: str,
    about: str,
    *edits: Edit,
    origin: Origin,
    year: int,
    source: str,
    there: str,
    violates: str,
    user: str,
    fixed: str = "",
    attacker: str = "",
    policies: tuple[tuple[str, bool], ...] = (),
) -> Flaw:
    variant = _history(name, about, *edits) if edits else NONE
    return Flaw(
        f"otrv3.flaw:{name}",
        about,
        origin,
        year,
        source,
        there,
        fixed,
        variant,
        violates,
        attacker,
        user,
        policies,
    )


def _literal(ambiguity: str) -> tuple[Edit, ...]:
    return LITERAL[ambiguity].edits


# The exchange.

SIGMA_WITHOUT_IDENTITY = _flaw(
    "sigma-without-identity",
    "nothing that shows who somebody is depends on the secret that the exchange makes",
    Override("ake_keys", "identity-keys-public"),
    origin=Origin.RULE,
    year=2005,
    source=_DI_RAIMONDO,
    there="version 1 has it in another exchange; this is what it would be in that of version 3",
    fixed="version 2: the identity is under a MAC, with a key made from the shared secret",
    violates="agreement",
    attacker=(
        "replaces Alice's public key and signature by its own, on the same D-H keys, in her "
        "Signature Message"
    ),
    user="Bob shares his keys with Alice, and is told that he talks to the attacker",
)
SIMULTANEOUS_START = _flaw(
    "simultaneous-start",
    "of two D-H Commits that cross, both are answered",
    EditRow(
        f"{_AKE}:dh-commit.awaiting-dhkey.allowed.ours-higher",
        do=ANSWER,
        goto=Auth.AWAITING_REVEALSIG,
    ),
    origin=Origin.RULE,
    year=2005,
    source="the text of version 2, Receiving a D-H Commit Message",
    there="clients without the comparison of the hashed g^x",
    fixed="version 2: the D-H Commit with the higher hash stands",
    violates="convergence",
    user=(
        "both wait for a Reveal Signature Message that nobody sends; each thinks that a private "
        "conversation is about to begin"
    ),
)
REPLAYED_COMMIT = _flaw(
    "replayed-commit",
    "a D-H Commit that comes twice is answered with two D-H keys",
    EditRow(f"{_AKE}:dh-commit.awaiting-revealsig.allowed", do=ANSWER),
    origin=Origin.RULE,
    year=2005,
    source="the text of version 2, Receiving a D-H Commit Message",
    there="clients that make a new D-H key for each D-H Commit",
    fixed="version 2: the second one is answered with the same D-H key",
    violates="convergence",
    attacker="delivers a D-H Commit twice; so does the network, where somebody is there twice",
    user="Alice takes the first D-H key, Bob goes on with the second, and neither is private",
)
COMMITMENT_UNDONE = _flaw(
    "commitment-undone",
    "who has seen g^y can still choose g^x: a second D-H Commit is answered with the same D-H key",
    origin=Origin.DESIGN,
    year=2005,
    source=f"{_OURS}; the text of version 2, Receiving a D-H Commit Message",
    there="versions 2 and 3; it is the other side of what cures replayed-commit",
    violates="commitment",
    attacker="sends a D-H Commit, and another one once it has seen g^y",
    user="compares a secure session id of 64 bits that the attacker has had a choice of",
)
FORGED_SIGNATURE = _flaw(
    "forged-signature",
    holes.FAILED_SIGNATURE.literal.says,
    *_literal(holes.FAILED_SIGNATURE.id),
    origin=Origin.TEXT,
    year=2012,
    source="the text of version 3, Authentication state",
    there="the letter of one passage of the text",
    fixed="our reading, as another passage has it: the message is ignored",
    violates="convergence",
    attacker="sends one Signature Message that means nothing while Alice awaits Bob's",
    user="Bob is private, Alice is not, and does not even answer Bob's texts with understanding",
)
MULTIPLE_CLIENTS = _flaw(
    "multiple-clients",
    "each client of somebody's takes what is meant for another one",
    *(
        EditRow(
            f"otrv3.instances:{event}.ready.other-instance",
            do=(),
            raises=(Raise(Event.ARRIVED, v.SENDER_TAG),),
        )
        for event in ("received", "reassembled")
    ),
    origin=Origin.DESIGN,
    year=2012,
    source="the text of version 3, on what it changes",
    there="versions 1 and 2, on networks that give a message to every client of its receiver",
    fixed="version 3: instance tags",
    violates="no-storm",
    user=(
        "the client that cannot read a message complains; its complaint begins another exchange, "
        "which repeats the message; the clients never come to rest"
    ),
    policies=(("error_start_ake", True),),
)

# The version.

VERSION_ROLLBACK = _flaw(
    "version-rollback",
    "the offer of versions is not authenticated",
    origin=Origin.DESIGN,
    year=2006,
    source=_BONNEAU,
    there="versions 2 and 3",
    violates="version",
    attacker="takes the 3 out of a Query Message",
    user="two clients that both speak version 3 converse in version 2, and nobody is told",
)
MIXED_VERSIONS = _flaw(
    "mixed-versions",
    "an exchange that began in one version may go on in another",
    *_literal(holes.MIXED_VERSIONS.id),
    origin=Origin.TEXT,
    year=2012,
    source="the text of version 3, Receiving a D-H Key Message",
    there="the letter of the text, which asks for the policy only",
    fixed="our reading: a D-H Key Message is of the version of our D-H Commit",
    violates="version",
    attacker="answers a D-H Commit of version 3 with a D-H Key Message of version 2",
    user="the exchange goes on in version 2, without instance tags",
)

# What the user types and sees.

PLAINTEXT_AFTER_END = _flaw(
    "plaintext-after-end",
    "when the peer ends a private conversation, what is typed next is sent in the clear",
    EditRow(f"{_MESSAGE}:disconnected.encrypted", goto=Msg.PLAINTEXT),
    origin=Origin.DESIGN,
    year=2005,
    source="the text of version 2, which adds MSGSTATE_FINISHED",
    there="version 1, which has no such state",
    fixed="version 2: nothing is sent until the user has seen that it is over",
    violates="plaintext",
    user="a sentence that was half typed when the peer left is read by the network",
)
STORED_FOR_ANOTHER = _flaw(
    "stored-for-another",
    "a text that waits is sent to whoever completes the next exchange",
    *_literal(holes.STORED_FOR.id),
    origin=Origin.TEXT,
    year=2012,
    source="the text of version 3, Receiving a Signature Message",
    there="the letter of the text",
    fixed="our reading: a text typed for one public key is not sent to another",
    violates="secrecy",
    attacker=(
        "lets a Data Message be unreadable, sends an Error Message, and completes an exchange "
        "with a key of its own"
    ),
    user="what was typed for Bob is sent to the attacker",
)
ERROR_PING_PONG = _flaw(
    "error-ping-pong",
    "an Error Message is answered with an Error Message",
    *(
        EditRow(
            f"{_MESSAGE}:error.{state.label}.not-error-start-ake",
            do=(Do.SHOW_ERROR, Do.OWE, Do.SEND_ERROR),
        )
        for state in Msg
    ),
    origin=Origin.CODE,
    year=2016,
    source="CoyIM, issue 301: an error flood between two instances",
    there="clients that answer an error with one",
    fixed="the text: an Error Message is shown, and at most a Query Message answers it",
    violates="no-storm",
    attacker="sends one message that cannot be read, or one Error Message",
    user="thousands of complaints, until the network cuts somebody off",
)

# Data Messages.

MAC_KEYS_OF_SENDER = _flaw(
    "mac-keys-of-sender",
    "who sends reveals MAC keys of messages that may still be on their way",
    Override("old_mac_keys", "both-directions"),
    origin=Origin.DESIGN,
    year=2006,
    source=_BONNEAU,
    there="version 1, and version 2 as it was first published: both sides reveal",
    fixed="later texts of version 2: only who receives reveals, when nothing is accepted any more",
    violates="mac-keys",
    attacker=(
        "holds a Data Message back until its MAC key is revealed, changes it, and delivers it "
        "before anything newer"
    ),
    user="Bob is shown a text of Alice's that she never typed, and nobody notices",
)
MAC_KEYS_AGAIN = _flaw(
    "mac-keys-again",
    "a MAC key that was revealed is revealed again",
    EditRow(
        f"{_KEYS}:data-taken.held.acknowledges.advances",
        do=(Do.RECORD, Do.ROTATE_OUR_KEYS, Do.RECORD, Do.ROTATE_THEIR_KEYS),
    ),
    origin=Origin.CODE,
    year=2014,
    source="pure-python-otr, pull request 49: used MAC keys are revealed only once",
    there="pure-python-otr before, which forgot none of the keys that it had revealed",
    fixed="the text: old MAC keys are revealed by the next Data Message, and discarded",
    violates="mac-keys-once",
    user="messages grow as long as the conversation lasts, until the network drops them",
)
REPLAYED_DATA = _flaw(
    "replayed-data",
    "a Data Message is accepted as often as it comes",
    SkipCheck(Check.DATA_COUNTER),
    origin=Origin.RULE,
    year=2005,
    source="the text of version 2, Receiving a Data Message",
    there="receivers that do not look at the counter",
    fixed="version 2: the counter must be larger than the last one under the same keys",
    violates="no-replay",
    attacker="delivers a Data Message twice",
    user="Bob reads a text twice that Alice typed once",
)
NEXT_DH_OF_ONE = _flaw(
    "next-dh-of-one",
    "the next D-H key in a Data Message may be 1",
    *_literal(holes.NEXT_DH.id),
    origin=Origin.TEXT,
    year=2012,
    source=f"{_OURS}; the text of version 3 checks ranges in the AKE and in SMP only",
    there="the letter of the text; libotr 4.1.1",
    fixed="our reading: a message whose next D-H key is out of range is refused",
    violates="secrecy",
    attacker="only listens; the fault is in the peer's random numbers, or in its intentions",
    user="what the user types is encrypted with keys that everybody knows",
)

# SMP.

SMP_WITHOUT_RANGES = _flaw(
    "smp-without-ranges",
    "group elements of SMP are not looked at",
    *(
        SkipCheck(check)
        for check in (
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
        )
    ),
    origin=Origin.TEXT,
    year=2012,
    source="the text of version 3, which adds the checks",
    there="the text of version 2, which asks for proofs only",
    fixed="version 3, and our reading of version 2",
    violates="smp-truthful",
    attacker="is the peer, and sends 1 for each element: with an exponent of 0 every proof holds",
    user="is told that the peer knows the secret; the peer knows nothing",
)
SMP_IN_WRONG_STATE = _flaw(
    "smp-in-wrong-state",
    "an SMP message that is not expected changes nothing",
    *(
        EditRow(f"{_SMP}:smp-{n}.{state.label}.private", do=(), goto=state)
        for n, expected in enumerate(Smp, 1)
        for state in Smp
        if state is not expected
    ),
    origin=Origin.RULE,
    year=2007,
    source="the text of version 2 with SMP, Expected Message",
    there="clients that ignore what they do not expect",
    fixed="version 2: SMP is aborted, and the peer is told",
    violates="convergence",
    user="both users begin SMP at once; both wait for ever, and are never told how it ended",
)
SMP_ACROSS_REFRESH = _flaw(
    "smp-across-refresh",
    "SMP goes on while the conversation is refreshed",
    *_literal(holes.SMP_REFRESH.id),
    origin=Origin.TEXT,
    year=2012,
    source="the text of version 3, The SMP state machine",
    there="the letter of the text; libotr 4.1.1",
    fixed="our reading: it is abandoned, since both secrets contain the old secure session id",
    violates="smp-truthful",
    attacker="begins an exchange in Bob's name, or waits for one, while a user thinks",
    user="both typed the same secret, and are told that the secrets differ",
)

FLAWS: tuple[Flaw, ...] = (
    SIGMA_WITHOUT_IDENTITY,
    SIMULTANEOUS_START,
    REPLAYED_COMMIT,
    COMMITMENT_UNDONE,
    FORGED_SIGNATURE,
    MULTIPLE_CLIENTS,
    VERSION_ROLLBACK,
    MIXED_VERSIONS,
    PLAINTEXT_AFTER_END,
    STORED_FOR_ANOTHER,
    ERROR_PING_PONG,
    MAC_KEYS_OF_SENDER,
    MAC_KEYS_AGAIN,
    REPLAYED_DATA,
    NEXT_DH_OF_ONE,
    SMP_WITHOUT_RANGES,
    SMP_IN_WRONG_STATE,
    SMP_ACROSS_REFRESH,
)
"""Every flaw, in the order of the tables."""

CURES: tuple[Variant, ...] = (
    _history(
        "sigma-with-mac",
        "the identity is in the clear, under a MAC with a key made from the shared secret",
        Override("ake_keys", "mac-key-secret"),
    ),
    _history(
        "sigma-with-keyed-signature",
        "the identity is in the clear; what is signed needs a key made from the shared secret",
        Override("ake_keys", "signed-key-secret"),
    ),
)
"""What of version 3 cures `sigma-without-identity`, each by itself and without encryption."""
