"""Bugs that implementations of OTRv4 could have, as variants of its tables.

Each is one thing that somebody's code could do where the text is clear; many of them were made in
implementations of the Double Ratchet, or of version 3. The suite has to notice every one (`otrspec
mutate`). What is wrong with the letter of the text is in `otr_model.otrv4.history`, and is not
repeated here.

What the tables leave to code is an `Override`; `otr_reference.otrv4.bugs` has the code.
"""

from __future__ import annotations

from otr_model.kernel.expr import Number, Truth
from otr_model.kernel.guard import Guard
from otr_model.kernel.table import Raise
from otr_model.kernel.variant import Assign, Edit, EditRow, Override, Redefine, SkipCheck, Variant

from . import variables as v
from .conditions import KEYS, PROFILE, Check, Cond
from .effects import Do
from .words import Event, Msg, Smp

__all__ = ["BUGS"]

_DAKE, _MESSAGE, _RATCHET, _SMP = "otrv4.dake", "otrv4.message", "otrv4.ratchet", "otrv4.smp"
_PRIVATE = "encrypted-messages"
_UNDERWAY = (Smp.EXPECT2, Smp.EXPECT3, Smp.EXPECT4)
_YES, _NO = Truth(value=True), Truth(value=False)


def _bug(name: str, about: str, *edits: Edit) -> Variant:
    return Variant(f"bug {name}", about, edits)


def _raises(*events: Event) -> tuple[Raise[Event], ...]:
    return tuple(Raise(event) for event in events)


