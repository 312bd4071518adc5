"""Rows that no case fires, and faults that no case can notice: each with the reason.

A test holds both to their word: a row listed here is fired by no case, a fault listed here is
noticed by none. There is a module for each group of tables.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EQUIVALENT", "IMPOSSIBLE", "UNREACHABLE"]

_MODULES = tuple(import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))

UNREACHABLE: Final[Mapping[str, str]] = {
    row: reason for module in _MODULES for row, reason in module.UNREACHABLE.items()
}
EQUIVALENT: Final[Mapping[str, str]] = {
    fault: reason for module in _MODULES for fault, reason in module.EQUIVALENT.items()
}

_POLICY_STANDS: Final = (
    "an endpoint's policy is given when it is made, and this state is reached only where version 4 "
    "is allowed"
)
_NOBODY_ENGAGED: Final = (
    "version 3 is not spoken although it is allowed only in a private conversation of version 4, "
    "which has to be allowed"
)
_LAST: Final = "it is asked last in its cell: whatever else it could be was ruled out before"

IMPOSSIBLE: Final[Mapping[str, str]] = {
    "IS_MALFORMED: msg.kind = 12: different": _LAST,
    "TLV_MALFORMED: msg.tlv_kind = 11: different": _LAST,
    "PUBLISHER: role = 4: different": _LAST,
    "OFFERS_3: mode = 0: different": "in other modes what offers version 3 is taken for a text",
    "OFFER_ANSWERED: 0 < offers: equal": "an offer that is over was made before",
    "otrv4.dake:identity.waiting-auth-i.*: not allow_v4*": _POLICY_STANDS,
    "otrv4.dake:non-interactive-auth.waiting-auth-[ri].*: not allow_v4*": _POLICY_STANDS,
    "otrv4.message:*.encrypted-messages.*: *not allow_v4*": _POLICY_STANDS,
    "otrv4.message:*.finished.*: *not allow_v4*": _POLICY_STANDS,
    "otrv4.message:plaintext.start.warned: *not require_encryption*": (
        "who is in a private conversation of version 3 is allowed that version, and in no private "
        "conversation of version 4, since to enter one ends it: the row of version 3 applies"
    ),
    "otrv4.message:settled.start.none: not allow_v3": (
        "SETTLED comes of a conversation that becomes private, or of a message of version 3"
    ),
    "otrv4.message:user-send.start.waiting: *not allow_v4*": (
        "a DAKE is in progress only where version 4 is allowed"
    ),
    "otrv4.message:user-send.start.queue-full: *not allow_v4, not require_encryption*": (
        "where neither encryption is required nor a DAKE can be in progress, no text waits"
    ),
    "otrv4.version:*.ready.engaged: allow_v3, not allow_v4*": _NOBODY_ENGAGED,
    **{
        f"otrv4.ratchet:protected.held.{where}-not-valid: data-ecdh-point": (
            "a ratchet is the same where the key is the one that was checked when it began"
        )
        for where in ("same", "skipped")
    },
}
"""Obligations that nothing can meet, by patterns of what they say, each with the reason."""
