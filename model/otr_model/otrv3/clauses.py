"""The clauses of OTR version 3, and what version 2 says otherwise.

`V3` has one clause for every sentence of the text of version 3, in its order. `V2` consists of
those clauses whose sentence the text of version 2 shares, and of clauses of its own; a shared
clause keeps the number that its sentence has in version 3.

How the levels are chosen. The texts use no key words in capitals. An order ("reply with ...")
and "must" are a MUST, "should" is a SHOULD, "may", "can" and "optional" are a MAY. What fixes a
field, a value, a name, a state or an algorithm DEFINES, and so does an example that says what
comes out of it. The overview INFORMS, but for what the details do not repeat: the range of a
received D-H key, the uniqueness of counters, and what the protocol is meant to achieve.

How to read a paraphrase. It stands for the sentence together with what that stands under; names of
states go without their prefixes. What a citation means is defined by `answers`.
"""

from __future__ import annotations

from otr_model.clauses import (
    PinnedText,
    Registry,
    defines,
    in_section,
    informs,
    may,
    must,
    should,
    within_section,
)

__all__ = ["V2", "V3"]

_COMMIT = "c9710e9b5bbd2f9fd540c6f4fe040937444d20e2"

V3_TEXT = PinnedText(
    repository="off-the-record/libotr",
    commit=_COMMIT,
    path="Protocol-v3.html",
    sha256="34d34d27ee3a57837494bc9b4e6d7604e3b3b8982cab894f397155f4e6c052a4",
)

V2_TEXT = PinnedText(
    repository="off-the-record/libotr",
    commit=_COMMIT,
    path="Protocol-v2.html",
    sha256="31ee048bc81f0119f69de8299c9f09785267bccb00f2872f8ec932933d474141",
)

# Why a clause is not cited.

OVERVIEW = "an overview: the details decide"
LEAD = "a lead-in: what stands under it has its own clauses"
HEADING = "says what the text is about, or where to read on"
MOTIVE = "gives a reason or a consequence, not a rule"
EXAMPLE = "an example without an expected outcome"
HUMAN = "speaks to people, or of their interface, not of the protocol"
GOAL = "a goal of the whole protocol: no single row, check or message answers for it"
UNSEEN_RANDOM = "that a value is random cannot be seen from outside"
UNSEEN_SIZE = "the size of an exponent cannot be seen from outside"
V1 = "version 1 is outside this model"
ALSO_V1 = "the state of version 1 that it also names is outside this model"

# fmt: off

# --- Off-the-Record Messaging Protocol version 3 --------------------------------------------------

_INTRODUCTION = in_section(
    "Off-the-Record Messaging Protocol version 3", "introduction",
    informs("subject", "ddd8a566dea0fc04", "the text is about version 3", HEADING),
    informs("changes", "33529dc14c4a54b1", "what is new since version 2", LEAD),
    informs("changes.tags", "d99a666078891a41", "messages and fragments carry both instance tags",
            "repeats instance-tags.included"),
    informs("changes.tags.relaying", "bc2942be956a9234",
            "tags help on networks that relay to every login", MOTIVE),
    informs("changes.tags.interleaving", "755409a3e933de6e",
            "without tags two logins may never finish an exchange", MOTIVE),
    informs("changes.extra-key", "93a4cc8c4c6a3316", "there is an extra symmetric key",
            "imprecise: extra-key.secret takes it from a Data Message, not from the AKE"),
    informs("changes.extra-key.use", "beb4a39cea24cf1c", "what the extra key is for", MOTIVE),
)

# --- Very high level overview ---------------------------------------------------------------------

_OUTLINE = in_section(
    "Very high level overview", "outline",
    defines("network", "cc913d9d65989005", "messages arrive in order, but may be lost",
            argued="the explorer drops and reorders, which is more than the text allows"),
    defines("attacker", "2c59fd56f5b9a83b",
            "an active attacker may block, but must not learn contents",
            argued=GOAL),
    informs("signal", "f4b2407fd05c00dd", "Alice asks for, or offers, OTR", OVERVIEW),
    informs("signal.versions", "9db6795a089762bf", "query and tag both name versions", OVERVIEW),
    informs("ake", "89781efc70e17f1e", "Bob begins the key exchange", OVERVIEW),
    informs("ake.sigma", "fa0e615e862733c8", "the key exchange is a variant of SIGMA", OVERVIEW),
    informs("data", "dc7bce4a0be499f8", "then Data Messages carry what they say", OVERVIEW),
)

# --- Requesting an OTR conversation ---------------------------------------------------------------

_REQUESTING = in_section(
    "Requesting an OTR conversation", "requesting",
    informs("two-ways", "0e5b8c478e5c503a", "query message or whitespace tag", OVERVIEW),
    informs("versions", "94e50c85d0db2b96", "both ways name the versions on offer", OVERVIEW),
    defines("query", "dcde076571e5ad11", "a query asks the peer to begin", "otrv3.ake:query-offer",
            "otrv3.message:query", argued="what begins is for the policy to decide"),
    defines("tag", "401d20ca2987d3ef", "a tag says no more than willing", "otrv3.ake:tag-offer",
            "otrv3.variable:whitespace_start_ake"),
    defines("explicit-only", "256e5d2f9c7ce4d6", "one policy answers queries but not tags",
            "otrv3.ake:tag-offer.*.otherwise", "otrv3.variable:whitespace_start_ake"),
)

# --- Authenticated Key Exchange (AKE) -------------------------------------------------------------

_AKE_OUTLINE = in_section(
    "Authenticated Key Exchange (AKE)", "ake-outline",
    informs("subject", "605e8e0b4c164180", "the section sketches SIGMA as used here", HEADING),
    informs("group", "1147edf76e87c517", "arithmetic in one group of 1536 bits with generator g",
            OVERVIEW),
    informs("public-keys", "1115db44021f7c5c", "names of the long-term public keys", OVERVIEW),
    informs("idea", "3c2e3f763fd1026b",
            "unauthenticated D-H first, authentication inside its channel", OVERVIEW),
    informs("roles", "86c96c93fab31e85", "Bob is the one who begins", OVERVIEW),
    informs("commit.r", "8ffe042f3c12442c", "Bob draws r", OVERVIEW),
    informs("commit.x", "825a2a7747718db7", "Bob draws x", OVERVIEW),
    informs("commit.send", "087b76189f1cb5b6", "Bob sends his key encrypted, and its hash",
            OVERVIEW),
    informs("key.y", "0c66cad812f1683f", "Alice draws y", OVERVIEW),
    informs("key.send", "84d01d329939731b", "Alice sends her key", OVERVIEW),
    must("key.verify", "e40d6e8b4264d374", "Bob refuses a degenerate g^y", "otrv3.check:gy-range",
         argued="said only here: the details never repeat the range check"),
    informs("reveal.s", "e7803f355ef93d5a", "Bob computes the shared secret", OVERVIEW),
    informs("reveal.keys", "c82a0e9811003fcc", "Bob derives two cipher keys and four MAC keys",
            OVERVIEW),
    informs("reveal.keyid", "c18e04f3c8819004", "Bob chooses the serial number of his key",
            OVERVIEW),
    informs("reveal.m-b", "fa655fe67e9f7a19", "what Bob's inner MAC covers", OVERVIEW),
    informs("reveal.x-b", "8f1c5069729ea7ae", "what Bob encrypts", OVERVIEW),
    informs("reveal.send", "dd25f31949f616a7",
            "Bob reveals r and sends the encrypted, MACed signature", OVERVIEW),
    informs("check-reveal.decrypt", "2515cf11d0ab64cc", "Alice opens the commitment with r",
            OVERVIEW),
    informs("check-reveal.hash", "ebcf6ccc6e4e7fc8", "Alice compares the hash of g^x", OVERVIEW),
    must("check-reveal.verify", "a2b94372412be921", "Alice refuses a degenerate g^x",
         "otrv3.check:gx-range", argued="said only here: the details never repeat the range check"),
    informs("check-reveal.s", "d98f8adf71aa0e98", "Alice computes the same shared secret",
            OVERVIEW),
    informs("check-reveal.keys", "dabecd43bb833acc", "Alice derives the same keys", OVERVIEW),
    informs("check-reveal.mac", "f4508ac67920d35a", "Alice checks the outer MAC", OVERVIEW),
    informs("check-reveal.open", "a5d444a0c9b275f6", "Alice decrypts the signature", OVERVIEW),
    informs("check-reveal.m-b", "4732731e90f71d76", "Alice recomputes the inner MAC", OVERVIEW),
    informs("check-reveal.signature", "b921e37140400702", "Alice checks Bob's signature", OVERVIEW),
    informs("signature.keyid", "9c6161ee6a74ba94", "Alice chooses the serial number of her key",
            OVERVIEW),
    informs("signature.m-a", "acf7df24b8fccd40", "what Alice's inner MAC covers", OVERVIEW),
    informs("signature.x-a", "1609180a3e0010cd", "what Alice encrypts", OVERVIEW),
    informs("signature.send", "0e21f13380caa3df", "Alice sends her encrypted, MACed signature",
            OVERVIEW),
    informs("check-signature.mac", "830daf3bd7369e1c", "Bob checks the outer MAC", OVERVIEW),
    informs("check-signature.open", "49d55183bc1caaf1", "Bob decrypts the signature", OVERVIEW),
    informs("check-signature.m-a", "b5e6760707476b12", "Bob recomputes the inner MAC", OVERVIEW),
    informs("check-signature.signature", "639b51b445b07e56", "Bob checks Alice's signature",
            OVERVIEW),
    defines("agreement", "e818aa66bf8ef92c", "on success both hold the other's key and one secret",
            "otrv3.case:life.started-by-tester", "otrv3.case:life.started-by-tester-v2"),
    defines("authentication", "95d8c81607b85cae",
            "whoever shares the secret owns the long-term key",
            argued=GOAL),
)

# --- Exchanging data ------------------------------------------------------------------------------

_DATA_OUTLINE = in_section(
    "Exchanging data", "data-outline",
    informs("subject", "a41b7cc44502585b", "the section sketches how data is protected", HEADING),
    informs("group", "4f52c530d6d01e49", "the same group as in the key exchange", OVERVIEW),
    informs("scene", "b71bc14a23e2593d", "Alice has something to send", OVERVIEW),
    informs("send.own-key", "be350037b2d6eebf",
            "Alice uses her newest key that Bob is known to have", OVERVIEW),
    informs("send.own-keyid", "543dcfcadf5b956b", "name of that key and its number", OVERVIEW),
    informs("send.next-key", "e7ed7f88e501ce91", "Alice makes a successor if there is none",
            OVERVIEW),
    informs("send.peer-key", "2017759e21c5293d", "Alice uses Bob's newest key", OVERVIEW),
    informs("send.peer-keyid", "7bcb690e8ad08287", "name of that key and its number", OVERVIEW),
    informs("send.keys", "e152de357b761d85", "session keys come from that pair", OVERVIEW),
    informs("send.old-mac-keys", "683efefeba25f58d",
            "Alice gathers MAC keys that are of no more use", OVERVIEW),
    must("send.counter-unique", "fa56b2213df46a63", "no counter twice under one pair of keys",
         "otrv3.check:data-counter",
         argued="the sender's half shows in an invariant over last counters"),
    informs("send.authenticated", "32249850bcababfa", "what the MAC covers", OVERVIEW),
    informs("send.message", "2bd9740811f3b558", "what goes out", OVERVIEW),
    informs("receive.keys", "403b44fcc91cd450", "Bob selects the pair by the key ids", OVERVIEW),
    informs("receive.keys.same", "c32d1447de59c8ce", "both derive the same keys", OVERVIEW),
    informs("receive.mac", "fad6f2bdec9618f4", "Bob checks the MAC", OVERVIEW),
    informs("receive.decrypt", "b499c09ec67a280f", "Bob decrypts", OVERVIEW),
)

# --- High level overview / Socialist Millionaires' Protocol (SMP) ---------------------------------

_SMP_OUTLINE = in_section(
    "High level overview / Socialist Millionaires' Protocol (SMP)", "smp-outline",
    informs("purpose", "df143c35b7e18b01", "SMP, begun by either side, detects an impostor",
            OVERVIEW),
    informs("group", "5624e369a2a759ff", "the same group, its generator called g1", OVERVIEW),
    informs("proofs", "63947fe4b609cd17", "everything sent is proved well-formed", OVERVIEW),
    informs("question", "594c2ece7db7bc77", "do two secrets agree", OVERVIEW),
    defines("nothing-more", "bde540fd6f0be881", "only whether the secrets agree becomes known",
            argued=GOAL),
    informs("secrets", "171a6467cfff7cea", "secrets bind both public keys and what users typed",
            OVERVIEW),
    informs("meaning", "47113421b81e2a0b", "agreement means the same people", OVERVIEW),
    informs("steps", "d9842fe0ff70be13", "the course when Alice begins", LEAD),
    informs("message-1.draw", "968133b5ec73d6c1", "Alice draws two exponents", OVERVIEW),
    informs("message-1.send", "e1e2176bb0169085", "Alice sends both halves", OVERVIEW),
    informs("message-2.draw", "079c69d3b4c937fa", "Bob draws two exponents", OVERVIEW),
    informs("message-2.halves", "a1fe866f9c25277a", "Bob computes his halves", OVERVIEW),
    informs("message-2.generators", "9164729637c5c1d9", "Bob derives g2 and g3", OVERVIEW),
    informs("message-2.r", "45b5b65146a615d8", "Bob draws a blinding exponent", OVERVIEW),
    informs("message-2.pq", "9dc591c521a81850", "Bob computes his P and Q", OVERVIEW),
    informs("message-2.send", "f8fe6a6a68d6d71f", "Bob sends four values", OVERVIEW),
    informs("message-3.generators", "a63bd51c37414519", "Alice derives g2 and g3", OVERVIEW),
    informs("message-3.s", "d0cfc31128dca985", "Alice draws a blinding exponent", OVERVIEW),
    informs("message-3.pq", "1ffc18fda439b7bf", "Alice computes her P and Q", OVERVIEW),
    informs("message-3.r", "cb4443ea38946e9f", "Alice computes her R", OVERVIEW),
    informs("message-3.send", "2ae2f80bbd95afa4", "Alice sends three values", OVERVIEW),
    informs("message-4.r", "25bd1b259fff93b0", "Bob computes his R", OVERVIEW),
    informs("message-4.joint", "b700418424375745", "Bob completes the joint value", OVERVIEW),
    informs("message-4.compare", "0a509ed3add7f501", "Bob compares it with the quotient of the Ps",
            OVERVIEW),
    informs("message-4.send", "ad5e6c5cf7cc042e", "Bob sends his R", OVERVIEW),
    informs("result.joint", "d9a966bf59e7acdd", "Alice completes the joint value", OVERVIEW),
    informs("result.compare", "a66a621641743650", "Alice compares it with the quotient of the Ps",
            OVERVIEW),
    defines("sound", "b04938a16aba68df", "the test succeeds only if the secrets agree",
            "otrv3.case:life.smp", "otrv3.case:life.smp-v2"),
    defines("blinded", "c7d9050114020b47", "an unequal run leaks nothing further", argued=GOAL),
)

# --- Unencoded messages ---------------------------------------------------------------------------

_UNENCODED = in_section(
    "Unencoded messages", "unencoded",
    informs("subject", "5d19334ac309d96a", "messages that are not in base 64", HEADING),
)

# --- OTR Query Messages ---------------------------------------------------------------------------

_QUERY = in_section(
    "OTR Query Messages", "query",
    defines("string", "7aa93088120fcdd9", 'marker "?OTR", then the versions on offer',
            "otrv3.text:query"),
    informs("versions", "deb0648941a6756c", "how the versions are written", LEAD),
    defines("version-1", "2895a360ddd9bdf8", "version 1 is a question mark in first place",
            "otrv3.text:query.one"),
    defines("other-versions", "ccbcaa36531bbbc8",
            'other versions: "v", one byte each, question mark', "otrv3.text:query.others",
            "otrv3.case:ake.query-before-digits-v2"),
    defines("identifiers", "691553380669504d", "versions 2 and 3 are their digits",
            "otrv3.text:query.others"),
    should("order", "1cd8c3ee902efa14", "any order of versions, none of them twice",
           "otrv3.text:query.others"),
    informs("examples", "e67a8d131efbc2ae", "examples", LEAD),
    defines("example.only-1", "8e0ac4d989ccd75d", "example: version 1", "otrv3.text:query",
            "otrv3.case:ake.query-offers-v1-to-v3"),
    defines("example.only-2", "dadfdc887d19bc0d", "example: version 2", "otrv3.text:query",
            "otrv3.case:ake.query-offers-v2-to-v2"),
    defines("example.2-and-3", "61764fa7140e2373", "example: versions 2 and 3", "otrv3.text:query",
            "otrv3.case:ake.query-offers-v2-and-v3-to-v2-and-v3"),
    defines("example.1-and-2", "94cbc09637be5920", "example: versions 1 and 2", "otrv3.text:query",
            "otrv3.case:ake.query-offers-v1-and-v2-to-v2"),
    defines("example.2-and-unknown", "07cdab1760b48935", "example: 2 and two unknown versions",
            "otrv3.text:query", "otrv3.case:ake.query-offers-v3-among-others-to-v3"),
    defines("example.1-2-and-unknown", "d6ae153bb7ed7dbe", "example: 1, 2 and two unknown versions",
            "otrv3.text:query", "otrv3.case:ake.query-offers-v3-among-others-to-v3"),
    defines("example.empty-list", "c62aeff2330076bd", "example: 1 with an empty list of others",
            "otrv3.text:query", "otrv3.case:ake.query-offers-v1-to-v2-and-v3"),
    defines("example.none", "ced809912061ee51", "example: no version at all", "otrv3.text:query",
            "otrv3.case:ake.query-offers-nothing-to-v2-and-v3"),
    may("surroundings", "933de1c22707597a", "the query may be hidden, or stand in other text",
        "otrv3.text:query", "otrv3.case:ake.query-offers-v3-amid-text-to-v3"),
    should("start", "169b796919f11060", "a willing receiver begins the key exchange",
           "otrv3.ake:query-offer", "otrv3.message:query"),
)

