"""The key schedules of OTR version 4: what is computed from secrets, and what is hashed and signed.

Long-term keys and fingerprints; the mixed shared secret K of both DAKEs, with the secure session id
and the keys that the double ratchet begins with; the DH ratchet, whose every third step has a new
brace key; the chain of message keys, and that of extra symmetric keys; the secret that SMP
compares; the shared session state, and the three values `t` that a DAKE signs.

Every key and hash is SHAKE-256 of the prefix, a usage and values: `usages` says which byte a usage
is, and how much of the output is taken. Whether the text calls it KDF, HWC or HCMAC makes no
difference to what is computed.

"Ours" and "theirs" are whoever computes. In a DAKE Bob is who began it, or published a prekey
ensemble; Alice answers. X, x, A and a are hers, Y, y, B and b are his.

What a clock or a longer memory would learn is not for a schedule to say; the text names what is to
be deleted, and only `results` are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_model.kernel.schedule import (
    Chosen,
    Encoded,
    Given,
    Multiple,
    Octets,
    Part,
    Power,
    Pruned,
    Schedule,
    Shake,
    Usage,
    Value,
)

from . import ambiguities, layouts, usages
from .groups4 import ED448, MODP_3072

if TYPE_CHECKING:
    from otr_model.kernel.ambiguity import Ambiguity

_POINT: Final = ED448.size


# --- The function -----------------------------------------------------------------------------

_CAPITALS: Final = frozenset({"ssid", "mac", "smp"})
"""Words that the text writes in capitals, also in the name of a usage."""


def _spelt(usage: usages.Usage) -> str:
    """The name of a usage as the text has it."""
    words = usage.name.lower().split("_")
    return "_".join(("usage", *(word.upper() if word in _CAPITALS else word for word in words)))


def _shake(usage: usages.Usage, *pieces: int | Value) -> Shake:
    """KDF, HWC or HCMAC under a usage."""
    return Shake(
        pieces,
        usage.size,
        usage.function.name,
        usages.PREFIX,
        Usage(_spelt(usage), usage.byte),
    )


# --- Long-term and ephemeral key pairs --------------------------------------------------------

SYM_KEY: Final = Value(
    "sym-key",
    "sym_key",
    "random; r of generateECDH. That of a long-term key signs profiles, too",
    Given(_POINT),
)
DIGEST: Final = Value("digest", "digest", "holds h", Shake((SYM_KEY,), 2 * _POINT))
LOWER_HALF: Final = Value("h", "h", "becomes the secret scalar", Part(DIGEST, 0, _POINT))
SECRET_SCALAR: Final = Value(
    "sk",
    "sk",
    "the secret scalar; a multiple of the cofactor, and always as long",
    Pruned(LOWER_HALF, ED448.cofactor.bit_length() - 1, ED448.prime.bit_length() - 1),
)
PUBLIC_POINT: Final = Value(
    "public", "H or D", "the public key, or our_ecdh.public", Multiple(ED448, SECRET_SCALAR)
)

KEYPAIR: Final = Schedule(
    layouts.PROTOCOL,
    "keypair",
    "Key pair on Ed448",
    (
        "Public keys, Shared Prekeys, Forging keys and Fingerprints",
        "Generating ECDH and DH keys",
    ),
    "once for each long-term key, shared prekey and ephemeral ECDH key",
    values=(SYM_KEY, DIGEST, LOWER_HALF, SECRET_SCALAR, PUBLIC_POINT),
    results=(SECRET_SCALAR, PUBLIC_POINT),
)

PUBLIC_KEY: Final = Value("public-key", "H", "the long-term public key", Given(_POINT))
FORGING_KEY: Final = Value("forging-key", "F", "the long-term forging key", Given(_POINT))
BOTH_KEYS: Final = Value(
    "keys",
    "byte(H) || byte(F)",
    "both keys, without their types",
    Encoded(layouts.FINGERPRINT, (PUBLIC_KEY, FORGING_KEY)),
    ambiguities.FINGERPRINT_BYTES,
)
FINGERPRINT_HASH: Final = Value(
    "fingerprint",
    "fingerprint",
    "what a user compares, and SMP",
    _shake(usages.Usage.FINGERPRINT, BOTH_KEYS),
)

FINGERPRINT: Final = Schedule(
    layouts.PROTOCOL,
    "fingerprint",
    "Fingerprint",
    ("Public keys, Shared Prekeys, Forging keys and Fingerprints",),
    "from the keys of a client profile",
    values=(PUBLIC_KEY, FORGING_KEY, BOTH_KEYS, FINGERPRINT_HASH),
    results=(FINGERPRINT_HASH,),
)


# --- The shared secrets of one exchange -------------------------------------------------------

OUR_ECDH: Final = Value("our-ecdh", "our_ecdh.secret", "our ephemeral scalar", Given())
THEIR_ECDH: Final = Value("their-ecdh", "their_ecdh", "their ephemeral point", Given(_POINT))
OUR_DH: Final = Value("our-dh", "our_dh.secret", "our ephemeral exponent", Given())
THEIR_DH: Final = Value("their-dh", "their_dh", "their ephemeral DH key", Given())

K_ECDH: Final = Value(
    "k-ecdh",
    "K_ecdh",
    "the ECDH shared secret; the identity is refused",
    Multiple(ED448, OUR_ECDH, THEIR_ECDH),
    ambiguities.ALL_ZERO,
)
DH_NUMBER: Final = Value(
    "dh", "DH(a, B)", "the DH shared secret, a number", Power(MODP_3072, THEIR_DH, OUR_DH)
)
K_DH: Final = Value(
    "k-dh", "k_dh", "the DH shared secret", Octets(DH_NUMBER, MODP_3072.size), ambiguities.K_DH
)
THIRD_BRACE_KEY: Final = Value(
    "brace-key",
    "brace_key",
    "protects K if curves are broken",
    _shake(usages.Usage.THIRD_BRACE_KEY, K_DH),
)
_EXCHANGE: Final = (
    OUR_ECDH,
    THEIR_ECDH,
    K_ECDH,
    OUR_DH,
    THEIR_DH,
    DH_NUMBER,
    K_DH,
    THIRD_BRACE_KEY,
)


def _session_id(mixed: Value) -> Value:
    """The secure session id of K."""
    return Value("ssid", "SSID", "the secure session id", _shake(usages.Usage.SSID, mixed))


# --- The interactive DAKE ---------------------------------------------------------------------

K: Final = Value(
    "k",
    "K",
    "the mixed shared secret",
    _shake(usages.Usage.SHARED_SECRET, K_ECDH, THIRD_BRACE_KEY),
)
SSID: Final = _session_id(K)
FIRST_ROOT_KEY: Final = Value(
    "first-root-key",
    "prev_root_key",
    "K as the root key before the first ratchet",
    _shake(usages.Usage.FIRST_ROOT_KEY, K),
)

DAKE: Final = Schedule(
    layouts.PROTOCOL,
    "dake",
    "Keys of the interactive DAKE",
    ("Interactive DAKE Overview", "Shared Secrets", "Generating Shared Secrets"),
    "once on each side, from x and Y, a and B, or from y and X, b and A; the double ratchet then "
    "begins with a third ratchet of the first keys of both",
    values=(*_EXCHANGE, K, SSID, FIRST_ROOT_KEY),
    results=(SSID, FIRST_ROOT_KEY),
)


# --- The non-interactive DAKE -----------------------------------------------------------------

PREKEY_SCALAR: Final = Value(
    "prekey-scalar", "prekey scalar", "Alice's x; Bob's our_shared_prekey.secret", Given()
)
PREKEY_POINT: Final = Value(
    "prekey-point", "prekey point", "for Alice their_shared_prekey, D_b; for Bob X", Given(_POINT)
)
WITH_PREKEY: Final = Value(
    "with-prekey",
    "ECDH(x, D_b)",
    "a shared secret that Bob's shared prekey goes into",
    Multiple(ED448, PREKEY_SCALAR, PREKEY_POINT),
)
LONG_TERM_SCALAR: Final = Value(
    "long-term-scalar", "long-term scalar", "Alice's x; Bob's sk_hb", Given()
)
LONG_TERM_POINT: Final = Value(
    "long-term-point", "long-term point", "for Alice H_b; for Bob X", Given(_POINT)
)
WITH_LONG_TERM: Final = Value(
    "with-long-term",
    "ECDH(x, H_b)",
    "a shared secret that Bob's long-term key goes into",
    Multiple(ED448, LONG_TERM_SCALAR, LONG_TERM_POINT),
)
OFFLINE_BRACE_KEY: Final = Value(
    THIRD_BRACE_KEY.name,
    THIRD_BRACE_KEY.title,
    "protects K if curves are broken; the next ratchet's is made from it",
    THIRD_BRACE_KEY.made,
    ambiguities.BRACE_KEY_KEPT,
)
TMP_K: Final = Value(
    "tmp-k",
    "tmp_k",
    "what K and the key of the Auth MAC are made from",
    _shake(usages.Usage.TMP_KEY, K_ECDH, WITH_PREKEY, WITH_LONG_TERM, OFFLINE_BRACE_KEY),
)
AUTH_MAC_K: Final = Value(
    "auth-mac-k", "auth_mac_k", "the key of the Auth MAC", _shake(usages.Usage.AUTH_MAC_KEY, TMP_K)
)
OFFLINE_K: Final = Value(
    "k", "K", "the mixed shared secret", _shake(usages.Usage.SHARED_SECRET, TMP_K)
)
OFFLINE_SSID: Final = _session_id(OFFLINE_K)
OFFLINE_ROOT_KEY: Final = Value(
    "root-key", "curr_root_key", "the root key", _shake(usages.Usage.ROOT_KEY, OFFLINE_K)
)
OFFLINE_CHAIN_KEY: Final = Value(
    "chain-key",
    "chain_key",
    "Alice's first sending chain key, Bob's first receiving one",
    _shake(usages.Usage.CHAIN_KEY, OFFLINE_K),
)

OFFLINE: Final = Schedule(
    layouts.PROTOCOL,
    "offline",
    "Keys of the non-interactive DAKE",
    ("Non-Interactive DAKE Overview", "Non-Interactive-Auth Message"),
    "by Alice once she has a prekey ensemble, and by Bob when the Non-Interactive-Auth message "
    "arrives; our_ecdh is x and their_ecdh Y, or y and X",
    values=(
        *_EXCHANGE[:-1],
        OFFLINE_BRACE_KEY,
        PREKEY_SCALAR,
        PREKEY_POINT,
        WITH_PREKEY,
        LONG_TERM_SCALAR,
        LONG_TERM_POINT,
        WITH_LONG_TERM,
        TMP_K,
        AUTH_MAC_K,
        OFFLINE_K,
        OFFLINE_SSID,
        OFFLINE_ROOT_KEY,
        OFFLINE_CHAIN_KEY,
    ),
    results=(OFFLINE_BRACE_KEY, AUTH_MAC_K, OFFLINE_SSID, OFFLINE_ROOT_KEY, OFFLINE_CHAIN_KEY),
)


# --- The DH ratchet ---------------------------------------------------------------------------

PREV_ROOT_KEY: Final = Value(
    "prev-root-key", "prev_root_key", "the root key so far", Given(usages.Usage.ROOT_KEY.size)
)
PREV_BRACE_KEY: Final = Value(
    "prev-brace-key", "brace_key", "that of the ratchet before", Given(usages.Usage.BRACE_KEY.size)
)
NEXT_BRACE_KEY: Final = Value(
    "brace-key",
    "brace_key",
    "takes the place of the one before",
    _shake(usages.Usage.BRACE_KEY, PREV_BRACE_KEY),
)
RATCHET_K: Final = Value(
    "k",
    "K",
    "the mixed shared secret",
    _shake(usages.Usage.SHARED_SECRET, K_ECDH, NEXT_BRACE_KEY),
)


def _root_key(mixed: Value) -> Value:
    """The next root key, of the one before and K."""
    return Value(
        "curr-root-key",
        "curr_root_key",
        "takes the place of the one before",
        _shake(usages.Usage.ROOT_KEY, PREV_ROOT_KEY, mixed),
    )


def _chain_key(mixed: Value) -> Value:
    """The first chain key of a ratchet, of the root key before and K."""
    return Value(
        "chain-key",
        "chain_key",
        "for the first message of the ratchet",
        _shake(usages.Usage.CHAIN_KEY, PREV_ROOT_KEY, mixed),
    )


THIRD_ROOT_KEY: Final = _root_key(K)
THIRD_CHAIN_KEY: Final = _chain_key(K)
CURR_ROOT_KEY: Final = _root_key(RATCHET_K)
CHAIN_KEY: Final = _chain_key(RATCHET_K)

THIRD_RATCHET: Final = Schedule(
    layouts.PROTOCOL,
    "third-ratchet",
    "Keys of a third ratchet",
    (
        "Deriving Double Ratchet Keys",
        "Rotating ECDH Keys and Brace Key as sender",
        "Rotating ECDH Keys and Brace Key as receiver",
    ),
    "in every ratchet whose id is a multiple of 3, by its sender and its receiver; the first ones "
    "of an interactive conversation are of this kind",
    values=(*_EXCHANGE, K, PREV_ROOT_KEY, THIRD_ROOT_KEY, THIRD_CHAIN_KEY),
    results=(THIRD_BRACE_KEY, THIRD_ROOT_KEY, THIRD_CHAIN_KEY),
    replaces=((THIRD_ROOT_KEY, PREV_ROOT_KEY),),
)
RATCHET: Final = Schedule(
    layouts.PROTOCOL,
    "ratchet",
    "Keys of the other ratchets",
    THIRD_RATCHET.sections,
    "in every other ratchet, by its sender and its receiver",
    values=(
        OUR_ECDH,
        THEIR_ECDH,
        K_ECDH,
        PREV_BRACE_KEY,
        NEXT_BRACE_KEY,
        RATCHET_K,
        PREV_ROOT_KEY,
        CURR_ROOT_KEY,
        CHAIN_KEY,
    ),
    results=(NEXT_BRACE_KEY, CURR_ROOT_KEY, CHAIN_KEY),
    replaces=((NEXT_BRACE_KEY, PREV_BRACE_KEY), (CURR_ROOT_KEY, PREV_ROOT_KEY)),
)


# --- The chain of one ratchet -----------------------------------------------------------------

EXTRA_KEY_BYTE: Final = 0xFF
"""What follows the usage of the extra symmetric key of a message."""

MESSAGE_CHAIN_KEY: Final = Value(
    "chain-key", "chain_key", "for this message", Given(usages.Usage.CHAIN_KEY.size)
)
NEXT_CHAIN_KEY: Final = Value(
    "next-chain-key",
    "next chain_key",
    "for the message after it; takes the place of this one",
    _shake(usages.Usage.NEXT_CHAIN_KEY, MESSAGE_CHAIN_KEY),
)
MK_ENC: Final = Value(
    "mk-enc",
    "MKenc",
    "the message key; kept where the message has not arrived yet",
    _shake(usages.Usage.MESSAGE_KEY, MESSAGE_CHAIN_KEY),
)
ENCRYPTION_KEY: Final = Value(
    "encryption-key", "ChaCha20 key", "encrypts the message", Part(MK_ENC, 0, 32)
)
MK_MAC: Final = Value(
    "mk-mac",
    "MKmac",
    "authenticates the message; its receiver reveals it later",
    _shake(usages.Usage.MAC_KEY, MK_ENC),
)
SECTIONS: Final = Value(
    "sections",
    "data_message_sections",
    "the Data Message from its version to what is encrypted",
    Given(),
)
AUTHENTICATOR: Final = Value(
    "authenticator",
    "Authenticator",
    "of the Data Message",
    _shake(usages.Usage.AUTHENTICATOR, MK_MAC, SECTIONS),
)
EXTRA_SYMM_KEY: Final = Value(
    "extra-symm-key",
    "extra_symm_key",
    "for the application",
    _shake(usages.Usage.EXTRA_SYMM_KEY, EXTRA_KEY_BYTE, MESSAGE_CHAIN_KEY),
)

MESSAGE: Final = Schedule(
    layouts.PROTOCOL,
    "message",
    "Keys of a Data Message",
    (
        "When you send a Data Message:",
        "Calculating Encryption and MAC Keys",
        "Extra Symmetric Key",
    ),
    "for each Data Message, by its sender and its receiver",
    values=(
        MESSAGE_CHAIN_KEY,
        NEXT_CHAIN_KEY,
        MK_ENC,
        ENCRYPTION_KEY,
        MK_MAC,
        SECTIONS,
        AUTHENTICATOR,
        EXTRA_SYMM_KEY,
    ),
    results=(NEXT_CHAIN_KEY, MK_MAC, AUTHENTICATOR, EXTRA_SYMM_KEY),
    replaces=((NEXT_CHAIN_KEY, MESSAGE_CHAIN_KEY),),
)

PREVIOUS_EXTRA_KEY: Final = Value(
    "previous",
    "extra_sym_key_n",
    "the extra symmetric key of the message, or the one made from it last",
    Given(usages.Usage.EXTRA_SYMM_KEY.size),
)
EXTRA_INDEX: Final = Value(
    "index", "index", "the place of the TLV of type 7 among all TLVs, from 0", Given(1)
)
EXTRA_CONTEXT: Final = Value("context", "context", "what that TLV says the key is for", Given(4))
NEXT_EXTRA_KEY: Final = Value(
    "next",
    "extra_sym_key_n+1",
    "for the application; takes the place of the one before",
    Shake(
        (EXTRA_INDEX, EXTRA_CONTEXT, PREVIOUS_EXTRA_KEY),
        usages.Usage.EXTRA_SYMM_KEY.size,
        usages.Function.KDF.name,
        usages.PREFIX,
    ),
    ambiguities.EXTRA_KEYS,
)

EXTRA: Final = Schedule(
    layouts.PROTOCOL,
    "extra",
    "Further extra symmetric keys",
    ("Extra Symmetric Key",),
    "for each TLV of type 7 of a Data Message, in order",
    values=(EXTRA_INDEX, EXTRA_CONTEXT, PREVIOUS_EXTRA_KEY, NEXT_EXTRA_KEY),
    results=(NEXT_EXTRA_KEY,),
    replaces=((NEXT_EXTRA_KEY, PREVIOUS_EXTRA_KEY),),
)


# --- SMP --------------------------------------------------------------------------------------

_FINGERPRINT: Final = usages.Usage.FINGERPRINT.size

INITIATOR: Final = Value(
    "initiator", "Initiator fingerprint", "of who began SMP", Given(_FINGERPRINT)
)
RESPONDER: Final = Value(
    "responder", "Responder fingerprint", "of who did not", Given(_FINGERPRINT)
)
SESSION_ID: Final = Value("ssid", "SSID", "from the DAKE", Given(usages.Usage.SSID.size))
USER_SECRET: Final = Value("secret", "User-specified secret", "what the user typed", Given())
SECRET_INFORMATION: Final = Value(
    "information",
    "secret information",
    "ties what the user typed to the conversation",
    Encoded(layouts.SMP_SECRET, (INITIATOR, RESPONDER, SESSION_ID, USER_SECRET)),
)
SECRET_DIGEST: Final = Value(
    "digest",
    "digest",
    "holds x or y",
    _shake(usages.Usage.SMP_SECRET, SECRET_INFORMATION),
    ambiguities.SMP_SECRET_BYTES,
)
COMPARED: Final = Value(
    "compared",
    "x or y",
    "what SMP compares",
    Pruned(SECRET_DIGEST, ED448.cofactor.bit_length() - 1, ED448.prime.bit_length() - 1),
)

SMP_SECRET: Final = Schedule(
    layouts.PROTOCOL,
    "smp-secret",
    "Secret of SMP",
    ("Secret Information",),
    "on each side, once the user has typed the secret",
    values=(
        INITIATOR,
        RESPONDER,
        SESSION_ID,
        USER_SECRET,
        SECRET_INFORMATION,
        SECRET_DIGEST,
        COMPARED,
    ),
    results=(COMPARED,),
)


# --- The shared session state -----------------------------------------------------------------

OUR_TAG: Final = Value("our-tag", "our instance tag", "of our client", Given())
THEIR_TAG: Final = Value("their-tag", "their instance tag", "of their client", Given())
OUR_ECDH_FIRST: Final = Value(
    "our-ecdh-first", "our_ecdh_first", "our first ECDH key of the ratchet", Given(_POINT)
)
OUR_DH_FIRST: Final = Value(
    "our-dh-first", "our_dh_first", "our first DH key of the ratchet", Given()
)
THEIR_ECDH_FIRST: Final = Value(
    "their-ecdh-first", "their_ecdh_first", "their first ECDH key of the ratchet", Given(_POINT)
)
THEIR_DH_FIRST: Final = Value(
    "their-dh-first", "their_dh_first", "their first DH key of the ratchet", Given()
)
PHI_PRIME: Final = Value(
    "phi-prime",
    "phi'",
    "what the network or application adds: texts as DATA, in the order of their bytes",
    Given(),
)


def _in_order(name: str, title: str, about: str, ours: Value, theirs: Value) -> Value:
    """What belongs to the lower of the two tags."""
    return Value(name, title, about, Chosen(OUR_TAG, THEIR_TAG, ours, theirs))


LOWER_TAG: Final = _in_order(
    "lower-tag", "lower tag", "comes first in phi, with its keys", OUR_TAG, THEIR_TAG
)
HIGHER_TAG: Final = _in_order("higher-tag", "higher tag", "comes second", THEIR_TAG, OUR_TAG)
LOWER_ECDH: Final = _in_order(
    "lower-ecdh", "ECDH key of the lower tag", "comes first", OUR_ECDH_FIRST, THEIR_ECDH_FIRST
)
LOWER_DH: Final = _in_order(
    "lower-dh", "DH key of the lower tag", "comes first", OUR_DH_FIRST, THEIR_DH_FIRST
)
HIGHER_ECDH: Final = _in_order(
    "higher-ecdh", "ECDH key of the higher tag", "comes second", THEIR_ECDH_FIRST, OUR_ECDH_FIRST
)
HIGHER_DH: Final = _in_order(
    "higher-dh", "DH key of the higher tag", "comes second", THEIR_DH_FIRST, OUR_DH_FIRST
)
PHI_VALUE: Final = Value(
    "phi",
    "phi",
    "what both sides believe about the conversation",
    Encoded(
        layouts.PHI,
        (LOWER_TAG, HIGHER_TAG, LOWER_ECDH, LOWER_DH, HIGHER_ECDH, HIGHER_DH, PHI_PRIME),
    ),
    ambiguities.PHI_ORDER,
)

PHI: Final = Schedule(
    layouts.PROTOCOL,
    "phi",
    "Shared session state of an interactive DAKE",
    ("Shared Session State",),
    "on each side, for both messages that sign it; two clients never have the same tag",
    values=(
        OUR_TAG,
        THEIR_TAG,
        LOWER_TAG,
        HIGHER_TAG,
        OUR_ECDH_FIRST,
        THEIR_ECDH_FIRST,
        LOWER_ECDH,
        HIGHER_ECDH,
        OUR_DH_FIRST,
        THEIR_DH_FIRST,
        LOWER_DH,
        HIGHER_DH,
        PHI_PRIME,
        PHI_VALUE,
    ),
    results=(PHI_VALUE,),
)

ALICE_ECDH_FIRST: Final = Value(
    "ecdh-first", "our_ecdh_first.public", "Alice's first ECDH key of the ratchet", Given(_POINT)
)
ALICE_DH_FIRST: Final = Value(
    "dh-first", "our_dh_first.public", "Alice's first DH key of the ratchet", Given()
)
PHI_OFFLINE_VALUE: Final = Value(
    "phi",
    "phi",
    "what both sides believe about the conversation",
    Encoded(
        layouts.PHI_OFFLINE,
        (LOWER_TAG, HIGHER_TAG, ALICE_ECDH_FIRST, ALICE_DH_FIRST, PHI_PRIME),
        "phi",
    ),
    ambiguities.PHI_NON_INTERACTIVE,
)

PHI_OFFLINE: Final = Schedule(
    layouts.PROTOCOL,
    "phi-offline",
    "Shared session state of a non-interactive DAKE",
    ("Shared Session State", "Non-Interactive-Auth Message"),
    "on each side; only Alice has first keys",
    values=(
        OUR_TAG,
        THEIR_TAG,
        LOWER_TAG,
        HIGHER_TAG,
        ALICE_ECDH_FIRST,
        ALICE_DH_FIRST,
        PHI_PRIME,
        PHI_OFFLINE_VALUE,
    ),
    results=(PHI_OFFLINE_VALUE,),
)


# --- What a DAKE signs ------------------------------------------------------------------------

BOB_PROFILE: Final = Value("bob", "Bob_Client_Profile", "as he sent or published it", Given())
ALICE_PROFILE: Final = Value("alice", "Alice_Client_Profile", "as she sent it", Given())
Y: Final = Value("y", "Y", "Bob's ephemeral ECDH key", Given(_POINT))
X: Final = Value("x", "X", "Alice's ephemeral ECDH key", Given(_POINT))
B: Final = Value("b", "B", "Bob's ephemeral DH key", Given())
A: Final = Value("a", "A", "Alice's ephemeral DH key", Given())
STATE: Final = Value("phi", "phi", "the shared session state", Given())


def _hashed(
    name: str, title: str, usage: usages.Usage, value: Value, ambiguity: Ambiguity | None = None
) -> Value:
    """The hash of a value that is in t."""
    return Value(name, title, "in t", _shake(usage, value), ambiguity)


AUTH_R_BOB: Final = _hashed(
    "bob-hash", "hash of Bob's", usages.Usage.AUTH_R_BOB_CLIENT_PROFILE, BOB_PROFILE
)
AUTH_R_ALICE: Final = _hashed(
    "alice-hash", "hash of Alice's", usages.Usage.AUTH_R_ALICE_CLIENT_PROFILE, ALICE_PROFILE
)
AUTH_R_PHI: Final = _hashed("phi-hash", "hash of phi", usages.Usage.AUTH_R_PHI, STATE)
T_AUTH_R_VALUE: Final = Value(
    "t",
    "t",
    "what sigma of an Auth-R message signs",
    Encoded(layouts.T_AUTH_R, (AUTH_R_BOB, AUTH_R_ALICE, Y, X, B, A, AUTH_R_PHI), "t"),
    ambiguities.T_ENCODING,
)

T_AUTH_R: Final = Schedule(
    layouts.PROTOCOL,
    "t-auth-r",
    "What an Auth-R message signs",
    ("Auth-R Message",),
    "by Alice to sign, and by Bob to verify",
    values=(
        BOB_PROFILE,
        AUTH_R_BOB,
        ALICE_PROFILE,
        AUTH_R_ALICE,
        Y,
        X,
        B,
        A,
        STATE,
        AUTH_R_PHI,
        T_AUTH_R_VALUE,
    ),
    results=(T_AUTH_R_VALUE,),
)

AUTH_I_BOB: Final = _hashed(
    "bob-hash", "hash of Bob's", usages.Usage.AUTH_I_BOB_CLIENT_PROFILE, BOB_PROFILE
)
AUTH_I_ALICE: Final = _hashed(
    "alice-hash", "hash of Alice's", usages.Usage.AUTH_I_ALICE_CLIENT_PROFILE, ALICE_PROFILE
)
AUTH_I_PHI: Final = _hashed("phi-hash", "hash of phi", usages.Usage.AUTH_I_PHI, STATE)
T_AUTH_I_VALUE: Final = Value(
    "t",
    "t",
    "what sigma of an Auth-I message signs",
    Encoded(layouts.T_AUTH_I, (AUTH_I_BOB, AUTH_I_ALICE, Y, X, B, A, AUTH_I_PHI), "t"),
    ambiguities.T_ENCODING,
)

T_AUTH_I: Final = Schedule(
    layouts.PROTOCOL,
    "t-auth-i",
    "What an Auth-I message signs",
    ("Auth-I Message",),
    "by Bob to sign, and by Alice to verify",
    values=(
        BOB_PROFILE,
        AUTH_I_BOB,
        ALICE_PROFILE,
        AUTH_I_ALICE,
        Y,
        X,
        B,
        A,
        STATE,
        AUTH_I_PHI,
        T_AUTH_I_VALUE,
    ),
    results=(T_AUTH_I_VALUE,),
)

SHARED_PREKEY: Final = Value(
    "shared-prekey", "their_shared_prekey", "D_b of Bob's prekey profile", Given(_POINT)
)
MAC_KEY: Final = Value(
    "auth-mac-k",
    "auth_mac_k",
    "from the keys of the non-interactive DAKE",
    Given(usages.Usage.AUTH_MAC_KEY.size),
)
NON_INTERACTIVE_BOB: Final = _hashed(
    "bob-hash", "hash of Bob's", usages.Usage.NON_INT_AUTH_BOB_CLIENT_PROFILE, BOB_PROFILE
)
NON_INTERACTIVE_ALICE: Final = _hashed(
    "alice-hash", "hash of Alice's", usages.Usage.NON_INT_AUTH_ALICE_CLIENT_PROFILE, ALICE_PROFILE
)
NON_INTERACTIVE_PHI: Final = _hashed(
    "phi-hash", "hash of phi", usages.Usage.NON_INT_AUTH_PHI, STATE, ambiguities.USAGE_OF_PHI
)
T_NON_INTERACTIVE_VALUE: Final = Value(
    "t",
    "t",
    "what sigma of a Non-Interactive-Auth message signs",
    Encoded(
        layouts.T_NON_INTERACTIVE,
        (
            NON_INTERACTIVE_BOB,
            NON_INTERACTIVE_ALICE,
            Y,
            X,
            B,
            A,
            SHARED_PREKEY,
            NON_INTERACTIVE_PHI,
        ),
        "t",
    ),
    ambiguities.T_ENCODING,
)
AUTH_MAC: Final = Value(
    "auth-mac",
    "Auth MAC",
    "shows that Bob's keys are known",
    _shake(usages.Usage.AUTH_MAC, MAC_KEY, T_NON_INTERACTIVE_VALUE),
)

T_NON_INTERACTIVE: Final = Schedule(
    layouts.PROTOCOL,
    "t-non-interactive-auth",
    "What a Non-Interactive-Auth message signs and MACs",
    ("Non-Interactive-Auth Message", "Non-Interactive DAKE Overview"),
    "by Alice to sign, and by Bob to verify",
    values=(
        BOB_PROFILE,
        NON_INTERACTIVE_BOB,
        ALICE_PROFILE,
        NON_INTERACTIVE_ALICE,
        Y,
        X,
        B,
        A,
        SHARED_PREKEY,
        STATE,
        NON_INTERACTIVE_PHI,
        T_NON_INTERACTIVE_VALUE,
        MAC_KEY,
        AUTH_MAC,
    ),
    results=(T_NON_INTERACTIVE_VALUE, AUTH_MAC),
)

SCHEDULES: Final = (
    KEYPAIR,
    FINGERPRINT,
    PHI,
    T_AUTH_R,
    T_AUTH_I,
    DAKE,
    PHI_OFFLINE,
    T_NON_INTERACTIVE,
    OFFLINE,
    THIRD_RATCHET,
    RATCHET,
    MESSAGE,
    EXTRA,
    SMP_SECRET,
)
"""Every schedule."""
