"""Key material against libotr itself, where it is installed: each reads what the other writes.

libotr is loaded into this process. Its types are opaque pointers here, except where a call hands
out octets.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from otr_reference.errors import Malformed
from otr_reference.keys import (
    Account,
    DsaPrivate,
    InstanceTag,
    KnownFingerprint,
    fingerprint,
    generate,
    human,
    read_fingerprints,
    read_instance_tags,
    read_private_keys,
    sexp,
    sign,
    verify,
    write_fingerprints,
    write_instance_tags,
    write_private_keys,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.libotr

PROTOCOL: Final = "prpl-jabber"
M: Final = bytes(range(224, 256))

# Names that libgcrypt spells in each of its ways.
NAMES: Final = (
    "bob",
    "1bob",
    "a'b\"c\\",
    "tab\there",
    "cr\rlf\n",
    "(x)",
    "J\u00fcrgen",
    "\u00e9lan",
)

QUICK_RANDOM: Final = 44  # GCRYCTL_ENABLE_QUICK_RANDOM: the keys of this process guard nothing
CANONICAL: Final = 1  # GCRYSEXP_FMT_CANON
ADVANCED: Final = 3  # GCRYSEXP_FMT_ADVANCED


def loaded(name: str) -> ctypes.CDLL:
    """Load a library, or skip the test where it is not installed."""
    try:
        return ctypes.CDLL(name)
    except OSError:
        pytest.skip(f"{name} is not installed")


class Gcrypt:
    """S-expressions as libgcrypt has them."""

    def __init__(self) -> None:
        self._library = loaded("libgcrypt.so.20")
        self._library.gcry_control(QUICK_RANDOM, 0)
        self._library.gcry_sexp_sprint.restype = ctypes.c_size_t

    def parse(self, text: bytes) -> ctypes.c_void_p | None:
        """Give the expression, or None where libgcrypt refuses the text."""
        parsed = ctypes.c_void_p()
        failure = self._library.gcry_sexp_new(
            ctypes.byref(parsed), text, ctypes.c_size_t(len(text)), 0
        )
        return None if failure else parsed

    def printed(self, text: bytes, form: int) -> bytes | None:
        """Parse and print, or give None where libgcrypt refuses the text."""
        parsed = self.parse(text)
        if parsed is None:
            return None
        length = self._library.gcry_sexp_sprint(parsed, form, None, ctypes.c_size_t(0))
        room = ctypes.create_string_buffer(length)
        written = self._library.gcry_sexp_sprint(parsed, form, room, ctypes.c_size_t(length))
        self._library.gcry_sexp_release(parsed)
        return room.raw[:written]


class Libotr:
    """libotr, and one user state of it."""

    def __init__(self) -> None:
        Gcrypt()  # makes randomness cheap, which is only heeded before libotr starts up
        self._library = loaded("libotr.so.5")
        assert self._library.otrl_init(4, 1, 0) == 0
        self._library.otrl_userstate_create.restype = ctypes.c_void_p
        self._library.otrl_privkey_find.restype = ctypes.c_void_p
        self._state = ctypes.c_void_p(self._library.otrl_userstate_create())

    def close(self) -> None:
        """Free the user state."""
        self._library.otrl_userstate_free(self._state)

    def call(self, function: str, path: Path, *arguments: str | None) -> None:
        """Call a function that takes the user state, a file name and strings."""
        octets = (None if argument is None else argument.encode() for argument in arguments)
        assert getattr(self._library, function)(self._state, bytes(path), *octets) == 0

    def human(self, name: str) -> str:
        """Give the fingerprint of an account's key, empty where there is no such account."""
        written = ctypes.create_string_buffer(45)
        self._library.otrl_privkey_fingerprint(
            self._state, written, name.encode(), PROTOCOL.encode()
        )
        return written.value.decode()

    def sign(self, name: str, m: bytes) -> bytes:
        """Sign with the key of an account."""
        key = self._library.otrl_privkey_find(self._state, name.encode(), PROTOCOL.encode())
        signature, length = ctypes.POINTER(ctypes.c_char)(), ctypes.c_size_t()
        failure = self._library.otrl_privkey_sign(
            ctypes.byref(signature),
            ctypes.byref(length),
            ctypes.c_void_p(key),
            m,
            ctypes.c_size_t(len(m)),
        )
        assert failure == 0
        return ctypes.string_at(signature, length.value)

    def accepts(self, key: ctypes.c_void_p, m: bytes, signature: bytes) -> bool:
        """Verify a signature."""
        failure: int = self._library.otrl_privkey_verify(
            signature, ctypes.c_size_t(len(signature)), 0, key, m, ctypes.c_size_t(len(m))
        )
        return failure == 0


