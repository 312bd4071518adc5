"""OTR version 4."""
