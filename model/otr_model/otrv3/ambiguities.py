"""Where the text of OTRv3 is silent, contradicts itself, or does harm when followed.

Each is attached to the rows that it concerns. "libotr" is libotr 4.1.1.
"""

from __future__ import annotations

from otr_model.kernel.ambiguity import Ambiguity, Kind, Reading

FAILED_SIGNATURE = Ambiguity(
    "otrv3.ambiguity:failed-signature",
    "the authentication state after a Reveal Signature or Signature Message that fails its checks",
    Kind.CONTRADICTION,
    Reading(
        "authstate becomes NONE whether or not the verifications succeed", "Authentication state"
    ),
    Reading("the message is ignored, and so the state stays", "Receiving a Signature Message"),
    "A forged message must not end an exchange that is going well; the list of transitions is the "
    "more specific passage.",
    (("libotr", "ours"),),
)

ALLOW_V2_ONLY = Ambiguity(
    "otrv3.ambiguity:allow-v2-only",
    "whether version 3 needs ALLOW_V2 to finish an AKE",
    Kind.MISPRINT,
    Reading(
        "Reveal Signature and Signature Messages are ignored unless ALLOW_V2 is set",
        "Receiving a Reveal Signature Message",
    ),
    Reading(
        "they are ignored unless the policy allows their own version", "Receiving a D-H Key Message"
    ),
    "To the letter, a client that allows only version 3 can never finish an AKE.",
    (("libotr", "ours"),),
)

FIRST_FRAGMENT = Ambiguity(
    "otrv3.ambiguity:first-fragment",
    "what happens to a first piece after it was stored",
    Kind.SILENT,
    Reading(
        "the rules are tried one after another, and the last of them forgets the piece just stored",
        "Fragmentation",
    ),
    Reading("the three rules exclude each other", "Fragmentation"),
    "To the letter nothing could ever be assembled.",
    (("libotr", "ours"),),
)

FRAGMENT_BOUND = Ambiguity(
    "otrv3.ambiguity:fragment-bound",
    "how much of a fragmented message is stored",
    Kind.SILENT,
    Reading("all of it, up to 65535 pieces of any size"),
    Reading("at most max_stored bytes; a message beyond that is forgotten"),
    "An unauthenticated sender must not decide how much memory is used.",
    (("libotr", "literal"),),
)

NESTED_FRAGMENT = Ambiguity(
    "otrv3.ambiguity:nested-fragment",
    "whether an assembled message may be a fragment itself",
    Kind.SILENT,
    Reading("it is treated as received, and so assembled again"),
    Reading("it is discarded"),
    "Nothing legitimate nests, and unpacking layer by layer costs quadratic time.",
    (("libotr", "ours"),),
)

FRAGMENT_STORES = Ambiguity(
    "otrv3.ambiguity:fragment-stores",
    "whether fragments of several instances share one store",
    Kind.SILENT,
    Reading("one stored fragment for each correspondent", "Fragmentation"),
    Reading("one for each instance of the correspondent", "Instance Tags"),
    "Two instances that send at once would destroy each other's messages.",
    (("libotr", "ours"),),
)

RECEIVER_ZERO = Ambiguity(
    "otrv3.ambiguity:receiver-zero",
    "a message for no particular instance that is neither a D-H Commit nor a fragment",
    Kind.CONTRADICTION,
    Reading("0 is appropriate whenever the instance is not known", "Instance Tags"),
    Reading("only a D-H Commit Message may be for instance 0", "State transitions"),
    "Everything after the D-H Commit knows whom it is for.",
    (("libotr", "ours"),),
)

INSTANCE_BOUND = Ambiguity(
    "otrv3.ambiguity:instance-bound",
    "how many instances of a correspondent are told apart",
    Kind.SILENT,
    Reading("as many as there are sender instance tags"),
    Reading("max_instances; the oldest without a private conversation makes room"),
    "An unauthenticated sender must not decide how much memory is used.",
    (("libotr", "literal"),),
)

SHARED_COMMIT = Ambiguity(
    "otrv3.ambiguity:shared-commit",
    "which instance's state a D-H Commit to instance 0 belongs to",
    Kind.SILENT,
    Reading("the text knows one authstate for each correspondent", "The protocol state machine"),
    Reading(
        "each instance takes part in the exchange when its first D-H Commit or D-H Key arrives"
    ),
    "Every instance of the peer may answer the commit, and may have sent one of its own, which the "
    "tie-break has to see.",
    (("libotr", "shares on a D-H Key only; answers a commit to instance 0 without a tie-break"),),
)

