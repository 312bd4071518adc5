"""Bugs that implementations have, by name: each is one thing, and a case fails who has it."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import pytest

from otr_conformance.mutate.catalogue import bugs_of
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.verdict import Verdict
from otr_model.kernel.variant import Override, apply

if TYPE_CHECKING:
    from otr_model.kernel.variant import Variant

KILLERS: Final = {
    ("otrv3", "heartbeats-on-everything"): "strength.counter-zero",
    ("otrv3", "tie-break-reversed"): "ake.v3-both-begin-amid-answer",
    ("otrv3", "tie-break-gives-way"): "ake.v3-both-begin-amid-answer",
    ("otrv3", "dh-key-reused"): "life.fragments",
    ("otrv3", "r-reused"): "smp.finished-in-expect4",
    ("otrv3", "public-values-unchecked"): "ake.v3-both-begin-amid-answer",
    ("otrv3", "commitment-unchecked"): "negative.v2-commitment-matches",
    ("otrv3", "identity-unauthenticated"): "negative.v2-reveal-mac",
    ("otrv3", "repeated-dh-key-ignored"): "ake.v3-both-begin-amid-answer",
    ("otrv3", "any-dh-key-answered"): "ake.v2-ignores-dh-key-in-awaiting-sig",
    ("otrv3", "ssid-half-wrong"): "ake.v2-ignores-dh-key-in-awaiting-sig",
    ("otrv3", "ssid-kept"): "negative.v2-reveal-mac",
    ("otrv3", "version-not-allowed"): "ake.v2-dh-commit-not-allowed",
    ("otrv3", "lowest-version-chosen"): "ake.query-offers-v2-and-v3-to-v2-and-v3",
    ("otrv3", "offer-beyond-policy"): "ake.query-offers-v1-and-v3-to-v2",
    ("otrv3", "query-answered-with-query"): "ake.query-offers-v1-and-v3-to-v2",
    ("otrv3", "tag-answered-against-policy"): "ake.tag-offers-v2-and-v3-to-v2",
    ("otrv3", "tag-ignored"): "ake.tag-offers-v3-in-awaiting-sig",
    ("otrv3", "tag-on-everything"): "message.tag-ends-with-first-plaintext.v2",
    ("otrv3", "tag-against-policy"): "negative.v2-reveal-mac",
    ("otrv3", "error-restart-ignored"): "message.error-in-finished.in-vain",
    ("otrv3", "disabled-but-there"): "ake.query-offers-nothing-to-disabled",
    ("otrv3", "plaintext-while-finished"): "tlv.cut-off-behind-disconnected",
    ("otrv3", "required-text-in-the-clear"): "life.started-by-typing-v2",
    ("otrv3", "required-text-lost"): "life.started-by-typing-v2",
    ("otrv3", "stored-text-sent-again"): "message.types-in-plaintext.require-tag.v2",
    ("otrv3", "leaves-without-a-word"): "message.plaintext-after-data.ignore-unreadable.v2",
    ("otrv3", "plaintext-as-private"): "message.plaintext-after-data.ignore-unreadable.v2",
    ("otrv3", "private-as-plaintext"): "message.types-in-plaintext.require-tag.v2",
    ("otrv3", "plaintext-without-warning"): "ake.tag-offers-v2-in-none",
    ("otrv3", "tag-shown"): "ake.tag-offers-v2-in-none",
    ("otrv3", "error-as-text"): "message.error-in-finished.in-vain",
    ("otrv3", "shown-before-checking"): "negative.data.key-has-successor",
    ("otrv3", "unreadable-unreported"): "message.plaintext-after-data.v2",
    ("otrv3", "unreadable-always-reported"): "negative.data.data-counter.ignore-unreadable-v2",
    ("otrv3", "counter-equal"): "negative.data.data-counter.ignore-unreadable-v2",
    ("otrv3", "counter-stuck"): "negative.data.data-counter.ignore-unreadable-v2",
    ("otrv3", "previous-key-forgotten"): "message.error-in-finished.in-vain",
    ("otrv3", "peers-previous-key-forgotten"): "smp.finished-in-expect4",
    ("otrv3", "own-key-never-replaced"): "smp.finished-in-expect4",
    ("otrv3", "own-key-replaced-unasked"): "smp.finished-in-expect4",
    ("otrv3", "keys-survive-the-end"): "strength.keys-end-with-the-conversation",
    ("otrv3", "no-next-key-taken"): "strength.keys-end-with-the-conversation",
    ("otrv3", "mac-keys-early"): "strength.keys-end-with-the-conversation",
    ("otrv3", "mac-keys-never"): "strength.keys-end-with-the-conversation",
    ("otrv3", "mac-keys-twice"): "smp.finished-in-expect4",
    ("otrv3", "mac-keys-sending"): "smp.finished-in-expect4",
    ("otrv3", "extra-key-of-sender"): "tlv.extra-key-both-ways",
    ("otrv3", "heartbeat-shown"): "tlv.extra-key-both-ways",
    ("otrv3", "heartbeats-loud"): "message.both-end",
    ("otrv3", "tlvs-behind-text-skipped"): "tlv.empty-padding-then-disconnected",
    ("otrv3", "unknown-tlv-ends-it"): "tlv.undefined-empty-then-disconnected",
    ("otrv3", "padding-ends-it"): "tlv.empty-padding-then-disconnected",
    ("otrv3", "only-first-tlv"): "tlv.empty-padding-then-disconnected",
    ("otrv3", "end-of-peer-ignored"): "tlv.empty-padding-then-disconnected",
    ("otrv3", "smp-question-dropped"): "smp.begun-by-tester.question.different",
    ("otrv3", "smp-question-not-sent"): "smp.begun-by-target.question.different",
    ("otrv3", "smp-restarted-midway"): "smp.message-1-in-expect3",
    ("otrv3", "smp-proofs-unchecked"): "negative.smp-1.g3a-proof",
    ("otrv3", "smp-always-succeeds"): "smp.begun-by-target.question.different",
    ("otrv3", "smp-roles-swapped"): "negative.smp-1.g3a-proof",
    ("otrv3", "smp-without-ssid"): "negative.smp-1.g3a-proof",
    ("otrv3", "smp-abort-ignored"): "smp.answer-after-abort",
    ("otrv3", "smp-answers-itself"): "strength.smp-1-forgotten.2",
    ("otrv3", "sender-tag-unchecked"): "receiving.dh-commit-illegal-sender",
    ("otrv3", "receiver-tag-not-sent"): "receiving.dh-commit-illegal-sender",
    ("otrv3", "one-session-for-all"): "receiving.dh-commit-illegal-sender",
    ("otrv3", "fragments-of-instances-mixed"): "receiving.v3-fragments-whole-between",
    ("otrv3", "fragment-order-unchecked"): "receiving.v2-fragments-leap",
    ("otrv3", "fragment-index-unchecked"): "receiving.v2-fragments-illegal-between",
    ("otrv3", "fragment-restart-ignored"): "receiving.v2-fragments-replaced",
    ("otrv4", "profile-not-validated"): "boundary.profile-after-604800",
    ("otrv4", "profile-of-another"): "negative.non-interactive-auth-profile-owner",
    ("otrv4", "prekey-profile-not-validated"): "boundary.prekey-profile-after-604800",
    ("otrv4", "ephemeral-keys-unchecked"): "negative.non-interactive-auth-dh-member",
    ("otrv4", "ring-signatures-unchecked"): "negative.auth-i-sigma",
    ("otrv4", "prekey-reused"): "offline.replayed-later",
    ("otrv4", "tie-break-reversed"): "dake.crossed-ours-higher-first-copy-answered",
    ("otrv4", "identity-always-welcome"): "dake.not-welcome-in-waiting-auth-i",
    ("otrv4", "strangers-accepted"): "offline.untrusted-accepts",
    ("otrv4", "trust-unchecked"): "offline.untrusted-accepts",
    ("otrv4", "offline-against-policy"): "offline.require-interactive-in-waiting-auth-i",
    ("otrv4", "end-does-not-abandon"): "message.ends-while-waiting.everywhere",
    ("otrv4", "ssid-half-wrong"): "message.ends-while-waiting.everywhere",
    ("otrv4", "ssid-kept"): "dake.crossed-ours-higher-first-copy-answered",
    ("otrv4", "ecdh-key-reused"): "dake.crossed-ours-higher-first-copy-answered",
    ("otrv4", "dh-key-reused"): "dake.crossed-ours-higher-first-copy-answered",
    ("otrv4", "older-version-preferred"): "version.query-of-version-3-in-private",
    ("otrv4", "tag-answered-against-policy"): "message.tag-ends-with-their-tag",
    ("otrv4", "tag-on-everything"): "message.tag-ends-with-their-tag",
    ("otrv4", "error-restart-ignored"): "message.error-in-start.start",
    ("otrv4", "unknown-errors-shown"): "message.error-ignored.code-4",
    ("otrv4", "plaintext-while-finished"): "tlv.cut-off-behind-disconnected",
    ("otrv4", "plaintext-while-waiting"): "negative.auth-i-sigma",
    ("otrv4", "required-text-in-the-clear"): "offline.accepts-what-waited",
    ("otrv4", "queue-reversed"): "message.early-end-with-texts-waiting",
    ("otrv4", "only-one-queued-sent"): "message.early-end-with-texts-waiting",
    ("otrv4", "plaintext-as-private"): "message.early-end-with-texts-waiting",
    ("otrv4", "private-as-plaintext"): "message.early-end-with-texts-waiting",
    ("otrv4", "tag-shown"): "message.tag-ends-with-their-tag",
    ("otrv4", "error-as-text"): "message.early-end-with-texts-waiting",
    ("otrv4", "ratchet-with-every-message"): "message.ends-while-waiting.everywhere",
    ("otrv4", "brace-key-never-mixed"): "message.ends-while-waiting.everywhere",
    ("otrv4", "brace-key-stays"): "message.ends-while-waiting.everywhere",
    ("otrv4", "chain-key-stays"): "message.ends-while-waiting.everywhere",
    ("otrv4", "previous-count-stuck"): "message.early-end-with-texts-waiting",
    ("otrv4", "skipped-keys-lost"): "ratchet.refreshed.responder",
    ("otrv4", "skipped-keys-reusable"): "data.reveals-at-the-end",
    ("otrv4", "skipped-keys-unrevealed"): "clock.expires.skipped",
    ("otrv4", "mac-keys-early"): "smp.both-begin-in-expect1",
    ("otrv4", "mac-keys-never"): "smp.both-begin-in-expect1",
    ("otrv4", "mac-keys-twice"): "smp.both-begin-in-expect1",
    ("otrv4", "session-never-expires"): "clock.expires.skipped",
    ("otrv4", "expires-while-alive"): "clock.not-expired.new-key",
    ("otrv4", "unreadable-unreported"): "clock.expires.skipped",
    ("otrv4", "unreadable-always-reported"): "negative.data.data-dh-due.ignore-unreadable",
    ("otrv4", "heartbeat-shown"): "smp.both-begin-in-expect1",
    ("otrv4", "heartbeats-on-everything"): "dake.offer-answered-by-two",
    ("otrv4", "only-first-tlv"): "tlv.extra-key",
    ("otrv4", "unknown-tlv-ends-it"): "tlv.undefined",
    ("otrv4", "end-of-peer-ignored"): "tlv.undefined",
    ("otrv4", "smp-question-dropped"): "smp.begun-by-tester.question",
    ("otrv4", "smp-question-not-sent"): "smp.begun-by-target.question",
    ("otrv4", "smp-restarted-midway"): "smp.both-begin-in-expect1",
    ("otrv4", "smp-points-unchecked"): "negative.smp-1.g2a-point",
    ("otrv4", "smp-always-succeeds"): "smp.begun-by-target.question",
    ("otrv4", "smp-roles-swapped"): "smp.begun-by-target.question",
    ("otrv4", "smp-without-ssid"): "smp.begun-by-target.question",
    ("otrv4", "receiver-tag-not-sent"): "smp.begun-by-target.question",
    ("otrv4", "sender-tag-unchecked"): "receiving.tags-of-data",
    ("otrv4", "fragment-twice-counts"): "receiving.fragments-again",
    ("otrv4", "fragment-total-unchecked"): "receiving.fragments-of-another-number",
}
"""By protocol and bug: a case that fails it."""


@lru_cache(maxsize=2)
def terms(name: str) -> Any:
    """One lab for all of a protocol's bugs."""
    return PROTOCOLS[name].suite.terms()


