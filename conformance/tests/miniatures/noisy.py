"""Answers as it should, and writes much more to standard error than a pipe holds."""

import sys

from mini import requests, say

for number, _ in requests():
    for line in range(20_000):
        sys.stderr.write(f"line {line} of the log of request {number}\n")
    sys.stderr.flush()
    say(re=number, end="ok")
