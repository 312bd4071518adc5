"""DAKEZ and XZDH: "Interactive DAKE Overview" and "Non-Interactive DAKE Overview".

As in the text, Bob begins (Identity message, prekey ensemble) and Alice answers (Auth-R,
Non-Interactive-Auth).  The standalone mode exchanges the names; the computation stays.
"""

from enum import Enum
from typing import NamedTuple

import second_kdf as kdf
from second_ed448 import Invalid, KeyPair, ecdh, generate, require, valid_point
from second_encoding import (
    AuthIMessage,
    AuthRMessage,
    DhPair,
    IdentityMessage,
    NonInteractiveAuthMessage,
    PrekeyEnsemble,
    PrekeyMessage,
    decode_auth_i,
    decode_auth_r,
    decode_client_profile,
    decode_identity,
    decode_non_interactive_auth,
    decode_prekey,
    decode_prekey_profile,
    dh,
    encode_auth_i,
    encode_auth_r,
    encode_data,
    encode_identity,
    encode_int,
    encode_mpi,
    encode_non_interactive_auth,
    encode_prekey,
    generate_dh,
    is_valid_dh,
    validate_client_profile,
)
from second_ring import RingRandom, RingSignature, rsig, rvrf


class PhiOrder(Enum):
    """In which order phi states both parties' first ephemeral keys, which the text leaves open."""

    BY_TAG = "those of the party with the lower instance tag first"
    INITIATOR_FIRST = "those of the party that sent the Identity message first"
    SENDER_FIRST = "those of the sender of the message being authenticated first"


class Context(NamedTuple):
    """What surrounds a DAKE.

    `phi_prime` holds the strings of phi'; `phi`, where given, replaces the whole of phi.
    """

    phi_prime: tuple[str, ...] = ()
    phi_order: PhiOrder = PhiOrder.BY_TAG
    phi: bytes | None = None
    identity_receiver_tag: int = 0


NO_CONTEXT = Context()


class Party(NamedTuple):
    """A party's long-lived values: seed of H, POINT F, encoded client profile, instance tag."""

    sym_h: bytes
    forging_key: bytes
    client_profile: bytes
    instance_tag: int


class InitiatorSecrets(NamedTuple):
    """Bob's fresh values: seeds (57 octets) of ECDH keys, exponents of DH keys, ring values."""

    y: bytes
    b: int
    our_ecdh_first: bytes
    our_dh_first: int
    ratchet_ecdh: bytes
    ratchet_dh: int
    ring: RingRandom


class ResponderSecrets(NamedTuple):
    """Alice's fresh values: seeds (57 octets) of ECDH keys, exponents of DH keys, ring values."""

    x: bytes
    a: int
    our_ecdh_first: bytes
    our_dh_first: int
    ring: RingRandom


class PrekeySecrets(NamedTuple):
    """Bob's values behind a prekey ensemble; `sym_d` is the seed of D."""

    y: bytes
    b: int
    sym_d: bytes
    prekey_profile: bytes
    identifier: int


class FirstKeys(NamedTuple):
    """One party's first ephemeral public keys, and its instance tag."""

    instance_tag: int
    ecdh: bytes
    dh: int


class RatchetKeys(NamedTuple):
    """What one DH ratchet computes; `k_dh` is None where the brace key is a hash of the last."""

    k_ecdh: bytes
    k_dh: bytes | None
    brace_key: bytes
    mixed_shared_secret: bytes
    prev_root_key: bytes
    curr_root_key: bytes
    chain_key: bytes


class RatchetStart(NamedTuple):
    """The double ratchet's state after a DAKE, and how it came about."""

    i: int
    j: int
    k: int
    pn: int
    max_remote_i_seen: int
    root_key: bytes
    chain_key_s: bytes | None
    chain_key_r: bytes | None
    our_ecdh: KeyPair | None
    their_ecdh: bytes
    our_dh: DhPair | None
    their_dh: int
    brace_key: bytes
    receiving: RatchetKeys | None
    sending: RatchetKeys | None