# --- Tagged plaintext messages --------------------------------------------------------------------

_WHITESPACE_TAG = in_section(
    "Tagged plaintext messages", "whitespace-tag",
    may("attach", "33598112a52015a8", "any plaintext may carry the tag",
        "otrv3.text:whitespace-tag", "otrv3.effect:send-tagged"),
    defines("place", "89c67c43e97d5011", "the tag may stand anywhere in the text",
            "otrv3.text:whitespace-tag", "otrv3.case:ake.tag-inside-text"),
    defines("structure", "924ba597e4bafd57", "16 bytes, then 8 bytes for each version",
            "otrv3.text:whitespace-tag"),
    defines("base", "ee6654c9eff01cea", "the 16 bytes that are always there",
            "otrv3.text:whitespace-tag"),
    defines("version-1", "113bb3dd1dece70b", "the 8 bytes of version 1, first in line",
            "otrv3.text:whitespace-tag.versions"),
    defines("version-2", "6568dbce7f0727c8", "the 8 bytes of version 2",
            "otrv3.text:whitespace-tag.versions"),
    defines("version-3", "f7f1961a1166840b", "the 8 bytes of version 3",
            "otrv3.text:whitespace-tag.versions"),
    should("start", "169b796919f11060", "a willing receiver begins the key exchange",
           "otrv3.ake:tag-offer", "otrv3.variable:whitespace_start_ake"),
    should("stop", "548a47b8c4b8f10e", "tagging ends once plain text comes back",
           "otrv3.message:user-send.plaintext.not-disabled.not-require-encryption.not-attach-tag",
           "otrv3.condition:attach-tag"),
)

# --- OTR Error Messages ---------------------------------------------------------------------------

_ERROR_MESSAGE = in_section(
    "OTR Error Messages", "error-message",
    defines("marker", "d3194c0fde4c6aa0", '"?OTR Error:" anywhere makes an Error Message',
            "otrv3.text:error", "otrv3.case:message.error-without-blank"),
    should("details", "eda5e84f5628ff35", "readable details follow the marker",
           "otrv3.text:error.text"),
)

# --- Encoded messages -----------------------------------------------------------------------------

_ENCODING = in_section(
    "Encoded messages", "encoding",
    informs("subject", "58abb3efe44c8760", "bytes of what is sent in base 64", HEADING),
    informs("below", "4f32d39fdd597715", "each binary form has its own section", HEADING),
    defines("armour", "bdbb5de0ac9f28aa", '"?OTR:", the message in base 64, a full stop',
            "otrv3.text:encoded"),
    defines("group", "810a02f8f8964cfa", "the 1536-bit group of RFC 3526", "otrv3.constant:group"),
    defines("group.modulus", "5570b21ce2d4ea8d", "the digits of the modulus",
            "otrv3.constant:modulus"),
    defines("group.generator", "9fd2324bd6951832", "the generator is 2", "otrv3.constant:group"),
    defines("group.implied", "9252a8b2de4b98db", "every D-H exponentiation is in this group",
            "otrv3.constant:group", "otrv3.schedule:ake.s", "otrv3.schedule:data.s"),
)

# --- Data types -----------------------------------------------------------------------------------

_DATA_TYPES = in_section(
    "Data types", "data-types",
    defines("byte", "df83f763183ca685", "BYTE: one unsigned byte", "otrv3.type:byte"),
    defines("short", "b5a832122d512a4e", "SHORT: two bytes, big-endian", "otrv3.type:short"),
    defines("int", "a5cb02b1587dcd01", "INT: four bytes, big-endian", "otrv3.type:int"),
    defines("mpi.length", "43c717b727dff8a2", "MPI: a length in four bytes comes first",
            "otrv3.type:mpi"),
    defines("mpi.value", "8c465f90b3e80cbf", "MPI: the magnitude after it, big-endian",
            "otrv3.type:mpi"),
    must("mpi.minimal", "2f5a81589702c57a", "MPI: no leading zero bytes", "otrv3.type:mpi",
         "otrv3.ambiguity:minimal-mpi"),
    informs("mpi.minimal.reason", "49bba720c6deb4c9", "fingerprints depend on the minimal form",
            MOTIVE),
    defines("data.length", "3c5189ce2d8c2e5d", "DATA: a length in four bytes comes first",
            "otrv3.type:data"),
    defines("data.value", "6caaba2916d63eae", "DATA: that many bytes after it", "otrv3.type:data"),
    defines("ctr", "34e316626acb7720", "CTR: eight bytes", "otrv3.type:ctr"),
    defines("mac", "e5887c33710cb6ba", "MAC: twenty bytes", "otrv3.type:mac"),
)

# --- Public keys, signatures, and fingerprints ----------------------------------------------------

_PUBLIC_KEYS = in_section(
    "Public keys, signatures, and fingerprints", "public-keys",
    informs("purpose", "c9b99bd6a89eee7b", "long-lived keys that authenticate and never encrypt",
            "no behaviour of its own; reveal-signature and signature show the use"),
    defines("dsa-only", "c18e6f8fa64baf4f", "DSA is the only kind, but kinds are marked",
            "otrv3.layout:pubkey.kind"),
    defines("type", "6cc8d51518a265e3", "a public key begins with its type",
            "otrv3.layout:pubkey.kind"),
    defines("type.dsa", "bcf96132785dca39", "the type of DSA is zero", "otrv3.layout:pubkey.kind"),
    defines("p", "fa280962d1386d57", "public key: p after the type", "otrv3.layout:pubkey.p"),
    defines("q", "8cac5d46756302e0", "public key: q after p", "otrv3.layout:pubkey.q"),
    defines("g", "8d14c5b2b961565e", "public key: g after q", "otrv3.layout:pubkey.g"),
    defines("y", "cf90742dec2cfb6c", "public key: y after g", "otrv3.layout:pubkey.y"),
    defines("parameters", "be80fb8f9ff06241", "the four numbers are the parameters of DSA",
            "otrv3.layout:pubkey"),
    informs("signature", "787a2468d84d281e", "the form of a signature depends on the key's type",
            HEADING),
    informs("signature.dsa", "6974a8354b4a36de", "the form of a DSA signature", LEAD),
    defines("signature.length", "c8135cf73a162f12",
            "DSA signature: both halves as long as q, 20 bytes", "otrv3.type:sig"),
    defines("signature.r", "89f8fc051bc20eed", "DSA signature: r first, big-endian",
            "otrv3.type:sig"),
    defines("signature.s", "07e928b2a2b8b3f7", "DSA signature: s after r, big-endian",
            "otrv3.type:sig"),
    defines("fingerprint", "260c0d6c90d4632d", "keys are identified by hexadecimal fingerprints",
            "otrv3.layout:fingerprint"),
    defines("fingerprint.hash", "1b2cffdf9ed8fdc9", "SHA-1 over the encoded public key",
            "otrv3.layout:fingerprint"),
    defines("fingerprint.exception", "04a56b5421db2551", "a zero type is left out of the hash",
            "otrv3.layout:fingerprint"),
    informs("fingerprint.unique", "52882e539d55da93",
            "no two keys share a fingerprint, save by collision", MOTIVE),
)

# --- Instance Tags --------------------------------------------------------------------------------

_INSTANCE_TAGS = in_section(
    "Instance Tags", "instance-tags",
    must("included", "638c093de8702b6d", "every version 3 message carries tags",
         "otrv3.layout:header.sender", "otrv3.layout:header.receiver", "otrv3.text:fragment-v3"),
    should("persistent", "95add5f1dfed8bae", "a client keeps its 32-bit tag",
           "otrv3.variable:our_tag",
           argued="the tag is a setting of the endpoint; keeping it is the application's"),
    should("per-location", "17a7e8ae67c949ff", "each login of an account has its own tag",
           "otrv3.variable:our_tag",
           argued="the tag is a setting of the endpoint; choosing it is the application's"),
    must("both", "0c587547616bda55", "fragmented or not, both tags are there",
         "otrv3.layout:header.sender", "otrv3.layout:header.receiver",
         "otrv3.text:fragment-v3.sender", "otrv3.text:fragment-v3.receiver"),
    should("other-receiver", "b544473a5df23075", "discard what is addressed to another instance",
           "otrv3.instances:*.ready.other-instance"),
    defines("smallest", "f48cc884bf040782", "valid tags begin at 0x100",
            "otrv3.variable:smallest_tag", "otrv3.condition:sender-tag-valid"),
    may("receiver-unknown", "8f7f1d34a882f120", "a zero receiver stands for a tag not yet known",
        "otrv3.instances:*.ready.opening", "otrv3.ambiguity:receiver-zero"),
    should("sender-invalid", "1722c63527c075e1", "discard if the sender's tag is too small",
           "otrv3.instances:*.ready.illegal-sender"),
    should("receiver-invalid", "bf4cebce03be3f6b",
           "discard if the receiver's tag is small but not zero",
           "otrv3.instances:*.ready.illegal-receiver"),
    informs("relaying", "c64911efd6b5e18d", "tags help on networks that relay to every login",
            MOTIVE),
    informs("interleaving", "de69d98d31f036c8",
            "without tags two logins may never finish an exchange", MOTIVE),
)

# --- D-H Commit Message ---------------------------------------------------------------------------

_DH_COMMIT = in_section(
    "D-H Commit Message", "dh-commit",
    informs("first", "9eba1a76288b66cd", "first of the four in the key exchange",
            "the order of the messages follows from the table of the AKE"),
    informs("purpose", "b245651e08dc26b2", "Bob commits to a key without showing it", MOTIVE),
    informs("short-ssid", "8d762ea487bbf0a9", "the commitment allows a short session id", MOTIVE),
    defines("version", "7a8a8e7a075685a8", "protocol version: 3", "otrv3.layout:dh-commit.version"),
    defines("type", "50f53243f67e62d9", "message type: 0x02", "otrv3.layout:dh-commit.type"),
    defines("sender-tag", "93549f1f5b45a4ce", "tag of the sender", "otrv3.layout:dh-commit.sender"),
    defines("receiver-tag", "df9a67f9615d5478", "tag of the addressee",
            "otrv3.layout:dh-commit.receiver"),
    may("receiver-tag.zero", "6232f4436adde42a", "zero while the peer's tag is unknown",
        "otrv3.layout:dh-commit.receiver", "otrv3.instances:received.ready.opening"),
    informs("encrypted-gx", "c350a77d4ba04e78", "how the encrypted key is made", LEAD),
    must("encrypted-gx.r", "acee98283733874d", "draw 128 random bits r",
         "otrv3.constant:commit-key-bits", "otrv3.effect:new-commit-3", argued=UNSEEN_RANDOM),
    must("encrypted-gx.x", "0d3c8e0454ad5424", "draw an exponent x of at least 320 bits",
         "otrv3.constant:dh-exponent-bits", "otrv3.effect:new-commit-3", argued=UNSEEN_SIZE),
    defines("encrypted-gx.serialise", "3c3f093e4bfaa6df", "g^x in the form of an MPI",
            "otrv3.layout:gx-mpi"),
    informs("encrypted-gx.length", "2ed5ea80b9632f3f", "its usual length and first bytes",
            "an expectation, not a rule"),
    defines("encrypted-gx.encrypt", "71a2c11e1504aece",
            "AES-128 in counter mode under r, counter from zero",
            "otrv3.layout:dh-commit.encrypted_gx"),
    informs("encrypted-gx.same-length", "56f851f01be4d37e", "encryption keeps the length",
            "a property of counter mode"),
    defines("encrypted-gx.encode", "02e37df028bf34cb", "the result is the DATA field",
            "otrv3.layout:dh-commit.encrypted_gx"),
    defines("hashed-gx", "4db0d9dd01d53d48", "SHA-256 of the serialised key",
            "otrv3.layout:dh-commit.hashed_gx", "otrv3.check:commitment-matches"),
)

# --- D-H Key Message ------------------------------------------------------------------------------

_DH_KEY = in_section(
    "D-H Key Message", "dh-key",
    informs("second", "5948bf358e22c9f4", "second of the four in the key exchange",
            "the order of the messages follows from the table of the AKE"),
    informs("content", "d54a53805a42c002", "Alice sends nothing but her key", "the layout says so"),
    defines("version", "7a8a8e7a075685a8", "protocol version: 3", "otrv3.layout:dh-key.version",
            "otrv3.check:dh-key-version"),
    defines("type", "e3da709e7bce78d9", "message type: 0x0a", "otrv3.layout:dh-key.type"),
    defines("sender-tag", "93549f1f5b45a4ce", "tag of the sender", "otrv3.layout:dh-key.sender"),
    defines("receiver-tag", "df9a67f9615d5478", "tag of the addressee",
            "otrv3.layout:dh-key.receiver"),
    defines("gy", "cc4d241a13d331c2", "g^y, with y of at least 320 bits", "otrv3.layout:dh-key.gy",
            "otrv3.constant:dh-exponent-bits", "otrv3.effect:new-dh-key", argued=UNSEEN_SIZE),
)

# --- Reveal Signature Message ---------------------------------------------------------------------

_REVEAL_SIGNATURE = in_section(
    "Reveal Signature Message", "reveal-signature",
    informs("third", "bc8d81c39d02c971", "third of the four in the key exchange",
            "the order of the messages follows from the table of the AKE"),
    informs("purpose", "864654baea22b4c9",
            "Bob opens his commitment and authenticates himself and the channel", MOTIVE),
    defines("version", "7a8a8e7a075685a8", "protocol version: 3",
            "otrv3.layout:reveal-signature.version"),
    defines("type", "e37f35ab09775cb1", "message type: 0x11", "otrv3.layout:reveal-signature.type"),
    defines("sender-tag", "93549f1f5b45a4ce", "tag of the sender",
            "otrv3.layout:reveal-signature.sender"),
    defines("receiver-tag", "df9a67f9615d5478", "tag of the addressee",
            "otrv3.layout:reveal-signature.receiver"),
    defines("revealed-key", "432992d8e9c4777e", "r, in the clear",
            "otrv3.layout:reveal-signature.revealed_key"),
    informs("encrypted", "71640a8ada6a85de", "how the encrypted signature is made", LEAD),
    must("encrypted.s", "25e9e412ded17272", "compute the shared secret", "otrv3.schedule:ake",
         "otrv3.effect:keep-gy"),
    must("encrypted.keys", "8eb9e0830d61ae43", "derive c, m1 and m2", "otrv3.schedule:ake",
         "otrv3.effect:keep-gy"),
    must("encrypted.keyid", "660a1fe61cb77612", "choose the serial number of the key",
         "otrv3.effect:send-reveal-signature", "otrv3.ambiguity:fresh-keys"),
    must("encrypted.keyid.positive", "da2b271f09227227", "the serial number is an INT above zero",
         "otrv3.layout:identity.keyid", "otrv3.check:reveal-keyid"),
    defines("m-b.gx", "1e9f26f5074bc167", "inner MAC under m1, first: own D-H key",
            "otrv3.layout:signed.first", "otrv3.check:reveal-signed"),
    defines("m-b.gy", "afd08ea26e4723d1", "inner MAC under m1, second: peer's D-H key",
            "otrv3.layout:signed.second", "otrv3.check:reveal-signed"),
    defines("m-b.pub-b", "5a0045465d59e551", "inner MAC under m1, third: own public key",
            "otrv3.layout:signed.public", "otrv3.check:reveal-signed"),
    defines("m-b.keyid-b", "08b9f743a896000c", "inner MAC under m1, fourth: own key id",
            "otrv3.layout:signed.keyid", "otrv3.check:reveal-signed"),
    defines("x-b.pub-b", "c7f52b5654f591e3", "encrypted part, first: own public key",
            "otrv3.layout:identity.public"),
    defines("x-b.keyid-b", "5c88d7824efecf8b", "encrypted part, second: own key id",
            "otrv3.layout:identity.keyid"),
    defines("x-b.signature", "2cc5d8d914f525d9",
            "encrypted part, third: signature over the inner MAC, not rehashed",
            "otrv3.layout:identity.signature", "otrv3.check:reveal-signed"),
    defines("encrypted.encrypt", "da7aac9ba1c1f592",
            "AES-128 in counter mode under c, counter from zero",
            "otrv3.layout:reveal-signature.encrypted_signature"),
    defines("encrypted.encode", "7352e4a7348c5d92", "the result is the DATA field",
            "otrv3.layout:reveal-signature.encrypted_signature"),
    defines("mac", "2406988fbd4d978f",
            "outer MAC under m2, 160 bits, over the field with its length",
            "otrv3.layout:reveal-signature.mac", "otrv3.check:reveal-mac"),
)

# --- Signature Message ----------------------------------------------------------------------------

