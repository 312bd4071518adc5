"""Writes a line that never ends."""

from mini import requests, write

for _ in requests():
    while True:
        write("a" * 10_000)
