"""Scripts are made shorter and plainer, as long as they show the same."""

from __future__ import annotations

from otr_conformance.derive.plan import Script
from otr_conformance.fuzz.shrink import Budget, shrink
from otr_conformance.protocols import protocol

FUZZING = protocol("otrv3").fuzzing
LONG = (
    *("target types", "time passes", "tester starts", "everything arrives", "an Error"),
    *("tester types", "garbage", "to target 5", "target types", "target ends"),
)


def needs(*names: str, part: str = "") -> object:
    """What shows something: these moves in this order, the last at the end, and who plays."""

    def shows(script: Script) -> bool:
        left = iter(script.moves)
        return (
            part in script.part
            and script.moves[-1:] == names[-1:]
            and all(any(name == other for other in left) for name in names)
        )

    return shows


def test_what_is_not_needed_is_left_out() -> None:
    shows = needs("tester starts", "tester types", "target ends")

    short = shrink(Script("v3", LONG), shows, Budget(500), FUZZING)  # type: ignore[arg-type]

    assert short == Script("v3", ("tester starts", "tester types", "target ends"))


def test_the_same_script_becomes_the_same() -> None:
    shows = needs("tester starts", "target ends")

    first, second = (
        shrink(Script("pieces", LONG), shows, Budget(500), FUZZING)  # type: ignore[arg-type]
        for _ in range(2)
    )

    assert first == second == Script("v3", ("tester starts", "target ends"))


def test_numbers_become_smaller() -> None:
    def shows(script: Script) -> bool:
        return any(name.startswith("again to target") for name in script.moves)

    script = Script("v3", ("tester starts", "again to target 6"))

    assert shrink(script, shows, Budget(100), FUZZING).moves == ("again to target 0",)


def test_of_whoever_plays_only_what_matters_is_said() -> None:
    script = Script(
        "target:allow_v2,allow_v3,require_encryption tester:allow_v3 size:250",
        ("tester starts", "target ends"),
    )
    shows = needs("target ends", part="require_encryption")

    short = shrink(script, shows, Budget(200), FUZZING)  # type: ignore[arg-type]

    assert short == Script("target:require_encryption", ("target ends",))


def test_there_is_an_end_to_replays() -> None:
    asked = []

    def shows(script: Script) -> bool:
        asked.append(script)
        return False

    assert shrink(Script("v3", LONG), shows, Budget(7), FUZZING).moves == LONG
    assert len(asked) == 7
    assert len(set(asked)) == 7