_SIGNATURE = in_section(
    "Signature Message", "signature",
    informs("last", "dd02ffdb4940c52c", "last of the four in the key exchange",
            "the order of the messages follows from the table of the AKE"),
    informs("purpose", "037d1023cd902d88", "Alice authenticates herself and the channel", MOTIVE),
    defines("version", "7a8a8e7a075685a8", "protocol version: 3", "otrv3.layout:signature.version"),
    defines("type", "8adc2585f7c6eccf", "message type: 0x12", "otrv3.layout:signature.type"),
    defines("sender-tag", "93549f1f5b45a4ce", "tag of the sender", "otrv3.layout:signature.sender"),
    defines("receiver-tag", "df9a67f9615d5478", "tag of the addressee",
            "otrv3.layout:signature.receiver"),
    informs("encrypted", "71640a8ada6a85de", "how the encrypted signature is made", LEAD),
    must("encrypted.s", "25e9e412ded17272", "compute the shared secret", "otrv3.schedule:ake",
         "otrv3.effect:accept-reveal"),
    must("encrypted.keys", "f8d6cd29fdf77b29", "derive c', m1' and m2'", "otrv3.schedule:ake",
         "otrv3.effect:accept-reveal"),
    must("encrypted.keyid", "85ff2df033be23a2", "choose the serial number of the key",
         "otrv3.effect:send-signature", "otrv3.ambiguity:fresh-keys"),
    must("encrypted.keyid.positive", "da2b271f09227227", "the serial number is an INT above zero",
         "otrv3.layout:identity.keyid", "otrv3.check:signature-keyid"),
    defines("m-a.gy", "91a975f82298a135", "inner MAC under m1', first: own D-H key",
            "otrv3.layout:signed.first", "otrv3.check:signature-signed"),
    defines("m-a.gx", "fa5902383722fc2b", "inner MAC under m1', second: peer's D-H key",
            "otrv3.layout:signed.second", "otrv3.check:signature-signed"),
    defines("m-a.pub-a", "15dab46d7edbd197", "inner MAC under m1', third: own public key",
            "otrv3.layout:signed.public", "otrv3.check:signature-signed"),
    defines("m-a.keyid-a", "be59c8f91a068daf", "inner MAC under m1', fourth: own key id",
            "otrv3.layout:signed.keyid", "otrv3.check:signature-signed"),
    defines("x-a.pub-a", "172b9017055a60a2", "encrypted part, first: own public key",
            "otrv3.layout:identity.public"),
    defines("x-a.keyid-a", "d57c91916e3d75a3", "encrypted part, second: own key id",
            "otrv3.layout:identity.keyid"),
    defines("x-a.signature", "34aa2d587575dd90",
            "encrypted part, third: signature over the inner MAC, not rehashed",
            "otrv3.layout:identity.signature", "otrv3.check:signature-signed"),
    defines("encrypted.encrypt", "ebf0dbbf51b3a53a",
            "AES-128 in counter mode under c', counter from zero",
            "otrv3.layout:signature.encrypted_signature"),
    defines("encrypted.encode", "7352e4a7348c5d92", "the result is the DATA field",
            "otrv3.layout:signature.encrypted_signature"),
    defines("mac", "b703549de165a8e1",
            "outer MAC under m2', 160 bits, over the field with its length",
            "otrv3.layout:signature.mac", "otrv3.check:signature-mac"),
)

# --- Data Message ---------------------------------------------------------------------------------

_DATA_MESSAGE = in_section(
    "Data Message", "data-message",
    informs("purpose", "87216dc06bf8ee52", "carries what is said in private", HEADING),
    informs("purpose.reveal", "8d29b4014daab33d", "reveals old MAC keys as well",
            "repeats mac-reveal.gather"),
    defines("plaintext", "840d4bca25332e76",
            "readable text in UTF-8, HTML allowed, then optionally more",
            "otrv3.layout:content.text", "otrv3.case:life.texts", "otrv3.case:life.texts-v2"),
    defines("plaintext.nul", "205d67dc86eeb3f2", "a zero byte ends the readable part",
            "otrv3.layout:content.nul"),
    defines("plaintext.tlvs", "02bb7865341b5e6e", "any number of records follow, unpadded",
            "otrv3.layout:content.tlvs", "otrv3.tlv:next-tlv.ready.no-tlv", "otrv3.tlv:tlv-done"),
    informs("tlv", "24d2df19fce58aea", "the form of a record", LEAD),
    defines("tlv.type", "d79692158e02fafd", "record: a type, in two bytes",
            "otrv3.layout:tlv.kind"),
    should("tlv.unknown", "4a8fd52c6d03a6d9", "records of unknown type are ignored",
           "otrv3.tlv:next-tlv.ready.tlv-unknown"),
    defines("tlv.length", "320d7d348dd29228", "record: the length of its value, in two bytes",
            "otrv3.layout:tlv.value", "otrv3.tlv:next-tlv.ready.tlv-malformed"),
    defines("tlv.value", "0d1b22cf8a6d090c", "record: its value", "otrv3.layout:tlv.value"),
    informs("tlv-examples", "6caab45d52b55250", "examples", LEAD),
    defines("tlv-examples.empty", "17cc62fe35f98238", "example: type 1 without a value",
            "otrv3.layout:tlv", "otrv3.case:tlv.disconnected"),
    defines("tlv-examples.hello", "6dc9346e861209a1", "example: type 0 with five letters",
            "otrv3.layout:tlv", "otrv3.case:tlv.padding"),
    informs("types", "f045514c951a1492", "the types of records", LEAD),
    should("types.padding", "6d4d2c0959a01591", "type 0: any value, ignored on receipt",
           "otrv3.layout:padding", "otrv3.tlv:next-tlv.ready.tlv-padding"),
    may("types.padding.use", "088172db565ee083", "type 0 may hide the length of a text",
        "otrv3.layout:padding"),
    may("types.disconnected.send", "3fcb2b7f60a79022", "type 1 may be sent when the user ends it",
        "otrv3.message:user-end.encrypted", "otrv3.effect:send-disconnect"),
    should("types.disconnected.receive", "7d7a547bc8e628fa",
           "type 1 leads to FINISHED, and the user is told",
           "otrv3.tlv:next-tlv.ready.tlv-disconnected", "otrv3.message:disconnected.encrypted"),
    defines("types.smp1", "3177eff2b8686402", "type 2 is SMP message 1", "otrv3.layout:smp-1",
            "otrv3.tlv:next-tlv.ready.tlv-smp-1"),
    defines("types.smp2", "bb28e623b337529f", "type 3 is SMP message 2", "otrv3.layout:smp-2",
            "otrv3.tlv:next-tlv.ready.tlv-smp-2"),
    defines("types.smp3", "17aace6d91a432fb", "type 4 is SMP message 3", "otrv3.layout:smp-3",
            "otrv3.tlv:next-tlv.ready.tlv-smp-3"),
    defines("types.smp4", "55b0013fcd1b71a2", "type 5 is SMP message 4", "otrv3.layout:smp-4",
            "otrv3.tlv:next-tlv.ready.tlv-smp-4"),
    may("types.abort.send", "8d14f4a67b8456de", "type 6 may be sent to break off SMP",
        "otrv3.smp:user-smp-abort.*.private", "otrv3.effect:send-smp-abort"),
    should("types.abort.empty", "97f725c5fe6efeb6", "type 6 has no value",
           "otrv3.layout:smp-abort"),
    should("types.abort.receive", "bb38047fcbb4b040", "type 6 returns SMP to its first state",
           "otrv3.tlv:next-tlv.ready.tlv-smp-abort", "otrv3.smp:smp-abort",
           argued="the text gives the state a name that it uses nowhere else"),
    defines("types.smp1q", "030c7b1b0a85ac40",
            "type 7: a question ended by NUL, then SMP message 1", "otrv3.layout:smp-1q"),
    must("types.extra-key.compute", "1a31e7e235c115d7",
         "type 8: whoever uses the extra key derives it", "otrv3.message:user-extra-key.encrypted",
         "otrv3.schedule:data.extra-key"),
    must("types.extra-key.send", "f567fba78b44b2d1", "type 8: announces the use of the extra key",
         "otrv3.message:user-extra-key.encrypted", "otrv3.layout:extra-key"),
    defines("types.extra-key.use", "5fd18c5b4200c474",
            "type 8: begins with four bytes naming the use", "otrv3.layout:extra-key.use"),
    defines("types.extra-key.context", "58cb87a0d857fa2e",
            "type 8: what follows belongs to that use", "otrv3.layout:extra-key.data"),
    informs("types.extra-key.none-defined", "265fdb44eec81987", "no use is defined yet",
            "the value is the application's"),
    defines("types.extra-key.not-sent", "a14d9b960ad50372", "the key itself never travels",
            "otrv3.layout:extra-key"),
    informs("smp-tlv", "e0b1bf81a810f1cb", "what the values of SMP records have in common", LEAD),
    defines("smp-tlv.count", "29664c50dfb2e29e", "SMP record: a count of MPIs comes first",
            "otrv3.layout:smp-1.count", "otrv3.layout:smp-2.count", "otrv3.layout:smp-3.count",
            "otrv3.layout:smp-4.count"),
    defines("smp-tlv.first", "6df1a04834c519d0", "SMP record: the first MPI", "otrv3.layout:smp-1",
            "otrv3.layout:smp-2", "otrv3.layout:smp-3", "otrv3.layout:smp-4"),
    defines("smp-tlv.second", "0efa3e399b7c5cca", "SMP record: the second MPI",
            "otrv3.layout:smp-1", "otrv3.layout:smp-2", "otrv3.layout:smp-3", "otrv3.layout:smp-4"),
    defines("smp-tlv.more", "d850ca0ca9bbf06d", "SMP record: further MPIs", "otrv3.layout:smp-1",
            "otrv3.layout:smp-2", "otrv3.layout:smp-3", "otrv3.layout:smp-4"),
    should("smp-tlv.complete", "a27c9daee740fe48", "SMP record: as many MPIs as the count says",
           "otrv3.layout:smp-1.count", "otrv3.layout:smp-2.count", "otrv3.layout:smp-3.count",
           "otrv3.layout:smp-4.count", "otrv3.tlv:next-tlv.ready.tlv-smp-malformed"),
    informs("smp-tlv.which", "4eaf0890d6d7894d", "which MPIs are sent is said elsewhere", HEADING),
    should("heartbeat", "0db941360c942c44", "an empty readable part is never displayed",
           "otrv3.message:data.encrypted.data-valid.not-has-text"),
    informs("heartbeat.use", "ce58625e17ef2e79", "a heartbeat still moves the keys on", MOTIVE),
    informs("format", "9a095502e1750084", "the fields", LEAD),
    defines("version", "236662f744e420be", "protocol version: 3", "otrv3.layout:data.version"),
    defines("type", "62b7fb2f9171a623", "message type: 0x03", "otrv3.layout:data.type"),
    defines("sender-tag", "4a17361f5c89c8d8", "tag of the sender", "otrv3.layout:data.sender"),
    defines("receiver-tag", "b2703e26ff57b219", "tag of the addressee",
            "otrv3.layout:data.receiver"),
    defines("flags", "0dbedb283d2d8efa", "a byte of flags", "otrv3.layout:data.flags"),
    should("flags.usual", "1e04a0a8214ab399", "flags are zero as a rule", "otrv3.layout:data.flags",
           "otrv3.effect:send-text"),
    informs("flags.defined", "a376f54f60c2da5f", "there is one flag", LEAD),
    must("flags.ignore-unreadable", "54d408ac9fd32f4d",
         "flag 0x01: stay silent if the message is unreadable",
         "otrv3.message:data.*.ignore-unreadable",
         "otrv3.message:data.encrypted.not-data-valid.ignore-unreadable"),
    must("sender-keyid", "5ace2f862642a40c", "positive, and one higher with each new key",
         "otrv3.layout:data.sender_keyid", "otrv3.check:their-key-known"),
    must("recipient-keyid", "50c45287b5886021", "positive, since nobody has a key 0",
         "otrv3.layout:data.recipient_keyid", "otrv3.check:our-key-known"),
    defines("keyids", "92af839f08f9ba6a", "both numbers name the keys used for this message",
            "otrv3.layout:data.sender_keyid", "otrv3.layout:data.recipient_keyid",
            "otrv3.schedule:data"),
    defines("next-key", "aec97f0b36a2ac64", "the sender's next public key",
            "otrv3.layout:data.next_dh", "otrv3.check:next-dh-range", "otrv3.ambiguity:next-dh"),
    must("counter", "64e610ef64d96a1a", "top half rises within one pair, never all zero",
         "otrv3.layout:data.counter", "otrv3.check:data-counter"),
    defines("encrypted", "28019bc1badd70cf", "AES-128 in counter mode under the pair's key",
            "otrv3.layout:data.encrypted", "otrv3.schedule:data"),
    defines("encrypted.counter", "186bca04e60971e5",
            "the counter: top half as sent, bottom half zero", "otrv3.layout:data.counter",
            "otrv3.layout:data.encrypted"),
    informs("encrypted.no-padding", "680cc7126bf805ff", "counter mode needs no padding",
            "a property of counter mode"),
    may("encrypted.disguise", "f8ee9a265786ec7f", "who wants padding uses type 0",
        "otrv3.layout:padding"),
    defines("mac", "faf40b0f4f960d86", "SHA-1 HMAC from the version to the ciphertext",
            "otrv3.layout:data.mac", "otrv3.check:data-mac"),
    informs("old-mac-keys", "5330349b53e46176", "old MAC keys, explained elsewhere",
            "repeats mac-reveal.gather"),
)

# --- Details of the protocol / Socialist Millionaires' Protocol (SMP) -----------------------------

_SMP = in_section(
    "Details of the protocol / Socialist Millionaires' Protocol (SMP)", "smp",
    informs("purpose", "06cb5fec4685da97", "do two secrets agree, with nothing else learnt",
            MOTIVE),
    informs("origin", "f715556a793f5eea", "the work that it builds on", HEADING),
    informs("proof", "4a253d2f79cb73e0", "where its use here is justified", HEADING),
    informs("subject", "f0f503e76bad4ac1", "an account of what is sent", HEADING),
)

# --- Secret information ---------------------------------------------------------------------------

_SMP_SECRET = in_section(
    "Secret information", "smp-secret",
    informs("parts", "d4e09142b116ea38", "what users type, and what is unique to the conversation",
            "repeats the fields below"),
    informs("format", "102097d26754326c", "the fields that are hashed", LEAD),
    defines("version", "031e841bef503780", "SMP secret: the version of SMP, one byte",
            "otrv3.layout:smp-secret.version"),
    defines("version.value", "51a7ba99a58eaaef", "SMP secret: its version is 1",
            "otrv3.layout:smp-secret.version"),
    defines("initiator", "f9e1342ef894797a", "SMP secret: the fingerprint of whoever began",
            "otrv3.layout:smp-secret.initiator", "otrv3.schedule:smp.initiator"),
    defines("responder", "af7e022c4bdec7e5", "SMP secret: the fingerprint of the other",
            "otrv3.layout:smp-secret.responder", "otrv3.schedule:smp.responder"),
    defines("ssid", "0fcfe18d75828dd4", "SMP secret: the secure session id",
            "otrv3.layout:smp-secret.ssid", "otrv3.schedule:smp.ssid"),
    defines("text", "22c53443ce5a1b69", "SMP secret: what the user typed",
            "otrv3.layout:smp-secret.secret", "otrv3.schedule:smp.secret"),
    defines("hash", "74222fb97cea5e78", "SMP secret: SHA-256 of those fields",
            "otrv3.schedule:smp.digest", "otrv3.schedule:smp.compared"),
    informs("purpose", "668508295cc667f2", "the fields exclude a man in the middle", MOTIVE),
)

# --- The SMP state machine ------------------------------------------------------------------------

_SMP_MACHINE = in_section(
    "The SMP state machine", "smp-machine",
    must("only-encrypted", "3f51b135dc149922", "SMP moves only while ENCRYPTED",
         "otrv3.condition:private", "otrv3.smp:*.*.not-private"),
    must("reset", "9004bf7df69dbc6f", "leaving ENCRYPTED puts SMP back to its start",
         "otrv3.smp:smp-reset", "otrv3.message:authenticated",
         "otrv3.message:disconnected.encrypted", "otrv3.message:user-end.encrypted",
         "otrv3.ambiguity:smp-refresh"),
    defines("state", "1d49d6733447fe75", "one state variable, and values of the steps so far",
            "otrv3.smp"),
)

# --- Expected Message -----------------------------------------------------------------------------

_SMP_STATE = in_section(
    "Expected Message", "smp-state",
    defines("purpose", "ebd79dbbbfdd169a", "the state says which SMP record is acceptable",
            "otrv3.smp:smp-1", "otrv3.smp:smp-2", "otrv3.smp:smp-3", "otrv3.smp:smp-4"),
    must("others", "bb6f66881149ff3a", "types 0 and 1 are acceptable in every state",
         "otrv3.tlv:next-tlv.ready.tlv-padding", "otrv3.tlv:next-tlv.ready.tlv-disconnected"),
    defines("values", "1cb419ee955b85fb", "there are four states", "otrv3.smp"),
    should("expect1", "21b14507822aa236", "EXPECT1 takes types 2 and 7", "otrv3.smp:smp-1.expect1",
           "otrv3.smp:smp-2.expect1", "otrv3.smp:smp-3.expect1", "otrv3.smp:smp-4.expect1"),
    defines("expect1.initial", "6ddad492fe3fbea3", "EXPECT1 is where it begins", "otrv3.smp"),
    must("expect1.after-error", "cf553204cbba601e", "errors and aborts lead back to EXPECT1",
         "otrv3.smp:smp-abort", "otrv3.smp:smp-broken", "otrv3.ambiguity:smp-bad-proof"),
    should("expect2", "1873a6aa4bc04a29", "EXPECT2 takes type 3", "otrv3.smp:smp-2.expect2",
           "otrv3.smp:smp-1.expect2", "otrv3.smp:smp-3.expect2", "otrv3.smp:smp-4.expect2"),
    should("expect3", "af9cc829840ff4db", "EXPECT3 takes type 4", "otrv3.smp:smp-3.expect3",
           "otrv3.smp:smp-1.expect3", "otrv3.smp:smp-2.expect3", "otrv3.smp:smp-4.expect3"),
    should("expect4", "31ac1295a5952876", "EXPECT4 takes type 5", "otrv3.smp:smp-4.expect4",
           "otrv3.smp:smp-1.expect4", "otrv3.smp:smp-2.expect4", "otrv3.smp:smp-3.expect4"),
)

# --- The SMP state machine / State Transitions ----------------------------------------------------

_SMP_EVENTS = in_section(
    "The SMP state machine / State Transitions", "smp-events",
    defines("events", "73603207b6ea38ab", "there are seven events", "otrv3.smp"),
    defines("events.smp1", "1209668af994d782", "event: SMP message 1", "otrv3.smp:smp-1"),
    defines("events.smp2", "e5c2328a44850d61", "event: SMP message 2", "otrv3.smp:smp-2"),
    defines("events.smp3", "554fd4d35cd61924", "event: SMP message 3", "otrv3.smp:smp-3"),
    defines("events.smp4", "ef0399a0e21fb2bc", "event: SMP message 4", "otrv3.smp:smp-4"),
    defines("events.abort", "982c3611ece07b38", "event: SMP abort", "otrv3.smp:smp-abort"),
    informs("events.user", "b0507f5731b90638", "what the user may ask for", LEAD),
    defines("events.user.begin", "3fdd5b9eabc48b6c", "event: the user begins",
            "otrv3.smp:user-smp-start"),
    defines("events.user.abort", "bab2283e84aa1a29", "event: the user aborts",
            "otrv3.smp:user-smp-abort"),
    informs("below", "2839963b58803b5f", "each event has its own section", HEADING),
    must("only-encrypted", "6aaf2a65d840f5a2", "every rule presumes ENCRYPTED",
         "otrv3.condition:private", "otrv3.smp:*.*.not-private"),
    informs("roles", "a574044b74452509", "Alice begins, Bob answers", HEADING),
)

