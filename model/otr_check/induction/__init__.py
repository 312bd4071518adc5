"""Invariants of composed tables, by induction over the rows; and what refutes those that fail."""
