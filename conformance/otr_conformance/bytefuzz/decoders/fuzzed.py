"""What reads the fuzzer's files: finds, and what is known of a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from otr_conformance.bytefuzz.decoder import Bounds, Decoder, Form
from otr_conformance.derive.plan import Script
from otr_conformance.fuzz import finds, known
from otr_conformance.peers.registry import PEERS
from otr_conformance.verdict import Verdict

from .keys import at_file

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DECODERS"]

_KEPT: Final = 1_500
"""Octets of a long file that serve as a seed, up to the end of a line."""
_JSON: Final = Bounds(work=256)
"""Of what looks at each value of a document."""


def _finds() -> Iterator[bytes]:
    script = Script("v3", ("target types", "to tester 0"))
    find = finds.Find(
        "otrv3", script, "x: the target sent no Data v3", ("otrv3.a:b.c",), Verdict.FAIL, "t", "n",
        "1", "0123", 7, ("otrv3.ambiguity:x",), ("otrv3.a:a",), ("known",),
    )  # fmt: skip
    yield find.write().encode()
    yield finds.Find("otrv4", script, "", (), Verdict.NOTE, "", "", "", "").write().encode()


def _known() -> Iterator[bytes]:
    for name in PEERS:
        path = PEERS[name].expectations.with_suffix(".finds.toml")
        yield path.read_bytes()[:_KEPT].rpartition(b"\n[")[0] + b"\n" if path.exists() else b""
    yield (
        b"[a]\nbecause = 'b'\nobjections = ['it *']\nends = [{ rows = ['a b', 'c'] }]\n"
        b"finds = [{ after = 'x', moves = ['m'], rows = 'y', says = 'z', protocol = 'otrv4' }]\n"
        b"[b]\nbecause = 'c'\ntables = [{ rows = 'otrv3.x:*', do = ['A'], raises = [] },\n"
        b"{ rows = 'a.b', without = ['C'], also = ['D'], goto = 'E', like = 'a.c' },\n"
        b"{ check = 'F', protocol = 'otrv4' }, { condition = 'G', only = ['H'] },\n"
        b"{ condition = 'I', holds = true }, { policy = 'j', holds = false }]\n"
    )


def _write(value: object) -> bytes:
    return cast("finds.Find", value).write().encode("utf-8", "surrogatepass")


DECODERS: Final = (
    Decoder(
        "fuzzed.find",
        ("otr_conformance.fuzz.finds.read",),
        Form.JSON,
        lambda data: finds.read("find.json", data),
        _finds,
        write=_write,
        bounds=_JSON,
    ),
    Decoder(
        "fuzzed.known",
        ("otr_conformance.fuzz.known.read",),
        Form.TOML,
        lambda data: known.read(at_file(data)),
        _known,
        bounds=_JSON,
    ),
)
