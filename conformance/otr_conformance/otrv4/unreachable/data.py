"""Of what carries data: otrv4.instances, fragment, receive, ratchet, tlv and smp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_SMP_RECEIVED: Final = ("smp-1", "smp-2", "smp-3", "smp-4", "smp-broken")
_SMP_ASKED_FOR: Final = ("user-smp-start", "user-smp-answer", "user-smp-abort")
_UNDERWAY: Final = ("expect2", "expect3", "expect4")

# Rows.

_HELD_WHILE_PRIVATE: Final = (
    "The machine is in HELD exactly as long as the state is ENCRYPTED_MESSAGES: KEYS_AGREED is the "
    "first event that entering it raises, and whatever leaves it raises SESSION_OVER once, behind "
    "every event that was raised in it and needs keys. Events are handled in the order in which "
    "they were raised."
)
_ROLE_KNOWN: Final = (
    "KEYS_AGREED follows AUTHENTICATED, which four rows of otrv4.dake raise; each of them has just "
    "said which part was played."
)
_SMP_WHILE_PRIVATE: Final = (
    "SMP leaves EXPECT1 only while the state is ENCRYPTED_MESSAGES, and every row that leaves that "
    "state raises SMP_RESET, which leads to EXPECT1 before the next TLV or command is looked at."
)

UNREACHABLE: Final[Mapping[str, str]] = {
    "otrv4.instances:reassembled.ready.disabled": (
        "The policy stands, and where it allows no version a fragment is shown as it is: nothing "
        "is ever put together."
    ),
    "otrv4.instances:reassembled.ready.nested": (
        "A piece ends at its first comma, so that nothing that is put together has a comma in it; "
        "a fragment has at least three."
    ),
    "otrv4.fragment:assembly-clock.empty": (
        "An assembly that holds no piece has vanished, and is not shown the clock."
    ),
    "otrv4.receive:arrived.ready.is-fragment": (
        "A fragment of version 4 has instance tags, and the rows of otrv4.instances that raise "
        "ARRIVED for what has tags leave fragments out."
    ),
    "otrv4.ratchet:keys-agreed.empty.otherwise": _ROLE_KNOWN,
    "otrv4.ratchet:keys-agreed.held.otherwise": _ROLE_KNOWN,
    "otrv4.ratchet:keys-agreed.held.retriever": (
        "Whoever starts from a prekey ensemble while the conversation is private ends that first: "
        "SESSION_OVER is handled before OFFLINE_WANTED."
    ),
    "otrv4.ratchet:sending.empty": _HELD_WHILE_PRIVATE,
    "otrv4.ratchet:protected.empty": _HELD_WHILE_PRIVATE,
    "otrv4.ratchet:keys-clock.empty": _HELD_WHILE_PRIVATE,
    "otrv4.ratchet:session-over.empty": _HELD_WHILE_PRIVATE,
    **{
        f"otrv4.smp:{event}.{state}.not-private": _SMP_WHILE_PRIVATE
        for event in (*_SMP_RECEIVED, *_SMP_ASKED_FOR)
        for state in _UNDERWAY
    },
    **{
        f"otrv4.smp:{event}.{state}.version-3": _SMP_WHILE_PRIVATE
        for event in _SMP_ASKED_FOR
        for state in _UNDERWAY
    },
}
"""By the id of the row."""

# Faults.

_WARNING_ONLY: Final = (
    "All that the row does is to warn the user of a message that is discarded, which the "
    "specification leaves to the implementation; such warnings are not compared."
)
_NOT_OURS: Final = (
    "The text has no event for a plaintext or a Query Message outside of the OTRv3-compatible mode "
    "(plaintext-arrives): a target that does not show it gets a note."
)
_OUR_BOUND: Final = (
    "The text sets no bound on what is held of a fragmented message (fragment-bound): a target "
    "that has another, or does something else where ours is passed, gets a note."
)
_OPTIONAL_TIMER: Final = (
    "The text makes the timer of fragments optional: a target that has none gets a note."
)
_OWN_INTERVAL: Final = (
    "The text leaves to the implementation after which interval, or how many events, stored "
    "message keys are deleted, and says that they should be: a target that keeps them gets a note."
)
_TRIED_AGAIN: Final = (
    "All that the row does is to have Data Messages tried again that wait for a DAKE. None waits "
    "for one that is complete; while one is in progress, the text does not ask for that, and no "
    "case blames a target for doing it or leaving it."
)
_DISCARDED: Final = (
    "What is not kept is discarded in silence, which is the literal reading of an ambiguity, "
    "early-data: a target that does it gets a note."
)
_HOLDING_NOTHING: Final = (
    "The row has forgotten every key, whatever the state is called. The next event that is "
    "handled there is KEYS_AGREED, for which HELD and EMPTY have the same rows."
)
_NOTHING_BEHIND: Final = (
    "All that the row does is to go on to the next TLV. The conversation has just been ended by "
    "one before it: nothing that could stand behind it does anything that is compared, and no "
    "heartbeat follows. That Data Messages which wait for a DAKE in progress are forgotten with "
    "the conversation, the text does not ask for, and no case does."
)
_REFUSAL_ONLY: Final = (
    "All that the row does is to tell the user that what was asked for is not possible now, which "
    "is between the implementation and its user; such reports are not compared."
)
_NO_SMP_OUTSIDE: Final = (
    "While the state is not ENCRYPTED_MESSAGES the rows of SMP do the same in every state, all but "
    "those that tell the user that SMP was aborted, which is not compared; and when the "
    "conversation becomes private, SMP_RESET leads from every state to EXPECT1 first."
)

EQUIVALENT: Final[Mapping[str, str]] = {
    **{
        f"drop otrv4.instances:{event}.ready.{name}": _WARNING_ONLY
        for event in ("received", "reassembled")
        for name in ("illegal-sender", "illegal-receiver", "other-instance", "no-instance")
    },
    "drop otrv4.instances:received.ready.not-ours": _NOT_OURS,
    "drop otrv4.instances:reassembled.ready.not-ours": _NOT_OURS,
    "drop otrv4.receive:arrived.ready.is-malformed": _WARNING_ONLY,
    "retarget otrv4.fragment:piece.empty.too-large COLLECTING": _OUR_BOUND,
    "drop otrv4.fragment:piece.collecting.too-large": _OUR_BOUND,
    "retarget otrv4.fragment:piece.collecting.too-large COLLECTING": _OUR_BOUND,
    "drop otrv4.fragment:assembly-clock.collecting.assembly-stale": _OPTIONAL_TIMER,
    "drop otrv4.ratchet:keys-clock.held.keys-stale": _OWN_INTERVAL,
    "drop otrv4.ratchet:protected.held.past": _TRIED_AGAIN,
    "drop otrv4.ratchet:protected.held.past-or-early": _DISCARDED,
    "retarget otrv4.ratchet:session-over.held HELD": _HOLDING_NOTHING,
    "drop otrv4.tlv:next-tlv.ready.tlv-extra-key.not-private": _NOTHING_BEHIND,
    "drop otrv4.smp:user-smp-answer.expect1.private.not-asked": _REFUSAL_ONLY,
    **{f"drop otrv4.smp:user-smp-answer.{state}.private": _REFUSAL_ONLY for state in _UNDERWAY},
    **{f"drop otrv4.smp:{event}.expect1.not-private": _REFUSAL_ONLY for event in _SMP_ASKED_FOR},
    **{
        f"retarget otrv4.smp:{event}.expect1.not-private {state.upper()}": _NO_SMP_OUTSIDE
        for event in (*_SMP_RECEIVED, *_SMP_ASKED_FOR)
        for state in _UNDERWAY
    },
    **{
        f"retarget otrv4.smp:{event}.expect1.version-3 {state.upper()}": _NO_SMP_OUTSIDE
        for event in _SMP_ASKED_FOR
        for state in _UNDERWAY
    },
}
"""By the name of the variant (`otr_conformance.otrv4.strength.faults`)."""