MIXED_VERSIONS = Ambiguity(
    "otrv3.ambiguity:mixed-versions",
    "a message of the AKE of another allowed version than the one in progress",
    Kind.SILENT,
    Reading("only the policy is asked", "Receiving a D-H Key Message"),
    Reading("a D-H Key Message of another version than our D-H Commit is refused"),
    "Otherwise the network could move an exchange to the older version. Later messages cannot be "
    "mixed: version 2 has no instance tags, and so a session of its own.",
    (("libotr", "ours"),),
)

FRESH_KEYS = Ambiguity(
    "otrv3.ambiguity:fresh-keys",
    "which D-H key of ours an AKE uses",
    Kind.SILENT,
    Reading("our_dh[our_keyid - 1], also when one is already in use", "Key Management"),
    Reading("a new one each time, with key id 1"),
    "The overview picks x and y at random in each AKE, and so do implementations; ADR 0007.",
    (("libotr", "ours"),),
)

DISCARDED_WINDOW = Ambiguity(
    "otrv3.ambiguity:discarded-window",
    "MAC keys that were used, when the D-H keys are replaced by another AKE",
    Kind.SILENT,
    Reading("to be revealed: keys are about to be forgotten", "Revealing MAC keys"),
    Reading("revealed in the next Data Message of the new conversation", "Revealing MAC keys"),
    "The general rule covers it; the passage on completing the AKE does not repeat it.",
    (("libotr", "does not reveal them"),),
)

STORED_TEXT = Ambiguity(
    "otrv3.ambiguity:stored-text",
    "which stored text is sent when a conversation becomes private",
    Kind.SILENT,
    Reading("any recent stored text, also one that was delivered", "Receiving a Signature Message"),
    Reading("one that was never sent, or that was sent before the peer reported an error"),
    "Every refresh of a conversation would repeat the last text.",
    (("libotr", "ours, where it sends the Signature Message; after an error in version 2 only"),),
)

STORED_FOR = Ambiguity(
    "otrv3.ambiguity:stored-for",
    "whether a stored text is sent to whoever completes the next AKE",
    Kind.FLAW,
    Reading("the peer's public key is not asked", "Receiving a Signature Message"),
    Reading("a text typed for one public key is not sent to another"),
    "A text that was typed in a private conversation with one key would be sent to an attacker who "
    "completes an AKE with a key of their own.",
    (("libotr", "literal"),),
)

UNREADABLE_WITHOUT_KEYS = Ambiguity(
    "otrv3.ambiguity:unreadable-without-keys",
    "a Data Message with IGNORE_UNREADABLE outside of a private conversation",
    Kind.CONTRADICTION,
    Reading("the user is told and an Error Message is sent", "Receiving a Data Message"),
    Reading("it is ignored, as the flag asks", "Data Message"),
    "The flag exists for heartbeats that arrive after a conversation has ended.",
    (("libotr", "ours"),),
)

HEARTBEAT_BEFORE_END = Ambiguity(
    "otrv3.ambiguity:heartbeat-before-end",
    "whether a heartbeat answers a message that ends the conversation",
    Kind.SILENT,
    Reading("the heartbeat comes before the TLVs are looked at", "Receiving a Data Message"),
    Reading("the TLVs come first, and a conversation that is over has no heartbeats"),
    "The peer has just forgotten its keys and could not read it.",
    (("libotr", "ours"),),
)

NEXT_DH = Ambiguity(
    "otrv3.ambiguity:next-dh",
    "whether the next D-H key in a Data Message must be a legal value",
    Kind.SILENT,
    Reading("only the AKE and SMP check ranges", "Key Management"),
    Reading("a message whose next D-H key is out of range is refused"),
    "Keys derived from 0 or 1 are known to everyone, and nobody honest sends such a key.",
    (("libotr", "literal"),),
)

LAST_KEYID = Ambiguity(
    "otrv3.ambiguity:last-keyid",
    "a Data Message from the D-H key whose id is the largest that fits its field",
    Kind.SILENT,
    Reading("their_keyid is incremented", "Key Management"),
    Reading("the message cannot be read: there is no id for the key after it"),
    "An id that does not fit its field cannot be sent back, and nobody honest counts that far.",
    (("libotr", "counts on from 0, which it takes for no key at all, and sends nothing any more"),),
)

