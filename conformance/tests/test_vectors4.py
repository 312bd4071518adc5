"""The published vectors of OTRv4: their files, and every value against the second computation.

Each operation is computed again from what it takes; each conversation is replayed with the double
ratchet of the second computation, which has to send and keep the same.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import second_chacha as chacha
import second_dake as dake
import second_ed448 as curve
import second_encoding as enc
import second_kdf as kdf
import second_ring as ring
import second_smp as smp
from jsonschema import Draft202012Validator
from second_ratchet import Ratchet, derive_message_keys

from otr_conformance.cli import vectors as command
from otr_conformance.cli.misuse import Misuse
from otr_conformance.otrv4 import vectors
from otr_conformance.otrv4.vectors import naming
from otr_conformance.otrv4.vectors.naming import Teller, scheduled
from otr_conformance.otrv4.vectors.operations import OPERATIONS, SILENT
from otr_conformance.otrv4.vectors.recording import Call, recording
from otr_model.kernel.export import canonical
from otr_model.otrv4 import schedules
from otr_model.otrv4.effects import Do
from otr_model.otrv4.protocol import OTRV4
from otr_reference.otrv4.suite import Suite

if TYPE_CHECKING:
    from collections.abc import Callable

    Compute = Callable[["Record", list[bytes]], list[Any]]

Document = dict[str, Any]
Record = dict[str, Any]

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "generated" / "otrv4" / "vectors"
SCHEMA = ROOT / "docs" / "schema" / "otrspec-vectors.schema.json"
HANDBOOK = ROOT / "docs" / "vectors.md"
CONVERSATIONS = tuple(name for name in vectors.NAMES if name != "primitives")
NAMES_IN_PHI = ("alice@example.org", "bob@example.org")
NOT_OF_THE_RATCHET = {"DAKE state", "protocol state", "smpstate", "SSID"}


@cache
def published(name: str) -> Document:
    """A document as it is checked in."""
    found: Document = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


@cache
def files() -> dict[str, str]:
    """Every file as it is written now."""
    return vectors.rendered()


@cache
def full(name: str) -> Document:
    """A document with every value where it is needed."""
    return vectors.document(name, full=True)


def records(document: Document) -> list[Record]:
    """Every operation of a document."""
    holders = [*document.get("participants", []), *document["steps"]]
    return [record for holder in holders for record in holder.get("computes", [])]


def sent(document: Document) -> list[Document]:
    """Every message of a document."""
    return [message for step in document["steps"] for message in step.get("sends", [])]


def leaves(value: Any) -> bytes:
    """All octets of a field, those inside others in their order."""
    if isinstance(value, str):
        return bytes.fromhex(value)
    if isinstance(value, list):
        return b"".join(map(leaves, value))
    return b"".join(map(leaves, value.values()))


def binary(message: Document) -> bytes:
    """The binary form of a message."""
    return enc.decode_message(message["wire"])


# --- The files ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_files_are_what_is_written_and_together_small() -> None:
    assert list(files()) == [*(f"{name}.json" for name in vectors.NAMES), "README.md"]
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert there == files()
    assert sum(len(text.encode()) for text in files().values()) < 400 * 1000
    for name in vectors.NAMES:
        assert published(name)["name"] == name
        assert published(name)["about"] == vectors.ABOUT[name]


def test_only_what_has_changed_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "rendered", lambda: {"a.json": "{}\n", "README.md": "# a\n"})
    folder = tmp_path / "new" / "vectors"
    assert vectors.generate_vectors(folder) == [folder / "a.json", folder / "README.md"]
    assert (folder / "README.md").read_text(encoding="utf-8") == "# a\n"
    assert vectors.generate_vectors(folder) == []
    (folder / "a.json").write_text("{", encoding="utf-8")
    assert vectors.generate_vectors(folder) == [folder / "a.json"]
    assert (folder / "a.json").read_text(encoding="utf-8") == "{}\n"


def test_the_page_lists_every_document_and_every_operation() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name in vectors.NAMES:
        steps, messages = published(name)["steps"], sent(published(name))
        counts = f"| {len(steps)} | {len(messages) or ''} | {len(records(published(name)))} |"
        assert f"| [{name}]({name}.json) | {vectors.ABOUT[name]} {counts}" in page
    for operation, known in OPERATIONS.items():
        places = [
            name
            for name in vectors.NAMES
            if operation in {record["operation"] for record in records(published(name))}
        ]
        assert places, operation
        assert f"| `{operation}` | {known.about} | {known.section} | {', '.join(places)} |" in page


def test_the_schema_is_the_one_that_is_published() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == canonical(vectors.schema())
    Draft202012Validator.check_schema(vectors.schema())


@pytest.mark.slow
@pytest.mark.parametrize("name", vectors.NAMES)
def test_a_document_is_as_the_schema_says_with_references_or_without(name: str) -> None:
    validator = Draft202012Validator(vectors.schema())
    assert [error.message for error in validator.iter_errors(published(name))] == []
    assert [error.message for error in validator.iter_errors(full(name))] == []


def _break(document: Document, how: str) -> None:
    """Spoil a document in one place."""
    step = document["steps"][0]
    record = step["computes"][0]
    match how:
        case "another format":
            document["format"] = 2
        case "a field that nobody knows":
            step["note"] = "odd"
        case "an operation that nobody knows":
            record["operation"] = "guess"
        case "nothing is given":
            del record["gives"]
        case "half a byte":
            record["takes"]["r"] = record["takes"]["r"][1:]
        case "a place without an operation":
            record["takes"]["r"] = "@1"
        case "no number":
            del step["number"]
        case "a message without fields":
            del step["sends"][0]["fields"]
        case "a command that nobody knows":
            step["does"] = "wait"
        case _:
            raise AssertionError(how)


@pytest.mark.parametrize(
    "how",
    [
        "another format",
        "a field that nobody knows",
        "an operation that nobody knows",
        "nothing is given",
        "half a byte",
        "a place without an operation",
        "no number",
        "a message without fields",
        "a command that nobody knows",
    ],
)
def test_the_schema_refuses(how: str) -> None:
    document = copy.deepcopy(published("interactive"))
    _break(document, how)
    assert not Draft202012Validator(vectors.schema()).is_valid(document)


# --- References ---------------------------------------------------------------------------------


def test_the_lines_in_the_handbook_find_every_value() -> None:
    (code,) = re.findall("```python\n(.*?)```", HANDBOOK.read_text(encoding="utf-8"), re.DOTALL)
    found: dict[str, Any] = {}
    exec(code, found)  # noqa: S102 - the handbook's own lines
    documents = {name: published(name) for name in vectors.NAMES}
    for name in vectors.NAMES:
        assert found["resolve"](documents, name) == full(name)


@pytest.mark.parametrize("name", vectors.NAMES)
def test_a_value_is_written_out_once(name: str) -> None:
    twice: dict[str, int] = {}

    def count(value: Any) -> None:
        if isinstance(value, dict | list):
            for each in value.values() if isinstance(value, dict) else value:
                count(each)
        elif isinstance(value, str) and re.fullmatch("[0-9a-f]{32,}", value):
            twice[value] = twice.get(value, 0) + 1

    for record in records(published(name)):
        count(record["gives"])
    assert [value for value, times in twice.items() if times > 1] == []


def test_everything_in_the_handbook_is_there() -> None:
    page = HANDBOOK.read_text(encoding="utf-8")
    readings = re.findall(r"`([a-z-]+)`", page.partition("## Readings")[2].partition("##")[0])
    known = {hole.id.partition(":")[2] for hole in OTRV4.ambiguities}
    assert len(readings) > 20
    assert set(readings) - {"primitives"} <= known
    fields = re.findall(r"^\| `(\w+)`(?:, `(\w+)`)?(?:, `(\w+)`)? \|", page, re.MULTILINE)
    described = {name for names in fields for name in names if name}
    assert set(vectors.schema()["$defs"]["step"]["properties"]) - {"about"} <= described


# --- Names --------------------------------------------------------------------------------------


def test_every_operation_of_the_suite_is_told_or_left_out_on_purpose() -> None:
    assert set(OPERATIONS) | SILENT >= Suite.__abstractmethods__
    assert Suite.__abstractmethods__ >= SILENT
    assert set(OPERATIONS) & SILENT == {"in_dh_group"}


def test_what_has_no_name_and_what_was_not_drawn_are_refused() -> None:
    suite, calls = recording()
    suite.fresh_scalar(suite.seed(b"x"), 1)
    with pytest.raises(vectors.Disagreement, match="something was drawn that has no name"):
        Teller().tell(calls)
    with pytest.raises(vectors.Disagreement, match="our_ecdh was not drawn"):
        Teller().tell([], (Do.ROTATE,))
    (told,) = Teller().tell(calls, (), "a2")
    assert list(told["gives"]) == ["a2"]


def test_a_schedule_that_arrives_elsewhere_is_refused() -> None:
    given = {schedules.PREV_BRACE_KEY: bytes(32)}
    found = {schedules.NEXT_BRACE_KEY: kdf.next_brace_key(bytes(32))}
    takes, gives = scheduled(schedules.RATCHET, {}, given, found)
    assert takes == {"brace_key": "00" * 32}
    assert gives == {"brace_key": found[schedules.NEXT_BRACE_KEY].hex()}
    with pytest.raises(vectors.Disagreement, match=r"otrv4.schedule:ratchet.brace-key is not"):
        scheduled(schedules.RATCHET, {}, given, {schedules.NEXT_BRACE_KEY: bytes(32)})


def test_a_signature_that_does_not_close_is_refused() -> None:
    pairs = [curve.generate(bytes((n,)) * 57) for n in range(3)]
    keys = pairs[0].public, pairs[1].public, pairs[2].public
    randoms = [(bytes((n,)) * 57, n) for n in range(9)]
    scalars = ring.RingScalars(*range(9))
    made = ring.rsig_scalars(pairs[1].secret, keys, b"m", scalars)
    _, gives = naming.ring_signature(keys, pairs[1].secret, b"m", randoms, made.sigma)
    assert gives["T2"] == made.t2_point.hex()
    forged = made.sigma[:-57] + (made.r3 ^ 1).to_bytes(57, "little")
    with pytest.raises(vectors.Disagreement, match="challenge of a ring signature"):
        naming.ring_signature(keys, pairs[1].secret, b"m", randoms, forged)


def test_an_operation_is_told_once_in_a_step() -> None:
    suite, calls = recording()
    suite.hashed_b(suite.element(2))
    suite.hashed_b(suite.element(2))
    suite.hashed_b(suite.element(4))
    assert [call.operation for call in calls] == ["hashed_b"] * 3
    assert [record["takes"] for record in Teller().tell(calls)] == [{"B": "02"}, {"B": "04"}]
    assert calls[0] != replace(calls[0], result=None)
    assert isinstance(calls[0], Call)


# --- Every operation, computed again --------------------------------------------------------------

COMPUTE: dict[str, Compute] = {}
"""For each operation, what gives in order what it should give: octets, or what is no octets.

