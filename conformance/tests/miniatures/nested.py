"""Writes a value that is an object."""

from mini import requests, say

for number, _ in requests():
    say(re=number, event="wire", wire={"base64": "aGk="})
    say(re=number, end="ok")
