"""Cases, grading and what else judges implementations of OTRv4."""
