"""Single vectors of both protocols, for those without a shim: one fault each.

    document("otrv3", "ake")                # one document, as plain values
    rendered()                              # all of them, as files

An operation takes values and gives values, or refuses at one point. A group has the values of a
faultless example, and each of its vectors what is different from it. `docs/vectors.md` describes
the format, and `docs/schema/otrspec-checks.schema.json` fixes it.

Nobody writes an expected result by hand that the reference does not give: what a vector says is
asked of the reference while it is made, and `Disagreement` is raised where the two differ.
`conformance/tests/test_fault_vectors*.py` then compute every vector again, from the published
algorithms alone.

The secrets in here serve no other purpose than to be published.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from otr_model.clauses import citing
from otr_model.otrv3.clauses import V3
from otr_model.otrv4.clauses import V4

from .kinds import FORMAT, Disagreement, Flag, Group, Vector, differing, plain
from .schema import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_model.kernel.export import Json, Object

__all__ = [
    "ABOUT",
    "FORMAT",
    "Disagreement",
    "count",
    "document",
    "made",
    "rendered",
    "schema",
]

ABOUT: Final[Mapping[str, Mapping[str, str]]] = {
    "otrv3": {
        "texts": "which form a text has, and what is in it",
        "messages": "the fields of encoded messages, and for which client they are",
        "contents": "what data messages say: a text, and TLVs",
        "long-term-keys": "public keys and their fingerprints, and signatures on M",
        "derivations": "keys of the AKE and of data messages, M, and the secret of SMP",
        "ake": "ranges of D-H keys, the commitment, and who the other side is",
        "smp": "each range and each proof of SMP, and what is compared in the end",
        "fragments": "sequences of fragments, and what is assembled after each of them",
        "data-messages": "data messages that are received in a private conversation",
        "states": "what messages without a fault do in each state, under each policy",
    },
    "otrv4": {
        "texts": "which form a text has, and what is in it",
        "messages": "the fields of encoded messages, and for which client they are",
        "contents": "what data messages say: a text, and TLVs",
        "profiles": "client profiles, prekey profiles and ensembles: encodings and validity",
        "groups": "points, scalars and DH keys, key pairs, and Ed448 signatures",
        "derivations": "the KDF, shared secrets, ratchets, keys of messages, phi, secrets of SMP",
        "dake": "ring signatures, and who sent the messages of the DAKEs",
        "smp": "each point and each proof of SMP, and what is compared in the end",
        "fragments": "sequences of fragments, and what is assembled after each of them",
        "data-messages": "data messages that are received, with the chain key that they need",
        "states": "what messages without a fault do in each state, under each policy",
    },
}
"""For each protocol, its documents in order, and what each is about."""

_TEXTS: Final = {"otrv3": V3, "otrv4": V4}


@cache
def made(protocol: str, name: str) -> tuple[Group, ...]:
    """Make the groups of one document; each time the same.

    Args:
        protocol: whose.
        name: of the document.

    Raises:
        KeyError: if there is no such document.
        Disagreement: never, while the vectors and the reference agree.
    """
    if name not in ABOUT[protocol]:
        raise KeyError(name)
    module = import_module(f".{protocol}.{_module(name)}", __name__)
    groups: tuple[Group, ...] = getattr(module, _module(name))()
    twice = [n for n, times in Counter(g.name for g in groups).items() if times > 1]
    if twice:
        message = f"{name}: groups are there twice: {', '.join(twice)}"
        raise Disagreement(message)
    return groups


def _module(name: str) -> str:
    """The name of a document as a name in Python."""
    return name.replace("-", "_")


def document(protocol: str, name: str, *, full: bool = False) -> Object:
    """One document, as plain values.

    Args:
        protocol: whose.
        name: of the document.
        full: with every value that a vector takes, in place of what differs from its group.

    Raises:
        KeyError: if there is no such document.
        Disagreement: as `made`.
    """
    groups = made(protocol, name)
    vectors = [vector for group in groups for vector in group.vectors]
    flags = [flag for flag in Flag if any(flag in vector.flags for vector in vectors)]
    operations = {group.operation.name: group.operation for group in groups}
    return {
        "format": FORMAT,
        "protocol": protocol,
        "name": name,
        "about": ABOUT[protocol][name],
        "flags": {flag.label: flag.meaning for flag in flags},
        "operations": {
            each.name: {"about": each.about, "takes": {**each.takes}, "gives": {**each.gives}}
            for each in operations.values()
        },
        "groups": [_group(protocol, group, full=full) for group in groups],
    }


def _group(protocol: str, group: Group, *, full: bool) -> Object:
    """A group as plain values."""
    clauses = _clauses(protocol, group.answers)
    cited: Object = {"clauses": [*clauses]} if clauses else {}
    return {
        "id": group.name,
        "about": group.about,
        "operation": group.operation.name,
        "section": group.section,
        **cited,
        "takes": {name: plain(value) for name, value in group.takes.items()},
        "vectors": [_vector(protocol, group, each, full=full) for each in group.vectors],
    }


def _vector(protocol: str, group: Group, vector: Vector, *, full: bool) -> Object:
    """A vector as plain values; what does not apply is left out."""
    written: Object = {
        "id": f"{group.name}:{vector.name}",
        "about": vector.about,
        "verdict": vector.verdict.label,
        "flags": [flag.label for flag in vector.flags],
    }
    takes = differing(group.takes, vector.takes, full=full)
    if takes:
        written["takes"] = takes
    if vector.fails is None:
        written["gives"] = {name: plain(value) for name, value in vector.gives.items()}
    else:
        written["fails"] = vector.fails.label
    answers = (vector.check, *vector.answers) if vector.check else vector.answers
    mine = [c for c in _clauses(protocol, answers) if c not in _clauses(protocol, group.answers)]
    for name, value in (
        ("field", vector.field),
        ("check", vector.check),
        ("ambiguity", vector.ambiguity),
    ):
        if value:
            written[name] = value
    if mine:
        written["clauses"] = [*mine]
    return written


@cache
def _clauses(protocol: str, answers: tuple[str, ...]) -> tuple[str, ...]:
    """The ids of the sentences that parts of the model answer for."""
    found = {c.id: None for each in answers for c in citing(_TEXTS[protocol], each)}
    return tuple(found)


def count(protocol: str, name: str) -> tuple[int, int, int]:
    """How many groups, vectors, and different faults there are in a document.

    A fault is a group and a vector of it that is refused; no two of a group take the same values.
    """
    groups = made(protocol, name)
    vectors = [(group.name, each) for group in groups for each in group.vectors]
    faults = {(group, each.name) for group, each in vectors if each.fails is not None}
    return len(groups), len(vectors), len(faults)


# --- Files ------------------------------------------------------------------------------------

_HEAD: Final = """\
<!-- Written by `otrspec generate`. Change what writes it, and write it again. -->

