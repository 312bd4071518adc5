"""What every test of the project shares."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says nothing about the code on a machine that is shared: no deadline.
settings.register_profile("otrspec", deadline=None)
settings.load_profile("otrspec")
