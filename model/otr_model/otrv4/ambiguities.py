"""Where the text of OTRv4 is silent, contradicts itself, or does harm when followed.

Each is attached to the rows that it concerns, or to an operation of the suite or of the encoding.
No implementation of this text can be installed, so that no peer's reading is noted.
"""

from __future__ import annotations

from otr_model.kernel.ambiguity import Ambiguity, Kind, Reading

SILENT, CONTRADICTION, MISPRINT, FLAW = (
    Kind.SILENT,
    Kind.CONTRADICTION,
    Kind.MISPRINT,
    Kind.FLAW,
)


def _hole(  # noqa: PLR0913, PLR0917 - the parts of an ambiguity
    name: str,
    kind: Kind,
    about: str,
    literal: tuple[str, str],
    ours: tuple[str, str],
    because: str,
) -> Ambiguity:
    return Ambiguity(
        f"otrv4.ambiguity:{name}", about, kind, Reading(*literal), Reading(*ours), because
    )


# The states.

IDENTITY_WHEN_PRIVATE = _hole(
    "identity-when-private",
    FLAW,
    "whether an Identity message ends a private conversation before its sender is known",
    (
        (
            "any Identity message that is valid by itself leads from ENCRYPTED_MESSAGES and "
            "FINISHED to WAITING_AUTH_I, where what the user types waits"
        ),
        "Receiving an Identity Message",
    ),
    (
        "we answer, and the conversation stays as it is until an Auth-I message proves who it is",
        "",
    ),
    "Anybody can send an Identity message, or replay one: to the letter, a single message of "
    "nobody's silences a private conversation.",
)
QUERY_WHEN_PRIVATE = _hole(
    "query-when-private",
    CONTRADICTION,
    "what asking for a private conversation does where there is one",
    ("a Query Message is sent", "User requests to start an OTR Conversation"),
    ("it is refused: no Query Message is sent in ENCRYPTED_MESSAGES", "Protocol States"),
    "Two passages forbid it. A conversation is begun anew by starting one interactively.",
)
FORGED_NON_INTERACTIVE_AUTH = _hole(
    "forged-non-interactive-auth",
    FLAW,
    "what a Non-Interactive-Auth message that fails its checks leaves behind",
    (
        "all state and key variables are forgotten first, and the message is validated then",
        "Receiving a Non-Interactive-Auth Message",
    ),
    ("it is validated first; if it fails, nothing has happened", ""),
    "To the letter, one forged message from anybody ends a private conversation on one side, "
    "which goes on sending nothing at all.",
)
AUTH_R_OUTCOME = _hole(
    "auth-r-outcome",
    MISPRINT,
    "which state follows an Auth-R message that fails its checks",
    (
        "the transition to ENCRYPTED_MESSAGES stands beside both outcomes",
        "Receiving an Auth-R Message",
    ),
    ("it belongs to the outcome that the checks hold", "Receiving an Auth-R Message"),
    "There are no keys to encrypt with after a failure.",
)
END_WHILE_WAITING = _hole(
    "end-while-waiting",
    SILENT,
    "what ending a conversation does while a DAKE is in progress",
    ("nothing: the states of waiting have no rule", "User requests to end an OTRv4 Conversation"),
    ("the DAKE is abandoned, and its ephemeral keys are forgotten", ""),
    "Otherwise the conversation that the user has just ended becomes private a moment later.",
)
IDENTITY_OF_ANOTHER = _hole(
    "identity-of-another",
    FLAW,
    "what another Identity message does while we wait for an Auth-I message",
    ("it replaces the one that was answered", "Receiving an Identity Message"),
    ("the same", "Receiving an Identity Message"),
    "Whoever can send in the peer's name can keep a DAKE from ever succeeding. The text does not "
    "protect against that, and nothing is lost but the attempt.",
)
STUCK_DAKE = _hole(
    "stuck-dake",
    SILENT,
    "how long a DAKE waits for an answer",
    ("for ever; the mode recommends that implementers find a strategy", "Considerations"),
    ("dake_lifetime seconds, as the application's clock says", ""),
    "Ephemeral keys must not live on because a message was lost.",
)
IDENTITY_REPEATED = _hole(
    "identity-repeated",
    SILENT,
    "an Identity message for no particular instance while we wait for an Auth-I message",
    (
        "it must have our instance tag, and so is ignored",
        "Receiving an Identity Message",
    ),
    ("it is ignored", "Receiving an Identity Message"),
    "The peer that lost our Auth-R message and repeats itself is answered when our wait is over.",
)
IDENTITY_RESENT = _hole(
    "identity-resent",
    FLAW,
    "what answers an Identity message that comes once more while we wait for an Auth-I message",
    ("an Auth-R message with new keys", "Receiving an Identity Message"),
    ("an Auth-R message with the keys of the first one", ""),
    "Of two Identity messages that cross, the one with the higher hash is sent twice. To the "
    "letter it gets two answers: its sender takes the first and sends an Auth-I message for it, "
    "which we refuse, because we have gone on to the second. Only one side is private then.",
)
HASHED_B = _hole(
    "hashed-b",
    CONTRADICTION,
    "what is compared when two Identity messages cross",
    (
        "the hash of our B, with the DH value that we received, as 32-byte values",
        "Receiving an Identity Message",
    ),
    (
        (
            "the hashes of both, SHAKE-256 of 32 bytes over the public DH key's MPI, as big-endian "
            "numbers"
        ),
        "",
    ),
    "A hash and a DH value cannot be compared; which hash, the text does not say, and both sides "
    "need the same.",
)
SHARED_IDENTITY = _hole(
    "shared-identity",
    SILENT,
    "which instance's state an Identity message to instance 0 belongs to",
    ("the text knows one state for each correspondent", "Protocol States"),
    (
        "each instance takes part in it when its first Identity or Auth-R message arrives",
        "",
    ),
    "Every instance of the peer may answer, and may have sent an Identity message of its own, "
    "which the tie-break has to see.",
)
ONLINE_AGAIN = _hole(
    "online-again",
    SILENT,
    "what starting a conversation interactively does to a private one",
    (
        "an Identity message is sent, and the state is WAITING_AUTH_R",
        "Starting a conversation interactively",
    ),
    (
        "the private conversation is ended first, with a TLV of type 1",
        "Starting an online conversation after an offline one",
    ),
    "The peer's client learns that it must not wait for more, and old keys are forgotten.",
)
EARLY_DATA = _hole(
    "early-data",
    CONTRADICTION,
    "what becomes of Data Messages that come before the Auth-I message which they follow",
    (
        "they are stored for a while, and removed when the Auth-I message arrives",
        "Receiving an Auth-I Message",
    ),
    (
        "they are stored while an Auth-I message is awaited, and tried when it has arrived",
        "Receiving a Data Message",
    ),
    "The initiator may speak at once, and the network may deliver in any order: those are the "
    "messages that storing is for.",
)
UNREADABLE_WITHOUT_KEYS = _hole(
    "unreadable-without-keys",
    SILENT,
    "whether the flag IGNORE_UNREADABLE counts where there is no private conversation",
    ("an Error Message with ERROR_2 answers every Data Message", "Receiving a Data Message"),
    ("not those that have the flag", "Data Message Format"),
    "The flag is defined for whoever lacks the keys, and a heartbeat should alarm nobody.",
)
REPLACED_KEYS = _hole(
    "replaced-keys",
    SILENT,
    "what becomes of MAC keys that were to be revealed when a DAKE replaces the keys",
    ("they are forgotten with all else", "Receiving a Non-Interactive-Auth Message"),
    ("they are revealed by the first Data Message of the next ratchet", "Revealing MAC Keys"),
    "Whoever could have forged a message before must be able to afterwards; deniability is the "
    "point of revealing.",
)
LEAVING_VERSION_3 = _hole(
    "leaving-version-3",
    SILENT,
    "what becomes of a private conversation of version 3 when one of version 4 begins",
    ("both go on", ""),
    ("the older one is ended, and its peer is told", ""),
    "What the user types can go to one of them only, and the other must not look alive.",
)

