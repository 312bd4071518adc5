"""libotr's toolkit, against arithmetic written here and messages of libotr itself."""

import base64
import hashlib
import hmac
import json
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from otr_conformance.peers import PeerUnavailable, libotr, toolkit

pytestmark = pytest.mark.libotr

# RFC 3526, group 5.
GROUP_PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404"
    "DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406"
    "B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD"
    "24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA237327FFFFFFFF"
    "FFFFFFFF",
    16,
)

AES_KEY = bytes(range(16))
COUNTER = bytes(7) + b"\1"
PUBLIC_KEY = bytes.fromhex("c0ffee")


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    if not toolkit.available():
        try:
            libotr.install(lambda _: None)
        except PeerUnavailable as reason:
            pytest.skip(str(reason))
    if not toolkit.available():
        pytest.skip("libotr's toolkit is not installed: apt-get install -y libotr5-bin")


def octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def aes_ctr(key: bytes, counter: bytes, text: bytes) -> bytes:
    """AES in counter mode; the lower half of the counter begins at zero."""
    cipher = Cipher(algorithms.AES(key), modes.CTR(counter + bytes(8))).encryptor()
    return cipher.update(text) + cipher.finalize()


def sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def data_message(text: bytes, revealed: bytes = b"") -> bytes:
    """A data message of version 3 that the toolkit builds from our encryption."""
    return toolkit.remac(
        key=sha1(AES_KEY),
        sender=0x1001,
        receiver=0x2002,
        flags=1,
        sender_keyid=3,
        recipient_keyid=4,
        public_key=PUBLIC_KEY,
        counter=COUNTER,
        encrypted=aes_ctr(AES_KEY, COUNTER, text),
        revealed_mac_keys=revealed,
    )


def test_a_data_message_is_built_from_its_fields_and_taken_apart() -> None:
    message = data_message(b"hello", bytes(range(40)))

    raw = base64.b64decode(message.removeprefix(b"?OTR:").removesuffix(b"."), validate=True)
    covered = (
        bytes.fromhex("000303000010010000200201000000030000000400000003")
        + PUBLIC_KEY
        + COUNTER
        + bytes.fromhex("00000005")
        + aes_ctr(AES_KEY, COUNTER, b"hello")
    )
    mac = hmac.digest(sha1(AES_KEY), covered, "sha1")
    assert raw == covered + mac + bytes.fromhex("00000028") + bytes(range(40))

    parsed = toolkit.parse(message)
    assert (parsed.kind, parsed.version) == ("Data Message", 3)
    assert dict(parsed.fields) == {
        "Flags": 1,
        "Sender instance": 0x1001,
        "Receiver instance": 0x2002,
        "Sender keyid": 3,
        "Rcpt keyid": 4,
        "DH y": PUBLIC_KEY,
        "Counter": COUNTER,
        "Encrypted message": aes_ctr(AES_KEY, COUNTER, b"hello"),
        "MAC": mac,
    }
    assert parsed.revealed_mac_keys == (bytes(range(20)), bytes(range(20, 40)))


def test_each_message_of_libotrs_ake_is_taken_apart() -> None:
    wires = ake_of_libotr("v3")
    commit, key, reveal, signature = (toolkit.parse(wire) for wire in wires[1:])

    tags = {"Sender instance": 0x2000, "Receiver instance": 0}
    assert (commit.kind, commit.version) == ("D-H Commit Message", 3)
    assert {name: commit.fields[name] for name in tags} == tags
    encrypted, hashed = commit.fields["Encrypted Key"], commit.fields["Hashed Key"]
    assert isinstance(encrypted, bytes)
    assert isinstance(hashed, bytes)
    assert len(hashed) == 32

    assert key.kind == "D-H Key Message"
    assert key.fields["Sender instance"] == 0x1000
    assert key.fields["Receiver instance"] == 0x2000

    assert reveal.kind == "Reveal Signature Message"
    assert set(reveal.fields) == {
        "Sender instance",
        "Receiver instance",
        "Key",
        "Encrypted Signature",
        "MAC",
    }
    revealed = reveal.fields["Key"]
    assert isinstance(revealed, bytes)
    committed = aes_ctr(revealed, bytes(8), encrypted)
    assert hashlib.sha256(committed).digest() == hashed
    assert int.from_bytes(committed[:4], "big") == len(committed) - 4

    assert signature.kind == "Signature Message"
    assert set(signature.fields) == set(reveal.fields) - {"Key"}


def test_version_2_has_no_instances() -> None:
    for wire in ake_of_libotr("v2")[1:]:
        parsed = toolkit.parse(wire)
        assert parsed.version == 2
        assert not any("instance" in name for name in parsed.fields)


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (b"", "no OTR message"),
        (b"?OTRv3?", "no OTR message"),
        (b"?OTR Error: no", "no OTR message"),
        (b"?OTR:AAMD.", "Invalid Data Message"),
        (b"?OTR:AAMC", "Invalid D-H Commit Message"),
        (b"?OTR:AAMX.", "Unrecognized OTR message"),
    ],
)
def test_what_is_no_message_is_not_taken_apart(message: bytes, complaint: str) -> None:
    with pytest.raises(toolkit.ToolkitError, match=complaint):
        toolkit.parse(message)