@pytest.fixture(scope="module")
def gcrypt() -> Gcrypt:
    """The library beneath libotr."""
    return Gcrypt()


@pytest.fixture
def libotr() -> Iterator[Libotr]:
    """An empty user state of libotr."""
    peer = Libotr()
    yield peer
    peer.close()


def expression(private: DsaPrivate) -> sexp.Expression:
    """Write the public half the way libgcrypt takes it."""
    public = private.public
    numbers = ((b"p", public.p), (b"q", public.q), (b"g", public.g), (b"y", public.y))
    pairs: list[sexp.Expression] = [(key, n.to_bytes(200, "big")) for key, n in numbers]
    return (b"public-key", (b"dsa", *pairs))


# -- Private keys


def test_private_keys_of_libotr_are_read_and_written_to_the_octet(
    libotr: Libotr, tmp_path: Path
) -> None:
    path = tmp_path / "otr.private_key"
    for name in NAMES:
        libotr.call("otrl_privkey_generate", path, name, PROTOCOL)
    accounts = read_private_keys(path.read_bytes())
    assert {account.name for account in accounts} == set(NAMES)
    assert {account.protocol for account in accounts} == {PROTOCOL}
    for account in accounts:
        assert human(fingerprint(account.key.public)) == libotr.human(account.name)
    assert write_private_keys(accounts) == path.read_bytes()


def test_private_keys_of_ours_are_read_by_libotr(libotr: Libotr, tmp_path: Path) -> None:
    path = tmp_path / "otr.private_key"
    accounts = [Account(name, PROTOCOL, generate()) for name in NAMES]
    path.write_bytes(write_private_keys(accounts))
    libotr.call("otrl_privkey_read", path)
    for account in accounts:
        assert libotr.human(account.name) == human(fingerprint(account.key.public))
    libotr.call("otrl_privkey_generate", path, "another", PROTOCOL)
    again = read_private_keys(path.read_bytes())
    assert {account.name: account.key.x for account in again if account.name != "another"} == {
        account.name: account.key.x for account in accounts
    }


def test_a_secret_that_libgcrypt_prints_as_text_is_kept(libotr: Libotr, tmp_path: Path) -> None:
    path = tmp_path / "otr.private_key"
    public = generate().public
    x = int.from_bytes(b"0123456789 \xc3\xa9 'bcdef", "big")
    key = DsaPrivate(type(public)(public.p, public.q, public.g, pow(public.g, x, public.p)), x)
    path.write_bytes(write_private_keys([Account("bob", PROTOCOL, key)]))
    libotr.call("otrl_privkey_read", path)
    libotr.call("otrl_privkey_generate", path, "another", PROTOCOL)
    assert b'(x "0123456789 \xc3\xa9 \\\'bcdef")' in path.read_bytes()
    accounts = read_private_keys(path.read_bytes())
    assert [account.key.x for account in accounts if account.name == "bob"] == [x]
    assert write_private_keys(accounts) == path.read_bytes()


def test_of_two_keys_for_one_account_libotr_uses_the_last(libotr: Libotr, tmp_path: Path) -> None:
    path = tmp_path / "otr.private_key"
    accounts = [Account("bob", PROTOCOL, generate()) for _ in range(2)]
    path.write_bytes(write_private_keys(accounts))
    libotr.call("otrl_privkey_read", path)
    assert libotr.human("bob") == human(fingerprint(accounts[1].key.public))


# -- SIG


def test_each_accepts_the_other_s_signature(libotr: Libotr, gcrypt: Gcrypt, tmp_path: Path) -> None:
    path = tmp_path / "otr.private_key"
    libotr.call("otrl_privkey_generate", path, "bob", PROTOCOL)
    (account,) = read_private_keys(path.read_bytes())
    key = gcrypt.parse(sexp.write(expression(account.key)))
    assert key
    for m in (M, b"\1" * 32, b"\xff" * 32):
        assert verify(account.key.public, m, libotr.sign("bob", m))
        ours = sign(account.key, m, b"")
        assert libotr.accepts(key, m, ours)
        assert not libotr.accepts(key, m, ours[:-1] + bytes((ours[-1] ^ 1,)))
        assert not libotr.accepts(key, m[:20], ours)


# -- Lines


