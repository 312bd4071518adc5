"""A long conversation of the reference with itself, each end behind a shim of its own."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from random import Random
from typing import TYPE_CHECKING

from otr_conformance.otrv4.labs import BEGINNING
from otr_conformance.shim.client import ShimProcess
from otr_conformance.shim.protocol import MessageEvent, MsgState, SecureEvent, StartBy, WireEvent
from otr_conformance.shims import reference

if TYPE_CHECKING:
    from collections.abc import Mapping

MESSAGES, BURST, OVERTAKES = 10_000, 40, 12
LOST, REPEATED = 0.02, 0.03
ALICE, BOB = "alice", "bob"
PEERS = {ALICE: BOB, BOB: ALICE}


def private(ends: Mapping[str, ShimProcess]) -> None:
    """Make an endpoint behind each shim, and let them begin."""
    for number, (name, peer) in enumerate(PEERS.items(), 1):
        policy = "v4 identity-start-dake"
        ends[name].new(
            name, account=name, peer=peer, policy=policy, tag=0x1000 + number, now=BEGINNING
        )
    begun = ends[ALICE].start(ALICE, by=StartBy.IDENTITY)
    waiting: dict[str, list[bytes]] = {ALICE: [], BOB: [e.wire for e in begun.of(WireEvent)]}
    secure: dict[str, bytes] = {}
    while any(waiting.values()):
        for name, peer in PEERS.items():
            arriving, waiting[name] = waiting[name], []
            for wire in arriving:
                answer = ends[name].receive(name, wire)
                waiting[peer] += [event.wire for event in answer.of(WireEvent)]
                for event in answer.of(SecureEvent):
                    secure[name] = event.ssid
    assert secure[ALICE] == secure[BOB]


def test_ten_thousand_messages_through_shims() -> None:
    chance = Random(4)  # noqa: S311 - no secret
    said: dict[str, list[bytes]] = {name: [] for name in PEERS}
    heard: dict[str, list[bytes]] = {name: [] for name in PEERS}
    lost: set[bytes] = set()
    with ExitStack() as stack:
        ends = {
            name: stack.enter_context(ShimProcess([sys.executable, reference.__file__]))
            for name in PEERS
        }
        private(ends)

        for turn in range(MESSAGES // BURST):
            name = (ALICE, BOB)[turn % 2]
            peer = PEERS[name]
            flight: list[tuple[int, bytes]] = []
            for place in range(BURST):
                text = b"%d of %s" % (len(said[name]), name.encode())
                said[name].append(text)
                (event,) = ends[name].send(name, text).of(WireEvent)
                if chance.random() < LOST:
                    lost.add(text)
                    continue
                copies = 2 if chance.random() < REPEATED else 1
                flight += [
                    (place + chance.randint(0, OVERTAKES), event.wire) for _ in range(copies)
                ]
            for _, wire in sorted(flight, key=lambda each: each[0]):
                answer = ends[peer].receive(peer, wire)
                assert all(event.secure for event in answer.of(MessageEvent))
                heard[peer] += [event.text for event in answer.of(MessageEvent)]

        for name, peer in PEERS.items():
            assert sorted(heard[peer]) == sorted(t for t in said[name] if t not in lost)
            assert ends[name].state(name).msgstate is MsgState.ENCRYPTED
    assert sum(map(len, said.values())) == MESSAGES
