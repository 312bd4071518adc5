"""Answers with another number than the request's."""

from mini import requests, say

for number, _ in requests():
    say(re=number + 1, end="ok")