class InteractiveDake(NamedTuple):
    """Every message and every named value of the interactive DAKE."""

    identity: bytes
    auth_r: bytes
    auth_i: bytes
    h_b: KeyPair
    h_a: KeyPair
    y: KeyPair
    b: DhPair
    x: KeyPair
    a: DhPair
    bob_ecdh_first: KeyPair
    bob_dh_first: DhPair
    alice_ecdh_first: KeyPair
    alice_dh_first: DhPair
    k_ecdh: bytes
    k_dh: bytes
    brace_key: bytes
    mixed_shared_secret: bytes
    ssid: bytes
    phi_auth_r: bytes
    phi_auth_i: bytes
    t_auth_r: bytes
    t_auth_i: bytes
    sigma_auth_r: RingSignature
    sigma_auth_i: RingSignature
    first_root_key: bytes
    bob: RatchetStart
    alice: RatchetStart


class NonInteractiveDake(NamedTuple):
    """Every message and every named value of the non-interactive DAKE."""

    ensemble: PrekeyEnsemble
    prekey_message: bytes
    non_interactive_auth: bytes
    h_b: KeyPair
    h_a: KeyPair
    d_b: KeyPair
    y: KeyPair
    b: DhPair
    x: KeyPair
    a: DhPair
    alice_ecdh_first: KeyPair
    alice_dh_first: DhPair
    k_ecdh: bytes
    k_dh: bytes
    brace_key: bytes
    ecdh_shared_prekey: bytes
    ecdh_long_term: bytes
    tmp_k: bytes
    auth_mac_k: bytes
    auth_mac: bytes
    mixed_shared_secret: bytes
    ssid: bytes
    phi: bytes
    t: bytes
    sigma: RingSignature
    bob: RatchetStart
    alice: RatchetStart


def make_phi(
    tags: tuple[int, int], first: tuple[FirstKeys, ...], phi_prime: tuple[str, ...]
) -> bytes:
    """Phi of "Shared Session State": tags sorted, first keys as given, strings sorted.

    Strings are compared by their UTF-8 octets.
    """
    low, high = sorted(tags)
    keys = b"".join(one.ecdh + encode_mpi(one.dh) for one in first)
    strings = sorted(text.encode("utf-8") for text in phi_prime)
    return encode_int(low) + encode_int(high) + keys + b"".join(map(encode_data, strings))


def interactive_phi(
    context: Context, initiator: FirstKeys, responder: FirstKeys, *, initiator_sends: bool
) -> bytes:
    """Phi of an interactive DAKE, for a message of the initiator or of the responder."""
    if context.phi is not None:
        return context.phi
    first = (initiator, responder)
    if context.phi_order is PhiOrder.BY_TAG:
        first = (min(first), max(first))
    elif context.phi_order is PhiOrder.SENDER_FIRST and not initiator_sends:
        first = (responder, initiator)
    return make_phi((initiator.instance_tag, responder.instance_tag), first, context.phi_prime)


class Transcript(NamedTuple):
    """What the `t` of every message states: both profiles, Y, X, B, A."""

    bob_client_profile: bytes
    alice_client_profile: bytes
    y: bytes
    x: bytes
    b: int
    a: int


def t_auth_r(transcript: Transcript, phi: bytes) -> bytes:
    """The t of Auth-R ("Auth-R Message")."""
    return (
        b"\x00"
        + kdf.hwc(kdf.USAGE_AUTH_R_BOB_CLIENT_PROFILE, transcript.bob_client_profile, size=64)
        + kdf.hwc(kdf.USAGE_AUTH_R_ALICE_CLIENT_PROFILE, transcript.alice_client_profile, size=64)
        + transcript.y
        + transcript.x
        + encode_mpi(transcript.b)
        + encode_mpi(transcript.a)
        + kdf.hwc(kdf.USAGE_AUTH_R_PHI, phi, size=64)
    )


def t_auth_i(transcript: Transcript, phi: bytes) -> bytes:
    """The t of Auth-I ("Auth-I Message")."""
    return (
        b"\x01"
        + kdf.hwc(kdf.USAGE_AUTH_I_BOB_CLIENT_PROFILE, transcript.bob_client_profile, size=64)
        + kdf.hwc(kdf.USAGE_AUTH_I_ALICE_CLIENT_PROFILE, transcript.alice_client_profile, size=64)
        + transcript.y
        + transcript.x
        + encode_mpi(transcript.b)
        + encode_mpi(transcript.a)
        + kdf.hwc(kdf.USAGE_AUTH_I_PHI, phi, size=64)
    )


