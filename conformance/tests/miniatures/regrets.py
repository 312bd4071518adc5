"""Sends a message, and then says that the implementation refused."""

from mini import requests, say

for number, _ in requests():
    say(re=number, event="wire", wire="aGk=")
    say(re=number, end="error", error="refused", detail="changed my mind")
