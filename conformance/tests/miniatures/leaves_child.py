"""Exits, and leaves a child that holds its pipes; the child's process id is on standard error."""

import os
import sys
import time

from mini import requests

for _ in requests():
    child = os.fork()
    if child == 0:
        time.sleep(600)
    sys.stderr.write(f"{child}\n")
    sys.stderr.flush()
    os._exit(7)
