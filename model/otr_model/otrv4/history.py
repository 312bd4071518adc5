"""Flaws of OTR version 4, as variants of its tables.

No implementation of the pinned text is in use, so that most of them are in its letter: the hardened
reading is ours (`otr_model.otrv4.ambiguities`), and the variant is the literal one
(`otr_model.otrv4.variants`). See `otr_model.kernel.history`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_model.kernel.history import Flaw, Origin
from otr_model.kernel.variant import NONE, Edit, EditRow, Override, SkipCheck, Variant

from . import ambiguities as holes
from .conditions import Check
from .effects import Do
from .variants import DIALECTS, LITERAL

if TYPE_CHECKING:
    from otr_model.kernel.ambiguity import Ambiguity

__all__ = ["FLAWS"]

_TEXT = "the text of version 4"
_YEAR = 2019


def _flaw(  # noqa: PLR0913 - the parts of a flaw
    name: str,
    about: str,
    *edits: Edit,
    violates: str,
    user: str,
    origin: Origin = Origin.TEXT,
    year: int = _YEAR,
    source: str = _TEXT,
    there: str = "the letter of the text",
    fixed: str = "",
    attacker: str = "",
    policies: tuple[tuple[str, bool], ...] = (),
) -> Flaw:
    variant = Variant(f"history {name}", about, edits) if edits else NONE
    return Flaw(
        f"otrv4.flaw:{name}",
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


def _literal(hole: Ambiguity) -> tuple[Edit, ...]:
    return LITERAL[hole.id].edits


def _where(hole: Ambiguity) -> str:
    return f"{_TEXT}, {hole.literal.where}" if hole.literal.where else _TEXT


def _reading(hole: Ambiguity) -> str:
    return f"our reading: {hole.ours.says}"


# Versions and profiles.

VERSION_ROLLBACK = _flaw(
    "version-rollback",
    "the offer of versions is not authenticated, and a client profile need not be published",
    origin=Origin.DESIGN,
    source=f"{_TEXT}, Client Profile",
    there="version 4 in its OTRv3-compatible mode, where no profile of the peer's is known",
    violates="version",
    attacker="takes the 4 out of a Query Message",
    user="two clients that both speak version 4 converse in version 3, and nobody is told",
)
PUBLISHED_PROFILE_IGNORED = _flaw(
    "published-profile-ignored",
    "who knows from a published profile that the peer speaks version 4 follows an older offer",
    *_literal(holes.ROLLBACK),
    source=_where(holes.ROLLBACK),
    there="the letter of the text, which allows a check and asks for none",
    fixed=_reading(holes.ROLLBACK),
    violates="version",
    attacker="takes the 4 out of a Query Message",
    user="converses in version 3 with somebody who is known to speak version 4",
)
CLIENT_PROFILE_ROLLBACK = _flaw(
    "client-profile-rollback",
    "an old client profile is as good as a new one",
    SkipCheck(Check.PROFILE_FRESH),
    origin=Origin.RULE,
    source=f"{_TEXT}, Validating a Client Profile",
    there="clients that do not look at when a profile expires",
    fixed="version 4: an expired profile is refused",
    violates="fresh-profile",
    attacker="shows a profile that has expired, whose key it has stolen since",
    user="talks to a thief, although the owner of the key has long had another",
)
TRANSITION_UNVERIFIED = _flaw(
    "transition-unverified",
    "the signature that ties a profile to a key of version 3 need not be verified",
    *_literal(holes.TRANSITION_OPTIONAL),
    source=_where(holes.TRANSITION_OPTIONAL),
    fixed=_reading(holes.TRANSITION_OPTIONAL),
    violates="agreement",
    attacker="states somebody else's key of version 3 in its own profile",
    user="takes the attacker for somebody whose old fingerprint was verified",
)

# The DAKEs.

IDENTITY_WHEN_PRIVATE = _flaw(
    "identity-when-private",
    holes.IDENTITY_WHEN_PRIVATE.literal.says,
    *_literal(holes.IDENTITY_WHEN_PRIVATE),
    year=2018,
    source="otrv4/otrv4, issue 165",
    fixed=_reading(holes.IDENTITY_WHEN_PRIVATE),
    violates="belief",
    attacker="sends one Identity message, with a profile of its own and the peer's instance tag",
    user="goes on typing into a conversation that is no longer private; nothing is sent",
)
FORGED_NON_INTERACTIVE_AUTH = _flaw(
    "forged-non-interactive-auth",
    holes.FORGED_NON_INTERACTIVE_AUTH.literal.says,
    *_literal(holes.FORGED_NON_INTERACTIVE_AUTH),
    source=_where(holes.FORGED_NON_INTERACTIVE_AUTH),
    fixed=_reading(holes.FORGED_NON_INTERACTIVE_AUTH),
    violates="belief",
    attacker="sends one Non-Interactive-Auth message that no check of would hold",
    user="goes on typing into a conversation without keys; nothing is sent",
)
IDENTITY_OF_ANOTHER = _flaw(
    "identity-of-another",
    "another Identity message replaces the one that was answered",
    origin=Origin.DESIGN,
    source=_where(holes.IDENTITY_OF_ANOTHER),
    there="version 4",
    violates="convergence",
    attacker="sends an Identity message, with the peer's instance tag, while a DAKE is in progress",
    user="is never private, while the peer is; and so as often as the attacker likes",
)
IDENTITY_RESENT = _flaw(
    "identity-resent",
    "an Identity message that comes once more is answered with new keys",
    *_literal(holes.IDENTITY_RESENT),
    source=_where(holes.IDENTITY_RESENT),
    fixed=_reading(holes.IDENTITY_RESENT),
    violates="convergence",
    user="both begin at once; one of them is private, and the other waits",
)
RING_TWICE = _flaw(
    "ring-twice",
    "a ring signature is made where all its keys are the signer's",
    Override("ring_sign", "own-key-repeated"),
    source=_where(holes.RING_TWICE),
    there="the letter of the text; libotr-ng and otr4j refuse",
    fixed=_reading(holes.RING_TWICE),
    violates="deniability",
    attacker=(
        "is the peer, and states the user's public key as its forging key and as its ephemeral key"
    ),
    user="has signed what nobody else could have signed: the attacker can show it to a judge",
)
RING_RANDOMS = _flaw(
    "ring-randoms",
    holes.RING_RANDOMS.literal.says,
    *DIALECTS["ring-randoms-pruned"].edits,
    source=_where(holes.RING_RANDOMS),
    fixed=_reading(holes.RING_RANDOMS),
    violates="deniability",
    attacker="looks at the numbers of a ring signature; over terms there is nothing to see",
    user="three signatures in four name the key that made them",
)

# What the user types.

QUEUED_FOR_ANOTHER = _flaw(
    "queued-for-another",
    "a text that waits is sent to whoever the next conversation is with",
    *_literal(holes.QUEUED_FOR),
    source=_where(holes.QUEUED_FOR),
    fixed=_reading(holes.QUEUED_FOR),
    violates="secrecy",
    attacker="completes a DAKE with a key of its own, in Bob's account",
    user="what was typed for Bob is sent to the attacker",
)
LEFT_WITHOUT_A_WORD = _flaw(
    "left-without-a-word",
    "who starts a conversation interactively leaves the private one without a word",
    *_literal(holes.ONLINE_AGAIN),
    source=_where(holes.ONLINE_AGAIN),
    fixed=_reading(holes.ONLINE_AGAIN),
    violates="belief",
    user="is not told that the conversation is over; the peer types into it, and is not read",
)

# The double ratchet.

STOLEN_SKIPPED_KEYS = _flaw(
    "stolen-skipped-keys",
    "keys of messages that have not arrived are kept for ever",
    EditRow("otrv4.ratchet:keys-clock.held.keys-stale", do=()),
    origin=Origin.RULE,
    source=f"{_TEXT}, Deletion of Stored Message Keys",
    there="clients that never delete them; within keys_lifetime seconds, every client",
    fixed="version 4: they are deleted after a while, here keys_lifetime seconds",
    violates="stale-keys",
    attacker="holds a message back, steals the receiver's device years later, and reads it",
    user="a text that never arrived is not forgotten with the keys of those that did",
)
SKIPPED_KEY_FORGED = _flaw(
    "skipped-key-forged",
    holes.SKIPPED_KEY_FORGED.literal.says,
    EditRow("otrv4.ratchet:protected.held.skipped-not-valid", do=(Do.DROP_SKIPPED,)),
    source=_where(holes.SKIPPED_KEY_FORGED),
    there="the letter of one passage of the text",
    fixed=_reading(holes.SKIPPED_KEY_FORGED),
    violates="delivery",
    attacker="changes a delayed message, and delivers the changed one first",
    user="the real message can never be read",
)
LAST_MAC_KEYS = _flaw(
    "last-mac-keys",
    "who ends a conversation keeps the MAC keys of its last messages",
    *_literal(holes.MAC_KEYS_AT_THE_END),
    year=2018,
    source="otrv4/otrv4, issue 182, of the side that does not end it",
    fixed=_reading(holes.MAC_KEYS_AT_THE_END),
    violates="deniability",
    user="the last messages of every conversation could not have been forged by anybody",
)

FLAWS: tuple[Flaw, ...] = (
    VERSION_ROLLBACK,
    PUBLISHED_PROFILE_IGNORED,
    CLIENT_PROFILE_ROLLBACK,
    TRANSITION_UNVERIFIED,
    IDENTITY_WHEN_PRIVATE,
    FORGED_NON_INTERACTIVE_AUTH,
    IDENTITY_OF_ANOTHER,
    IDENTITY_RESENT,
    RING_TWICE,
    RING_RANDOMS,
    QUEUED_FOR_ANOTHER,
    LEFT_WITHOUT_A_WORD,
    STOLEN_SKIPPED_KEYS,
    SKIPPED_KEY_FORGED,
    LAST_MAC_KEYS,
)
"""Every flaw, in the order of the tables."""
