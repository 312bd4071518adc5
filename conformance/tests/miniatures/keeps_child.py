"""Answers as it should, and has a child; the child's process id is on standard error."""

import subprocess
import sys

from mini import requests, say

child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
sys.stderr.write(f"{child.pid}\n")
sys.stderr.flush()
for number, _ in requests():
    say(re=number, end="ok")
