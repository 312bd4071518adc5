"""SMP: its four states, everything that can happen in each, and what becomes visible of it.

Section "The SMP state machine". After whatever happened, SMP is begun anew by the tester's user:
only where the target expects message 1 is its user asked for the secret.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from otr_conformance.otrv3.case import V2_ONLY, V3_ONLY, Level, case
from otr_conformance.otrv3.scenes import (
    OTHER_SECRET,
    SECRET,
    aftermath,
    asked,
    broken,
    ended,
    expect1,
    expect2,
    expect3,
    expect4,
    finished,
    hold_everything,
    nothing,
    private,
    private_by_target,
    smp_again,
    stray,
    talk,
)
from otr_reference.otrv3.messages import Disconnected, Smp1, SmpAbort

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv3.stage import Stage
    from otr_reference.otrv3.session import Policy

    Scene = Callable[[Stage], None]

QUESTION = "where did we meet?"
STATES: dict[str, Scene] = {
    "expect1": expect1,
    "expect2": expect2,
    "expect3": expect3,
    "expect4": expect4,
    "asked": asked,
}
MEANING = {
    "expect1": "when no SMP is underway",
    "expect2": "when it has sent SMP message 1",
    "expect3": "when it has sent SMP message 2",
    "expect4": "when it has sent SMP message 3",
    "asked": "while its user is asked for the secret",
}
PROTOCOLS: tuple[tuple[int, str, Policy], ...] = ((3, "", V3_ONLY), (2, "-v2", V2_ONLY))


# From beginning to end.


def asked_by_target(stage: Stage, *, equal: bool = True, question: str | None = None) -> None:
    """The target's user begins SMP; both users give a secret."""
    stage.target_begins_smp(SECRET, question)
    stage.settle()
    stage.tester_answers_smp(SECRET if equal else OTHER_SECRET)
    stage.settle()


def asked_by_tester(stage: Stage, *, equal: bool = True, question: str | None = None) -> None:
    """The tester's user begins SMP; both users give a secret."""
    stage.tester_begins_smp(SECRET, question)
    stage.settle()
    stage.target_answers_smp(SECRET if equal else OTHER_SECRET)
    stage.settle()


def _runs() -> None:
    roles: tuple[tuple[str, Callable[..., None]], ...] = (
        ("begun-by-target", asked_by_target),
        ("begun-by-tester", asked_by_tester),
    )
    openings: tuple[tuple[str, Scene], ...] = (("", private), ("-as-alice", private_by_target))
    for (role, run), equal, (version, suffix, policy), (opening, scene) in product(
        roles, (True, False), PROTOCOLS, openings
    ):

        def play(
            stage: Stage,
            run: Callable[..., None] = run,
            scene: Scene = scene,
            *,
            equal: bool = equal,
        ) -> None:
            scene(stage)
            run(stage, equal=equal)
            smp_again(stage)
            talk(stage)

        play.__doc__ = f"""Finds out that the secrets are {"equal" if equal else "different"} when
        SMP is {role.replace("-", " ")}, and is ready for another run."""
        case(
            f"smp.{role}.{'equal' if equal else 'different'}{opening}{suffix}",
            target=policy,
            tester=policy,
            version=version,
            needs={"smp"},
        )(play)
    for (role, run), equal in product(roles, (True, False)):

        def with_question(
            stage: Stage, run: Callable[..., None] = run, *, equal: bool = equal
        ) -> None:
            private(stage)
            run(stage, equal=equal, question=QUESTION)
            run(stage, equal=equal)

        with_question.__doc__ = f"""Carries a question in SMP {role.replace("-", " ")}, and finds
        out that the secrets are {"equal" if equal else "different"}."""
        case(
            f"smp.{role}.question.{'equal' if equal else 'different'}",
            needs={"smp", "smp-question"},
        )(with_question)


_runs()


@case("smp.empty-secret", needs={"smp"})
def empty_secret(stage: Stage) -> None:
    """Compares empty secrets as any others."""
    private(stage)
    stage.tester_begins_smp("")
    stage.settle()
    stage.target_answers_smp("")
    stage.settle()
    stage.tester_begins_smp("")
    stage.settle()
    stage.target_answers_smp(SECRET)
    stage.settle()


@case("smp.talking-meanwhile", needs={"smp"})
def talking_meanwhile(stage: Stage) -> None:
    """Goes on with SMP while both users talk."""
    private(stage)
    talk(stage)
    stage.target_begins_smp(SECRET)
    stage.settle()
    talk(stage)
    stage.tester_answers_smp(SECRET)
    talk(stage)
    stage.tester_begins_smp(SECRET)
    stage.settle()
    talk(stage)
    stage.target_answers_smp(SECRET)
    talk(stage)


# What is out of turn.


