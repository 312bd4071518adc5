"""Reports fewer events than the limit, but too many bytes."""

from mini import requests, say

for number, _ in requests():
    while True:
        say(re=number, event="wire", wire="AAAA" * 100_000)
