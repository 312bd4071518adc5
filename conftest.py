"""What every test of the project shares."""

from __future__ import annotations

import os

from hypothesis import settings

# How long an example takes says nothing about the code on a machine that is shared: no deadline.
# CI plays the same examples every time: a red run is about the change. Elsewhere they are new.
settings.register_profile("otrspec", deadline=None)
settings.register_profile("otrspec-ci", deadline=None, derandomize=True)
settings.load_profile("otrspec-ci" if os.environ.get("CI") else "otrspec")