def t_non_interactive_auth(transcript: Transcript, shared_prekey: bytes, phi: bytes) -> bytes:
    """The t of Non-Interactive-Auth ("Non-Interactive-Auth Message"); it has no first octet."""
    bob, alice = transcript.bob_client_profile, transcript.alice_client_profile
    return (
        kdf.hwc(kdf.USAGE_NON_INT_AUTH_BOB_CLIENT_PROFILE, bob, size=64)
        + kdf.hwc(kdf.USAGE_NON_INT_AUTH_ALICE_CLIENT_PROFILE, alice, size=64)
        + transcript.y
        + transcript.x
        + encode_mpi(transcript.b)
        + encode_mpi(transcript.a)
        + shared_prekey
        + kdf.hwc(kdf.USAGE_NON_INT_AUTH_PHI, phi, size=64)
    )


def derive_ratchet_keys(
    k_ecdh: bytes, k_dh: bytes | None, brace_key: bytes, prev: bytes
) -> RatchetKeys:
    """One step of "Deriving Double Ratchet Keys".

    Args:
        k_ecdh: The ECDH shared secret.
        k_dh: The DH shared secret, or None to hash the previous brace key.
        brace_key: The previous brace key (unused where `k_dh` is given).
        prev: The previous root key.
    """
    brace = kdf.next_brace_key(brace_key) if k_dh is None else kdf.third_brace_key(k_dh)
    mixed = kdf.mixed_shared_secret(k_ecdh, brace)
    return RatchetKeys(
        k_ecdh, k_dh, brace, mixed, prev, kdf.root_key(prev, mixed), kdf.chain_key(prev, mixed)
    )


def _same(one: bytes, two: bytes) -> bytes:
    """What both parties computed."""
    require(one == two, "the parties disagree")
    return one


def _start_initiator(
    first_root_key: bytes,
    ours: tuple[KeyPair, DhPair],
    new: tuple[KeyPair, DhPair],
    theirs: FirstKeys,
) -> RatchetStart:
    """Bob's "Initializes the double-ratchet algorithm"."""
    receiving = derive_ratchet_keys(
        ecdh(ours[0].secret, theirs.ecdh), dh(ours[1].secret, theirs.dh), b"", first_root_key
    )
    sending = derive_ratchet_keys(
        ecdh(new[0].secret, theirs.ecdh),
        dh(new[1].secret, theirs.dh),
        b"",
        receiving.curr_root_key,
    )
    return RatchetStart(
        i=1,
        j=0,
        k=0,
        pn=0,
        max_remote_i_seen=-1,
        root_key=sending.curr_root_key,
        chain_key_s=sending.chain_key,
        chain_key_r=receiving.chain_key,
        our_ecdh=new[0],
        their_ecdh=theirs.ecdh,
        our_dh=new[1],
        their_dh=theirs.dh,
        brace_key=sending.brace_key,
        receiving=receiving,
        sending=sending,
    )


def _start_responder(
    first_root_key: bytes, ours: tuple[KeyPair, DhPair], theirs: FirstKeys
) -> RatchetStart:
    """Alice's "Initializes the double-ratchet algorithm"."""
    sending = derive_ratchet_keys(
        ecdh(ours[0].secret, theirs.ecdh), dh(ours[1].secret, theirs.dh), b"", first_root_key
    )
    return RatchetStart(
        i=0,
        j=0,
        k=0,
        pn=0,
        max_remote_i_seen=-1,
        root_key=sending.curr_root_key,
        chain_key_s=sending.chain_key,
        chain_key_r=None,
        our_ecdh=ours[0],
        their_ecdh=theirs.ecdh,
        our_dh=ours[1],
        their_dh=theirs.dh,
        brace_key=sending.brace_key,
        receiving=None,
        sending=sending,
    )


