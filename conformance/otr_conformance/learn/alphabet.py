"""What a learner can do with a target, in words: inputs, and the machines that are learned.

An `Input` is one letter: something that the target's user does, or a message that the tester makes
and delivers. What makes it is a protocol's own (`otr_conformance.otrv3.learning`); which inputs
there are follows from the tables: one for each event that a user causes, each kind of message, each
kind of TLV, and each validity falsified. A kind that is left out is named, with the reason.

A `Setting` is what is learned at a time: who plays, under which policies, and with which inputs. A
machine with every input at once has thousands of states, and says less.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from otr_conformance.derive.record import digest
from otr_conformance.play.case import Cast
from otr_conformance.play.stage import AnyStage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_conformance.suite import AnySuite
    from otr_model.kernel.composition import Composition

    from .mapper import Mapper

__all__ = [
    "AnyInput",
    "AnyLearning",
    "AnySetting",
    "Input",
    "Inputs",
    "Learning",
    "Setting",
    "digest_of",
]

M = TypeVar("M", bound="Mapper[Any]")
C = TypeVar("C", bound=Cast)
S = TypeVar("S", bound=AnyStage)


@dataclass(frozen=True, slots=True)
class Input(Generic[M]):
    """One letter of the alphabet.

    Attributes:
        name: in words, cases and files.
        play: does it, in exactly one observation.
        stands_for: what of the tables it stands for: the names of events, kinds of messages and of
            TLVs, and checks.
        needs: capabilities of the shim protocol that a target needs.
    """

    name: str
    play: Callable[[M], None]
    stands_for: tuple[str, ...]
    needs: frozenset[str] = frozenset()


AnyInput = Input[Any]


class Inputs(dict[str, Input[M]]):
    """The inputs of a protocol, by name, in the order of declaration."""

    def add(self, name: str, play: Callable[[M], None], *stands_for: str, needs: str = "") -> None:
        """Declare an input; `needs` has words, separated by spaces."""
        self[name] = Input(name, play, stands_for, frozenset(needs.split()))


@dataclass(frozen=True, slots=True)
class Setting(Generic[C]):
    """What is learned at a time.

    Attributes:
        name: public, as in "v3-exchange".
        about: what it is about, for people.
        cast: policies and the like.
        version: the version that is spoken.
        inputs: the names of the inputs, in order.
        needs: capabilities that a target needs, beside those of its inputs.
    """

    name: str
    about: str
    cast: C
    version: int
    inputs: tuple[str, ...]
    needs: frozenset[str] = frozenset()


AnySetting = Setting[Any]


@dataclass(frozen=True, eq=False)
class Learning(Generic[C, S]):
    """What a protocol states so that machines can be learned.

    Attributes:
        protocol: its name.
        suite: its suite, which makes stages and parties, and grades.
        inputs: all inputs, by name.
        settings: all settings, by name.
        mapper: makes what plays inputs on a stage.
        standing: the name of the state in which a target stands that is the reference.
        left_out: what of the tables no input stands for, each with the reason.
        digest: of what bears upon answers: the tables, and the module that makes messages.
    """

    protocol: str
    suite: AnySuite
    inputs: Mapping[str, AnyInput]
    settings: Mapping[str, Setting[C]]
    mapper: Callable[[S], Mapper[S]]
    standing: Callable[[S], str]
    left_out: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""

    def needs(self, setting: Setting[C]) -> frozenset[str]:
        """The capabilities that a target needs for a setting, all inputs included."""
        return setting.needs.union(*(self.inputs[name].needs for name in setting.inputs))

    def fitting(self, setting: Setting[C], capabilities: frozenset[str]) -> tuple[str, ...]:
        """The inputs of a setting that a target with these capabilities can be given."""
        return tuple(n for n in setting.inputs if self.inputs[n].needs <= capabilities)

    def stamp(self, setting: Setting[C], inputs: tuple[str, ...]) -> str:
        """What tells answers of this setting from those of another, or of another edition of it."""
        said = (self.protocol, self.digest, setting.name, setting.cast, setting.version, inputs)
        return sha256(repr(said).encode()).hexdigest()


AnyLearning = Learning[Any, Any]


def digest_of(composition: Composition, module: str) -> str:
    """The digest of a protocol's tables, and of the file of the module that makes its messages."""
    here = Path(__file__).parent
    files = (Path(module), here / "mapper.py", here / "usual.py")
    made = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return f"{digest(composition)} {made}"