It is given the operation and the messages of the document.
"""


def computes(operation: str) -> Callable[[Compute], Compute]:
    """Enter the computation of an operation."""

    def enter(compute: Compute) -> Compute:
        COMPUTE[operation] = compute
        return compute

    return enter


def octets(record: Record, *names: str) -> list[bytes]:
    """What an operation takes: those of these names, or all."""
    taken = record.get("takes", {})
    return [bytes.fromhex(taken[name]) for name in names or taken]


def number(value: str) -> int:
    """A scalar."""
    return int.from_bytes(bytes.fromhex(value), "little")


def dh_number(value: str) -> int:
    """A DH key."""
    return int(value or "0", 16)


def scalar(value: int) -> bytes:
    """A scalar, not reduced."""
    return value.to_bytes(57, "little")


def element(value: int) -> bytes:
    """A DH key without its length."""
    return enc.encode_mpi(value)[4:]


def uniform(value: bytes) -> int:
    """How the reference hashes what blinds a signature or a proof."""
    return int.from_bytes(kdf.shake_256(value, 114), "little") % curve.Q


def point(value: bytes) -> curve.Point:
    return curve.decode_point(value)


def times(base: bytes, by: int) -> bytes:
    return curve.encode_point(curve.multiply(point(base), by))


G = curve.encode_point(curve.G)


@computes("keypair")
def _keypair(record: Record, _: list[bytes]) -> list[Any]:
    (sym_key,) = octets(record)
    digest, pair = kdf.shake_256(sym_key, 114), curve.generate(sym_key)
    return [digest, digest[:57], scalar(pair.secret), pair.public]


@computes("fresh_ecdh")
def _fresh_ecdh(record: Record, _: list[bytes]) -> list[Any]:
    pair = curve.generate(*octets(record))
    return [scalar(pair.secret), pair.public]


@computes("fresh_dh")
def _fresh_dh(record: Record, _: list[bytes]) -> list[Any]:
    secret = bytes.fromhex(next(iter(record["gives"].values())))
    assert len(secret) == 80
    return [secret, element(enc.generate_dh(int.from_bytes(secret, "big")).public)]


@computes("fresh_identifier")
def _fresh_identifier(record: Record, _: list[bytes]) -> list[Any]:
    (made,) = record["gives"].values()
    assert re.fullmatch("[0-9a-f]{8}", made)
    return [bytes.fromhex(made)]


@computes("fresh_scalar")
def _fresh_scalar(record: Record, _: list[bytes]) -> list[Any]:
    return [scalar(curve.random_scalar(*octets(record)))]


@computes("client_profile")
def _client_profile(record: Record, _: list[bytes]) -> list[Any]:
    tag, sym_h, h, f, versions, *key = (
        bytes.fromhex(value) for name, value in record["takes"].items() if name != "Expiration"
    )
    found = enc.decode_client_profile(bytes.fromhex(record["gives"]["CLIENT-PROF"]))
    fields = enc.ClientProfileFields(
        int.from_bytes(tag, "big"),
        h,
        f,
        versions,
        record["takes"]["Expiration"],
        key[0] if key else None,
        found.transitional_signature,
    )
    made = enc.create_client_profile(sym_h, fields)
    enc.validate_client_profile(enc.decode_client_profile(made), fields.instance_tag, 1_700_000_000)
    if not key:
        assert found.transitional_signature is None
        return [made]
    signed = enc.transitional_signed(fields)
    digest = hashlib.sha256(signed).digest()
    assert found.transitional_signature is not None
    assert dsa_verified(key[0], digest, found.transitional_signature)
    assert not dsa_verified(key[0], digest[::-1], found.transitional_signature)
    return [signed, digest, made]


def dsa_verified(public: bytes, m: bytes, signature: bytes) -> bool:
    """Whether a signature of version 3 over M verifies: FIPS 186-4, with all of M modulo q."""
    reader = enc.Reader(public[2:])
    p, q, g, y = (reader.mpi() for _ in range(4))
    r, s = int.from_bytes(signature[:20], "big"), int.from_bytes(signature[20:], "big")
    w = pow(s, -1, q)
    by_g, by_y = int.from_bytes(m, "big") * w % q, r * w % q
    return pow(g, by_g, p) * pow(y, by_y, p) % p % q == r


@computes("prekey_profile")
def _prekey_profile(record: Record, _: list[bytes]) -> list[Any]:
    tag, sym_h, d = octets(record, "Instance tag", "sym_h", "D")
    expiration = record["takes"]["Expiration"]
    made = enc.create_prekey_profile(sym_h, int.from_bytes(tag, "big"), expiration, d)
    return [made]


@computes("prekey_message")
def _prekey_message(record: Record, _: list[bytes]) -> list[Any]:
    identifier, tag, y, b = octets(record)
    identified = int.from_bytes(identifier, "big"), int.from_bytes(tag, "big")
    return [enc.encode_prekey(enc.PrekeyMessage(*identified, y, int.from_bytes(b, "big")))]


@computes("fingerprint")
def _fingerprint(record: Record, _: list[bytes]) -> list[Any]:
    return [kdf.fingerprint(*octets(record, "H", "F"))]


@computes("hashed_b")
def _hashed_b(record: Record, _: list[bytes]) -> list[Any]:
    (b,) = octets(record)
    return [kdf.shake_256(enc.encode_data(b), 32)]


@computes("phi")
def _phi(record: Record, _: list[bytes]) -> list[Any]:
    taken, tags, keys, names = record["takes"], [], [], []
    for who in ("sender", "receiver"):
        tag = int(taken[f"{who}'s instance tag"], 16)
        tags.append(tag)
        if f"{who}'s our_ecdh_first.public" in taken:
            ecdh = bytes.fromhex(taken[f"{who}'s our_ecdh_first.public"])
            dh = dh_number(taken[f"{who}'s our_dh_first.public"])
            keys.append(dake.FirstKeys(tag, ecdh, dh))
        if f"phi' of the {who}" in taken:
            names.append(bytes.fromhex(taken[f"phi' of the {who}"]).decode())
    return [dake.make_phi((tags[0], tags[1]), tuple(sorted(keys)), tuple(names))]


def transcript(record: Record) -> tuple[dake.Transcript, bytes]:
    bob, alice, y, x, b, a, phi = octets(
        record, "Bob_Client_Profile", "Alice_Client_Profile", "Y", "X", "B", "A", "phi"
    )
    numbers = int.from_bytes(b, "big"), int.from_bytes(a, "big")
    return dake.Transcript(bob, alice, y, x, *numbers), phi


def hashed(record: Record, first: int) -> list[Any]:
    """The three hashes in t, under usages that follow one another."""
    script, phi = transcript(record)
    values = script.bob_client_profile, script.alice_client_profile, phi
    return [kdf.hwc(first + n, value, size=64) for n, value in enumerate(values)]


@computes("auth_r_bound")
def _auth_r_bound(record: Record, _: list[bytes]) -> list[Any]:
    return [
        *hashed(record, kdf.USAGE_AUTH_R_BOB_CLIENT_PROFILE),
        dake.t_auth_r(*transcript(record)),
    ]


@computes("auth_i_bound")
def _auth_i_bound(record: Record, _: list[bytes]) -> list[Any]:
    return [
        *hashed(record, kdf.USAGE_AUTH_I_BOB_CLIENT_PROFILE),
        dake.t_auth_i(*transcript(record)),
    ]


@computes("non_interactive_bound")
def _non_interactive_bound(record: Record, _: list[bytes]) -> list[Any]:
    script, phi = transcript(record)
    (shared_prekey,) = octets(record, "their_shared_prekey")
    hashes = hashed(record, kdf.USAGE_NON_INT_AUTH_BOB_CLIENT_PROFILE)
    return [*hashes, dake.t_non_interactive_auth(script, shared_prekey, phi)]


@computes("ring_sign")
def _ring_sign(record: Record, _: list[bytes]) -> list[Any]:
    a1, a2, a3, secret, m = octets(record)[:5]
    randoms = {
        name.removesuffix(" (random)"): bytes.fromhex(value)
        for name, value in record["takes"].items()
        if name.endswith(" (random)")
    }
    known = int.from_bytes(secret, "little")
    assert len(randoms) == 5
    if "pruned" in record.get("about", ""):
        made = ring.rsig(known, (a1, a2, a3), m, ring.RingRandom(**randoms))
    else:
        scalars = {name: uniform(value) for name, value in randoms.items()}
        made = ring.rsig_scalars(known, (a1, a2, a3), m, ring.RingScalars(**scalars))
    assert ring.rvrf((a1, a2, a3), made.sigma, m)
    assert not ring.rvrf((a1, a2, a3), made.sigma, m + b"?")
    points = [made.t1_point, made.t2_point, made.t3_point]
    six = [curve.encode_scalar(value) for value in made[:6]]
    return [curve.encode_scalar(made.t), *points, curve.encode_scalar(made.c), *six]


def exchange(record: Record) -> tuple[bytes, bytes, bytes]:
    """K_ecdh, k_dh and the brace key of an exchange of both kinds."""
    taken = record["takes"]
    k_ecdh = curve.ecdh(number(taken["our_ecdh.secret"]), bytes.fromhex(taken["their_ecdh"]))
    k_dh = enc.dh(dh_number(taken["our_dh.secret"]), dh_number(taken["their_dh"]))
    return k_ecdh, k_dh, kdf.third_brace_key(k_dh)


@computes("mixed")
def _mixed(record: Record, _: list[bytes]) -> list[Any]:
    k_ecdh, k_dh, brace = exchange(record)
    mixed = kdf.mixed_shared_secret(k_ecdh, brace)
    return [k_ecdh, k_dh, brace, mixed, kdf.ssid(mixed)]


@computes("mixed_by_retriever")
@computes("mixed_by_publisher")
def _mixed_offline(record: Record, _: list[bytes]) -> list[Any]:
    taken = record["takes"]
    k_ecdh, k_dh, brace = exchange(record)
    prekey, long_term = (
        curve.ecdh(number(taken[f"{what} scalar"]), bytes.fromhex(taken[f"{what} point"]))
        for what in ("prekey", "long-term")
    )
    tmp_k = kdf.kdf(kdf.USAGE_TMP_KEY, k_ecdh, prekey, long_term, brace, size=64)
    auth_mac_k = kdf.kdf(kdf.USAGE_AUTH_MAC_KEY, tmp_k, size=64)
    mixed = kdf.kdf(kdf.USAGE_SHARED_SECRET, tmp_k, size=64)
    return [k_ecdh, k_dh, brace, prekey, long_term, tmp_k, auth_mac_k, mixed, kdf.ssid(mixed)]


@computes("auth_mac")
def _auth_mac(record: Record, _: list[bytes]) -> list[Any]:
    return [kdf.hcmac(kdf.USAGE_AUTH_MAC, *octets(record, "auth_mac_k", "t"), size=64)]


@computes("first_root")
def _first_root(record: Record, _: list[bytes]) -> list[Any]:
    return [kdf.first_root_key(*octets(record, "K"))]


@computes("offline_chain")
def _offline_chain(record: Record, _: list[bytes]) -> list[Any]:
    (k,) = octets(record, "K")
    return [kdf.root_key(k), kdf.chain_key(k)]


@computes("third_brace_key")
def _third_brace_key(record: Record, _: list[bytes]) -> list[Any]:
    ours, theirs = (dh_number(value) for value in record["takes"].values())
    k_dh = enc.dh(ours, theirs)
    return [k_dh, kdf.third_brace_key(k_dh)]


@computes("next_brace_key")
def _next_brace_key(record: Record, _: list[bytes]) -> list[Any]:
    return [kdf.next_brace_key(*octets(record, "brace_key"))]


@computes("ratchet")
def _ratchet(record: Record, _: list[bytes]) -> list[Any]:
    their_ecdh, brace, prev = octets(record, "their_ecdh", "brace_key", "prev_root_key")
    k_ecdh = curve.ecdh(number(record["takes"]["our_ecdh.secret"]), their_ecdh)
    mixed = kdf.mixed_shared_secret(k_ecdh, brace)
    return [k_ecdh, mixed, kdf.root_key(prev, mixed), kdf.chain_key(prev, mixed)]


@computes("next_chain_key")
def _next_chain_key(record: Record, _: list[bytes]) -> list[Any]:
    return [kdf.next_chain_key(*octets(record))]


@computes("message_keys")
def _message_keys(record: Record, _: list[bytes]) -> list[Any]:
    keys = derive_message_keys(*octets(record))
    return [keys.mk_enc, keys.mk_mac, keys.extra_symm_key]


@computes("seal")
def _seal(record: Record, _: list[bytes]) -> list[Any]:
    taken = record["takes"]
    return [chacha.encrypt(bytes.fromhex(taken["MKenc"]), leaves(taken["message"]))]


@computes("open")
def _open(record: Record, _: list[bytes]) -> list[Any]:
    mk_enc, encrypted = octets(record, "MKenc", "encrypted_message")
    whole = chacha.encrypt(mk_enc, encrypted)
    assert leaves(record["gives"]["message"]) == whole
    text, tlvs = enc.decode_plaintext(whole)
    fields = record["gives"]["message"]
    assert bytes.fromhex(fields["Human-readable message"]) == text
    found = [(int(tlv["Type"], 16), leaves(tlv["Value"])) for tlv in fields.get("TLV records", [])]
    assert found == [tuple(tlv) for tlv in tlvs]
    return [fields]


@computes("data_mac")
def _data_mac(record: Record, binaries: list[bytes]) -> list[Any]:
    (mk_mac,) = octets(record, "MKmac")
    sections = record["takes"]["data_message_sections"]
    if isinstance(sections, str):
        return [kdf.authenticator(mk_mac, bytes.fromhex(sections))]
    given = bytes.fromhex(record["gives"]["Authenticator"])
    (message,) = (each for each in binaries if each[sections : sections + 64] == given)
    assert enc.decode_data_message(message).sections == message[:sections]
    return [kdf.authenticator(mk_mac, message[:sections])]


@computes("next_extra_key")
def _next_extra_key(record: Record, _: list[bytes]) -> list[Any]:
    index, context, previous = octets(record)
    return [kdf.next_extra_symm_key(index[0], context, previous)]


@computes("smp_secret")
def _smp_secret(record: Record, _: list[bytes]) -> list[Any]:
    initiator, responder, ssid, secret = octets(record)
    information = b"\x01" + initiator + responder + ssid + enc.encode_data(secret)
    digest = kdf.hwc(kdf.USAGE_SMP_SECRET, information, size=57)
    return [information, digest, scalar(smp.smp_secret(initiator, responder, ssid, secret))]


@computes("scale")
def _scale(record: Record, _: list[bytes]) -> list[Any]:
    base, by = octets(record)
    return [times(base, int.from_bytes(by, "little"))]


@computes("plus")
def _plus(record: Record, _: list[bytes]) -> list[Any]:
    one, two = octets(record)
    return [curve.encode_point(curve.add(point(one), point(two)))]


@computes("minus")
def _minus(record: Record, _: list[bytes]) -> list[Any]:
    one, two = octets(record)
    return [curve.encode_point(curve.subtract(point(one), point(two)))]


@computes("prove_exponent")
def _prove_exponent(record: Record, _: list[bytes]) -> list[Any]:
    usage, secret, random = octets(record)
    exponent, r = int.from_bytes(secret, "little"), uniform(random)
    c, d = smp._prove(usage[0], exponent, r)
    assert smp._proved(usage[0], c, d, curve.multiply(curve.G, exponent))
    return [scalar(r), times(G, r), curve.encode_scalar(c), curve.encode_scalar(d)]


@computes("prove_coordinates")
def _prove_coordinates(record: Record, _: list[bytes]) -> list[Any]:
    usage, g2, g3, r4, secret, *random = octets(record)
    (r5, r6), bases = map(uniform, random), (point(g2), point(g3))
    r, x = int.from_bytes(r4, "little"), int.from_bytes(secret, "little")
    by_g3 = times(g3, r5)
    by_both = curve.add(curve.multiply(curve.G, r5), curve.multiply(bases[0], r6))
    encoded = curve.encode_point(by_both)
    cp = ring.hash_to_scalar(usage[0], by_g3, encoded)
    d5, d6 = (r5 - r * cp) % curve.Q, (r6 - x * cp) % curve.Q
    p = curve.multiply(bases[1], r)
    q = curve.add(curve.multiply(curve.G, r), curve.multiply(bases[0], x))
    assert smp._proved_pq(usage[0], bases, (p, q), (cp, d5, d6))
    return [scalar(r5), scalar(r6), by_g3, encoded, *map(curve.encode_scalar, (cp, d5, d6))]


@computes("prove_equal_exponents")
def _prove_equal_exponents(record: Record, _: list[bytes]) -> list[Any]:
    usage, base, secret, random = octets(record)
    exponent, r7 = int.from_bytes(secret, "little"), uniform(random)
    by_g, by_base = times(G, r7), times(base, r7)
    cr = ring.hash_to_scalar(usage[0], by_g, by_base)
    d7 = (r7 - exponent * cr) % curve.Q
    halves = curve.multiply(curve.G, exponent), curve.multiply(point(base), exponent)
    assert smp._proved_r(usage[0], point(base), halves, (cr, d7))
    return [scalar(r7), by_g, by_base, curve.encode_scalar(cr), curve.encode_scalar(d7)]


@computes("decode_point")
def _decode_point(record: Record, _: list[bytes]) -> list[Any]:
    (encoded,) = octets(record)
    try:
        found = curve.decode_point(encoded)
    except curve.Invalid:
        return [False, False]
    assert curve.encode_point(found) == encoded
    return [True, curve.is_valid(found)]


@computes("decode_scalar")
def _decode_scalar(record: Record, _: list[bytes]) -> list[Any]:
    return [scalar(curve.decode_scalar(*octets(record)))]


@computes("hash_and_prune")
def _hash_and_prune(record: Record, _: list[bytes]) -> list[Any]:
    return [scalar(curve.random_scalar(*octets(record)))]


@computes("hash_uniform")
def _hash_uniform(record: Record, _: list[bytes]) -> list[Any]:
    return [scalar(uniform(*octets(record)))]


@computes("ecdh")
def _ecdh(record: Record, _: list[bytes]) -> list[Any]:
    secret, public = octets(record)
    return [curve.ecdh(int.from_bytes(secret, "little"), public)]


@computes("in_dh_group")
def _in_dh_group(record: Record, _: list[bytes]) -> list[Any]:
    return [enc.is_valid_dh(dh_number(record["takes"]["number"]))]


@computes("encode_mpi")
def _encode_mpi(record: Record, _: list[bytes]) -> list[Any]:
    return [enc.encode_mpi(dh_number(record["takes"]["number"]))]


@computes("encode_content")
def _encode_content(record: Record, _: list[bytes]) -> list[Any]:
    text, *tlvs = record["takes"].values()
    written = tuple(enc.Tlv(int(tlv["Type"], 16), bytes.fromhex(tlv["Value"])) for tlv in tlvs)
    return [enc.encode_plaintext(bytes.fromhex(text), written)]


@computes("sign")
def _sign(record: Record, _: list[bytes]) -> list[Any]:
    sym_h, message = octets(record)
    made = curve.sign(sym_h, message)
    assert curve.verify(curve.generate(sym_h).public, message, made)
    return [made]


@computes("kdf")
@computes("hwc")
@computes("hcmac")
def _usage(record: Record, _: list[bytes]) -> list[Any]:
    usage, values = octets(record)
    function = getattr(kdf, record["operation"])
    return [function(usage[0], values, size=len(record["gives"]["output"]) // 2)]


@computes("hash_to_scalar")
def _hash_to_scalar(record: Record, _: list[bytes]) -> list[Any]:
    usage, d = octets(record)
    return [curve.encode_scalar(ring.hash_to_scalar(usage[0], d))]


def test_there_is_a_computation_for_every_operation() -> None:
    assert COMPUTE.keys() == OPERATIONS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", vectors.NAMES)
def test_every_operation_gives_what_the_second_computation_gives(name: str) -> None:
    document = full(name)
    binaries = [*map(binary, whole_messages(document))]
    known: set[str] = set()
    for record in records(document):
        key = json.dumps(record)  # both participants often compute the same
        if key in known:
            continue
        known.add(key)
        expected = [
            value.hex() if isinstance(value, bytes) else value
            for value in COMPUTE[record["operation"]](record, binaries)
        ]
        assert list(record["gives"].values()) == expected, record
    assert known


def whole_messages(document: Document) -> list[Document]:
    """The encoded messages of a document; fragments are put together first."""
    found = [message for message in sent(document) if "fields" in message]
    pieces = [
        message["pieces"]["piece[index]"] for message in sent(document) if "pieces" in message
    ]
    return [*found, {"wire": "".join(pieces)}] if pieces else found


# --- Every conversation, replayed -----------------------------------------------------------------


def given_by(document: Document, at: str, operation: str, name: str) -> Record:
    """The first operation of a participant's that gives a value of this name."""
    steps = [step for step in document["steps"] if step.get("at") == at]
    holders = [p for p in document["participants"] if p["name"] == at] + steps
    return next(
        record
        for holder in holders
        for record in holder.get("computes", [])
        if record["operation"] == operation and name in record["gives"]
    )


