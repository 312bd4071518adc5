"""Bugs that implementations of OTRv4 could have: what they do otherwise than the tables.

Most bugs are edits of the tables (`otr_model.otrv4.bugs`). What the tables leave to code is here:
steps, and suites, that do something else in one place. An edit `Override` names what differs, and
how. Nothing else branches on a bug.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from otr_reference.derive import Deviation, derived

from . import notices
from .commands import Receive, StartSmp
from .messages import Content, ErrorMessage, Header, Plaintext, TaggedPlaintext
from .step import Otrv4Step, present

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_reference.sorts import Key, Octets, Passphrase, Point, Scalar

    from .suite import Ratcheted, Suite

__all__ = ["STEPS", "SUITES", "faulty"]

S = TypeVar("S", bound="Suite")


# --- Steps ------------------------------------------------------------------------------------


class _SkippedLost(Otrv4Step):
    """Keys of messages that have not arrived are not stored."""

    def _take(self) -> None:
        self.__dict__["opening"] = replace(self.opening, left=(), gap=())
        super()._take()


class _SkippedKept(Otrv4Step):
    """The key of a message that came late is kept after it has been used."""

    def do_take_skipped(self) -> None:
        """It is not forgotten."""
        self._to_reveal(self.own(), self.opening.keys.mac)


class _SkippedUnrevealed(Otrv4Step):
    """MAC keys of messages that never came are forgotten, and not revealed."""

    def do_drop_skipped(self) -> None:
        """Only forgotten."""
        member = self.own()
        member.chain = replace(present(member.chain), skipped={})


class _RevealedTwice(Otrv4Step):
    """Each MAC key is revealed twice."""

    def do_reveal(self) -> None:
        """Once more."""
        super().do_reveal()
        member = self.own()
        if member.old_mac_keys:
            member.revealed = (member.revealed or ()) + member.old_mac_keys


class _PrekeyReused(Otrv4Step):
    """A prekey message may be answered more than once."""

    def do_accept_non_interactive_auth(self) -> None:
        """It is not noted as used up."""
        before = self.shared.used_prekeys
        super().do_accept_non_interactive_auth()
        self.shared.used_prekeys = before

    def do_tell_prekey_used(self) -> None:
        """The application is not told, either."""


class _BoldSwapped(Otrv4Step):
    """The wrong half of the secure session id is shown in bold."""

    def tell(self, notice: notices.Notice) -> None:
        """The other half."""
        if isinstance(notice, notices.Secured):
            notice = replace(notice, bold_first=not notice.bold_first)
        super().tell(notice)


class _KeepsSsid(Otrv4Step):
    """A refreshed conversation keeps its old secure session id."""

    def do_enter_private(self) -> None:
        """The first one stays."""
        before = self.member.ssid
        super().do_enter_private()
        if before is not None:
            self.own().ssid = before


class _ShowsTag(Otrv4Step):
    """A text is shown with its whitespace tag."""

    def do_show_plaintext(self) -> None:
        """As it came."""
        if isinstance(self.message, TaggedPlaintext) and isinstance(self.given, Receive):
            self.tell(notices.Unprocessed(self.wire))
        else:
            super().do_show_plaintext()


class _PlaintextAsPrivate(Otrv4Step):
    """What arrives in the clear is shown as if it had been encrypted."""

    def do_show_plaintext(self) -> None:
        """As private."""
        message = self.message
        if isinstance(message, Plaintext | TaggedPlaintext):
            self.tell(notices.Shown(message.text, secure=True))


class _PrivateAsPlaintext(Otrv4Step):
    """What arrives encrypted is shown as if it had come in the clear."""

    def do_show_text(self) -> None:
        """As open."""
        self.tell(notices.Shown(self.content.text, secure=False))


class _ErrorAsText(Otrv4Step):
    """An Error Message is shown as if the peer had typed it."""

    def do_show_error(self) -> None:
        """As a text."""
        self.tell(notices.Shown(self.of(ErrorMessage).text, secure=False))


class _QuestionDropped(Otrv4Step):
    """The user is asked for the secret of SMP without the peer's question."""

    def do_tell_smp_asked(self) -> None:
        """Without it."""
        self.tell(notices.SmpStaged(notices.SmpStage.ASKED, None))


class _QuestionNotSent(Otrv4Step):
    """The user's question is not sent."""

    def do_put_smp_1(self) -> None:
        """Message 1 with an empty question."""
        self.given = replace(self.asked(StartSmp), question=None)
        super().do_put_smp_1()


