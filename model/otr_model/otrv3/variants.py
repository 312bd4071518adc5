"""Variants of OTRv3: the literal text, where ours is a hardened or completed reading.

`LITERAL` has a variant for each ambiguity whose literal reading can be run; a target that follows
it is not failed for it. Left out are those that nobody can follow (`allow-v2-only`,
`first-fragment`), and those that are about bounds.
"""

from __future__ import annotations

from otr_model.kernel.expr import Choice, Number
from otr_model.kernel.table import Raise
from otr_model.kernel.variant import Assign, EditRow, Override, SkipCheck, Variant

from . import ambiguities as holes
from . import variables as v
from .conditions import Check
from .effects import Do
from .words import Auth, Event, Smp

_AKE, _MESSAGE, _SMP = "otrv3.ake", "otrv3.message", "otrv3.smp"

LITERAL: dict[str, Variant] = {
    holes.SHARED_COMMIT.id: Variant(
        "literal shared-commit",
        "our D-H Commit is never forgotten",
        (
            EditRow(
                f"{_AKE}:commit-over.awaiting-dhkey.commit-answered",
                do=(),
                goto=Auth.AWAITING_DHKEY,
            ),
        ),
    ),
    holes.FAILED_SIGNATURE.id: Variant(
        "literal failed-signature",
        holes.FAILED_SIGNATURE.literal.says,
        (
            EditRow(
                f"{_AKE}:reveal-signature.awaiting-revealsig.allowed.not-reveal-valid",
                goto=Auth.NONE,
            ),
            EditRow(f"{_AKE}:signature.awaiting-sig.allowed.not-signature-valid", goto=Auth.NONE),
        ),
    ),
    holes.MIXED_VERSIONS.id: Variant(
        "literal mixed-versions",
        holes.MIXED_VERSIONS.literal.says,
        (SkipCheck(Check.DH_KEY_VERSION),),
    ),
    holes.FRESH_KEYS.id: Variant(
        "literal fresh-keys",
        holes.FRESH_KEYS.literal.says,
        (
            Override("pair_of_exchange", "older"),
            Assign(
                Do.INSTALL_KEYS,
                v.OUR_KEYID,
                Choice(v.OUR_KEYID.equals(0), Number(2), v.OUR_KEYID),
            ),
            *(
                Assign(Do.INSTALL_OUR_KEYS, variable, None)
                for variable in Do.INSTALL_OUR_KEYS.spec.sets
                if variable is not v.LAST_SENT
            ),
        ),
    ),
    holes.UNREADABLE_WITHOUT_KEYS.id: Variant(
        "literal unreadable-without-keys",
        holes.UNREADABLE_WITHOUT_KEYS.literal.says,
        tuple(
            EditRow(
                f"{_MESSAGE}:data.{state}.ignore-unreadable",
                do=(Do.WARN_UNREADABLE, Do.SEND_ERROR),
            )
            for state in ("plaintext", "finished")
        ),
    ),
    holes.NEXT_DH.id: Variant(
        "literal next-dh", holes.NEXT_DH.literal.says, (SkipCheck(Check.NEXT_DH_RANGE),)
    ),
    holes.SMP_BAD_PROOF.id: Variant(
        "literal smp-bad-proof",
        holes.SMP_BAD_PROOF.literal.says,
        tuple(
            EditRow(
                f"{_SMP}:smp-{n}.expect{n}.private.not-smp-{n}-valid",
                do=(Do.FORGET_SMP, Do.TELL_SMP_ERROR),
                goto=Smp.EXPECT1,
            )
            for n in (1, 2, 3, 4)
        )
        + tuple(
            EditRow(
                f"{_SMP}:smp-broken.{state.label}.private",
                do=(Do.FORGET_SMP, Do.TELL_SMP_ERROR),
                goto=Smp.EXPECT1,
            )
            for state in Smp
        ),
    ),
    holes.SMP_REFRESH.id: Variant(
        "literal smp-refresh",
        holes.SMP_REFRESH.literal.says,
        tuple(
            EditRow(
                f"{_MESSAGE}:authenticated.encrypted.{peer}",
                raises=(Raise(Event.KEYS_AGREED), Raise(Event.SETTLED)),
            )
            for peer in ("same-peer", "not-same-peer")
        ),
    ),
    holes.STORED_FOR.id: Variant(
        "literal stored-for",
        holes.STORED_FOR.literal.says,
        tuple(
            EditRow(
                f"{_MESSAGE}:settled.{state}.owed.not-for-this-peer",
                do=(Do.SEND_STORED, Do.TELL_RESENT),
            )
            for state in ("plaintext", "encrypted", "finished")
        ),
    ),
    holes.MALFORMED_ANSWER.id: Variant(
        "literal malformed-answer",
        holes.MALFORMED_ANSWER.literal.says,
        tuple(
            EditRow(row, do=(Do.WARN_MALFORMED, Do.SEND_ERROR))
            for row in (
                "otrv3.instances:received.ready.illegal-sender",
                "otrv3.instances:reassembled.ready.illegal-sender",
                "otrv3.receive:whole.ready.is-malformed",
            )
        ),
    ),
    holes.RECEIVER_ZERO.id: Variant(
        "literal receiver-zero",
        holes.RECEIVER_ZERO.literal.says,
        tuple(
            EditRow(
                f"otrv3.instances:{event}.ready.no-instance",
                do=(),
                raises=(Raise(Event.ARRIVED, v.SENDER_TAG),),
            )
            for event in ("received", "reassembled")
        ),
    ),
}
"""By the id of the ambiguity."""
