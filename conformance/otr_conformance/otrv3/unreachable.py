"""Rows that no case fires, and faults that no case can notice: each with the reason.

A test holds both to their word: a row listed here is fired by no case, a fault listed here is
noticed by none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_SMP_RECEIVED: Final = ("smp-1", "smp-2", "smp-3", "smp-4", "smp-broken")
_SMP_ASKED_FOR: Final = ("user-smp-start", "user-smp-answer", "user-smp-abort")

# Rows.

_POLICY_STANDS: Final = (
    "An endpoint's policy is given when it is made, and no request of the shim protocol changes "
    "it. In the master session, where messages of version 2 are, this state is reached only by "
    "a message of version 2 that the policy allowed; in the session of an instance, where "
    "messages of version 3 are, only by one of version 3. So the version of the message at hand "
    "is allowed, too."
)
_SETTLED_WHILE_PRIVATE: Final = (
    "SETTLED is raised only by the rows that lead to ENCRYPTED, and nothing that is raised before "
    "it changes msgstate."
)
_DATA_WHILE_PRIVATE: Final = (
    "The event comes of a Data Message that was taken in ENCRYPTED. While it is dealt with, "
    "msgstate changes only to FINISHED, by a TLV of type 1; only the user leads to PLAINTEXT."
)
_DISABLED_ALWAYS: Final = (
    "An endpoint's policy is given when it is made, and no request of the shim protocol changes "
    "it. Where it allows no version, whatever arrives is shown as it is, and so no conversation "
    "becomes private."
)
_KEYS_WHILE_PRIVATE: Final = (
    "The machine is in HELD exactly as long as msgstate is ENCRYPTED: KEYS_AGREED is raised where "
    "ENCRYPTED is entered, SESSION_OVER where it is left. The event at hand is raised in "
    "ENCRYPTED, or where it is left, and so finds HELD."
)
_SMP_WHILE_PRIVATE: Final = (
    "SMP leaves EXPECT1 only while msgstate is ENCRYPTED, and every row that leaves ENCRYPTED "
    "raises SMP_RESET, which leads to EXPECT1 before anything else is looked at."
)

UNREACHABLE: Final[Mapping[str, str]] = {
    "otrv3.instances:reassembled.ready.disabled": (
        "The policy stands, and where it allows no version a fragment is shown as it is: "
        "nothing is ever put together."
    ),
    "otrv3.instances:reassembled.ready.nested": (
        "A piece ends at its first comma, so that nothing that is put together has a comma in "
        "it; a fragment has at least three."
    ),
    "otrv3.receive:whole.ready.is-fragment": (
        "The event WHOLE is raised only by the two rows of otrv3.fragment that ask for a "
        "message which is no fragment."
    ),
    "otrv3.ake:dh-commit.awaiting-revealsig.not-allowed": _POLICY_STANDS,
    "otrv3.ake:dh-commit.awaiting-sig.not-allowed": _POLICY_STANDS,
    "otrv3.ake:dh-key.awaiting-revealsig.not-allowed": _POLICY_STANDS,
    "otrv3.ake:dh-key.awaiting-sig.not-allowed": _POLICY_STANDS,
    "otrv3.ake:reveal-signature.awaiting-revealsig.not-allowed": _POLICY_STANDS,
    "otrv3.ake:reveal-signature.awaiting-sig.not-allowed": _POLICY_STANDS,
    "otrv3.ake:signature.awaiting-revealsig.not-allowed": _POLICY_STANDS,
    "otrv3.ake:signature.awaiting-sig.not-allowed": _POLICY_STANDS,
    **{
        f"otrv3.message:settled.{state}.{owed}": _SETTLED_WHILE_PRIVATE
        for state in ("plaintext", "finished")
        for owed in ("owed.for-this-peer", "owed.not-for-this-peer", "not-owed")
    },
    "otrv3.message:disconnected.plaintext": _DATA_WHILE_PRIVATE,
    "otrv3.message:content-done.plaintext": _DATA_WHILE_PRIVATE,
    "otrv3.message:user-start.encrypted.disabled": _DISABLED_ALWAYS,
    "otrv3.message:user-start.finished.disabled": _DISABLED_ALWAYS,
    "otrv3.keys:data-taken.empty": _KEYS_WHILE_PRIVATE,
    "otrv3.keys:session-over.empty": _KEYS_WHILE_PRIVATE,
    **{
        f"otrv3.smp:{event}.{state}.not-private": _SMP_WHILE_PRIVATE
        for event in (*_SMP_RECEIVED, *_SMP_ASKED_FOR)
        for state in ("expect2", "expect3", "expect4")
    },
}
"""By the id of the row."""

# Faults.

_WARNING_ONLY: Final = (
    "All that the row does is to warn the user of a message that is discarded, which the "
    "specification leaves to the implementation; such warnings are not compared."
)
_RAISES_NOTHING_SEEN: Final = (
    "All that the row does is to raise OTHER_VERSION, which every state of the AKE ignores."
)
_NOTHING_STORED: Final = (
    "Nothing is stored in EMPTY, so that there is nothing to forget: the row does nothing."
)
_COLLECTING_NOTHING: Final = (
    "K and N are 0 after the row, and there is no F. A piece that is not the first is then next "
    "only if n = 0, which is illegal, and what is no piece finds nothing to forget: COLLECTING "
    "without anything collected does what EMPTY does, in every cell."
)
_NO_OTHER_VERSION: Final = (
    "The policy does not allow the version of the message at hand. In the session of an "
    "instance that is version 3, and every message there is of it: all rows for them ignore it, "
    "whatever the state, and no D-H Commit of version 3 that could be shared is ever sent. In "
    "the master session that is version 2: all rows for its messages ignore them, the rows for "
    "offers lead from every state to the same one and do the same, and whether a D-H Commit may "
    "be shared is told by `commits`, which is 0 in NONE."
)
_LITERAL: Final = "It is the literal reading of an ambiguity, and such a target gets a note: "
_NOTHING_BEHIND: Final = (
    "All that the row does is to go on to the next TLV. The conversation has just been ended by "
    "one before it: nothing that could stand behind it does anything that is compared, and no "
    "heartbeat follows."
)
_REFUSAL_ONLY: Final = (
    "All that the row does is to tell the user that what was asked for is not possible now, which "
    "is between the implementation and its user; such reports are not compared."
)
_NO_SMP_IN_THE_CLEAR: Final = (
    "While msgstate is not ENCRYPTED no row of SMP sends anything, keeps anything, or shows "
    "anything that is compared, whatever the state; and when the conversation becomes private, "
    "SMP_RESET leads from every state to EXPECT1 first."
)

EQUIVALENT: Final[Mapping[str, str]] = {
    "drop otrv3.instances:received.ready.illegal-sender": _WARNING_ONLY,
    "drop otrv3.instances:received.ready.illegal-receiver": _WARNING_ONLY,
    "drop otrv3.instances:received.ready.other-instance": _WARNING_ONLY,
    "drop otrv3.instances:received.ready.no-instance": _WARNING_ONLY,
    "drop otrv3.instances:reassembled.ready.illegal-sender": _WARNING_ONLY,
    "drop otrv3.instances:reassembled.ready.illegal-receiver": _WARNING_ONLY,
    "drop otrv3.instances:reassembled.ready.other-instance": _WARNING_ONLY,
    "drop otrv3.instances:reassembled.ready.no-instance": _WARNING_ONLY,
    "drop otrv3.receive:whole.ready.is-malformed": _WARNING_ONLY,
    "drop otrv3.receive:whole.ready.is-other-version": _RAISES_NOTHING_SEEN,
    "drop otrv3.fragment:arrived.empty.first-too-large": _NOTHING_STORED,
    "retarget otrv3.fragment:arrived.empty.whole COLLECTING": _COLLECTING_NOTHING,
    "retarget otrv3.fragment:arrived.empty.illegal COLLECTING": _COLLECTING_NOTHING,
    "retarget otrv3.fragment:arrived.empty.only COLLECTING": _COLLECTING_NOTHING,
    "retarget otrv3.fragment:arrived.empty.first-too-large COLLECTING": _COLLECTING_NOTHING,
    "retarget otrv3.fragment:arrived.empty.without-first COLLECTING": _COLLECTING_NOTHING,
    "retarget otrv3.fragment:arrived.collecting.whole COLLECTING": _COLLECTING_NOTHING,
    "retarget otrv3.fragment:arrived.collecting.only COLLECTING": _COLLECTING_NOTHING,
    "retarget otrv3.fragment:arrived.collecting.first-too-large COLLECTING": _COLLECTING_NOTHING,
    "retarget otrv3.fragment:arrived.collecting.last COLLECTING": _COLLECTING_NOTHING,
    "retarget otrv3.fragment:arrived.collecting.too-large COLLECTING": _COLLECTING_NOTHING,
    "retarget otrv3.fragment:arrived.collecting.out-of-order COLLECTING": _COLLECTING_NOTHING,
    "retarget otrv3.ake:dh-commit.none.not-allowed AWAITING_DHKEY": _NO_OTHER_VERSION,
    "retarget otrv3.ake:dh-commit.none.not-allowed AWAITING_REVEALSIG": _NO_OTHER_VERSION,
    "retarget otrv3.ake:dh-commit.none.not-allowed AWAITING_SIG": _NO_OTHER_VERSION,
    "retarget otrv3.ake:dh-key.none.not-allowed AWAITING_DHKEY": _NO_OTHER_VERSION,
    "retarget otrv3.ake:dh-key.none.not-allowed AWAITING_REVEALSIG": _NO_OTHER_VERSION,
    "retarget otrv3.ake:dh-key.none.not-allowed AWAITING_SIG": _NO_OTHER_VERSION,
    "retarget otrv3.ake:reveal-signature.none.not-allowed AWAITING_DHKEY": _NO_OTHER_VERSION,
    "retarget otrv3.ake:reveal-signature.none.not-allowed AWAITING_REVEALSIG": _NO_OTHER_VERSION,
    "retarget otrv3.ake:reveal-signature.none.not-allowed AWAITING_SIG": _NO_OTHER_VERSION,
    "retarget otrv3.ake:signature.none.not-allowed AWAITING_DHKEY": _NO_OTHER_VERSION,
    "retarget otrv3.ake:signature.none.not-allowed AWAITING_REVEALSIG": _NO_OTHER_VERSION,
    "retarget otrv3.ake:signature.none.not-allowed AWAITING_SIG": _NO_OTHER_VERSION,
    "drop otrv3.ake:commit-over.awaiting-dhkey.commit-answered": f"{_LITERAL}shared-commit.",
    "skip dh-key-version": f"{_LITERAL}mixed-versions.",
    "skip next-dh-range": f"{_LITERAL}next-dh.",
    "drop otrv3.tlv:next-tlv.ready.tlv-extra-key.not-private": _NOTHING_BEHIND,
    "drop otrv3.message:user-extra-key.plaintext": _REFUSAL_ONLY,
    "drop otrv3.message:user-extra-key.finished": _REFUSAL_ONLY,
    "drop otrv3.smp:user-smp-answer.expect1.private.not-asked": _REFUSAL_ONLY,
    "drop otrv3.smp:user-smp-answer.expect2.private": _REFUSAL_ONLY,
    "drop otrv3.smp:user-smp-answer.expect3.private": _REFUSAL_ONLY,
    "drop otrv3.smp:user-smp-answer.expect4.private": _REFUSAL_ONLY,
    **{f"drop otrv3.smp:{event}.expect1.not-private": _REFUSAL_ONLY for event in _SMP_ASKED_FOR},
    **{
        f"retarget otrv3.smp:{event}.expect1.not-private {state}": _NO_SMP_IN_THE_CLEAR
        for event in (*_SMP_RECEIVED, *_SMP_ASKED_FOR)
        for state in ("EXPECT2", "EXPECT3", "EXPECT4")
    },
}
"""By the name of the variant (`otr_conformance.otrv3.strength.faults`)."""

_LAST: Final = "it is asked last in its cell: whatever else it could be was ruled out before"
_MASTER_AWAITS: Final = (
    "an offer has no tags and goes to the master session, which is in this state only by a message "
    "of version 2 that the policy allowed"
)
_INSTANCE_AWAITS: Final = (
    "an instance sends messages of version 3 only, and awaits a D-H Key Message only where a D-H "
    "Commit Message of version 3 was sent; in the master session messages are of version 2"
)
_AWAITED: Final = ("awaiting-revealsig", "awaiting-sig")

IMPOSSIBLE: Final[Mapping[str, str]] = {
    **{
        f"otrv3.ake:{offer}-offer.{state}.*: not allow_v2*": _MASTER_AWAITS
        for offer in ("query", "tag")
        for state in _AWAITED
    },
    "otrv3.ake:*.awaiting-dhkey.not-allowed: allow_v2, not allow_v3": _INSTANCE_AWAITS,
    "otrv3.instances:*.ready.no-room: allow_v2, not allow_v3": (
        "an instance whose messages the policy does not allow never becomes private, so that a new "
        "one can take its place"
    ),
    "IS_MALFORMED: msg.kind = 11: different": _LAST,
    "TLV_MALFORMED: msg.tlv_kind = 11: different": _LAST,
}
"""Obligations that nothing can meet, by patterns of what they say, each with the reason."""
