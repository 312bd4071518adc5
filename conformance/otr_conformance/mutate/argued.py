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

# What is done or told in one step, in which order.

_ONE_STEP: Final = (
    "The same user is told both in one step, and what one step tells is compared in any order."
)
_NEXT_TLV: Final = (
    "TLV_DONE goes on to the next TLV and raises NEXT_TLV. The event with which it changes places "
    "does not look at the TLV at hand, and what the next TLV raises comes two events later: "
    "behind that event, and behind what this raises."
)
_SMP_ENDS: Final = (
    "SETTLED sends what waits, SMP_RESET ends SMP. Neither looks at what the other changes, and "
    "that SMP was ended is not compared."
)
_KEYS_AND_TLVS: Final = (
    "NEXT_TLV raises the event of the TLV, which comes after DATA_TAKEN in either order. What it "
    "does itself is about the keys of the message at hand, which DATA_TAKEN leaves as they are."
)
_SHARED_FIRST: Final = (
    "All that ARRIVED does is to raise the event of what kind of message it is. That comes behind "
    "SHARE in either order, and SHARE looks at nothing that ARRIVED changes."
)
_EITHER_KEY_FIRST: Final = (
    "In either order the same windows are left, and the same MAC keys are to be revealed: those "
    "used with either key that is forgotten. In which order they are revealed is not compared."
)
_SENT_FIRST: Final = (
    "SETTLED puts the next text that waits behind those that are to be sent, and raises what "
    "sends it: all are sent in the order in which they waited, in the same step."
)
_SHOWN_AND_BEGUN: Final = (
    "The text is shown to the user, and an Identity message is sent: neither looks at what the "
    "other changes, and what is told and sent in one step is compared apart."
)
_NO_HEARTBEAT_FOR_EARLY: Final = (
    "A Data Message that was kept is dealt with in the run in which the ratchet begins, at a time "
    "at which the interval of heartbeats has begun, too: where a heartbeat is due, EARLY finds "
    "none."
)

# Numbers that are never there, or never looked at.

_GROWS: Final = "A counter has to be more than the one before; by how much, no case asks."
_NO_PREVIOUS: Final = (
    "No message under an earlier key of the peer's is taken before there is one, and what makes "
    "the peer's key an earlier one sets its window to that of the key: it decides nothing."
)
_ONLY_EARLIER: Final = (
    "A message under the most recent key of either side makes that an earlier one in the same "
    "run: between messages every window is 0 but that of the two earlier keys, and so is this one "
    "where the effect leaves it alone."
)
_GOES_BACK: Final = (
    "The window is asked for, before it is set anew, only for a message of somebody who goes back "
    "to a key of its own that was acknowledged already, or to one of ours that was replaced. "
    "Nobody does who follows the text, and no case has the tester do it."
)
_NO_KEYS: Final = (
    "Without keys the machine is in EMPTY, where nothing asks for a key id, and HELD is entered "
    "only by what sets both: the value is never read."
)
_COUNTED: Final = (
    "The count of D-H Commits is compared with what it was at an earlier one to all instances: it "
    "has to be another one then. One to nobody but the master's peer (version 2) is not shared at "
    "all, and by how much the count grows nothing asks."
)
_NEVER_AHEAD: Final = (
    "What was answered was counted before: the first number is never more than the second, so "
    "that it is not less exactly where it is equal."
)
_TO_ALL: Final = (
    "A D-H Commit that is not to all instances raises the count, and none is adopted until there "
    "is one that is: the two numbers are equal only where the last was to all."
)
_OFFERED_BEFORE: Final = (
    "It is asked for only where an Identity message of our own waits, in the master session: one "
    "was offered, and the number is above 0."
)
_NEITHER: Final = (
    "The stored text is asked for only where the number is 1 (was sent) or 2 (is owed): any other "
    "one says that there is none, and it is set anew where a text is stored."
)
_OF_TWO: Final = (
    "The message was found to be under one of two keys, the most recent one and that before: its "
    "id is not less than the most recent one exactly where it is equal."
)
_LAST_OF_ITS_KIND: Final = "No number above it occurs: to be at least as much is to be equal."
_VERSION_OF_THE_SESSION: Final = (
    "In the master session messages are of version 2, so that a D-H Key Message is at least of "
    "the version of the D-H Commit only if that was of version 2; in an instance's session both "
    "are of version 3."
)
_NO_TAG_BELOW_0: Final = "Instance tags are not below 0: at most 0 is 0."
_SAME_COUNT: Final = (
    "A piece is appended only where n is N: what is stored is what was stored before."
)
_NO_KEYS_4: Final = (
    "Without keys the machine is in EMPTY. HELD is entered only where a ratchet begins, which "
    "sets the value to 0; until then nothing asks for it but how many MAC keys are to be "
    "revealed, which nothing asks for."
)
_NOT_TIMED: Final = (
    "Where a ratchet begins, TIMED is set to no. FRESH_AT is asked for only while TIMED, and what "
    "sets TIMED to yes sets FRESH_AT to the time where it was no: the value is never read."
)
_TIMED_BEFORE: Final = (
    "A message key is skipped only by a Data Message that was taken, and that has started the "
    "timer: TIMED is yes already, and FRESH_AT stays as it is."
)
_NOTHING_SKIPPED: Final = (
    "SKIPPED is set to 0. SKIPPED_AT is asked for only where that is more than 0, and what makes "
    "it more sets SKIPPED_AT to the time where it was 0: the value is never read."
)
_NOTHING_TO_DROP: Final = (
    "Where no skipped message key is kept, to forget them changes nothing, and reveals nothing."
)
_NO_RATCHET_BELOW: Final = (
    "It is asked whether a ratchet id is less than this number, and no id is below 0: -2, -1 and "
    "0 are the same."
)
_SEEN_BEFORE: Final = (
    "A ratchet is the peer's current one because its first message set this number to its id, or "
    "because it is the first one of the conversation, before which there is none that could be "
    "over."
)
_NOTHING_RECEIVED: Final = (
    "As long as nothing was received, the number is asked for only to bound how many messages of "
    "the ratchet before are said to be lost; by what, the text names as an example."
)
_ONE_IS_MISSING: Final = (
    "The pieces that are held have different indices of at most the total, and this one is not "
    "among them: the total is never less than their number and one."
)
_ONLY_COMPATIBLE: Final = (
    "An endpoint that speaks version 3 has an endpoint of version 3 in it, which only the "
    "OTRv3-compatible mode gives it; without one it takes the policy for not allowing version 3."
)
_LAST_MODE: Final = (
    "The interactive-only mode has the largest number of the three: to be at least as much is to "
    "be equal."
)

