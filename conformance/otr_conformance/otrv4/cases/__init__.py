"""The cases of OTRv4. Importing this declares all of them."""

from __future__ import annotations