def interactive_dake(
    bob: Party,
    bob_secrets: InitiatorSecrets,
    alice: Party,
    alice_secrets: ResponderSecrets,
    context: Context = NO_CONTEXT,
) -> InteractiveDake:
    """Run the interactive DAKE of both parties ("Interactive DAKE Overview")."""
    h_b, h_a = generate(bob.sym_h), generate(alice.sym_h)
    y, x = generate(bob_secrets.y), generate(alice_secrets.x)
    b, a = generate_dh(bob_secrets.b), generate_dh(alice_secrets.a)
    bob_first = generate(bob_secrets.our_ecdh_first), generate_dh(bob_secrets.our_dh_first)
    alice_first = generate(alice_secrets.our_ecdh_first), generate_dh(alice_secrets.our_dh_first)
    bob_keys = FirstKeys(bob.instance_tag, bob_first[0].public, bob_first[1].public)
    alice_keys = FirstKeys(alice.instance_tag, alice_first[0].public, alice_first[1].public)

    identity = encode_identity(
        IdentityMessage(
            bob.instance_tag,
            context.identity_receiver_tag,
            bob.client_profile,
            y.public,
            b.public,
            bob_keys.ecdh,
            bob_keys.dh,
        )
    )

    transcript = Transcript(
        bob.client_profile, alice.client_profile, y.public, x.public, b.public, a.public
    )
    phi_r = interactive_phi(context, bob_keys, alice_keys, initiator_sends=False)
    t_r = t_auth_r(transcript, phi_r)
    sigma_r = rsig(h_a.secret, (bob.forging_key, h_a.public, y.public), t_r, alice_secrets.ring)
    auth_r = encode_auth_r(
        AuthRMessage(
            alice.instance_tag,
            bob.instance_tag,
            alice.client_profile,
            x.public,
            a.public,
            sigma_r.sigma,
            alice_keys.ecdh,
            alice_keys.dh,
        )
    )

    phi_i = interactive_phi(context, bob_keys, alice_keys, initiator_sends=True)
    t_i = t_auth_i(transcript, phi_i)
    sigma_i = rsig(h_b.secret, (h_b.public, alice.forging_key, x.public), t_i, bob_secrets.ring)
    auth_i = encode_auth_i(AuthIMessage(bob.instance_tag, alice.instance_tag, sigma_i.sigma))

    k_ecdh = _same(ecdh(x.secret, y.public), ecdh(y.secret, x.public))
    k_dh = _same(dh(a.secret, b.public), dh(b.secret, a.public))
    brace_key = kdf.third_brace_key(k_dh)
    mixed = kdf.mixed_shared_secret(k_ecdh, brace_key)
    first_root_key = kdf.first_root_key(mixed)
    new = generate(bob_secrets.ratchet_ecdh), generate_dh(bob_secrets.ratchet_dh)
    return InteractiveDake(
        identity=identity,
        auth_r=auth_r,
        auth_i=auth_i,
        h_b=h_b,
        h_a=h_a,
        y=y,
        b=b,
        x=x,
        a=a,
        bob_ecdh_first=bob_first[0],
        bob_dh_first=bob_first[1],
        alice_ecdh_first=alice_first[0],
        alice_dh_first=alice_first[1],
        k_ecdh=k_ecdh,
        k_dh=k_dh,
        brace_key=brace_key,
        mixed_shared_secret=mixed,
        ssid=kdf.ssid(mixed),
        phi_auth_r=phi_r,
        phi_auth_i=phi_i,
        t_auth_r=t_r,
        t_auth_i=t_i,
        sigma_auth_r=sigma_r,
        sigma_auth_i=sigma_i,
        first_root_key=first_root_key,
        bob=_start_initiator(first_root_key, bob_first, new, alice_keys),
        alice=_start_responder(first_root_key, alice_first, bob_keys),
    )


