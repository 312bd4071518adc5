"""The conversations: what users do, and what a network does to them.

A script is a decorated function. Its docstring is its published description. Alice is the one who
does things first; every script is played in both directions, so that each target is Alice once.
Nothing here says what is right: the tables predict it.

A script must not depend on how many messages a side sends. What is typed in it has at least
`otr_conformance.play.watch.LEAST` bytes, so that nobody has sent it by chance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from otr_conformance.play.case import Level
from otr_conformance.shim.vocabulary import Capability, PolicyWord

from .meeting import ALICE, BOB, Meeting

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SCRIPTS", "Needs", "Script"]

Play: TypeAlias = "Callable[[Meeting], None]"

SECRET, OTHER_SECRET = "the tower", "the bridge"
MINUTE: Final = 61
LONG: Final = " ".join(f"line {number}" for number in range(60))
SMALL: Final = 200
USE: Final = 0x46494C45
VERSIONS: Final = (2, 3, 4)


@dataclass(frozen=True, slots=True)
class Needs:
    """What one side needs.

    Attributes:
        capabilities: of the shim protocol.
        policy: words of the policy, beside the versions.
        largest: the largest message that it may send, in bytes; 0: any.
    """

    capabilities: frozenset[Capability] = frozenset()
    policy: frozenset[PolicyWord] = frozenset()
    largest: int = 0

    @property
    def asked(self) -> frozenset[Capability]:
        """All capabilities that this takes."""
        more = {Capability.POLICY} if self.policy else set()
        return self.capabilities | more | ({Capability.FRAGMENT} if self.largest else set())


@dataclass(frozen=True, slots=True)
class Script:
    """A conversation.

    Attributes:
        name: in reports.
        about: the description.
        play: what happens.
        versions: of OTR, in which it makes sense.
        needs: what each side needs, by name.
        level: whether it is asked for, or only recommended.
        every_version: each side allows every version that it speaks, and not one only.
    """

    name: str
    about: str
    play: Play = field(compare=False)
    versions: tuple[int, ...]
    needs: dict[str, Needs] = field(compare=False)
    level: Level
    every_version: bool

    def __hash__(self) -> int:
        return hash(self.name)


SCRIPTS: Final[dict[str, Script]] = {}
"""Every script, by name, in the order in which they are played."""


def script(  # noqa: PLR0913 - one keyword for each thing that a script states
    name: str,
    *,
    versions: tuple[int, ...] = VERSIONS,
    needs: tuple[Capability, ...] = (),
    alice: tuple[PolicyWord, ...] = (),
    bob: tuple[PolicyWord, ...] = (),
    largest: int = 0,
    level: Level = Level.MUST,
    every_version: bool = False,
) -> Callable[[Play], Play]:
    """Declare a script; `needs` and `largest` are those of both sides."""

    def declared(play: Play) -> Play:
        about = " ".join((play.__doc__ or "").split())
        both = {
            who: Needs(frozenset(needs), frozenset(words), largest)
            for who, words in ((ALICE, alice), (BOB, bob))
        }
        SCRIPTS[name] = Script(name, about, play, versions, both, level, every_version)
        return play

    return declared


def private(m: Meeting) -> None:
    """The conversation becomes private, since Alice's user asked for it."""
    m.alice.starts()
    m.settle()


def talk(m: Meeting, times: int = 1) -> None:
    """Each says something, and the other reads it."""
    for number in range(1, times + 1):
        m.alice.says(f"good morning {number}")
        m.settle()
        m.bob.says(f"the same to you {number}")
        m.settle()


# How a private conversation begins.


@script("query")
def query(m: Meeting) -> None:
    """Alice asks for a private conversation, and each reads what the other types."""
    private(m)
    talk(m)


@script("query-after-texts")
def query_after_texts(m: Meeting) -> None:
    """They talk in the clear before Bob asks for a private conversation."""
    m.alice.says("anybody there?")
    m.settle()
    m.bob.says("wait a moment")
    m.settle()
    m.bob.starts()
    m.settle()
    talk(m)


