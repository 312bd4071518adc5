"""The shims that ship with the suite, and what helps to write one."""
