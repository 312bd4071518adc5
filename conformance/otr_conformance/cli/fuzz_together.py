"""`otrspec fuzz --together`: let targets talk with each other, and judge each by the tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from otr_conformance.fuzz import known as knowledge
from otr_conformance.fuzz.finds import plain
from otr_conformance.fuzz.together_group import Chair, Group
from otr_conformance.fuzz.together_worker import Each, TogetherOrder, TogetherWorker, met
from otr_conformance.shim.errors import ShimAbsent, ShimError
from otr_conformance.targets import find
from otr_conformance.verdict import ExitCode

from .fuzz import played, tell_of
from .misuse import Misuse
from .screen import tell

if TYPE_CHECKING:
    from pathlib import Path

    from otr_conformance.fuzz.finds import Find
    from otr_conformance.targets import Target

    from .fuzz import Asked, Outputs

__all__ = ["Shown", "replayed", "together"]

LEAST, MOST = 2, 3


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of a find of several that was played again.

    Attributes:
        outcome: "pass", "fail", "changed" or "stale".
        because: what differs now, or why it is stale.
    """

    outcome: str
    because: str = ""


def together(names: tuple[str, ...], asked: Asked, outputs: Outputs) -> ExitCode:
    """Fuzz targets that talk with each other.

    Raises:
        Misuse: if it is no two or three, they cannot meet, or a file cannot be written.
        UnknownTarget: if there is no such target.
        Malformed: if what is known cannot be read.
    """
    if not LEAST <= len(names) <= MOST:
        message = "--together needs two targets, or three: otrspec fuzz A B --together"
        raise Misuse(message)
    if asked.hypothesis:
        message = "--hypothesis plays with one target, and --together with several"
        raise Misuse(message)
    outputs.look()
    targets = tuple(map(find, names))
    order = _order(targets, asked.protocol, asked.known, octets=asked.octets, timeout=asked.timeout)
    order = replace(order, seed=asked.seed, uniform=asked.uniform)
    try:
        _meet(order)
        fuzzed = played(order, order.known, asked)
    except ShimAbsent as absent:
        message = f"{' '.join(names)}: a target does not start as a shim: {absent.reason}"
        raise Misuse(message) from absent
    except ShimError as error:
        tell(f"otrspec: {order.target.name}: {error}")
        return ExitCode.HARNESS_ERROR
    return tell_of([fuzzed], asked, outputs)


def _order(
    targets: tuple[Target, ...],
    protocol: str,
    file: Path | None = None,
    *,
    octets: bool,
    timeout: float,
) -> TogetherOrder:
    """What a process has to know so that targets meet; `file`: of what is known of each."""
    paths = {each.name: file or knowledge.file_of(each) for each in targets}
    known = Each(
        of_each=tuple(
            (name, knowledge.NONE if path is None else knowledge.read(path))
            for name, path in paths.items()
        )
    )
    order = TogetherOrder(
        protocol,
        targets[0],
        octets=octets,
        timeout=timeout,
        known=known,
        targets=targets,
    )
    return replace(order, target=met(order, targets))


def _meet(order: TogetherOrder) -> None:
    """See that targets can meet.

    Raises:
        Misuse: if they cannot.
        ShimError: if one does not start.
    """
    chairs = tuple(Chair(each, timeout=order.timeout) for each in order.targets)
    group = Group(order.protocol, chairs, order.octets)
    try:
        group.open()
        lacking = group.lacking
    finally:
        group.close()
    if lacking:
        message = f"{order.target.name}: {lacking}"
        raise Misuse(message)


# ---- Playing a find again.


def replayed(each: Find, targets: tuple[Target, ...], timeout: float, *, octets: bool) -> Shown:
    """Play a find of several again.

    Raises:
        Misuse: if they are not so many as those who met.
        ShimError: if one does not start.
    """
    if len(targets) != len(each.together):
        met_ = " ".join(each.together)
        message = f"{each.id} was found where {len(each.together)} met: {met_}"
        raise Misuse(message)
    worker = TogetherWorker(_order(targets, each.protocol, octets=octets, timeout=timeout))
    try:
        group = worker.group
        vocabulary = group.fuzzing.vocabulary
        needed = (word for name in each.script.moves for word in vocabulary[name].needs)
        if not group.able(each.script.part) or not all(map(group.can, needed)):
            return Shown("stale", "the targets are not capable of it")
        trouble = group.replay(each.script, *worker.under(each.who, each.behind))
        if trouble is None:
            return Shown("pass")
        shown = worker.find_of(trouble)
        same = (plain(shown.because), shown.rows) == (plain(each.because), each.rows)
        return Shown("fail" if same else "changed", f"{shown.who}: {shown.because}")
    finally:
        worker.close()
