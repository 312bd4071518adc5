"""Bugs that implementations of OTRv3 have, or could have: what they do otherwise than the tables.

Most bugs are edits of the tables (`otr_model.otrv3.bugs`). What the tables leave to code is here:
steps, and suites, that do something else in one place. An edit `Override` names what differs, and
how. Nothing else branches on a bug.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from otr_reference.derive import Deviation, derived

from . import notices, readings
from .commands import Receive, StartSmp
from .messages import (
    Content,
    DataKeys,
    ErrorMessage,
    Header,
    Plaintext,
    TaggedPlaintext,
)
from .notices import SmpStage
from .step import Otrv3Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_reference.sorts import (
        Element,
        Key,
        Octets,
        Passphrase,
        PublicKey,
        Scalar,
    )

    from .messages import DhPair
    from .session import Session
    from .suite import Suite

__all__ = ["IN_STEPS", "STEPS", "SUITES", "faulty"]

S = TypeVar("S", bound="Suite")


# --- Steps ------------------------------------------------------------------------------------


class _RevealsEarly(Otrv3Step):
    """A MAC key is to be revealed as soon as it has verified a message."""

    def do_record(self) -> None:
        """The next Data Message has it."""
        super().do_record()
        member = self.own()
        member.old_mac_keys = (*(member.old_mac_keys or ()), self.keys_at_hand.receiving_mac)


class _RevealsNothing(Otrv3Step):
    """MAC keys are never revealed."""

    def _retire_mac_keys(self, member: Session, *places: int) -> None:
        """They are forgotten."""


class _ForgetsAtRefresh(Otrv3Step):
    """When the conversation is refreshed, the old MAC keys are forgotten and not revealed."""

    def do_install_keys(self) -> None:
        """As if there had been none."""
        self.own().ring = None
        super().do_install_keys()


class _BoldSwapped(Otrv3Step):
    """The wrong half of the secure session id is shown in bold."""

    def tell(self, notice: notices.Notice) -> None:
        """The other half."""
        if isinstance(notice, notices.Secured):
            notice = replace(notice, bold_first=not notice.bold_first)
        super().tell(notice)


class _KeepsSsid(Otrv3Step):
    """A refreshed conversation keeps its old secure session id."""

    def do_enter_private(self) -> None:
        """The first one stays."""
        before = self.member.ssid
        super().do_enter_private()
        if before is not None:
            self.own().ssid = before


class _ShowsTag(Otrv3Step):
    """A text is shown with its whitespace tag."""

    def do_show_plaintext(self) -> None:
        """As it came."""
        if isinstance(self.message, TaggedPlaintext) and isinstance(self.given, Receive):
            self.tell(notices.Unprocessed(self.given.wire))
        else:
            super().do_show_plaintext()


class _ErrorAsText(Otrv3Step):
    """An Error Message is shown as if the peer had typed it."""

    def do_show_error(self) -> None:
        """As a text."""
        self.tell(notices.Shown(self.of(ErrorMessage).text, secure=False))


class _PlaintextAsPrivate(Otrv3Step):
    """What arrives in the clear is shown as if it had been encrypted."""

    def do_show_plaintext(self) -> None:
        """As private."""
        message = self.message
        if isinstance(message, Plaintext | TaggedPlaintext):
            self.tell(notices.Shown(message.text, secure=True))


class _PrivateAsPlaintext(Otrv3Step):
    """What arrives encrypted is shown as if it had come in the clear."""

    def do_show_text(self) -> None:
        """As open."""
        self.tell(notices.Shown(self.content.text, secure=False))


class _QuestionDropped(Otrv3Step):
    """The user is asked for the secret of SMP without the peer's question."""

    def do_tell_smp_asked(self) -> None:
        """Without it."""
        self.tell(notices.SmpStaged(SmpStage.ASKED, None))


class _QuestionNotSent(Otrv3Step):
    """The user's question is not sent."""

    def do_send_smp_1(self) -> None:
        """Message 1, and not 1Q."""
        self.given = replace(self.asked(StartSmp), question=None)
        super().do_send_smp_1()


class _NoReceiver(Otrv3Step):
    """What is sent is for no instance in particular."""

    def header(self, version: int) -> Header:
        """Receiver instance tag 0."""
        return replace(super().header(version), receiver=0)


class _LoudHeartbeats(Otrv3Step):
    """Heartbeats, and TLVs without a text, lack the flag IGNORE_UNREADABLE."""

    def send_data(self, content: Content, flags: int = 0) -> DataKeys:  # noqa: ARG002 - it is lost
        """No flags."""
        return super().send_data(content, 0)


class _ShowsBeforeChecking(Otrv3Step):
    """A text that fails its authentication is shown nevertheless, as one that was not private."""

    def do_warn_unreadable(self) -> None:
        """What it decrypts to."""
        super().do_warn_unreadable()
        ring, facts, member = self.member.ring, self.facts, self.member
        ages = member.our_keyid - facts.recipient_keyid, member.their_keyid - facts.sender_keyid
        if ring is not None and ages == (1, 0):
            self.tell(notices.Shown(self.content.text, secure=False))