SMP_ANSWER = Ambiguity(
    "otrv3.ambiguity:smp-answer",
    "when the user's secret is determined after SMP message 1",
    Kind.SILENT,
    Reading("at once, while message 1 is handled", "Receiving a type 2 TLV (SMP message 1)"),
    Reading("smpstate stays EXPECT1 until the user gives it; another message 1 replaces the first"),
    "People need time to answer.",
    (("libotr", "ours"),),
)

SMP_BAD_PROOF = Ambiguity(
    "otrv3.ambiguity:smp-bad-proof",
    "what follows when a check of an SMP message fails",
    Kind.SILENT,
    Reading("smpstate becomes EXPECT1 whenever an error occurs", "Expected Message"),
    Reading("the same, and SMP is aborted towards the peer, who would wait for ever"),
    "The section on TLV 6 provides for it.",
    (("libotr", "tells its application, whose part it is to abort"),),
)

SMP_REFRESH = Ambiguity(
    "otrv3.ambiguity:smp-refresh",
    "SMP that is underway while the conversation is refreshed by another AKE",
    Kind.SILENT,
    Reading("it goes on, since msgstate does not change", "The SMP state machine"),
    Reading("it is abandoned: both secrets contain the old secure session id"),
    "The two sides would compare different values.",
    (("libotr", "literal"),),
)

TLVS_IN_V2 = Ambiguity(
    "otrv3.ambiguity:tlvs-in-v2",
    "TLVs 7 and 8 in a conversation of version 2",
    Kind.SILENT,
    Reading("not defined in version 2, and so ignored", "Data Message"),
    Reading("handled as in version 3"),
    "The installed base sends and handles them whatever the version.",
    (("libotr", "ours"),),
)

DISABLED_PRIVATE = Ambiguity(
    "otrv3.ambiguity:disabled-private",
    "typing when every version was disallowed in the middle of a private conversation",
    Kind.FLAW,
    Reading("no special handling at all: the text goes out in the clear", "State transitions"),
    Reading("a conversation that is private, or was ended by the peer, stays as it is"),
    "The user sees a private conversation, and types into it.",
    (("libotr", "literal"),),
)

# What arrives, before any row: how strictly it is read.

TRAILING = Ambiguity(
    "otrv3.ambiguity:trailing-bytes",
    "bytes after the last field of an encoded message or of an SMP message",
    Kind.SILENT,
    Reading("nothing is said about them"),
    Reading("the message is malformed"),
    "The layouts have no place for them, and they could carry what no field describes.",
    (("libotr", "ours in encoded messages; ignores them in SMP TLVs"),),
)

MINIMAL_MPI = Ambiguity(
    "otrv3.ambiguity:minimal-mpi",
    "a received MPI with leading zero bytes",
    Kind.SILENT,
    Reading("MPIs must be minimal; what a receiver does with others is not said", "Data types"),
    Reading("the message is malformed"),
    "One public key would have as many fingerprints as there are paddings.",
    (("libotr", "accepts them, and hashes the bytes as received"),),
)

BASE64 = Ambiguity(
    "otrv3.ambiguity:base64",
    "how strict the base-64 decoding of an encoded message is",
    Kind.SILENT,
    Reading("base-64 encoding, between the marker and a full stop", "Encoded messages"),
    Reading(
        "that of RFC 4648, with padding and without foreign characters; the full stop is needed"
    ),
    "One message has one spelling.",
    (("libotr", "skips foreign characters, and accepts a Data Message without the full stop"),),
)

MARKERS = Ambiguity(
    "otrv3.ambiguity:markers",
    "which format a text is in that contains the markers of several",
    Kind.CONTRADICTION,
    Reading("whatever contains the error marker is an Error Message", "OTR Error Messages"),
    Reading("a fragment's marker decides, wherever it stands; otherwise the first marker"),
    "The passage on fragments asks for its marker to be looked for first, and an error that quotes "
    "a message is still an error.",
    (("libotr", "ours"),),
)

