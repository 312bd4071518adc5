"""The key store: what goes in comes out, for its owner alone, and a failure harms nothing."""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from typing import TYPE_CHECKING

import nacl.exceptions
import pytest
from nacl.pwhash import argon2id
from nacl.secret import SecretBox

from otr_reference.errors import Malformed, OtrSpecError
from otr_reference.keys import (
    INTERACTIVE,
    MODERATE,
    Account,
    Contents,
    Cost,
    DsaPrivate,
    InstanceTag,
    KeyStore,
    KnownFingerprint,
    WrongPassphrase,
    generate,
    keystore,
)

if TYPE_CHECKING:
    from pathlib import Path

CHEAP = Cost(operations=1, memory=8192)
WORDS = "correct horse battery staple"
KEY = generate()
CONTENTS = Contents(
    (Account("alice@example.org", "xmpp", KEY),),
    (KnownFingerprint("bob@example.net", "alice@example.org", "xmpp", bytes(range(20)), "smp"),),
    (InstanceTag("alice@example.org", "xmpp", 0x1CE050A4),),
)

# Where each field begins, from the table at the head of the module.
FIELDS = {
    "magic": 0,
    "version": 16,
    "operations": 17,
    "memory": 21,
    "salt": 29,
    "nonce": 45,
    "ciphertext": 69,
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A place for a key store, in a directory of its own."""
    return tmp_path / "keys"


@pytest.fixture
def saved(place: Path) -> bytes:
    """The octets of a key store with contents, saved at the place."""
    store = KeyStore.create(place, WORDS, CHEAP)
    store.contents = CONTENTS
    store.save()
    return place.read_bytes()


def resealed(data: bytes) -> bytes:
    """Correct the checksum, as whoever alters a file on purpose would."""
    return data[:-32] + sha256(data[:-32]).digest()


def names(directory: Path) -> list[str]:
    """List a directory."""
    return sorted(entry.name for entry in directory.iterdir())


def field_at(place: int, length: int) -> str:
    """Name the field that an octet belongs to."""
    if place >= length - 32:
        return "checksum"
    return max((start, name) for name, start in FIELDS.items() if start <= place)[1]


def test_a_key_store_is_created_filled_saved_and_opened(place: Path) -> None:
    store = KeyStore.create(place, WORDS, CHEAP)
    assert store.contents == Contents((), (), ())
    assert KeyStore.open(place, WORDS).contents == Contents()

    store.contents = CONTENTS
    assert KeyStore.open(place, WORDS).contents == Contents()

    store.save()
    again = KeyStore.open(place, WORDS)
    assert again.contents == CONTENTS
    assert again.contents.accounts[0].key.x == KEY.x

    again.contents = Contents(instance_tags=CONTENTS.instance_tags)
    again.save()
    assert KeyStore.open(str(place), WORDS).contents == again.contents


def test_the_file_is_the_owner_s_alone_and_shows_nothing(place: Path, saved: bytes) -> None:
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert names(place.parent) == ["keys"]
    for secret in (b"alice", b"privkeys", KEY.x.to_bytes(20, "big"), WORDS.encode()):
        assert secret not in saved
    store = KeyStore.open(place, WORDS)
    assert "alice" not in repr(store)


def test_the_file_has_the_form_that_the_table_gives(saved: bytes) -> None:
    assert saved[:17] == b"otrspec keys\0\0\0\0\x01"
    assert saved[17:29] == (1).to_bytes(4, "big") + (8192).to_bytes(8, "big")
    assert saved[-32:] == sha256(saved[:-32]).digest()
    key = argon2id.kdf(32, WORDS.encode(), saved[29:45], 1, 8192)
    text = SecretBox(key).decrypt(saved[69:-32], saved[45:69])
    assert text[4:14] == b"(privkeys\n"
    assert text.endswith(b"alice@example.org\txmpp\t1ce050a4\n")


def test_every_save_draws_a_nonce_and_every_store_a_salt(place: Path, saved: bytes) -> None:
    store = KeyStore.open(place, WORDS)
    store.save()
    again = place.read_bytes()
    assert again[29:45] == saved[29:45]
    assert again[45:69] != saved[45:69]
    other = place.with_name("other")
    KeyStore.create(other, WORDS, CHEAP)
    assert other.read_bytes()[29:45] != saved[29:45]


@pytest.mark.parametrize("wrong", ["Correct horse battery staple", WORDS + " ", "\0"])
@pytest.mark.usefixtures("saved")
def test_another_passphrase_does_not_open_it(place: Path, wrong: str) -> None:
    with pytest.raises(WrongPassphrase) as caught:
        KeyStore.open(place, wrong)
    assert isinstance(caught.value, OtrSpecError)
    assert wrong not in str(caught.value)


def test_a_passphrase_is_the_same_however_it_was_composed(place: Path) -> None:
    KeyStore.create(place, "d\u00e9j\u00e0 vu", CHEAP)
    assert KeyStore.open(place, "de\u0301ja\u0300 vu").contents == Contents()


@pytest.mark.parametrize("passphrase", ["", "half \ud800"])
def test_what_is_no_passphrase_is_refused(place: Path, saved: bytes, passphrase: str) -> None:
    with pytest.raises(Malformed) as caught:
        KeyStore.open(place, passphrase)
    assert caught.value.field == "passphrase"
    with pytest.raises(Malformed) as caught:
        KeyStore.create(place.with_name("new"), passphrase, CHEAP)
    assert caught.value.field == "passphrase"
    assert names(place.parent) == ["keys"]
    assert place.read_bytes() == saved


def test_changing_the_passphrase_locks_the_old_one_out(place: Path, saved: bytes) -> None:
    store = KeyStore.open(place, WORDS)
    store.change_passphrase("new", Cost(2, 16384))
    with pytest.raises(WrongPassphrase):
        KeyStore.open(place, WORDS)
    again = KeyStore.open(place, "new")
    assert again.contents == CONTENTS
    assert place.read_bytes()[17:29] == (2).to_bytes(4, "big") + (16384).to_bytes(8, "big")
    assert place.read_bytes()[29:45] != saved[29:45]


def test_a_passphrase_that_cannot_be_changed_stays(
    place: Path, saved: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = KeyStore.open(place, WORDS)
    with pytest.raises(Malformed):
        store.change_passphrase("", CHEAP)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(OSError, match="no space"):
            store.change_passphrase("new", CHEAP)
    assert place.read_bytes() == saved
    store.save()
    assert KeyStore.open(place, WORDS).contents == CONTENTS


def failing(_handle: int) -> None:
    """Fail as a full disk does."""
    raise OSError(28, "no space left on device")


# -- Nothing is lost


def test_a_key_store_is_not_created_over_another_file(place: Path) -> None:
    place.write_bytes(b"something else")
    with pytest.raises(FileExistsError):
        KeyStore.create(place, WORDS, CHEAP)
    assert place.read_bytes() == b"something else"


def test_a_save_that_fails_leaves_the_file_as_it_was(
    place: Path, saved: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = KeyStore.open(place, WORDS)
    store.contents = Contents()
    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="no space"):
        store.save()
    assert place.read_bytes() == saved
    assert names(place.parent) == ["keys"]


def test_a_creation_that_fails_leaves_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="no space"):
        KeyStore.create(place, WORDS, CHEAP)
    assert names(place.parent) == []


@pytest.mark.parametrize(
    ("contents", "field"),
    [
        (Contents(accounts=(Account("a\0b", "xmpp", KEY),)), "name"),
        (Contents(accounts=(Account("a", "xmpp", DsaPrivate(KEY.public, 1)),)), "account 1: y"),
        (Contents(instance_tags=(InstanceTag("a", "xmpp", 1),)), "instance tag"),
    ],
)
def test_contents_that_could_not_be_read_again_are_not_saved(
    place: Path, saved: bytes, contents: Contents, field: str
) -> None:
    store = KeyStore.open(place, WORDS)
    store.contents = contents
    with pytest.raises(Malformed) as caught:
        store.save()
    assert caught.value.field == field
    assert place.read_bytes() == saved


def test_a_file_is_no_longer_than_its_limit(
    place: Path, saved: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = KeyStore.open(place, WORDS)
    monkeypatch.setattr(keystore, "FILE_LIMIT", len(saved))
    store.save()
    monkeypatch.setattr(keystore, "FILE_LIMIT", len(saved) - 1)
    for refused in (store.save, lambda: KeyStore.open(place, WORDS)):
        with pytest.raises(Malformed) as caught:
            refused()
        assert caught.value.field == "key store"


@pytest.mark.usefixtures("saved")
def test_a_save_follows_a_link_to_the_file(place: Path) -> None:
    link = place.with_name("link")
    link.symlink_to(place)
    store = KeyStore.open(link, WORDS)
    store.contents = Contents()
    store.save()
    assert link.is_symlink()
    assert KeyStore.open(place, WORDS).contents == Contents()


# -- Damage, by accident and on purpose


def test_a_damaged_octet_is_told_from_a_wrong_passphrase(place: Path, saved: bytes) -> None:
    for index in (*range(80), len(saved) // 2, *range(len(saved) - 40, len(saved))):
        damaged = bytearray(saved)
        damaged[index] ^= 0x10
        place.write_bytes(damaged)
        with pytest.raises(Malformed) as caught:
            KeyStore.open(place, WORDS)
        own = field_at(index, len(saved))
        assert caught.value.field == (own if own in {"magic", "version"} else "checksum")


def test_a_file_that_was_cut_short_is_refused(place: Path, saved: bytes) -> None:
    shortest = 69 + 16
    for length in (*range(shortest + 33), len(saved) - 1):
        place.write_bytes(saved[:length])
        with pytest.raises(Malformed) as caught:
            KeyStore.open(place, WORDS)
        expected = "checksum" if length >= shortest else field_at(length, len(saved))
        assert (caught.value.field, length) == (expected, length)


def test_an_altered_file_does_not_decrypt(place: Path, saved: bytes) -> None:
    for name in ("salt", "nonce", "ciphertext"):
        altered = bytearray(saved)
        altered[FIELDS[name]] ^= 1
        place.write_bytes(resealed(bytes(altered)))
        with pytest.raises(WrongPassphrase):
            KeyStore.open(place, WORDS)


@pytest.mark.parametrize(("operations", "memory"), [(2, 8192), (1, 9216)])
def test_a_cost_that_was_altered_gives_another_key(
    place: Path, saved: bytes, operations: int, memory: int
) -> None:
    cost = operations.to_bytes(4, "big") + memory.to_bytes(8, "big")
    place.write_bytes(resealed(saved[:17] + cost + saved[29:]))
    with pytest.raises(WrongPassphrase):
        KeyStore.open(place, WORDS)


@pytest.mark.parametrize(
    ("cost", "field"),
    [
        (Cost(0, 8192), "operations"),
        (Cost(17, 8192), "operations"),
        (Cost((1 << 32) - 1, 8192), "operations"),
        (Cost(1, 0), "memory"),
        (Cost(1, 8191), "memory"),
        (Cost(1, 8193), "memory"),
        (Cost(1, (1 << 30) + 1024), "memory"),
        (Cost(1, 100 << 30), "memory"),
        (Cost(1, (1 << 64) - 1), "memory"),
    ],
)
def test_a_hostile_file_cannot_ask_for_much(
    place: Path, saved: bytes, monkeypatch: pytest.MonkeyPatch, cost: Cost, field: str
) -> None:
    figures = cost.operations.to_bytes(4, "big") + cost.memory.to_bytes(8, "big")
    place.write_bytes(resealed(saved[:17] + figures + saved[29:]))
    asked: list[object] = []
    monkeypatch.setattr(argon2id, "kdf", lambda *arguments: asked.append(arguments))
    with pytest.raises(Malformed) as caught:
        KeyStore.open(place, WORDS)
    assert caught.value.field == field
    with pytest.raises(Malformed) as caught:
        KeyStore.create(place.with_name("new"), WORDS, cost)
    assert caught.value.field == field
    assert asked == []


def test_the_named_costs_are_within_bounds() -> None:
    assert (INTERACTIVE.operations, INTERACTIVE.memory) == (2, 64 << 20)
    assert (MODERATE.operations, MODERATE.memory) == (3, 256 << 20)
    for cost in (INTERACTIVE, MODERATE, Cost(keystore.OPERATIONS_LIMIT, keystore.MEMORY_LIMIT)):
        cost.check()


@pytest.mark.usefixtures("saved")
def test_a_machine_without_the_memory_says_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_arguments: object) -> bytes:
        message = "Unexpected failure in key derivation"
        raise nacl.exceptions.RuntimeError(message)

    monkeypatch.setattr(argon2id, "kdf", exhausted)
    with pytest.raises(Malformed) as caught:
        KeyStore.open(place, WORDS)
    assert caught.value.field == "memory"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b"", "private keys"),
        (b"\0\0\0\x09", "private keys"),
        (b"\0\0\0\x0c(privkeys\n)\n\0\0\0\0\0\0\0\x01", "instance tags"),
        (b"\0\0\0\x0c(privkeys\n)\n" + bytes(9), "text"),
        (b"\0\0\0\x01a" + bytes(8), "S-expression"),
        (b"\0\0\0\x0c(privkeys\n)\n\0\0\0\x02a\t" + bytes(4), "line 1"),
    ],
)
def test_a_text_of_another_form_is_refused(
    place: Path, saved: bytes, text: bytes, field: str
) -> None:
    box = SecretBox(argon2id.kdf(32, WORDS.encode(), saved[29:45], 1, 8192))
    place.write_bytes(resealed(saved[:45] + bytes(box.encrypt(text)) + bytes(32)))
    with pytest.raises(Malformed) as caught:
        KeyStore.open(place, WORDS)
    assert caught.value.field == field


def test_what_is_not_there_is_the_operating_system_s_to_report(place: Path) -> None:
    with pytest.raises(FileNotFoundError):
        KeyStore.open(place, WORDS)