# What is left of something that is over.

_NOTHING_EARLY: Final = (
    "Data Messages are kept for later in WAITING_AUTH_I only. What leads from there to IDLE, "
    "directly or by way of WAITING_AUTH_R, forgets them or has them dealt with in the same run: "
    "in IDLE none is kept."
)
_NOTHING_LOOKS: Final = (
    "Where no exchange is in progress nothing looks at what is left of one, and what begins the "
    "next one replaces all of it that is looked at then."
)
_KEPT_UNREAD: Final = (
    "Keys are looked at in ENCRYPTED_MESSAGES only, which is left, and where a ratchet begins, in "
    "either state of its machine, every value is set anew. MAC keys were revealed before. An "
    "offer to all instances, which the event ends as well, is abandoned in the same run with all "
    "else that is in progress."
)


# What is let pass.

_OUR_BOUND: Final = (
    "The bound is ours, against being made to store or compute too much. The text sets none: "
    "whoever has another one is right, and no case asks where it lies."
)
_EXAMPLE: Final = (
    "How many message keys may be skipped, and stored, the text leaves to the implementation, "
    "naming an example. Whoever has another bound is right; that there is one, the cases ask for."
)
_NEVER_CAME: Final = (
    "The MAC keys are those of messages that have not come. They verified nothing: whether they "
    "become public is let pass (unused-mac-keys)."
)
_FORGOTTEN_BY_THE_ACCOUNT: Final = (
    "The client's account forgets a profile a day after it expires, so that a conversation which "
    "would take it for longer has none to take."
)
_NOT_REPORTED: Final = (
    "The user is given the extra symmetric key itself for every TLV, and that is compared; what "
    "more is derived from it is not reported."
)

_BOTH: Final = {
    "swap show-plaintext warn-unencrypted *": _ONE_STEP,
    "disorder smp-abort tlv-done *": _NEXT_TLV,
    "disorder smp-broken tlv-done *": _NEXT_TLV,
    "disorder disconnected tlv-done *": _NEXT_TLV,
    "disorder smp-reset settled *": _SMP_ENDS,
    "disorder share arrived *": _SHARED_FIRST,
    "parameter max_tlvs *": _OUR_BOUND,
    "boundary has-tags 4": _LAST_OF_ITS_KIND,
}

