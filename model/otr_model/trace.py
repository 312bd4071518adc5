"""Traces: what a machine did, in terms of the tables.

The reference produces them, the checker and the fuzzer compare them, the diagrams draw them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fired:
    """One row was taken.

    Attributes:
        row: the row's id.
        member: the key of the family's member that it was taken in; 0 for the master.
        failed: the name of the check that failed while the row was being picked; "" if none did.
    """

    row: str
    member: int = 0
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """One message of a sequence: from whom, to whom, what, and what the receiver did with it.

    Attributes:
        sender: a participant's name.
        receiver: a participant's name.
        label: the message in words, such as "D-H Commit".
        fired: rows that the receiver took.
        lost: whether it was dropped on the way.
    """

    sender: str
    receiver: str
    label: str
    fired: tuple[Fired, ...] = ()
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a participant did, or was shown, on its own."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """A conversation as a drawing shows it.

    Attributes:
        title: what it shows.
        participants: names, from left to right.
        steps: arrows and notes, in order.
    """

    title: str
    participants: tuple[str, ...]
    steps: tuple[Arrow | Note, ...]