# Single vectors

Values for one operation each, and what an implementation should say of them. [How to use
them](../../vectors.md#single-vectors), and [the
schema](../../schema/otrspec-checks.schema.json).
"""
_PAGE: Final = "README.md"
_TOGETHER: Final = (
    "Together {vectors} vectors in {groups} groups. {faults} of them are faults, and refused: no "
    "two of a group take the same values."
)


@cache
def rendered() -> tuple[tuple[str, str], ...]:
    """Every file: its name within the folder, and its text; the page is the last.

    Raises:
        Disagreement: as `made`.
    """
    return tuple(_files())


def _files() -> Iterator[tuple[str, str]]:
    """One file after the other."""
    for protocol, names in ABOUT.items():
        for name in names:
            yield f"{protocol}/{name}.json", _text(document(protocol, name))
    yield _PAGE, _page()


def _text(found: Object) -> str:
    """A document as text: one vector on each line."""
    groups = found["groups"]
    head = {name: value for name, value in found.items() if name != "groups"}
    lines = [_line(head)[:-1] + ', "groups": [']
    written = [_group_lines(group) for group in groups] if isinstance(groups, list) else []
    return "\n".join((*lines, ",\n".join(written), "]}", ""))


def _group_lines(group: Json) -> str:
    """A group: a line of its own, and one for each vector."""
    if not isinstance(group, dict):
        message = "a group is an object"
        raise TypeError(message)
    vectors = group["vectors"]
    head = {name: value for name, value in group.items() if name != "vectors"}
    lines = [_line(each) for each in vectors] if isinstance(vectors, list) else []
    return _line(head)[:-1] + ', "vectors": [\n' + ",\n".join(lines) + "\n]}"


def _line(value: Json) -> str:
    """A value on one line."""
    return json.dumps(value, ensure_ascii=True)


def _page() -> str:
    """The page beside the documents."""
    lines = [_HEAD]
    totals = Counter[str]()
    for protocol, names in ABOUT.items():
        lines += [
            f"## {protocol}",
            "",
            "| document | about | groups | vectors | faults |",
            "|---|---|---|---|---|",
        ]
        for name in names:
            groups, vectors, faults = count(protocol, name)
            totals.update(groups=groups, vectors=vectors, faults=faults)
            link = f"[{name}]({protocol}/{name}.json)"
            lines.append(f"| {link} | {names[name]} | {groups} | {vectors} | {faults} |")
        lines.append("")
    lines += [
        _TOGETHER.format(**totals),
        "",
        "## Kinds of faults",
        "",
        "| flag | what it means |",
        "|---|---|",
        *(f"| `{flag.label}` | {flag.meaning} |" for flag in Flag),
        "",
        *_operations(),
    ]
    return "\n".join(lines)


def _operations() -> Iterator[str]:
    """The operations of each protocol."""
    for protocol, names in ABOUT.items():
        known = {g.operation.name: g.operation for n in names for g in made(protocol, n)}
        yield from (
            f"## Operations of {protocol}",
            "",
            "| operation | what it does | takes | gives |",
        )
        yield "|---|---|---|---|"
        for each in known.values():
            takes, gives = _values(each.takes), _values(each.gives)
            yield f"| `{each.name}` | {each.about} | {takes} | {gives} |"
        yield ""


def _values(named: Mapping[str, str]) -> str:
    """Values by name, in a cell of a table."""
    return "; ".join(f"`{name}`: {what}" if what else f"`{name}`" for name, what in named.items())
