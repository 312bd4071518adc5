"""The protocols that there are.

    protocol("otrv3").suite.cases

A protocol is one record here, and one folder of its name beside this file. What is in the folder is
imported when it is asked for, so that knowing the names costs nothing:

| module | has | which is |
|---|---|---|
| `model` | `MODEL` | a `Model`: tables, layouts, key schedules, clauses |
| `suite` | `SUITE` | a `Suite`: cases, labs, grading |
| `plan` | `PLAN` | a `Plan`: what cases are derived from |
| `recordings` | `RECORDINGS` | `Recordings`: the conversations that are drawn |
| `decoding` | `DECODER` | a `Decoder`: messages, field by field |
| `fuzzing` | `FUZZING` | a `Fuzzing`: what can happen on a hostile network |
| `bench` | `BENCH` | a `Bench`: what is measured |

Everywhere else protocols are met only through these.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeVar

from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_conformance.bench import Bench
    from otr_conformance.decoding import Decoder
    from otr_conformance.derive.plan import AnyPlan
    from otr_conformance.fuzz.vocabulary import Fuzzing
    from otr_conformance.model import Model
    from otr_conformance.play.recordings import Recordings
    from otr_conformance.suite import AnySuite

__all__ = ["DEFAULT", "PROTOCOLS", "TEXTS", "Protocol", "UnknownProtocol", "of_id", "protocol"]

T = TypeVar("T")


class UnknownProtocol(OtrSpecError):
    """A protocol that is not there; the message says which there are."""


@dataclass(frozen=True, slots=True, eq=False)
class Protocol:
    """A protocol.

    Attributes:
        name: of its folders; its public ids begin with it.
        versions: the texts that specify it, its own first, each with the version that it is about.
            Where there are several, a text also stands for the cases in which its version is
            spoken.
    """

    name: str
    versions: Mapping[str, int]

    @property
    def model(self) -> Model:
        """Its tables and texts."""
        from otr_conformance.model import Model  # noqa: PLC0415 - see the module

        return self._part("model", "MODEL", Model)

    @property
    def suite(self) -> AnySuite:
        """Its cases, and what runs them."""
        from otr_conformance.suite import Suite  # noqa: PLC0415 - see the module

        return self._part("suite", "SUITE", Suite)

    @property
    def plan(self) -> AnyPlan:
        """What cases are derived from."""
        from otr_conformance.derive.plan import Plan  # noqa: PLC0415 - see the module

        return self._part("plan", "PLAN", Plan)

    @property
    def fuzzing(self) -> Fuzzing:
        """What can happen on a hostile network."""
        from otr_conformance.fuzz.vocabulary import Fuzzing  # noqa: PLC0415 - see the module

        return self._part("fuzzing", "FUZZING", Fuzzing)

    @property
    def recordings(self) -> Recordings:
        """The conversations that are drawn."""
        from otr_conformance.play.recordings import Recordings  # noqa: PLC0415 - see the module

        return self._part("recordings", "RECORDINGS", Recordings)

    @property
    def decoder(self) -> Decoder:
        """What takes its messages apart."""
        from otr_conformance.decoding import Decoder  # noqa: PLC0415 - see the module

        kind = Decoder
        return self._part("decoding", "DECODER", kind)  # type: ignore[type-abstract] # only asked about

    @property
    def bench(self) -> Bench:
        """What is measured."""
        from otr_conformance.bench import Bench  # noqa: PLC0415 - see the module

        return self._part("bench", "BENCH", Bench)

    def _part(self, module: str, name: str, kind: type[T]) -> T:
        """A constant of a module in the protocol's folder.

        Raises:
            TypeError: if it is something else than it should be.
        """
        found: object = getattr(import_module(f"otr_conformance.{self.name}.{module}"), name)
        if not isinstance(found, kind):
            message = f"{name} of {self.name} is a {type(found).__name__}"
            raise TypeError(message)
        return found


PROTOCOLS: Final[Mapping[str, Protocol]] = {
    each.name: each
    for each in (
        Protocol("otrv3", {"otrv3": 3, "otrv2": 2}),
        Protocol(
            "otrv4",
            {
                "otrv4": 4,
                "otrv4-compatible": 4,
                "otrv4-standalone": 4,
                "otrv4-interactive-only": 4,
                "otrv4-recommendations": 4,
            },
        ),
    )
}
"""Every protocol, in the order of its version."""

DEFAULT: Final = PROTOCOLS["otrv3"]
"""The one that is meant where nothing says otherwise."""

TEXTS: Final[Mapping[str, Protocol]] = {
    text: each for each in PROTOCOLS.values() for text in each.versions
}
"""The protocol that each text belongs to."""


def protocol(name: str) -> Protocol:
    """The protocol of a name.

    Raises:
        UnknownProtocol: if there is none.
    """
    try:
        return PROTOCOLS[name]
    except KeyError:
        message = f"there is no protocol {name!r}, but {', '.join(PROTOCOLS)}"
        raise UnknownProtocol(message) from None


def of_id(known: str) -> Protocol | None:
    """The protocol that a public id, or a pattern of such, begins with; None if with none."""
    return TEXTS.get(known.partition(".")[0])
