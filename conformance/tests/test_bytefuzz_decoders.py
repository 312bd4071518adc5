"""Every decoder of ours is registered, and keeps its promises on kept inputs and on mutants."""

from __future__ import annotations

from importlib import import_module
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from otr_conformance import expectations
from otr_conformance.bytefuzz import corpus, discover, layers, shrink
from otr_conformance.bytefuzz.decoder import Bounds, Decoder, Form
from otr_conformance.bytefuzz.examine import Fate, Trouble, cost_of, examine, excess, work_of
from otr_conformance.bytefuzz.mutate import Mutator
from otr_conformance.bytefuzz.registry import UnknownDecoder, chosen, decoder, decoders
from otr_conformance.derive import record as derived
from otr_conformance.history import caught, record
from otr_conformance.interop import known
from otr_conformance.verdict import Verdict
from otr_model.documents import TOML_LIMIT, BadDocument, parse_json, parse_toml
from otr_reference.errors import Malformed, OtrSpecError

if TYPE_CHECKING:
    from pathlib import Path

NAMES = sorted(decoders())


# --- None is forgotten ------------------------------------------------------------------------


def test_whatever_looks_like_a_decoder_is_registered_or_exempt_with_a_reason() -> None:
    assert discover.missing() == []


def test_a_decoder_covers_functions_that_there_are() -> None:
    for each in decoders().values():
        for name in each.covers:
            assert exists(name), f"{each.name} covers {name}"


def exists(name: str) -> bool:
    """Whether a function, or a method, is there."""
    parts = name.split(".")
    for size in range(len(parts) - 1, 0, -1):
        try:
            found: Any = import_module(".".join(parts[:size]))
        except ModuleNotFoundError:
            continue
        for part in parts[size:]:
            found = getattr(found, part, None)
        return found is not None
    return False


def test_a_new_decoder_would_be_noticed(tmp_path: Path) -> None:
    source = (
        "def decode_thing(data: bytes) -> int: ...\n"
        "def _decode(data: bytes) -> int: ...\n"
        "def read_state(number: int) -> int: ...\n"
        "class Box:\n"
        "    def read(self, text: str) -> int: ...\n"
        "class _Inner:\n"
        "    def read(self, text: str) -> int: ...\n"
    )
    (tmp_path / "new.py").write_text(source)
    assert list(discover._in_module("new", tmp_path / "new.py")) == [
        "new.decode_thing",
        "new.Box.read",
    ]


def test_names_are_found_by_how_they_begin() -> None:
    assert {each.name for each in chosen(["otrv1"])} == {"otrv1.wire"}
    assert {each.name for each in chosen(["keys.scalar"])} == {"keys.scalar", "keys.scalar.strict"}
    assert len(chosen([])) == len(NAMES)
    with pytest.raises(UnknownDecoder, match="fuzz-bytes --list"):
        chosen(["otrv5"])


# --- Promises ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_kept_inputs_break_no_promise(name: str) -> None:
    found = decoder(name)
    inputs = corpus.kept(found)
    assert inputs
    assert corpus.path(found).exists(), "otrspec fuzz-bytes --keep makes the file"
    fates = [examine(found, data) for data in inputs]
    assert [fate for fate in fates if isinstance(fate, Trouble)] == []
    assert Fate.READ in fates, "something can be read"


@pytest.mark.parametrize("name", NAMES)
def test_mutants_break_no_promise(name: str) -> None:
    found = decoder(name)
    mutator = Mutator(found.form, corpus.kept(found), found.longest)
    rng = Random(f"test {name}")  # noqa: S311 - the same each time
    for _ in range(40):
        data = mutator.mutant(rng)
        fate = examine(found, data)
        assert isinstance(fate, Fate), (fate, data)
    measured = mutator.mutant(rng)
    assert excess(found, measured) is None


def test_work_and_memory_are_counted_the_same_each_time() -> None:
    found = decoder("otrv3.wire")
    data = corpus.kept(found)[-1]
    assert work_of(found, data) == work_of(found, data) > 0
    assert cost_of(found, data).memory > 0


# --- The measures themselves measure ----------------------------------------------------------


def toy(read: Any, **more: Any) -> Decoder:
    return Decoder("toy", (), Form.BINARY, read, lambda: [b"seed"], **more)


def test_an_error_that_is_not_its_own_breaks_a_promise() -> None:
    def read(data: bytes) -> int:
        return 1 // data[0]

    fate = examine(toy(read), b"\0")
    assert isinstance(fate, Trouble)
    assert (fate.kind, "ZeroDivisionError" in fate.says) == ("error", True)
    assert examine(toy(read), b"\1") is Fate.READ


def test_its_own_error_is_a_refusal() -> None:
    def read(_data: bytes) -> int:
        raise Malformed(field="x", reason="is not")

    assert examine(toy(read), b"") is Fate.REFUSED
    fate = examine(toy(read, errors=()), b"")
    assert isinstance(fate, Trouble)


def test_what_is_written_must_be_read_as_the_same() -> None:
    fate = examine(toy(bytes.lower, write=lambda _value: b"other"), b"A")
    assert isinstance(fate, Trouble)
    assert fate.kind == "round-trip"


def test_a_canonical_encoding_must_be_written_as_it_was() -> None:
    always = {"canonical": lambda _data, _value: True}
    fate = examine(toy(bytes.lower, write=bytes, **always), b"A")
    assert isinstance(fate, Trouble)
    assert fate.kind == "canonical"
    assert examine(toy(bytes.lower, write=bytes), b"A") is Fate.READ


