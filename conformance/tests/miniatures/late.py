"""Answers much too late."""

import time

from mini import requests, say

for number, _ in requests():
    time.sleep(600)
    say(re=number, end="ok")
