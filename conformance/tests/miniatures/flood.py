"""Reports events without end."""

from mini import requests, say

for number, _ in requests():
    while True:
        say(re=number, event="finished")
