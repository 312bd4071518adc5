"""Control abstractions: what is left of a composition when data are small numbers."""
