"""SMP of OTRv4: its four states, everything that can happen in each, and what is visible of it.

Section "The SMP State Machine". After whatever happened, SMP is begun anew by the tester's user:
only where the target expects message 1 is its user asked for the secret.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import V3_ONLY, Level, case
from otr_conformance.otrv4.scenes import (
    OTHER_SECRET,
    QUERY,
    ROLES,
    SECRET,
    aftermath,
    asked,
    broken,
    expect1,
    expect2,
    expect3,
    expect4,
    finished,
    hold_everything,
    nothing,
    private,
    smp_again,
    stray,
    talk,
)
from otr_reference.otrv4.messages import Disconnected, Smp1, SmpAbort
from otr_reference.otrv4.session import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv4.stage import Stage

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
ROLE_NEEDS = {"retriever": {"otrv4-offline"}, "publisher": {"otrv4-offline"}}


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


RUNS: dict[str, Callable[..., None]] = {
    "begun-by-target": asked_by_target,
    "begun-by-tester": asked_by_tester,
}


def _outcome(*, equal: bool) -> str:
    return "equal" if equal else "different"


def _runs() -> None:
    for (by, run), equal in product(RUNS.items(), (True, False)):

        def play(stage: Stage, run: Callable[..., None] = run, *, equal: bool = equal) -> None:
            private(stage)
            run(stage, equal=equal)
            smp_again(stage)
            talk(stage)

        play.__doc__ = f"""Finds out that the secrets are {_outcome(equal=equal)} when SMP is
        {by.replace("-", " ")}, and is ready for another run."""
        case(f"smp.{by}.{_outcome(equal=equal)}", needs={"smp"})(play)
    for role in ("responder", "retriever", "publisher"):

        def in_role(stage: Stage, scene: Scene = ROLES[role]) -> None:
            scene(stage)
            for run in RUNS.values():
                run(stage)
                run(stage, equal=False)

        in_role.__doc__ = f"""Compares secrets as the {role} of the DAKE, whoever begins: once they
        are equal, once they are not."""
        case(f"smp.as-{role}", needs={"smp"} | ROLE_NEEDS.get(role, set()))(in_role)
    for by, run in RUNS.items():

        def with_question(stage: Stage, run: Callable[..., None] = run) -> None:
            private(stage)
            run(stage, question=QUESTION)
            run(stage, equal=False, question="")
            run(stage)

        with_question.__doc__ = f"""Carries a question in SMP that is {by.replace("-", " ")}, also
        an empty one."""
        case(f"smp.{by}.question", needs={"smp", "smp-question"})(with_question)


_runs()


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
    """Messages that are out of turn in a state; while the user is asked, it is EXPECT1."""
    if state == "asked":
        return (2,)
    return tuple(number for number in (1, 2, 3, 4) if number != int(state[-1]))


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
    for number, state in enumerate(("asked", "expect2", "expect3", "expect4"), 1):

        def play(stage: Stage, scene: Scene = STATES[state], number: int = number) -> None:
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
    """Sends nothing when its user answers what the peer has aborted, or what the user has."""
    asked(stage)
    stage.tester_aborts_smp()
    stage.settle()
    stage.target_answers_smp(SECRET)
    stage.settle()
    stage.tester_begins_smp(SECRET)
    stage.settle()
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
        crossed.__doc__ = f"""Aborts SMP when both users begin it at once {MEANING[state]}."""
        case(f"smp.begins-in-{state}", needs={"smp"})(play)
        if state in {"expect1", "expect2"}:
            case(f"smp.both-begin-in-{state}", needs={"smp"})(crossed)


_answers_unasked()
_begins_again()


# The conversation is refreshed, or ends.


def refreshed(stage: Stage) -> None:
    """The private conversation gets new keys; the target sends the Identity message."""
    stage.arrives(QUERY)
    stage.settle()


def _interrupted() -> None:
    for state, scene in STATES.items():

        def again(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            hold_everything(stage)
            refreshed(stage)
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

        again.__doc__ = f"""Abandons SMP when the conversation is refreshed {MEANING[state]},
        and can be asked anew."""
        ended_by_target.__doc__ = f"""Abandons SMP when its user ends the conversation
        {MEANING[state]}, and can be asked anew in the next one."""
        ended_by_tester.__doc__ = f"""Abandons SMP when the peer ends the conversation
        {MEANING[state]}, and can be asked anew in the next one."""
        case(f"smp.refresh-in-{state}", needs={"smp"})(again)
        if state in {"asked", "expect2"}:
            case(f"smp.end-in-{state}", needs={"smp"})(ended_by_target)
            case(f"smp.finished-in-{state}", needs={"smp"})(ended_by_tester)


_interrupted()


# There is no SMP outside of a private conversation.


def _not_private() -> None:
    scenes: dict[str, tuple[Scene, str]] = {
        "start": (nothing, "before anything has happened"),
        "finished": (finished, "once the peer has ended the conversation"),
    }
    for place, (scene, when) in scenes.items():

        def play(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            stage.target_begins_smp(SECRET)
            stage.target_answers_smp(SECRET)
            stage.target_aborts_smp()
            stage.settle()
            private(stage)
            smp_again(stage)

        play.__doc__ = f"""Sends nothing when its user begins, answers or aborts SMP {when}."""
        case(f"smp.user-in-{place}", needs={"smp"})(play)


_not_private()


@case("smp.after-disconnected", needs={"smp"}, level=Level.SHOULD)
def after_disconnected(stage: Stage) -> None:
    """Ignores SMP messages behind the TLV that ends the conversation.

    It does not matter whether they can be taken apart.
    """
    for number in (1, 2, 3, 4):
        for tlv in (stray(stage, number), broken(stage, number)):
            private(stage)
            stage.tester_sends(Disconnected(), tlv)
            stage.settle()
            stage.tester_forgets()
    private(stage)
    smp_again(stage)


# In a conversation of version 3 SMP is that of OTRv3.


@case("smp.in-version-3", target=Policy(), tester=V3_ONLY, needs={"smp"})
def in_version_3(stage: Stage) -> None:
    """Runs the SMP of OTRv3 in a private conversation of version 3, whoever begins it.

    Its user can abort it there, too.
    """
    private(stage)
    asked_by_target(stage)
    asked_by_tester(stage, equal=False)
    stage.tester_begins_smp(SECRET)
    stage.settle()
    stage.target_aborts_smp()
    stage.settle()
    smp_again(stage)