def _numbers(state: str) -> tuple[int, ...]:
    """The messages that are out of turn in a state."""
    turn = {"asked": 1}.get(state) or int(state[-1])
    return tuple(number for number in (1, 2, 3, 4) if number != turn)


def _out_of_turn() -> None:
    for state, scene in STATES.items():
        for number in _numbers(state):

            def play(stage: Stage, scene: Scene = scene, number: int = number) -> None:
                scene(stage)
                hold_everything(stage)
                stage.tester_sends(stray(stage, number))
                stage.settle()
                aftermath(stage)

            play.__doc__ = f"""Aborts SMP when SMP message {number} comes {MEANING[state]}; SMP
            can be begun anew."""
            case(f"smp.message-{number}-in-{state}", needs={"smp"})(play)


def _malformed() -> None:
    for (state, scene), number in product(STATES.items(), (1, 2, 3, 4)):

        def play(stage: Stage, scene: Scene = scene, number: int = number) -> None:
            scene(stage)
            hold_everything(stage)
            stage.tester_sends(broken(stage, number))
            stage.settle()
            stage.target_answers_smp(SECRET)
            stage.settle()
            aftermath(stage)

        play.__doc__ = f"""Aborts SMP when SMP message {number} comes {MEANING[state]} and cannot be
        taken apart; SMP can be begun anew."""
        case(f"smp.malformed-{number}-in-{state}", needs={"smp"})(play)


