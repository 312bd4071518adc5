"""libotr's three files: what it wrote is read and written again to the octet."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otr_reference.errors import Malformed
from otr_reference.keys import (
    Account,
    DsaPrivate,
    DsaPublic,
    InstanceTag,
    KnownFingerprint,
    fingerprint,
    human,
    read_fingerprints,
    read_instance_tags,
    read_private_keys,
    write_fingerprints,
    write_instance_tags,
    write_private_keys,
)

# The numbers of two keys, as libotr 4.1.1 (Debian's libotr5 4.1.1-5, libgcrypt 1.10.1) wrote them,
# and the fingerprints that its otrl_privkey_fingerprint gave them.
ALICE_P = (
    "00C742698E609B439406E7A5393240D9A85AE317D7662F51DF2A087A438AA7EA78ECC2F55147BFFB747A"
    "84D883BD4D28DF3AB429E976DF3AAFE80458F7676DFF30E98F2BEE04B248F0A84FFD399422FAE3E2A797"
    "78ABBB85DE2F416C87D70476CCE5BCE8FEEA0A0EB7D426C8D32443FD4D3B3A708299E4F7C073474ED5BA"
    "75DCF3"
)
ALICE_Q = "00F31DC444E7F7033C635A49F5AE8D5099B71B2685"
ALICE_G = (
    "00A7ACACCD8F09118C946CEEE0FED247E7A979524B5D84706E4838B8AFE31194CD85B78C64394A0C3FE0"
    "80DCBB38CFCB224DF1938F5F271506AED4C6FE5CA59F0BC4D430081D40128CE685E0BC6112338C5D8489"
    "A849444184CB687D0BDB76D4681AF2D3BA4F497287CA8E17A26BE65B12A17BA08B65136ACB04F1E3F30D"
    "EE4ED7"
)
ALICE_Y = (
    "009D4431C1CDE2F3991C8D6AFF8A456F9D157A14DD147668CCFFBEE2B403D8A82B901FAC51B1A1FF1B63"
    "DB69FFA4DD8698E7A45A80EA876DADA2089527F4F547938CE73327834743873448C6B28E990D3D152BE7"
    "70B441567DC6F1484D669AFA64B9B82105AB099AFB5FF289FC9F10D18339694A52B6C5172CB6C16884D0"
    "D760A7"
)
ALICE_X = "55878584E165133CEABDB5FA5C715743BD66023E"
BOB_P = (
    "00B9AE6DE15FF3CE6CA6DAAB0A49CD47D6C380BC5650C5848ECD4452E57AC0B4C12180306645AD05E00C"
    "AFDAD6292E15EB071A1CD31AC5FF81A9A31C36926F1AF7B582D23D58045444E555F2B23352C8CD0E73CC"
    "50C5A68070F85BC796FA2F719BE7A55F7FE6E06761CA3849A7C8BD8F41E529163634657AB8B9CDE645AC"
    "2C00AF"
)
BOB_Q = "0082488F36FA11E7A57E152C851EC30E932E99AFCF"
BOB_G = (
    "6342C2704FC127EDEBB2503A3D737C4CA7B62A7D411C3D7C1DD944E03C02B7A8D8EAE9BAD0AB5889D91F"
    "35516F645352FCE46133D56B06C122AFFD38DD3B247D3A83FC74EA7F8612AE9D4B1BA151BF6A817883E0"
    "2364A46313EE39CC938EC8215CDB19A83E07C7FF29B68488FD001B75E8505559DEAFF6B0EBA160779836"
    "9F91"
)
BOB_Y = (
    "6FC66F5B4340D290A63337173BCE4FF81FB36CE52B7685A9990F0E4B74318DF8154D9A6A05C1E2218C7C"
    "6681333CD65B400137038A2C9652446C722CCFDE605105D27069D4CE97B786C18B7C245200DD74440D61"
    "975E05F7F5341E7EBAF70FE381C302F6EA11E363993EFEFA1A9A925BE9A8446E860C4B627ED0B0768BAC"
    "E2D3"
)
BOB_X = "19ECD6A260834E4B1C076106495A9BEB29A0ACC6"
ALICE_FINGERPRINT = "D7121C53 6834FF09 F2CF0747 16043F3D A490A8A8"
BOB_FINGERPRINT = "66239864 2EFBA43B 72EF99FB C45CFA63 7BC11611"

# The file as libotr wrote it, the spaces at the ends of lines included.
PRIVATE_KEYS = (
    f'(privkeys\n (account\n(name "alice@example.org/home")\n(protocol prpl-jabber)\n'
    f"(private-key \n (dsa \n"
    f"  (p #{ALICE_P}#)\n  (q #{ALICE_Q}#)\n  (g #{ALICE_G}#)\n  (y #{ALICE_Y}#)\n"
    f"  (x #{ALICE_X}#)\n  )\n )\n )\n"
    f" (account\n(name bob)\n(protocol prpl-irc)\n"
    f"(private-key \n (dsa \n"
    f"  (p #{BOB_P}#)\n  (q #{BOB_Q}#)\n  (g #{BOB_G}#)\n  (y #{BOB_Y}#)\n"
    f"  (x #{BOB_X}#)\n  )\n )\n )\n)\n"
).encode()

ALICE_KEY = DsaPrivate(
    DsaPublic(*(int(digits, 16) for digits in (ALICE_P, ALICE_Q, ALICE_G, ALICE_Y))),
    int(ALICE_X, 16),
)
ALICE = Account("alice@example.org/home", "prpl-jabber", ALICE_KEY)

INSTANCE_TAGS = (
    b"# WARNING! You shouldn't copy this file to another computer."
    b" It is unnecessary and can cause problems.\n"
    b"bob\tprpl-irc\t80254fba\n"
    b"alice@example.org/home\tprpl-jabber\t1ce050a4\n"
)

FINGERPRINTS = (
    b"bob@example.net\talice@example.org/home\tprpl-jabber"
    b"\t662398642efba43b72ef99fbc45cfa637bc11611\tverified\n"
    b"carol@example.net\talice@example.org/home\tprpl-jabber"
    b"\td7121c536834ff09f2cf074716043f3da490a8a8\t\n"
)

STRINGS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=30)
NAMES = st.text(st.characters(exclude_characters="\0\t\r\n", codec="utf-8"), max_size=30)


# -- Private keys


def test_a_private_key_file_of_libotr_is_read_and_written_again() -> None:
    accounts = read_private_keys(PRIVATE_KEYS)
    assert [(a.name, a.protocol) for a in accounts] == [
        ("alice@example.org/home", "prpl-jabber"),
        ("bob", "prpl-irc"),
    ]
    assert [human(fingerprint(a.key.public)) for a in accounts] == [
        ALICE_FINGERPRINT,
        BOB_FINGERPRINT,
    ]
    assert [a.key.x for a in accounts] == [int(ALICE_X, 16), int(BOB_X, 16)]
    assert write_private_keys(accounts) == PRIVATE_KEYS


def test_a_file_without_accounts_is_read_and_written() -> None:
    assert write_private_keys(()) == b"(privkeys\n)\n"
    assert read_private_keys(b"(privkeys\n)\n") == ()


def test_elements_may_come_in_any_order_and_spelling() -> None:
    numbers = f"(x #{ALICE_X}#)(y #{ALICE_Y}#)(g #{ALICE_G}#)(q #{ALICE_Q}#)(p #{ALICE_P}#)"
    text = f'(privkeys(account(private-key(3"dsa"{numbers}))(protocol |aXJj|)(name 5:a(b)c)))'
    (account,) = read_private_keys(text.encode())
    assert account == Account("a(b)c", "irc", ALICE_KEY)
    assert account.key.x == ALICE_KEY.x


def test_a_secret_that_happens_to_be_printable_is_written_as_text() -> None:
    # libgcrypt quotes a number whose octets can all be shown: one key in about four hundred.
    x = int.from_bytes(b"0123456789 \xc3\xa9 abcdef", "big")
    key = DsaPrivate(replace(ALICE_KEY.public, y=pow(ALICE_KEY.public.g, x, ALICE_KEY.public.p)), x)
    written = write_private_keys((Account("bob", "irc", key),))
    assert b'(x "0123456789 \xc3\xa9 abcdef")' in written
    (account,) = read_private_keys(written)
    assert account.key.x == x


@given(st.lists(st.tuples(STRINGS, STRINGS), max_size=3))
@settings(max_examples=30, deadline=None)
def test_accounts_survive_the_private_key_file(names: list[tuple[str, str]]) -> None:
    accounts = tuple(Account(name, protocol, ALICE_KEY) for name, protocol in names)
    again = read_private_keys(write_private_keys(accounts))
    assert again == accounts
    assert all(account.key.x == ALICE_KEY.x for account in again)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (b"(privkeys", b"(privkey", "privkeys"),
        (b"(privkeys", b"((privkeys)", "privkeys"),
        (b"\n)\n", b"\n", "S-expression"),
        (b" (account\n(name bob)", b" (accounts\n(name bob)", "account 2: account"),
        (b" (account\n(name bob)", b" bob (account\n(name bob)", "account 2: account"),
        (b"(name bob)", b"", "account 2: name"),
        (b"(name bob)", b"(name bob)(name bob)", "account 2: name"),
        (b"(name bob)", b"(name (bob))", "account 2: name"),
        (b"(name bob)", b"(name bob bob)", "account 2: account"),
        (b"(name bob)", b"bob", "account 2: account"),
        (b"(name bob)", b"(name bob)(colour red)", "account 2: account"),
        (b"(name bob)", b"(name #620062#)", "account 2: name"),
        (b"(name bob)", b"(name #FF#)", "account 2: name"),
        (b"(protocol prpl-irc)", b"(protocol #C3#)", "account 2: protocol"),
        (b"(protocol prpl-irc)", b"", "account 2: protocol"),
        (b"(dsa", b"(rsa", "account 1: dsa"),
        (b"(private-key \n", b"(private-key dsa \n", "account 1: account"),
        (b"(q #00F3", b"(q (#00F3#) #", "account 1: dsa"),
        (b"(q #00F3", b"(Q #00F3", "account 1: dsa"),
        (b"(q #00F3", b"(q #00F2", "account 1: q"),
        (b"(x #5587", b"(x #5588", "account 1: y"),
        (b"(y #009D44", b"(y #009D45", "account 1: y"),
    ],
)
def test_a_damaged_private_key_file_is_refused(old: bytes, new: bytes, field: str) -> None:
    assert old in PRIVATE_KEYS
    with pytest.raises(Malformed) as caught:
        read_private_keys(PRIVATE_KEYS.replace(old, new, 1))
    assert caught.value.field == field


def test_no_refusal_shows_a_secret() -> None:
    with pytest.raises(Malformed) as caught:
        read_private_keys(PRIVATE_KEYS.replace(b"(x #5587", b"(x #5588"))
    assert ALICE_X[4:] not in str(caught.value)
    assert str(int(ALICE_X, 16)) not in str(caught.value)


@pytest.mark.parametrize(
    ("account", "field"),
    [
        (Account("a\0b", "irc", ALICE_KEY), "name"),
        (Account("\ud800", "irc", ALICE_KEY), "name"),
        (Account("bob", "i\0rc", ALICE_KEY), "protocol"),
        (Account("b" * 65536, "irc", ALICE_KEY), "S-expression"),
    ],
)
def test_a_name_that_the_private_key_file_cannot_hold_is_refused(
    account: Account, field: str
) -> None:
    with pytest.raises(Malformed) as caught:
        write_private_keys((ALICE, account))
    assert caught.value.field == field


# -- Fingerprints


def test_a_fingerprint_file_is_read_and_written_again() -> None:
    known = read_fingerprints(FINGERPRINTS)
    home = ("alice@example.org/home", "prpl-jabber")
    assert known == (
        KnownFingerprint("bob@example.net", *home, bytes.fromhex(BOB_FINGERPRINT), "verified"),
        KnownFingerprint("carol@example.net", *home, bytes.fromhex(ALICE_FINGERPRINT)),
    )
    assert write_fingerprints(known) == FINGERPRINTS


def test_an_old_or_foreign_fingerprint_file_is_read() -> None:
    digits = "66239864" + "2EFBA43B72EF99FBC45CFA637BC11611"
    text = f"# a comment\n\nbob\talice\tirc\t{digits}\nbob\talice\tirc\t{digits}\tby\tphone\r\n"
    entry = KnownFingerprint("bob", "alice", "irc", bytes.fromhex(digits))
    assert read_fingerprints(text.encode()) == (entry, replace(entry, trust="by\tphone"))


@given(
    st.lists(
        st.builds(
            KnownFingerprint,
            user=NAMES,
            account=NAMES,
            protocol=NAMES,
            fingerprint=st.binary(min_size=20, max_size=20),
            trust=NAMES | st.just("by\tphone"),
        ),
        max_size=4,
    )
)
def test_fingerprints_survive_their_file(known: list[KnownFingerprint]) -> None:
    assert read_fingerprints(write_fingerprints(known)) == tuple(known)


DIGITS = b"662398642efba43b72ef99fbc45cfa637bc11611"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"bob\talice\tirc", "line 2: "),
        (b"bob\talice\tirc\t" + DIGITS[1:] + b"\t", "line 2: fingerprint"),
        (b"bob\talice\tirc\t" + DIGITS + b"0\t", "line 2: fingerprint"),
        (b"bob\talice\tirc\t" + DIGITS[1:] + b"g\t", "line 2: fingerprint"),
        (b"bob\talice\tirc\t\t" + DIGITS, "line 2: fingerprint"),
        (b"b\xffb\talice\tirc\t" + DIGITS + b"\t", "line 2: user"),
        (b"bob\tal\0ice\tirc\t" + DIGITS + b"\t", "line 2: account"),
        (b"bob\talice\tir\rc\t" + DIGITS + b"\t", "line 2: protocol"),
        (b"bob\talice\tirc\t" + DIGITS + b"\t\xff", "line 2: trust"),
        (b"bob\talice\tirc\t" + DIGITS + b"\tyes\r\r", "line 2: trust"),
        (b"b" * 948 + b"\talice\tirc\t" + DIGITS, "line 2: "),
    ],
)
def test_a_damaged_fingerprint_line_is_refused_by_number(line: bytes, field: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_fingerprints(b"# comment\n" + line + b"\n" + FINGERPRINTS)
    assert f"{caught.value.field}: ".startswith(field)


def test_a_fingerprint_file_that_was_cut_short_is_refused() -> None:
    with pytest.raises(Malformed) as caught:
        read_fingerprints(FINGERPRINTS[:-1])
    assert (caught.value.field, caught.value.reason) == ("line 2", "has no end")


ENTRY = KnownFingerprint("bob", "alice", "irc", bytes(20), "smp")


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (replace(ENTRY, user="b\tb"), "user"),
        (replace(ENTRY, account="al\nice"), "account"),
        (replace(ENTRY, protocol="ir\rc"), "protocol"),
        (replace(ENTRY, trust="s\0mp"), "trust"),
        (replace(ENTRY, trust="smp\n"), "trust"),
        (replace(ENTRY, user="\udfff"), "user"),
        (replace(ENTRY, fingerprint=bytes(19)), "fingerprint"),
        (replace(ENTRY, user="b" * 944), "line"),
    ],
)
def test_an_entry_that_the_fingerprint_file_cannot_hold_is_refused(
    entry: KnownFingerprint, field: str
) -> None:
    with pytest.raises(Malformed) as caught:
        write_fingerprints((ENTRY, entry))
    assert caught.value.field == field


def test_the_longest_line_is_written_and_read() -> None:
    entry = replace(ENTRY, user="b" * 943)
    written = write_fingerprints((entry,))
    assert len(written) == 999
    assert read_fingerprints(written) == (entry,)


# -- Instance tags


def test_an_instance_tag_file_of_libotr_is_read_and_written_again() -> None:
    tags = read_instance_tags(INSTANCE_TAGS)
    assert tags == (
        InstanceTag("bob", "prpl-irc", 0x80254FBA),
        InstanceTag("alice@example.org/home", "prpl-jabber", 0x1CE050A4),
    )
    assert write_instance_tags(tags) == INSTANCE_TAGS


@given(
    st.lists(
        st.builds(
            InstanceTag,
            account=NAMES,
            protocol=NAMES,
            tag=st.integers(min_value=0x100, max_value=0xFFFFFFFF),
        ),
        max_size=4,
    )
)
def test_instance_tags_survive_their_file(tags: list[InstanceTag]) -> None:
    assert read_instance_tags(write_instance_tags(tags)) == tuple(tags)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"bob\tirc", "line 1"),
        (b"bob\tirc\t0000100", "line 1: instance tag"),
        (b"bob\tirc\t000000100", "line 1: instance tag"),
        (b"bob\tirc\t0x000100", "line 1: instance tag"),
        (b"bob\tirc\t00000100\t", "line 1: instance tag"),
        (b"bob\tirc\t000000ff", "line 1: instance tag"),
        (b"b\xffb\tirc\t00000100", "line 1: account"),
        (b"bob\ti\rrc\t00000100", "line 1: protocol"),
    ],
)
def test_a_damaged_instance_tag_line_is_refused_by_number(line: bytes, field: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_instance_tags(line + b"\n")
    assert caught.value.field == field


def test_the_smallest_and_the_largest_tag_are_read() -> None:
    text = b"bob\tirc\t00000100\r\nbob\tirc\tFFFFFFFF\n"
    assert [entry.tag for entry in read_instance_tags(text)] == [0x100, 0xFFFFFFFF]


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (InstanceTag("bob", "irc", 0xFF), "instance tag"),
        (InstanceTag("bob", "irc", 1 << 32), "instance tag"),
        (InstanceTag("b\tb", "irc", 0x100), "account"),
        (InstanceTag("bob", "i\nrc", 0x100), "protocol"),
        (InstanceTag("b" * 986, "irc", 0x100), "line"),
    ],
)
def test_an_entry_that_the_instance_tag_file_cannot_hold_is_refused(
    entry: InstanceTag, field: str
) -> None:
    with pytest.raises(Malformed) as caught:
        write_instance_tags((entry,))
    assert caught.value.field == field


# -- Both files of lines

LINES = st.lists(st.sampled_from(list(b"ab01fF\t\t\t\n\r\0#\xc3\xa9")), max_size=80).map(bytes)


@given(LINES)
def test_reading_fingerprints_is_total(data: bytes) -> None:
    try:
        known = read_fingerprints(data)
    except Malformed:
        return
    assert read_fingerprints(write_fingerprints(known)) == known


@given(LINES)
def test_reading_instance_tags_is_total(data: bytes) -> None:
    try:
        tags = read_instance_tags(data)
    except Malformed:
        return
    assert read_instance_tags(write_instance_tags(tags)) == tags
