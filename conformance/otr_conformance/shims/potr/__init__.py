"""The shim of potr; see README.md beside this file."""
