"""Conformance to OTR version 3, and to version 2 where it differs."""
