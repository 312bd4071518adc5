"""The DAKE: rows that no case fires, and faults that no case can notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_WANTED_WHERE_ALLOWED: Final = (
    "DAKE_WANTED is raised only where version 4 is allowed: an offer counts only if it is "
    "(OFFERS_4), so does ERROR_START_DAKE, starting interactively asks for it, and in a mode other "
    "than OTRv3-compatible version 4 is the only one, so that what is not DISABLED allows it."
)
_POLICY_STANDS: Final = (
    "An endpoint's policy is given when it is made, and no request of the shim protocol changes "
    "it. This state is reached only by an Identity message that was sent or answered where version "
    "4 is allowed."
)
_MASTER_ANSWERS_NOBODY: Final = (
    "OFFER_OVER goes to the master session. That reaches WAITING_AUTH_I only by an Identity "
    "message, and those have a sender instance tag, whose session they are for; a tag of 0 is "
    "refused before."
)

UNREACHABLE: Final[Mapping[str, str]] = {
    **{
        f"otrv4.dake:dake-wanted.{state}.not-allowed": _WANTED_WHERE_ALLOWED
        for state in ("idle", "waiting-auth-r", "waiting-auth-i")
    },
    "otrv4.dake:identity.waiting-auth-r.not-welcome": _POLICY_STANDS,
    "otrv4.dake:auth-r.waiting-auth-r.not-allowed": _POLICY_STANDS,
    "otrv4.dake:auth-i.waiting-auth-i.not-allowed": _POLICY_STANDS,
    "otrv4.dake:offer-over.waiting-auth-i": _MASTER_ANSWERS_NOBODY,
}
"""By the id of the row."""

EQUIVALENT: Final[Mapping[str, str]] = {
    "retarget otrv4.dake:offer-over.waiting-auth-r.offer-answered WAITING_AUTH_I": (
        "The master's machine only says whether something waits: no message is for the master. "
        "The instance that has answered waits as well, or is private, or was left; what its user "
        "types is queued, encrypted or refused, and leaving it puts every machine into IDLE."
    ),
    "skip profile-transition": (
        "It is the literal reading of an ambiguity, and such a target gets a note: "
        "transition-optional."
    ),
}
"""By the name of the variant (`otr_conformance.otrv4.strength.faults`)."""
