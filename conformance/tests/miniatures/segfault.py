"""Is ended by a signal in the middle of a line."""

import os
import resource
import signal

from mini import requests, write

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for number, _ in requests():
    write(f'{{"re": {number}, "ev')
    os.kill(os.getpid(), signal.SIGSEGV)
