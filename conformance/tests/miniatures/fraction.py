"""Writes an integer as a fraction."""

from mini import requests, say

for number, _ in requests():
    say(re=number, event="message", text="aGk=", secure=1.0)
    say(re=number, end="ok")