def party(document: Document, name: str) -> dake.Party:
    """Long-lived values of a participant."""
    (who,) = (each for each in document["participants"] if each["name"] == name)
    h, f, profile, *_ = who["computes"]
    made = bytes.fromhex(profile["gives"]["CLIENT-PROF"])
    sym_h = bytes.fromhex(h["takes"]["sym_key"])
    return dake.Party(sym_h, bytes.fromhex(f["gives"]["F"]), made, int(who["instance tag"], 16))


def seed(document: Document, at: str, public: str) -> bytes:
    return bytes.fromhex(given_by(document, at, "fresh_ecdh", public)["takes"]["r"])


def exponent_of(document: Document, at: str, secret: str) -> int:
    return dh_number(given_by(document, at, "fresh_dh", secret)["gives"][secret])


def sigma(record: Record) -> bytes:
    """The signature that an operation gives."""
    return b"".join(bytes.fromhex(record["gives"][n]) for n in ("c1", "r1", "c2", "r2", "c3", "r3"))


NO_RING = ring.RingRandom(*(bytes((n,)) * 57 for n in range(9)))
"""Random values of signatures that are not looked at: the vectors hash theirs otherwise."""


def responder(document: Document) -> dake.ResponderSecrets:
    return dake.ResponderSecrets(
        seed(document, "alice", "X"),
        exponent_of(document, "alice", "a"),
        seed(document, "alice", "our_ecdh_first.public"),
        exponent_of(document, "alice", "our_dh_first.secret"),
        NO_RING,
    )