STEPS: Mapping[tuple[str, str], type[Otrv3Step]] = {
    ("record", "revealing"): _RevealsEarly,
    ("retire_mac_keys", "forgetting"): _RevealsNothing,
    ("install_keys", "forgetting"): _ForgetsAtRefresh,
    ("tell_secure", "other-half"): _BoldSwapped,
    ("enter_private", "old-ssid"): _KeepsSsid,
    ("show_plaintext", "with-tag"): _ShowsTag,
    ("show_error", "as-text"): _ErrorAsText,
    ("show_plaintext", "as-private"): _PlaintextAsPrivate,
    ("show_text", "as-open"): _PrivateAsPlaintext,
    ("tell_smp_asked", "without-question"): _QuestionDropped,
    ("send_smp_1", "without-question"): _QuestionNotSent,
    ("header", "no-receiver"): _NoReceiver,
    ("send_data", "no-flags"): _LoudHeartbeats,
    ("warn_unreadable", "showing"): _ShowsBeforeChecking,
}
"""For each way in which a bug does something else in a step, the step that does."""

IN_STEPS: Mapping[tuple[str, str], type[Otrv3Step]] = {**STEPS, **readings.STEPS}
"""The same with those of literal readings."""


def faulty(overrides: Mapping[str, str]) -> type[Otrv3Step]:
    """The step of a variant's overrides: the plain one where none is about steps."""
    kinds = tuple(IN_STEPS[named] for named in overrides.items() if named in IN_STEPS)
    if not kinds:
        return Otrv3Step
    return kinds[0] if len(kinds) == 1 else type("Faulty", kinds, {})


# --- Suites -----------------------------------------------------------------------------------


def _reversed_tie(suite: S) -> S:
    """The lower hash wins."""
    return derived(suite, higher=lambda base, ours, theirs: base.higher(theirs, ours))


def _same_pair(suite: S) -> S:
    """There is one D-H key pair for everything."""
    return derived(suite, fresh_pair=lambda base, seed, _draw: base.fresh_pair(seed, 1))


def _same_r(suite: S) -> S:
    """There is one r for every D-H Commit."""
    return derived(suite, fresh_key=lambda base, seed, _draw: base.fresh_key(seed, 1))


def _sending_instead(suite: S) -> S:
    """MAC keys of sending are revealed, and those of receiving are not."""
    sending: dict[Key, Key] = {}

    def data_keys(base: Suite, ours: DhPair, theirs: Element) -> DataKeys:
        keys = base.data_keys(ours, theirs)
        sending[keys.receiving_mac] = keys.sending_mac
        return keys

    def old_mac_keys(base: Suite, keys: tuple[Key, ...]) -> Octets:
        return base.old_mac_keys(tuple(sending.get(key, key) for key in keys))

    return derived(suite, data_keys=data_keys, old_mac_keys=old_mac_keys)


@dataclass
class _Last:
    """The MAC keys that were revealed last."""

    keys: tuple[Key, ...] = ()


def _again(suite: S) -> S:
    """What was revealed is revealed once more in the next Data Message."""
    last = _Last()

    def old_mac_keys(base: Suite, keys: tuple[Key, ...]) -> Octets:
        before, last.keys = last.keys, keys
        return base.old_mac_keys((*before, *keys))

    return derived(suite, last, old_mac_keys=old_mac_keys)


def _extra_key(suite: S) -> S:
    """The extra symmetric key is the key that encrypts what we send."""

    def data_keys(base: Suite, ours: DhPair, theirs: Element) -> DataKeys:
        keys = base.data_keys(ours, theirs)
        return replace(keys, extra=keys.sending)

    return derived(suite, data_keys=data_keys)


def _smp_secret(
    change: str,
) -> Deviation:
    """The secret of SMP is made of other things."""

    def smp_secret(
        base: Suite, initiator: PublicKey, responder: PublicKey, ssid: Octets, typed: Passphrase
    ) -> Scalar:
        if change == "roles":
            return base.smp_secret(responder, initiator, ssid, typed)
        return base.smp_secret(initiator, responder, base.literal(""), typed)

    return lambda suite: derived(suite, smp_secret=smp_secret)


SUITES: Mapping[tuple[str, str], Deviation] = {
    ("higher", "reversed"): _reversed_tie,
    ("fresh_pair", "repeated"): _same_pair,
    ("fresh_key", "repeated"): _same_r,
    ("old_mac_keys", "sending"): _sending_instead,
    ("old_mac_keys", "again"): _again,
    ("data_keys", "extra-is-sending"): _extra_key,
    ("smp_secret", "roles-swapped"): _smp_secret("roles"),
    ("smp_secret", "without-ssid"): _smp_secret("ssid"),
}
"""For each way in which a bug overrides an operation of the suite, what makes such a suite."""
