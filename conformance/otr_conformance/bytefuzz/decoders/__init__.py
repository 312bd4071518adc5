"""The decoders, by what they read; `otr_conformance.bytefuzz.registry` puts them together."""
