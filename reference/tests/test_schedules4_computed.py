"""The key schedules of OTRv4, each value against the second computation.

The second computation is written from the text alone. It is given secrets as seeds, exponents and
encoded keys, and so is the model's schedule: what both of them name has to be the same octets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
import second_dake as dake
import second_ed448 as second_curve
import second_encoding as enc
import second_kdf as kdf
import second_smp as smp
from hypothesis import given
from hypothesis import strategies as st
from second_ratchet import Ratchet, derive_message_keys
from second_ring import RingRandom

from otr_model.kernel.schedule import Digest, EndByte, Given, Hash, Schedule, Value
from otr_model.kernel.table import IllFormed
from otr_model.otrv4 import schedules as s
from otr_model.otrv4.groups4 import MODP_3072
from otr_reference import ed448
from otr_reference.errors import Malformed
from otr_reference.otrv4 import schedule as reader
from otr_reference.otrv4.schedule import compute

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW: Final = 1_700_000_000
BOB_TAG, ALICE_TAG = 0x00000200, 0x00000101
TEXTS: Final = ("bob@example.org", "alice@example.org")
PHI_PRIME: Final = b"".join(enc.encode_data(text.encode()) for text in sorted(TEXTS))

SEEDS: Final = st.binary(min_size=57, max_size=57)
KEYS: Final = st.binary(min_size=64, max_size=64)


def seed(name: str) -> bytes:
    """57 octets made of a name."""
    return kdf.shake_256(b"schedules " + name.encode(), 57)


def exponent(name: str) -> int:
    """A DH exponent of 80 octets made of a name."""
    return int.from_bytes(kdf.shake_256(b"schedules " + name.encode(), 80), "big")


def party(name: str, tag: int) -> dake.Party:
    """Long-lived values of a client."""
    sym_h = seed(f"{name} h")
    forging_key = second_curve.generate(seed(f"{name} f")).public
    public_key = second_curve.generate(sym_h).public
    fields = enc.ClientProfileFields(tag, public_key, forging_key, b"4", NOW)
    return dake.Party(sym_h, forging_key, enc.create_client_profile(sym_h, fields), tag)


def ring(name: str) -> RingRandom:
    """Random values of a ring signature."""
    return RingRandom(*(seed(f"{name} {field}") for field in RingRandom._fields))


BOB, ALICE = party("bob", BOB_TAG), party("alice", ALICE_TAG)
CONTEXT: Final = dake.Context(TEXTS)
RESPONDER: Final = dake.ResponderSecrets(
    seed("x"), exponent("a"), seed("alice first"), exponent("alice first"), ring("alice")
)


@pytest.fixture(scope="module")
def interactive() -> dake.InteractiveDake:
    """An interactive DAKE of the second computation."""
    secrets = dake.InitiatorSecrets(
        seed("y"),
        exponent("b"),
        seed("bob first"),
        exponent("bob first"),
        seed("bob ratchet"),
        exponent("bob ratchet"),
        ring("bob"),
    )
    return dake.interactive_dake(BOB, secrets, ALICE, RESPONDER, CONTEXT)


@pytest.fixture(scope="module")
def offline() -> dake.NonInteractiveDake:
    """A non-interactive DAKE of the second computation."""
    sym_d = seed("d")
    shared_prekey = second_curve.generate(sym_d).public
    profile = enc.create_prekey_profile(BOB.sym_h, BOB_TAG, NOW, shared_prekey)
    secrets = dake.PrekeySecrets(seed("prekey y"), exponent("prekey b"), sym_d, profile, 1)
    return dake.non_interactive_dake(BOB, secrets, ALICE, RESPONDER, CONTEXT)


def exchange(
    ecdh: second_curve.KeyPair, their_ecdh: bytes, dh: enc.DhPair, their_dh: int
) -> tuple[dict[Value, int], dict[Value, bytes]]:
    """The givens of one ECDH and one DH exchange."""
    return (
        {s.OUR_ECDH: ecdh.secret, s.OUR_DH: dh.secret, s.THEIR_DH: their_dh},
        {s.THEIR_ECDH: their_ecdh},
    )


def named(schedule: Schedule, octets: Mapping[Value, bytes]) -> dict[str, bytes]:
    """The octets that a schedule computed, by the names of the values."""
    return {value.name: octets[value] for value in schedule.values if value in octets}


# --- Keys -------------------------------------------------------------------------------------


@given(SEEDS)
def test_a_key_pair_is_that_of_the_text_and_of_ed448(sym_key: bytes) -> None:
    made = compute(s.KEYPAIR, {}, {s.SYM_KEY: sym_key})

    theirs, ours = second_curve.generate(sym_key), ed448.keypair(sym_key)
    assert made.octets[s.DIGEST] == kdf.shake_256(sym_key, 114)
    assert made.octets[s.LOWER_HALF] == made.octets[s.DIGEST][:57]
    assert made.numbers[s.SECRET_SCALAR] == theirs.secret == ours.secret
    assert made.octets[s.PUBLIC_POINT] == theirs.public == ours.public.encode()


def test_a_fingerprint_is_that_of_the_text() -> None:
    keys = second_curve.generate(BOB.sym_h).public, BOB.forging_key

    made = compute(s.FINGERPRINT, {}, {s.PUBLIC_KEY: keys[0], s.FORGING_KEY: keys[1]})

    assert made.octets[s.BOTH_KEYS] == b"".join(keys)
    assert made.octets[s.FINGERPRINT_HASH] == kdf.fingerprint(*keys)


# --- The interactive DAKE ---------------------------------------------------------------------


def test_both_sides_of_an_interactive_dake_compute_the_keys_of_the_text(
    interactive: dake.InteractiveDake,
) -> None:
    run = interactive
    expected = {
        "k-ecdh": run.k_ecdh,
        "k-dh": run.k_dh,
        "brace-key": run.brace_key,
        "k": run.mixed_shared_secret,
        "ssid": run.ssid,
        "first-root-key": run.first_root_key,
    }

    for ecdh, their_ecdh, dh, their_dh in (
        (run.x, run.y.public, run.a, run.b.public),
        (run.y, run.x.public, run.b, run.a.public),
    ):
        made = compute(s.DAKE, *exchange(ecdh, their_ecdh, dh, their_dh))
        assert named(s.DAKE, made.octets) == {"their-ecdh": their_ecdh, **expected}
        assert made.numbers[s.DH_NUMBER] == pow(
            MODP_3072.generator, run.a.secret * run.b.secret, MODP_3072.modulus
        )


def test_both_sides_of_an_interactive_dake_state_and_sign_the_same(
    interactive: dake.InteractiveDake,
) -> None:
    run = interactive
    keys = {
        BOB_TAG: (run.bob_ecdh_first.public, run.bob_dh_first.public),
        ALICE_TAG: (run.alice_ecdh_first.public, run.alice_dh_first.public),
    }
    for ours, theirs in ((BOB_TAG, ALICE_TAG), (ALICE_TAG, BOB_TAG)):
        made = compute(
            s.PHI,
            {
                s.OUR_TAG: ours,
                s.THEIR_TAG: theirs,
                s.OUR_DH_FIRST: keys[ours][1],
                s.THEIR_DH_FIRST: keys[theirs][1],
            },
            {
                s.OUR_ECDH_FIRST: keys[ours][0],
                s.THEIR_ECDH_FIRST: keys[theirs][0],
                s.PHI_PRIME: PHI_PRIME,
            },
        )
        assert made.octets[s.PHI_VALUE] == run.phi_auth_r == run.phi_auth_i

    numbers = {s.B: run.b.public, s.A: run.a.public}
    octets = {
        s.BOB_PROFILE: BOB.client_profile,
        s.ALICE_PROFILE: ALICE.client_profile,
        s.Y: run.y.public,
        s.X: run.x.public,
        s.STATE: run.phi_auth_r,
    }
    assert compute(s.T_AUTH_R, numbers, octets).octets[s.T_AUTH_R_VALUE] == run.t_auth_r
    assert compute(s.T_AUTH_I, numbers, octets).octets[s.T_AUTH_I_VALUE] == run.t_auth_i


def test_the_double_ratchet_begins_with_third_ratchets(interactive: dake.InteractiveDake) -> None:
    bob, alice = interactive.bob, interactive.alice
    assert bob.receiving is not None
    assert bob.sending is not None
    assert bob.our_ecdh is not None
    assert bob.our_dh is not None

    first = exchange(
        interactive.alice_ecdh_first,
        interactive.bob_ecdh_first.public,
        interactive.alice_dh_first,
        interactive.bob_dh_first.public,
    )
    first[1][s.PREV_ROOT_KEY] = interactive.first_root_key
    made = compute(s.THIRD_RATCHET, *first).octets
    assert made[s.THIRD_ROOT_KEY] == alice.root_key == bob.receiving.curr_root_key
    assert made[s.THIRD_CHAIN_KEY] == alice.chain_key_s == bob.chain_key_r

    second = exchange(bob.our_ecdh, bob.their_ecdh, bob.our_dh, bob.their_dh)
    second[1][s.PREV_ROOT_KEY] = made[s.THIRD_ROOT_KEY]
    made = compute(s.THIRD_RATCHET, *second).octets
    assert made[s.THIRD_BRACE_KEY] == bob.brace_key
    assert made[s.THIRD_ROOT_KEY] == bob.root_key == bob.sending.curr_root_key
    assert made[s.THIRD_CHAIN_KEY] == bob.chain_key_s == bob.sending.chain_key


# --- The non-interactive DAKE -----------------------------------------------------------------


def test_both_sides_of_a_non_interactive_dake_compute_the_keys_of_the_text(
    offline: dake.NonInteractiveDake,
) -> None:
    run = offline
    numbers, octets = exchange(run.x, run.y.public, run.a, run.b.public)
    alice = compute(
        s.OFFLINE,
        {**numbers, s.PREKEY_SCALAR: run.x.secret, s.LONG_TERM_SCALAR: run.x.secret},
        {**octets, s.PREKEY_POINT: run.d_b.public, s.LONG_TERM_POINT: run.h_b.public},
    )
    numbers, octets = exchange(run.y, run.x.public, run.b, run.a.public)
    bob = compute(
        s.OFFLINE,
        {**numbers, s.PREKEY_SCALAR: run.d_b.secret, s.LONG_TERM_SCALAR: run.h_b.secret},
        {**octets, s.PREKEY_POINT: run.x.public, s.LONG_TERM_POINT: run.x.public},
    )

    expected = {
        s.K_ECDH: run.k_ecdh,
        s.K_DH: run.k_dh,
        s.OFFLINE_BRACE_KEY: run.brace_key,
        s.WITH_PREKEY: run.ecdh_shared_prekey,
        s.WITH_LONG_TERM: run.ecdh_long_term,
        s.TMP_K: run.tmp_k,
        s.AUTH_MAC_K: run.auth_mac_k,
        s.OFFLINE_K: run.mixed_shared_secret,
        s.OFFLINE_SSID: run.ssid,
        s.OFFLINE_ROOT_KEY: run.alice.root_key,
        s.OFFLINE_CHAIN_KEY: run.alice.chain_key_s,
    }
    for made in (alice, bob):
        assert {value: made.octets[value] for value in expected} == expected
    assert run.bob.root_key == run.alice.root_key
    assert run.bob.chain_key_r == run.alice.chain_key_s
    assert run.bob.brace_key == run.alice.brace_key == run.brace_key


def test_a_non_interactive_dake_states_signs_and_macs_what_the_text_says(
    offline: dake.NonInteractiveDake,
) -> None:
    run = offline
    state = compute(
        s.PHI_OFFLINE,
        {s.OUR_TAG: BOB_TAG, s.THEIR_TAG: ALICE_TAG, s.ALICE_DH_FIRST: run.alice_dh_first.public},
        {s.ALICE_ECDH_FIRST: run.alice_ecdh_first.public, s.PHI_PRIME: PHI_PRIME},
    ).octets[s.PHI_OFFLINE_VALUE]
    signed = compute(
        s.T_NON_INTERACTIVE,
        {s.B: run.b.public, s.A: run.a.public},
        {
            s.BOB_PROFILE: BOB.client_profile,
            s.ALICE_PROFILE: ALICE.client_profile,
            s.Y: run.y.public,
            s.X: run.x.public,
            s.SHARED_PREKEY: run.d_b.public,
            s.STATE: state,
            s.MAC_KEY: run.auth_mac_k,
        },
    ).octets

    assert state == run.phi
    assert signed[s.T_NON_INTERACTIVE_VALUE] == run.t
    assert signed[s.AUTH_MAC] == run.auth_mac


# --- The ratchet ------------------------------------------------------------------------------


def test_six_ratchets_of_a_conversation_compute_the_keys_of_the_text(
    interactive: dake.InteractiveDake,
) -> None:
    bob = Ratchet(interactive.bob, BOB_TAG, ALICE_TAG)
    alice = Ratchet(interactive.alice, ALICE_TAG, BOB_TAG)
    alice.decrypt(bob.encrypt(b"at first").data_message)

    ids = []
    for turn in range(6):
        sender, receiver = (alice, bob) if turn % 2 == 0 else (bob, alice)
        brace, root = sender.brace_key, sender.root_key
        sent = sender.encrypt(
            b"new ratchet",
            new_ecdh_seed=seed(f"ecdh {turn}"),
            new_dh_secret=exponent(f"dh {turn}"),
        )
        assert sent.ratchet is not None
        assert sender.our_ecdh is not None
        ids.append(sent.fields.ratchet_id)

        numbers = {s.OUR_ECDH: sender.our_ecdh.secret}
        octets = {s.THEIR_ECDH: sender.their_ecdh, s.PREV_ROOT_KEY: root}
        if sent.fields.ratchet_id % 3 == 0:
            assert sender.our_dh is not None
            numbers |= {s.OUR_DH: sender.our_dh.secret, s.THEIR_DH: sender.their_dh}
            made = compute(s.THIRD_RATCHET, numbers, octets).octets
            assert made[s.K_DH] == sent.ratchet.k_dh
            assert made[s.K] == sent.ratchet.mixed_shared_secret
            kept = s.THIRD_BRACE_KEY, s.THIRD_ROOT_KEY, s.THIRD_CHAIN_KEY
        else:
            made = compute(s.RATCHET, numbers, {**octets, s.PREV_BRACE_KEY: brace}).octets
            assert sent.ratchet.k_dh is None
            assert made[s.RATCHET_K] == sent.ratchet.mixed_shared_secret
            kept = s.NEXT_BRACE_KEY, s.CURR_ROOT_KEY, s.CHAIN_KEY
        assert made[s.K_ECDH] == sent.ratchet.k_ecdh
        assert tuple(made[value] for value in kept) == (
            sent.ratchet.brace_key,
            sent.ratchet.curr_root_key,
            sent.ratchet.chain_key,
        )
        receiver.decrypt(sent.data_message)
        assert receiver.root_key == made[kept[1]]
    assert ids == [1, 2, 3, 4, 5, 6]


@given(KEYS, st.binary(max_size=80))
def test_the_keys_of_a_message_are_those_of_the_text(chain_key: bytes, sections: bytes) -> None:
    made = compute(s.MESSAGE, {}, {s.MESSAGE_CHAIN_KEY: chain_key, s.SECTIONS: sections}).octets

    keys = derive_message_keys(chain_key)
    assert made[s.NEXT_CHAIN_KEY] == keys.next_chain_key
    assert made[s.MK_ENC] == keys.mk_enc
    assert made[s.ENCRYPTION_KEY] == keys.mk_enc[:32]
    assert made[s.MK_MAC] == keys.mk_mac
    assert made[s.EXTRA_SYMM_KEY] == keys.extra_symm_key
    assert made[s.AUTHENTICATOR] == kdf.authenticator(keys.mk_mac, sections)


@given(KEYS, st.integers(0, 255), st.binary(min_size=4, max_size=4))
def test_further_extra_symmetric_keys_are_those_of_the_text(
    previous: bytes, index: int, context: bytes
) -> None:
    octets = {
        s.EXTRA_INDEX: bytes((index,)),
        s.EXTRA_CONTEXT: context,
        s.PREVIOUS_EXTRA_KEY: previous,
    }

    made = compute(s.EXTRA, {}, octets).octets[s.NEXT_EXTRA_KEY]

    assert made == kdf.next_extra_symm_key(index, context, previous)


# --- SMP --------------------------------------------------------------------------------------


@given(
    st.binary(min_size=56, max_size=56),
    st.binary(min_size=56, max_size=56),
    st.binary(min_size=8, max_size=8),
    st.binary(max_size=64),
)
def test_the_secret_of_smp_is_that_of_the_text(
    initiator: bytes, responder: bytes, ssid: bytes, typed: bytes
) -> None:
    octets = {
        s.INITIATOR: initiator,
        s.RESPONDER: responder,
        s.SESSION_ID: ssid,
        s.USER_SECRET: typed,
    }

    made = compute(s.SMP_SECRET, {}, octets).numbers[s.COMPARED]

    assert made == smp.smp_secret(initiator, responder, ssid, typed)


# --- All of them ------------------------------------------------------------------------------


def test_every_value_of_every_schedule_is_computed_and_has_its_declared_size() -> None:
    point = ed448.keypair(bytes(57)).public.encode()
    for schedule in s.SCHEDULES:
        numbers: dict[Value, int] = {}
        octets: dict[Value, bytes] = {}
        for value in schedule.givens:
            octets[value] = bytes(value.made.size or 0)
            if value.made.size == len(point):
                octets[value] = point
        for value in NUMBERS & {*schedule.givens}:
            del octets[value]
            numbers[value] = 0x101
        computed = compute(schedule, numbers, octets)

        assert {*computed.numbers, *computed.octets} == {*schedule.values}
        assert not {*computed.numbers} & {*computed.octets}
        for value, found in computed.octets.items():
            assert value.made.size in {None, len(found)}


NUMBERS: Final = {
    s.OUR_ECDH,
    s.OUR_DH,
    s.THEIR_DH,
    s.PREKEY_SCALAR,
    s.LONG_TERM_SCALAR,
    s.OUR_TAG,
    s.THEIR_TAG,
    s.OUR_DH_FIRST,
    s.THEIR_DH_FIRST,
    s.ALICE_DH_FIRST,
    s.B,
    s.A,
}
"""The givens that are numbers."""


def test_only_what_is_wanted_is_computed_and_only_from_what_it_needs() -> None:
    chain_key = bytes(64)

    made = compute(s.MESSAGE, {}, {s.MESSAGE_CHAIN_KEY: chain_key}, (s.NEXT_CHAIN_KEY, s.MK_MAC))
    assert {*made.octets} == {s.MESSAGE_CHAIN_KEY, s.NEXT_CHAIN_KEY, s.MK_ENC, s.MK_MAC}

    # What is known is not computed again, and what it is made from is not needed.
    stored = {s.MK_ENC: b"\1" * 64}
    made = compute(s.MESSAGE, {}, stored, (s.MK_MAC, s.ENCRYPTION_KEY))
    assert made.octets == {
        **stored,
        s.ENCRYPTION_KEY: b"\1" * 32,
        s.MK_MAC: kdf.mk_mac(b"\1" * 64),
    }
    assert stored == {s.MK_ENC: b"\1" * 64}

    with pytest.raises(Malformed, match="data_message_sections: is not given"):
        compute(s.MESSAGE, {}, {s.MESSAGE_CHAIN_KEY: chain_key})


def test_a_shared_secret_with_leading_zeros_keeps_them() -> None:
    small = {s.DH_NUMBER: 7}

    made = compute(s.DAKE, small, {}, (s.THIRD_BRACE_KEY,))

    assert made.octets[s.K_DH] == bytes(383) + b"\7"
    assert made.octets[s.THIRD_BRACE_KEY] == kdf.third_brace_key(bytes(383) + b"\7")


@pytest.mark.parametrize(
    ("numbers", "octets", "fault"),
    [
        ({s.OUR_ECDH: 4}, {s.THEIR_ECDH: bytes(56)}, "their_ecdh: is not 57 bytes long"),
        ({s.OUR_ECDH: 4}, {s.THEIR_ECDH: b"\xff" * 57}, "POINT: has a y that is not less than p"),
        # The identity, and a point of order 4.
        ({s.OUR_ECDH: 4}, {s.THEIR_ECDH: b"\1" + bytes(56)}, "K_ecdh: has no contribution"),
        ({s.OUR_ECDH: 4}, {s.THEIR_ECDH: bytes(57)}, "K_ecdh: has no contribution"),
    ],
)
def test_a_point_that_gives_no_shared_secret_is_refused(
    numbers: dict[Value, int], octets: dict[Value, bytes], fault: str
) -> None:
    with pytest.raises(Malformed, match=fault):
        compute(s.DAKE, numbers, octets, (s.K_ECDH,))


def test_numbers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(Malformed, match="exponent: is less than one"):
        compute(s.DAKE, {s.OUR_DH: 0, s.THEIR_DH: 2}, {}, (s.K_DH,))
    for number in (-1, 1 << 3072):
        with pytest.raises(Malformed, match="does not fit into 384 bytes"):
            compute(s.DAKE, {s.DH_NUMBER: number}, {}, (s.K_DH,))


def test_operations_of_the_older_version_are_not_known() -> None:
    ours = Value("ours", "ours", "a number", Given())
    for made in (EndByte(ours, ours, 1, 2), Hash(Digest.SHA256, (1,))):
        value = Value("old", "old", "of OTRv3", made)
        old = Schedule("test", "old", "Old", ("A section",), "never", (ours, value), (value,))
        with pytest.raises(IllFormed, match="old: no schedule of OTRv4 computes so"):
            compute(old, {ours: 1}, {})


def test_nothing_secret_is_remembered() -> None:
    reader._plan.cache_clear()
    octets = {s.MESSAGE_CHAIN_KEY: b"\5" * 64}
    for _ in range(2):
        compute(s.MESSAGE, {}, octets, (s.MK_ENC,))

    assert reader._plan.cache_info().hits == 1
    assert reader._plan(s.MESSAGE, frozenset(octets), (s.MK_ENC,)) == (s.MK_ENC,)