def test_fingerprints_go_through_libotr(libotr: Libotr, tmp_path: Path) -> None:
    path = tmp_path / "otr.fingerprints"
    known = {
        KnownFingerprint("bob", "alice", PROTOCOL, bytes(range(20)), "verified"),
        KnownFingerprint("bob", "alice", PROTOCOL, bytes(range(1, 21)), ""),
        KnownFingerprint("J\u00fcrgen", "", "irc", bytes(20), "by\tphone"),
        KnownFingerprint("b" * 941, "alice", "irc", bytes(20), "smp"),
    }
    path.write_bytes(write_fingerprints(known))
    libotr.call("otrl_privkey_read_fingerprints", path, None, None)
    libotr.call("otrl_privkey_write_fingerprints", path)
    again = read_fingerprints(path.read_bytes())
    assert len(again) == 4
    assert set(again) == known
    assert write_fingerprints(again) == path.read_bytes()


def test_instance_tags_go_through_libotr(libotr: Libotr, tmp_path: Path) -> None:
    path = tmp_path / "otr.instance_tags"
    tags = (
        InstanceTag("alice", PROTOCOL, 0x100),
        InstanceTag("J\u00fcrgen", "irc", 0xFFFFFFFF),
        InstanceTag("b" * 985, "irc", 0x1CE050A4),
    )
    path.write_bytes(write_instance_tags(tags))
    libotr.call("otrl_instag_read", path)
    libotr.call("otrl_instag_write", path)
    again = read_instance_tags(path.read_bytes())
    assert again == tags[::-1]  # libotr keeps its list the other way round
    assert write_instance_tags(again) == path.read_bytes()


# -- S-expressions


def canonical(expression: sexp.Expression) -> bytes:
    """Write the form in which every string is verbatim."""
    if isinstance(expression, bytes):
        return b"%d:%b" % (len(expression), expression)
    return b"(" + b"".join(map(canonical, expression)) + b")"


EXPRESSIONS = st.recursive(
    st.binary(max_size=12) | st.sampled_from([b"dsa", b"p", b"\0\xff", b"'\"\\", b""]),
    lambda inner: st.lists(inner, max_size=5).map(tuple),
    max_leaves=20,
)


def spelled_alike(expression: sexp.Expression) -> bool:
    """Whether libgcrypt spells every string as we do.

    It takes a zero octet behind others for one that can be shown, and prints it so, in a token even
    as it is. We write such a string in hex.
    """
    if isinstance(expression, bytes):
        return b"\0" not in expression[1:]
    return all(map(spelled_alike, expression))


@settings(deadline=None)
@given(expression=st.lists(EXPRESSIONS, max_size=5).map(tuple))
@example(expression=(b" \0",))
@example(expression=(b"a\0",))
@example(expression=(b"\0a",))
def test_what_we_write_libgcrypt_reads_and_writes_too(
    gcrypt: Gcrypt, expression: sexp.Expression
) -> None:
    written = sexp.write(expression)
    assert gcrypt.printed(written, CANONICAL) == canonical(expression)
    if spelled_alike(expression):
        assert gcrypt.printed(written, ADVANCED) == written


STRUCTURE: Final = (b"(", b")", b" ", b"\n", b"&", b"[", b":", b"0", b"1", b"3")
STRINGS: Final = (
    b"dsa",
    b"-./_:*+=",
    b"abc",
    b"3:abc",
    b"5:a(b)c",
    b"#",
    b"#00C1#",
    b"|AMGk|",
    b"3|AMGk|",
    b"#0 a\t#",
)
QUOTED: Final = (
    *(b'"', b"\\", b"\\n", b"\\q", b"\\x4", b"\\x41", b"\\101", b"\\777", b"\\18"),
    *(b"\\\r\n", b"\\\n\r", b"\\\r", b"\\\n", b"\xff", b"\0", b"'"),
)
PIECES = st.lists(st.sampled_from(STRUCTURE + STRINGS), max_size=12) | st.lists(
    st.sampled_from(QUOTED), max_size=6
).map(lambda pieces: [b'"', *pieces, b'"'])


@given(pieces=PIECES)
@settings(max_examples=1000, deadline=None)
def test_what_we_read_libgcrypt_reads_in_the_same_way(gcrypt: Gcrypt, pieces: list[bytes]) -> None:
    text = b"(" + b"".join(pieces) + b")"
    try:
        expression = sexp.read(text)
    except Malformed:
        return
    assert gcrypt.printed(text, CANONICAL) == canonical(expression)
