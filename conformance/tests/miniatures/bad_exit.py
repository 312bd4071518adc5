"""Says goodbye, and exits with status 3."""

import sys

from mini import requests, say

for number, do in requests():
    say(re=number, end="ok")
    if do == "bye":
        sys.exit(3)
