"""Long-term key material: DSA keys, the key files of libotr, an encrypted key store."""
