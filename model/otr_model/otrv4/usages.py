"""What each use of SHAKE-256 is for: the usage ids of OTRv4.

Section "Key Derivation Function, Hash Function and MAC Function". KDF, HWC and HCMAC are one
function: the first octets of SHAKE-256 over the prefix, one byte, and values. The byte is what
keeps the uses apart, so that no two of them ever hash the same input; the three names only tell a
reader what the result is used as.

Two places hash under a byte that is not in the list: the proofs of SMP (0x01 to 0x08), and extra
symmetric keys after the first (the index of a TLV). Both overlap with bytes that are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from typing import Final

from otr_model.kernel.words import Word

__all__ = ["PREFIX", "Function", "Usage", "Use"]

PREFIX: Final = b"OTRv4"
"""What every input begins with."""


@unique
class Function(Word):
    """Under which name the text calls SHAKE-256."""

    KDF = "the result is a key"
    HWC = "the result is a hash"
    HCMAC = "the result is a message authentication code"


@dataclass(frozen=True, slots=True)
class Use:
    """One use of SHAKE-256.

    Attributes:
        byte: the usage id.
        about: what the result is.
        function: the name that the text calls it by.
        size: how much of the output is taken, in bytes.
        section: where the text uses it.
    """

    byte: int
    about: str
    function: Function
    size: int
    section: str


_KDF: Final = Function.KDF
_HWC: Final = Function.HWC
_HCMAC: Final = Function.HCMAC

_KEYS: Final = "Public keys, Shared Prekeys, Forging keys and Fingerprints"
_SECRETS: Final = "Shared Secrets"
_INTERACTIVE: Final = "Interactive DAKE Overview"
_AUTH_R: Final = "Auth-R Message"
_AUTH_I: Final = "Auth-I Message"
_OFFLINE: Final = "Non-Interactive-Auth Message"
_RATCHET: Final = "Deriving Double Ratchet Keys"
_MESSAGE: Final = "Calculating Encryption and MAC Keys"
_SENDING: Final = "When you send a Data Message:"


@unique
class Usage(Word):
    """The usage ids, under the names of the text without their `usage_`."""

    FINGERPRINT = Use(0x00, "a fingerprint", _HWC, 56, _KEYS)
    THIRD_BRACE_KEY = Use(0x01, "a brace key, from a new D-H secret", _KDF, 32, _SECRETS)
    BRACE_KEY = Use(0x02, "a brace key, from the one before", _KDF, 32, _SECRETS)
    SHARED_SECRET = Use(0x03, "the mixed shared secret K", _KDF, 64, _SECRETS)
    SSID = Use(0x04, "the secure session id", _HWC, 8, _INTERACTIVE)
    AUTH_R_BOB_CLIENT_PROFILE = Use(
        0x05, "Bob's client profile, signed in an Auth-R Message", _HWC, 64, _AUTH_R
    )
    AUTH_R_ALICE_CLIENT_PROFILE = Use(
        0x06, "Alice's client profile, signed in an Auth-R Message", _HWC, 64, _AUTH_R
    )
    AUTH_R_PHI = Use(
        0x07, "the shared session state, signed in an Auth-R Message", _HWC, 64, _AUTH_R
    )
    AUTH_I_BOB_CLIENT_PROFILE = Use(
        0x08, "Bob's client profile, signed in an Auth-I Message", _HWC, 64, _AUTH_I
    )
    AUTH_I_ALICE_CLIENT_PROFILE = Use(
        0x09, "Alice's client profile, signed in an Auth-I Message", _HWC, 64, _AUTH_I
    )
    AUTH_I_PHI = Use(
        0x0A, "the shared session state, signed in an Auth-I Message", _HWC, 64, _AUTH_I
    )
    FIRST_ROOT_KEY = Use(0x0B, "the first root key, from K", _KDF, 64, _INTERACTIVE)
    TMP_KEY = Use(0x0C, "what K and the Auth MAC's key come from, offline", _KDF, 64, _OFFLINE)
    AUTH_MAC_KEY = Use(0x0D, "the key of the Auth MAC", _KDF, 64, _OFFLINE)
    NON_INT_AUTH_BOB_CLIENT_PROFILE = Use(
        0x0E, "Bob's client profile, signed in a Non-Interactive-Auth Message", _HWC, 64, _OFFLINE
    )
    NON_INT_AUTH_ALICE_CLIENT_PROFILE = Use(
        0x0F, "Alice's client profile, signed in a Non-Interactive-Auth Message", _HWC, 64, _OFFLINE
    )
    NON_INT_AUTH_PHI = Use(
        0x10,
        "the shared session state, signed in a Non-Interactive-Auth Message",
        _HWC,
        64,
        _OFFLINE,
    )
    AUTH_MAC = Use(0x11, "the Auth MAC", _HCMAC, 64, "Non-Interactive DAKE Overview")
    ROOT_KEY = Use(0x12, "the next root key", _KDF, 64, _RATCHET)
    CHAIN_KEY = Use(0x13, "the first chain key of a ratchet", _KDF, 64, _RATCHET)
    NEXT_CHAIN_KEY = Use(0x14, "the next chain key", _KDF, 64, _SENDING)
    MESSAGE_KEY = Use(0x15, "MKenc, whose first 32 bytes encrypt one message", _KDF, 64, _MESSAGE)
    MAC_KEY = Use(0x16, "MKmac, which authenticates one message", _KDF, 64, _MESSAGE)
    EXTRA_SYMM_KEY = Use(0x17, "the extra symmetric key", _KDF, 64, "Extra Symmetric Key")
    AUTHENTICATOR = Use(0x18, "the authenticator of a Data Message", _HCMAC, 64, _SENDING)
    SMP_SECRET = Use(0x19, "the secret that SMP compares", _HWC, 57, "Secret Information")
    AUTH = Use(0x1A, "the challenge of a ring signature", _HWC, 57, "Ring Signature Authentication")

    @property
    def byte(self) -> int:
        """The usage id."""
        return self.value.byte

    @property
    def size(self) -> int:
        """How much of the output is taken, in bytes."""
        return self.value.size

    @property
    def function(self) -> Function:
        """The name that the text calls SHAKE-256 by."""
        return self.value.function
