"""Variants of OTRv4: the literal text, where ours is a hardened or completed reading.

`DIALECTS` are relative to it: what implementations compute or write otherwise. A target that
declares one can be tested beyond the first exchange that it would make fail; each is a deviation,
and is reported.

`LITERAL` has a variant for each ambiguity whose literal reading can be run; a target that follows
it is not failed for it. Left out are those that nobody can follow (`ratchet-id`, `new-ratchet`,
`first-message`, `brace-key-kept`, `auth-r-outcome`), those that are about bounds, and those about
values, which are for dialects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_model.kernel.table import Raise
from otr_model.kernel.variant import EditRow, Override, SkipCheck, Variant

from . import ambiguities as holes
from .conditions import Check
from .effects import Do
from .words import Dake, Event, Msg, Smp

if TYPE_CHECKING:
    from otr_model.kernel.ambiguity import Ambiguity

_DAKE, _MESSAGE, _SMP = "otrv4.dake", "otrv4.message", "otrv4.smp"
_RATCHET, _VERSION = "otrv4.ratchet", "otrv4.version"
_PRIVATE = Msg.ENCRYPTED_MESSAGES.label


def _literal(hole: Ambiguity, *edits: EditRow | SkipCheck) -> tuple[str, Variant]:
    name = hole.id.rpartition(":")[2]
    return hole.id, Variant(f"literal {name}", hole.literal.says, edits)


def _raises(*events: Event) -> tuple[Raise[Event], ...]:
    return tuple(Raise(event) for event in events)


LITERAL: dict[str, Variant] = dict(
    (
        _literal(
            holes.IDENTITY_WHEN_PRIVATE,
            EditRow(f"{_MESSAGE}:dake-begun.{_PRIVATE}", goto=Msg.START),
            EditRow(f"{_MESSAGE}:dake-begun.finished", goto=Msg.START),
        ),
        _literal(
            holes.QUERY_WHEN_PRIVATE,
            EditRow(f"{_MESSAGE}:user-start.{_PRIVATE}", do=(Do.SEND_QUERY,)),
        ),
        _literal(
            holes.FORGED_NON_INTERACTIVE_AUTH,
            *(
                EditRow(
                    f"{_DAKE}:non-interactive-auth.{state.label}.not-valid",
                    do=(Do.FORGET_EXCHANGE,),
                    goto=Dake.IDLE,
                    raises=_raises(Event.SESSION_OVER),
                )
                for state in Dake
            ),
        ),
        _literal(
            holes.END_WHILE_WAITING,
            *(
                EditRow(f"{_DAKE}:dake-over.{state.label}", do=(), goto=state)
                for state in (Dake.WAITING_AUTH_R, Dake.WAITING_AUTH_I)
            ),
        ),
        _literal(
            holes.STUCK_DAKE,
            *(
                EditRow(f"{_DAKE}:dake-clock.{state.label}.dake-stale", do=(), goto=state)
                for state in (Dake.WAITING_AUTH_R, Dake.WAITING_AUTH_I)
            ),
        ),
        _literal(
            holes.IDENTITY_RESENT,
            EditRow(
                f"{_DAKE}:identity.{Dake.WAITING_AUTH_I.label}.repeated",
                do=(Do.ANSWER_IDENTITY, Do.SEND_AUTH_R),
                raises=_raises(Event.DAKE_BEGUN),
            ),
        ),
        _literal(
            holes.ONLINE_AGAIN,
            EditRow(
                f"{_MESSAGE}:user-start-dake.{_PRIVATE}.allowed",
                do=(),
                raises=_raises(Event.DAKE_WANTED),
            ),
        ),
        _literal(
            holes.EARLY_DATA,
            EditRow(f"{_MESSAGE}:early.{_PRIVATE}.early-waits", do=(Do.FORGET_EARLY,), raises=()),
            EditRow(f"{_RATCHET}:protected.held.past-or-early", raises=_raises(Event.EARLY)),
        ),
        _literal(
            holes.UNREADABLE_WITHOUT_KEYS,
            *(
                EditRow(
                    f"{_MESSAGE}:data.{state}.not-may-be-early.ignore-unreadable",
                    do=(Do.WARN_UNREADABLE, Do.SEND_ERROR_2),
                )
                for state in ("start", "finished")
            ),
        ),
        _literal(
            holes.LEAVING_VERSION_3,
            *(
                EditRow(
                    f"{_MESSAGE}:authenticated.{state}.private-3",
                    do=(Do.ENTER_PRIVATE, Do.TELL_SECURE),
                )
                for state in ("start", "finished")
            ),
        ),
        _literal(
            holes.ROLLBACK,
            EditRow(f"{_VERSION}:query.ready.rollback", do=(Do.HANDLE_3,)),
            EditRow(f"{_VERSION}:tagged-plaintext.ready.rollback", do=(Do.HANDLE_3,), raises=()),
            EditRow(f"{_VERSION}:other-version.ready.rollback", do=(Do.HANDLE_3,)),
        ),
        _literal(
            holes.ERROR_WITHOUT_CODE,
            *(
                EditRow(f"{_MESSAGE}:error.{state.label}.unknown", do=(Do.SHOW_ERROR,))
                for state in Msg
            ),
        ),
        _literal(
            holes.TEXT_IN_START,
            *(
                EditRow(
                    f"{_MESSAGE}:user-send.start.{name}",
                    do=(Do.QUEUE_TEXT, Do.TELL_QUEUED),
                    raises=(),
                )
                for name in ("required", "tagged", "plain", "begins")
            ),
        ),
        _literal(
            holes.QUEUED_FOR,
            EditRow(
                f"{_MESSAGE}:settled.{_PRIVATE}.text-waits.not-for-this-peer",
                do=(Do.PUT_QUEUED, Do.TELL_RESENT),
                raises=_raises(Event.SENDING, Event.SETTLED),
            ),
        ),
        _literal(
            holes.DUPLICATE_ANSWER,
            *(
                EditRow(f"{_RATCHET}:protected.held.{name}", raises=_raises(Event.DATA_REFUSED))
                for name in ("past", "duplicate")
            ),
        ),
        _literal(
            holes.MAC_KEYS_AT_THE_END,
            EditRow(
                f"{_MESSAGE}:user-end.{_PRIVATE}",
                do=(Do.PUT_DISCONNECT, Do.LEAVE, Do.TELL_INSECURE),
            ),
        ),
        _literal(holes.TRANSITION_OPTIONAL, SkipCheck(Check.PROFILE_TRANSITION)),
        _literal(
            holes.SMP_BAD_PROOF,
            *(
                EditRow(
                    f"{_SMP}:smp-{n}.expect{n}.private.not-smp-{n}-valid",
                    do=(Do.FORGET_SMP, Do.TELL_SMP_ERROR),
                    goto=Smp.EXPECT1,
                    raises=(),
                )
                for n in (1, 2, 3, 4)
            ),
            *(
                EditRow(
                    f"{_SMP}:smp-broken.{state.label}.private",
                    do=(Do.FORGET_SMP, Do.TELL_SMP_ERROR),
                    goto=Smp.EXPECT1,
                    raises=(),
                )
                for state in Smp
            ),
        ),
    )
)
"""By the id of the ambiguity."""


def _dialect(operation: str, how: str, about: str) -> tuple[str, Variant]:
    name = f"{operation.replace('_', '-')}-{how}"
    return name, Variant(f"dialect {name}", about, (Override(operation, how),))


DIALECTS: dict[str, Variant] = dict(
    (
        _dialect("phi", "sender-receiver", "phi has the sender's part first, unsorted"),
        _dialect("smp_secret", "64-unpruned", "the SMP secret is 64 bytes of hash, not pruned"),
        _dialect("k_dh", "minimal", "a DH shared secret is hashed without leading zeros"),
        _dialect("ring_randoms", "pruned", "random values of ring signatures are pruned"),
        _dialect("smp_randoms", "pruned", "values that blind proofs of SMP are pruned"),
        _dialect("key_types", "big-endian", "types of keys are written big-endian"),
        _dialect("scalars", "56-bytes", "a SCALAR has 56 bytes on the wire"),
    )
)
"""By the name under which a target declares it."""
