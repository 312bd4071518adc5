"""Prints a banner on standard output before it answers."""

from mini import requests, say, write

for number, _ in requests():
    write("welcome to my shim\n")
    say(re=number, end="ok")
