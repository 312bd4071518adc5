"""Messages of a DAKE that are wrong in one thing, in the states in which something is underway.

At rest they are met in `negative_dake`. What is wrong must not disturb what is underway, and the
exchange that is right comes to its end.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import V4_ONLY
from otr_conformance.otrv4.cases.dake import REACH, declare
from otr_conformance.otrv4.cases.negative_dake import (
    BOTH,
    ENSEMBLE,
    IDENTITY,
    NON_INTERACTIVE_AUTH,
    falsifying,
)
from otr_conformance.otrv4.cases.ratchet import deliver, held_back, said, sends_edited, taken_apart
from otr_conformance.otrv4.scenes import (
    again,
    finished,
    hold_everything,
    private,
    private_as_responder,
    talk,
)
from otr_model.otrv4.conditions import Check
from otr_model.otrv4.words import Dake
from otr_reference.otrv4.messages import Identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv4.case import Play
    from otr_conformance.otrv4.stage import Stage
    from otr_reference.otrv4.messages import DataFields

STATES = {"waiting-auth-r": Dake.WAITING_AUTH_R, "waiting-auth-i": Dake.WAITING_AUTH_I}
PRIVACY: dict[str, Callable[[Stage], None]] = {"private": private, "finished": finished}


def _amid(state: Dake, wrong: Callable[[Stage], None]) -> Play:
    def play(stage: Stage) -> None:
        deviant = stage.tester.endpoint.suite
        stage.tester_behaves()
        REACH[state](stage)
        asked = list(stage.to_tester)
        before = stage.tester.conversation
        stage.to_tester.clear()
        stage.to_target.clear()
        stage.tester_forgets()
        stage.tester.speaks(deviant)
        wrong(stage)
        stage.to_target_delivers()
        hold_everything(stage)
        stage.tester_behaves()
        stage.tester.conversation = before
        stage.to_tester.extend(asked)
        stage.settle()
        again(stage)

    return play


def _identifies(stage: Stage) -> None:
    """The tester sends an Identity message to this instance of the target's."""
    stage.tester_starts_dake()
    message = taken_apart(stage, held_back(stage), Identity)
    to_one = replace(message, header=replace(message.header, receiver=stage.target_tag))
    stage.to_target.append(stage.lab.suite.encode(to_one))


def _retrieves(stage: Stage) -> None:
    stage.tester_starts_offline()


def _from_ensemble(scene: Callable[[Stage], None]) -> Play:
    def play(stage: Stage) -> None:
        deviant = stage.tester.endpoint.suite
        stage.tester_behaves()
        scene(stage)
        stage.tester.speaks(deviant)
        ensemble = stage.tester.ensemble()
        stage.tester_behaves()
        stage.target_starts_offline(ensemble)
        stage.settle()
        talk(stage)

    return play


def _label(kind: str, check: Check) -> str:
    return check.label.removeprefix(f"{kind}-")


for _state_name, _state in STATES.items():
    for _kind, _checks, _wrong, _needs in (
        ("identity", IDENTITY, _identifies, ()),
        ("non-interactive-auth", NON_INTERACTIVE_AUTH, _retrieves, ("otrv4-offline",)),
    ):
        for _check in _checks:
            _allowed = BOTH if _check is Check.PROFILE_TRANSITION else V4_ONLY
            declare(
                f"negative.{_kind}-{_label(_kind, _check)}.{_state_name}",
                f"""Refuses the {_kind.title()} message in {_state.name} for which this does not
                hold: {_check.meaning}. What is underway goes on.""",
                _amid(_state, _wrong),
                target=_allowed,
                tester=_allowed,
                variant=falsifying(_check),
                needs=_needs,
            )

for _name, _scene in PRIVACY.items():
    for _check in ENSEMBLE:
        _allowed = BOTH if _check is Check.PROFILE_TRANSITION else V4_ONLY
        declare(
            f"negative.ensemble-{_label('ensemble', _check)}.{_name}",
            f"""Refuses a prekey ensemble, its user having had a private conversation, for which
            this does not hold: {_check.meaning}.""",
            _from_ensemble(_scene),
            target=_allowed,
            tester=_allowed,
            variant=falsifying(_check),
            needs={"otrv4-offline"},
        )


# Data Messages that are wrong in one thing, in a ratchet that goes on, or late. Only their
# authenticators are wrong besides, which is looked at afterwards.


def _dh_outside(stage: Stage, fields: DataFields) -> DataFields:
    return replace(fields, dh=stage.lab.suite.outside_element())


def _sends_wrong(edit: Callable[[Stage, DataFields], DataFields], *, late: bool) -> Play:
    def play(stage: Stage) -> None:
        private(stage)
        one, two = said(stage, "one"), said(stage, "two")
        deliver(stage, *((two,) if late else (one,)))
        sends_edited(stage, one if late else two, partial(edit, stage), "a key that is none")
        deliver(stage, *((one,) if late else (two,)))
        talk(stage)

    return play


for _name, _where in (("same", "of the ratchet underway"), ("skipped", "that arrives late")):
    declare(
        f"negative.{Check.DATA_DH_MEMBER.label}.{_name}",
        f"""Refuses a Data Message {_where} for which this does not hold:
        {Check.DATA_DH_MEMBER.meaning}. Made right, it is read.""",
        _sends_wrong(_dh_outside, late=_name == "skipped"),
    )


def _late(stage: Stage) -> None:
    deviant = stage.tester.endpoint.suite
    stage.tester_behaves()
    private_as_responder(stage)
    talk(stage)
    stage.tester.speaks(deviant)
    wrong = said(stage, "wrong")
    stage.tester_behaves()
    deliver(stage, said(stage, "right"), wrong)
    stage.settle()
    talk(stage)


declare(
    f"negative.{Check.DATA_DH_DUE.label}.skipped",
    f"""Refuses a Data Message that arrives late for which this does not hold:
    {Check.DATA_DH_DUE.meaning}. The conversation goes on.""",
    _late,
    variant=falsifying(Check.DATA_DH_DUE),
)