@cache
def interactive_dake() -> dake.InteractiveDake:
    """The DAKE of the document, computed again."""
    document = full("interactive")
    secrets = dake.InitiatorSecrets(
        seed(document, "bob", "Y"),
        exponent_of(document, "bob", "b"),
        seed(document, "bob", "our_ecdh_first.public"),
        exponent_of(document, "bob", "our_dh_first.secret"),
        seed(document, "bob", "our_ecdh.public"),
        exponent_of(document, "bob", "our_dh.secret"),
        NO_RING,
    )
    bob, alice = party(document, "bob"), party(document, "alice")
    context = dake.Context(NAMES_IN_PHI)
    return dake.interactive_dake(bob, secrets, alice, responder(document), context)


@cache
def offline_dake() -> dake.NonInteractiveDake:
    """The non-interactive DAKE of the document, computed again."""
    document = full("offline")
    bob, alice = party(document, "bob"), party(document, "alice")
    profile = given_by(document, "bob", "prekey_profile", "PREKEY-PROF")
    message = given_by(document, "bob", "prekey_message", "Prekey Message")
    secrets = dake.PrekeySecrets(
        seed(document, "bob", "Y"),
        exponent_of(document, "bob", "b"),
        seed(document, "bob", "our_shared_prekey.public"),
        bytes.fromhex(profile["gives"]["PREKEY-PROF"]),
        int(message["takes"]["identifier"], 16),
    )
    context = dake.Context(NAMES_IN_PHI)
    return dake.non_interactive_dake(bob, secrets, alice, responder(document), context)