# --- SMP Hash function ----------------------------------------------------------------------------

_SMP_HASH = in_section(
    "SMP Hash function", "smp-hash",
    informs("use", "427df2a38f69c962", "SHA-256 over a number and one or two MPIs", LEAD),
    informs("input", "16304746bec6aef7", "its input", LEAD),
    defines("version", "3612bd7261bb4e1e", "SMP hash: a byte that tells the uses apart",
            "otrv3.layout:smp-hash.version"),
    defines("first", "9ff152e9159f6ccc", "SMP hash: the first MPI", "otrv3.layout:smp-hash.first"),
    defines("second", "f3ea07e968baa418", "SMP hash: the second MPI, if there is one",
            "otrv3.layout:smp-hash.second"),
    defines("second.omitted", "4c38150e94ea01e7", "SMP hash: no field where there is no second MPI",
            "otrv3.layout:smp-hash.second"),
)

# --- Receiving a type 2 TLV (SMP message 1) -------------------------------------------------------

_RECEIVING_SMP1 = in_section(
    "Receiving a type 2 TLV (SMP message 1)", "receiving-smp1",
    informs("purpose", "4a5c35c43bc3ff12", "Alice begins to agree on two generators", MOTIVE),
    informs("values", "f7c1a59b7c60612b", "its values", LEAD),
    defines("values.g2a", "f478f53179abf1e8", "Alice's half of g2", "otrv3.layout:smp-1.g2a"),
    defines("values.proof-g2a", "055c0070fde59470", "proof that its exponent is known",
            "otrv3.layout:smp-1.c2", "otrv3.layout:smp-1.d2"),
    defines("values.g3a", "46566e20193c8c26", "Alice's half of g3", "otrv3.layout:smp-1.g3a"),
    defines("values.proof-g3a", "516fe77e72b345df", "proof that its exponent is known",
            "otrv3.layout:smp-1.c3", "otrv3.layout:smp-1.d3"),
    defines("question", "b32dbb660828abc2", "type 7 puts a question in front",
            "otrv3.layout:smp-1q.question", "otrv3.effect:tell-smp-asked"),
    informs("rules", "f728093328b8e1d2", "what Bob does", LEAD),
    must("unexpected", "f03672135a00a199", "out of turn: back to EXPECT1, send abort",
         "otrv3.smp:smp-1.expect2.private", "otrv3.smp:smp-1.expect3.private",
         "otrv3.smp:smp-1.expect4.private"),
    must("verify", "eecab39f581fd965", "check the proofs", "otrv3.smp:smp-1.expect1.private",
         "otrv3.ambiguity:smp-bad-proof"),
    must("verify.range", "53d5d9bf41c053c6", "both halves lie between 2 and modulus - 2",
         "otrv3.check:g2a-range", "otrv3.check:g3a-range"),
    must("verify.g2a", "a2e151e9284e2c23", "the proof for g2a holds, prefix 1",
         "otrv3.check:g2a-proof"),
    must("verify.g3a", "f350b0578d7977f4", "the proof for g3a holds, prefix 2",
         "otrv3.check:g3a-proof"),
    must("answer", "80594d4db8bf651a", "answer with SMP message 2",
         "otrv3.smp:user-smp-answer.expect1.private.asked", "otrv3.ambiguity:smp-answer"),
    must("answer.secret", "7975b3fcc801f404", "settle on his own secret",
         "otrv3.smp:user-smp-answer.expect1.private.asked", "otrv3.schedule:smp"),
    must("answer.exponents", "3a063336f2eed2ad", "draw b2 and b3", "otrv3.effect:send-smp-2",
         "otrv3.constant:smp-exponent-bits", argued=UNSEEN_RANDOM),
    informs("answer.exponents.use", "cb2d10c0423f1559", "they go into the two generators", MOTIVE),
    must("answer.blinding", "46d179ace3026760", "draw r2 to r6", "otrv3.effect:send-smp-2",
         "otrv3.constant:smp-exponent-bits", argued=UNSEEN_RANDOM),
    informs("answer.blinding.use", "8d073da2ba1dd441", "they blind the result and make the proofs",
            MOTIVE),
    must("answer.halves", "0806e7f2ab9a4c2e", "compute his halves of g2 and g3",
         "otrv3.layout:smp-2.g2b", "otrv3.layout:smp-2.g3b"),
    must("answer.proof-g2b", "8ac223b64b8626e0", "prove b2, prefix 3", "otrv3.layout:smp-2.c2",
         "otrv3.layout:smp-2.d2", "otrv3.check:g2b-proof"),
    defines("modulus-of-d", "fa3977870d0bad7f", "responses of proofs are reduced modulo q",
            "otrv3.constant:group"),
    defines("exponent-size", "9020a80b64517737", "random exponents have 1536 bits",
            "otrv3.constant:smp-exponent-bits", argued=UNSEEN_SIZE),
    must("answer.proof-g3b", "07534eff8bcbf543", "prove b3, prefix 4", "otrv3.layout:smp-2.c3",
         "otrv3.layout:smp-2.d3", "otrv3.check:g3b-proof"),
    must("answer.generators", "af87584994b50a1a", "derive g2 and g3", "otrv3.effect:send-smp-2",
         "otrv3.datum:smp-bases"),
    must("answer.pq", "7a7a0d536f6ef99b", "compute Pb and Qb from r4 and the secret",
         "otrv3.layout:smp-2.pb", "otrv3.layout:smp-2.qb"),
    must("answer.proof-pq", "0c358da596b52991", "prove Pb and Qb, prefix 5",
         "otrv3.layout:smp-2.cp", "otrv3.layout:smp-2.d5", "otrv3.layout:smp-2.d6",
         "otrv3.check:pb-qb-proof"),
    must("answer.store", "7f0d2b56e0740637", "keep six values for later", "otrv3.effect:send-smp-2",
         "otrv3.datum:smp-bases", "otrv3.datum:smp-exponents", "otrv3.datum:smp-points"),
    must("answer.send", "f35268e18af842a8", "send eleven values in the given order",
         "otrv3.effect:send-smp-2", "otrv3.layout:smp-2"),
    must("answer.next", "3820c0802ad4a14a", "go on to EXPECT3",
         "otrv3.smp:user-smp-answer.expect1.private.asked", "otrv3.ambiguity:smp-answer"),
)

# --- Receiving a type 3 TLV (SMP message 2) -------------------------------------------------------

_RECEIVING_SMP2 = in_section(
    "Receiving a type 3 TLV (SMP message 2)", "receiving-smp2",
    informs("purpose", "348d3217dfd91d4b", "Bob completes the generators", MOTIVE),
    informs("purpose.comparison", "30aa3af6c8c489c3", "and begins the comparison", MOTIVE),
    informs("values", "f7c1a59b7c60612b", "its values", LEAD),
    defines("values.g2b", "7800d1f38543fbc0", "Bob's half of g2", "otrv3.layout:smp-2.g2b"),
    defines("values.proof-g2b", "c255b1e4d4125b68", "proof that its exponent is known",
            "otrv3.layout:smp-2.c2", "otrv3.layout:smp-2.d2"),
    defines("values.g3b", "c0bb8691890b6c37", "Bob's half of g3", "otrv3.layout:smp-2.g3b"),
    defines("values.proof-g3b", "8ca50c9544f9afc4", "proof that its exponent is known",
            "otrv3.layout:smp-2.c3", "otrv3.layout:smp-2.d3"),
    defines("values.pq", "c0270e08294dabd1", "Pb and Qb, for the comparison",
            "otrv3.layout:smp-2.pb", "otrv3.layout:smp-2.qb"),
    defines("values.proof-pq", "5049e64e9e46996d", "proof that they are well-formed",
            "otrv3.layout:smp-2.cp", "otrv3.layout:smp-2.d5", "otrv3.layout:smp-2.d6"),
    informs("rules", "bd8ee65ec03397f4", "what Alice does", LEAD),
    must("unexpected", "9267019c38b87fd9", "out of turn: back to EXPECT1, send abort",
         "otrv3.smp:smp-2.expect1.private", "otrv3.smp:smp-2.expect3.private",
         "otrv3.smp:smp-2.expect4.private"),
    must("verify", "77122b743328ffea", "check the proofs", "otrv3.smp:smp-2.expect2.private",
         "otrv3.ambiguity:smp-bad-proof"),
    must("verify.range", "a649cc0ced9f2003", "all four values lie between 2 and modulus - 2",
         "otrv3.check:g2b-range", "otrv3.check:g3b-range", "otrv3.check:pb-range",
         "otrv3.check:qb-range"),
    must("verify.g2b", "ef22606060a9ffe5", "the proof for g2b holds, prefix 3",
         "otrv3.check:g2b-proof"),
    must("verify.g3b", "7be943d0cc4ee09b", "the proof for g3b holds, prefix 4",
         "otrv3.check:g3b-proof"),
    must("verify.pq", "9df5aead5f1b7876", "the proof for Pb and Qb holds, prefix 5",
         "otrv3.check:pb-qb-proof"),
    must("answer", "b8ee7aaa83af8496", "answer with SMP message 3",
         "otrv3.smp:smp-2.expect2.private.smp-2-valid"),
    must("answer.blinding", "ec5cc5f79022d148", "draw r4 to r7", "otrv3.effect:send-smp-3",
         "otrv3.constant:smp-exponent-bits", argued=UNSEEN_RANDOM),
    informs("answer.blinding.use", "39727c76f853fdf6", "they blind the result and make the proofs",
            MOTIVE),
    must("answer.generators", "de22a8fea4b50aa8", "derive g2 and g3", "otrv3.effect:send-smp-3",
         "otrv3.datum:smp-bases"),
    must("answer.pq", "5c2cee303d20229b", "compute Pa and Qa from r4 and the secret",
         "otrv3.layout:smp-3.pa", "otrv3.layout:smp-3.qa"),
    must("answer.proof-pq", "028bb19791f78d20", "prove Pa and Qa, prefix 6",
         "otrv3.layout:smp-3.cp", "otrv3.layout:smp-3.d5", "otrv3.layout:smp-3.d6",
         "otrv3.check:pa-qa-proof"),
    must("answer.r", "17fb79787edd84fc", "compute Ra", "otrv3.layout:smp-3.ra"),
    must("answer.proof-r", "6b52748012bf733f", "prove Ra, prefix 7", "otrv3.layout:smp-3.cr",
         "otrv3.layout:smp-3.d7", "otrv3.check:ra-proof"),
    must("answer.store", "c073c5dde9493284", "keep four values for later",
         "otrv3.effect:send-smp-3", "otrv3.datum:smp-bases", "otrv3.datum:smp-points"),
    must("answer.send", "a7104934eb191890", "send eight values in the given order",
         "otrv3.effect:send-smp-3", "otrv3.layout:smp-3"),
    must("answer.next", "2fab656865263751", "go on to EXPECT4",
         "otrv3.smp:smp-2.expect2.private.smp-2-valid"),
)

# --- Receiving a type 4 TLV (SMP message 3) -------------------------------------------------------

_RECEIVING_SMP3 = in_section(
    "Receiving a type 4 TLV (SMP message 3)", "receiving-smp3",
    informs("purpose", "b0b320394f3574f8", "it is Alice's last message", MOTIVE),
    informs("purpose.comparison", "43c258140198c9bd", "with it Bob can compare", MOTIVE),
    informs("values", "f7c1a59b7c60612b", "its values", LEAD),
    defines("values.pq", "3a9f17a6a45aaeee", "Pa and Qa, for the comparison",
            "otrv3.layout:smp-3.pa", "otrv3.layout:smp-3.qa"),
    defines("values.proof-pq", "41d55aa4460da469", "proof that they are well-formed",
            "otrv3.layout:smp-3.cp", "otrv3.layout:smp-3.d5", "otrv3.layout:smp-3.d6"),
    defines("values.r", "9638baaa5a138b86", "Ra, for the comparison", "otrv3.layout:smp-3.ra"),
    defines("values.proof-r", "c4e3eb83dec7dce2", "proof that it is well-formed",
            "otrv3.layout:smp-3.cr", "otrv3.layout:smp-3.d7"),
    informs("rules", "f728093328b8e1d2", "what Bob does", LEAD),
    must("unexpected", "5048fb6c1aad8fb1", "out of turn: back to EXPECT1, send abort",
         "otrv3.smp:smp-3.expect1.private", "otrv3.smp:smp-3.expect2.private",
         "otrv3.smp:smp-3.expect4.private",
         argued="the text addresses the abort to Bob, who is the sender; the peer is meant"),
    must("verify", "220477b8b1cc82b1", "check the proofs", "otrv3.smp:smp-3.expect3.private",
         "otrv3.ambiguity:smp-bad-proof"),
    must("verify.range", "ba5a2156e9a1ed3e", "all three values lie between 2 and modulus - 2",
         "otrv3.check:pa-range", "otrv3.check:qa-range", "otrv3.check:ra-range"),
    must("verify.pq", "a48146775d5b3c9e", "the proof for Pa and Qa holds, prefix 6",
         "otrv3.check:pa-qa-proof"),
    must("verify.r", "d36ce0d269d35b6e", "the proof for Ra holds, prefix 7",
         "otrv3.check:ra-proof"),
    must("answer", "b454a7a5771a3500", "answer with SMP message 4",
         "otrv3.smp:smp-3.expect3.private.smp-3-valid"),
    must("answer.blinding", "66c5562837616ef9", "draw r7", "otrv3.effect:send-smp-4",
         "otrv3.constant:smp-exponent-bits", argued=UNSEEN_RANDOM),
    informs("answer.blinding.use", "e547e5cd8f835ac7", "it makes the last proof", MOTIVE),
    must("answer.r", "1f8a6c460faa664a", "compute Rb", "otrv3.layout:smp-4.rb"),
    must("answer.proof-r", "28aed3f2479b8a36", "prove Rb, prefix 8", "otrv3.layout:smp-4.cr",
         "otrv3.layout:smp-4.d7", "otrv3.check:rb-proof"),
    must("answer.send", "4c8f6c83297a43b7", "send three values in the given order",
         "otrv3.effect:send-smp-4", "otrv3.layout:smp-4"),
    informs("outcome", "72f33c138ad2cc80", "then compare", LEAD),
    must("outcome.joint", "fbc785e333e06b56", "compute Rab", "otrv3.condition:equal"),
    must("outcome.compare", "c0118ec2fcdc405e", "equal secrets if Pa / Pb is Rab",
         "otrv3.condition:equal", "otrv3.smp:smp-3.expect3.private.smp-3-valid"),
    must("outcome.next", "3f48ef5cc60abe5b", "back to EXPECT1, whatever came out",
         "otrv3.smp:smp-3.expect3.private.smp-3-valid"),
)

# --- Receiving a type 5 TLV (SMP message 4) -------------------------------------------------------

_RECEIVING_SMP4 = in_section(
    "Receiving a type 5 TLV (SMP message 4)", "receiving-smp4",
    informs("purpose", "0b96cf1eb1f3cbe9", "it is Bob's last message", MOTIVE),
    informs("purpose.comparison", "1e88d032e49a7ce9", "with it Alice can compare", MOTIVE),
    informs("values", "f7c1a59b7c60612b", "its values", LEAD),
    defines("values.r", "ef8575f6a5753950", "Rb, for the comparison", "otrv3.layout:smp-4.rb"),
    defines("values.proof-r", "865f792e90d31fa9", "proof that it is well-formed",
            "otrv3.layout:smp-4.cr", "otrv3.layout:smp-4.d7"),
    informs("rules", "bd8ee65ec03397f4", "what Alice does", LEAD),
    must("unexpected", "dec2483ed5c7bfb5", "out of turn: back to EXPECT1, send abort",
         "otrv3.smp:smp-4.expect1.private", "otrv3.smp:smp-4.expect2.private",
         "otrv3.smp:smp-4.expect3.private"),
    must("verify", "247425b335294d7f", "check the proof", "otrv3.smp:smp-4.expect4.private",
         "otrv3.ambiguity:smp-bad-proof"),
    must("verify.range", "21431b33474954d4", "Rb lies between 2 and modulus - 2",
         "otrv3.check:rb-range"),
    must("verify.r", "537488be127101b3", "the proof for Rb holds, prefix 8",
         "otrv3.check:rb-proof"),
    informs("outcome", "4743b7b833be6a24", "then compare", LEAD),
    must("outcome.joint", "f56afea016b94703", "compute Rab", "otrv3.condition:equal"),
    must("outcome.compare", "9225235e65bd1ad8", "equal secrets if Pa / Pb is Rab",
         "otrv3.condition:equal", "otrv3.smp:smp-4.expect4.private.smp-4-valid"),
    must("outcome.next", "6bc0b45df4c75b35", "back to EXPECT1, whatever came out",
         "otrv3.smp:smp-4.expect4.private.smp-4-valid"),
)

# --- User requests to begin SMP -------------------------------------------------------------------

