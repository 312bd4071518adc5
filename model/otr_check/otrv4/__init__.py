"""OTR version 4 in symbolic terms."""