@pytest.mark.slow
def test_the_interactive_dake_is_that_of_the_second_computation() -> None:
    document, again = full("interactive"), interactive_dake()
    identity, auth_r, auth_i = map(binary, sent(document)[:3])
    signed_r = given_by(document, "alice", "ring_sign", "T1")
    signed_i = given_by(document, "bob", "ring_sign", "T1")

    assert identity == again.identity
    assert auth_r == enc.encode_auth_r(
        enc.decode_auth_r(again.auth_r)._replace(sigma=sigma(signed_r))
    )
    assert auth_i == enc.encode_auth_i(
        enc.decode_auth_i(again.auth_i)._replace(sigma=sigma(signed_i))
    )
    assert signed_r["takes"]["m"] == again.t_auth_r.hex()
    assert signed_i["takes"]["m"] == again.t_auth_i.hex()
    assert given_by(document, "bob", "phi", "phi")["gives"]["phi"] == again.phi_auth_i.hex()
    dake.verify_auth_r(identity, auth_r, 1_700_000_000, dake.Context(NAMES_IN_PHI))
    dake.verify_auth_i(identity, auth_r, auth_i, dake.Context(NAMES_IN_PHI))
    for who in ("alice", "bob"):
        mixed = given_by(document, who, "mixed", "K")["gives"]
        assert mixed == {
            "K_ecdh": again.k_ecdh.hex(),
            "k_dh": again.k_dh.hex(),
            "brace_key": again.brace_key.hex(),
            "K": again.mixed_shared_secret.hex(),
            "SSID": again.ssid.hex(),
        }
        first = given_by(document, who, "first_root", "prev_root_key")["gives"]
        assert first == {"prev_root_key": again.first_root_key.hex()}


