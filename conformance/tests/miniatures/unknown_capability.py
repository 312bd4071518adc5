"""Declares a capability that does not exist."""

import json
import sys

from mini import hello

for line in sys.stdin:
    hello(json.loads(line)["id"], capabilities="smp telepathy")
