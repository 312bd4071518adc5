"""`otrspec bench otrv4`: the floor is what the run needs, and what is measured is what was done."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from Crypto.PublicKey.ECC import EccPoint

from otr_conformance.bench import TOTAL, Comparison, Cost, NotDone, Phase, Work
from otr_conformance.cli import main
from otr_conformance.otrv4 import bench
from otr_conformance.otrv4.bench import FREE, PHASES, Floor, Primitive
from otr_reference import dh3072, ed448
from otr_reference.otrv4.suite import Suite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SEED = b"thirty-two bytes, always as here"
MULTIPLICATIONS = (
    Primitive.BASE,
    Primitive.MULTIPLE,
    Primitive.BASE_PUBLIC,
    Primitive.MULTIPLE_PUBLIC,
)
OWN_PLACES = {"dake": 2, "offline": 1}
"""Ring signatures in a phase: each finds our place in the ring by multiplying G once more."""


# --- The floor --------------------------------------------------------------------------------


def test_every_operation_has_its_primitives_or_has_none() -> None:
    needed = {name.removeprefix("need_") for name in dir(Floor) if name.startswith("need_")}

    assert needed | FREE == Suite.__abstractmethods__
    assert not needed & FREE


@pytest.fixture(scope="module")
def floor() -> Mapping[str, bench.Timed]:
    """The floor of a run."""
    asked, _said = bench.run_recorded(SEED)
    return bench.run_floor(asked)


def count(floor: bench.Timed, *primitives: Primitive) -> int:
    return sum(floor[each][0] for each in primitives if each in floor)


def test_the_floor_is_what_a_run_calls(
    floor: Mapping[str, bench.Timed], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: Counter[str] = Counter()

    def counted(owner: Any, name: str) -> None:
        original: Callable[..., object] = getattr(owner, name)

        def call(*given: object, **options: object) -> object:
            made[name] += 1
            return original(*given, **options)

        monkeypatch.setattr(owner, name, call)

    table = bench._Table(SEED[::-1], 0)  # of keys that were never seen
    ed448.decode.cache_clear()
    counted(EccPoint, "__mul__")
    counted(dh3072, "power_secret")
    counted(dh3072, "in_subgroup")
    counted(ed448, "_halves_twice")
    for name, work in table.phases():
        made.clear()
        work()
        part = floor[name]
        places = OWN_PLACES.get(name, 0)
        assert made["__mul__"] == count(part, *MULTIPLICATIONS) + places, name
        assert made["power_secret"] == count(part, Primitive.DH, Primitive.DH_PUBLIC), name
        assert made["in_subgroup"] == count(part, Primitive.DH_MEMBER), name
        assert made["_halves_twice"] == count(part, Primitive.ORDER), name


def test_what_a_dake_needs(floor: Mapping[str, bench.Timed]) -> None:
    part = floor["dake"]

    # Four key pairs each, and a fifth for the first rotation; K and two brace keys of the first
    # ratchet on one side, K and one on the other.
    assert count(part, Primitive.DH_PUBLIC) == 2 + 2 + 1
    assert count(part, Primitive.DH) == 3 + 2
    # Each proves once and verifies once, over rings of three.
    assert count(part, Primitive.BASE_PUBLIC) == count(part, Primitive.MULTIPLE_PUBLIC) == 6
    assert count(part, Primitive.BASE) == 5 + 6
    assert count(part, Primitive.MULTIPLE) == 6 + 2 + 3
    assert count(part, Primitive.VERIFY) == 2
    # H, F, the ephemeral and the first key of each.
    assert count(part, Primitive.DECODE) == count(part, Primitive.ORDER) == 8
    assert count(part, Primitive.DH_MEMBER) == 4
    assert Primitive.SIGN not in part


def test_a_text_within_a_ratchet_needs_hashes_and_a_cipher(
    floor: Mapping[str, bench.Timed],
) -> None:
    for name in ("send", "receive"):
        assert {each: calls for each, (calls, _) in floor[name].items()} == {
            Primitive.HASH: 5 * bench.TEXTS,
            Primitive.CIPHER: bench.TEXTS,
        }
        assert all(seconds > 0 for _, seconds in floor[name].values())


def test_every_third_rotation_of_a_side_has_a_new_dh_key(
    floor: Mapping[str, bench.Timed],
) -> None:
    part, texts = floor["pingpong"], 2 * bench.TURNS

    assert count(part, Primitive.DH_PUBLIC) == texts // 3
    assert count(part, Primitive.DH) == 2 * (texts // 3)
    assert count(part, Primitive.CIPHER) == 2 * texts


# --- Runs -------------------------------------------------------------------------------------


def test_a_run_says_the_same_whether_it_is_recorded_or_not() -> None:
    run = bench.run_ours(SEED, bench.LEAST_FRAGMENT)
    asked, said = bench.run_recorded(SEED, bench.LEAST_FRAGMENT)

    assert tuple(run.spent) == tuple(PHASES)
    assert all(seconds > 0 for seconds in run.spent.values())
    for name, single in run.single.items():
        assert len(single) == bench.TEXTS
        assert 0 < sum(single) <= run.spent[name]
    assert set(asked) == {*PHASES, "between"}
    assert run.said == said
    assert max(map(len, said)) == bench.LEAST_FRAGMENT


def test_what_is_compared_are_medians_of_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    ours = iter((9.0, 1.0, 9.0, 2.0))  # the first is not counted
    parts = iter((1.0, 8.0, 0.5))

    def run_ours(seed: bytes, fragment: int) -> bench.Run:
        order.append(f"ours {fragment}")
        seconds = next(ours)
        return bench.Run(dict.fromkeys(PHASES, seconds), {"send": [seconds, 0.25, 0.5]}, [seed])

    def run_recorded(seed: bytes, _fragment: int) -> tuple[dict[str, list[bench.Asked]], Any]:
        order.append("recorded")
        return {}, [seed]

    def run_floor(_asked: object) -> dict[str, bench.Timed]:
        order.append("floor")
        seconds = next(parts)
        part = {Primitive.HASH: (7, seconds), Primitive.DH: (1, 3 * seconds)}
        return dict.fromkeys((*PHASES, "between"), part)

    monkeypatch.setattr(bench, "run_ours", run_ours)
    monkeypatch.setattr(bench, "run_recorded", run_recorded)
    monkeypatch.setattr(bench, "run_floor", run_floor)
    monkeypatch.setattr(
        bench, "hardest", lambda _seed: (Work("data", "short", 10, 5, float(len(order))),)
    )

    found = bench.compare(3, 200, order.append)

    one = ["ours 200", "recorded", "floor"]
    assert order == ["ours 200", *(x for n in "123" for x in (f"{n} of 3", *one))]
    dake, _, send, *_, total = found.phases
    assert [phase.name for phase in found.phases] == [*PHASES, TOTAL]
    assert (dake.ours, dake.floor, dake.ratio) == (2.0, 4.0, 0.5)
    assert dake.costs == (
        Cost(Primitive.DH.meaning, 1, 3.0),
        Cost(Primitive.HASH.meaning, 7, 1.0),
    )
    assert dake.each is None
    assert send.each == 0.5
    assert send.overhead == 0.5 - 4.0 / bench.TEXTS
    assert (total.ours, total.floor) == (12.0, 24.0)
    assert found.work == (Work("data", "short", 10, 5, 9.0),)


def test_a_run_that_cannot_be_repeated_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "run_ours", lambda _seed, _fragment: bench.Run({}, {}, [b"one"]))
    monkeypatch.setattr(bench, "run_recorded", lambda _seed, _fragment: ({}, [b"other"]))

    with pytest.raises(NotDone, match="is not the run that was timed"):
        bench.compare(1, 0, lambda _run: None)


def test_overhead_is_per_text_and_only_where_there_are_texts() -> None:
    assert Phase("send", 5.0, None, floor=1.0, texts=4).overhead == 1.0
    assert Phase("send", 5.0, None, floor=1.0, texts=4, each=0.5).overhead == 0.25
    assert Phase("dake", 5.0, None, floor=1.0).overhead is None
    assert Phase("ake", 5.0, 2.0).ratio == 2.5
    assert Phase("ake", 5.0, None).ratio is None


# --- What a byte can buy ----------------------------------------------------------------------


def test_the_work_of_messages_is_bounded() -> None:
    found = {work.message: work for work in bench.hardest(SEED)}

    assert {name: found[name].octets for name in ("plaintext", "query")} == {
        "plaintext": 1,
        "query": 7,
    }
    # Decode, two key pairs of either kind, encode.
    for name in ("query", "whitespace tag", "error"):
        assert found[name].operations == 1 + 4 + 1
    # Whoever has no key can have as many chain keys computed as may be skipped.
    assert 1000 < found["data, forged"].operations < 1020
    # Whoever has one: for each message that is skipped its message keys as well.
    assert 2000 < found["data, skipping"].operations < 2020
    assert 2000 < found["data, rotating"].operations < 2020
    late, usual = found["auth-i, late"], found["auth-i"]
    assert late.octets == usual.octets
    assert late.operations < usual.operations + 100 * found["data"].operations
    assert all(work.seconds > 0 for work in found.values())


# --- What is shown ----------------------------------------------------------------------------

CANNED = Comparison(
    3,
    0,
    "",
    (
        Phase("send", 0.011, None, 0.001, 100, costs=(Cost("SHAKE-256", 500, 0.00075),)),
        Phase(TOTAL, 0.011, None, 0.001),
    ),
    (Work("query", "is answered", 7, 6, 0.0035), Work("data", "opened", 700, 11, 0.0007)),
)


@pytest.fixture
def _canned(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured is known."""
    monkeypatch.setenv("COLUMNS", "120")
    canned = replace(
        bench.BENCH,
        compare=lambda _runs, _fragment, _told: CANNED,
        phases={"send": bench.BENCH.phases["send"]},
    )
    monkeypatch.setattr(bench, "BENCH", canned)