def bug(name: str, called: str) -> Variant:
    """The bug of a name."""
    return next(each for each in bugs_of(name) if each.name == f"bug {called}")


def test_there_are_many_and_each_has_a_name_and_a_sentence() -> None:
    every = [(name, each) for name in PROTOCOLS for each in bugs_of(name)]

    assert len(every) >= 120
    assert max(Counter((name, each.name) for name, each in every).values()) == 1
    assert all(each.name.startswith("bug ") and each.about for _, each in every)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_two_are_the_same_and_none_is_a_flaw_of_history(name: str) -> None:
    composition = PROTOCOLS[name].suite.trial.composition
    edits = [frozenset(each.edits) for each in bugs_of(name)]
    flaws = import_module(f"otr_model.{name}.history").FLAWS

    assert len(set(edits)) == len(edits)
    assert not {frozenset(flaw.variant.edits) for flaw in flaws} & set(edits)
    for each in bugs_of(name):
        apply(composition, each)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_is_left_to_code_is_there_and_all_of_it_is_used(name: str) -> None:
    code = import_module(f"otr_reference.{name}.bugs")
    there = {*code.STEPS, *code.SUITES}

    used = {
        (edit.operation, edit.how)
        for each in bugs_of(name)
        for edit in each.edits
        if isinstance(edit, Override)
    }

    assert used == there


@pytest.mark.parametrize(("name", "called"), KILLERS)
def test_a_case_fails_who_has_the_bug_and_passes_who_has_not(name: str, called: str) -> None:
    suite, lab = PROTOCOLS[name].suite, terms(name)
    case = suite.cases[f"{name}.case:{KILLERS[name, called]}"]

    faulty = suite.grader.grade(case, lab, suite.grader.reference_target(bug(name, called)))

    assert faulty.verdict is Verdict.FAIL
    assert faulty.because


def test_at_least_sixty_bugs_are_failed_by_a_case_that_is_named_here() -> None:
    assert len(KILLERS) >= 60