ARGUED: Final[Mapping[str, Mapping[str, str]]] = {
    "otrv3": {
        **_BOTH,
        "disorder data-taken next-tlv *": _KEYS_AND_TLVS,
        "swap rotate-our-keys rotate-their-keys *": _EITHER_KEY_FIRST,
        "omit forget-exchange otrv3.ake:commit-over.*": _NOTHING_LOOKS,
        "always fits-alone": _OUR_BOUND,
        "boundary fits-alone ?": _OUR_BOUND,
        "update append-piece stored_size *": _OUR_BOUND,
        "update append-piece stored_n kept": _SAME_COUNT,
        "boundary acknowledges 4": _OF_TWO,
        "boundary advances 4": _OF_TWO,
        "boundary commit-answered 4": _NEVER_AHEAD,
        "part commit-answered 1": _TO_ALL,
        "boundary dh-key-version 4": _VERSION_OF_THE_SESSION,
        "boundary owed 4": _LAST_OF_ITS_KIND,
        "update forget-stored stored -1": _NEITHER,
        "update new-commit-? commits *": _COUNTED,
        "update send-* sent +1": _GROWS,
        "update install-*keys sent *": _GROWS,
        "update install-keys seen_?_1 *": _NO_PREVIOUS,
        "update install-keys seen_?_0 kept": _ONLY_EARLIER,
        "update install-our-keys seen_0_? kept": _ONLY_EARLIER,
        "update install-our-keys seen_1_0 kept": _ONLY_EARLIER,
        "update install-our-keys seen_0_1 *": _GOES_BACK,
        "update rotate-their-keys seen_0_? kept": _ONLY_EARLIER,
        "update rotate-their-keys seen_1_0 *": _GOES_BACK,
        "update rotate-our-keys seen_0_0 kept": _GOES_BACK,
        "update rotate-our-keys seen_0_1 *": _GOES_BACK,
        "update forget-keys our_keyid *": _NO_KEYS,
        "update forget-keys their_keyid *": _NO_KEYS,
    },
    "otrv4": {
        **_BOTH,
        "disorder sending settled *": _SENT_FIRST,
        "disorder tagged-text dake-wanted *": _SHOWN_AND_BEGUN,
        "disorder sending early otrv4.message:content-done.*": _NO_HEARTBEAT_FOR_EARLY,
        "mute early otrv4.message:content-done.*.heartbeat-due": _NO_HEARTBEAT_FOR_EARLY,
        "mute session-over otrv4.message:user-end.*": _KEPT_UNREAD,
        "omit forget-early otrv4.dake:*.idle*": _NOTHING_EARLY,
        "omit forget-exchange otrv4.dake:*-over.*": _NOTHING_LOOKS,
        "omit forget-exchange otrv4.dake:dake-clock.*": _NOTHING_LOOKS,
        "omit drop-skipped otrv4.message:user-start-*": _NEVER_CAME,
        "swap drop-skipped reveal *": _NEVER_CAME,
        "parameter max_assemblies *": _OUR_BOUND,
        "parameter max_stored *": _OUR_BOUND,
        "boundary fits 1": _OUR_BOUND,
        "update hold-piece held_size +1": _OUR_BOUND,
        "parameter extra_validity 86401": _FORGOTTEN_BY_THE_ACCOUNT,
        "parameter extra_validity 172800": _FORGOTTEN_BY_THE_ACCOUNT,
        "parameter max_extra_keys *": _NOT_REPORTED,
        "policy allow_v3 set": _ONLY_COMPATIBLE,
        "boundary disabled 4": _ONLY_COMPATIBLE,
        "part disabled 6": _ONLY_COMPATIBLE,
        "boundary speaks-3 4": _ONLY_COMPATIBLE,
        "part speaks-3 4": _ONLY_COMPATIBLE,
        "boundary speaks-3 7": _NO_TAG_BELOW_0,
        "boundary unengaged 3": _NO_TAG_BELOW_0,
        "boundary offline-allowed 4": _LAST_MODE,
        "boundary offer-answered 1": _OFFERED_BEFORE,
        "part offer-answered 1": _OFFERED_BEFORE,
        "boundary offer-answered 6": _NEVER_AHEAD,
        "boundary last-missing 3": _ONE_IS_MISSING,
        "boundary keys-stale 1": _NOTHING_TO_DROP,
        "part keys-stale 1": _NOTHING_TO_DROP,
        "boundary near-in-next ?": _EXAMPLE,
        "part near-in-next ?": _EXAMPLE,
        "update begin-as-* fresh_at *": _NOT_TIMED,
        "update begin-as-* skipped_at *": _NOTHING_SKIPPED,
        "update drop-skipped skipped_at *": _NOTHING_SKIPPED,
        "update begin-as-* max_remote_i_seen ?1": _NO_RATCHET_BELOW,
        "update begin-as-responder k *": _NOTHING_RECEIVED,
        "update begin-as-retriever k *": _NOTHING_RECEIVED,
        "update take-same max_remote_i_seen kept": _SEEN_BEFORE,
        "update take-skipped fresh_at kept": _TIMED_BEFORE,
        "update take-skipped timed kept": _TIMED_BEFORE,
        "update forget-keys k *": _NO_KEYS_4,
        "update forget-keys pn *": _NO_KEYS_4,
        "update forget-keys skipped *": _NO_KEYS_4,
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