class _LastFirst(Otrv4Step):
    """Of the texts that wait, the last one is sent first."""

    def do_put_queued(self) -> None:
        """The last one."""
        *rest, last = present(self.shared.queue)
        self.shared.queue = tuple(rest) or None
        self.put(Content(last.text))


class _NoReceiver(Otrv4Step):
    """What is sent is for no instance in particular."""

    @property
    def header(self) -> Header:
        """Receiver instance tag 0."""
        return Header(self.config.our_tag, 0)


STEPS: Mapping[tuple[str, str], type[Otrv4Step]] = {
    ("take", "forgetting-skipped"): _SkippedLost,
    ("take_skipped", "keeping"): _SkippedKept,
    ("drop_skipped", "unrevealed"): _SkippedUnrevealed,
    ("reveal", "twice"): _RevealedTwice,
    ("accept_non_interactive_auth", "unused"): _PrekeyReused,
    ("tell_secure", "other-half"): _BoldSwapped,
    ("enter_private", "old-ssid"): _KeepsSsid,
    ("show_plaintext", "with-tag"): _ShowsTag,
    ("show_plaintext", "as-private"): _PlaintextAsPrivate,
    ("show_text", "as-open"): _PrivateAsPlaintext,
    ("show_error", "as-text"): _ErrorAsText,
    ("tell_smp_asked", "without-question"): _QuestionDropped,
    ("put_smp_1", "without-question"): _QuestionNotSent,
    ("put_queued", "last-first"): _LastFirst,
    ("header", "no-receiver"): _NoReceiver,
}
"""For each way in which a bug does something else in a step, the step that does."""


def faulty(overrides: Mapping[str, str]) -> type[Otrv4Step]:
    """The step of a variant's overrides: the plain one where none is about steps."""
    kinds = tuple(STEPS[named] for named in overrides.items() if named in STEPS)
    if not kinds:
        return Otrv4Step
    return kinds[0] if len(kinds) == 1 else type("Faulty", kinds, {})


# --- Suites -----------------------------------------------------------------------------------


def _reversed_tie(suite: S) -> S:
    """The lower hash wins."""
    return derived(suite, higher=lambda base, ours, theirs: base.higher(theirs, ours))


def _same_ecdh(suite: S) -> S:
    """There is one ECDH key pair for everything."""
    return derived(suite, fresh_ecdh=lambda base, seed, _draw: base.fresh_ecdh(seed, 1))


def _same_dh(suite: S) -> S:
    """There is one DH key pair for everything."""
    return derived(suite, fresh_dh=lambda base, seed, _draw: base.fresh_dh(seed, 1))


def _without_brace(suite: S) -> S:
    """The brace key is not mixed into the ratchet."""

    def ratchet(base: Suite, root: Key, ours: Scalar, theirs: Point, _brace: Key) -> Ratcheted:
        return base.ratchet(root, ours, theirs, root)

    return derived(suite, ratchet=ratchet)


def _brace_stays(suite: S) -> S:
    """The brace key stays the same until the next DH key."""
    return derived(suite, next_brace_key=lambda _base, brace: brace)


def _chain_stays(suite: S) -> S:
    """Every message of a ratchet is under the same key."""
    return derived(suite, next_chain_key=lambda _base, chain: chain)


def _smp_secret(change: str) -> Deviation:
    """The secret of SMP is made of other things."""

    def smp_secret(
        base: Suite, initiator: Octets, responder: Octets, ssid: Octets, typed: Passphrase
    ) -> Scalar:
        if change == "roles":
            return base.smp_secret(responder, initiator, ssid, typed)
        return base.smp_secret(initiator, responder, base.literal(""), typed)

    return lambda suite: derived(suite, smp_secret=smp_secret)


SUITES: Mapping[tuple[str, str], Deviation] = {
    ("higher", "reversed"): _reversed_tie,
    ("fresh_ecdh", "repeated"): _same_ecdh,
    ("fresh_dh", "repeated"): _same_dh,
    ("ratchet", "without-brace"): _without_brace,
    ("next_brace_key", "same"): _brace_stays,
    ("next_chain_key", "same"): _chain_stays,
    ("smp_secret", "roles-swapped"): _smp_secret("roles"),
    ("smp_secret", "without-ssid"): _smp_secret("ssid"),
}
"""For each way in which a bug overrides an operation of the suite, what makes such a suite."""