BUGS: tuple[Variant, ...] = (
    # Profiles and the DAKEs.
    _bug(
        "profile-not-validated",
        "the client profile that comes with a DAKE message is not validated",
        *(SkipCheck(check) for check in PROFILE),
    ),
    _bug(
        "profile-of-another",
        "a client profile may belong to another instance than the one that sends it",
        SkipCheck(Check.PROFILE_OWNER),
    ),
    _bug(
        "prekey-profile-not-validated",
        "the prekey profile of an ensemble is not validated",
        *(
            SkipCheck(check)
            for check in (
                Check.PREKEY_PROFILE_SIGNED,
                Check.PREKEY_PROFILE_FRESH,
                Check.SHARED_PREKEY_POINT,
            )
        ),
    ),
    _bug(
        "ephemeral-keys-unchecked",
        "the ephemeral keys of a DAKE message need not be in their groups",
        *(SkipCheck(check) for check in KEYS),
    ),
    _bug(
        "ring-signatures-unchecked",
        "no ring signature of a DAKE is verified",
        *(
            SkipCheck(check)
            for check in (Check.AUTH_R_SIGMA, Check.AUTH_I_SIGMA, Check.NON_INTERACTIVE_SIGMA)
        ),
    ),
    _bug(
        "prekey-reused",
        "a prekey message may be answered more than once",
        Override("accept_non_interactive_auth", "unused"),
    ),
    _bug(
        "tie-break-reversed",
        "of two Identity messages that cross, the one with the lower hashed B stands",
        Override("higher", "reversed"),
    ),
    _bug(
        "identity-always-welcome",
        "an Identity message is answered, whatever OTRNG_IDENTITY_START_DAKE says",
        Redefine(Cond.WELCOME, _YES),
    ),
    _bug(
        "strangers-accepted",
        "conversations are had with anybody, whatever OTRNG_REQUIRE_AUTHENTICATED says",
        Redefine(Cond.REQUIRE_AUTHENTICATED, _NO),
    ),
    _bug(
        "trust-unchecked",
        "every fingerprint counts as verified",
        Redefine(Cond.TRUSTED, _YES),
    ),
    _bug(
        "offline-against-policy",
        "a conversation can be had offline, whatever mode and policy say",
        Redefine(Cond.OFFLINE_ALLOWED, v.ALLOW_V4),
    ),
    _bug(
        "dake-never-abandoned",
        "a DAKE that nobody answers stays open for ever",
        Redefine(Cond.DAKE_STALE, _NO),
    ),
    _bug(
        "end-does-not-abandon",
        "a DAKE that is in progress goes on when the user ends the conversation",
        EditRow(f"{_MESSAGE}:user-end.start.waiting", raises=()),
    ),
    _bug(
        "ssid-half-wrong",
        "of the secure session id the wrong half is shown in bold",
        Override("tell_secure", "other-half"),
    ),
    _bug(
        "ssid-kept",
        "a conversation that is refreshed keeps its secure session id",
        Override("enter_private", "old-ssid"),
    ),
    _bug(
        "ecdh-key-reused",
        "one ECDH key pair serves for everything",
        Override("fresh_ecdh", "repeated"),
    ),
    _bug(
        "dh-key-reused",
        "one DH key pair serves for everything",
        Override("fresh_dh", "repeated"),
    ),
    # Versions and policies.
    _bug(
        "older-version-preferred",
        "where version 3 is offered beside version 4, it is chosen",
        Redefine(Cond.OFFERS_4, v.OFFERS_4 & v.ALLOW_V4 & ~(v.OFFERS_3 & v.ALLOW_V3)),
    ),
    _bug(
        "tag-answered-against-policy",
        "a whitespace tag starts the DAKE, whatever WHITESPACE_START_DAKE says",
        Redefine(Cond.WHITESPACE_START_DAKE, _YES),
    ),
    _bug(
        "tag-on-everything",
        "the whitespace tag is sent although the peer has answered without OTR",
        Redefine(Cond.ATTACH_TAG, v.SEND_WHITESPACE_TAG),
    ),
    _bug(
        "error-restart-ignored",
        "an Error Message never starts the DAKE, whatever ERROR_START_DAKE says",
        Redefine(Cond.ERROR_START_DAKE, _NO),
    ),
    _bug(
        "unknown-errors-shown",
        "an error that is not defined is shown to the user",
        Redefine(Cond.ERROR_KNOWN, _YES),
    ),
    # What the user types, and sees.
    _bug(
        "plaintext-while-finished",
        "what is typed after the peer has ended the conversation is sent in the clear",
        *(
            EditRow(f"{_MESSAGE}:user-send.finished.{full}", do=(Do.SEND_PLAINTEXT,))
            for full in ("queue-full", "not-queue-full")
        ),
    ),
    _bug(
        "plaintext-while-waiting",
        "what is typed while a DAKE is in progress is sent in the clear",
        EditRow(f"{_MESSAGE}:user-send.start.waiting", do=(Do.SEND_PLAINTEXT,)),
    ),
    _bug(
        "required-text-in-the-clear",
        "where encryption is required, the first text leaves in the clear, with a Query Message",
        EditRow(f"{_MESSAGE}:user-send.start.required", do=(Do.SEND_PLAINTEXT, Do.SEND_QUERY)),
    ),
    _bug(
        "queue-reversed",
        "of the texts that wait, the last one is sent first",
        Override("put_queued", "last-first"),
    ),
    _bug(
        "queue-never-stale",
        "a text that waited for days is sent as soon as a conversation is private",
        Redefine(Cond.TEXT_WAITS, v.QUEUED > 0),
    ),
    _bug(
        "only-one-queued-sent",
        "of the texts that wait, only the first is sent",
        EditRow(
            f"{_MESSAGE}:settled.{_PRIVATE}.text-waits.for-this-peer",
            raises=_raises(Event.SENDING),
        ),
    ),
    _bug(
        "version-3-unwarned",
        "a whitespace tag spares a text the warning in a private conversation of version 3",
        EditRow(f"{_MESSAGE}:tagged-text.start.warned", when=Guard.of(Cond.REQUIRE_ENCRYPTION)),
        EditRow(f"{_MESSAGE}:tagged-text.start.plain", when=~Cond.REQUIRE_ENCRYPTION),
    ),
    _bug(
        "plaintext-as-private",
        "what arrives in the clear is shown as private",
        Override("show_plaintext", "as-private"),
    ),
    _bug(
        "private-as-plaintext",
        "what arrives encrypted is shown as if it had come in the clear",
        Override("show_text", "as-open"),
    ),
    _bug(
        "tag-shown",
        "a text is shown with its whitespace tag",
        Override("show_plaintext", "with-tag"),
    ),
    _bug(
        "error-as-text",
        "an Error Message is shown as if the peer had typed it",
        Override("show_error", "as-text"),
    ),
    # The double ratchet.
    _bug(
        "ratchet-with-every-message",
        "every Data Message begins a new ratchet, whether the peer has answered or not",
        EditRow(
            f"{_RATCHET}:sending.held.not-rotates.not-first-of-ratchet",
            do=(Do.ROTATE, Do.REVEAL, Do.SEND_DATA),
        ),
    ),
    _bug(
        "brace-key-never-mixed",
        "the brace key is not mixed into the ratchet",
        Override("ratchet", "without-brace"),
    ),
    _bug(
        "brace-key-stays",
        "the brace key stays the same between two DH keys",
        Override("next_brace_key", "same"),
    ),
    _bug(
        "chain-key-stays",
        "every message of a ratchet is under the same key",
        Override("next_chain_key", "same"),
    ),
    _bug(
        "message-id-stuck",
        "every message of a ratchet has the same id",
        Assign(Do.SEND_DATA, v.J, Number(1)),
    ),
    _bug(
        "previous-count-stuck",
        "a new ratchet does not say how many messages the last one had",
        Assign(Do.TAKE_NEXT, v.PN, None),
        Assign(Do.TAKE_NEXT_WITH_DH, v.PN, None),
    ),
    _bug(
        "skipped-keys-lost",
        "keys of messages that have not arrived are not stored",
        Override("take", "forgetting-skipped"),
    ),
    _bug(
        "skipped-keys-reusable",
        "a message that came late can be delivered again",
        Override("take_skipped", "keeping"),
    ),
    _bug(
        "skipped-keys-unbounded",
        "any number of message keys is skipped and stored",
        Redefine(Cond.NEAR, v.MESSAGE_ID <= v.K + v.MAX_SKIP),
        Redefine(
            Cond.NEAR_IN_NEXT,
            (v.PREVIOUS_COUNT <= v.K + v.MAX_SKIP) & (v.MESSAGE_ID <= v.MAX_SKIP),
        ),
    ),
    _bug(
        "skipped-keys-unrevealed",
        "MAC keys of messages that never came are forgotten, and not revealed",
        Override("drop_skipped", "unrevealed"),
    ),
    _bug(
        "mac-keys-early",
        "MAC keys are revealed with every Data Message",
        EditRow(
            f"{_RATCHET}:sending.held.not-rotates.not-first-of-ratchet",
            do=(Do.REVEAL, Do.SEND_DATA),
        ),
    ),
    _bug(
        "mac-keys-never",
        "MAC keys are not revealed by Data Messages",
        EditRow(f"{_RATCHET}:sending.held.rotates.our-third", do=(Do.ROTATE_WITH_DH, Do.SEND_DATA)),
        EditRow(f"{_RATCHET}:sending.held.rotates.not-our-third", do=(Do.ROTATE, Do.SEND_DATA)),
        EditRow(f"{_RATCHET}:sending.held.not-rotates.first-of-ratchet", do=(Do.SEND_DATA,)),
    ),
    _bug(
        "mac-keys-twice",
        "each MAC key is revealed twice",
        Override("reveal", "twice"),
    ),
    _bug(
        "session-never-expires",
        "a session without new ECDH keys goes on for ever",
        Redefine(Cond.EXPIRED, _NO),
    ),
    _bug(
        "expires-while-alive",
        "a session expires although its ECDH keys are new",
        Assign(Do.ROTATE, v.FRESH_AT, None),
        Assign(Do.ROTATE_WITH_DH, v.FRESH_AT, None),
    ),
    # Data Messages and TLVs.
    _bug(
        "unreadable-unreported",
        "the peer is never told that a Data Message could not be read",
        Redefine(Cond.IGNORE_UNREADABLE, _YES),
    ),
    _bug(
        "unreadable-always-reported",
        "the flag IGNORE_UNREADABLE is ignored",
        Redefine(Cond.IGNORE_UNREADABLE, _NO),
    ),
    _bug(
        "heartbeat-shown",
        "a heartbeat is shown to the user as an empty text",
        Redefine(Cond.HAS_TEXT, _YES),
    ),
    _bug(
        "heartbeats-on-everything",
        "every Data Message is answered with a heartbeat",
        Redefine(Cond.HEARTBEAT_DUE, _YES),
    ),
    _bug(
        "only-first-tlv",
        "only the first TLV of a Data Message is looked at",
        EditRow("otrv4.tlv:tlv-done.ready", do=(), raises=_raises(Event.CONTENT_DONE)),
    ),
    _bug(
        "unknown-tlv-ends-it",
        "what stands behind a TLV of unknown type is not looked at",
        EditRow("otrv4.tlv:next-tlv.ready.tlv-unknown", raises=_raises(Event.CONTENT_DONE)),
    ),
    _bug(
        "end-of-peer-ignored",
        "a TLV of type 1 does not end the conversation",
        EditRow(
            f"{_MESSAGE}:disconnected.{_PRIVATE}", do=(), goto=Msg.ENCRYPTED_MESSAGES, raises=()
        ),
    ),
    # SMP.
    _bug(
        "smp-question-dropped",
        "the user is asked for the secret without the peer's question",
        Override("tell_smp_asked", "without-question"),
    ),
    _bug(
        "smp-question-not-sent",
        "the user's question is not sent",
        Override("put_smp_1", "without-question"),
    ),
    _bug(
        "smp-restarted-midway",
        "SMP message 1 begins SMP anew while it is underway",
        *(
            EditRow(
                f"{_SMP}:smp-1.{state.label}.private",
                do=(Do.FORGET_SMP, Do.KEEP_SMP_1, Do.TELL_SMP_ASKED),
                raises=(),
            )
            for state in _UNDERWAY
        ),
    ),
    _bug(
        "smp-proofs-unchecked",
        "no proof of SMP is verified",
        *(SkipCheck(check) for check in Check if check.name.endswith("_PROOF")),
    ),
    _bug(
        "smp-points-unchecked",
        "points of SMP need not be in the group",
        *(
            SkipCheck(check)
            for check in Check
            if check.name in {"G2A_POINT", "G3A_POINT", "G2B_POINT", "G3B_POINT"}
        ),
    ),
    _bug(
        "smp-always-succeeds",
        "the secrets are found equal, whatever they are",
        Redefine(Cond.EQUAL, _YES),
    ),
    _bug(
        "smp-roles-swapped",
        "the secret of SMP is made of the fingerprints in the wrong order",
        Override("smp_secret", "roles-swapped"),
    ),
    _bug(
        "smp-without-ssid",
        "the secret of SMP is not tied to the secure session id",
        Override("smp_secret", "without-ssid"),
    ),
    # Instances and fragments.
    _bug(
        "receiver-tag-not-sent",
        "messages are sent for no instance in particular",
        Override("header", "no-receiver"),
    ),
    _bug(
        "sender-tag-unchecked",
        "a sender instance tag below the smallest is accepted",
        Redefine(Cond.SENDER_TAG_VALID, _YES),
    ),
    _bug(
        "fragment-twice-counts",
        "a fragment that comes twice counts as two",
        Redefine(Cond.PIECE_HELD, _NO),
    ),
    _bug(
        "fragment-total-unchecked",
        "fragments of one message may disagree about how many there are",
        Redefine(Cond.SAME_TOTAL, _YES),
    ),
    _bug(
        "fragments-never-forgotten",
        "fragments wait for ever for those that are missing",
        Redefine(Cond.ASSEMBLY_STALE, _NO),
    ),
)
"""Every bug, in the order of the tables. Their names are public."""