@settings(max_examples=10, deadline=None)
@given(
    ours=st.integers(1, (1 << 320) - 1),
    theirs=st.integers(2, (1 << 320) - 1),
)
def test_session_keys_agree_with_the_arithmetic(ours: int, theirs: int) -> None:
    our_public, their_public = pow(2, ours, GROUP_PRIME), pow(2, theirs, GROUP_PRIME)
    secret = octets(pow(their_public, ours, GROUP_PRIME))
    encoded = len(secret).to_bytes(4, "big") + secret
    high = our_public > their_public
    sending, receiving = (
        sha1(bytes([number]) + encoded)[:16] for number in ((1, 2) if high else (2, 1))
    )

    keys = toolkit.session_keys(octets(ours), octets(their_public))

    assert keys == toolkit.SessionKeys(
        high=high,
        our_public=octets(our_public),
        session_id=sha1(b"\0" + encoded),
        sending_aes=sending,
        sending_mac=sha1(sending),
        receiving_aes=receiving,
        receiving_mac=sha1(receiving),
    )
    assert toolkit.mac_key(sending) == keys.sending_mac


def test_a_private_key_that_is_too_long_is_refused() -> None:
    with pytest.raises(toolkit.ToolkitError):
        toolkit.session_keys(b"\1" + bytes(40), b"\2")
    with pytest.raises(toolkit.ToolkitError, match="32 hex"):
        toolkit.mac_key(bytes(15))


@settings(max_examples=20, deadline=None)
@given(
    text=st.binary(max_size=60).filter(lambda t: b"\0" not in t),
    new_text=st.binary(max_size=60).filter(lambda t: b"\0" not in t),
)
def test_who_has_the_key_reads_and_forges(text: bytes, new_text: bytes) -> None:
    message = data_message(text)

    assert toolkit.read_and_forge(message, AES_KEY) == toolkit.ReadAndForged(text, None)
    made = toolkit.read_and_forge(message, AES_KEY, new_text)
    assert made.text == text
    assert made.forged is not None
    assert toolkit.read_and_forge(made.forged, AES_KEY).text == new_text
    old, new = toolkit.parse(message).fields, toolkit.parse(made.forged).fields
    changed = {name for name in old if old[name] != new[name]}
    assert changed == (set() if text == new_text else {"Encrypted message", "MAC"})


def test_a_whole_transcript_can_be_forged_under_another_key() -> None:
    message, other_key = data_message(b"I owe you nothing"), bytes(16)

    assert toolkit.read_and_forge(message, other_key) == toolkit.ReadAndForged(None, None)
    made = toolkit.read_and_forge(message, other_key, b"I owe you a house")
    assert made.text is None
    assert made.forged is not None
    assert toolkit.read_and_forge(made.forged, other_key).text == b"I owe you a house"
    with pytest.raises(ValueError, match="NUL"):
        toolkit.read_and_forge(message, AES_KEY, b"a\0b")


def test_who_has_only_the_mac_key_changes_a_text_that_he_guesses() -> None:
    message = data_message(b"pay Bob 100 now")

    forged = toolkit.modify(message, sha1(AES_KEY), b"Bob 100", b"Eve 999", 4)

    assert toolkit.read_and_forge(forged, AES_KEY).text == b"pay Eve 999 now"
    with pytest.raises(toolkit.ToolkitError, match="wrong MAC key"):
        toolkit.modify(message, bytes(20), b"Bob", b"Eve", 4)
    with pytest.raises(toolkit.ToolkitError, match="same length"):
        toolkit.modify(message, sha1(AES_KEY), b"Bob", b"Alice", 4)
    with pytest.raises(toolkit.ToolkitError, match="Non-Data"):
        toolkit.modify(ake_of_libotr("v3")[1], sha1(AES_KEY), b"", b"", 0)


def test_without_the_toolkit_one_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)

    assert not toolkit.available()
    with pytest.raises(PeerUnavailable, match="apt-get install -y libotr5-bin"):
        toolkit.parse(b"")


def ake_of_libotr(policy: str) -> list[bytes]:
    """The messages of one AKE between two endpoints of libotr, the query first."""
    if libotr.locate() is None:
        libotr.install(lambda _: None)
    process = subprocess.Popen(  # noqa: S603 - the program that was just compiled
        libotr.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )

    def ask(**request: str | int) -> list[bytes]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"id": 1, **request}).encode() + b"\n")
        process.stdin.flush()
        wires: list[bytes] = []
        while "end" not in (line := json.loads(process.stdout.readline())):
            if line["event"] == "wire":
                wires.append(base64.b64decode(line["wire"]))
        assert line["end"] == "ok"
        return wires

    with process:
        for name, peer, tag in (("alice", "bob", 0x1000), ("bob", "alice", 0x2000)):
            ask(do="new", endpoint=name, account=name, peer=peer, policy=policy, tag=tag)
        transcript = ask(do="start", endpoint="alice")
        for receiver in ("bob", "alice", "bob", "alice", "bob"):
            wire = base64.b64encode(transcript[-1]).decode()
            transcript += ask(do="receive", endpoint=receiver, wire=wire)
        ask(do="bye")
    assert len(transcript) == 5
    return transcript