def test_quadratic_work_and_large_memory_are_noticed() -> None:
    def slow(data: bytes) -> int:
        count = 0
        for _ in data:
            for _ in data:
                count += 1
        return count

    tight = Bounds(work=8, memory=8, base_work=100, base_memory=10_000)
    found = excess(toy(slow, bounds=tight), b"a" * 100)
    assert found is not None
    assert found.kind == "slow"
    found = excess(toy(lambda data: bytes(1000 * len(data)), bounds=tight), b"a" * 100)
    assert found is not None
    assert found.kind == "memory"


# --- Mutants ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["otrv3.wire", "otrv3.fragments", "documents.exploration"])
def test_layers_close_to_what_they_were(name: str) -> None:
    found = decoder(name)
    inner = 0
    for data in corpus.kept(found):
        outer, *inside = layers.layers(found.form, data)
        assert outer.close(outer.data) == data
        inner += len(inside)
        for each in inside:
            again = layers.layers(found.form, each.close(each.data))
            assert any(layer.data == each.data for layer in again)
    assert inner


def test_what_is_changed_in_a_key_store_is_sealed_and_summed_again() -> None:
    found = decoder("keys.store")
    seed = list(found.seeds())[-1]
    _, covered, text = layers.layers(found.form, seed)
    assert text.close(text.data) == covered.close(covered.data) == seed
    assert examine(found, text.close(text.data + b"more")) is Fate.REFUSED
    with pytest.raises(Malformed, match="more than three files"):
        found.read(text.close(text.data + b"more"))


def test_mutants_are_the_same_each_time_and_differ_from_one_another() -> None:
    found = decoder("otrv4.wire")
    mutator = Mutator(found.form, corpus.kept(found))
    first, second = Random(1), Random(1)  # noqa: S311 - the same each time
    made = [mutator.mutant(first) for _ in range(200)]
    assert made == [mutator.mutant(second) for _ in range(200)]
    assert len(set(made)) > 150
    assert all(len(data) <= mutator.longest for data in made)


def test_an_input_is_shrunk_to_what_matters() -> None:
    def breaks(data: bytes) -> bool:
        return b"xy" in data

    small = shrink.shrunk(b"some text with xy in the middle of it" * 3, breaks)
    assert small == b"xy"
    assert shrink.shrunk(b"xy", lambda _data: False, tries=5) == b"xy"


@pytest.mark.parametrize("name", ["otrv1.wire", "keys.instance-tags"])
def test_the_kept_inputs_are_what_one_command_makes(name: str) -> None:
    found = decoder(name)
    made = corpus.written(corpus.grown(found, mutants=20))
    assert made == corpus.written(corpus.grown(found, mutants=20))
    with pytest.raises(corpus.BadCorpus, match="line 2"):
        list(corpus.inputs("x.b64", "AAAA\nno base64!\n"))


# --- What fuzzing found -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 5000, "64 bits"),
        ("18446744073709551616", "64 bits"),
        ("[NaN]", "NaN is no number"),
        ('{"a": -Infinity}', "is no number"),
        ("1e999", "a number that is none"),
        ('{"\\ud800": 1}', "surrogate"),
    ],
)
def test_json_that_cannot_be_written_again_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadDocument, match=says):
        parse_json(text)
    with pytest.raises(BadDocument, match=says):
        parse_json(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a", "is no TOML"),
        ("a = " + "[" * 3000, "nested too deeply"),
        ("a = " + "9" * 5000, "is no TOML"),
        ("a = 0x" + "f" * 20, "64 bits"),
        ("a = nan", "a number that is none"),
        ("#" * (TOML_LIMIT + 1), "is longer than"),
        ("a." * 501 + "b = 1", "more than 500 dots"),
    ],
)
def test_toml_that_our_readers_cannot_take_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadDocument, match=says):
        parse_toml(text)


@pytest.mark.parametrize(
    "text",
    [
        "libotr = 1",
        "[libotr]\nsmp = 1",
        'libotr = "a text"',
        "a = " + "[" * 3000,
        "a = " + "9" * 5000,
    ],
)
def test_known_deviations_of_the_wrong_form_are_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text(text)
    with pytest.raises(Malformed):
        known.read(tmp_path / "known.toml")


def test_a_case_that_is_no_text_is_named(tmp_path: Path) -> None:
    text = '[one]\nverdict = "fail"\nbecause = "why"\ncases = [["a"]]\n'
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(Malformed, match="cases"):
        expectations.read(tmp_path / "mine.toml", ["otrv3.case:a.b"])


def test_a_finding_with_an_odd_name_is_written_so_that_it_is_read_again(tmp_path: Path) -> None:
    entry = expectations.Expectation(
        Verdict.FAIL, "why", finding='a "b".c', replay="otrv3.case:a.b"
    )
    held = expectations.Expectations({"otrv3.case:a.b": entry})
    (tmp_path / "mine.toml").write_text(expectations.write(held))
    assert expectations.read(tmp_path / "mine.toml", ["otrv3.case:a.b"]) == held


@pytest.mark.parametrize("text", ["[]", '{"searches": []}', "[" * 3000, '{"a": "b"}'])
def test_damaged_records_are_named(text: str, tmp_path: Path) -> None:
    with pytest.raises(Malformed):
        derived.of_text(text, "derived.json")
    (tmp_path / "runs.json").write_text(text)
    with pytest.raises(OtrSpecError):
        record.read(tmp_path / "runs.json")
    path = tmp_path / caught.RECORD
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(OtrSpecError):
        caught.read(tmp_path)