@pytest.mark.slow
def test_the_non_interactive_dake_is_that_of_the_second_computation() -> None:
    document, again = full("offline"), offline_dake()
    message = binary(sent(document)[0])
    signed = given_by(document, "alice", "ring_sign", "T1")
    ensemble = document["steps"][0]["with"]

    assert ensemble["Client Profile"] == again.ensemble.client_profile.hex()
    assert ensemble["Prekey Profile"] == again.ensemble.prekey_profile.hex()
    assert ensemble["Prekey Message"] == again.prekey_message.hex()
    enc.validate_prekey_ensemble(again.ensemble, 1_700_000_000)
    assert message == enc.encode_non_interactive_auth(
        enc.decode_non_interactive_auth(again.non_interactive_auth)._replace(sigma=sigma(signed))
    )
    assert signed["takes"]["m"] == again.t.hex()
    context = dake.Context(NAMES_IN_PHI)
    dake.verify_non_interactive_auth(
        again.ensemble, message, again.auth_mac_k, 1_700_000_000, context
    )
    for who, operation in (("alice", "mixed_by_retriever"), ("bob", "mixed_by_publisher")):
        assert given_by(document, who, operation, "K")["gives"] == {
            "K_ecdh": again.k_ecdh.hex(),
            "k_dh": again.k_dh.hex(),
            "brace_key": again.brace_key.hex(),
            "ECDH(x, D_b)": again.ecdh_shared_prekey.hex(),
            "ECDH(x, H_b)": again.ecdh_long_term.hex(),
            "tmp_k": again.tmp_k.hex(),
            "auth_mac_k": again.auth_mac_k.hex(),
            "K": again.mixed_shared_secret.hex(),
            "SSID": again.ssid.hex(),
        }


def held(ratchet: Ratchet) -> Document:
    """What a double ratchet of the second computation keeps, under the names of the vectors."""
    kept: Document = {
        "i": ratchet.i,
        "j": ratchet.j,
        "k": ratchet.k,
        "pn": ratchet.pn,
        "max_remote_i_seen": ratchet.max_remote_i_seen,
        "curr_root_key": ratchet.root_key.hex(),
        "brace_key": ratchet.brace_key.hex(),
        "their_ecdh": ratchet.their_ecdh.hex(),
        "their_dh": element(ratchet.their_dh).hex(),
    }
    if ratchet.our_ecdh is not None:
        kept["our_ecdh.secret"] = scalar(ratchet.our_ecdh.secret).hex()
        kept["our_ecdh.public"] = ratchet.our_ecdh.public.hex()
    if ratchet.our_dh is not None:
        kept["our_dh.secret"] = f"{ratchet.our_dh.secret:0160x}"
        kept["our_dh.public"] = element(ratchet.our_dh.public).hex()
    if ratchet.chain_key_s is not None:
        kept[f"chain_key_s[{ratchet.j}]"] = ratchet.chain_key_s.hex()
    if ratchet.chain_key_r is not None:
        kept[f"chain_key_r[{ratchet.k}]"] = ratchet.chain_key_r.hex()
    if ratchet.skipped_MKenc:
        kept["skipped_MKenc"] = [
            {
                "Public ECDH Key": ecdh.hex(),
                "message_id": message_id,
                "MKenc": stored.mk_enc.hex(),
                "extra_symm_key": stored.extra_symm_key.hex(),
            }
            for (ecdh, message_id), stored in ratchet.skipped_MKenc.items()
        ]
    if ratchet.mac_keys_to_reveal:
        kept["mac_keys_to_reveal"] = [key.hex() for key in ratchet.mac_keys_to_reveal]
    return kept


