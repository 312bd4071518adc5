"""A campaign on a cluster of Dask: two workers on this machine."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from otr_conformance.fuzz.campaign import Corpus
from otr_conformance.fuzz.scattered import NoCluster, Scattered
from otr_conformance.fuzz.worker import Order
from otr_conformance.targets import find

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

distributed = pytest.importorskip("distributed", reason="needs otrspec[dask]")
ORDER = Order("otrv3", find("reference"), seed=1)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two workers, each a process, on loopback."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    made = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1", silence_logs=50
    )
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_two_workers_play_and_what_they_find_is_kept_here(cluster: Any, tmp_path: Path) -> None:
    seen = 0
    with Scattered(ORDER, tmp_path, 2, cluster.scheduler_address) as campaign:
        for state in campaign.run(steps=2500):
            seen += 1
            assert not state.lost

    assert seen >= 2  # a moment has 2,000 moves at most
    assert campaign.state.steps >= 2500
    assert campaign.state.coverage.reach.pairs > 50
    assert len(Corpus(tmp_path, "otrv3").scripts) > 50


@pytest.mark.filterwarnings("default")
def test_where_nobody_answers_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("otr_conformance.fuzz.scattered.PATIENCE", 0.3)

    with (
        pytest.raises(NoCluster, match=r"^no cluster at tcp://127\.0\.0\.1:1: "),
        Scattered(ORDER, None, 1, "tcp://127.0.0.1:1"),
    ):
        pass
