"""Why neither a proof nor a search catches some variants.

A variant that nothing catches and that has no sentence here fails a test; so does one that is
caught and has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .unnoticed import UNSEARCHED

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NEITHER"]


def _skipped(protocol: str, reason: str, *checks: str) -> dict[str, str]:
    """One reason for several checks."""
    return {f"{protocol} skip {check}": reason for check in checks}


def _literal(protocol: str, reason: str, *names: str) -> dict[str, str]:
    """One reason for several readings."""
    return {f"{protocol} literal {name}": reason for name in names}


_PROOFS: Final = (
    "what is proved is that the sender knows the exponents of what it sends. Over terms nobody "
    "gains anything by not knowing them, and a bad peer here sends right elements with a proof "
    "that does not hold."
)
_ERRORS: Final = (
    "an Error Message more or less tells the network nothing, and ends nothing; it is noise, which "
    "comes to an end."
)
_SIGNED_ELEMENT: Final = (
    "keys made of a bad element are known to all, but the exchange is complete only when whoever "
    "sent it has signed it as well: an honest peer sends none, and a bad one knows the keys anyway."
)
_PROFILE: Final = (
    "ring signatures are made with the long-term key itself, so that nobody becomes somebody else "
    "by a wrong profile. What it protects is what else a profile says, which no property asks."
)
_EPHEMERAL: Final = (
    "the other keys that are mixed in stay secret, and the ring signature covers the bad one, so "
    "that only a bad peer can send it, who knows the keys anyway."
)
_LOW_ORDER: Final = (
    "a bad peer sends a point of low order here, one at a time, and that misleads nobody. Several "
    "neutral points together do: see the last line of the table."
)
_ALONE: Final = (
    "that this element alone is 1 is of no use to who sends it, where the others are looked at."
)

NEITHER: Final[Mapping[str, str]] = {
    **{name: f"{reason[:1].lower()}{reason[1:]}" for name, reason in UNSEARCHED.items()},
    # Version 3.
    **_literal("otrv3", _ERRORS, "unreadable-without-keys", "malformed-answer"),
    **_literal(
        "otrv3",
        "what is for no particular instance is taken for what it is by its keys and tags; nobody "
        "honest sends it.",
        "receiver-zero",
    ),
    **_skipped("otrv3", _SIGNED_ELEMENT, "GY_RANGE", "GX_RANGE"),
    **_skipped(
        "otrv3",
        "the hash keeps whoever committed from choosing g^x late, and the order of hashes honest. "
        "No property asks about choice; see the flaw commitment-undone.",
        "COMMITMENT_MATCHES",
    ),
    **_skipped(
        "otrv3",
        "either half of SIGMA is enough over terms: what is signed also needs a key made from the "
        "shared secret; see the cures.",
        "REVEAL_MAC",
        "SIGNATURE_MAC",
    ),
    **_skipped(
        "otrv3",
        _ALONE,
        *("G3A_RANGE", "G3B_RANGE", "PB_RANGE", "QB_RANGE", "PA_RANGE", "QA_RANGE", "RA_RANGE"),
        "RB_RANGE",
    ),
    **_skipped(
        "otrv3",
        _PROOFS,
        *("G2A_PROOF", "G3A_PROOF", "G2B_PROOF", "G3B_PROOF", "PB_QB_PROOF", "PA_QA_PROOF"),
        *("RA_PROOF", "RB_PROOF"),
    ),
    # Version 4.
    **_literal(
        "otrv4", _ERRORS, "unreadable-without-keys", "duplicate-answer", "error-without-code"
    ),
    **_literal(
        "otrv4",
        "a Query Message in private begins a new DAKE, and leaves the old conversation as it is "
        "until that is complete.",
        "query-when-private",
    ),
    **_literal(
        "otrv4",
        "a user who has ended a conversation, and is private a moment later, is told so; that the "
        "user did not want it is asked by no property.",
        "end-while-waiting",
    ),
    **_literal(
        "otrv4",
        "ephemeral keys of a DAKE that is never complete protect no text.",
        "stuck-dake",
    ),
    **_literal(
        "otrv4",
        "what becomes of a private conversation of version 3 is asked by no property of version 4.",
        "leaving-version-3",
    ),
    **_literal(
        "otrv4",
        "who is misled trusts a key of version 3, and no property of version 4 asks about those.",
        "transition-optional",
    ),
    **_skipped(
        "otrv4",
        _PROFILE,
        *("PROFILE_SIGNED", "PROFILE_OWNER", "PROFILE_VERSIONS"),
        *("PROFILE_FORGING_KEY", "PROFILE_TRANSITION", "ENSEMBLE_OWNERS"),
        *("PREKEY_PROFILE_SIGNED", "PREKEY_PROFILE_FRESH"),
    ),
    **_skipped(
        "otrv4",
        _EPHEMERAL,
        *("ECDH_POINT", "DH_MEMBER", "FIRST_ECDH_POINT", "FIRST_DH_MEMBER"),
        *("SHARED_PREKEY_POINT", "PREKEY_ECDH_POINT", "PREKEY_DH_MEMBER"),
    ),
    **_skipped(
        "otrv4",
        "a bad key of the next ratchet is mixed with the last root key, which stays secret, and "
        "the message is authenticated, so that only a bad peer can send it.",
        "DATA_ECDH_POINT",
        "DATA_DH_MEMBER",
    ),
    **_skipped(
        "otrv4",
        _LOW_ORDER,
        *("G2A_POINT", "G3A_POINT", "G2B_POINT", "G3B_POINT", "PB_POINT", "QB_POINT"),
        *("PA_POINT", "QA_POINT", "RA_POINT", "RB_POINT"),
    ),
    **_skipped(
        "otrv4",
        _PROOFS,
        *("G2A_PROOF", "G3A_PROOF", "G2B_PROOF", "G3B_PROOF", "PB_QB_PROOF", "PA_QA_PROOF"),
        *("RA_PROOF", "RB_PROOF"),
    ),
}
"""By the id of the variant."""
