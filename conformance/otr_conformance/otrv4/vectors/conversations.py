"""The conversations that are published. Each is played anew when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_model.otrv4.variables import PARAMETERS
from otr_reference.otrv4 import wire
from otr_reference.otrv4.commands import (
    AnswerSmp,
    End,
    StartOffline,
    StartSmp,
    Tick,
    UseExtraKey,
)
from otr_reference.otrv4.real import RealSuite

from .octets import as_hex, as_tag
from .play import ALICE, BOB, OTHER, Play

if TYPE_CHECKING:
    from .octets import Object

__all__ = ["expiry", "extra_key", "fragments", "interactive", "offline", "smp"]

_SESSION_LIFETIME: Final = next(p.value for p in PARAMETERS if p.name == "session_lifetime")


def interactive() -> Object:
    """The interactive DAKE, and messages of 7 ratchets."""
    play = Play()
    play.authenticate()
    play.talks(ALICE, "Hi Bob, with my first keys.")  # ratchet 0, of the responder
    play.talks(BOB, "Hello Alice. These are new keys.")  # ratchet 0, of the initiator
    play.talks(ALICE, "Where are you?")  # ratchet 1
    late = play.says(BOB, "On my way,")  # ratchet 2: the first message overtaken by the second
    play.talks(BOB, "but the train is late.")
    play.receives(ALICE, *late)
    play.says(ALICE, "This message is lost.")  # ratchet 3, with a new DH key
    play.talks(ALICE, "I wait.")
    play.talks(BOB, "Thanks.")  # ratchet 4: the key of the lost message stays
    play.talks(ALICE, "See you.")  # ratchet 5
    play.talks(BOB, "See you soon.")  # ratchet 6, with a new DH key
    return play.written()


def offline() -> Object:
    """A prekey ensemble, the non-interactive DAKE, and messages of 5 ratchets."""
    play = Play()
    bob = play.parties[BOB]
    ensemble = bob.publish()
    sent = play.does(
        ALICE,
        "start-offline",
        StartOffline(ensemble),
        **{
            "Client Profile": wire.encode_client_profile(ensemble.client_profile).hex(),
            "Prekey Profile": wire.encode_prekey_profile(ensemble.prekey_profile).hex(),
            "Prekey Message": wire.encode_prekey_message(ensemble.message).hex(),
        },
    )
    for text in ("I could not reach you.", "Read this when you are back."):
        sent += play.says(ALICE, text)
    play.receives(BOB, *sent)
    play.talks(BOB, "I am back.")  # ratchet 1
    play.talks(ALICE, "Good.")  # ratchet 2
    play.talks(BOB, "What was it?")  # ratchet 3, with a new DH key
    play.talks(ALICE, "I forgot.")  # ratchet 4
    return play.written()


def _after_dake() -> Play:
    """A private conversation in which nothing was said."""
    play = Play()
    play.authenticate()
    play.goes_on("interactive")
    return play


def smp() -> Object:
    """SMP, twice."""
    play = _after_dake()
    _compare(play, ALICE, "the tower", "the tower", "Where did we meet?")
    _compare(play, BOB, "the tower", "the bridge", None)
    return play.written()


def _compare(play: Play, who: str, mine: str, theirs: str, question: str | None) -> None:
    """SMP with two secrets."""
    start = StartSmp(
        RealSuite.passphrase(mine.encode()),
        None if question is None else RealSuite.octets(question.encode()),
    )
    asked: Object = {"secret": mine} if question is None else {"secret": mine, "question": question}
    play.receives(OTHER[who], *play.does(who, "start-smp", start, **asked))
    answer = AnswerSmp(RealSuite.passphrase(theirs.encode()))
    play.settles(who, play.does(OTHER[who], "answer-smp", answer, secret=theirs))


def fragments() -> Object:
    """A message that has to be divided."""
    play = _after_dake()
    for party in play.parties.values():
        party.max_size = 300
    sent = play.says(ALICE, "A text that does not fit into one message. " * 4)
    first, second, *others = sent
    play.receives(BOB, second, *others[::-1], second, first)  # in disorder, and one of them twice
    return play.written()


def expiry() -> Object:
    """A session expires while keys of lost messages are stored."""
    play = _after_dake()
    play.talks(BOB, "Are you there?")  # ratchet 0
    play.says(BOB, "This message is lost.")
    play.talks(ALICE, "Yes.")  # ratchet 1
    play.says(BOB, "So is this one.")  # ratchet 2: its key is derived when the next one arrives
    play.talks(BOB, "Wait for me.")
    play.now += _SESSION_LIFETIME
    play.receives(BOB, *play.does(ALICE, "tick", Tick()))
    play.does(BOB, "end", End())
    return play.written()


def extra_key() -> Object:
    """An extra symmetric key, and what both applications are told."""
    play = _after_dake()
    use = UseExtraKey(0x00000001, RealSuite.octets(b"file transfer"))
    words: Object = {"use": as_tag(use.use), "data": as_hex(use.data)}
    play.receives(ALICE, *play.does(BOB, "use-extra-key", use, **words))
    return play.written()