# Versions, policies and modes.

BOTH_VERSIONS = _hole(
    "both-versions",
    SILENT,
    "what answers an offer of both versions where both are allowed",
    (
        "an Identity message and a D-H Commit Message: both rules apply",
        "Receiving a Query Message",
    ),
    ("an Identity message", "Interactive DAKE Overview"),
    "The newest version that both sides speak is what a DAKE picks.",
)
ROLLBACK = _hole(
    "rollback",
    SILENT,
    "what a participant does who knows that the peer supports version 4, and is offered version 3 "
    "or answered in it",
    ("can check the published client profile", "Client Profile"),
    ("warns the user, and does not begin a conversation of version 3", ""),
    "Neither offer is authenticated, the peer's nor ours; whoever can change one could otherwise "
    "choose the version.",
)
ERROR_WITHOUT_CODE = _hole(
    "error-without-code",
    CONTRADICTION,
    "what an Error Message without a code, or with one that is not defined, does",
    ("a code is optional", "OTR Error Messages"),
    ("the message is ignored", "Receiving an Error Message"),
    "Anybody can send any text after the prefix; only three texts are known to be errors.",
)
ERROR_STARTS = _hole(
    "error-starts",
    SILENT,
    "how a DAKE is started on an Error Message",
    ("a Query Message answers, in version 3", "Receiving an Error Message"),
    (
        (
            "by a Query Message where there is no private conversation and the mode knows such, "
            "else by an Identity message"
        ),
        "OTRv4 policies advice",
    ),
    "Query Messages are not sent in ENCRYPTED_MESSAGES, nor in the other modes.",
)
ERROR_3 = _hole(
    "error-3",
    SILENT,
    "when an Error Message with ERROR_3 is sent",
    ("its meaning is that instance tags do not correspond", "OTR Error Messages"),
    ("never: such a message is discarded", "Protocol Events"),
    "No event of the text sends it, and several say to discard. An answer would go to all clients.",
)
TEXT_IN_START = _hole(
    "text-in-start",
    CONTRADICTION,
    "what becomes of a text that is typed where there is no private conversation",
    ("it waits until there is one", "Sending a Data Message"),
    (
        (
            "in the OTRv3-compatible mode it is sent as plaintext, unless a DAKE is in progress or "
            "REQUIRE_ENCRYPTION is set; else it waits, and a DAKE begins"
        ),
        "Protocol States",
    ),
    "START is said to send plaintext. To the letter, two users who do not want OTR could not chat.",
)
QUEUED_FOR = _hole(
    "queued-for",
    SILENT,
    "to whom a text that waits may be sent",
    ("to whoever the next conversation is with", "Receiving an Auth-I Message"),
    ("not to another fingerprint than the one that it was typed for", ""),
    "Else a text for one person is sent to another.",
)
QUEUE_BOUND = _hole(
    "queue-bound",
    SILENT,
    "how many texts wait",
    ("all of them", "Sending a Data Message"),
    ("max_queued; the user is told of more that they were not sent", ""),
    "A conversation that never begins must not fill the memory.",
)
STORED_SENT = _hole(
    "stored-sent",
    SILENT,
    "what a text that was sent encrypted is stored for",
    ("for possible retransmission", "Sending a Data Message"),
    ("it is not stored", ""),
    "No event of the text sends it again, and a plaintext that is kept defeats forward secrecy.",
)
PLAINTEXT_ARRIVES = _hole(
    "plaintext-arrives",
    SILENT,
    "what a mode that knows no plaintext does with it",
    ("it is the application's", "Scenarios and applications"),
    ("it is given to the application as it is", "Scenarios and applications"),
    "Nothing may be lost without a word.",
)
PREKEY_ARRIVES = _hole(
    "prekey-arrives",
    SILENT,
    "what a prekey message does that arrives in a conversation",
    ("no event names it", "Protocol Events"),
    ("it is ignored", ""),
    "It belongs into a prekey ensemble.",
)
INSTANCE_BOUND = _hole(
    "instance-bound",
    SILENT,
    "how many instances of a correspondent are told apart",
    ("as many as there are sender instance tags", "Instance Tags"),
    ("max_instances; the oldest without a private conversation makes room", ""),
    "An unauthenticated sender must not decide how much memory is used.",
)
FRAGMENT_SENDER = _hole(
    "fragment-sender",
    SILENT,
    "whether fragments of different senders with one identifier belong together",
    ("the identifier alone decides", "Receiving Fragments"),
    ("identifier and sender instance tag decide", ""),
    "Identifiers are random for each sender; another sender's must not destroy a message.",
)
FRAGMENT_BOUND = _hole(
    "fragment-bound",
    SILENT,
    "how much of fragmented messages is held, and for how long",
    ("all of it; a timer is optional", "Receiving Fragments"),
    (
        (
            "max_stored bytes of each of max_assemblies messages, for assembly_lifetime seconds; "
            "the oldest makes room"
        ),
        "",
    ),
    "An unauthenticated sender must not decide how much memory is used.",
)