class Replay:
    """A conversation, step by step, with two double ratchets of the second computation."""

    def __init__(self, document: Document) -> None:
        self.document = document
        begun = offline_dake() if document["name"] == "offline" else interactive_dake()
        self.begun = {"bob": begun.bob, "alice": begun.alice}
        self.tags = {p["name"]: int(p["instance tag"], 16) for p in document["participants"]}
        self.ratchets: dict[str, Ratchet] = {}
        self.kept: dict[str, Document] = {"alice": {}, "bob": {}}
        for who, kept in document.get("start", {}).get("kept", {}).items():
            self.kept[who] = dict(kept)
            self._begin(who)
        self.wires = {message["message"]: message for message in sent(document)}
        self.reassembled = {who: enc.Reassembler(tag) for who, tag in self.tags.items()}
        self.messages = 0

    def _begin(self, who: str) -> None:
        (other,) = set(self.tags) - {who}
        self.ratchets[who] = Ratchet(self.begun[who], self.tags[who], self.tags[other])
        self._compare(who)

    def _compare(self, who: str) -> None:
        """Compare what is kept."""
        kept = {n: v for n, v in self.kept[who].items() if n not in NOT_OF_THE_RATCHET}
        assert kept == held(self.ratchets[who])

    def step(self, step: Document) -> None:
        """One step of a participant."""
        who = step["at"]
        if step["does"] == "receive":
            self._receive(who, self.wires[step["with"]["message"]])
        written = [record for record in step.get("computes", []) if record["operation"] == "seal"]
        if written:
            (record,) = written
            self._send(who, step, leaves(record["takes"]["message"]))
        for name in step.get("forgets", ()):
            del self.kept[who][name]
        self.kept[who].update(step.get("sets", {}))
        private = self.kept[who]["protocol state"] == "ENCRYPTED_MESSAGES"
        if not private:
            assert not {"curr_root_key", "brace_key", "our_ecdh.secret"} & self.kept[who].keys()
            self.ratchets.pop(who, None)
        elif who in self.ratchets:
            self._compare(who)
        else:
            self._begin(who)

    def _receive(self, who: str, message: Document) -> None:
        whole: str | None = message["wire"]
        if "pieces" in message:
            whole = self.reassembled[who].receive(message["wire"])
        if whole is not None and who in self.ratchets:
            self.ratchets[who].decrypt(enc.decode_message(whole))
            self.messages += 1

    def _send(self, who: str, step: Document, content: bytes) -> None:
        """What is sent, as the second computation sends it."""
        ratchet, fresh = self.ratchets[who], self._fresh(step)
        if step["does"] == "tick":
            made = ratchet.expire(**fresh)
        else:
            made = ratchet.encrypt(*enc.decode_plaintext(content), self._flags(step), **fresh)
        wires = [message["wire"] for message in step["sends"]]
        if len(wires) == 1:
            assert wires == [enc.encode_message(made.data_message)]
        else:
            read = [enc.decode_fragment(wire) for wire in wires]
            assert "".join(each.piece for each in read) == enc.encode_message(made.data_message)
            (other,) = set(self.tags.values()) - {self.tags[who]}
            for index, each in enumerate(read, start=1):
                place = self.tags[who], other, index, len(read)
                assert each == enc.Fragment(read[0].identifier, *place, each.piece)
            assert max(map(len, wires)) == 300

    @staticmethod
    def _flags(step: Document) -> int:
        """What the message says of itself; text messages have no flags, all others have one."""
        return 0 if step["does"] == "send" else enc.IGNORE_UNREADABLE

    @staticmethod
    def _fresh(step: Document) -> Document:
        """The new keys of a ratchet, as the second computation takes them."""
        found: Document = {}
        for record in step["computes"]:
            if record["operation"] == "fresh_ecdh":
                found["new_ecdh_seed"] = bytes.fromhex(record["takes"]["r"])
            elif record["operation"] == "fresh_dh":
                found["new_dh_secret"] = dh_number(record["gives"]["our_dh.secret"])
        return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "received"),
    [
        ("interactive", 9),
        ("offline", 6),
        ("smp", 8),
        ("fragments", 1),
        ("expiry", 4),
        ("extra-key", 1),
    ],
)
def test_a_conversation_is_that_of_the_second_computation(name: str, received: int) -> None:
    replay = Replay(full(name))
    for step in full(name)["steps"]:
        replay.step(step)
    assert replay.messages == received


# --- What the documents have to show --------------------------------------------------------------


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_fields_one_after_the_other_are_the_message(name: str) -> None:
    for message in sent(full(name)):
        if "pieces" in message:
            read = enc.decode_fragment(message["wire"])
            assert int(message["pieces"]["identifier"], 16) == read.identifier
            assert message["pieces"]["piece[index]"] == read.piece
        else:
            assert leaves(message["fields"]) == binary(message)
            assert base64.b64encode(binary(message)).decode() in message["wire"]


def test_rows_are_those_of_the_tables() -> None:
    known = {row.id for row in OTRV4.rows()}
    for name in CONVERSATIONS:
        for step in published(name)["steps"]:
            assert set(step["rows"]) <= known


def test_messages_of_seven_ratchets_are_sent_of_which_two_bring_dh_keys() -> None:
    messages = [m for m in sent(full("interactive")) if m["title"] == "Data Message"]
    ids = [int(m["fields"]["Ratchet id"], 16) for m in messages]
    assert sorted(set(ids)) == list(range(7))
    third = [m for m, n in zip(messages, ids, strict=True) if n in {3, 6}]
    assert all(int(m["fields"]["Public DH Key"]["Length"], 16) for m in third)
    assert [m for m in messages if m.get("lost")] == [messages[ids.index(3)]]
    steps = full("interactive")["steps"]
    arrived = [s["with"]["message"] for s in steps if s["does"] == "receive"]
    assert arrived != sorted(arrived)
    rows = [row for step in steps for row in step["rows"]]
    assert "otrv4.ratchet:protected.held.skipped" in rows
    assert "otrv4.ratchet:sending.held.rotates.our-third" in rows
    assert "otrv4.ratchet:protected.held.next-third" in rows
    revealed = [m["fields"]["Old MAC keys to be revealed"]["Values"] for m in messages]
    assert sum(map(len, revealed)) == 8  # all but the key of the last message to arrive


