"""How fast the reference is beside libotr: the same work, both ends in one process on either side.

The work is that of `shims/libotr/bench.c`. The phases of one run, each timed as a whole, are

    ake        from Alice's query message until both are private
    alternate  100 texts each way, strictly alternating: each text rotates keys
    burst      100 texts each way in 10 bursts of 10 each way: each burst rotates keys once
    smp        SMP with equal secrets, from the start until both have succeeded

Not timed on either side: the long-term keys, which are generated before. libotr runs with
libgcrypt's quick random generator; the reference draws from a seeded one.
"""

from __future__ import annotations

import gc
from collections import deque
from time import perf_counter
from typing import TYPE_CHECKING, Final

from otr_conformance.bench import Bench, Comparison, NotDone, medians
from otr_conformance.peers import libotr
from otr_reference.keys import dsa
from otr_reference.otrv3.chat import Chat
from otr_reference.otrv3.notices import Secured, Shown, SmpStage, SmpStaged
from otr_reference.otrv3.session import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_reference.keys.dsa import DsaPrivate
    from otr_reference.otrv3.chat import Heard

__all__ = [
    "BENCH",
    "BURST",
    "LEAST_FRAGMENT",
    "PHASES",
    "TEXT",
    "TEXTS",
    "compare",
    "run_ours",
]

PHASES: Final = ("ake", "alternate", "burst", "smp")
TEXTS: Final = 100
"""Texts each way, in each of the two phases of texts."""
BURST: Final = 10
TEXT: Final = b"A text of sixty-four bytes, which is what people type in a chat."
SECRET: Final = b"the secret that both know"
LEAST_FRAGMENT: Final = 64
"""Bytes: both sides can send the messages of every phase in fragments of this size."""
_VERSION: Final = 3


def compare(runs: int, fragment: int, told: Callable[[str], None]) -> Comparison:
    """Measure both sides in turn; the reference alone where libotr is not installed.

    Args:
        runs: of each side, 1 or more.
        fragment: the largest size of a message in bytes, `LEAST_FRAGMENT` or more; 0: no limit.
        told: called as each run begins.

    Raises:
        NotDone: if the reference does not do what is measured.
        PeerUnavailable: if libotr is installed and does not run.
    """
    keys = (dsa.generate(), dsa.generate())
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    version = ""
    for number in range(1, runs + 1):
        told(f"{number} of {runs}")
        if libotr.locate() is not None:
            measured = libotr.measure(fragment=fragment, repeats=1, protocol=_VERSION)
            version = measured.version
            theirs.append({name: getattr(measured, name)[-1] for name in PHASES})
        ours.append(run_ours(*keys, fragment=fragment))
    return Comparison(runs, fragment, version, medians(PHASES, ours, theirs))


# --- Ours -------------------------------------------------------------------------------------


def run_ours(alice: DsaPrivate, bob: DsaPrivate, *, fragment: int = 0) -> dict[str, float]:
    """The seconds that each phase takes, in one run with new endpoints.

    Raises:
        NotDone: if a phase does not come to its end.
    """
    pair = _Pair(alice, bob, fragment)
    gc.collect()
    spent: dict[str, float] = {}
    for name, work in (
        ("ake", pair.run_ake),
        ("alternate", lambda: pair.run_texts(1)),
        ("burst", lambda: pair.run_texts(BURST)),
        ("smp", pair.run_smp),
    ):
        begun = perf_counter()
        work()
        spent[name] = perf_counter() - begun
    return spent


class _Pair:
    """Alice and Bob, with nothing between them but a queue.

    Attributes:
        secured: how often each became private; Alice's first, as in what follows.
        texts: the texts that each was shown.
        asked: how often each was asked for the secret of SMP.
        verified: how often each succeeded in SMP.
    """

    def __init__(self, alice: DsaPrivate, bob: DsaPrivate, fragment: int) -> None:
        policy = Policy(allow_v2=False)
        self.chats = tuple(Chat(key, policy, max_size=fragment) for key in (alice, bob))
        self.queue: deque[tuple[int, bytes]] = deque()
        self.secured = [0, 0]
        self.texts = [0, 0]
        self.asked = [0, 0]
        self.verified = [0, 0]

    def run_ake(self) -> None:
        self._heard(0, self.chats[0].start())
        self._deliver()
        _demand(self.secured == [1, 1], "the exchange did not end")

    def run_texts(self, burst: int) -> None:
        self.texts = [0, 0]
        for _ in range(TEXTS // burst):
            for who in (0, 1):
                for _ in range(burst):
                    self._heard(who, self.chats[who].send(TEXT))
                    self._deliver()
        _demand(self.texts == [TEXTS, TEXTS], "texts were lost")

    def run_smp(self) -> None:
        self._heard(0, self.chats[0].start_smp(SECRET))
        self._deliver()
        _demand(self.asked == [0, 1], "SMP did not begin")
        self._heard(1, self.chats[1].answer_smp(SECRET))
        self._deliver()
        _demand(self.verified == [1, 1], "SMP did not succeed")

    def _deliver(self) -> None:
        """Deliver messages, and those that come of them, until there are none."""
        while self.queue:
            to, wire = self.queue.popleft()
            self._heard(to, self.chats[to].receive(wire))

    def _heard(self, who: int, heard: Heard) -> None:
        self.queue.extend((1 - who, wire) for wire in heard.wires)
        for notice in heard.notices:
            match notice:
                case Shown(secure=True):
                    self.texts[who] += 1
                case Secured():
                    self.secured[who] += 1
                case SmpStaged(SmpStage.ASKED):
                    self.asked[who] += 1
                case SmpStaged(SmpStage.SUCCESS):
                    self.verified[who] += 1
                case _:
                    pass


def _demand(done: bool, complaint: str) -> None:  # noqa: FBT001 - a condition, as in assert
    if not done:
        raise NotDone(complaint)


BENCH: Final = Bench(
    {
        "ake": "from a query until both are private",
        "alternate": f"{TEXTS} texts each way, alternating",
        "burst": f"{TEXTS} texts each way, in bursts of {BURST}",
        "smp": "SMP with equal secrets",
    },
    {"texts_each_way": TEXTS, "burst_length": BURST, "text_bytes": len(TEXT)},
    LEAST_FRAGMENT,
    rival=True,
    compare=compare,
)
