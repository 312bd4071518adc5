"""Takes memory without end."""

from mini import requests

for _ in requests():
    hoard = []
    while True:
        hoard.append(bytearray(2**20))
