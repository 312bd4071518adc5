"""OTR version 1: its authenticated key exchange only, for its history (ADR 0015)."""
