"""OTR version 3, and version 2 where it differs, as data."""
