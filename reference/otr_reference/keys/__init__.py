"""Long-term key material: DSA keys, the key files of libotr, an encrypted key store."""

from __future__ import annotations

from otr_reference.keys.dsa import (
    FINGERPRINT_OCTETS,
    SIGNATURE_OCTETS,
    DsaPrivate,
    DsaPublic,
    decode_public,
    encode_public,
    fingerprint,
    generate,
    human,
    read_public,
    sign,
    verify,
)
from otr_reference.keys.keystore import (
    INTERACTIVE,
    MODERATE,
    Contents,
    Cost,
    KeyStore,
    WrongPassphrase,
)
from otr_reference.keys.libotr_files import (
    INSTANCE_TAG_LEAST,
    Account,
    InstanceTag,
    KnownFingerprint,
    read_fingerprints,
    read_instance_tags,
    read_private_keys,
    write_fingerprints,
    write_instance_tags,
    write_private_keys,
)

__all__ = [
    "FINGERPRINT_OCTETS",
    "INSTANCE_TAG_LEAST",
    "INTERACTIVE",
    "MODERATE",
    "SIGNATURE_OCTETS",
    "Account",
    "Contents",
    "Cost",
    "DsaPrivate",
    "DsaPublic",
    "InstanceTag",
    "KeyStore",
    "KnownFingerprint",
    "WrongPassphrase",
    "decode_public",
    "encode_public",
    "fingerprint",
    "generate",
    "human",
    "read_fingerprints",
    "read_instance_tags",
    "read_private_keys",
    "read_public",
    "sign",
    "verify",
    "write_fingerprints",
    "write_instance_tags",
    "write_private_keys",
]
