"""A target behind a shim on the stage of OTRv4: what it is asked, and how that is graded."""

import json
import os
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from otr_conformance.otrv4.case import V3_ONLY, V4_ONLY
from otr_conformance.otrv4.grade import GRADER
from otr_conformance.otrv4.labs import BEGINNING, Lab, RealLab, long_term_seed
from otr_conformance.otrv4.plan import TWO_WEEKS
from otr_conformance.otrv4.scenes import talk
from otr_conformance.otrv4.shim_party import ShimParty, policy_words
from otr_conformance.otrv4.stage import ACTS, TARGET_TAG, Cast, Stage
from otr_conformance.play.case import Case
from otr_conformance.shim.client import ShimProcess
from otr_conformance.shim.errors import ShimRefused
from otr_conformance.shim.protocol import Capability, Hello, OtrVersion
from otr_conformance.shims import reference
from otr_conformance.verdict import Verdict
from otr_model.otrv4.words import Mode
from otr_reference.otrv4.session import Policy
from otr_reference.otrv4.wire import decode_client_profile

MINIATURES = Path(__file__).parent / "miniatures"
LAB = RealLab()
STRICT = replace(V4_ONLY, require_authenticated=True)
Play = Callable[[Stage], None]


@pytest.fixture(autouse=True)
def _children_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


def of(play: Play, cast: Cast) -> Case[Cast, Stage]:
    """A case; predictions are remembered by its id."""
    return Case(f"otrv4.case:{play.__name__}", "", cast, play, 4)


