"""Reports an event where there can be none."""

from mini import requests, say

for number, _ in requests():
    say(re=number, event="finished")
    say(re=number, end="ok")