_USER_BEGINS_SMP = in_section(
    "User requests to begin SMP", "user-begins-smp",
    informs("underway", "86ac8f1864ac1f68", "in any other state a run is under way", HEADING),
    may("underway.restart", "4371dc858192ae53", "send abort and begin afresh",
        "otrv3.smp:user-smp-start.expect2.private", "otrv3.smp:user-smp-start.expect3.private",
        "otrv3.smp:user-smp-start.expect4.private"),
    may("underway.continue", "8cc26e4c0fd607e8", "or go on with the present run",
        argued="a user who asks for nothing does this; the model takes asking again as a restart"),
    informs("idle", "165b0c17aaff9d07", "in EXPECT1 no run is under way", HEADING),
    should("start", "75919c84dd0b28b1", "make SMP message 1",
           "otrv3.smp:user-smp-start.expect1.private"),
    must("start.secret", "1671a9f8a20201fa", "settle on her own secret", "otrv3.effect:send-smp-1",
         "otrv3.schedule:smp"),
    must("start.exponents", "ce4a6db64a11ceef", "draw a2 and a3, 1536 bits each",
         "otrv3.effect:send-smp-1", "otrv3.constant:smp-exponent-bits", argued=UNSEEN_RANDOM),
    informs("start.exponents.use", "cb57fe292094baa5", "they go into the two generators", MOTIVE),
    must("start.blinding", "853a0f38db132121", "draw r2 and r3, 1536 bits each",
         "otrv3.effect:send-smp-1", "otrv3.constant:smp-exponent-bits", argued=UNSEEN_RANDOM),
    informs("start.blinding.use", "74d1ed34215de851", "they make the proofs", MOTIVE),
    must("start.halves", "1afd626a039cafda", "compute her halves of g2 and g3",
         "otrv3.layout:smp-1.g2a", "otrv3.layout:smp-1.g3a"),
    must("start.proof-g2a", "af37f3af0d376a50", "prove a2, prefix 1", "otrv3.layout:smp-1.c2",
         "otrv3.layout:smp-1.d2", "otrv3.check:g2a-proof"),
    must("start.proof-g3a", "3c28d43d10a667ce", "prove a3, prefix 2", "otrv3.layout:smp-1.c3",
         "otrv3.layout:smp-1.d3", "otrv3.check:g3a-proof"),
    must("start.store", "338934f11ad0af01", "keep secret and exponents for later",
         "otrv3.effect:send-smp-1", "otrv3.datum:smp-secret", "otrv3.datum:smp-exponents"),
    must("start.send", "d24f333f9f25924e", "send six values in the given order",
         "otrv3.effect:send-smp-1", "otrv3.layout:smp-1"),
    must("start.next", "9937362c5a334a08", "go on to EXPECT2",
         "otrv3.smp:user-smp-start.expect1.private"),
)

# --- User requests to abort SMP -------------------------------------------------------------------

_USER_ABORTS_SMP = in_section(
    "User requests to abort SMP", "user-aborts-smp",
    must("always", "ca7689560e45fe90", "send abort and return to EXPECT1",
         "otrv3.smp:user-smp-abort.*.private"),
)

# --- Key Management -------------------------------------------------------------------------------

_KEYS = in_section(
    "Key Management", "keys",
    informs("remember", "3e8f3cf5019ecefe", "what is kept for each peer", LEAD),
    defines("remember.ours", "c5723ac4e6b2023d", "our newest pair and the one before",
            "otrv3.datum:ring", "otrv3.variable:our_keyid"),
    defines("remember.theirs", "c30de6a9796839cd",
            "the peer's newest public key and the one before", "otrv3.datum:ring",
            "otrv3.variable:their_keyid", "otrv3.variable:their_previous"),
    must("begin", "877cb95df32c8307", "begin with two own pairs; the newest is number 2",
         "otrv3.keys:keys-agreed", "otrv3.effect:install-keys"),
    should("private-size", "61782ecc44da1c8c", "private parts have at least 320 bits",
           "otrv3.constant:dh-exponent-bits", argued=UNSEEN_SIZE),
    must("ake.send", "3dc364af78ba397b", "the AKE uses the pair before the newest",
         "otrv3.effect:new-commit-3", "otrv3.effect:new-dh-key", "otrv3.ambiguity:fresh-keys"),
    must("ake.same-key", "b66fa36f112dbfef", "a key already known under its number changes nothing",
         "otrv3.keys:keys-agreed.held.key-known"),
    must("ake.new-key", "fa33af1355b073f3", "otherwise forget the peer's keys, keep the new one",
         "otrv3.keys:keys-agreed.empty", "otrv3.keys:keys-agreed.held.not-key-known"),
    should("ake.no-previous", "b79e892ed2b3f0df", "a new peer key leaves no previous one",
           "otrv3.effect:install-keys", "otrv3.variable:their_previous"),
    must("sending.keyids", "c93f5ff1620f804a", "our previous number and the peer's newest",
         "otrv3.effect:send-text", "otrv3.layout:data.sender_keyid",
         "otrv3.layout:data.recipient_keyid"),
    must("sending.next-key", "e00b4b62c32c2141", "announce our newest public key",
         "otrv3.effect:send-text", "otrv3.layout:data.next_dh"),
    must("sending.pair", "b352bb6efa036a84", "session keys from our previous and the peer's newest",
         "otrv3.effect:send-text", "otrv3.schedule:data"),
    must("sending.keys", "6378c0159aaa89e7", "encrypt and MAC with the sending keys",
         "otrv3.effect:send-text", "otrv3.schedule:data.sending-aes-key",
         "otrv3.schedule:data.sending-mac-key"),
    must("receiving.select", "d19c8ec23301e4d8", "the message's key ids select the pair",
         "otrv3.schedule:data", "otrv3.check:our-key-known", "otrv3.check:their-key-known"),
    must("receiving.unknown-keyid", "6c4ba6ad6722779a",
         "reject key ids other than newest or previous", "otrv3.check:our-key-known",
         "otrv3.check:their-key-known"),
    must("receiving.no-previous", "aa8cf37722c7c473",
         "reject the peer's previous key if there is none", "otrv3.check:their-key-known"),
    must("receiving.derive", "f9bbdae9dbc469da", "derive the session keys", "otrv3.schedule:data"),
    must("receiving.mac", "02f82e0169a9034e", "check the MAC with the receiving key",
         "otrv3.check:data-mac", "otrv3.schedule:data.receiving-mac-key"),
    must("receiving.mac.bad", "39cbbb46486914de", "reject a wrong MAC", "otrv3.check:data-mac",
         "otrv3.message:data.encrypted.not-data-valid"),
    must("receiving.counter", "fd58cc304e73b988", "a counter must exceed the last one of its pair",
         "otrv3.check:data-counter"),
    must("receiving.counter.bad", "bb17de3d726d216d",
         "reject a counter that does not exceed the last", "otrv3.check:data-counter",
         "otrv3.message:data.encrypted.not-data-valid"),
    must("receiving.decrypt", "d34b40c073025fbe", "decrypt with the receiving key",
         "otrv3.schedule:data.receiving-aes-key", "otrv3.message:data.encrypted.data-valid"),
    informs("receiving.rotate", "4fcae395cc1165ad", "then rotate if needed", LEAD),
    must("receiving.rotate.ours", "6971b0d34b4639cb",
         "newest of ours in use: forget the previous, add one",
         "otrv3.keys:data-taken.held.acknowledges", "otrv3.effect:rotate-our-keys"),
    must("receiving.rotate.theirs", "886432260ad52e24", "newest of theirs in use: take their next",
         "otrv3.keys:data-taken.held.*.advances", "otrv3.effect:rotate-their-keys"),
)

# --- Computing AES keys, MAC keys, and the secure session id --------------------------------------

_KEY_DERIVATION = in_section(
    "Computing AES keys, MAC keys, and the secure session id", "key-derivation",
    defines("shared-secret", "c532c4fca68bbb6d", "the D-H secret of two keys",
            "otrv3.constant:group", "otrv3.schedule:ake.s", "otrv3.schedule:data.s"),
    defines("ake", "1bddb8f0a7dadc33", "the AKE derives seven values", "otrv3.schedule:ake"),
    defines("ake.ssid-size", "bdf22738f9002a0d", "a session id of 64 bits",
            "otrv3.schedule:ake.ssid"),
    defines("ake.cipher-sizes", "ff93caba03b6049e", "two cipher keys of 128 bits",
            "otrv3.schedule:ake.c", "otrv3.schedule:ake.c-prime"),
    defines("ake.mac-sizes", "64f0bf9e8eea71ac", "four MAC keys of 256 bits",
            "otrv3.schedule:ake.m1", "otrv3.schedule:ake.m2", "otrv3.schedule:ake.m1-prime",
            "otrv3.schedule:ake.m2-prime"),
    informs("ake.how", "f2933068da7c135d", "how they are derived", LEAD),
    defines("ake.mpi", "5c4e158b5fdae888", "the secret in the form of an MPI",
            "otrv3.layout:secbytes.s", "otrv3.schedule:ake.secbytes"),
    defines("ake.secbytes", "a07e0f3d72645fce", "the name of the serialised secret",
            "otrv3.schedule:ake.secbytes"),
    defines("ake.h2", "50a28bbdedf9d232", "h2: SHA-256 over a byte and that string",
            "otrv3.schedule:ake.h2-00", "otrv3.schedule:ake.h2-01"),
    defines("ake.ssid", "698b8181a88a699d", "session id: first 8 bytes for 0x00",
            "otrv3.schedule:ake.ssid"),
    defines("ake.c", "add2600af169aab9", "c and c': the halves for 0x01", "otrv3.schedule:ake.c",
            "otrv3.schedule:ake.c-prime"),
    defines("ake.m1", "03851e6b25a41e90", "m1: for 0x02", "otrv3.schedule:ake.m1"),
    defines("ake.m2", "670cffb738b5e14a", "m2: for 0x03", "otrv3.schedule:ake.m2"),
    defines("ake.m1-prime", "e3af9153c08b66e4", "m1': for 0x04", "otrv3.schedule:ake.m1-prime"),
    defines("ake.m2-prime", "af1791ff27b45be5", "m2': for 0x05", "otrv3.schedule:ake.m2-prime"),
    defines("ake.which", "3d33a837f42212ac",
            "unprimed keys for Reveal Signature, primed for Signature", "otrv3.schedule:ake",
            "otrv3.layout:reveal-signature", "otrv3.layout:signature"),
    should("ssid.display", "e697d8c91a22872a", "shown as two words of eight hexadecimal digits",
           "otrv3.datum:ssid", "otrv3.effect:tell-secure", "otrv3.schedule:ake.ssid"),
    must("ssid.revealer", "f61dc968b4d477cf", "sender of Reveal Signature: first half bold",
         "otrv3.datum:initiated", "otrv3.effect:accept-signature"),
    must("ssid.signer", "106409cd6bf6d287", "sender of Signature: second half bold",
         "otrv3.datum:initiated", "otrv3.effect:accept-reveal"),
    informs("ssid.compare", "6f3725a11a0186d9", "users may compare it by voice", HUMAN),
    informs("ssid.compare.when", "f102f5e162b0864c", "only needed where long-term keys are doubted",
            HUMAN),
    must("data", "d843d12858d5e294", "key ids in the message select the pair",
         "otrv3.schedule:data", "otrv3.layout:data.sender_keyid",
         "otrv3.layout:data.recipient_keyid"),
    defines("data.values", "9ca0017be9fd485d", "a pair gives four keys", "otrv3.schedule:data"),
    defines("data.cipher-sizes", "f86f5155dbfd4b9f", "a cipher key of 128 bits each way",
            "otrv3.schedule:data.sending-aes-key", "otrv3.schedule:data.receiving-aes-key"),
    defines("data.mac-sizes", "d4e4ee0752b08e7b", "a MAC key of 160 bits each way",
            "otrv3.schedule:data.sending-mac-key", "otrv3.schedule:data.receiving-mac-key"),
    informs("data.how", "e5f1b21b105d1a54", "how they are derived", LEAD),
    defines("data.ends", "75bfb4866e6973f3", "each side finds out which end it is",
            "otrv3.schedule:data.sendbyte", "otrv3.schedule:data.recvbyte"),
    defines("data.high", "18f4e1b82476f53a", "the greater D-H public key is the high end",
            "otrv3.schedule:data.sendbyte", "otrv3.schedule:data.recvbyte",
            argued="the text says public key; the D-H keys of the pair are meant"),
    defines("data.low", "1cdb413b98ec5ebe", "the end that is not high is low",
            "otrv3.schedule:data.sendbyte", "otrv3.schedule:data.recvbyte"),
    informs("data.ends-change", "aa102be11308dcf6", "the ends may swap with each new key",
            "follows from key-derivation.data.high and the choice of keys"),
    defines("data.high-bytes", "4f6eaff62530f61e", "high end: send with 0x01, receive with 0x02",
            "otrv3.schedule:data.sendbyte", "otrv3.schedule:data.recvbyte"),
    defines("data.low-bytes", "f9cba34d0f8027b9", "low end: send with 0x02, receive with 0x01",
            "otrv3.schedule:data.sendbyte", "otrv3.schedule:data.recvbyte"),
    defines("data.h1", "f3de766a12dc8f0b", "h1: SHA-1 over a byte and the secret's string",
            "otrv3.schedule:data.h1-send", "otrv3.schedule:data.h1-recv"),
    defines("data.sending-cipher", "5f992f5bd7ce5395",
            "sending cipher key: 16 bytes for the sending byte",
            "otrv3.schedule:data.sending-aes-key"),
    defines("data.sending-mac", "9dfeed18c5c58591", "sending MAC key: SHA-1 of the cipher key",
            "otrv3.schedule:data.sending-mac-key"),
    defines("data.receiving-cipher", "54a1111cae32690e",
            "receiving cipher key: 16 bytes for the receiving byte",
            "otrv3.schedule:data.receiving-aes-key"),
    defines("data.receiving-mac", "ff0e60dcce63d064", "receiving MAC key: SHA-1 of the cipher key",
            "otrv3.schedule:data.receiving-mac-key"),
)

# --- Extra symmetric key --------------------------------------------------------------------------

_EXTRA_KEY = in_section(
    "Extra symmetric key", "extra-key",
    informs("purpose", "5a3464128eabf1d2", "a key for uses of the application", MOTIVE),
    must("announce", "52c2524ad76fc7c1", "announced by type 8 in a Data Message",
         "otrv3.message:user-extra-key.encrypted", "otrv3.layout:extra-key"),
    defines("secret", "561eadb614be327a", "from the same string as that message's keys",
            "otrv3.schedule:data.secbytes", "otrv3.schedule:data.extra-key"),
    defines("derive", "eb1d4f11de82190b", "all of h2 for 0xff", "otrv3.schedule:data.extra-key"),
    must("receive", "29194d93ef9c49e0", "the receiver derives it likewise",
         "otrv3.tlv:next-tlv.ready.tlv-extra-key", "otrv3.effect:tell-extra-key"),
    informs("not-sent", "5f8b40b962a1c168", "the key itself never travels",
            "repeats data-message.types.extra-key.not-sent"),
)

# --- Revealing MAC keys ---------------------------------------------------------------------------

_MAC_REVEAL = in_section(
    "Revealing MAC keys", "mac-reveal",
    must("gather", "46f539d7468d1e8c", "used receiving MAC keys of a forgotten key go out next",
         "otrv3.effect:rotate-our-keys", "otrv3.effect:rotate-their-keys",
         "otrv3.layout:data.revealed", "otrv3.ambiguity:discarded-window"),
    informs("purpose", "b892a9c7c87248d4", "published MAC keys make transcripts forgeable", MOTIVE),
    defines("safe", "941a0cd4d8f639dd", "a published MAC key verifies nothing any more",
            argued=GOAL),
)

# --- Fragmentation --------------------------------------------------------------------------------

_FRAGMENTATION = in_section(
    "Fragmentation", "fragmentation",
    informs("need", "29f1e8171e88b774", "networks may limit the size of messages", MOTIVE),
    may("split", "3660bfecc85fef7b", "a sender may split a message", "otrv3.text:fragment-v3"),
    informs("subject", "c99898a70c45284d", "the section describes fragments", HEADING),
    must("assemble", "dc4600337c170115", "every client reassembles; splitting is optional",
         "otrv3.fragment"),
    may("send", "10eac6ad21267d6b", "split if the limit is known", "otrv3.text:fragment-v3"),
    defines("send.whole", "000cc580b5671746", "take the whole encoded message",
            "otrv3.text:fragment-v3.piece", "otrv3.text:encoded"),
    informs("send.whole.example", "c5561d2b4c951eca", "example of its beginning and end",
            "stale: its first bytes say version 1"),
    defines("send.pieces", "34b1532035a09d81", "break it into pieces that fit",
            "otrv3.text:fragment-v3.piece", "otrv3.case:receiving.fragments-of-long-text-v3"),
    defines("send.count", "a09facf6c72a0181", "names for the number of pieces and the pieces",
            "otrv3.text:fragment-v3.n", "otrv3.text:fragment-v3.piece"),
    defines("send.format", "437d6f6a812b7cdc", "tags, index and count, then the piece",
            "otrv3.text:fragment-v3", "otrv3.case:receiving.fragments-capital-digits"),
    defines("send.version-2", "5d60fa4d641917e1", "version 2 leaves out the tags",
            "otrv3.text:fragment-v2"),
    defines("send.version-2.format", "2ef5a6ab51e7f8cc", "the form without tags",
            "otrv3.text:fragment-v2",
            argued="the text's argument list names tags that its format has no place for"),
    defines("send.numbers", "0f5ac796769fa8c0", "index and count fit in 16 bits",
            "otrv3.text:fragment-v3.k", "otrv3.text:fragment-v3.n",
            "otrv3.case:receiving.fragment-numbers-of-17-bits"),
    must("send.nonempty", "cccad3b9ecdc63c1", "no piece is empty", "otrv3.text:fragment-v3.piece"),
    must("receive", "68fd7167fc85e037", "look for fragments before any other marker",
         "otrv3.fragment:arrived", "otrv3.condition:is-fragment"),
    must("receive.parse", "028ec67d4aced416", "read index, count and piece",
         "otrv3.text:fragment-v3", "otrv3.case:receiving.fragments-short-numbers"),
    should("receive.other-receiver", "957b90f48bbbcd4c",
           "discard what is for another instance; a warning is optional",
           "otrv3.instances:received.ready.other-instance", "otrv3.effect:warn-other-instance"),
    defines("receive.stored", "ac53484cf8df15f6", "what is kept: index, count, text so far",
            "otrv3.variable:stored_k", "otrv3.variable:stored_n", "otrv3.datum:fragments"),
    defines("receive.nothing-stored", "94d25014618076ba", "with nothing kept: zero, zero, empty",
            "otrv3.variable:stored_k", "otrv3.variable:stored_n", "otrv3.datum:fragments"),
    must("receive.illegal", "01662fde478c964c", "discard an index or count that is impossible",
         "otrv3.fragment:arrived.*.illegal"),
    must("receive.first.forget", "f731e27eb394d51f", "first piece: forget what was kept",
         "otrv3.fragment:arrived.*.first", "otrv3.effect:store-piece"),
    must("receive.first.store", "d958dea38599e1d5", "first piece: keep it",
         "otrv3.fragment:arrived.*.first", "otrv3.effect:store-piece"),
    must("receive.first.count", "f1c5a460ce69bbf6", "first piece: keep its numbers",
         "otrv3.fragment:arrived.*.first", "otrv3.effect:store-piece"),
    must("receive.next.append", "75a9182465073b0b", "next piece: append it",
         "otrv3.fragment:arrived.collecting.next", "otrv3.effect:append-piece"),
    must("receive.next.count", "c03f9d7779546549", "next piece: keep its numbers",
         "otrv3.fragment:arrived.collecting.next", "otrv3.effect:append-piece"),
    must("receive.stray.forget", "733513f0d003292c", "any other piece: forget what was kept",
         "otrv3.fragment:arrived.collecting.out-of-order", "otrv3.ambiguity:first-fragment",
         argued="what this excludes is left open; every earlier condition is meant"),
    must("receive.stray.empty", "89de930a74a0447d", "any other piece: keep no text",
         "otrv3.fragment:arrived.collecting.out-of-order", "otrv3.effect:forget-pieces"),
    must("receive.stray.zero", "b6d12bf9dc4fffdf", "any other piece: numbers back to zero",
         "otrv3.fragment:arrived.collecting.out-of-order", "otrv3.effect:forget-pieces"),
    must("receive.complete", "0d04abd024626496", "when all are there, take the whole as received",
         "otrv3.fragment:arrived.collecting.last", "otrv3.fragment:arrived.*.only",
         "otrv3.instances:reassembled", "otrv3.ambiguity:nested-fragment"),
    must("receive.interrupted", "cbc450353f6a0c4f", "anything but a fragment forgets what was kept",
         "otrv3.fragment:arrived.collecting.whole", "otrv3.ambiguity:fragment-stores"),
    must("receive.version-2", "e62605f662430674", "version 2 alike, without tags", "otrv3.fragment",
         "otrv3.text:fragment-v2"),
    informs("example", "2deb65c4ea086947", "a message to be split", LEAD),
    defines("example.whole", "a9a08eb9f5fa0ad3", "the message of the example",
            "otrv3.case:life.fragments"),
    informs("example.pieces", "4be9f5db708eee95", "its pieces", LEAD),
    defines("example.first", "ff29042b6459708a", "first of three pieces",
            "otrv3.case:life.fragments", "otrv3.text:fragment-v3"),
    defines("example.second", "b862fbff4cad0f72", "second of three pieces",
            "otrv3.case:life.fragments", "otrv3.text:fragment-v3"),
    defines("example.third", "d1ab1600c1eb8ffc", "third of three pieces",
            "otrv3.case:life.fragments", "otrv3.text:fragment-v3"),
)

