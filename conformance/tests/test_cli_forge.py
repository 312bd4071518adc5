"""`otrspec forge`: what it takes and writes. What is forged is judged in the reference's tests."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

from otr_conformance.cli import main
from otr_conformance.protocols import PROTOCOLS
from otr_reference.keys import dsa
from otr_reference.otrv3 import forge as three
from otr_reference.otrv3.chat import Chat
from otr_reference.otrv3.real import RealSuite as RealSuite3
from otr_reference.otrv3.session import Policy as Policy3
from otr_reference.otrv4 import forge as four
from otr_reference.otrv4 import wire
from otr_reference.otrv4.chat import Client
from otr_reference.otrv4.forge import Setting, Side
from otr_reference.otrv4.notices import Secured, Shown
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.session import Policy

if TYPE_CHECKING:
    from pathlib import Path

    from otr_reference.otrv4.messages import ClientProfile, PrekeyEnsemble

SUITE: Final = RealSuite()
NOW: Final = 1_700_000_000
A, FA, B, FB = (bytes((n,)) * 57 for n in range(1, 5))
ALICE = Client(A, forging=FA, tag=0x1001, clock=lambda: NOW, seed=b"alice" * 7)
BOB = Client(B, forging=FB, tag=0x2002, clock=lambda: NOW, seed=b"bob" * 11)
SEED: Final = bytes(range(32))
SETTING: Final = Setting(NOW, SEED)
ONLY_4: Final = Policy(allow_v3=False)
SAID: Final = [
    (Side.INITIATOR, b"hello"),
    (Side.RESPONDER, "good morning \u2014 A.".encode()),
    (Side.RESPONDER, b"I owe you nothing"),
]
SCRIPT: Final = b"".join(b"%s: %s\n\n" % (who.value.encode(), text) for who, text in SAID)
HEAVY: Final = """
import sys
import otr_conformance.cli.forge
heavy = "otr_reference cryptography Crypto gmpy2 rich hypothesis".split()
print([name for name in heavy if any(m.split(".")[0] == name for m in sys.modules)])
"""


def profile(client: Client) -> ClientProfile:
    return client.account.profiles[0]


def transcript() -> four.Forgery:
    return four.forge_transcript(A, profile(BOB), profile(ALICE), SAID, SETTING)


DAKE: Final = four.forge_dake(A, profile(BOB), profile(ALICE), SETTING)
CHAIN: Final = DAKE.keys(Side.RESPONDER).sending or b""
DAKE.say(Side.RESPONDER, b"I owe you nothing")
DATA: Final = DAKE.transcript[-1].wire
KEYS: Final = SUITE.message_keys(SUITE.key(SUITE.octets(CHAIN)))
MAC_KEY: Final = SUITE.to_bytes(KEYS.mac)


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands as the application registers them."""
    monkeypatch.setenv("COLUMNS", "100")


