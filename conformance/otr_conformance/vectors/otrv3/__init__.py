"""Single vectors of OTR versions 2 and 3."""