# --- The protocol state machine -------------------------------------------------------------------

_MACHINE = in_section(
    "The protocol state machine", "machine",
    must("per-peer", "68ca6c4823d8df2b", "state is kept for each peer apart",
         argued="by construction: an endpoint of the model has one correspondent"),
    informs("per-peer.example", "d5bcfaae17dc0c3e", "private with one, in the clear with another",
            EXAMPLE),
    defines("variables", "ae39a25344c54994", "two state variables, and keys and the like",
            "otrv3.message", "otrv3.ake"),
    informs("variables.two", "8c2c483c3491666d", "which two", LEAD),
)

# --- Message state --------------------------------------------------------------------------------

_MESSAGE_STATE = in_section(
    "Message state", "message-state",
    defines("purpose", "4509813451fcfcc8", "msgstate decides what becomes of outgoing text",
            "otrv3.message:user-send"),
    defines("values", "26a855b037d22fd1", "there are three states", "otrv3.message"),
    defines("plaintext", "b3080928444deabe", "PLAINTEXT sends in the clear",
            "otrv3.message:user-send.plaintext"),
    defines("plaintext.before", "402bc8f865833e30", "PLAINTEXT holds before a conversation",
            "otrv3.message"),
    must("plaintext.entered", "b3a50553d21e40f1", "initial; entered again only at the user's word",
         "otrv3.message:user-end"),
    defines("encrypted", "bf596a795e984d28", "ENCRYPTED sends encrypted",
            "otrv3.message:user-send.encrypted"),
    defines("encrypted.during", "26d929559c556c83", "ENCRYPTED holds during a conversation",
            "otrv3.message:authenticated"),
    must("encrypted.entered", "4da4f58f734517cb", "entered only by a completed AKE",
         "otrv3.message:authenticated"),
    defines("finished", "62d2ed19516edfeb", "FINISHED sends nothing",
            "otrv3.message:user-send.finished"),
    must("finished.entered", "bcc31c025d0d97a3", "entered only when the peer has ended",
         "otrv3.message:disconnected.encrypted"),
    informs("finished.example", "ad587194df64f95f", "what happens when Bob logs out", EXAMPLE),
    informs("finished.purpose", "d2d216ee34ade495",
            "keeps Alice from talking in the clear unawares", MOTIVE),
    informs("finished.race", "376b276a49baeb94", "the moment at which that matters", EXAMPLE),
)

# --- Authentication state -------------------------------------------------------------------------

_AUTH_STATE = in_section(
    "Authentication state", "auth-state",
    defines("values", "39c0b537c399ca72", "authstate has four values, and one for version 1",
            "otrv3.ake"),
    defines("none", "48d9cf50b48a8179", "NONE: no exchange in progress", "otrv3.ake"),
    defines("none.initial", "97f35b0958e7eae9", "NONE is where it begins", "otrv3.ake"),
    defines("awaiting-dhkey", "dd5fa9a0a7518630", "AWAITING_DHKEY: D-H Commit sent",
            "otrv3.ake:query-offer", "otrv3.ake:tag-offer"),
    defines("awaiting-revealsig", "89db3c055dd982ea",
            "AWAITING_REVEALSIG: D-H Key sent in reply to a commit", "otrv3.ake:dh-commit"),
    defines("awaiting-sig", "3c244c71a1579aee", "AWAITING_SIG: Reveal Signature sent",
            "otrv3.ake:dh-key.awaiting-dhkey.allowed.dh-key-valid"),
    defines("v1-setup", "9626c1985c34766d", "V1_SETUP: version 1 only",
            argued="version 1 is outside this model; the state does not exist"),
    informs("completed", "f39592393ef0859c", "when the exchange is complete", LEAD),
    must("completed.alice", "6aa348a69a2eaeaa", "Alice: on Reveal Signature, having answered it",
         "otrv3.ake:reveal-signature.awaiting-revealsig.allowed.reveal-valid"),
    must("completed.bob", "e4fb89566ded171f", "Bob: on Signature",
         "otrv3.ake:signature.awaiting-sig.allowed.signature-valid"),
    must("completed.encrypted", "a28f004f881930c2", "good signatures lead to ENCRYPTED",
         "otrv3.message:authenticated"),
    must("completed.none", "435478ff93983713", "authstate returns to NONE, good signatures or bad",
         "otrv3.ambiguity:failed-signature",
         argued="contradicts receiving-reveal-signature.bad and receiving-signature.bad"),
)

# --- Policies -------------------------------------------------------------------------------------

_POLICIES = in_section(
    "Policies", "policies",
    may("per-peer", "ee4f7aa6a2238461", "policies may differ between peers",
        "otrv3.variable:allow_v2", "otrv3.variable:allow_v3", "otrv3.variable:require_encryption",
        "otrv3.variable:send_whitespace_tag", "otrv3.variable:whitespace_start_ake",
        "otrv3.variable:error_start_ake", argued="policies are settings of an endpoint"),
    informs("per-peer.example", "e2e53b97ef2c7bb5", "three examples of policies", EXAMPLE),
    defines("flags", "fd84a4938abae006", "any combination of seven flags",
            "otrv3.variable:allow_v2", "otrv3.variable:allow_v3",
            "otrv3.variable:require_encryption", "otrv3.variable:send_whitespace_tag",
            "otrv3.variable:whitespace_start_ake", "otrv3.variable:error_start_ake"),
    defines("allow-v1", "6608dad55a4c9ebd", "ALLOW_V1: version 1 may be used",
            argued="version 1 is outside this model; the flag has no effect"),
    defines("allow-v2", "2dbb26fcfceaeffc", "ALLOW_V2: version 2 may be used",
            "otrv3.variable:allow_v2"),
    defines("allow-v3", "6692b963bc6398a8", "ALLOW_V3: version 3 may be used",
            "otrv3.variable:allow_v3"),
    defines("require-encryption", "0b289713c0fb24dd",
            "REQUIRE_ENCRYPTION: nothing leaves in the clear", "otrv3.variable:require_encryption",
            "otrv3.message:user-send.plaintext.not-disabled.require-encryption"),
    defines("send-whitespace-tag", "abeaf2acfaa6690d", "SEND_WHITESPACE_TAG: offer OTR by the tag",
            "otrv3.variable:send_whitespace_tag",
            "otrv3.message:user-send.plaintext.not-disabled.not-require-encryption.attach-tag"),
    defines("whitespace-start-ake", "f21311d6f1c8841d",
            "WHITESPACE_START_AKE: begin when a tag arrives", "otrv3.variable:whitespace_start_ake",
            "otrv3.ake:tag-offer"),
    defines("error-start-ake", "95fe910c72cfdf8c",
            "ERROR_START_AKE: begin when an Error Message arrives",
            "otrv3.variable:error_start_ake", "otrv3.message:error"),
    informs("combinations", "d374a181ac2ba54e", "programs may offer fixed combinations", HUMAN),
)

# --- The protocol state machine / State transitions -----------------------------------------------

_EVENTS = in_section(
    "The protocol state machine / State transitions", "events",
    defines("all", "4fd131eeb6210e37", "there are twelve events", "otrv3.receive:whole"),
    defines("received.plaintext", "25a3f2b7377f36d5", "event: plain text, untagged",
            "otrv3.message:plaintext"),
    defines("received.tagged-plaintext", "80d50fec0cb858d2", "event: plain text, tagged",
            "otrv3.message:tagged-plaintext"),
    defines("received.query", "3501735e26826356", "event: Query Message", "otrv3.message:query"),
    defines("received.error", "5111a982cfa4995b", "event: Error Message", "otrv3.message:error"),
    defines("received.dh-commit", "3b27ef2d88cc6409", "event: D-H Commit Message",
            "otrv3.ake:dh-commit"),
    defines("received.dh-key", "e68bc49edb2ce281", "event: D-H Key Message", "otrv3.ake:dh-key"),
    defines("received.reveal-signature", "a67d841e2dfa779e", "event: Reveal Signature Message",
            "otrv3.ake:reveal-signature"),
    defines("received.signature", "b567c0152a638849", "event: Signature Message",
            "otrv3.ake:signature"),
    defines("received.data", "fdc554f1250d2aa7", "event: Data Message", "otrv3.message:data"),
    defines("user.starts", "fe11d5157674e362", "event: the user asks for a conversation",
            "otrv3.message:user-start"),
    defines("user.ends", "8443f5ed87a270f7", "event: the user ends the conversation",
            "otrv3.message:user-end"),
    defines("user.sends", "cd232677c34afd33", "event: the user sends a text",
            "otrv3.message:user-send"),
    informs("below", "ad3c04f4b234ec58", "each event has its own section", HEADING),
    should("disabled", "64664a6a1b259e72", "with no version allowed, OTR is off altogether",
           "otrv3.instances:*.ready.disabled", "otrv3.message:user-start.*.disabled",
           "otrv3.message:user-send.plaintext.disabled", "otrv3.ambiguity:disabled-private"),
    informs("version-1", "6fd2e3d1b2e698af", "for version 1 see its own text", HEADING),
    should("other-receiver", "c99a50f057cd4074",
           "discard what is for another instance; a warning is optional",
           "otrv3.instances:*.ready.other-instance", "otrv3.ambiguity:receiver-zero"),
    may("other-receiver.commit", "49d0bb4f1e0b83dc", "a D-H Commit may name no instance",
        "otrv3.instances:received.ready.opening", "otrv3.instances:*.ready.no-instance",
        "otrv3.ambiguity:receiver-zero", "otrv3.ambiguity:shared-commit"),
)

# --- Receiving plaintext without the whitespace tag -----------------------------------------------

_RECEIVING_PLAINTEXT = in_section(
    "Receiving plaintext without the whitespace tag", "receiving-plaintext",
    must("plaintext", "47315332146e7c11", "PLAINTEXT: display it",
         "otrv3.message:plaintext.plaintext"),
    must("plaintext.warn", "86f237e85744d323", "PLAINTEXT: warn as well, if encryption is required",
         "otrv3.message:plaintext.plaintext.require-encryption"),
    must("private", "618205958cc8777d", "ENCRYPTED or FINISHED: display it with a warning",
         "otrv3.message:plaintext.encrypted", "otrv3.message:plaintext.finished"),
)

# --- Receiving plaintext with the whitespace tag --------------------------------------------------

_RECEIVING_TAGGED_PLAINTEXT = in_section(
    "Receiving plaintext with the whitespace tag", "receiving-tagged-plaintext",
    must("plaintext", "e739c007692feac9", "PLAINTEXT: take the tag off, display the rest",
         "otrv3.message:tagged-plaintext.plaintext"),
    must("plaintext.warn", "86f237e85744d323", "PLAINTEXT: warn as well, if encryption is required",
         "otrv3.message:tagged-plaintext.plaintext.require-encryption"),
    must("private", "8a7954708a90278c",
         "ENCRYPTED or FINISHED: display it without its tag, with a warning",
         "otrv3.message:tagged-plaintext.encrypted", "otrv3.message:tagged-plaintext.finished"),
    informs("start", "4e199659bfacc39b", "in every state, if the policy says so", LEAD),
    must("start.version-3", "e29efb7c2ee2b671",
         "version 3 on offer and allowed: send its D-H Commit",
         "otrv3.ake:tag-offer.*.whitespace-start-ake.offers-3"),
    must("start.version-2", "cbfa901bb090eb07",
         "otherwise version 2 on offer and allowed: send its D-H Commit",
         "otrv3.ake:tag-offer.*.whitespace-start-ake.not-offers-3.offers-2"),
)

# --- Receiving a Query Message --------------------------------------------------------------------

_RECEIVING_QUERY = in_section(
    "Receiving a Query Message", "receiving-query",
    must("version-3", "416e880cb7127aab", "version 3 on offer and allowed: send its D-H Commit",
         "otrv3.ake:query-offer.*.offers-3"),
    must("version-2", "4d89c1e81e0d4897",
         "otherwise version 2 on offer and allowed: send its D-H Commit",
         "otrv3.ake:query-offer.*.not-offers-3.offers-2"),
)

# --- Receiving an Error Message -------------------------------------------------------------------

_RECEIVING_ERROR = in_section(
    "Receiving an Error Message", "receiving-error",
    must("display", "f0249e513dc486ea", "display the error", "otrv3.message:error",
         "otrv3.effect:show-error"),
    must("restart", "d52f89ff946f9524", "reply with a query, if the policy says so",
         "otrv3.message:error.*.error-start-ake"),
)

# --- User requests to start an OTR conversation ---------------------------------------------------

_USER_STARTS = in_section(
    "User requests to start an OTR conversation", "user-starts",
    must("query", "5e5689adc4b3ec88", "send a query", "otrv3.message:user-start.*.not-disabled"),
)

# --- Receiving a D-H Commit Message ---------------------------------------------------------------

_RECEIVING_DH_COMMIT = in_section(
    "Receiving a D-H Commit Message", "receiving-dh-commit",
    must("version-2-forbidden", "7efc7918ec49c5d0", "ignored if version 2 and that is not allowed",
         "otrv3.ake:dh-commit.*.not-allowed"),
    must("version-3-forbidden", "22b1c60ea01af02e", "ignored if version 3 and that is not allowed",
         "otrv3.ake:dh-commit.*.not-allowed"),
    informs("allowed", "8e48aec363763843", "otherwise by authstate", LEAD),
    must("none", "b6a0f36790a0a49a", "NONE: send D-H Key, await Reveal Signature",
         "otrv3.ake:dh-commit.none.allowed"),
    informs("awaiting-dhkey", "cb4ce3c01a000766", "AWAITING_DHKEY: the delicate case", MOTIVE),
    informs("awaiting-dhkey.crossing", "515cdd3f2455e885", "two commits have crossed", MOTIVE),
    defines("awaiting-dhkey.tie-break", "a9e1a74096aef6f6",
            "compare both hashes as big-endian numbers", "otrv3.condition:ours-higher"),
    must("awaiting-dhkey.ours-higher", "6829597a28480c19",
         "ours higher: ignore theirs, send ours again",
         "otrv3.ake:dh-commit.awaiting-dhkey.allowed.ours-higher"),
    must("awaiting-dhkey.ours-not-higher", "93a25d626fb1a601",
         "otherwise drop ours and act as in NONE",
         "otrv3.ake:dh-commit.awaiting-dhkey.allowed.not-ours-higher"),
    must("awaiting-revealsig", "c4c5dc944ffdd82c",
         "AWAITING_REVEALSIG: send the same D-H Key again",
         "otrv3.ake:dh-commit.awaiting-revealsig.allowed", "otrv3.effect:send-dh-key"),
    must("awaiting-revealsig.replace", "595da52234b7f872",
         "the new commit takes the place of the old",
         "otrv3.ake:dh-commit.awaiting-revealsig.allowed", "otrv3.effect:keep-commit"),
    informs("awaiting-revealsig.reasons", "d46acb07c2d46a5a", "why that may happen", LEAD),
    informs("awaiting-revealsig.new-ake", "62a798ca6e707458", "the peer began anew", MOTIVE),
    informs("awaiting-revealsig.resent", "ed089114b3d62b21", "the peer sent its commit again",
            MOTIVE),
    informs("awaiting-revealsig.several-logins", "95b1327a74690e28",
            "several clients of the peer answered one query", MOTIVE),
    informs("awaiting-revealsig.several-logins-each", "bd2a3b5eb857616b",
            "worse if both have several clients", MOTIVE),
    must("awaiting-sig", "b93e4c0f89997abd",
         "AWAITING_SIG: send a new D-H Key, await Reveal Signature",
         "otrv3.ake:dh-commit.awaiting-sig.allowed", argued=ALSO_V1),
)