@pytest.mark.usefixtures("_canned")
def test_programs_get_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "otrv4", "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["subject"] == "otrv4"
    assert (found["texts"], found["turns"], found["text_bytes"]) == (100, 9, 64)
    assert found["send"] == {
        "ours": 0.011,
        "floor": 0.001,
        "ratio": 11.0,
        "overhead": 0.0001,
        "costs": [{"primitive": "SHAKE-256", "calls": 500, "seconds": 0.00075, "share": 0.75}],
    }
    assert found["total"] == {"ours": 0.011, "floor": 0.001, "ratio": 11.0}
    assert found["work"][0] == {
        "message": "query",
        "about": "is answered",
        "bytes": 7,
        "operations": 6,
        "seconds": 0.0035,
    }


@pytest.mark.usefixtures("_canned")
def test_people_get_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "otrv4"]) == 0

    out = capsys.readouterr().out
    rows = [line.split() for line in out.splitlines()]
    assert ["ours", "floor", "ratio", "us/text", "phase"] in rows
    assert ["11.0", "1.0", "11.00", "100", "send"] in [row[:5] for row in rows]
    assert ["75%", "0.75", "500", "send", "SHAKE-256"] in rows
    assert ["500.0", "0.86", "3500", "6", "7", "query", "is", "answered"] in rows
    assert ["1.0", "0.02", "700", "11", "700", "data", "opened"] in rows
    assert out.index("query") < out.index("data ")
    assert "libotr" not in out


def test_fragments_too_small_are_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "otrv4", "--fragment", "79"]) == 2

    assert "80 bytes and more" in capsys.readouterr().err