def test_smp_succeeds_with_equal_secrets_and_fails_with_unequal_ones() -> None:
    told = [
        (step["at"], notice["stage"])
        for step in full("smp")["steps"]
        for notice in step.get("tells", ())
        if notice["event"] == "SmpStaged" and notice["stage"] in {"SUCCESS", "FAILURE"}
    ]
    assert told == [
        ("bob", "SUCCESS"),
        ("alice", "SUCCESS"),
        ("alice", "FAILURE"),
        ("bob", "FAILURE"),
    ]
    found: dict[str, set[str]] = {"Rab": set(), "Pa - Pb": set(), "x": set(), "y": set()}
    for record in records(full("smp")):
        for value in found:
            found[value] |= {record["gives"][value]} if value in record["gives"] else set()
    assert len(found["Rab"] & found["Pa - Pb"]) == 1
    assert len(found["Rab"]) == len(found["Pa - Pb"]) == 2
    assert len(found["x"] & found["y"]) == 1
    assert len(found["x"] | found["y"]) == 3


def test_an_expired_session_reveals_what_waits_and_what_is_stored() -> None:
    steps = full("expiry")["steps"]
    (tick,) = (step for step in steps if step["does"] == "tick")
    before = [step for step in steps if step["at"] == "alice" and step["number"] < tick["number"]]
    waiting = before[-1]["sets"]["mac_keys_to_reveal"]
    stored = before[-1]["sets"]["skipped_MKenc"]
    (message,) = tick["sends"]
    keys = [kdf.mk_mac(bytes.fromhex(each["MKenc"])).hex() for each in stored]
    assert len(stored) == 2
    assert message["fields"]["Old MAC keys to be revealed"]["Values"] == [*waiting, *keys]
    assert tick["now"] - full("expiry")["now"] == 1209600
    assert [notice["event"] for notice in tick["tells"]] == ["Expired"]


def test_both_sides_are_told_the_same_extra_key() -> None:
    bob, alice = full("extra-key")["steps"]
    (told,), (heard,) = bob["tells"], alice["tells"]
    assert {name for name in told if told[name] != heard[name]} == {"sent", "instance"}
    assert (told["sent"], told["instance"]) == (True, "00000101")
    assert (heard["sent"], heard["instance"]) == (False, "00000202")
    assert bytes.fromhex(heard["data"]) == b"file transfer"
    given = [r for r in bob["computes"] if r["operation"] == "next_extra_key"]
    assert [r["gives"]["extra_sym_key_n+1"] for r in given] == [heard["derived"]]


def test_fragments_arrive_in_disorder_and_more_than_once() -> None:
    steps = full("fragments")["steps"]
    arrived = [step["with"]["message"] for step in steps if step["does"] == "receive"]
    assert arrived != sorted(arrived)
    assert len(arrived) > len(set(arrived)) == len(sent(full("fragments")))
    assert [n["text"] for n in steps[-1]["tells"]] == [steps[0]["with"]["text"]]


def test_one_shared_secret_begins_with_a_zero() -> None:
    secrets = [
        record["gives"]["k_dh"]
        for record in records(full("primitives"))
        if record["operation"] == "third_brace_key"
    ]
    assert [secret.startswith("00") for secret in secrets] == [False, True]
    assert {len(secret) for secret in secrets} == {768}


def test_random_octets_are_never_taken_twice_in_a_conversation() -> None:
    for name in CONVERSATIONS:
        drawn = [
            value
            for record in records(published(name))
            for key, value in record.get("takes", {}).items()
            if key == "r" or key.endswith("(random)")
        ]
        assert len(drawn) == len(set(drawn))
        assert not any("@" in value for value in drawn)


# --- The command ----------------------------------------------------------------------------------


def test_the_command_lists_every_document(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert command.listing("", json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["protocol", "document", "kind", "about"]
    whole = [cells[:2] for cells in map(str.split, lines[1:]) if cells[2:3] == ["conversation"]]
    assert whole == [["otrv4", name] for name in vectors.NAMES]
    assert command.listing("otrv4", json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each for each in found if each["kind"] == "conversation"] == [
        {
            "kind": "conversation",
            "protocol": "otrv4",
            "name": name,
            "about": vectors.ABOUT[name],
        }
        for name in vectors.NAMES
    ]


def test_the_command_writes_a_document_with_references_or_without(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command.show("extra-key", "", full=False, json=True) == 0
    assert json.loads(capsys.readouterr().out) == published("extra-key")
    assert command.show("extra-key", "otrv4", full=True, json=True) == 0
    assert json.loads(capsys.readouterr().out) == full("extra-key")


@pytest.mark.parametrize("name", ["primitives", "offline", "fragments", "expiry"])
def test_the_command_shows_everything_that_happens(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert command.show(name, "otrv4", full=False, json=False) == 0
    out = capsys.readouterr().out
    document = published(name)
    lines = out.splitlines()
    assert lines[0] == f"{name}  otrv4"
    assert lines[1] == vectors.ABOUT[name]
    for step in document["steps"]:
        what = step.get("about") or f"{step['at']}: {step['does']}"
        assert f"\n{step['number']}. {what}\n" in out
        assert all(f"\n  {row}\n" in out for row in step.get("rows", ()))
    for message in sent(document):
        lost = ", which is lost" if message.get("lost") else ""
        assert f"  sends message {message['message']}: {message['title']}{lost}\n" in out
    for record in records(document):
        assert all(f"> {value}" in out for value in record["gives"])
        assert all(f"< {value}" in out for value in record.get("takes", ()))
    assert max(map(len, lines)) <= 120


def test_the_command_shows_all_digits_if_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "2000")
    assert command.show("extra-key", "", full=True, json=False) == 0
    out = capsys.readouterr().out
    assert "…" not in out
    assert "@" not in out.replace("@example.org", "")
    for message in sent(full("extra-key")):
        assert message["wire"] in out


def test_the_command_says_what_is_not_there() -> None:
    with pytest.raises(Misuse, match="there is no document 'offlne'; did you mean offline"):
        command.show("offlne", "", full=False, json=False)
    with pytest.raises(Misuse, match="there is no document 'x'; otrspec vectors lists them"):
        command.show("x", "", full=False, json=True)
    with pytest.raises(Misuse, match="there are no conversations of otrv3"):
        command.show("smp", "otrv3", full=False, json=False)
