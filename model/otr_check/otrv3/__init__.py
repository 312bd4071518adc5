"""OTR version 3, and version 2 where it differs, in symbolic terms."""
