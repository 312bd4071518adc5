"""OTR version 1 in symbolic terms."""