# The double ratchet.

RATCHET_ID = _hole(
    "ratchet-id",
    CONTRADICTION,
    "when i, the ratchet id, is incremented",
    (
        "a sender increments it in two ratchets of three, a receiver sets it to 0 in the third",
        "Rotating ECDH Keys and Brace Key as sender",
    ),
    ("every ratchet, on either side, increments it", "Data Message Format"),
    "To the letter the first reply would have ratchet id -1, and the two sides would disagree on "
    "which ratchet is the third.",
)
NEW_RATCHET = _hole(
    "new-ratchet",
    CONTRADICTION,
    "how a new ratchet is recognised",
    (
        "both public keys differ from those that are held",
        "When you receive a Data Message",
    ),
    (
        "the ECDH key differs, and the ratchet id is the next",
        "Rotating ECDH Keys and Brace Key as receiver",
    ),
    "A DH key changes in every third ratchet only, and is empty in the others.",
)
FIRST_MESSAGE = _hole(
    "first-message",
    CONTRADICTION,
    "whether the first Data Message of a conversation begins a new ratchet",
    (
        "keys are rotated before the first Data Message is sent",
        "Rotating ECDH Keys and Brace Key as sender",
    ),
    ("not where the DAKE has left a sending chain key", "Interactive DAKE Overview"),
    "The other side derives its receiving chain in the DAKE.",
)
BRACE_KEY_KEPT = _hole(
    "brace-key-kept",
    CONTRADICTION,
    "whether the brace key of a non-interactive DAKE is kept",
    ("it is deleted once K is computed", "Non-Interactive DAKE Overview"),
    (
        "it is kept: the next ratchet's is derived from it",
        "Rotating ECDH Keys and Brace Key as sender",
    ),
    "The first new ratchet has id 1, which makes no new DH key.",
)
DH_IN_EVERY_MESSAGE = _hole(
    "dh-in-every-message",
    SILENT,
    "which Data Messages carry a public DH key",
    ("the one for which it was created", "When you send a Data Message"),
    ("every message of a ratchet whose id is a multiple of 3, and no other", "Data Message Format"),
    "The first message of a ratchet may be lost.",
)
SKIP_BOUND = _hole(
    "skip-bound",
    SILENT,
    "how many message keys may be skipped and stored in all",
    ("max_skip at once, about a thousand for each conversation", "Deletion of Stored Message Keys"),
    ("max_skip in one ratchet, max_stored_keys in all; a message beyond is refused", ""),
    "One message must not cost the receiver more than that many derivations.",
)
SKIPPED_KEY_FORGED = _hole(
    "skipped-key-forged",
    CONTRADICTION,
    "whether a skipped message key survives a message that fails its check",
    ("it is deleted at the end of the step, whatever happened", "When you receive a Data Message"),
    ("it stays: a failure changes nothing", "When you receive a Data Message"),
    "Otherwise a forged message prevents the real one from ever being read.",
)
DUPLICATE_ANSWER = _hole(
    "duplicate-answer",
    CONTRADICTION,
    "what answers a Data Message that came before",
    ("an Error Message, unless the flag IGNORE_UNREADABLE is set", "Receiving a Data Message"),
    ("nothing: it is discarded", "When you receive a Data Message"),
    "Networks repeat messages, and nothing was lost.",
)
MAC_KEYS_AT_THE_END = _hole(
    "mac-keys-at-the-end",
    SILENT,
    "whether ending a conversation reveals MAC keys",
    ("only an expired session does", "User requests to end an OTRv4 Conversation"),
    ("the last Data Message reveals all that were to be revealed", "Revealing MAC Keys"),
    "Otherwise the last messages of every conversation could never have been forged.",
)
EXPIRED_MAC_KEYS = _hole(
    "expired-mac-keys",
    SILENT,
    "where the MAC keys of an expired session are, and in which order",
    ("attached to the TLV of type 1, whose value is empty", "Session Expiration"),
    (
        "in the Data Message's own field: those that were to be revealed, then the skipped ones",
        "Data Message Format",
    ),
    "The format has one place for them.",
)
EXTRA_KEYS = _hole(
    "extra-keys",
    CONTRADICTION,
    "how several extra symmetric keys of one message are derived",
    (
        (
            "KDF(index || context || key) without a usage; the example counts four keys and calls "
            "them three"
        ),
        "Extra Symmetric Key",
    ),
    (
        (
            "the key of the message itself is given with each TLV; beside it, for each TLV in "
            "order, one derived with its index (1 byte, in the place of the usage) and its context "
            "(4 bytes) from the one before; 10 at most"
        ),
        "Extra Symmetric Key",
    ),
    "A byte in the usage's place keeps the function as it is defined.",
)
CHACHA_COUNTER = _hole(
    "chacha-counter",
    SILENT,
    "at which block ChaCha20 begins",
    ("only the nonce is given: 0", "When you send a Data Message"),
    ("at block 0", ""),
    "Nothing else uses the first block.",
)

