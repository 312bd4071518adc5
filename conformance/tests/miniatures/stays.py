"""Says goodbye, and stays."""

import time

from mini import requests, say

for number, do in requests():
    say(re=number, end="ok")
    while do == "bye":
        time.sleep(600)
