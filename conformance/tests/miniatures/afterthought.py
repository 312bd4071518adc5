"""Reports an event after the answer has ended; the suite may have asked again by then."""

import time

from mini import requests, say

for number, _ in requests():
    say(re=number, end="ok")
    time.sleep(0.02)
    say(re=number, event="finished")