@script("versions", versions=(2, 3), every_version=True)
def versions(m: Meeting) -> None:
    """Each allows every version that it speaks, and the highest that both speak is used."""
    private(m)
    talk(m)


@script(
    "whitespace-tag",
    alice=(PolicyWord.SEND_WHITESPACE_TAG,),
    bob=(PolicyWord.WHITESPACE_START_AKE,),
)
def whitespace_tag(m: Meeting) -> None:
    """Alice's first text carries a tag, and Bob's side begins the exchange."""
    m.alice.says("a text with something behind it")
    m.settle()
    talk(m)


@script("text-first", alice=(PolicyWord.REQUIRE_ENCRYPTION,))
def text_first(m: Meeting) -> None:
    """Alice's side requires encryption: what she types first is sent once that is possible."""
    m.alice.says("for your eyes only")
    m.settle()
    talk(m)


@script("both-ask", versions=(2, 3))
def both_ask(m: Meeting) -> None:
    """Both ask for a private conversation at once, and Alice's D-H Commit counts."""
    m.both_start()
    m.settle()
    talk(m)


# What happens in it.


@script("many-texts")
def many_texts(m: Meeting) -> None:
    """Many texts in turn, and many at once: keys are replaced again and again."""
    private(m)
    talk(m, 6)
    for number in range(4):
        m.alice.says(f"and another thing {number}")
    m.settle()
    for number in range(4):
        m.bob.says(f"one at a time {number}")
    m.settle()
    talk(m, 2)


@script("at-the-same-time")
def at_the_same_time(m: Meeting) -> None:
    """Their texts cross on the way, three times."""
    private(m)
    for number in range(3):
        m.alice.says(f"after you {number}")
        m.bob.says(f"no, after you {number}")
        m.settle()
    talk(m)


@script("fragments", largest=SMALL)
def fragments(m: Meeting) -> None:
    """The network carries small messages only; everything goes in pieces, both ways."""
    private(m)
    m.alice.says(LONG)
    m.settle()
    m.bob.says(LONG.upper())
    m.settle()
    talk(m)


@script("refresh")
def refresh(m: Meeting) -> None:
    """The conversation is refreshed, by each of them, while they talk."""
    private(m)
    talk(m, 2)
    m.alice.starts()
    m.settle()
    talk(m, 2)
    m.bob.starts()
    m.settle()
    talk(m, 2)


@script("heartbeats", needs=(Capability.CLOCK,), level=Level.SHOULD)
def heartbeats(m: Meeting) -> None:
    """Only Alice types, after a minute of silence: Bob's side answers with a heartbeat."""
    private(m)
    talk(m)
    for number in range(3):
        m.wait(MINUTE)
        m.alice.says(f"still there? {number}")
        m.settle()
    talk(m)


@script("asked-heartbeats", needs=(Capability.HEARTBEAT,))
def asked_heartbeats(m: Meeting) -> None:
    """Both applications send heartbeats, of which no user is told."""
    private(m)
    m.alice.heartbeat()
    m.settle()
    m.bob.heartbeat()
    m.settle()
    talk(m)


@script("extra-key", versions=(3, 4), needs=(Capability.EXTRA_KEY,))
def extra_key(m: Meeting) -> None:
    """Each side uses the extra symmetric key, before and after keys were replaced."""
    private(m)
    m.alice.uses_extra_key(USE, "a file")
    m.settle()
    talk(m, 2)
    m.bob.uses_extra_key(USE, "another file")
    m.settle()
    talk(m)


@script("stranger-in-the-clear")
def stranger_in_the_clear(m: Meeting) -> None:
    """Somebody sends texts in the clear in the middle of a private conversation."""
    private(m)
    talk(m)
    m.alice.receives("send me your password")
    m.bob.receives("send me your password")
    talk(m)


# SMP.


