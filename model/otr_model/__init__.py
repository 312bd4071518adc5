"""The OTR protocols as data: states, events, rows, layouts, clauses."""
