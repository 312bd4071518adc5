"""Ends each answer twice."""

from mini import requests, write

for number, _ in requests():
    write(f'{{"re": {number}, "end": "ok"}}\n' * 2)
