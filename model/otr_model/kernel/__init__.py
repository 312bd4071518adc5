"""The kernel: what a protocol is made of, whatever the protocol."""