@script("smp", needs=(Capability.SMP,))
def smp(m: Meeting) -> None:
    """Both know the secret; Alice begins, then Bob."""
    private(m)
    m.alice.begins_smp(SECRET)
    m.settle()
    m.bob.answers_smp(SECRET)
    m.settle()
    m.bob.begins_smp(SECRET)
    m.settle()
    m.alice.answers_smp(SECRET)
    m.settle()
    talk(m)


@script("smp-question", needs=(Capability.SMP, Capability.SMP_QUESTION))
def smp_question(m: Meeting) -> None:
    """Alice asks a question, and Bob knows the answer."""
    private(m)
    m.alice.begins_smp(SECRET, "where do we meet?")
    m.settle()
    m.bob.answers_smp(SECRET)
    m.settle()
    talk(m)


@script("smp-unequal", needs=(Capability.SMP,))
def smp_unequal(m: Meeting) -> None:
    """Bob gives another secret; both find out, and try once more."""
    private(m)
    m.alice.begins_smp(SECRET)
    m.settle()
    m.bob.answers_smp(OTHER_SECRET)
    m.settle()
    talk(m)
    m.alice.begins_smp(SECRET)
    m.settle()
    m.bob.answers_smp(SECRET)
    m.settle()


@script("smp-aborted", needs=(Capability.SMP,))
def smp_aborted(m: Meeting) -> None:
    """Alice breaks SMP off before Bob answers, and begins anew."""
    private(m)
    m.alice.begins_smp(SECRET)
    m.settle()
    m.alice.aborts_smp()
    m.settle()
    m.alice.begins_smp(SECRET)
    m.settle()
    m.bob.answers_smp(SECRET)
    m.settle()
    talk(m)


# How it ends.


@script("end")
def end(m: Meeting) -> None:
    """Alice ends the conversation, Bob as well; they talk in the clear, and begin again."""
    private(m)
    talk(m)
    m.alice.ends()
    m.settle()
    m.bob.ends()
    m.settle()
    m.alice.says("the weather is fine")
    m.settle()
    m.bob.says("the weather is bad")
    m.settle()
    private(m)
    talk(m)


@script("text-after-end")
def text_after_end(m: Meeting) -> None:
    """Bob types although Alice has ended the conversation: that text is not sent in the clear."""
    private(m)
    talk(m)
    m.alice.ends()
    m.settle()
    m.bob.says("and one more secret")
    m.settle()


@script("ends-cross")
def ends_cross(m: Meeting) -> None:
    """Both end the conversation at once, and begin again."""
    private(m)
    talk(m)
    m.alice.ends()
    m.bob.ends()
    m.settle()
    private(m)
    talk(m)


# A network that is not kind.


@script("lost-text")
def lost_text(m: Meeting) -> None:
    """A text of each is lost; what follows is read."""
    private(m)
    talk(m)
    m.loses(m.alice.says("never read"), "that text")
    m.loses(m.bob.says("not read either"), "that text")
    talk(m, 3)


@script("repeated-text")
def repeated_text(m: Meeting) -> None:
    """A text arrives twice, and is shown once."""
    private(m)
    talk(m)
    text = m.alice.says("once is enough")
    m.delivers(text, "that text", keep=True)
    m.settle()
    talk(m)


@script("late-text")
def late_text(m: Meeting) -> None:
    """Of two texts the second arrives first."""
    private(m)
    talk(m)
    first, second = m.alice.says("this goes first"), m.alice.says("this goes second")
    m.delivers(second, "the second text")
    m.delivers(first, "the first text")
    m.settle()
    talk(m)


@script("lost-query")
def lost_query(m: Meeting) -> None:
    """Alice's Query Message is lost, and she asks again."""
    m.loses(m.alice.starts(), "the Query Message")
    private(m)
    talk(m)


@script("lost-answer")
def lost_answer(m: Meeting) -> None:
    """What answers Alice's Query Message is lost, and she asks again."""
    m.delivers(m.alice.starts(), "the Query Message")
    m.loses(list(m.network), "the answer")
    private(m)
    talk(m)