def non_interactive_dake(
    bob: Party,
    bob_secrets: PrekeySecrets,
    alice: Party,
    alice_secrets: ResponderSecrets,
    context: Context = NO_CONTEXT,
) -> NonInteractiveDake:
    """Run the non-interactive DAKE of both parties ("Non-Interactive DAKE Overview")."""
    h_b, h_a, d_b = generate(bob.sym_h), generate(alice.sym_h), generate(bob_secrets.sym_d)
    y, x = generate(bob_secrets.y), generate(alice_secrets.x)
    b, a = generate_dh(bob_secrets.b), generate_dh(alice_secrets.a)
    first_ecdh = generate(alice_secrets.our_ecdh_first)
    first_dh = generate_dh(alice_secrets.our_dh_first)
    prekey_message = encode_prekey(
        PrekeyMessage(bob_secrets.identifier, bob.instance_tag, y.public, b.public)
    )

    k_ecdh = _same(ecdh(x.secret, y.public), ecdh(y.secret, x.public))
    k_dh = _same(dh(a.secret, b.public), dh(b.secret, a.public))
    brace_key = kdf.third_brace_key(k_dh)
    shared = _same(ecdh(x.secret, d_b.public), ecdh(d_b.secret, x.public))
    long_term = _same(ecdh(x.secret, h_b.public), ecdh(h_b.secret, x.public))
    tmp_k = kdf.kdf(kdf.USAGE_TMP_KEY, k_ecdh, shared, long_term, brace_key, size=64)
    auth_mac_k = kdf.kdf(kdf.USAGE_AUTH_MAC_KEY, tmp_k, size=64)

    first_keys = FirstKeys(alice.instance_tag, first_ecdh.public, first_dh.public)
    phi = context.phi
    if phi is None:
        tags = (alice.instance_tag, bob.instance_tag)
        phi = make_phi(tags, (first_keys,), context.phi_prime)
    transcript = Transcript(
        bob.client_profile, alice.client_profile, y.public, x.public, b.public, a.public
    )
    t = t_non_interactive_auth(transcript, d_b.public, phi)
    ring = (bob.forging_key, h_a.public, y.public)
    sigma = rsig(h_a.secret, ring, t, alice_secrets.ring)
    auth_mac = kdf.hcmac(kdf.USAGE_AUTH_MAC, auth_mac_k, t, size=64)
    message = encode_non_interactive_auth(
        NonInteractiveAuthMessage(
            alice.instance_tag,
            bob.instance_tag,
            alice.client_profile,
            x.public,
            a.public,
            sigma.sigma,
            bob_secrets.identifier,
            auth_mac,
            first_ecdh.public,
            first_dh.public,
        )
    )

    mixed = kdf.kdf(kdf.USAGE_SHARED_SECRET, tmp_k, size=64)
    chain_key = kdf.chain_key(mixed)
    start = RatchetStart(
        i=1,
        j=0,
        k=0,
        pn=0,
        max_remote_i_seen=-1,
        root_key=kdf.root_key(mixed),
        chain_key_s=chain_key,
        chain_key_r=None,
        our_ecdh=first_ecdh,
        their_ecdh=y.public,
        our_dh=first_dh,
        their_dh=b.public,
        brace_key=brace_key,
        receiving=None,
        sending=None,
    )
    return NonInteractiveDake(
        ensemble=PrekeyEnsemble(bob.client_profile, bob_secrets.prekey_profile, prekey_message),
        prekey_message=prekey_message,
        non_interactive_auth=message,
        h_b=h_b,
        h_a=h_a,
        d_b=d_b,
        y=y,
        b=b,
        x=x,
        a=a,
        alice_ecdh_first=first_ecdh,
        alice_dh_first=first_dh,
        k_ecdh=k_ecdh,
        k_dh=k_dh,
        brace_key=brace_key,
        ecdh_shared_prekey=shared,
        ecdh_long_term=long_term,
        tmp_k=tmp_k,
        auth_mac_k=auth_mac_k,
        auth_mac=auth_mac,
        mixed_shared_secret=mixed,
        ssid=kdf.ssid(mixed),
        phi=phi,
        t=t,
        sigma=sigma,
        bob=start._replace(
            chain_key_s=None,
            chain_key_r=chain_key,
            our_ecdh=None,
            their_ecdh=first_ecdh.public,
            our_dh=None,
            their_dh=first_dh.public,
        ),
        alice=start,
    )


# --- Verifying what was received --------------------------------------------------------------


def _valid_keys(points: tuple[bytes, ...], numbers: tuple[int, ...]) -> None:
    """Check ephemeral public keys."""
    for point in points:
        valid_point(point)
    for number in numbers:
        require(is_valid_dh(number), "the DH key is not in the group")