MALFORMED_ANSWER = Ambiguity(
    "otrv3.ambiguity:malformed-answer",
    "whether a message that is discarded is answered with an Error Message",
    Kind.SILENT,
    Reading("an Error Message may tell the peer of any error", "OTR Error Messages"),
    Reading("it is discarded, and that is all", "Instance Tags"),
    "Error Messages are asked for only where a Data Message cannot be read. A message without "
    "authentication that causes another one can be used to make noise.",
    (("libotr", "literal where the tags cannot be read, or the sender's is below the smallest"),),
)

UNKNOWN_MARKER = Ambiguity(
    "otrv3.ambiguity:unknown-marker",
    "a text that contains ?OTR in a form that is not defined",
    Kind.SILENT,
    Reading("nothing is said about it"),
    Reading("it is plaintext"),
    "People write about OTR.",
    (("libotr", "shows none: ?OTRv is a Query Message, other forms are unrecognised"),),
)

CUT_OFF_TLV = Ambiguity(
    "otrv3.ambiguity:cut-off-tlv",
    "a TLV record that is longer than what is left of the message",
    Kind.SILENT,
    Reading("nothing is said about it"),
    Reading("the records before it count, and the user is told that one was malformed"),
    "The text of the message is authentic all the same.",
    (("libotr", "drops it without a word"),),
)

SMP_RESPONSES = Ambiguity(
    "otrv3.ambiguity:smp-responses",
    "whether the responses D of SMP's proofs must be below q",
    Kind.SILENT,
    Reading("they are computed modulo q; no check is asked for", "SMP Hash function"),
    Reading("any response that satisfies the proof's equation is accepted"),
    "The text asks for no check, and D + q proves as much as D.",
    (("libotr", "refuses D = 0 and D >= q"),),
)

SMP_SUBGROUP = Ambiguity(
    "otrv3.ambiguity:smp-subgroup",
    "whether SMP's group elements must be in the subgroup of order q",
    Kind.FLAW,
    Reading("2 <= element <= modulus - 2 is all", "Receiving a type 2 TLV (SMP message 1)"),
    Reading("the same, as the text asks"),
    "An element outside of the subgroup passes the range check, and its proof passes whenever the "
    "challenge is even, which a sender can arrange. Whether the answer is a square then tells one "
    "bit that depends on the secret. Refusing such elements would refuse nobody honest; it is not "
    "done yet.",
    (("libotr", "ours"),),
)

REFLECTED_KEY = Ambiguity(
    "otrv3.ambiguity:reflected-key",
    "which end is the high end when both D-H keys are equal",
    Kind.SILENT,
    Reading(
        "neither: a key that is not greater makes its owner the low end",
        "Computing AES keys, MAC keys, and the secure session id",
    ),
    Reading("neither, and so no message between the two can be read"),
    "Equal keys arise only by reflection.",
    (("libotr", "ours"),),
)

BEST_INSTANCE = Ambiguity(
    "otrv3.ambiguity:best-instance",
    "which of several instances what the user types goes to",
    Kind.SILENT,
    Reading("the text knows one conversation for each correspondent", "The protocol state machine"),
    Reading(
        "the one whose AKE succeeded last, until another succeeds; the application may name another"
    ),
    "Only an authenticated event that the user is told of may change where texts go; every notice "
    "says which instance it is about.",
    (
        (
            "libotr",
            "the application chooses among several rules, such as the most recently heard of",
        ),
    ),
)

END_DURING_AKE = Ambiguity(
    "otrv3.ambiguity:end-during-ake",
    "an AKE that is in progress when the user ends the conversation",
    Kind.SILENT,
    Reading("only msgstate changes", "User requests to end an OTR conversation"),
    Reading("the same: an AKE that then succeeds begins a new private conversation"),
    "The peer may be the one who began it.",
    (("libotr", "abandons it"),),
)

MAC_KEYS_AT_THE_END = Ambiguity(
    "otrv3.ambiguity:mac-keys-at-the-end",
    "MAC keys that were used and not revealed when a conversation ends",
    Kind.SILENT,
    Reading(
        "to be revealed in the next Data Message, of which there is none", "Revealing MAC keys"
    ),
    Reading("the message that ends it reveals those of replaced keys; the others are forgotten"),
    "A MAC key must not be revealed while the peer's messages under it may still arrive.",
    (("libotr", "ours"),),
)

