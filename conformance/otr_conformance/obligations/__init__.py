"""Obligations: what cases are there for.

    ledger = account("otrv3")
    ledger.open()                # obligations that no case answers for
    ledger.sole(case)            # those that this case alone answers for

| kind | what must happen in some case, to the target |
|---|---|
| row | the row is taken |
| pair | two rows are taken, one right after the other |
| policy | a row is taken under a combination of the policies that its cell asks about |
| check | a row is taken because the check fails, and no other |
| falsified | the check fails because the peer does one thing wrong, and all else right |
| boundary | the two sides of a comparison are equal, or as far apart as matters |
| clause | the rows and checks that answer for a sentence of the text come up |
| arrival | a row is taken on one kind of message, or a check fails there |
| fault | a faulty reference is noticed, which few cases notice |
| finding | what a real implementation does otherwise is seen |

A case is needed where it alone meets an obligation, among the cases that ask a target for no more:
what only a target with a clock and policies can be asked is lost for all others.

Sentences about what messages and keys look like are answered for by layouts and key schedules, and
held by vectors; they are no obligations of cases.

Everything but the last two is counted over symbolic terms, with the reference as the target.
"""

from .ledger import KINDS, Kind, Ledger, Obligation, account, arrivals_of

__all__ = ["KINDS", "Kind", "Ledger", "Obligation", "account", "arrivals_of"]
