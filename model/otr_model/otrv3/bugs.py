"""Bugs of implementations of OTR versions 2 and 3, as variants of the tables of version 3.

Each is one thing that somebody's code does, did, or could do, where the text is clear. The suite
has to notice every one (`otrspec mutate`). What was wrong with the protocol itself, or with the
letter of the text, is in `otr_model.otrv3.history`, and is not repeated here.

What the tables leave to code is an `Override`; `otr_reference.otrv3.bugs` has the code.
"""

from __future__ import annotations

from otr_model.kernel.expr import Choice, Comparison, Number, Truth
from otr_model.kernel.expr import Compare as How
from otr_model.kernel.table import Raise, to
from otr_model.kernel.variant import Assign, Edit, EditRow, Override, Redefine, SkipCheck, Variant

from . import variables as v
from .conditions import Check, Cond
from .effects import Do
from .words import Event, Kind, Msg, Smp

__all__ = ["BUGS"]

_AKE, _FRAGMENT, _KEYS = "otrv3.ake", "otrv3.fragment", "otrv3.keys"
_MESSAGE, _SMP, _TLV = "otrv3.message", "otrv3.smp", "otrv3.tlv"
_UNDERWAY = (Smp.EXPECT2, Smp.EXPECT3, Smp.EXPECT4)
_YES, _NO = Truth(value=True), Truth(value=False)
_MASTER = 0


def _bug(name: str, about: str, *edits: Edit) -> Variant:
    return Variant(f"bug {name}", about, edits)


def _raises(*events: Event) -> tuple[Raise[Event], ...]:
    return tuple(Raise(event) for event in events)


def _each_way(name: str, raised: Raise[Event]) -> tuple[Edit, ...]:
    """What arrives goes elsewhere, whether it came whole or in fragments."""
    return tuple(
        EditRow(f"otrv3.instances:{event}.ready.{name}", raises=(raised,))
        for event in ("received", "reassembled")
    )


