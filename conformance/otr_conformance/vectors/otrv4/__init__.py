"""Single vectors of OTR version 4."""
