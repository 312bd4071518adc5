"""What is printed from the model: JSON for programs, pages for people."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from copy import deepcopy
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from otr_model.kernel.composition import states_of
from otr_model.kernel.export import WIDTH, canonical, export, schema
from otr_model.kernel.expr import BoolVar, IntArray, Scope
from otr_model.kernel.pages import Pictures, Transition, pages, raisers, transitions
from otr_model.kernel.readings import PYTHON
from otr_model.kernel.vocabulary import Defined
from otr_model.otrv3.layouts import LAYOUTS, TEXTS
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.schedules import SCHEDULES
from otr_model.otrv3.words import Auth, Event

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT: Any = export(OTRV3, LAYOUTS, TEXTS, SCHEDULES)
VALIDATOR = Draft202012Validator(schema())
PAGES = pages(OTRV3, LAYOUTS, TEXTS, SCHEDULES, Pictures("pictures"))


# --- JSON -------------------------------------------------------------------------------------


def test_the_schema_is_a_schema_and_the_export_satisfies_it() -> None:
    Draft202012Validator.check_schema(schema())

    assert [error.json_path for error in VALIDATOR.iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize(
    ("where", "damage"),
    [
        ("a row without an id", lambda d: d["tables"][0]["rows"][0].pop("id")),
        ("a row with something else", lambda d: d["tables"][0]["rows"][0].update(extra=1)),
        ("a guard of no kind", lambda d: d["tables"][0]["rows"][0]["when"].update(tree={"op": ""})),
        ("an id without a table", lambda d: d["tables"][0]["rows"][0].update(id="row-1")),
        ("an event from nowhere", lambda d: d["events"][0].update(origin="heaven")),
        ("a check that is made nowhere", lambda d: d["checks"][0].update(point="the end")),
        ("a definition on a validity", lambda d: d["conditions"][0].update(kind="validity")),
        ("an effect that nobody declared", lambda d: d["effects"][0].pop("needs")),
        ("a variable of no type", lambda d: d["variables"][0].update(type="float")),
        ("an ambiguity with one reading", lambda d: d["ambiguities"][0].pop("ours")),
        ("a field of size 0", lambda d: d["layouts"][0]["fields"][0].update(size=0)),
        ("another format", lambda d: d.update(format=0)),
    ],
)  # fmt: skip
def test_the_schema_refuses_what_is_not_a_model(where: str, damage: Callable[[Any], None]) -> None:
    document = deepcopy(DOCUMENT)
    damage(document)

    assert not VALIDATOR.is_valid(document), where


def test_the_text_is_stable_and_loses_nothing() -> None:
    text = canonical(DOCUMENT)

    assert text == canonical(export(OTRV3, LAYOUTS, TEXTS, SCHEDULES))
    assert text.endswith("}\n")
    assert json.loads(text) == DOCUMENT
    assert list(json.loads(text)) == list(DOCUMENT)


def test_what_fits_on_a_line_is_on_a_line() -> None:
    assert canonical({"a": [1, True, "ä"], "b": {}}) == '{"a": [1, true, "ä"], "b": {}}\n'

    assert canonical({"long": ["x" * 60, "y" * 60]}) == (
        '{\n  "long": [\n' + f'    "{"x" * 60}",\n    "{"y" * 60}"\n' + "  ]\n}\n"
    )

    for line in canonical(DOCUMENT).splitlines():
        assert len(line) <= WIDTH or re.fullmatch(r' *("\w+": )?".*",?', line), line


def test_every_part_of_the_composition_is_there() -> None:
    rows = [row["id"] for table in DOCUMENT["tables"] for row in table["rows"]]
    assert rows == [row.id for row in OTRV3.rows()]

    for name, words in (
        ("events", OTRV3.events),
        ("conditions", OTRV3.conditions),
        ("checks", OTRV3.checks),
        ("effects", OTRV3.effects),
        ("data", OTRV3.data),
    ):
        assert [each["name"] for each in DOCUMENT[name]] == [word.name for word in words]
        assert [each["about"] for each in DOCUMENT[name]] == [word.meaning for word in words]

    assert [each["id"] for each in DOCUMENT["ambiguities"]] == [a.id for a in OTRV3.ambiguities]
    assert [each["id"] for each in DOCUMENT["layouts"]] == [layout.id for layout in LAYOUTS]
    assert [each["id"] for each in DOCUMENT["texts"]] == [text.id for text in TEXTS]
    assert [each["id"] for each in DOCUMENT["schedules"]] == [s.id for s in SCHEDULES]
    assert len(DOCUMENT["assumptions"]) == len(OTRV3.assumptions)


def _names(key: str) -> set[str]:
    return {each["name"] for each in DOCUMENT[key]}


def _nodes(value: Any, op: str) -> list[Any]:
    """Every node of a kind, anywhere below a value."""
    if isinstance(value, list):
        return [node for each in value for node in _nodes(each, op)]
    if not isinstance(value, dict):
        return []
    below = [node for each in value.values() for node in _nodes(each, op)]
    return [value, *below] if value.get("op") == op else below


def test_whatever_is_mentioned_is_declared() -> None:
    variables = _names("variables") | _names("parameters")
    for variable in DOCUMENT["variables"]:
        variables.update(variable.get("elements", []))
    assert {node["name"] for node in _nodes(DOCUMENT, "variable")} <= variables
    assert {node["name"] for node in _nodes(DOCUMENT, "condition")} == _names("conditions")
    assert {node["array"] for node in _nodes(DOCUMENT, "element")} <= _names("variables")

    machines = {table["machine"]: table for table in DOCUMENT["tables"]}
    for node in _nodes(DOCUMENT, "in-state"):
        states = {state["name"] for state in machines[node["machine"]]["states"]}
        assert set(node["states"]) <= states

    holes = {hole["id"] for hole in DOCUMENT["ambiguities"]}
    for table in DOCUMENT["tables"]:
        states = {state["name"] for state in table["states"]}
        assert table["initial"] in states
        for row in table["rows"]:
            assert {row["at"], row["goto"]} <= states
            assert set(row["do"]) <= _names("effects")
            assert {raised["event"] for raised in row["raises"]} <= _names("events")
            assert row["on"] in table["events"]
            assert row.get("ambiguity", min(holes)) in holes
    for condition in DOCUMENT["conditions"]:
        assert set(condition.get("checks", [])) <= _names("checks")
    for effect in DOCUMENT["effects"]:
        assert {*effect["needs"], *effect["writes"], *effect["forgets"]} <= _names("data")
    assert DOCUMENT["family"]["limit"] in _names("parameters")


def _value(tree: Any, values: dict[str, int | bool], states: dict[str, str]) -> int | bool:  # noqa: C901, PLR0911, PLR0912 - what a foreign reader would write: one case for each node
    """What a tree of the document is worth, as a reader in another language would compute it."""

    def of(name: str) -> int | bool:
        return _value(tree[name], values, states)

    match tree["op"]:
        case "number" | "truth":
            known: int | bool = tree["value"]
            return known
        case "variable":
            return values[tree["name"]]
        case "element":
            at = [str(_value(each, values, states)) for each in tree["at"]]
            return values.get("_".join((tree["array"], *at)), 0)
        case "+":
            return of("left") + of("right")
        case "-":
            return of("left") - of("right")
        case "if":
            return of("then") if of("when") else of("otherwise")
        case "==":
            return of("left") == of("right")
        case "<":
            return of("left") < of("right")
        case "<=":
            return of("left") <= of("right")
        case "not":
            return not of("part")
        case "and":
            return all(_value(part, values, states) for part in tree["parts"])
        case "or":
            return any(_value(part, values, states) for part in tree["parts"])
        case "in-state":
            return states[tree["machine"]] in tree["states"]
        case _:
            raise AssertionError(tree["op"])


def _known() -> list[tuple[str, Scope, bool]]:
    parameters = [(p.name, Scope.ENDPOINT, False) for p in OTRV3.parameters]
    return [
        *((v.name, v.scope, isinstance(v, BoolVar)) for v in OTRV3.flat_variables()),
        *parameters,
    ]


@given(st.data())
def test_a_definition_means_the_same_to_a_reader_of_the_json(data: st.DataObject) -> None:
    step = SimpleNamespace(
        member=SimpleNamespace(),
        shared=SimpleNamespace(),
        facts=SimpleNamespace(),
        config=SimpleNamespace(),
        master=SimpleNamespace(),
    )
    place = {
        Scope.MEMBER: step.member,
        Scope.SHARED: step.shared,
        Scope.MESSAGE: step.facts,
        Scope.ENDPOINT: step.config,
    }
    values: dict[str, int | bool] = {}
    seed = data.draw(st.randoms(use_true_random=False))
    for name, scope, flag in _known():
        values[name] = bool(seed.randrange(2)) if flag else seed.randrange(4)
        setattr(place[scope], name, values[name])
    states: dict[str, str] = {}
    for table in OTRV3.tables:
        state = seed.choice(states_of(table))
        states[table.machine] = state.name
        setattr(step.member, table.machine, state)
        setattr(step.master, table.machine, state)

    for condition, written in zip(OTRV3.conditions, DOCUMENT["conditions"], strict=True):
        if isinstance(condition.spec, Defined):
            runs = condition.spec.expr.read(PYTHON)(step)
            assert _value(written["definition"]["tree"], values, states) == runs, condition
    for effect, written in zip(OTRV3.effects, DOCUMENT["effects"], strict=True):
        for (variable, value), update in zip(
            effect.spec.sets.items(), written["sets"], strict=True
        ):
            assert update["variable"] == variable.name
            read: Callable[[Any], int | bool] = value.read(PYTHON)
            assert _value(update["to"]["tree"], values, states) == read(step), effect


def _holds(tree: Any, true: set[str]) -> bool:
    """Whether a guard of the document holds."""
    match tree["op"]:
        case "always":
            return True
        case "condition":
            return tree["name"] in true
        case "not":
            return not _holds(tree["part"], true)
        case "and":
            return all(_holds(part, true) for part in tree["parts"])
        case _:
            assert tree["op"] == "or"
            return any(_holds(part, true) for part in tree["parts"])


@given(st.sets(st.sampled_from(list(OTRV3.conditions))))
def test_a_guard_means_the_same_to_a_reader_of_the_json(true: set[Any]) -> None:
    names = {condition.name for condition in true}
    written = [row for table in DOCUMENT["tables"] for row in table["rows"]]

    for row, document in zip(OTRV3.rows(), written, strict=True):
        assert _holds(document["when"]["tree"], names) == row.when.holds(true.__contains__), row.id


# --- Transitions ------------------------------------------------------------------------------


def test_every_row_is_in_one_transition_and_those_that_act_are_numbered() -> None:
    for table in OTRV3.tables:
        found = transitions(table)
        assert sorted(row.id for each in found for row in each.rows) == sorted(
            row.id for row in table.rows
        )
        acting = [each for each in found if not each.ignores]
        assert [each.number for each in acting] == list(range(1, len(acting) + 1))
        assert {each.number for each in found if each.ignores} <= {0}
        for each in found:
            for row in each.rows:
                assert (row.when, row.do, row.raises) == (
                    each.row.when,
                    each.row.do,
                    each.row.raises,
                )
                assert row.goto is (row.at if each.goto is None else each.goto)
                assert not (each.ignores and not row.ignores)


def test_rows_for_all_states_are_one_transition_wherever_they_lead() -> None:
    ake = OTRV3.table("ake")
    offers: list[Transition] = [t for t in transitions(ake) if t.row.on is Event.QUERY_OFFER]

    acting = [each for each in offers if not each.ignores]
    assert [each.states for each in acting] == [tuple(Auth)] * len(acting)
    assert {each.goto for each in acting} == {Auth.AWAITING_DHKEY}
    assert {each.starts(ake) for each in offers} == {"any state"}


def test_events_know_who_raises_them() -> None:
    found = raisers(OTRV3)

    assert [table.machine for table in found[Event.DH_COMMIT]] == ["receive"]
    assert [table.machine for table in found[Event.NEXT_TLV]] == ["message", "tlv"]
    assert found[Event.RECEIVED] == ()


# --- Pages ------------------------------------------------------------------------------------


def _grids(text: str) -> list[list[str]]:
    """The tables of a page, as lines."""
    grids: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            grids[-1].append(line)
        elif grids[-1]:
            grids.append([])
    return [grid for grid in grids if grid]


def test_there_is_a_page_for_each_table_and_each_kind_of_thing() -> None:
    tables = [f"{table.machine}.md" for table in OTRV3.tables]

    assert list(PAGES) == [
        "README.md",
        *tables,
        "vocabulary.md",
        "variables.md",
        "ambiguities.md",
        "layouts.md",
        "schedules.md",
    ]
    assert set(pages(OTRV3)) == set(PAGES) - {"layouts.md", "schedules.md"}
    assert "![" not in "".join(pages(OTRV3).values())


def test_pages_are_stable() -> None:
    assert pages(OTRV3, LAYOUTS, TEXTS, SCHEDULES, Pictures("pictures")) == PAGES


@pytest.mark.parametrize("name", PAGES)
def test_every_line_of_a_grid_has_as_many_cells_as_its_head(name: str) -> None:
    for grid in _grids(PAGES[name]):
        cells = [len(re.findall(r"(?<!\\)\|", line)) for line in grid]
        assert set(cells) == {cells[0]}, grid[0]
        assert set(grid[1]) == {"|", "-"}


def test_every_link_leads_somewhere() -> None:
    anchors: dict[str, set[str]] = defaultdict(set)
    for name, text in PAGES.items():
        anchors[name].update(re.findall(r'<a id="([^"]+)"', text))
        heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        anchors[name].update(re.sub(r"[^\w\- ]", "", h).lower().replace(" ", "-") for h in heads)

    for name, text in PAGES.items():
        for target in re.findall(r"\]\(([^)]+)\)", text):
            file, _, anchor = target.partition("#")
            if file.startswith("pictures/") or file == "model.json":
                continue
            assert (file or name) in PAGES, (name, target)
            assert not anchor or anchor in anchors[file or name], (name, target)


def test_a_table_s_page_has_its_states_its_rows_and_the_meaning_of_what_they_do() -> None:
    for table in OTRV3.tables:
        page = PAGES[f"{table.machine}.md"]
        assert table.about in page
        for state in states_of(table):
            assert len(states_of(table)) == 1 or f"`{state.name}`" in page
        for event in table.events:
            assert f"\n## {event.name}\n" in page
        for row in table.rows:
            assert f"`{row.id}`" in page
            assert f"“{row.section}”" in page
            for effect in row.do:
                assert f"does-{effect.label})" in page
            for atom in row.when.atoms():
                assert row.name == "otherwise" or f"asks-{atom.label})" in page
            if row.ambiguity is not None:
                assert row.ambiguity.id.rpartition(":")[2] in page


def test_a_line_says_what_a_row_does_in_words() -> None:
    lines = [line for line in PAGES["ake.md"].splitlines() if "does-send-dh-key)" in line]

    assert [re.sub(r" \[`\w+`\]\([^)]*\)", "", line) for line in lines] == [
        (
            "| 7 | NONE, AWAITING_SIG | the policy allows the version of the message | pick y, "
            "forget any g^x of ours<br>keep the peer's encrypted and hashed g^x<br>send the D-H "
            "Key Message | AWAITING_REVEALSIG |  |"
        ),
        (
            "| 9 | AWAITING_DHKEY | the policy allows the version of the message<br>**not:** our "
            "hashed g^x is the higher of the two | pick y, forget any g^x of ours<br>keep the "
            "peer's encrypted and hashed g^x<br>send the D-H Key Message | AWAITING_REVEALSIG |  |"
        ),
        (
            "| 10 | AWAITING_REVEALSIG | the policy allows the version of the message | keep the "
            "peer's encrypted and hashed g^x<br>send the D-H Key Message | stays "
            "| [same-gy-for-new-commit](ambiguities.md#same-gy-for-new-commit) |"
        ),
    ]


def test_the_matrix_has_every_state_and_event_and_says_where_rows_lead() -> None:
    grid = _grids(PAGES["ake.md"])[1]

    assert grid[0] == "| event | NONE | AWAITING_DHKEY | AWAITING_REVEALSIG | AWAITING_SIG |"
    assert [re.findall(r"`(\w+)`", line)[0] for line in grid[2:]] == [
        event.name for event in OTRV3.table("ake").events
    ]
    commits = next(line for line in grid if "`DH_COMMIT`" in line)
    assert commits.replace("&nbsp;", " ").split(" | ")[1:] == [
        "7 → AWAITING_REVEALSIG",
        "8<br>9 → AWAITING_REVEALSIG",
        "10",
        "7 → AWAITING_REVEALSIG |",
    ]
    assert grid[-1].count("ignored") == 4


def test_the_vocabulary_is_complete() -> None:
    page = PAGES["vocabulary.md"]
    for kind, words in (
        ("asks", OTRV3.conditions),
        ("check", OTRV3.checks),
        ("does", OTRV3.effects),
        ("data", OTRV3.data),
    ):
        for word in words:
            assert page.count(f'<a id="{kind}-{word.label}"></a>`{word.name}`') == 1, word
    assert "`0 < msg.identity_keyid`" in page


def test_an_array_that_is_set_as_a_whole_is_one_update() -> None:
    page = PAGES["vocabulary.md"]
    record = next(line for line in page.splitlines() if 'id="does-record"' in line)
    rotate = next(line for line in page.splitlines() if 'id="does-rotate-our-keys"' in line)
    forget = next(line for line in page.splitlines() if 'id="does-forget-keys"' in line)

    index = "our_keyid − msg.recipient_keyid, their_keyid − msg.sender_keyid"  # noqa: RUF001 - as printed
    assert f"`seen[{index}] := msg.counter`<br>`used[{index}] := 1` |" in record
    assert "`seen[1, 0] := seen[0, 0]`" in rotate
    assert "`every seen[...] := 0`" in forget
    assert "if " not in record


def test_variables_parameters_and_assumptions_are_there() -> None:
    page = PAGES["variables.md"]
    for variable in OTRV3.variables:
        assert f"| `{variable.name}` |" in page
    for parameter in OTRV3.parameters:
        assert f"| `{parameter.name}` |" in page
    for array in (v for v in OTRV3.variables if isinstance(v, IntArray)):
        assert f"{' by '.join(map(str, array.shape))} integers" in page
    for assumption in OTRV3.assumptions:
        assert assumption.about[1:] in page


def test_every_ambiguity_has_both_readings_and_leads_to_its_rows() -> None:
    page = PAGES["ambiguities.md"]
    for hole in OTRV3.ambiguities:
        _, _, after = page.partition(f"\n## {hole.id.rpartition(':')[2]}\n")
        section = after.partition("\n## ")[0].replace("\\", "").replace("&lt;", "<")
        for text in (hole.literal.says, hole.ours.says, hole.because[1:], hole.kind.meaning):
            assert text.replace("&gt;", ">") in section
        for row in OTRV3.rows():
            if row.ambiguity == hole:
                assert f"`{row.on.name}`" in section


def test_layouts_and_schedules_have_every_field_and_value() -> None:
    for layout in LAYOUTS:
        for field in layout.fields:
            assert field.about.replace("<", "&lt;") in PAGES["layouts.md"]
    for text in TEXTS:
        assert f"### {text.title}\n" in PAGES["layouts.md"]
    for schedule in SCHEDULES:
        for value in schedule.values:
            assert f"| **{value.title}** |" in PAGES["schedules.md"]