# Values.

PHI_ORDER = _hole(
    "phi-order",
    CONTRADICTION,
    "in which order phi has what the two sides contribute",
    ("the sender's first, then the receiver's", "Shared Session State"),
    (
        (
            "instance tags in numerical order, first keys in the order of their owners' tags, "
            "strings in the order of their bytes"
        ),
        "Shared Session State",
    ),
    "Sender and receiver change with each message, and both sides must compute the same.",
)
PHI_NON_INTERACTIVE = _hole(
    "phi-non-interactive",
    SILENT,
    "which first keys the phi of a non-interactive DAKE has",
    ("those of both sides", "Shared Session State"),
    ("those of the side that sends the message", "Non-Interactive-Auth Message"),
    "The publisher has none: a prekey message has one pair of keys.",
)
USAGE_OF_PHI = _hole(
    "usage-of-phi",
    MISPRINT,
    "under which usage phi is hashed in a Non-Interactive-Auth message",
    ("one that is not defined, in the steps of making it", "Non-Interactive-Auth Message"),
    ("usage_non_int_auth_phi", "Non-Interactive-Auth Message"),
    "The steps of verifying it name that one.",
)
K_DH = _hole(
    "k-dh",
    SILENT,
    "how many bytes a DH shared secret has",
    ("a 3072-bit secret as a big-endian unsigned integer", "Shared Secrets"),
    ("384, with leading zeros", "Notation"),
    "Values that are concatenated have a fixed length, and the length of a secret is part of it. "
    "Implementations are said to drop leading zeros: see the dialects.",
)
ALL_ZERO = _hole(
    "all-zero",
    MISPRINT,
    "which ECDH shared secret is refused",
    ("the all-zero value", "Generating Shared Secrets"),
    ("the identity, whose encoding is 1 followed by zeros", "Generating Shared Secrets"),
    "57 zero bytes are a point of order 4. Neither can come from a point that is in the group.",
)
ON_THE_CURVE = _hole(
    "on-the-curve",
    MISPRINT,
    "what makes a point valid",
    (
        "it is not the identity, its coordinates are in range, and q times it is the identity",
        "Verifying that a point is on the curve",
    ),
    ("besides, it satisfies the equation, and its encoding is the only one it has", "Point"),
    "Coordinates in range are on no curve by that alone.",
)
SCALARS = _hole(
    "scalars",
    SILENT,
    "how scalars are written and read",
    ("57 bytes, taken modulo q when read", "Scalar"),
    ("57 bytes, reduced when written, taken modulo q when read", "Scalar"),
    "A scalar is an element modulo q. Values drawn for proofs are pruned, and larger.",
)
HASH_TO_SCALAR = _hole(
    "hash-to-scalar",
    SILENT,
    "which byte precedes the values of an SMP proof, and whether the hash is pruned",
    ("a usage id, and no pruning", "HashToScalar"),
    ("the proof's number in the place of the usage; no pruning", "SMP Hash Function"),
    "The section on SMP calls it an integer that tells the calls apart.",
)
PROFILE_SIGNED = _hole(
    "profile-signed",
    CONTRADICTION,
    "what the signature of a client profile is over",
    ("the fields, one after the other", "Create a Client Profile Signature"),
    (
        "everything before the signature, the number of fields and their types included",
        "Creating a Client Profile",
    ),
    "Else types could be exchanged under a signature.",
)
TRANSITION_SIGNED = _hole(
    "transition-signed",
    SILENT,
    "what the transitional signature is over, and how",
    ("fields 1 to 6", "Client Profile Data Type"),
    (
        (
            "fields 1 to 6 with their types, without their number; M is their SHA-256 hash, as an "
            "integer modulo q"
        ),
        "Creating a Client Profile",
    ),
    "It is the signature of OTRv3, which takes 32 bytes as an integer modulo q.",
)
PROFILE_FIELDS = _hole(
    "profile-fields",
    SILENT,
    "which client profiles can be read",
    ("fields should not be duplicated; their order is free", "Client Profile Data Type"),
    (
        "each required field once, others at most once, in any order; none of an unknown type",
        "Client Profile Data Type",
    ),
    "A field of unknown type has an unknown length: nothing after it can be read.",
)
PROFILE_EXPIRES = _hole(
    "profile-expires",
    SILENT,
    "whether a profile is valid in the second in which it expires",
    ("verify that it has not expired", "Validating a Client Profile"),
    ("it is not", ""),
    "One of the two has to be chosen.",
)
TRANSITION_OPTIONAL = _hole(
    "transition-optional",
    CONTRADICTION,
    "whether a transitional signature is verified",
    ("that is optional", "Validating a Client Profile"),
    ("wherever the DSA key is there, in the OTRv3-compatible mode", "Creating a Client Profile"),
    "A signature that nobody verifies says something that may be false.",
)
FINGERPRINT_BYTES = _hole(
    "fingerprint-bytes",
    SILENT,
    "which bytes of the keys a fingerprint is made of",
    (
        "the byte-level representation of the keys",
        "Public keys, Shared Prekeys, Forging keys and Fingerprints",
    ),
    ("the two points, without the types of the keys", "SMP Overview"),
    "byte(H) and byte(F) are the bytes of points.",
)
T_ENCODING = _hole(
    "t-encoding",
    SILENT,
    "how the values of t are encoded",
    ("they are concatenated", "Auth-R Message"),
    (
        (
            "0x0 and 0x1 as one byte, points as POINT, DH keys as MPI, the shared prekey as POINT, "
            "a client profile with its signature"
        ),
        "Data Types",
    ),
    "Each value as its data type.",
)
MINIMAL_MPI = _hole(
    "minimal-mpi",
    SILENT,
    "an MPI with leading zeros that arrives",
    ("must not be written", "Data Types"),
    ("the message is malformed", ""),
    "A value with two encodings can be changed without being noticed.",
)
RING_RANDOMS = _hole(
    "ring-randoms",
    FLAW,
    "how the random values of a ring signature are drawn",
    (
        "each is hashed and pruned, which makes it a multiple of 4 with its highest bit set",
        "Ring Signature Authentication",
    ),
    ("each is a hash of 114 bytes modulo q, and so uniform", ""),
    "The pair that closes the ring is uniform, and the pruned ones are not: three signatures in "
    "four name the key that made them, and deniability is lost. No verifier can tell the "
    "difference.",
)
SMP_RANDOMS = _hole(
    "smp-randoms",
    FLAW,
    "how the random values of SMP are drawn",
    (
        "each is hashed and pruned",
        "Considerations while working with elliptic curve parameters",
    ),
    ("those that blind a proof are a hash of 114 bytes modulo q, and so uniform", ""),
    "A response d = r - a * c with a pruned r tells about a bit of the exponent a.",
)
RING_TWICE = _hole(
    "ring-twice",
    SILENT,
    "what a ring signature is whose maker's key is in the ring more than once",
    ("any one that has the equations hold", "Ring Signature Authentication"),
    ("none: what is sent verifies nowhere", ""),
    "A peer can state our own public key as its forging key or as its ephemeral key. If it states "
    "it as both, nobody else could have made the signature, and deniability is lost.",
)
RING_HASH = _hole(
    "ring-hash",
    SILENT,
    "what the hash of a ring signature is over, and how long it is",
    ("usage_auth || G || q || A1 || ...; RVrf names no length", "Ring Signature Authentication"),
    ("G as POINT, q as 57 bytes, little-endian, the message as it is; 57 bytes of hash", ""),
    "RSig uses HashToScalar, which takes 57.",
)
EDDSA_SMALL_ORDER = _hole(
    "eddsa-small-order",
    SILENT,
    "when the public key of a client profile is checked",
    ("after the signature that it verifies", "Validating a Client Profile"),
    ("in that order; no profile is accepted before both hold", "Validating a Client Profile"),
    "Under a key of small order a signature of nobody's verifies; the later check refuses the key.",
)
SMP_ANSWER = _hole(
    "smp-answer",
    SILENT,
    "when SMP message 2 is sent",
    ("upon message 1", "Receiving a SMP Message 1"),
    ("when the user has given the secret; until then the state is EXPECT1", ""),
    "The secret is not known before.",
)
SMP_BAD_PROOF = _hole(
    "smp-bad-proof",
    SILENT,
    "what answers an SMP message whose checks fail",
    ("the state becomes SMPSTATE_EXPECT1", "The SMP State Machine"),
    ("besides, an SMP abort is sent", "TLV Record Types"),
    "The other side should not wait for an answer that will never come.",
)
SMP_SECRET_BYTES = _hole(
    "smp-secret-bytes",
    MISPRINT,
    "how many bytes of the hash the SMP secret is, and whether they are pruned",
    ("57, pruned; a bracket is in the wrong place", "Secret Information"),
    ("57, pruned", "Secret Information"),
    "Implementations are said to exist that take 64 and do not prune: see the dialects.",
)

AMBIGUITIES: tuple[Ambiguity, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Ambiguity)
)
