"""`python -m otr_conformance.cli` is `otrspec`, also where it is not installed."""

import sys

from . import main

sys.exit(main())
