"""The operations that are written down: what they do, and where the text has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OPERATIONS", "SILENT", "Operation"]


@dataclass(frozen=True, slots=True)
class Operation:
    """What an operation does.

    Attributes:
        about: in a few words.
        section: the section of the text that has it.
    """

    about: str
    section: str


_KEYS: Final = "Public keys, Shared Prekeys, Forging keys and Fingerprints"
_FRESH: Final = "Generating ECDH and DH keys"
_CURVE: Final = "Considerations while working with elliptic curve parameters"
_KDF: Final = "Key Derivation Function, Hash Function and MAC Function"
_RATCHET: Final = "Deriving Double Ratchet Keys"
_SENDING: Final = "When you send a Data Message"

OPERATIONS: Final[Mapping[str, Operation]] = {
    "keypair": Operation("a key pair of a symmetric key", _KEYS),
    "fresh_ecdh": Operation("generateECDH()", _FRESH),
    "fresh_dh": Operation("generateDH()", _FRESH),
    "fresh_identifier": Operation("a random number of 4 bytes", "Fragmentation"),
    "fresh_scalar": Operation("a random exponent of SMP", "SMP Overview"),
    "client_profile": Operation("make and sign a client profile", "Creating a Client Profile"),
    "prekey_profile": Operation("make and sign a prekey profile", "Creating a Prekey Profile"),
    "prekey_message": Operation("make a prekey message", "Prekey Message"),
    "fingerprint": Operation("the fingerprint of a client profile's keys", _KEYS),
    "hashed_b": Operation(
        "by which crossing Identity messages are compared", "Receiving an Identity Message"
    ),
    "phi": Operation("the shared session state", "Shared Session State"),
    "auth_r_bound": Operation("t of an Auth-R message", "Auth-R Message"),
    "auth_i_bound": Operation("t of an Auth-I message", "Auth-I Message"),
    "non_interactive_bound": Operation(
        "t of a Non-Interactive-Auth message", "Non-Interactive-Auth Message"
    ),
    "ring_sign": Operation("RSig", "Ring Signature Authentication"),
    "mixed": Operation("K and the SSID of an interactive DAKE", "Interactive DAKE Overview"),
    "mixed_by_retriever": Operation(
        "K, the SSID and auth_mac_k, by Alice", "Non-Interactive DAKE Overview"
    ),
    "mixed_by_publisher": Operation(
        "K, the SSID and auth_mac_k, by Bob", "Non-Interactive DAKE Overview"
    ),
    "auth_mac": Operation("the Auth MAC", "Non-Interactive-Auth Message"),
    "first_root": Operation("the first root key", "Interactive DAKE Overview"),
    "offline_chain": Operation("the first root key and chain key", "Non-Interactive DAKE Overview"),
    "third_brace_key": Operation("the brace key of a new DH key", "Shared Secrets"),
    "next_brace_key": Operation("the brace key of the one before", "Shared Secrets"),
    "ratchet": Operation("the root key and chain key of a ratchet", _RATCHET),
    "next_chain_key": Operation("the chain key of the next message", _SENDING),
    "message_keys": Operation("the keys of a message", "Calculating Encryption and MAC Keys"),
    "seal": Operation("encrypt a message", _SENDING),
    "open": Operation("decrypt a message", "When you receive a Data Message"),
    "data_mac": Operation("the authenticator of a Data Message", _SENDING),
    "next_extra_key": Operation("a further extra symmetric key", "Extra Symmetric Key"),
    "smp_secret": Operation("x or y", "Secret Information"),
    "scale": Operation("a multiple of a point", "SMP Overview"),
    "plus": Operation("the sum of two points", "SMP Overview"),
    "minus": Operation("the difference of two points", "SMP Overview"),
    "prove_exponent": Operation("a proof of knowledge of an exponent", "SMP Overview"),
    "prove_coordinates": Operation("a proof that P and Q are made as prescribed", "SMP Overview"),
    "prove_equal_exponents": Operation(
        "a proof that R has the exponent of G3a or G3b", "SMP Overview"
    ),
    "decode_point": Operation("decode a POINT, and check it", "Point"),
    "decode_scalar": Operation("decode a SCALAR", "Scalar"),
    "hash_and_prune": Operation("a scalar of a random value, as the text has it", _CURVE),
    "hash_uniform": Operation(
        "a scalar of a random value, modulo q: the ambiguity otrv4.ambiguity:ring-randoms", _CURVE
    ),
    "ecdh": Operation("a shared point", "Generating Shared Secrets"),
    "in_dh_group": Operation(
        "whether a number may be a DH key", "Verifying that an integer is in the DH group"
    ),
    "encode_mpi": Operation("write an MPI", "Data Types"),
    "encode_content": Operation("write a text and its TLVs", "TLV Record Types"),
    "sign": Operation("an Ed448 signature", "Create a Client Profile Signature"),
    "kdf": Operation("a usage of KDF", _KDF),
    "hwc": Operation("a usage of HWC", _KDF),
    "hcmac": Operation("a usage of HCMAC", _KDF),
    "hash_to_scalar": Operation("HashToScalar", "HashToScalar"),
}
"""Every operation that a document has, in the order in which its page lists them."""

SILENT: Final = frozenset(
    {
        # Texts, comparisons, and questions: what they answer shows in the rows that are taken.
        *("literal", "empty", "writable", "same", "higher", "size"),
        *("in_group", "in_dh_group", "profile_signed", "transition_signed"),
        *("prekey_profile_signed", "ring_verified"),
        *("exponent_proved", "coordinates_proved", "equal_exponents_proved"),
        # What they give stands in a message, or is what another operation takes.
        *("generator", "data_body", "reveal", "encode", "decode", "split", "join", "piece"),
        # Only deviating senders perform them.
        *("garble", "garble_mac", "garble_sigma", "garble_signature", "garble_dsa"),
        *("garble_response", "outside_point", "twisted", "outside_element", "under_weak_key"),
        "zero",
    }
)
"""The operations of the suite that no document has."""
