"""The reference implementation: it runs the tables, and does no input or output itself."""
