"""A campaign on a cluster of Dask: the same, with processes on other machines.

    dask scheduler                                  # on one machine
    dask worker tcp://SCHEDULER:8786                # on each, where otrspec and the target are
    otrspec fuzz libotr --scheduler tcp://SCHEDULER:8786 --corpus FOLDER

Each worker of the cluster plays for a moment, says what came of it, and is told what the others
have found. A worker that is gone costs that moment. What was found is written where the command
runs.
Nobody but those who may run programs there should reach a scheduler: Dask runs what it is sent.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Self

from otr_conformance.shim.errors import ShimError
from otr_reference.errors import OtrSpecError

from .campaign import MOMENT, Campaign
from .worker import Done, Kept, Order, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from .campaign import State

__all__ = ["NoCluster", "Scattered", "moment"]

PATIENCE: Final = 20.0
"""Seconds in which a scheduler has to answer."""
_LOST: Final = 5
"""Moments in a row that may be lost."""

_HERE: dict[Order, Worker] = {}
_ONE_AT_A_TIME: Final = threading.Lock()


class NoCluster(OtrSpecError):
    """There is no cluster to play on; the message says why."""


def moment(order: Order, seconds: float, steps: int, adopt: tuple[Kept, ...]) -> Done:
    """A moment of play, in a worker of the cluster; its target and what it learned are kept."""
    with _ONE_AT_A_TIME:
        worker = _HERE.get(order)
        try:
            if worker is None:
                worker = _HERE[order] = order.worker()
            return worker.work(seconds, steps, adopt)
        except ShimError as error:
            return Done(lost=f"{order.target.name}: {error}")


class Scattered(Campaign):
    """A campaign on a cluster.

    Args:
        order: the target, and how it is fuzzed.
        corpus: the folder; None: nothing is written.
        jobs: how many workers of the cluster play, at least one, at most as many as there are.
        address: of the scheduler.

    Raises:
        NoCluster: if Dask is not installed.
    """

    def __init__(self, order: Order, corpus: Path | None, jobs: int, address: str) -> None:
        super().__init__(order, corpus, jobs)
        self._address = address
        self._client: Any = None

    def __enter__(self) -> Self:
        """Reach the scheduler.

        Raises:
            NoCluster: if Dask is not installed, or nobody answers, or there is no worker.
        """
        try:
            from distributed import Client  # noqa: PLC0415 - an extra
        except ImportError as error:
            message = "--scheduler needs Dask: pip install 'otrspec[dask]'"
            raise NoCluster(message) from error
        try:
            make: Any = Client
            self._client = make(self._address, timeout=PATIENCE)
            self._client.wait_for_workers(1, timeout=PATIENCE)
        except (OSError, TimeoutError, ValueError) as error:
            message = f"no cluster at {self._address}: {str(error) or type(error).__name__}"
            raise NoCluster(message) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._client is not None:
            self._client.close()

    def run(self, seconds: float = 0.0, steps: int = 0) -> Iterator[State]:
        """See `Campaign.run`."""
        state, begun = self.state, time.monotonic()
        places = sorted(self._client.scheduler_info()["workers"])[: max(self.jobs, 1)]
        order = replace(self.order, finds=None)
        news = {number: list(self.corpus.scripts) for number in range(len(places))}
        lost = 0
        waiting = {
            self._sent(replace(order, number=number), place, steps, news[number]): number
            for number, place in enumerate(places)
        }
        while waiting:
            future = self._next(list(waiting))
            number = waiting.pop(future)
            done = self._done_of(future)
            lost = lost + 1 if done is None else 0
            if done is not None:
                new = self.corpus.add(done.kept)
                state.complain(self.corpus.complaints)
                for other, told in news.items():
                    told.extend(new if other != number else ())
                state.add(done)
                state.lost = done.lost
                state.seconds = time.monotonic() - begun
                yield state
            else:
                state.complaints.append("a worker of the cluster is gone; what it found is kept")
            over = (seconds and state.seconds >= seconds) or (steps and state.steps >= steps)
            if over or state.lost:
                return
            if lost >= _LOST:
                state.lost = f"{_LOST} moments in a row were lost: the cluster is gone"
                return
            place = self._place(places[number])
            again = self._sent(replace(order, number=number), place, steps, news[number])
            waiting[again] = number

    def _place(self, place: str) -> str:
        """The same worker, or another one if it is gone; "" if there is none."""
        known = sorted(self._client.scheduler_info()["workers"])
        return place if place in known else next(iter(known), "")

    def _sent(self, order: Order, place: str, steps: int, news: list[Kept]) -> Any:  # noqa: ANN401 - Dask's own
        """A moment for a worker."""
        share = max(1, min(steps, 2000)) if steps else 0
        adopt = tuple(news)
        news.clear()
        workers = [place] if place else None
        return self._client.submit(
            moment, order, MOMENT, share, adopt, workers=workers, pure=False, retries=0
        )

    def _next(self, futures: list[Any]) -> Any:  # noqa: ANN401 - Dask's own
        """Whichever is done first."""
        from distributed import wait  # noqa: PLC0415 - an extra

        waiting: Any = wait
        return next(iter(waiting(futures, return_when="FIRST_COMPLETED").done))

    def _done_of(self, future: Any) -> Done | None:  # noqa: ANN401 - Dask's own
        """What came of a moment; None if it is lost."""
        error = future.exception()
        if error is not None:
            self.state.complaints.append(f"a moment of the cluster: {type(error).__name__}")
            return None
        result = future.result()
        return result if isinstance(result, Done) else None
