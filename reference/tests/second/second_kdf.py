"""The SHAKE-256 functions and every usage.

"Key Derivation Function, Hash Function and MAC Function".
"""

import hashlib

USAGE_FINGERPRINT = 0x00
USAGE_THIRD_BRACE_KEY = 0x01
USAGE_BRACE_KEY = 0x02
USAGE_SHARED_SECRET = 0x03
USAGE_SSID = 0x04
USAGE_AUTH_R_BOB_CLIENT_PROFILE = 0x05
USAGE_AUTH_R_ALICE_CLIENT_PROFILE = 0x06
USAGE_AUTH_R_PHI = 0x07
USAGE_AUTH_I_BOB_CLIENT_PROFILE = 0x08
USAGE_AUTH_I_ALICE_CLIENT_PROFILE = 0x09
USAGE_AUTH_I_PHI = 0x0A
USAGE_FIRST_ROOT_KEY = 0x0B
USAGE_TMP_KEY = 0x0C
USAGE_AUTH_MAC_KEY = 0x0D
USAGE_NON_INT_AUTH_BOB_CLIENT_PROFILE = 0x0E
USAGE_NON_INT_AUTH_ALICE_CLIENT_PROFILE = 0x0F
USAGE_NON_INT_AUTH_PHI = 0x10
USAGE_AUTH_MAC = 0x11
USAGE_ROOT_KEY = 0x12
USAGE_CHAIN_KEY = 0x13
USAGE_NEXT_CHAIN_KEY = 0x14
USAGE_MESSAGE_KEY = 0x15
USAGE_MAC_KEY = 0x16
USAGE_EXTRA_SYMM_KEY = 0x17
USAGE_AUTHENTICATOR = 0x18
USAGE_SMP_SECRET = 0x19
USAGE_AUTH = 0x1A


def shake_256(data: bytes, size: int) -> bytes:
    """The first `size` octets of SHAKE-256, as RFC 8032 uses it: no prefix."""
    return hashlib.shake_256(data).digest(size)


def kdf(usage: int, *values: bytes, size: int) -> bytes:
    """KDF(usage_ID || values, size); the usage is one octet."""
    return shake_256(b"OTRv4" + bytes([usage]) + b"".join(values), size)


def hwc(usage: int, *values: bytes, size: int) -> bytes:
    """HWC(usage_ID || values, size), the hash with context."""
    return shake_256(b"OTRv4" + bytes([usage]) + b"".join(values), size)


def hcmac(usage: int, *values: bytes, size: int) -> bytes:
    """HCMAC(usage_ID || values, size), the hash with context used as a MAC."""
    return shake_256(b"OTRv4" + bytes([usage]) + b"".join(values), size)


def fingerprint(public_key: bytes, forging_key: bytes) -> bytes:
    """The fingerprint of H and F, each an encoded POINT.

    "Public keys, Shared Prekeys, Forging keys and Fingerprints".
    """
    return hwc(USAGE_FINGERPRINT, public_key, forging_key, size=56)


def third_brace_key(k_dh: bytes) -> bytes:
    """The brace key of a DH exchange ("Shared Secrets")."""
    return kdf(USAGE_THIRD_BRACE_KEY, k_dh, size=32)


def next_brace_key(brace_key: bytes) -> bytes:
    """The brace key of the previous brace key ("Shared Secrets")."""
    return kdf(USAGE_BRACE_KEY, brace_key, size=32)


def mixed_shared_secret(k_ecdh: bytes, brace_key: bytes) -> bytes:
    """The mixed shared secret K ("Shared Secrets")."""
    return kdf(USAGE_SHARED_SECRET, k_ecdh, brace_key, size=64)


def ssid(mixed: bytes) -> bytes:
    """The secure session ID of K ("Interactive DAKE Overview")."""
    return hwc(USAGE_SSID, mixed, size=8)


def first_root_key(mixed: bytes) -> bytes:
    """K read as the first root key ("Interactive DAKE Overview")."""
    return kdf(USAGE_FIRST_ROOT_KEY, mixed, size=64)


def root_key(*secrets: bytes) -> bytes:
    """The current root key of prev_root_key and K, or of K alone.

    "Deriving Double Ratchet Keys"; of K alone in "Non-Interactive DAKE Overview".
    """
    return kdf(USAGE_ROOT_KEY, *secrets, size=64)


def chain_key(*secrets: bytes) -> bytes:
    """The first chain key of a ratchet, of prev_root_key and K, or of K alone.

    "Deriving Double Ratchet Keys"; of K alone in "Non-Interactive DAKE Overview".
    """
    return kdf(USAGE_CHAIN_KEY, *secrets, size=64)


def next_chain_key(chain: bytes) -> bytes:
    """The chain key after this one ("When you send a Data Message")."""
    return kdf(USAGE_NEXT_CHAIN_KEY, chain, size=64)


def mk_enc(chain: bytes) -> bytes:
    """MKenc of a chain key ("Calculating Encryption and MAC Keys")."""
    return kdf(USAGE_MESSAGE_KEY, chain, size=64)


def mk_mac(message_key: bytes) -> bytes:
    """MKmac of all 64 octets of MKenc ("Calculating Encryption and MAC Keys")."""
    return kdf(USAGE_MAC_KEY, message_key, size=64)


def extra_symm_key(chain: bytes) -> bytes:
    """The extra symmetric key of a chain key ("Extra Symmetric Key")."""
    return kdf(USAGE_EXTRA_SYMM_KEY, b"\xff", chain, size=64)


def next_extra_symm_key(index: int, context: bytes, previous: bytes) -> bytes:
    """A further extra symmetric key, of a type 7 TLV's place in the list and its context.

    "Extra Symmetric Key".  The index stands where a usage stands.
    """
    return kdf(index, context, previous, size=64)


def authenticator(mac_key: bytes, sections: bytes) -> bytes:
    """The authenticator of a data message ("When you send a Data Message")."""
    return hcmac(USAGE_AUTHENTICATOR, mac_key, sections, size=64)
