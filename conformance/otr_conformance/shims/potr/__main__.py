"""The shim as a program: `python -m otr_conformance.shims.potr DIRECTORY`, where potr is."""

import sys

from otr_conformance.shims.potr.shim import main

main(sys.argv[1])
