"""Claims to speak another version of the shim protocol."""

import json
import sys

from mini import hello

for line in sys.stdin:
    hello(json.loads(line)["id"], protocol=2)
