"""The conformance suite, the shims, the fuzzer, reports and the command line."""
