"""Exits with status 1 in the middle of an answer."""

import sys

from mini import requests, say

for number, _ in requests():
    say(re=number, event="finished")
    sys.stderr.write("giving up\n")
    sys.exit(1)
