"""The OTR protocols as data: states, events, rows, layouts, clauses."""

__version__ = "0.1.0"