SAME_GY_FOR_NEW_COMMIT = Ambiguity(
    "otrv3.ambiguity:same-gy-for-new-commit",
    "the D-H Key Message that answers a second D-H Commit",
    Kind.FLAW,
    Reading(
        "the same as before, so that clients that are logged in several times agree",
        "Receiving a D-H Commit Message",
    ),
    Reading("the same, as the text asks"),
    "Whoever sends the second D-H Commit has seen g^y, and can choose g^x to fit: the commitment "
    "no longer protects the 64 bits of the secure session id that users compare.",
    (("libotr", "ours"),),
)

OWN_KEY = Ambiguity(
    "otrv3.ambiguity:own-key",
    "a peer who authenticates with our own long-term key",
    Kind.SILENT,
    Reading("nothing forbids it: users may talk to themselves"),
    Reading("the same"),
    "The user sees the fingerprint.",
    (("libotr", "refuses a reflected D-H key"),),
)

ORDER_OF_TLVS = Ambiguity(
    "otrv3.ambiguity:order-of-tlvs",
    "several TLVs in one Data Message",
    Kind.SILENT,
    Reading("all of them count, in no order that is given", "Data Message"),
    Reading("all count, in the order in which they stand; at most max_tlvs of them"),
    "Each may be answered by a message, and one message must not cost thousands.",
    (("libotr", "looks for the first of each type, and for type 1 before SMP"),),
)

DSA_PARAMETERS = Ambiguity(
    "otrv3.ambiguity:dsa-parameters",
    "which DSA keys are acceptable, and how M is signed",
    Kind.SILENT,
    Reading(
        "M is signed without hashing it again; q has 160 bits",
        "Public keys, signatures, and fingerprints",
    ),
    Reading("M is a number, taken modulo q; q has 20 bytes, p at most 16384 bits; no other check"),
    "M has 256 bits, and DSA as standardised would take the leftmost 160. All implementations "
    "reduce instead.",
    (("libotr", "ours, without bounds on p and q"),),
)

SMP_RANGES_IN_V2 = Ambiguity(
    "otrv3.ambiguity:smp-ranges-in-v2",
    "whether SMP's group elements are checked in version 2",
    Kind.FLAW,
    Reading("the text of version 2 asks for proofs only", "Receiving a type 2 TLV (SMP message 1)"),
    Reading("the checks of version 3 are made in version 2 as well"),
    "With an element of 1 every secret seems equal.",
    (("libotr", "ours"),),
)

V2_FRAGMENT_FORMAT = Ambiguity(
    "otrv3.ambiguity:v2-fragment-format",
    "the arguments of the format of version 2 fragments",
    Kind.MISPRINT,
    Reading("four fields and six arguments, among them instance tags", "Fragmentation"),
    Reading("k, n and the piece, as the text of version 2 has it", "Fragmentation"),
    "The sentence before says that there are no instance tags.",
    (("libotr", "ours"),),
)

AMBIGUITIES = (
    FAILED_SIGNATURE,
    ALLOW_V2_ONLY,
    FIRST_FRAGMENT,
    FRAGMENT_BOUND,
    NESTED_FRAGMENT,
    FRAGMENT_STORES,
    RECEIVER_ZERO,
    INSTANCE_BOUND,
    SHARED_COMMIT,
    MIXED_VERSIONS,
    FRESH_KEYS,
    DISCARDED_WINDOW,
    STORED_TEXT,
    STORED_FOR,
    UNREADABLE_WITHOUT_KEYS,
    HEARTBEAT_BEFORE_END,
    NEXT_DH,
    LAST_KEYID,
    SMP_ANSWER,
    SMP_BAD_PROOF,
    SMP_REFRESH,
    TLVS_IN_V2,
    DISABLED_PRIVATE,
    TRAILING,
    MINIMAL_MPI,
    BASE64,
    MARKERS,
    MALFORMED_ANSWER,
    UNKNOWN_MARKER,
    CUT_OFF_TLV,
    SMP_RESPONSES,
    SMP_SUBGROUP,
    REFLECTED_KEY,
    BEST_INSTANCE,
    END_DURING_AKE,
    MAC_KEYS_AT_THE_END,
    SAME_GY_FOR_NEW_COMMIT,
    OWN_KEY,
    ORDER_OF_TLVS,
    DSA_PARAMETERS,
    SMP_RANGES_IN_V2,
    V2_FRAGMENT_FORMAT,
)
