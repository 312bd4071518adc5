"""Stops reading its standard input."""

import time

from mini import requests, say

for number, do in requests():
    say(re=number, end="ok")
    if do == "poll":
        time.sleep(600)