class Tapped:
    """The shim of the reference, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        command = [sys.executable, "-m", reference.__name__]
        self.shim = ShimProcess(command, tap=self._heard)
        self.hello: Hello

    def _heard(self, way: str, line: bytes) -> None:
        if way == ">":
            self.asked.append(json.loads(line))

    def party(self, cast: Cast, *without: Capability) -> ShimParty:
        """A fresh endpoint, as if the shim could not do something."""
        can = tuple(c for c in Capability if c not in without)
        self.shim.reset()
        self.asked.clear()
        self.shim._said = replace(self.hello, capabilities=can)
        return ShimParty(LAB, cast, self.shim, self.shim._said)

    def grade(self, play: Play, cast: Cast, *without: Capability) -> Any:
        """The verdict on a case that is played with it."""
        return GRADER.grade(of(play, cast), LAB, lambda _, made: self.party(made, *without))


@pytest.fixture(scope="module")
def running() -> Iterator[Tapped]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        tapped = Tapped()
        with tapped.shim:
            tapped.hello = tapped.shim.hello()
            yield tapped


# ---- what it is asked


def test_the_target_is_made_of_what_the_reference_is_made_of(running: Tapped) -> None:
    running.party(Cast(Policy(send_whitespace_tag=True), max_size=500))

    (new,) = running.asked
    assert new["policy"] == "v3 v4 send-whitespace-tag identity-start-dake"
    assert (new["tag"], new["now"], new["fragment"]) == (TARGET_TAG, BEGINNING, 500)
    assert new["mode"] == "compatible"
    assert {"key", "sym-h"} <= set(new)
    assert not {"forging", "trusted", "known-profile"} & set(new)


def test_its_fingerprint_is_that_of_the_reference(running: Tapped) -> None:
    running.party(Cast(V4_ONLY))
    made = running.shim.new(
        "other", account="other", peer="tester", policy="v4", sym_h=long_term_seed("target")
    )

    profile = LAB.account("target", TARGET_TAG, V4_ONLY, Mode.COMPATIBLE).profiles[0]
    assert made.fingerprint == LAB.suite.to_bytes(LAB.suite.fingerprint(profile))


def test_a_key_of_version_4_is_given_always_and_one_of_version_3_where_that_is_allowed(
    running: Tapped,
) -> None:
    given = []
    for cast in (Cast(V4_ONLY), Cast(V3_ONLY), Cast(Policy(), mode=Mode.STANDALONE)):
        running.party(cast)
        given.append({"key", "sym-h"} & set(running.asked[0]))

    assert given == [{"sym-h"}, {"key", "sym-h"}, {"sym-h"}]


def test_profiles_are_renewed_as_time_passes_with_a_shim_and_without(running: Tapped) -> None:
    def play(stage: Stage) -> None:
        stage.wait(TWO_WEEKS)
        stage.target_starts_dake()
        stage.settle()
        talk(stage)

    assert running.grade(play, Cast(V4_ONLY)).verdict is Verdict.PASS


@pytest.mark.parametrize("policy", [V3_ONLY, Policy(allow_v4=False, error_start_dake=True)])
def test_who_forbids_version_4_is_a_client_of_it_all_the_same(
    running: Tapped, policy: Policy
) -> None:
    def play(stage: Stage) -> None:
        stage.arrives("?OTR Error: ERROR_2: no")
        stage.settle()

    assert running.grade(play, Cast(policy)).verdict is Verdict.PASS


def test_what_it_knows_of_the_tester_is_told(running: Tapped) -> None:
    running.party(Cast(STRICT, knows=True, trusts=True))

    (new,) = running.asked
    assert len(new["trusted"]) == 76
    assert decode_client_profile(b64decode(new["known-profile"])).versions == {3, 4}


def test_every_word_of_a_policy_is_written() -> None:
    every = dict.fromkeys(Policy.__dataclass_fields__, True)

    assert " ".join(word.word for word in policy_words(Cast(Policy(**every)))) == (
        "v3 v4 require-encryption send-whitespace-tag whitespace-start-ake error-start-ake "
        "require-interactive identity-start-dake require-authenticated"
    )
    assert policy_words(Cast(Policy(allow_v4=False), mode=Mode.STANDALONE)) == policy_words(
        Cast(Policy(allow_v3=False, allow_v4=False))
    )


# ---- what is declared, and what follows from it


def test_a_shim_without_presets_keeps_its_own(running: Tapped) -> None:
    running.party(
        Cast(V4_ONLY),
        *(Capability.PRESET_KEY, Capability.TAG, Capability.OTRV4_MODE, Capability.OTRV4_DAKE),
    )

    (new,) = running.asked
    assert set(new) == {"id", "do", "endpoint", "account", "peer", "policy", "now"}


def test_without_a_virtual_clock_version_4_is_unsupported(running: Tapped) -> None:
    with pytest.raises(ShimRefused, match="does not declare clock") as caught:
        running.party(Cast(V4_ONLY), Capability.CLOCK)

    assert caught.value.verdict is Verdict.UNSUPPORTED
    assert running.asked == []


def test_a_start_is_spelled_out_where_it_can_be(running: Tapped) -> None:
    said = []
    for cast, without in (
        (Cast(V4_ONLY), ()),
        (Cast(V4_ONLY), (Capability.OTRV4_DAKE,)),
        (Cast(V4_ONLY, mode=Mode.STANDALONE), ()),
    ):
        running.party(cast, *without).command(ACTS.start())
        said.append(running.asked[-1].get("by"))

    assert said == ["query", None, None]


# ---- cases


def online(stage: Stage) -> None:
    stage.target_starts()
    stage.settle()
    stage.target_says("good morning")
    stage.settle()
    stage.target_begins_smp("the tower", "where?")
    stage.settle()
    stage.tester_answers_smp("the tower")
    stage.settle()
    stage.target_uses_extra_key(7, "data")
    stage.settle()
    stage.target_heartbeat()
    stage.settle()
    stage.target_ends()
    stage.settle()


def smp_the_other_way(stage: Stage) -> None:
    stage.target_starts_dake()
    stage.settle()
    stage.tester_begins_smp("the tower")
    stage.settle()
    stage.target_answers_smp("the tower")
    stage.settle()
    stage.tester_begins_smp("the tower")
    stage.settle()
    stage.target_aborts_smp()
    stage.settle()


def from_its_ensemble(stage: Stage) -> None:
    stage.tester_starts_offline()
    stage.settle()
    stage.target_says("I am back")
    stage.settle()


def from_ours(stage: Stage) -> None:
    stage.target_starts_offline()
    stage.settle()
    stage.target_says("read this later")
    stage.settle()


def too_late(stage: Stage) -> None:
    stage.target_starts_dake()
    stage.settle()
    stage.tester_says("good morning")
    stage.settle()
    stage.target_says("the same to you")
    stage.settle()
    stage.wait(1209601)
    stage.settle()
    stage.target_says("are you there?")


@pytest.mark.parametrize(
    ("play", "cast"),
    [
        (online, Cast(V4_ONLY)),
        (online, Cast(Policy(), V3_ONLY)),
        (online, Cast(V4_ONLY, mode=Mode.INTERACTIVE_ONLY)),
        (smp_the_other_way, Cast(V4_ONLY)),
        (from_its_ensemble, Cast(V4_ONLY)),
        (from_ours, Cast(STRICT, trusts=True)),
        (from_ours, Cast(STRICT)),
        (too_late, Cast(V4_ONLY)),
    ],
    ids=[
        *("online", "version 3", "interactive only", "smp"),
        *("published", "retrieved", "not trusted", "expired"),
    ],
)
def test_the_reference_behind_a_shim_does_as_predicted(
    running: Tapped, play: Play, cast: Cast
) -> None:
    result = running.grade(play, cast)

    assert (result.verdict, result.because) == (Verdict.PASS, "")


def test_a_target_that_trusts_anybody_fails(running: Tapped) -> None:
    def lax(_lab: Lab, cast: Cast) -> ShimParty:
        return running.party(replace(cast, target=V4_ONLY))

    result = GRADER.grade(of(from_ours, Cast(STRICT)), LAB, lax)

    assert result.verdict is Verdict.FAIL
    assert "the target sent Non-Interactive-Auth" in result.because


def test_a_malformed_ensemble_is_the_targets_failure() -> None:
    command = [sys.executable, str(MINIATURES / "flawed4.py"), "swapped_profiles"]
    with ShimProcess(command) as shim:
        hello = shim.hello()
        assert hello.protocols == (OtrVersion.V4,)
        case = of(from_its_ensemble, Cast(V4_ONLY))

        result = GRADER.grade(case, LAB, lambda _, made: ShimParty(LAB, made, shim, hello))

    assert result.verdict is Verdict.FAIL
    assert "the target's prekey ensemble is malformed" in result.because