BUGS: tuple[Variant, ...] = (
    # The exchange.
    _bug(
        "tie-break-reversed",
        "of two D-H Commits that cross, the one with the lower hash stands",
        Override("higher", "reversed"),
    ),
    _bug(
        "tie-break-gives-way",
        "of two D-H Commits that cross, the peer's always stands",
        Redefine(Cond.OURS_HIGHER, _NO),
    ),
    _bug(
        "dh-key-reused",
        "one D-H key pair serves for every exchange and every Data Message",
        Override("fresh_pair", "repeated"),
    ),
    _bug(
        "r-reused",
        "every D-H Commit is encrypted with the same r",
        Override("fresh_key", "repeated"),
    ),
    _bug(
        "public-values-unchecked",
        "a D-H key of the exchange may be 1, or not below the modulus",
        SkipCheck(Check.GY_RANGE),
        SkipCheck(Check.GX_RANGE),
    ),
    _bug(
        "commitment-unchecked",
        "the revealed g^x need not be what was committed to",
        SkipCheck(Check.COMMITMENT_MATCHES),
    ),
    _bug(
        "identity-unauthenticated",
        "MAC and signature of the exchange are not verified",
        SkipCheck(Check.REVEAL_MAC),
        SkipCheck(Check.REVEAL_SIGNED),
        SkipCheck(Check.SIGNATURE_MAC),
        SkipCheck(Check.SIGNATURE_SIGNED),
    ),
    _bug(
        "repeated-dh-key-ignored",
        "a D-H Key Message that comes again is not answered with the Reveal Signature Message",
        EditRow(f"{_AKE}:dh-key.awaiting-sig.allowed.same-gy", do=()),
    ),
    _bug(
        "any-dh-key-answered",
        "a D-H Key Message with another key is answered as the one before it was",
        Redefine(Cond.SAME_GY, _YES),
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
    # Versions and policies.
    _bug(
        "version-not-allowed",
        "messages of a version that the policy forbids are handled",
        Redefine(Cond.ALLOWED, v.VERSION.equals(2) | v.VERSION.equals(3)),
    ),
    _bug(
        "lowest-version-chosen",
        "of the versions that are offered the lowest one is chosen",
        Redefine(Cond.OFFERS_3, v.OFFERS_3 & v.ALLOW_V3 & ~(v.OFFERS_2 & v.ALLOW_V2)),
    ),
    _bug(
        "offer-beyond-policy",
        "an offer of version 3 is taken up although the policy forbids it",
        Redefine(Cond.OFFERS_3, v.OFFERS_3),
    ),
    _bug(
        "query-answered-with-query",
        "a Query Message is answered with a Query Message",
        *(
            EditRow(f"{_MESSAGE}:query.{state.label}", do=(Do.SEND_QUERY,), raises=())
            for state in Msg
        ),
    ),
    _bug(
        "tag-answered-against-policy",
        "a whitespace tag starts the exchange, whatever WHITESPACE_START_AKE says",
        Redefine(Cond.WHITESPACE_START_AKE, _YES),
    ),
    _bug(
        "tag-ignored",
        "a whitespace tag never starts the exchange",
        Redefine(Cond.WHITESPACE_START_AKE, _NO),
    ),
    _bug(
        "tag-on-everything",
        "the whitespace tag is sent although the peer has answered without OTR",
        Redefine(Cond.ATTACH_TAG, v.SEND_WHITESPACE_TAG),
    ),
    _bug(
        "tag-against-policy",
        "the whitespace tag is sent, whatever SEND_WHITESPACE_TAG says",
        Redefine(Cond.ATTACH_TAG, ~v.PLAINTEXT_SEEN),
    ),
    _bug(
        "error-restart-ignored",
        "an Error Message never starts the exchange, whatever ERROR_START_AKE says",
        Redefine(Cond.ERROR_START_AKE, _NO),
    ),
    _bug(
        "disabled-but-there",
        "who allows no version handles messages of OTR nevertheless",
        Redefine(Cond.DISABLED, _NO),
    ),
    # What the user types.
    _bug(
        "plaintext-while-finished",
        "what is typed after the peer has ended the conversation is sent in the clear",
        EditRow(f"{_MESSAGE}:user-send.finished", do=(Do.SEND_PLAINTEXT,)),
    ),
    _bug(
        "required-text-in-the-clear",
        "where encryption is required, the first text leaves in the clear, with a Query Message",
        EditRow(
            f"{_MESSAGE}:user-send.plaintext.not-disabled.require-encryption",
            do=(Do.SEND_PLAINTEXT, Do.SEND_QUERY),
        ),
    ),
    _bug(
        "required-text-lost",
        "where encryption is required, the first text is neither sent nor kept",
        EditRow(
            f"{_MESSAGE}:user-send.plaintext.not-disabled.require-encryption",
            do=(Do.SEND_QUERY,),
        ),
    ),
    _bug(
        "stored-text-sent-again",
        "a text that was sent belatedly is sent again whenever the conversation is refreshed",
        Assign(Do.SEND_STORED, v.STORED, Number(v.IS_OWED)),
    ),
    _bug(
        "stored-text-never-stale",
        "a text that waited for hours is sent as soon as a conversation is private",
        Redefine(Cond.OWED, v.STORED.equals(v.IS_OWED)),
    ),
    _bug(
        "leaves-without-a-word",
        "who ends the conversation does not tell the peer",
        EditRow(
            f"{_MESSAGE}:user-end.encrypted",
            do=(Do.FORGET_STORED, Do.AWAIT_PLAINTEXT, Do.TELL_INSECURE),
        ),
    ),
    # What the user sees.
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
        "plaintext-without-warning",
        "what arrives in the clear during a private conversation is shown without a warning",
        EditRow(f"{_MESSAGE}:plaintext.encrypted", do=(Do.SHOW_PLAINTEXT,)),
        EditRow(f"{_MESSAGE}:tagged-plaintext.encrypted", do=(Do.SHOW_PLAINTEXT,)),
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
    _bug(
        "shown-before-checking",
        "a text that fails its authentication is shown nevertheless",
        Override("warn_unreadable", "showing"),
    ),
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
    # Data Messages.
    _bug(
        "counter-equal",
        "a counter that was seen before is accepted once more",
        Redefine(
            Check.DATA_COUNTER,
            Comparison(
                How.AT_MOST,
                v.SEEN[v.OUR_KEYID - v.RECIPIENT_KEYID, v.THEIR_KEYID - v.SENDER_KEYID],
                v.COUNTER,
            ),
        ),
    ),
    _bug(
        "counter-stuck",
        "the counter stays the same from text to text",
        Assign(Do.SEND_TEXT, v.SENT, None),
    ),
    _bug(
        "previous-key-forgotten",
        "a Data Message for our previous D-H key is refused",
        Redefine(Check.OUR_KEY_KNOWN, v.RECIPIENT_KEYID.equals(v.OUR_KEYID)),
    ),
    _bug(
        "peers-previous-key-forgotten",
        "a Data Message from the peer's previous D-H key is refused",
        Redefine(Check.THEIR_KEY_KNOWN, v.SENDER_KEYID.equals(v.THEIR_KEYID)),
    ),
    _bug(
        "own-key-never-replaced",
        "our D-H key stays the same when the peer acknowledges the next one",
        EditRow(
            f"{_KEYS}:data-taken.held.acknowledges.advances", do=(Do.RECORD, Do.ROTATE_THEIR_KEYS)
        ),
        EditRow(f"{_KEYS}:data-taken.held.acknowledges.not-advances", do=(Do.RECORD,)),
    ),
    _bug(
        "own-key-replaced-unasked",
        "our D-H key is replaced with every Data Message, acknowledged or not",
        EditRow(
            f"{_KEYS}:data-taken.held.not-acknowledges.advances",
            do=(Do.RECORD, Do.ROTATE_OUR_KEYS, Do.ROTATE_THEIR_KEYS),
        ),
        EditRow(
            f"{_KEYS}:data-taken.held.not-acknowledges.not-advances",
            do=(Do.RECORD, Do.ROTATE_OUR_KEYS),
        ),
    ),
    _bug(
        "keys-survive-the-end",
        "the keys of a conversation outlive it",
        EditRow(f"{_KEYS}:session-over.held", do=()),
    ),
    _bug(
        "no-next-key-taken",
        "the peer's next D-H key is not taken over",
        EditRow(
            f"{_KEYS}:data-taken.held.acknowledges.advances", do=(Do.RECORD, Do.ROTATE_OUR_KEYS)
        ),
        EditRow(f"{_KEYS}:data-taken.held.not-acknowledges.advances", do=(Do.RECORD,)),
    ),
    _bug(
        "mac-keys-early",
        "a MAC key is revealed while messages are still accepted under it",
        Override("record", "revealing"),
    ),
    _bug(
        "mac-keys-never",
        "MAC keys are not revealed",
        Override("retire_mac_keys", "forgetting"),
    ),
    _bug(
        "mac-keys-twice",
        "each MAC key is revealed in two Data Messages",
        Override("old_mac_keys", "again"),
    ),
    _bug(
        "mac-keys-sending",
        "the MAC keys of what was sent are revealed, in place of those of what was received",
        Override("old_mac_keys", "sending"),
    ),
    _bug(
        "mac-keys-lost-at-refresh",
        "when the conversation is refreshed, MAC keys of the time before are not revealed",
        Override("install_keys", "forgetting"),
    ),
    _bug(
        "extra-key-of-sender",
        "the extra symmetric key is the one that encrypts what is sent",
        Override("data_keys", "extra-is-sending"),
    ),
    _bug(
        "heartbeats-on-everything",
        "every Data Message is answered with a heartbeat",
        Redefine(Cond.HEARTBEAT_DUE, _YES),
    ),
    _bug(
        "heartbeat-shown",
        "a heartbeat is shown to the user as an empty text",
        Redefine(Cond.HAS_TEXT, _YES),
    ),
    _bug(
        "heartbeats-loud",
        "heartbeats and TLVs lack the flag IGNORE_UNREADABLE",
        Override("send_data", "no-flags"),
    ),
    # TLVs.
    _bug(
        "tlvs-behind-text-skipped",
        "TLVs of a Data Message that has a text are not looked at",
        EditRow(f"{_MESSAGE}:data.encrypted.data-valid.has-text", raises=_raises(Event.DATA_TAKEN)),
    ),
    _bug(
        "unknown-tlv-ends-it",
        "what stands behind a TLV of unknown type is not looked at",
        EditRow(f"{_TLV}:next-tlv.ready.tlv-unknown", raises=_raises(Event.CONTENT_DONE)),
    ),
    _bug(
        "padding-ends-it",
        "what stands behind padding is not looked at",
        EditRow(f"{_TLV}:next-tlv.ready.tlv-padding", raises=_raises(Event.CONTENT_DONE)),
    ),
    _bug(
        "only-first-tlv",
        "only the first TLV of a Data Message is looked at",
        EditRow(f"{_TLV}:tlv-done.ready", do=(), raises=_raises(Event.CONTENT_DONE)),
    ),
    _bug(
        "end-of-peer-ignored",
        "a TLV of type 1 does not end the conversation",
        EditRow(f"{_MESSAGE}:disconnected.encrypted", do=(), goto=Msg.ENCRYPTED, raises=()),
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
        Override("send_smp_1", "without-question"),
    ),
    _bug(
        "smp-restarted-midway",
        "SMP message 1 begins SMP anew while it is underway",
        *(
            EditRow(
                f"{_SMP}:smp-1.{state.label}.private",
                do=(Do.FORGET_SMP, Do.KEEP_SMP_1, Do.TELL_SMP_ASKED),
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
        "smp-always-succeeds",
        "the secrets are found equal, whatever they are",
        Redefine(Cond.EQUAL, _YES),
    ),
    _bug(
        "smp-roles-swapped",
        "the secret of SMP is made of the public keys in the wrong order",
        Override("smp_secret", "roles-swapped"),
    ),
    _bug(
        "smp-without-ssid",
        "the secret of SMP is not tied to the secure session id",
        Override("smp_secret", "without-ssid"),
    ),
    _bug(
        "smp-abort-ignored",
        "the peer's abort does not end SMP",
        *(EditRow(f"{_SMP}:smp-abort.{state.label}", do=(), goto=state) for state in _UNDERWAY),
        EditRow(f"{_SMP}:smp-abort.expect1.asked", do=()),
    ),
    _bug(
        "smp-answers-itself",
        "SMP message 2 is accepted by who did not begin SMP",
        EditRow(f"{_SMP}:smp-2.expect1.private", do=(), goto=Smp.EXPECT1),
    ),
    # Instances and fragments.
    _bug(
        "sender-tag-unchecked",
        "a sender instance tag below the smallest is accepted",
        Redefine(Cond.SENDER_TAG_VALID, _YES),
    ),
    _bug(
        "receiver-tag-not-sent",
        "messages of version 3 are sent for no instance in particular",
        Override("header", "no-receiver"),
    ),
    _bug(
        "one-session-for-all",
        "all instances of the peer share one session",
        *_each_way("for-us", to(_MASTER, Event.ARRIVED)),
        *_each_way("opening", to(_MASTER, Event.ARRIVED)),
    ),
    _bug(
        "fragments-of-instances-mixed",
        "fragments of all instances of the peer are put together in one place",
        EditRow(
            "otrv3.instances:received.ready.for-us",
            raises=(
                Raise(
                    Event.ARRIVED,
                    Choice(v.KIND.equals(Kind.FRAGMENT.number), Number(_MASTER), v.SENDER_TAG),
                ),
            ),
        ),
    ),
    _bug(
        "fragment-order-unchecked",
        "a fragment is appended, whatever its number is",
        Redefine(Cond.NEXT, _YES),
    ),
    _bug(
        "fragment-index-unchecked",
        "fragments with impossible numbers are taken",
        Redefine(Cond.LEGAL, _YES),
    ),
    _bug(
        "fragment-restart-ignored",
        "a first fragment does not replace what is stored",
        EditRow(f"{_FRAGMENT}:arrived.collecting.first", do=()),
    ),
)
"""Every bug, in the order of the tables. Their names are public."""