def _aborted() -> None:
    for state, scene in STATES.items():

        def by_tester(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            hold_everything(stage)
            stage.tester_sends(SmpAbort())
            stage.settle()
            aftermath(stage)

        def by_target(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            hold_everything(stage)
            stage.target_aborts_smp()
            stage.settle()
            aftermath(stage)

        by_tester.__doc__ = f"""Abandons SMP when the peer aborts it {MEANING[state]}, and can be
        asked anew."""
        by_target.__doc__ = f"""Tells the peer when its user aborts SMP {MEANING[state]}, and can be
        asked anew."""
        case(f"smp.abort-in-{state}", needs={"smp"})(by_tester)
        case(f"smp.user-aborts-in-{state}", needs={"smp"})(by_target)


_out_of_turn()
_malformed()
_aborted()


@case("smp.answer-after-abort", needs={"smp"})
def answer_after_abort(stage: Stage) -> None:
    """Sends nothing when its user answers what the peer has aborted."""
    asked(stage)
    stage.tester_aborts_smp()
    stage.settle()
    stage.target_answers_smp(SECRET)
    stage.settle()
    smp_again(stage)


@case("smp.answer-after-own-abort", needs={"smp"})
def answer_after_own_abort(stage: Stage) -> None:
    """Sends nothing when its user answers what the user has aborted."""
    asked(stage)
    stage.target_aborts_smp()
    stage.settle()
    stage.target_answers_smp(SECRET)
    stage.settle()
    smp_again(stage)


@case("smp.asked-twice-in-vain", needs={"smp"})
def asked_twice_in_vain(stage: Stage) -> None:
    """Sends nothing when its user answers, where a second SMP message 1 was refused."""
    asked(stage)
    bad = stray(stage, 1)
    assert isinstance(bad, Smp1)  # noqa: S101 - it is message 1
    stage.tester_sends(replace(bad, d2=stage.lab.suite.garble_response(bad.d2)))
    stage.settle()
    stage.target_answers_smp(SECRET)
    stage.settle()
    aftermath(stage)


# The users do what is not their turn.


def _answers_unasked() -> None:
    for state in ("expect1", "expect2", "expect3", "expect4"):

        def play(stage: Stage, scene: Scene = STATES[state], state: str = state) -> None:
            scene(stage)
            stage.target_answers_smp(OTHER_SECRET)
            stage.settle()
            if state == "expect2":
                stage.tester_answers_smp(SECRET)
                stage.settle()
            talk(stage)
            smp_again(stage)

        play.__doc__ = f"""Sends nothing when its user gives a secret {MEANING[state]}, and goes
        on as if that had not happened."""
        case(f"smp.answers-in-{state}", needs={"smp"})(play)


def _begins_again() -> None:
    for state, scene in STATES.items():

        def overtaken(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            stage.target_begins_smp(OTHER_SECRET)
            stage.settle()
            aftermath(stage)

        def play(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            hold_everything(stage)
            stage.target_begins_smp(OTHER_SECRET)
            stage.settle()
            stage.tester_answers_smp(OTHER_SECRET)
            stage.settle()
            talk(stage)
            smp_again(stage)

        def crossed(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            hold_everything(stage)
            stage.target_begins_smp(OTHER_SECRET)
            stage.tester_begins_smp(OTHER_SECRET)
            stage.settle()
            aftermath(stage)

        play.__doc__ = f"""Aborts what is underway and begins anew when its user begins SMP
        {MEANING[state]}."""
        overtaken.__doc__ = f"""Lets itself be asked anew when its user begins SMP
        {MEANING[state]}, and messages of both runs meet."""
        crossed.__doc__ = f"""Aborts SMP when both users begin it at once {MEANING[state]}."""
        case(f"smp.begins-anew-in-{state}", needs={"smp"})(overtaken)
        case(f"smp.begins-in-{state}", needs={"smp"})(play)
        case(f"smp.both-begin-in-{state}", needs={"smp"})(crossed)


_answers_unasked()
_begins_again()


# The conversation is refreshed, or ends.


def _interrupted() -> None:
    for state, scene in STATES.items():

        def refreshed(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            hold_everything(stage)
            private(stage)
            stage.target_answers_smp(SECRET)
            stage.settle()
            aftermath(stage)

        def ended_by_target(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            hold_everything(stage)
            stage.target_ends()
            stage.settle()
            private(stage)
            stage.target_answers_smp(SECRET)
            stage.settle()
            aftermath(stage)

        def ended_by_tester(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            hold_everything(stage)
            stage.tester_ends()
            stage.settle()
            private(stage)
            stage.target_answers_smp(SECRET)
            stage.settle()
            aftermath(stage)

        refreshed.__doc__ = f"""Abandons SMP when the conversation is refreshed {MEANING[state]},
        and can be asked anew."""
        ended_by_target.__doc__ = f"""Abandons SMP when its user ends the conversation
        {MEANING[state]}, and can be asked anew in the next one."""
        ended_by_tester.__doc__ = f"""Abandons SMP when the peer ends the conversation
        {MEANING[state]}, and can be asked anew in the next one."""
        case(f"smp.refresh-in-{state}", needs={"smp"})(refreshed)
        case(f"smp.end-in-{state}", needs={"smp"})(ended_by_target)
        case(f"smp.finished-in-{state}", needs={"smp"})(ended_by_tester)


def _late_after_refresh() -> None:
    for state in ("expect2", "expect3", "expect4"):
        for number in _numbers(state):

            def play(stage: Stage, scene: Scene = STATES[state], number: int = number) -> None:
                scene(stage)
                hold_everything(stage)
                private(stage)
                stage.tester_sends(stray(stage, number))
                stage.settle()
                aftermath(stage)

            play.__doc__ = f"""Takes SMP message {number} by what is underway, which is nothing,
            when the conversation was refreshed {MEANING[state]}."""
            case(f"smp.message-{number}-after-refresh-in-{state}", needs={"smp"})(play)


_interrupted()
_late_after_refresh()


# There is no SMP outside of a private conversation.


def _not_private() -> None:
    scenes: dict[str, tuple[Scene, str]] = {
        "plaintext": (nothing, "before anything has happened"),
        "ended": (ended, "once its user has ended the conversation"),
        "finished": (finished, "once the peer has ended the conversation"),
    }
    for place, (scene, when) in scenes.items():

        def begins(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            stage.target_begins_smp(SECRET)
            stage.settle()
            private(stage)
            smp_again(stage)

        def answers(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            stage.target_answers_smp(SECRET)
            stage.settle()
            private(stage)
            smp_again(stage)

        def aborts(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            stage.target_aborts_smp()
            stage.settle()
            private(stage)
            smp_again(stage)

        begins.__doc__ = f"""Sends nothing when its user begins SMP {when}."""
        answers.__doc__ = f"""Sends nothing when its user gives a secret {when}."""
        aborts.__doc__ = f"""Sends nothing when its user aborts SMP {when}."""
        for name, play in (("begins", begins), ("answers", answers), ("user-aborts", aborts)):
            case(f"smp.{name}-in-{place}", needs={"smp"})(play)


def _after_disconnected() -> None:
    for number in (1, 2, 3, 4):

        def well_formed(stage: Stage, number: int = number) -> None:
            private(stage)
            stage.tester_sends(Disconnected(), stray(stage, number))
            stage.settle()
            stage.tester_forgets()
            private(stage)
            smp_again(stage)

        def malformed(stage: Stage, number: int = number) -> None:
            private(stage)
            stage.tester_sends(Disconnected(), broken(stage, number))
            stage.settle()
            stage.tester_forgets()
            private(stage)
            smp_again(stage)

        well_formed.__doc__ = f"""Ignores SMP message {number} behind the TLV that ends the
        conversation."""
        malformed.__doc__ = f"""Ignores an SMP message {number} that cannot be taken apart behind
        the TLV that ends the conversation."""
        for name, play in (("message", well_formed), ("malformed", malformed)):
            case(f"smp.{name}-{number}-after-disconnected", needs={"smp"}, level=Level.SHOULD)(play)


_not_private()
_after_disconnected()