# --- Receiving a D-H Key Message ------------------------------------------------------------------

_RECEIVING_DH_KEY = in_section(
    "Receiving a D-H Key Message", "receiving-dh-key",
    must("version-2-forbidden", "7efc7918ec49c5d0", "ignored if version 2 and that is not allowed",
         "otrv3.ake:dh-key.*.not-allowed"),
    must("version-3-forbidden", "47793729eb863be4", "ignored if version 3 and that is not allowed",
         "otrv3.ake:dh-key.*.not-allowed"),
    informs("allowed", "8e48aec363763843", "otherwise by authstate", LEAD),
    must("awaiting-dhkey", "7c283789391fb78c",
         "AWAITING_DHKEY: send Reveal Signature, await Signature",
         "otrv3.ake:dh-key.awaiting-dhkey.allowed.dh-key-valid"),
    must("awaiting-sig.same", "e55b59d5ae460b9e",
         "AWAITING_SIG, same key again: repeat Reveal Signature",
         "otrv3.ake:dh-key.awaiting-sig.allowed.same-gy"),
    must("awaiting-sig.other", "ad118a9a5d6210cf", "AWAITING_SIG, another key: ignore",
         "otrv3.ake:dh-key.awaiting-sig.allowed.not-same-gy"),
    must("ignored", "f1e259eec104fe9c", "NONE or AWAITING_REVEALSIG: ignore",
         "otrv3.ake:dh-key.none.allowed", "otrv3.ake:dh-key.awaiting-revealsig.allowed",
         argued=ALSO_V1),
)

# --- Receiving a Reveal Signature Message ---------------------------------------------------------

_RECEIVING_REVEAL_SIGNATURE = in_section(
    "Receiving a Reveal Signature Message", "receiving-reveal-signature",
    must("forbidden", "2362319a3354dcd5", "ignored unless version 2 is allowed",
         "otrv3.ake:reveal-signature.*.not-allowed", "otrv3.ambiguity:allow-v2-only",
         argued="silent on version 3: read literally, a client of version 3 alone never answers"),
    informs("allowed", "8e48aec363763843", "otherwise by authstate", LEAD),
    must("open", "95cdfcfaec1897be", "AWAITING_REVEALSIG: open the commitment, check its hash",
         "otrv3.check:commitment-opens", "otrv3.check:commitment-matches"),
    must("verify", "39d9f06e4eac12c1", "AWAITING_REVEALSIG: decrypt; check signature and MACs",
         "otrv3.check:reveal-mac", "otrv3.check:reveal-identity", "otrv3.check:reveal-signed"),
    informs("good", "9a8a6cad8ed6c953", "if all of it holds", LEAD),
    must("good.reply", "5cfc13dfe5fea761", "all holds: send Signature",
         "otrv3.ake:reveal-signature.awaiting-revealsig.allowed.reveal-valid"),
    must("good.none", "e48122652163c349", "all holds: authstate to NONE",
         "otrv3.ake:reveal-signature.awaiting-revealsig.allowed.reveal-valid"),
    must("good.encrypted", "a9bb17d02d70b7e4", "all holds: msgstate to ENCRYPTED",
         "otrv3.message:authenticated"),
    must("good.resend", "c6dd0830e5db1e0c", "all holds: a recent stored text goes out encrypted",
         "otrv3.message:settled", "otrv3.ambiguity:stored-text"),
    must("bad", "e6830f3dded9a54d", "AWAITING_REVEALSIG: ignore it if anything fails",
         "otrv3.ake:reveal-signature.awaiting-revealsig.allowed.not-reveal-valid",
         "otrv3.ambiguity:failed-signature", argued="contradicts auth-state.completed.none"),
    must("ignored", "bcc9ddf854831ba4", "every other state: ignore",
         "otrv3.ake:reveal-signature.none.allowed",
         "otrv3.ake:reveal-signature.awaiting-dhkey.allowed",
         "otrv3.ake:reveal-signature.awaiting-sig.allowed", argued=ALSO_V1),
)

# --- Receiving a Signature Message ----------------------------------------------------------------

_RECEIVING_SIGNATURE = in_section(
    "Receiving a Signature Message", "receiving-signature",
    must("forbidden", "2362319a3354dcd5", "ignored unless version 2 is allowed",
         "otrv3.ake:signature.*.not-allowed", "otrv3.ambiguity:allow-v2-only",
         argued="silent on version 3: read literally, a client of version 3 alone never completes"),
    informs("allowed", "8e48aec363763843", "otherwise by authstate", LEAD),
    must("verify", "3e2b6907ce10bd0b", "AWAITING_SIG: decrypt; check signature and MACs",
         "otrv3.check:signature-mac", "otrv3.check:signature-identity",
         "otrv3.check:signature-signed"),
    informs("good", "dad10b8ce2e776b4", "if all of it holds", LEAD),
    must("good.none", "0d6003724b0a50b6", "all holds: authstate to NONE",
         "otrv3.ake:signature.awaiting-sig.allowed.signature-valid"),
    must("good.encrypted", "ae2306f68a178f14", "all holds: msgstate to ENCRYPTED",
         "otrv3.message:authenticated"),
    must("good.resend", "b43d80432f168caa", "all holds: a recent stored text goes out encrypted",
         "otrv3.message:settled", "otrv3.ambiguity:stored-text"),
    must("bad", "7e9dcd1c3a496f42", "AWAITING_SIG: ignore it if anything fails",
         "otrv3.ake:signature.awaiting-sig.allowed.not-signature-valid",
         "otrv3.ambiguity:failed-signature", argued="contradicts auth-state.completed.none"),
    must("ignored", "6aaef8b564369fcb", "every other state: ignore",
         "otrv3.ake:signature.none.allowed", "otrv3.ake:signature.awaiting-dhkey.allowed",
         "otrv3.ake:signature.awaiting-revealsig.allowed"),
)

# --- User types a message to be sent --------------------------------------------------------------

_USER_SENDS = in_section(
    "User types a message to be sent", "user-sends",
    must("plaintext.required", "c2642ee5f15b64db",
         "PLAINTEXT, encryption required: store it, send a query",
         "otrv3.message:user-send.plaintext.not-disabled.require-encryption"),
    must("plaintext.tag", "32d88506ecfe9f3a",
         "PLAINTEXT: tag it, if the policy says so and nothing plain came",
         "otrv3.message:user-send.plaintext.not-disabled.not-require-encryption.attach-tag"),
    must("plaintext.send", "cdc35267c4ed42d0", "PLAINTEXT: send it in the clear, tagged or not",
         "otrv3.message:user-send.plaintext.not-disabled.not-require-encryption"),
    must("encrypted.send", "d2f1b98e9b51eefd", "ENCRYPTED: the text goes out in a Data Message",
         "otrv3.message:user-send.encrypted", "otrv3.effect:send-text"),
    must("encrypted.store", "9cf1a53e366353e2", "ENCRYPTED: keep it in case it must go again",
         "otrv3.message:user-send.encrypted", "otrv3.effect:store-sent"),
    must("finished.refuse", "d96339da27aa0aad", "FINISHED: tell the user that it cannot go",
         "otrv3.message:user-send.finished", "otrv3.effect:tell-not-sent"),
    must("finished.store", "49862e1a70652ba1", "FINISHED: keep it in case it must go again",
         "otrv3.message:user-send.finished", "otrv3.effect:store-owed"),
)

# --- Receiving a Data Message ---------------------------------------------------------------------

_RECEIVING_DATA = in_section(
    "Receiving a Data Message", "receiving-data",
    must("verify", "a782583101e56273", "ENCRYPTED: check MAC, key ids, counter",
         "otrv3.condition:data-valid", "otrv3.check:our-key-known", "otrv3.check:their-key-known",
         "otrv3.check:data-mac", "otrv3.check:data-counter"),
    must("good.display", "94f0c3ab60c6baf8", "verified: decrypt and display what is readable",
         "otrv3.message:data.encrypted.data-valid"),
    must("good.rotate", "a628386cd61662fb", "verified: rotate the keys if needed",
         "otrv3.keys:data-taken.held"),
    must("good.heartbeat", "0fc28c1a958f98dd", "verified: send a heartbeat after long silence",
         "otrv3.message:content-done.encrypted.heartbeat-due",
         "otrv3.ambiguity:heartbeat-before-end"),
    should("good.heartbeat.flag", "942c2a7072e2aad7", "a heartbeat carries IGNORE_UNREADABLE",
           "otrv3.effect:send-heartbeat"),
    must("good.disconnected", "8b18aebc0852134e",
         "verified: type 1 forgets the keys and leads to FINISHED",
         "otrv3.message:disconnected.encrypted", "otrv3.keys:session-over.held"),
    must("bad", "8699cd14a31d2ae7", "not verified: the user is told, an Error Message goes back",
         "otrv3.message:data.encrypted.not-data-valid.not-ignore-unreadable",
         argued="but see data-message.flags.ignore-unreadable"),
    must("not-private", "8abb5efbc75b49be",
         "PLAINTEXT or FINISHED: the user is told, an Error Message goes back",
         "otrv3.message:data.plaintext", "otrv3.message:data.finished",
         "otrv3.ambiguity:unreadable-without-keys",
         argued="but see data-message.flags.ignore-unreadable"),
)

# --- User requests to end an OTR conversation -----------------------------------------------------

_USER_ENDS = in_section(
    "User requests to end an OTR conversation", "user-ends",
    must("plaintext", "5404f676818efe4a", "PLAINTEXT: nothing", "otrv3.message:user-end.plaintext"),
    must("encrypted.tell", "36a2989abff9c371", "ENCRYPTED: send type 1 without text",
         "otrv3.message:user-end.encrypted", "otrv3.effect:send-disconnect"),
    must("encrypted.plaintext", "b13b188a76f9f212", "ENCRYPTED: then go to PLAINTEXT",
         "otrv3.message:user-end.encrypted"),
    must("finished", "3031dffd985eb4bb", "FINISHED: go to PLAINTEXT",
         "otrv3.message:user-end.finished"),
)

# fmt: on

V3 = Registry(
    name="otrv3",
    text=V3_TEXT,
    clauses=(
        *_INTRODUCTION,
        *_OUTLINE,
        *_REQUESTING,
        *_AKE_OUTLINE,
        *_DATA_OUTLINE,
        *_SMP_OUTLINE,
        *_UNENCODED,
        *_QUERY,
        *_WHITESPACE_TAG,
        *_ERROR_MESSAGE,
        *_ENCODING,
        *_DATA_TYPES,
        *_PUBLIC_KEYS,
        *_INSTANCE_TAGS,
        *_DH_COMMIT,
        *_DH_KEY,
        *_REVEAL_SIGNATURE,
        *_SIGNATURE,
        *_DATA_MESSAGE,
        *_SMP,
        *_SMP_SECRET,
        *_SMP_MACHINE,
        *_SMP_STATE,
        *_SMP_EVENTS,
        *_SMP_HASH,
        *_RECEIVING_SMP1,
        *_RECEIVING_SMP2,
        *_RECEIVING_SMP3,
        *_RECEIVING_SMP4,
        *_USER_BEGINS_SMP,
        *_USER_ABORTS_SMP,
        *_KEYS,
        *_KEY_DERIVATION,
        *_EXTRA_KEY,
        *_MAC_REVEAL,
        *_FRAGMENTATION,
        *_MACHINE,
        *_MESSAGE_STATE,
        *_AUTH_STATE,
        *_POLICIES,
        *_EVENTS,
        *_RECEIVING_PLAINTEXT,
        *_RECEIVING_TAGGED_PLAINTEXT,
        *_RECEIVING_QUERY,
        *_RECEIVING_ERROR,
        *_USER_STARTS,
        *_RECEIVING_DH_COMMIT,
        *_RECEIVING_DH_KEY,
        *_RECEIVING_REVEAL_SIGNATURE,
        *_RECEIVING_SIGNATURE,
        *_USER_SENDS,
        *_RECEIVING_DATA,
        *_USER_ENDS,
    ),
)
"""Every sentence of the text of version 3."""

# fmt: off

# --- Version 2: Off-the-Record Messaging Protocol version 2 ---------------------------------------

_V2_INTRODUCTION = within_section(
    "Off-the-Record Messaging Protocol version 2", "v2.introduction", {
    1: informs("subject", "aab069482ce8028c", "the text is about version 2", HEADING),
    2: informs("changes", "8020dbabe946c18f", "what is new since version 1", LEAD),
    3: informs("changes.identity", "b86324cfb5c2a382", "a flaw of identity binding is mended",
               MOTIVE),
    4: informs("changes.hidden-keys", "e40bb243602d54ca",
               "an eavesdropper does not see public keys", MOTIVE),
    5: informs("changes.fragments", "636e64ecbe0e728e", "messages may be fragmented",
               "repeats v2.fragmentation.assemble"),
    6: informs("changes.smp", "a4e81670ba772046", "authentication without fingerprints", MOTIVE),
    7: informs("changes.versions", "56d86d6a78aab39c", "versions are easier to tell apart", MOTIVE),
    },
)

# --- Version 2: Very high level overview ----------------------------------------------------------

_V2_OUTLINE = within_section(
    "Very high level overview", "v2.outline", {
    6: informs("ake.sigma", "310a9b1284721950", "the key exchange is a variant of SIGMA", OVERVIEW),
    },
)

# --- Version 2: High level overview / Socialist Millionaires' Protocol (SMP) ----------------------

_V2_SMP_OUTLINE = within_section(
    "High level overview / Socialist Millionaires' Protocol (SMP)", "v2.smp-outline", {
    4: defines("modulus-of-d", "706b71e6fb4a43dd", "responses of proofs are reduced modulo q",
               "otrv3.constant:group",
               argued="said only here: the details of version 2 use the name q unexplained"),
    5: defines("exponent-size", "34e4c646fe373455", "random exponents have 1536 bits",
               "otrv3.constant:smp-exponent-bits",
               argued="contradicts v2.user-begins-smp.start.exponents, which says 128"),
    },
)

# --- Version 2: OTR Query Messages ----------------------------------------------------------------

_V2_QUERY = within_section(
    "OTR Query Messages", "v2.query", {
    5: defines("identifier", "2354bcae7e636737", "version 2 is its digit",
               "otrv3.text:query.others", "otrv3.case:ake.query-before-digits-v3"),
    },
)

# --- Version 2: D-H Commit Message ----------------------------------------------------------------

_V2_DH_COMMIT = within_section(
    "D-H Commit Message", "v2.dh-commit", {
    4: defines("version", "468843cfc0935686", "protocol version: 2",
               "otrv3.layout:dh-commit.version"),
    },
)

# --- Version 2: D-H Key Message -------------------------------------------------------------------

_V2_DH_KEY = within_section(
    "D-H Key Message", "v2.dh-key", {
    3: defines("version", "468843cfc0935686", "protocol version: 2", "otrv3.layout:dh-key.version",
               "otrv3.check:dh-key-version"),
    },
)

# --- Version 2: Reveal Signature Message ----------------------------------------------------------

_V2_REVEAL_SIGNATURE = within_section(
    "Reveal Signature Message", "v2.reveal-signature", {
    3: defines("version", "468843cfc0935686", "protocol version: 2",
               "otrv3.layout:reveal-signature.version"),
    },
)

# --- Version 2: Signature Message -----------------------------------------------------------------

_V2_SIGNATURE = within_section(
    "Signature Message", "v2.signature", {
    3: defines("version", "468843cfc0935686", "protocol version: 2",
               "otrv3.layout:signature.version"),
    },
)

# --- Version 2: Data Message ----------------------------------------------------------------------

_V2_DATA_MESSAGE = within_section(
    "Data Message", "v2.data-message", {
    36: defines("version", "81f3747d519ee395", "protocol version: 2", "otrv3.layout:data.version"),
    },
)

# --- Version 2: Secret information ----------------------------------------------------------------

_V2_SMP_SECRET = within_section(
    "Secret information", "v2.smp-secret", {
    8: defines("text", "d2561a50242e97e1", "SMP secret: what the user typed",
               "otrv3.layout:smp-secret.secret", "otrv3.schedule:smp.secret"),
    },
)

# --- Version 2: Expected Message ------------------------------------------------------------------

_V2_SMP_STATE = within_section(
    "Expected Message", "v2.smp-state", {
    4: should("expect1", "af6e735def9551f6", "EXPECT1 takes type 2; there is no type 7",
              "otrv3.smp:smp-1.expect1", "otrv3.smp:smp-2.expect1", "otrv3.smp:smp-3.expect1",
              "otrv3.smp:smp-4.expect1", "otrv3.ambiguity:tlvs-in-v2",
              argued="libotr takes type 7 in a conversation of version 2 as well"),
    },
)

# --- Version 2: User requests to begin SMP --------------------------------------------------------

_V2_USER_BEGINS_SMP = within_section(
    "User requests to begin SMP", "v2.user-begins-smp", {
    7: must("start.exponents", "f02045497c450c69", "draw a2 and a3, 128 bits each",
            "otrv3.constant:smp-exponent-bits",
            argued="contradicts v2.smp-outline.exponent-size, which says 1536"),
    9: must("start.blinding", "9c3807c51372dbe7", "draw r2 and r3, 128 bits each",
            "otrv3.constant:smp-exponent-bits",
            argued="contradicts v2.smp-outline.exponent-size, which says 1536"),
    },
)

# --- Version 2: Fragmentation ---------------------------------------------------------------------

