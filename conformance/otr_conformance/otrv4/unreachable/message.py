"""Message states and versions: rows that no case fires, and faults that no case can notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Rows.

_START_BY_THE_USER: Final = (
    "The event comes of a Data Message that was looked at in ENCRYPTED_MESSAGES. While it is dealt "
    "with, the state changes only to FINISHED, by a TLV of type 1; only the user leads to START."
)
_ONE_AT_A_TIME: Final = (
    "In one run Data Messages are dealt with one after the other: the next that waits is taken by "
    "EARLY, which the last raises when it is done with. A message is accepted or refused before "
    "its TLVs are looked at, so that no TLV of type 1 can lead to FINISHED in between."
)
_DISABLED_ALWAYS: Final = (
    "An endpoint's policy is given when it is made, and no request of the shim protocol changes "
    "it. Where it allows no version, whatever arrives is shown as it is, and so no conversation "
    "becomes private."
)
_NOT_ALLOWED_ALWAYS: Final = (
    "An endpoint's policy is given when it is made, and no request of the shim protocol changes "
    "it. Where it does not allow version 4, no conversation of version 4 becomes private, so that "
    "the state stays START."
)

UNREACHABLE: Final[Mapping[str, str]] = {
    "otrv4.message:early.start.early-waits": _START_BY_THE_USER,
    "otrv4.message:early.start.not-early-waits": _START_BY_THE_USER,
    "otrv4.message:data-taken.start": _START_BY_THE_USER,
    "otrv4.message:data-refused.start": _START_BY_THE_USER,
    "otrv4.message:disconnected.start": _START_BY_THE_USER,
    "otrv4.message:content-done.start": _START_BY_THE_USER,
    "otrv4.message:data-taken.finished": _ONE_AT_A_TIME,
    "otrv4.message:data-refused.finished": _ONE_AT_A_TIME,
    "otrv4.message:user-start.finished.disabled": _DISABLED_ALWAYS,
    "otrv4.message:user-start-dake.encrypted-messages.not-allowed": _NOT_ALLOWED_ALWAYS,
    "otrv4.message:user-start-dake.finished.not-allowed": _NOT_ALLOWED_ALWAYS,
}
"""By the id of the row."""

# Faults.

_LITERAL: Final = "It is the literal reading of an ambiguity, and such a target gets a note: "
_WARNING_ONLY: Final = (
    "All that the row does is to warn the user that an older version was asked for, which the "
    "specification leaves to the implementation; such warnings are not compared. That no "
    "conversation of version 3 begins is so without the row, too."
)
_REFUSAL_ONLY: Final = (
    "All that the row does is to tell the user that what was asked for is not possible now, which "
    "is between the implementation and its user; such reports are not compared."
)
_PRIVATE_IN_THE_SAME_RUN: Final = (
    "The row raises OFFLINE_WANTED, which leads to ENCRYPTED_MESSAGES in the same run, and nothing "
    "that is raised before it asks for the state: the rows that lead there from START and from "
    "FINISHED are the same."
)
_REFRESHED: Final = (
    "The row raises OFFLINE_WANTED, which leads to ENCRYPTED_MESSAGES in the same run; from there "
    "the user is told that the private conversation was refreshed instead of that it is private, "
    "which the text does not ask to be told apart. A private conversation of version 3 is not "
    "ended then, which is the literal reading of an ambiguity, leaving-version-3."
)
_STATE_OF_NOBODY: Final = (
    "What version 3 handles goes through the master session. A text that waits for one fingerprint "
    "was typed in the session of an instance; from then on what the user does, and what has no "
    "tags, is for such a session, and nothing asks for the master's message state."
)
_OFFLINE: Final = "otrv4.message:user-start-offline"

EQUIVALENT: Final[Mapping[str, str]] = {
    "drop otrv4.version:query.ready.rollback": _WARNING_ONLY,
    "drop otrv4.version:other-version.ready.rollback": _WARNING_ONLY,
    "drop otrv4.message:early.encrypted-messages.early-waits": f"{_LITERAL}early-data.",
    "drop otrv4.message:user-start.encrypted-messages": _REFUSAL_ONLY,
    "drop otrv4.message:user-start-dake.start.not-allowed": _REFUSAL_ONLY,
    "drop otrv4.message:user-extra-key.start.not-private": _REFUSAL_ONLY,
    "drop otrv4.message:user-extra-key.finished": _REFUSAL_ONLY,
    **{
        f"drop {_OFFLINE}.{state}.{name}": _REFUSAL_ONLY
        for state in ("start", "encrypted-messages", "finished")
        for name in ("untrusted", "not-valid", "online-only")
    },
    **{
        f"retarget otrv4.message:settled.start.of-another {state}": _STATE_OF_NOBODY
        for state in ("ENCRYPTED_MESSAGES", "FINISHED")
    },
    f"retarget {_OFFLINE}.start.acceptable FINISHED": _PRIVATE_IN_THE_SAME_RUN,
    f"retarget {_OFFLINE}.encrypted-messages.acceptable FINISHED": _PRIVATE_IN_THE_SAME_RUN,
    f"retarget {_OFFLINE}.finished.acceptable START": _PRIVATE_IN_THE_SAME_RUN,
    f"retarget {_OFFLINE}.encrypted-messages.acceptable ENCRYPTED_MESSAGES": _REFRESHED,
    f"retarget {_OFFLINE}.finished.acceptable ENCRYPTED_MESSAGES": _REFRESHED,
}
"""By the name of the variant (`otr_conformance.otrv4.strength.faults`)."""