def verify_identity(identity: bytes, now: int) -> IdentityMessage:
    """Verify an Identity message ("Identity Message")."""
    message = decode_identity(identity)
    profile = decode_client_profile(message.client_profile)
    validate_client_profile(profile, message.sender_tag, now)
    _valid_keys((message.y, message.ecdh_first), (message.b, message.dh_first))
    return message


def _first_keys(message: IdentityMessage | AuthRMessage) -> FirstKeys:
    """The first ephemeral keys that a message states."""
    return FirstKeys(message.sender_tag, message.ecdh_first, message.dh_first)


def _transcript(identity: IdentityMessage, auth_r: AuthRMessage) -> Transcript:
    """What the t of both authentications states."""
    return Transcript(
        identity.client_profile, auth_r.client_profile, identity.y, auth_r.x, identity.b, auth_r.a
    )


def verify_auth_r(
    identity: bytes, auth_r: bytes, now: int, context: Context = NO_CONTEXT
) -> AuthRMessage:
    """Verify an Auth-R message that answers an Identity message ("Auth-R Message")."""
    first, message = decode_identity(identity), decode_auth_r(auth_r)
    require(message.receiver_tag == first.sender_tag, "the message is for another client")
    profile = decode_client_profile(message.client_profile)
    validate_client_profile(profile, message.sender_tag, now)
    _valid_keys((message.x, message.ecdh_first), (message.a, message.dh_first))
    phi = interactive_phi(context, _first_keys(first), _first_keys(message), initiator_sends=False)
    forging_key = decode_client_profile(first.client_profile).forging_key
    ring = (forging_key, profile.public_key, first.y)
    t = t_auth_r(_transcript(first, message), phi)
    require(rvrf(ring, message.sigma, t), "sigma is wrong")
    return message


def verify_auth_i(
    identity: bytes, auth_r: bytes, auth_i: bytes, context: Context = NO_CONTEXT
) -> AuthIMessage:
    """Verify an Auth-I message that answers an Auth-R message ("Auth-I Message")."""
    first, second = decode_identity(identity), decode_auth_r(auth_r)
    message = decode_auth_i(auth_i)
    require(message.receiver_tag == second.sender_tag, "the message is for another client")
    phi = interactive_phi(context, _first_keys(first), _first_keys(second), initiator_sends=True)
    ring = (
        decode_client_profile(first.client_profile).public_key,
        decode_client_profile(second.client_profile).forging_key,
        second.x,
    )
    t = t_auth_i(_transcript(first, second), phi)
    require(rvrf(ring, message.sigma, t), "sigma is wrong")
    return message


def verify_non_interactive_auth(
    ensemble: PrekeyEnsemble,
    auth: bytes,
    auth_mac_k: bytes,
    now: int,
    context: Context = NO_CONTEXT,
) -> NonInteractiveAuthMessage:
    """Verify a Non-Interactive-Auth message ("Non-Interactive DAKE Overview", Bob's part)."""
    prekey, message = decode_prekey(ensemble.prekey_message), decode_non_interactive_auth(auth)
    require(message.receiver_tag == prekey.instance_tag, "the message is for another client")
    _valid_keys((message.x, message.ecdh_first), (message.a, message.dh_first))
    profile = decode_client_profile(message.client_profile)
    validate_client_profile(profile, message.sender_tag, now)
    require(message.prekey_identifier == prekey.identifier, "the prekey message is another")
    own = decode_client_profile(ensemble.client_profile)
    phi = context.phi
    if phi is None:
        first = FirstKeys(message.sender_tag, message.ecdh_first, message.dh_first)
        phi = make_phi((message.sender_tag, prekey.instance_tag), (first,), context.phi_prime)
    t = t_non_interactive_auth(
        Transcript(own.encoded, profile.encoded, prekey.y, message.x, prekey.b, message.a),
        decode_prekey_profile(ensemble.prekey_profile).shared_prekey,
        phi,
    )
    if not rvrf((own.forging_key, profile.public_key, prekey.y), message.sigma, t):
        what = "sigma is wrong"
        raise Invalid(what)
    expected = kdf.hcmac(kdf.USAGE_AUTH_MAC, auth_mac_k, t, size=64)
    require(expected == message.auth_mac, "the Auth MAC is wrong")
    return message
