"""OTR version 4, as data."""
