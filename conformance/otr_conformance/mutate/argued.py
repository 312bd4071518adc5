"""Why no case fails a mutant that is not proved to be equivalent: in words.

Each entry is a pattern of names, and the argument. It is asked for last, of mutants that nothing
was shown of. Beside these there are the faults and the rows that each suite lists
(`Suite.equivalent`, `Suite.unreachable`).
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from otr_conformance.protocols import protocol
from otr_model.kernel.variant import DropRow, EditRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_model.kernel.mutants import Mutant

__all__ = ["ARGUED", "argument_for"]

_ONE_STEP: Final = (
    "The same user is told both in one step, and what one step tells is compared in any order."
)
_NEXT_TLV: Final = (
    "All that TLV_DONE does is to raise NEXT_TLV, and what the next TLV raises comes two events "
    "later than that: behind the event with which it changes places, and behind what this raises."
)
_SMP_ENDS: Final = (
    "SETTLED sends what waits, SMP_RESET ends SMP. Neither looks at what the other changes, and "
    "that SMP was ended is not compared."
)
_KEYS_AND_TLVS: Final = (
    "NEXT_TLV raises the event of the TLV, which comes after DATA_TAKEN in either order. What it "
    "does itself is about the keys of the message at hand, which DATA_TAKEN leaves as they are."
)
_GROWS: Final = "A counter has to be more than the one before; by how much, no case asks."
_NOTHING_EARLY: Final = (
    "Data Messages are kept for later in WAITING_AUTH_I only. What leads from there to IDLE "
    "forgets them or has them dealt with at once: in IDLE none is kept."
)
_OUR_BOUND: Final = (
    "The bound is ours, against being made to store or compute too much. The text sets none, so "
    "that no case goes so far."
)
_NOT_TIMED: Final = (
    "Where a ratchet begins, TIMED is set to no. FRESH_AT is asked for only while TIMED, and what "
    "sets TIMED to yes sets FRESH_AT to the time where it was no: the value is never read."
)
_NOTHING_SKIPPED: Final = (
    "SKIPPED is set to 0. SKIPPED_AT is asked for only where that is more than 0, and what makes "
    "it more sets SKIPPED_AT to the time where it was 0: the value is never read."
)
_NO_PREVIOUS: Final = (
    "No message under an earlier key of the peer's is taken before there is one, and what makes "
    "the peer's key an earlier one sets its window to that of the key: the value is never read."
)
_NO_KEYS: Final = (
    "Without keys the machine is in EMPTY, where nothing asks for a key id, and HELD is entered "
    "only by what sets both: the value is never read."
)

ARGUED: Final[Mapping[str, Mapping[str, str]]] = {
    "otrv3": {
        "swap show-plaintext warn-unencrypted *": _ONE_STEP,
        "disorder smp-abort tlv-done *": _NEXT_TLV,
        "disorder smp-broken tlv-done *": _NEXT_TLV,
        "disorder disconnected tlv-done *": _NEXT_TLV,
        "disorder smp-reset settled *": _SMP_ENDS,
        "parameter max_tlvs *": _OUR_BOUND,
        "parameter max_instances *": _OUR_BOUND,
        "disorder data-taken next-tlv *": _KEYS_AND_TLVS,
        "update send-* sent +1": _GROWS,
        "update install-keys seen_?_1 *": _NO_PREVIOUS,
        "update forget-keys our_keyid *": _NO_KEYS,
        "update forget-keys their_keyid *": _NO_KEYS,
    },
    "otrv4": {
        "swap show-plaintext warn-unencrypted *": _ONE_STEP,
        "disorder smp-abort tlv-done *": _NEXT_TLV,
        "disorder smp-broken tlv-done *": _NEXT_TLV,
        "disorder disconnected tlv-done *": _NEXT_TLV,
        "disorder smp-reset settled *": _SMP_ENDS,
        "parameter max_tlvs *": _OUR_BOUND,
        "parameter max_instances *": _OUR_BOUND,
        "parameter max_assemblies *": _OUR_BOUND,
        "omit forget-early otrv4.dake:*.idle*": _NOTHING_EARLY,
        "update begin-as-* fresh_at *": _NOT_TIMED,
        "update begin-as-* skipped_at *": _NOTHING_SKIPPED,
        "update drop-skipped skipped_at *": _NOTHING_SKIPPED,
    },
}
"""Arguments by patterns of names of mutants, by protocol."""


def argument_for(name: str, mutant: Mutant) -> str:
    """Why no case fails a mutant; "" where nobody has said so.

    Args:
        name: the protocol's.
        mutant: the mutant.
    """
    suite = protocol(name).suite
    listed = suite.equivalent.get(mutant.name, "")
    if listed:
        return listed
    edits = mutant.variant.edits
    rows = [
        e.row for e in edits if isinstance(e, DropRow) or (isinstance(e, EditRow) and not e.when)
    ]
    if len(rows) == len(edits) == 1 and rows[0] in suite.unreachable:
        return suite.unreachable[rows[0]]
    patterns = ARGUED.get(name, {}).items()
    return next((why for pattern, why in patterns if fnmatchcase(mutant.name, pattern)), "")