_V2_FRAGMENTATION = within_section(
    "Fragmentation", "v2.fragmentation", {
    4: must("assemble", "d8269806109a9585", "every client reassembles; splitting is optional",
            "otrv3.fragment"),
    10: defines("send.format", "1d0a3a363a65ec4b", "index and count, then the piece",
                "otrv3.text:fragment-v2", "otrv3.case:receiving.fragments-of-long-text-v2"),
    13: must("receive", "5b23909f3f7c1d5e", "look for fragments before any other marker",
             "otrv3.fragment:arrived", "otrv3.condition:is-fragment"),
    14: must("receive.parse", "18b60595c85b1f01", "read index, count and piece",
             "otrv3.text:fragment-v2"),
    15: defines("receive.stored", "6783a74ef46c157d", "what is kept: index, count, text so far",
                "otrv3.variable:stored_k", "otrv3.variable:stored_n", "otrv3.datum:fragments"),
    16: defines("receive.nothing-stored", "fb75100f22f5b7ae",
                "with nothing kept: zero, zero, empty", "otrv3.variable:stored_k",
                "otrv3.variable:stored_n", "otrv3.datum:fragments"),
    17: must("receive.illegal", "0377b378763698a2", "discard an index or count that is impossible",
             "otrv3.fragment:arrived.*.illegal"),
    18: must("receive.first.forget", "a9f6e99572087f43", "first piece: forget what was kept",
             "otrv3.fragment:arrived.*.first", "otrv3.effect:store-piece"),
    19: must("receive.first.store", "9a5ece62028bc6dc", "first piece: keep it",
             "otrv3.fragment:arrived.*.first", "otrv3.effect:store-piece"),
    20: must("receive.first.count", "88252e1d10293374", "first piece: keep its numbers",
             "otrv3.fragment:arrived.*.first", "otrv3.effect:store-piece"),
    21: must("receive.next.append", "6f81a3a4f8809376", "next piece: append it",
             "otrv3.fragment:arrived.collecting.next", "otrv3.effect:append-piece"),
    22: must("receive.next.count", "b727302160814de4", "next piece: keep its numbers",
             "otrv3.fragment:arrived.collecting.next", "otrv3.effect:append-piece"),
    23: must("receive.stray.forget", "9271c5a15a668e85", "any other piece: forget what was kept",
             "otrv3.fragment:arrived.collecting.out-of-order", "otrv3.ambiguity:first-fragment",
             argued="what this excludes is left open; every earlier condition is meant"),
    24: must("receive.stray.empty", "4a23a35c060e8c79", "any other piece: keep no text",
             "otrv3.fragment:arrived.collecting.out-of-order", "otrv3.effect:forget-pieces"),
    25: must("receive.stray.zero", "ce727351e52d343d", "any other piece: numbers back to zero",
             "otrv3.fragment:arrived.collecting.out-of-order", "otrv3.effect:forget-pieces"),
    29: defines("example.whole", "acda83fd04b3b6f2", "the message of the example",
                "otrv3.case:life.fragments-v2", argued="its first bytes say version 1"),
    31: defines("example.first", "aeaa5883a1c0f14a", "first of three pieces",
                "otrv3.case:life.fragments-v2", "otrv3.text:fragment-v2"),
    32: defines("example.second", "fc81057a3ef7b70c", "second of three pieces",
                "otrv3.case:life.fragments-v2", "otrv3.text:fragment-v2"),
    33: defines("example.third", "555dd3c4211c50a9", "third of three pieces",
                "otrv3.case:life.fragments-v2", "otrv3.text:fragment-v2"),
    },
)

# --- Version 2: Authentication state --------------------------------------------------------------

_V2_AUTH_STATE = within_section(
    "Authentication state", "v2.auth-state", {
    9: must("completed.alice", "97a153a5f22f2197", "Alice: on Reveal Signature, having answered it",
            "otrv3.ake:reveal-signature.awaiting-revealsig.allowed.reveal-valid"),
    10: must("completed.alice-v1", "fcc9a76a8fe456b3",
             "Alice: on a Key Exchange Message of version 1", argued=V1),
    11: must("completed.bob", "bbf45cd4d6a711a2", "Bob: on Signature",
             "otrv3.ake:signature.awaiting-sig.allowed.signature-valid"),
    12: must("completed.bob-v1", "2f0ae8091f36a70b", "Bob: on a Key Exchange Message of version 1",
             argued=V1),
    },
)

# --- Version 2: Policies --------------------------------------------------------------------------

_V2_POLICIES = within_section(
    "Policies", "v2.policies", {
    2: informs("per-peer.example", "a39c6458c33a11cc", "three examples of policies", EXAMPLE),
    4: defines("allow-v1", "010fda135f0025fc", "ALLOW_V1: version 1 may be used", argued=V1),
    10: informs("combinations", "d15a3ce8ddd6a774", "the old policies as combinations of flags",
                LEAD),
    11: defines("combinations.never", "d4c3073950ad4d75", "NEVER: no flag",
                "otrv3.variable:allow_v2", "otrv3.variable:allow_v3",
                "otrv3.variable:require_encryption", "otrv3.variable:send_whitespace_tag",
                "otrv3.variable:whitespace_start_ake", "otrv3.variable:error_start_ake"),
    12: defines("combinations.manual", "d7c1046bd4269cb3", "MANUAL: both versions",
                "otrv3.variable:allow_v2", "otrv3.variable:allow_v3",
                "otrv3.variable:require_encryption", "otrv3.variable:send_whitespace_tag",
                "otrv3.variable:whitespace_start_ake", "otrv3.variable:error_start_ake"),
    13: defines("combinations.opportunistic", "45f0969cc7669b0a",
                "OPPORTUNISTIC: both versions, tag, begin on tag or error",
                "otrv3.variable:allow_v2", "otrv3.variable:allow_v3",
                "otrv3.variable:require_encryption", "otrv3.variable:send_whitespace_tag",
                "otrv3.variable:whitespace_start_ake", "otrv3.variable:error_start_ake"),
    14: defines("combinations.always", "c51f7aa1ef0deccc",
                "ALWAYS: both versions, require encryption, begin on tag or error",
                "otrv3.variable:allow_v2", "otrv3.variable:allow_v3",
                "otrv3.variable:require_encryption", "otrv3.variable:send_whitespace_tag",
                "otrv3.variable:whitespace_start_ake", "otrv3.variable:error_start_ake"),
    },
)

# --- Version 2: The protocol state machine / State transitions ------------------------------------

_V2_EVENTS = within_section(
    "The protocol state machine / State transitions", "v2.events", {
    1: defines("all", "ae78e139e39820fa", "there are thirteen events", "otrv3.receive:whole",
               argued="the thirteenth is of version 1"),
    2: defines("received.plaintext", "034f6921a5f877bd", "event: plain text, untagged",
               "otrv3.message:plaintext"),
    3: defines("received.tagged-plaintext", "9bdc4b8f7237ccd7", "event: plain text, tagged",
               "otrv3.message:tagged-plaintext"),
    4: defines("received.query", "f63b05c262baa37a", "event: Query Message", "otrv3.message:query"),
    5: defines("received.error", "2654defd179b9dd6", "event: Error Message", "otrv3.message:error"),
    6: defines("received.dh-commit", "bc91785273d6aa31", "event: D-H Commit Message",
               "otrv3.ake:dh-commit"),
    7: defines("received.dh-key", "ad0ffc8d02039b76", "event: D-H Key Message", "otrv3.ake:dh-key"),
    8: defines("received.reveal-signature", "c46514da56ae9a8f", "event: Reveal Signature Message",
               "otrv3.ake:reveal-signature"),
    9: defines("received.signature", "0c43643ecd459c27", "event: Signature Message",
               "otrv3.ake:signature"),
    10: defines("received.key-exchange-v1", "8f7911b756dc993e",
                "event: Key Exchange Message of version 1", argued=V1),
    11: defines("received.data", "af6719f68d85fe2a", "event: Data Message", "otrv3.message:data"),
    12: defines("user.starts", "56ae54eb6361799d", "event: the user asks for a conversation",
                "otrv3.message:user-start"),
    13: defines("user.ends", "58cedf4258a265b5", "event: the user ends the conversation",
                "otrv3.message:user-end"),
    14: defines("user.sends", "128831fb896cedb6", "event: the user sends a text",
                "otrv3.message:user-send"),
    16: should("disabled", "05d6dd53cd4b0224", "with no version allowed, OTR is off altogether",
               "otrv3.instances:*.ready.disabled", "otrv3.message:user-start.*.disabled",
               "otrv3.message:user-send.plaintext.disabled", "otrv3.ambiguity:disabled-private"),
    },
)

# --- Version 2: Receiving plaintext with the whitespace tag ---------------------------------------

_V2_RECEIVING_TAGGED_PLAINTEXT = within_section(
    "Receiving plaintext with the whitespace tag", "v2.receiving-tagged-plaintext", {
    5: must("start.version-2", "9d81af738bc1cb51",
            "version 2 on offer and allowed: send D-H Commit",
            "otrv3.ake:tag-offer.*.whitespace-start-ake.not-offers-3.offers-2"),
    6: must("start.version-1", "c3283b8e83af6dad",
            "otherwise version 1 on offer: send its Key Exchange Message", argued=V1),
    },
)

# --- Version 2: Receiving a Query Message ---------------------------------------------------------

_V2_RECEIVING_QUERY = within_section(
    "Receiving a Query Message", "v2.receiving-query", {
    1: must("version-2", "9dd6eec8a33ffd22", "version 2 on offer and allowed: send D-H Commit",
            "otrv3.ake:query-offer.*.not-offers-3.offers-2"),
    2: must("version-1", "3a447dd439ff7c22",
            "otherwise version 1 on offer: send its Key Exchange Message", argued=V1),
    },
)

# --- Version 2: Receiving a D-H Commit Message ----------------------------------------------------

_V2_RECEIVING_DH_COMMIT = within_section(
    "Receiving a D-H Commit Message", "v2.receiving-dh-commit", {
    1: must("forbidden", "2362319a3354dcd5", "ignored unless version 2 is allowed",
            "otrv3.ake:dh-commit.*.not-allowed"),
    },
)

# --- Version 2: Receiving a D-H Key Message -------------------------------------------------------

_V2_RECEIVING_DH_KEY = within_section(
    "Receiving a D-H Key Message", "v2.receiving-dh-key", {
    1: must("forbidden", "2362319a3354dcd5", "ignored unless version 2 is allowed",
            "otrv3.ake:dh-key.*.not-allowed"),
    },
)

# --- Version 2: Receiving a Signature Message -----------------------------------------------------

_V2_RECEIVING_SIGNATURE = within_section(
    "Receiving a Signature Message", "v2.receiving-signature", {
    9: must("ignored", "3b9425d49bc5e54e", "every other state: ignore",
            "otrv3.ake:signature.none.allowed", "otrv3.ake:signature.awaiting-dhkey.allowed",
            "otrv3.ake:signature.awaiting-revealsig.allowed", argued=ALSO_V1),
    },
)

# --- Version 2: Receiving a Version 1 Key Exchange Message ----------------------------------------

_V2_RECEIVING_KEY_EXCHANGE_V1 = within_section(
    "Receiving a Version 1 Key Exchange Message", "v2.receiving-key-exchange-v1", {
    1: must("forbidden", "b48dd4c3585bc1cd", "ignored unless version 1 is allowed", argued=V1),
    2: informs("allowed", "8e48aec363763843", "otherwise by authstate", LEAD),
    3: must("unprompted.verify", "14e190ae22c5ca48", "not in V1_SETUP, not a reply: verify it",
            argued=V1),
    4: informs("unprompted.good", "af24fb614e02015e", "not in V1_SETUP, not a reply: if it holds",
               LEAD),
    5: must("unprompted.good.reply", "a3256bb08669d75b",
            "unprompted and good: reply likewise, marked as a reply", argued=V1),
    6: must("unprompted.good.none", "ebe124ed47e5cb7e", "unprompted and good: authstate to NONE",
            argued=V1),
    7: must("unprompted.good.encrypted", "bc2b0c0cecc4d740",
            "unprompted and good: msgstate to ENCRYPTED", argued=V1),
    8: must("unprompted.good.resend", "bbbbbadea9017053",
            "unprompted and good: a recent stored text goes out encrypted", argued=V1),
    9: must("unprompted.bad", "1b3ebee8268cfce1", "unprompted and not good: ignore it", argued=V1),
    10: must("stray-reply", "2bf900660cb73e01", "a reply outside V1_SETUP: ignore it", argued=V1),
    11: must("setup.verify", "ffdf5d79a15045c9", "V1_SETUP: verify it", argued=V1),
    12: informs("setup.good", "8524efae41adfc1b", "V1_SETUP: if it holds", LEAD),
    13: must("setup.good.reply", "30ed582996a7bb24", "V1_SETUP, good, not a reply: reply",
             argued=V1),
    14: must("setup.good.none", "668a0b28da9f9101", "V1_SETUP, good: authstate to NONE", argued=V1),
    15: must("setup.good.encrypted", "db4ba14975a7daeb", "V1_SETUP, good: msgstate to ENCRYPTED",
             argued=V1),
    16: must("setup.good.resend", "f2d8120527c681c2",
             "V1_SETUP, good: a recent stored text goes out encrypted", argued=V1),
    17: must("setup.bad", "4115e841d3b581de", "V1_SETUP, not good: ignore it", argued=V1),
    },
)

# fmt: on

# --- What differs ---------------------------------------------------------------------------------

_ONLY_V3 = frozenset(
    {
        "introduction.subject",
        "introduction.changes",
        "introduction.changes.tags",
        "introduction.changes.tags.relaying",
        "introduction.changes.tags.interleaving",
        "introduction.changes.extra-key",
        "introduction.changes.extra-key.use",
        "outline.ake.sigma",
        "query.identifiers",
        "query.example.2-and-3",
        "whitespace-tag.version-3",
        "instance-tags.included",
        "instance-tags.persistent",
        "instance-tags.per-location",
        "instance-tags.both",
        "instance-tags.other-receiver",
        "instance-tags.smallest",
        "instance-tags.receiver-unknown",
        "instance-tags.sender-invalid",
        "instance-tags.receiver-invalid",
        "instance-tags.relaying",
        "instance-tags.interleaving",
        "dh-commit.version",
        "dh-commit.sender-tag",
        "dh-commit.receiver-tag",
        "dh-commit.receiver-tag.zero",
        "dh-key.version",
        "dh-key.sender-tag",
        "dh-key.receiver-tag",
        "reveal-signature.version",
        "reveal-signature.sender-tag",
        "reveal-signature.receiver-tag",
        "signature.version",
        "signature.sender-tag",
        "signature.receiver-tag",
        "data-message.types.smp1q",
        "data-message.types.extra-key.compute",
        "data-message.types.extra-key.send",
        "data-message.types.extra-key.use",
        "data-message.types.extra-key.context",
        "data-message.types.extra-key.none-defined",
        "data-message.types.extra-key.not-sent",
        "data-message.version",
        "data-message.sender-tag",
        "data-message.receiver-tag",
        "smp-secret.text",
        "smp-state.expect1",
        "receiving-smp1.question",
        "receiving-smp1.verify.range",
        "receiving-smp1.modulus-of-d",
        "receiving-smp1.exponent-size",
        "receiving-smp2.verify.range",
        "receiving-smp3.verify.range",
        "receiving-smp4.verify.range",
        "user-begins-smp.start.exponents",
        "user-begins-smp.start.blinding",
        "extra-key.purpose",
        "extra-key.announce",
        "extra-key.secret",
        "extra-key.derive",
        "extra-key.receive",
        "extra-key.not-sent",
        "fragmentation.assemble",
        "fragmentation.send.format",
        "fragmentation.send.version-2",
        "fragmentation.send.version-2.format",
        "fragmentation.receive",
        "fragmentation.receive.parse",
        "fragmentation.receive.other-receiver",
        "fragmentation.receive.stored",
        "fragmentation.receive.nothing-stored",
        "fragmentation.receive.illegal",
        "fragmentation.receive.first.forget",
        "fragmentation.receive.first.store",
        "fragmentation.receive.first.count",
        "fragmentation.receive.next.append",
        "fragmentation.receive.next.count",
        "fragmentation.receive.stray.forget",
        "fragmentation.receive.stray.empty",
        "fragmentation.receive.stray.zero",
        "fragmentation.receive.version-2",
        "fragmentation.example.whole",
        "fragmentation.example.first",
        "fragmentation.example.second",
        "fragmentation.example.third",
        "auth-state.completed.alice",
        "auth-state.completed.bob",
        "policies.per-peer.example",
        "policies.allow-v1",
        "policies.allow-v3",
        "events.all",
        "events.received.plaintext",
        "events.received.tagged-plaintext",
        "events.received.query",
        "events.received.error",
        "events.received.dh-commit",
        "events.received.dh-key",
        "events.received.reveal-signature",
        "events.received.signature",
        "events.received.data",
        "events.user.starts",
        "events.user.ends",
        "events.user.sends",
        "events.disabled",
        "events.version-1",
        "events.other-receiver",
        "events.other-receiver.commit",
        "receiving-tagged-plaintext.start.version-3",
        "receiving-tagged-plaintext.start.version-2",
        "receiving-query.version-3",
        "receiving-query.version-2",
        "receiving-dh-commit.version-2-forbidden",
        "receiving-dh-commit.version-3-forbidden",
        "receiving-dh-key.version-2-forbidden",
        "receiving-dh-key.version-3-forbidden",
        "receiving-signature.ignored",
    },
)
"""Clauses whose sentence version 2 lacks, or words otherwise."""

V2 = Registry(
    name="otrv2",
    text=V2_TEXT,
    clauses=(
        *V3.without(_ONLY_V3),
        *_V2_INTRODUCTION,
        *_V2_OUTLINE,
        *_V2_SMP_OUTLINE,
        *_V2_QUERY,
        *_V2_DH_COMMIT,
        *_V2_DH_KEY,
        *_V2_REVEAL_SIGNATURE,
        *_V2_SIGNATURE,
        *_V2_DATA_MESSAGE,
        *_V2_SMP_SECRET,
        *_V2_SMP_STATE,
        *_V2_USER_BEGINS_SMP,
        *_V2_FRAGMENTATION,
        *_V2_AUTH_STATE,
        *_V2_POLICIES,
        *_V2_EVENTS,
        *_V2_RECEIVING_TAGGED_PLAINTEXT,
        *_V2_RECEIVING_QUERY,
        *_V2_RECEIVING_DH_COMMIT,
        *_V2_RECEIVING_DH_KEY,
        *_V2_RECEIVING_SIGNATURE,
        *_V2_RECEIVING_KEY_EXCHANGE_V1,
    ),
)
"""Every sentence of the text of version 2, most of them shared with version 3."""
