"""The authentication state machine of OTRv3: authstate.

Section "The protocol state machine", from "Receiving a Query Message" to "Receiving a Signature
Message".
"""

from __future__ import annotations

from otr_model.kernel.table import Table, at, ignored, on, otherwise, table

from . import ambiguities as holes
from .conditions import EXCLUSIVES, Cond
from .effects import Do
from .words import Auth, Event

ANSWER = (Do.NEW_DH_KEY, Do.KEEP_COMMIT, Do.SEND_DH_KEY)
COMMIT_3 = (Do.NEW_COMMIT_3, Do.SEND_DH_COMMIT)
COMMIT_2 = (Do.NEW_COMMIT_2, Do.SEND_DH_COMMIT)
ALL = tuple(Auth)

AKE: Table[Auth, Event, Cond, Do] = table(
    "otrv3.ake",
    "Who is on the other side: a variant of SIGMA, whose first message is only a commitment.",
    Auth,
    Auth.NONE,
    on(
        Event.QUERY_OFFER,
        "Receiving a Query Message",
        at(ALL, Cond.OFFERS_3, do=COMMIT_3, goto=Auth.AWAITING_DHKEY),
        at(ALL, ~Cond.OFFERS_3 & Cond.OFFERS_2, do=COMMIT_2, goto=Auth.AWAITING_DHKEY),
        ignored(~Cond.OFFERS_3 & ~Cond.OFFERS_2),
    ),
    on(
        Event.TAG_OFFER,
        "Receiving plaintext with the whitespace tag",
        at(
            ALL,
            Cond.WHITESPACE_START_AKE & Cond.OFFERS_3,
            do=COMMIT_3,
            goto=Auth.AWAITING_DHKEY,
        ),
        at(
            ALL,
            Cond.WHITESPACE_START_AKE & ~Cond.OFFERS_3 & Cond.OFFERS_2,
            do=COMMIT_2,
            goto=Auth.AWAITING_DHKEY,
        ),
        otherwise(),
    ),
    on(
        Event.SHARE,
        "Instance Tags",
        at(
            ALL,
            Cond.COMMIT_OUTSTANDING,
            do=(Do.ADOPT_COMMIT,),
            goto=Auth.AWAITING_DHKEY,
            ambiguity=holes.SHARED_COMMIT,
        ),
        ignored(~Cond.COMMIT_OUTSTANDING),
    ),
    on(
        Event.COMMIT_OVER,
        "Key Management",
        at(
            Auth.AWAITING_DHKEY,
            Cond.COMMIT_ANSWERED,
            do=(Do.FORGET_EXCHANGE,),
            goto=Auth.NONE,
            ambiguity=holes.SHARED_COMMIT,
        ),
        ignored(~Cond.COMMIT_ANSWERED, Auth.AWAITING_DHKEY),
        ignored(states=(Auth.NONE, Auth.AWAITING_REVEALSIG, Auth.AWAITING_SIG)),
    ),
    on(
        Event.DH_COMMIT,
        "Receiving a D-H Commit Message",
        at(Auth.NONE, Cond.ALLOWED, do=ANSWER, goto=Auth.AWAITING_REVEALSIG),
        at(Auth.AWAITING_DHKEY, Cond.ALLOWED & Cond.OURS_HIGHER, do=(Do.SEND_DH_COMMIT,)),
        at(
            Auth.AWAITING_DHKEY,
            Cond.ALLOWED & ~Cond.OURS_HIGHER,
            do=ANSWER,
            goto=Auth.AWAITING_REVEALSIG,
        ),
        at(
            Auth.AWAITING_REVEALSIG,
            Cond.ALLOWED,
            do=(Do.KEEP_COMMIT, Do.SEND_DH_KEY),
            ambiguity=holes.SAME_GY_FOR_NEW_COMMIT,
        ),
        at(Auth.AWAITING_SIG, Cond.ALLOWED, do=ANSWER, goto=Auth.AWAITING_REVEALSIG),
        ignored(~Cond.ALLOWED),
    ),
    on(
        Event.DH_KEY,
        "Receiving a D-H Key Message",
        at(
            Auth.AWAITING_DHKEY,
            Cond.ALLOWED & Cond.DH_KEY_VALID,
            do=(Do.KEEP_GY, Do.SEND_REVEAL_SIGNATURE),
            goto=Auth.AWAITING_SIG,
            ambiguity=holes.MIXED_VERSIONS,
        ),
        ignored(Cond.ALLOWED & ~Cond.DH_KEY_VALID, Auth.AWAITING_DHKEY),
        at(Auth.AWAITING_SIG, Cond.ALLOWED & Cond.SAME_GY, do=(Do.RESEND_REVEAL_SIGNATURE,)),
        ignored(Cond.ALLOWED & ~Cond.SAME_GY, Auth.AWAITING_SIG),
        ignored(Cond.ALLOWED, (Auth.NONE, Auth.AWAITING_REVEALSIG)),
        ignored(~Cond.ALLOWED),
    ),
    on(
        Event.REVEAL_SIGNATURE,
        "Receiving a Reveal Signature Message",
        at(
            Auth.AWAITING_REVEALSIG,
            Cond.ALLOWED & Cond.REVEAL_VALID,
            do=(Do.ACCEPT_REVEAL, Do.SEND_SIGNATURE),
            goto=Auth.NONE,
            raises=(Event.AUTHENTICATED,),
            ambiguity=holes.ALLOW_V2_ONLY,
        ),
        ignored(
            Cond.ALLOWED & ~Cond.REVEAL_VALID,
            Auth.AWAITING_REVEALSIG,
            ambiguity=holes.FAILED_SIGNATURE,
        ),
        ignored(Cond.ALLOWED, (Auth.NONE, Auth.AWAITING_DHKEY, Auth.AWAITING_SIG)),
        ignored(~Cond.ALLOWED),
    ),
    on(
        Event.SIGNATURE,
        "Receiving a Signature Message",
        at(
            Auth.AWAITING_SIG,
            Cond.ALLOWED & Cond.SIGNATURE_VALID,
            do=(Do.ACCEPT_SIGNATURE,),
            goto=Auth.NONE,
            raises=(Event.AUTHENTICATED,),
            ambiguity=holes.ALLOW_V2_ONLY,
        ),
        ignored(
            Cond.ALLOWED & ~Cond.SIGNATURE_VALID,
            Auth.AWAITING_SIG,
            ambiguity=holes.FAILED_SIGNATURE,
        ),
        ignored(Cond.ALLOWED, (Auth.NONE, Auth.AWAITING_DHKEY, Auth.AWAITING_REVEALSIG)),
        ignored(~Cond.ALLOWED),
    ),
    on(Event.OTHER_VERSION, "Policies", ignored()),
    exclusives=EXCLUSIVES,
)