class Files:
    """What the forger has, in files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.identity, self.auth_r, _ = (line.wire for line in DAKE.transcript[:3])
        (self.ensemble,) = BOB.make_ensembles(1)
        self.bob = self("bob", self.identity)
        self.alice = self("alice", wire.encode_client_profile(profile(ALICE)).hex().encode())
        self.prekeys = self("prekeys", written(self.ensemble))
        self.both = ("--initiator", f"@{self.bob}", "--responder", f"@{self.alice}")
        self.setting = ("--now", str(NOW), "--seed", SEED.hex())

    def __call__(self, name: str, content: bytes) -> str:
        """Write a file."""
        path = self.folder / name
        path.write_bytes(content + b"\n")
        return str(path)


def written(ensemble: PrekeyEnsemble) -> bytes:
    parts = {
        "client-profile": wire.encode_client_profile(ensemble.client_profile),
        "prekey-profile": wire.encode_prekey_profile(ensemble.prekey_profile),
        "prekey-message": wire.encode_prekey_message(ensemble.message),
    }
    return "\n".join(f"{name}: {value.hex()}" for name, value in parts.items()).encode()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    """What a run writes to standard output; there are no complaints, unless it failed."""
    assert main(["forge", *arguments]) == status
    out, err = capsys.readouterr()
    assert status or err == ""
    return out


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> Any:
    """The JSON of a run."""
    found = json.loads(run(capsys, *arguments, "--json", status=status))
    assert found.pop("exit") == status
    return found


def given(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Put something on standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


# Single messages.


def test_a_message_is_modified(capsys: pytest.CaptureFixture[str], files: Files) -> None:
    expected = four.modify(DATA, 10, b"nothing", b"a house", MAC_KEY).decode()
    texts = ("--offset", "10", "--old", "nothing", "--new", "a house")
    file, key = files("data", DATA), files("key", MAC_KEY.hex().encode())

    by_hand = run(capsys, "modify", DATA.decode(), "--mac-key", MAC_KEY.hex(), *texts)

    assert by_hand == expected + "\n"
    assert run(capsys, "modify", file, "--mac-key", f"@{key}", *texts) == by_hand
    found = answer(capsys, "modify", file, "--mac-key", f"@{key}", *texts, "--protocol", "otrv4")
    assert found == {"message": expected}


def test_messages_come_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in ((), ("-",)):
        given(monkeypatch, b"\n" + DATA + b"\r\n")
        assert run(capsys, "remac", *arguments, "--mac-key", bytes(64).hex()) == (
            four.remac(DATA, bytes(64)).decode() + "\n"
        )
    given(monkeypatch, DATA)
    found = answer(capsys, "remac", "--mac-key", MAC_KEY.hex())
    assert found == {"message": DATA.decode()}


def test_a_message_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    key = ("--key", CHAIN.hex())
    assert run(capsys, "read", DATA.decode(), *key) == "I owe you nothing\n"
    assert run(capsys, "read", DATA.decode(), *key, "--at", "0") == "I owe you nothing\n"
    found = answer(capsys, "read", DATA.decode(), *key)
    assert found == {"verified": True, "text": "I owe you nothing", "tlvs": [], "message": ""}


def test_tlvs_are_listed_and_control_characters_escaped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    forgery = four.forge_dake(A, profile(BOB), profile(ALICE), SETTING)
    forgery.end(Side.RESPONDER)
    ended = forgery.transcript[-1].wire
    assert run(capsys, "read", ended.decode(), "--key", CHAIN.hex()) == "\nTLV: Disconnected\n"
    made = four.read_and_forge(CHAIN, ended, b"\x1b[31mred").forged or b""
    assert run(capsys, "read", made.decode(), "--key", CHAIN.hex()) == "\\x1b[31mred\n"


def test_another_message_is_forged_in_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    key = ("--key", CHAIN.hex())
    expected = four.read_and_forge(CHAIN, DATA, b"I owe you a house").forged or b""
    forged = run(capsys, "read", DATA.decode(), *key, "--text", "I owe you a house")
    assert forged == expected.decode() + "\n"
    found = answer(capsys, "read", DATA.decode(), *key, "--text", "I owe you a house")
    assert found["text"] == "I owe you nothing"
    assert found["message"] == expected.decode()


def test_a_key_that_is_not_the_messages_reads_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    other = ("read", DATA.decode(), "--key", bytes(64).hex())
    assert main(["forge", *other]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", "the message's authenticator does not verify under this key\n")
    found = answer(capsys, *other, status=1)
    assert found == {"verified": False, "text": "", "tlvs": [], "message": ""}
    assert main(["forge", *other, "--text", "x"]) == 0
    out, err = capsys.readouterr()
    assert err == "the message's authenticator does not verify under this key\n"
    assert run(capsys, "read", out.strip(), "--key", bytes(64).hex()) == "x\n"


def test_a_message_key_has_a_mac_key(capsys: pytest.CaptureFixture[str]) -> None:
    key = SUITE.to_bytes(KEYS.encryption)
    assert run(capsys, "show-mac-key", key.hex()) == MAC_KEY.hex() + "\n"
    assert answer(capsys, "show-mac-key", key.hex()) == {"mac_key": MAC_KEY.hex()}
    of_3 = three.show_mac_key(bytes(16)).hex()
    assert run(capsys, "show-mac-key", bytes(16).hex()) == of_3 + "\n"


# Version 3.


def version_3() -> tuple[str, tuple[bytes, bytes], three.SessionKeys]:
    """A Data Message of version 3, and the exchange and keys that it is protected with."""
    alice, bob = (Chat(dsa.generate(), Policy3(allow_v2=False), tag=tag) for tag in (0x100, 0x200))
    wires, to = list(alice.start().wires), bob
    while wires:
        wires, to = (
            [w for each in wires for w in to.receive(each).wires],
            alice if to is bob else bob,
        )
    (sent,) = alice.send(b"I owe you nothing").wires
    ring = alice.conversation.current.ring
    assert ring is not None
    numbers = RealSuite3.to_int(ring.ours_previous.secret), RealSuite3.to_int(ring.theirs)
    exchange = numbers[0].to_bytes(40, "big"), numbers[1].to_bytes(192, "big")
    return sent.decode(), exchange, three.session_keys(*exchange)


def test_version_3_has_the_same_commands(capsys: pytest.CaptureFixture[str]) -> None:
    sent, (dh, public), keys = version_3()

    found = answer(capsys, "session-keys", "--dh", dh.hex(), "--public", public.hex())
    assert found["sending_aes"] == keys.sending_aes.hex()
    assert found["high"] is keys.high
    lines = run(capsys, "session-keys", "--dh", dh.hex(), "--public", public.hex()).splitlines()
    assert lines[0] == f"high: {'yes' if keys.high else 'no'}"
    assert f"sending-mac: {keys.sending_mac.hex()}" in lines

    aes, mac = keys.sending_aes.hex(), keys.sending_mac.hex()
    assert run(capsys, "read", sent, "--key", aes) == "I owe you nothing\n"
    change = ("--offset", "10", "--old", "nothing", "--new", "a house")
    forged = run(capsys, "modify", sent, "--mac-key", mac, *change).strip()
    assert run(capsys, "read", forged, "--key", aes, "--protocol", "otrv3") == "I owe you a house\n"
    assert run(capsys, "remac", forged, "--mac-key", mac).strip() == forged
    assert run(capsys, "show-mac-key", aes, "--protocol", "otrv3").strip() == mac


@pytest.mark.parametrize("name", [n for n in ("otrv3", "otrv4") if n in PROTOCOLS])
def test_parse_is_what_decode_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = DATA.decode() if name == "otrv4" else version_3()[0]
    found = answer(capsys, "parse", text, "--protocol", name, "--full")
    (message,) = found["messages"]
    assert message["title"] == "Data Message"
    assert run(capsys, "parse", text).startswith("Data Message")
    assert run(capsys, "parse", "?OTR:AAMD.", "--protocol", "otrv3", status=1)


# Session keys of version 4.


def test_session_keys_come_of_one_sides_secrets(
    capsys: pytest.CaptureFixture[str], files: Files
) -> None:
    seed = SUITE.seed(b"responder\0" + SEED)
    ecdh, first = (SUITE.to_int(SUITE.fresh_ecdh(seed, n).secret) for n in (1, 3))
    dh, first_dh = (SUITE.to_int(SUITE.fresh_dh(seed, n).secret) for n in (2, 4))
    short = ("--ecdh", ecdh.to_bytes(57, "little").hex(), "--dh", dh.to_bytes(80, "big").hex())
    full = (
        *short,
        "--first-ecdh",
        first.to_bytes(57, "little").hex(),
        "--first-dh",
        first_dh.to_bytes(80, "big").hex(),
    )

    found = answer(capsys, "session-keys", files.bob, *full)

    assert found["ssid"] == DAKE.keys(Side.INITIATOR).ssid.hex()
    assert found["sending"] == CHAIN.hex()
    assert set(found) == {"ssid", "k", "root", "sending"}
    lines = run(capsys, "session-keys", files.bob, *short).splitlines()
    assert lines == [f"ssid: {found['ssid']}", f"k: {found['k']}"]


def test_a_false_ensemble_is_kept_in_a_file(
    capsys: pytest.CaptureFixture[str], files: Files
) -> None:
    made = run(
        capsys, "ensemble", "--initiator", f"@{files.bob}", "--secret", B.hex(), *files.setting
    )
    false = files("false", made.encode())
    kept = dict(line.split(": ") for line in made.splitlines())

    expected = four.false_prekey_ensemble(B, profile(BOB), SETTING)
    assert made.encode().startswith(written(expected.ensemble))
    found = answer(
        capsys, "ensemble", "--initiator", f"@{files.bob}", "--secret", B.hex(), *files.setting
    )
    assert found == {name.replace("-", "_"): value for name, value in kept.items()}

    alice = ALICE.chat(ONLY_4)
    parts = wire.decode_ensemble(
        *(bytes.fromhex(kept[n]) for n in ("client-profile", "prekey-profile", "prekey-message"))
    )
    (auth,) = alice.start_offline(parts).wires
    (data,) = alice.send(b"are you there?").wires
    options = [word for n in ("ecdh", "dh", "shared-prekey") for word in (f"--{n}", kept[n])]
    keys = answer(capsys, "session-keys", auth.decode(), *options, "--secret", B.hex())
    assert run(capsys, "read", data.decode(), "--key", keys["receiving"]) == "are you there?\n"

    wires = run(
        capsys, "offline", "--ensemble", false, "--responder", f"@{files.alice}", *files.setting
    )
    forgery = four.forge_offline(None, expected, profile(ALICE), SETTING)
    assert wires.splitlines() == [line.wire.decode() for line in forgery.transcript]


def test_a_false_ensemble_takes_a_published_prekey_profile(
    capsys: pytest.CaptureFixture[str], files: Files
) -> None:
    published = wire.encode_prekey_profile(files.ensemble.prekey_profile).hex()
    found = answer(
        capsys,
        *("ensemble", "--initiator", f"@{files.bob}", "--prekey-profile", published),
        *files.setting,
    )
    assert found["prekey_profile"] == published
    assert "shared_prekey" not in found
    assert {"ecdh", "dh"} <= set(found)


def test_who_retrieved_an_ensemble_has_the_keys(
    capsys: pytest.CaptureFixture[str], files: Files
) -> None:
    seed = b"seed of a chat, 32 bytes or more"
    alice = ALICE.chat(ONLY_4, seed=seed)
    alice.start_offline(files.ensemble)
    (data,) = alice.send(b"are you there?").wires
    x = SUITE.to_int(SUITE.fresh_ecdh(SUITE.seed(seed), 1).secret).to_bytes(57, "little")
    a = SUITE.to_int(SUITE.fresh_dh(SUITE.seed(seed), 2).secret).to_bytes(80, "big")
    secrets = ("--ecdh", x.hex(), "--dh", a.hex())
    keys = answer(capsys, "session-keys", "--ensemble", files.prekeys, *secrets)
    assert run(capsys, "read", data.decode(), "--key", keys["sending"]) == "are you there?\n"


# Transcripts.


def test_a_dake_is_forged(capsys: pytest.CaptureFixture[str], files: Files) -> None:
    expected = four.forge_dake(A, profile(BOB), profile(ALICE), SETTING)
    wires = [line.wire.decode() for line in expected.transcript]
    command = ("dake", *files.both, *files.setting)

    assert run(capsys, *command, "--secret", A.hex()).splitlines() == wires

    found = answer(capsys, *command, "--secret", A.hex())
    assert [line["message"] for line in found["messages"]] == wires
    assert [line["sender"] for line in found["messages"]] == ["initiator", "responder", "initiator"]
    bob, alice = found["keys"]
    assert (bob["side"], alice["side"]) == ("initiator", "responder")
    assert bob["receiving"] == alice["sending"] == CHAIN.hex()
    assert bob["ssid"] == alice["ssid"]
    assert "receiving" not in alice

    nameless = run(capsys, *command).splitlines()
    assert nameless[0] == wires[0]
    assert nameless[1] != wires[1]
    names = ("--initiator-name", "bob@a.example", "--responder-name", "alice@b.example")
    setting = Setting(NOW, SEED, "bob@a.example", "alice@b.example")
    named = four.forge_dake(None, profile(BOB), profile(ALICE), setting)
    assert run(capsys, *command, *names).splitlines() == [
        line.wire.decode() for line in named.transcript
    ]


def test_a_dake_is_new_each_time(capsys: pytest.CaptureFixture[str], files: Files) -> None:
    command = ("dake", *files.both, "--now", str(NOW))
    assert run(capsys, *command) != run(capsys, *command)


def test_a_whole_conversation_is_forged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, files: Files
) -> None:
    script = files("script", SCRIPT)
    expected = transcript()
    wires = [line.wire.decode() for line in expected.transcript]
    command = (*files.both, *files.setting, "--secret", A.hex())

    assert run(capsys, "transcript", script, *command).splitlines() == wires
    given(monkeypatch, SCRIPT.replace(b"\n", b"\r\n"))
    assert run(capsys, "transcript", *command).splitlines() == wires

    found = answer(capsys, "transcript", script, *command, "--end", "responder")
    expected.end(Side.RESPONDER)
    lines = [(line.sender.value, (line.text or b"").decode()) for line in expected.transcript]
    assert [(line["sender"], line["text"]) for line in found["messages"]] == lines
    assert found["messages"][-1]["message"] == expected.transcript[-1].wire.decode()


def test_a_whole_conversation_is_forged_with_an_ensemble(
    capsys: pytest.CaptureFixture[str], files: Files
) -> None:
    script = files("script", SCRIPT)
    expected = four.forge_transcript(A, files.ensemble, profile(ALICE), SAID, SETTING)
    ensemble = ("--ensemble", files.prekeys, "--responder", f"@{files.alice}")
    wires = run(
        capsys, "transcript", script, *ensemble, *files.setting, "--secret", A.hex()
    ).splitlines()
    assert wires == [line.wire.decode() for line in expected.transcript]


# Impersonation.


def test_the_initiator_is_impersonated_message_by_message(
    capsys: pytest.CaptureFixture[str], files: Files
) -> None:
    alice = ALICE.chat(ONLY_4)
    command = ("impersonate", "initiator", "--secret", FA.hex(), "--now", str(NOW))
    bob = ("--profile", f"@{files.bob}")

    assert main(["forge", *command, *bob]) == 0
    identity, seed = capsys.readouterr()
    assert seed.startswith("seed: ")
    again = (*bob, "--seed", seed.removeprefix("seed: ").strip())
    (auth_r,) = alice.receive(identity.strip().encode()).wires
    first, auth_i = run(capsys, *command, *again, auth_r.decode()).splitlines()

    assert first == identity.strip()
    (secured,) = (n for n in alice.receive(auth_i.encode()).notices if isinstance(n, Secured))
    assert SUITE.to_bytes(secured.fingerprint) == BOB.fingerprint
    happened = [auth_r.decode(), "say: it was me"]
    *before, said = run(capsys, *command, *again, *happened).splitlines()
    assert before == [first, auth_i]
    alice.receive(said.encode())
    (reply,) = alice.send(b"I knew it").wires
    file = files("happened", "\n".join([*happened, reply.decode(), "say: did you?"]).encode())
    found = answer(capsys, *command, *again, file)
    assert found["shown"] == ["I knew it"]
    assert found["private"] is True
    assert found["seed"] == again[-1]
    assert found["messages"][:3] == [first, auth_i, said]
    (shown,) = alice.receive(found["messages"][3].encode()).notices
    assert isinstance(shown, Shown)
    assert SUITE.to_bytes(shown.text) == b"did you?"


def test_the_responder_is_impersonated(capsys: pytest.CaptureFixture[str], files: Files) -> None:
    bob = BOB.chat(ONLY_4)
    (identity,) = bob.start_dake().wires
    command = ("impersonate", "responder", "--secret", FB.hex(), "--profile", f"@{files.alice}")

    auth_r = run(capsys, *command, identity.decode(), *files.setting).strip()
    heard = bob.receive(auth_r.encode())
    (secured,) = (n for n in heard.notices if isinstance(n, Secured))
    assert SUITE.to_bytes(secured.fingerprint) == ALICE.fingerprint
    wires = [identity, *heard.wires, *bob.send(b"Alice?").wires]
    both = files("wires", b"\n".join(wires))

    found = answer(capsys, *command, both, *files.setting, "say: yes")
    assert found["shown"] == ["Alice?"]
    assert main(["forge", *command, both, *files.setting]) == 0
    assert capsys.readouterr() == (auth_r + "\n", "Alice?\n")


def test_the_responder_is_impersonated_to_prekeys(
    capsys: pytest.CaptureFixture[str], files: Files
) -> None:
    bob = BOB.chat(ONLY_4)
    command = ("impersonate", "responder", "--secret", FB.hex(), "--profile", f"@{files.alice}")
    out = run(capsys, *command, "--ensemble", files.prekeys, *files.setting, "say: it was me")
    auth, _data = out.splitlines()
    (secured,) = (n for n in bob.receive(auth.encode()).notices if isinstance(n, Secured))
    assert SUITE.to_bytes(secured.fingerprint) == ALICE.fingerprint


# What cannot be done.

SIGNED: Final = "in version 3 both sides sign with DSA keys, and nobody else can sign for them"
DIGITS: Final = "takes hexadecimal digits, or @FILE with them"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("modify {data} --mac-key xyz --old a --new b", f"--mac-key: {DIGITS}"),
        ("modify {data} --mac-key @{data} --old a --new b", f"--mac-key: {DIGITS}"),
        ("modify {data} --mac-key @nowhere --old a --new b", "nowhere: No such file or directory"),
        ("modify {data} --mac-key 00 --old a --new b", "MKmac: is not 64 bytes long"),
        (
            "modify {data} --mac-key {mac} --old a --new bc",
            "the old text has 1 bytes and the new one 2: only as many fit",
        ),
        ("modify nowhere --mac-key {mac} --old a --new b", "nowhere: No such file or directory"),
        (
            "modify {script} --mac-key {mac} --old a --new b",
            "one message is needed, and there are 3",
        ),
        (
            "remac ?OTRv4? --mac-key {mac}",
            "this takes a Data Message of version 4; it is: Query Message",
        ),
        (
            "remac {data} --mac-key {mac} --protocol otrv3",
            "MAC key: is not 20 bytes long",
        ),
        (
            "read {data} --key {mac} --at 1",
            "a chain key for message 1 does not lead to that of message 0",
        ),
        (
            "read {data} --key {mac} --at 1 --protocol otrv3",
            "--at: an AES key of version 3 is no chain key, and leads to no other",
        ),
        ("show-mac-key 0000", "MKenc: is not 64 bytes long"),
        (
            "session-keys {data} --dh 01",
            "version 4 takes --dh, --ecdh and a message; version 3 takes --dh and --public",
        ),
        (
            "session-keys {data} --dh 01 --ecdh 01 --public 02 --protocol otrv4",
            "version 4 takes --dh, --ecdh and a message; version 3 takes --dh and --public",
        ),
        ("session-keys --dh 01 --protocol otrv3", "version 3 takes --dh and --public"),
        ("session-keys {bob} --dh 01 --ecdh 01", "ecdh: is not 57 bytes long, or is zero"),
        ("dake {both} --protocol otrv3", SIGNED),
        ("dake {both} --seed 00", "--seed: takes 32 bytes or more"),
        ("dake {both} --secret 00", "sym_key: is not 57 octets long"),
        (
            "dake {both} --secret " + "77" * 57,
            "the secret is that of no key in either client profile",
        ),
        (
            "dake {both} --now 9999999999",
            (
                "nobody would accept this DAKE; the check that fails: the client profile has not "
                "expired"
            ),
        ),
        (
            "dake --initiator @{data} --responder @{alice}",
            (
                "--initiator: of messages, only Identity, Auth-R and Non-Interactive-Auth carry a "
                "profile"
            ),
        ),
        ("dake --initiator hello --responder @{alice}", f"--initiator: {DIGITS}"),
        (
            "offline --ensemble {prekeys} --responder @{alice} --now 1700000000",
            "of none of the three keys in the ring is the secret known",
        ),
        (
            "offline --ensemble {secret} --responder @{alice}",
            "{secret}: there is no line client-profile: it is no prekey ensemble",
        ),
        ("offline --ensemble {data} --responder @{alice}", "{data}: " + DIGITS),
        (
            "ensemble --initiator @{bob} --now 1700000000",
            "a false ensemble takes sym_h, or else a prekey profile that was published",
        ),
        (
            "impersonate responder --profile @{alice} --secret @{secret}",
            "the initiator's Identity message is missing, or an --ensemble",
        ),
        (
            "impersonate responder {bob} --profile @{alice} --secret @{secret} --now 1700000000",
            (
                "of the three keys in the ring the secret has to be that of one; the initiator's "
                "long-term key is none, its forging key is"
            ),
        ),
        (
            "impersonate initiator {bob} --profile @{bob} --secret @{secret}",
            "--seed is missing, with which the Identity message was made",
        ),
        (
            "impersonate initiator --ensemble {prekeys} --profile @{bob} --secret @{secret}",
            (
                "nobody can be impersonated by whom an ensemble is published: what a DAKE with it "
                "gives takes the ensemble's secrets"
            ),
        ),
        (
            "impersonate initiator --profile @{bob} --secret @{secret} --seed {mac} say:x",
            "there is no private conversation to say this in",
        ),
        (
            "transcript {script} --responder @{alice}",
            "name the --initiator's profile or its --ensemble, one of them",
        ),
        (
            "transcript {data} {both}",
            "line 1 of the script begins neither `initiator:` nor `responder:`",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    line: str, complaint: str, capsys: pytest.CaptureFixture[str], files: Files
) -> None:
    names = {
        "data": files("data", DATA),
        "script": files("script", SCRIPT),
        "secret": files("secret", b"sym-h: " + B.hex().encode()),
        "bob": files.bob,
        "alice": files.alice,
        "prekeys": files.prekeys,
        "mac": MAC_KEY.hex(),
        "both": " ".join(files.both),
    }
    if "--secret @{secret}" in line:
        names["secret"] = files("secret", B.hex().encode())

    assert main(["forge", *line.format(**names).split()]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"otrspec: {complaint.format(**names)}\n"


def test_every_command_has_help_and_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    names = (
        *("parse", "modify", "read", "show-mac-key", "remac", "session-keys", "dake", "offline"),
        *("ensemble", "impersonate", "transcript"),
    )
    listed = run(capsys, "--help")
    for name in names:
        assert f"\n  {name} " in listed
        out = run(capsys, name, "--help")
        assert f"otrspec forge {name} " in out.partition("Examples:")[2]
        assert "--protocol" in out
        assert "--json" in out


def test_the_commands_are_declared_without_cryptography() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", HEAVY],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=environment,
    )
    assert found.stdout == "['otr_reference']\n"  # its errors, and no more of it
