"""The double ratchet: "Key Management" and "Data Exchange"."""

import hmac
from typing import NamedTuple

import second_chacha
import second_kdf as kdf
from second_dake import RatchetKeys, RatchetStart, derive_ratchet_keys
from second_ed448 import Invalid, KeyPair, ecdh, generate, require, valid_point
from second_encoding import (
    IGNORE_UNREADABLE,
    TLV_DISCONNECTED,
    DataMessage,
    DhPair,
    Tlv,
    data_message_sections,
    decode_data_message,
    decode_plaintext,
    dh,
    encode_data_message,
    encode_plaintext,
    generate_dh,
    is_valid_dh,
)

MAX_SKIP = 1000


class MessageKeys(NamedTuple):
    """What one chain key gives ("Calculating Encryption and MAC Keys")."""

    chain_key: bytes
    next_chain_key: bytes
    mk_enc: bytes
    mk_mac: bytes
    extra_symm_key: bytes


class Sent(NamedTuple):
    """A data message that was sent, and how it came about."""

    data_message: bytes
    fields: DataMessage
    ratchet: RatchetKeys | None
    keys: MessageKeys
    encryption_key: bytes
    nonce: bytes
    plaintext: bytes
    encrypted_message: bytes
    data_message_sections: bytes
    authenticator: bytes
    old_mac_keys: tuple[bytes, ...]


class Skipped(NamedTuple):
    """What is kept for a message that has not arrived."""

    mk_enc: bytes
    extra_symm_key: bytes


class Received(NamedTuple):
    """A data message that was received, and how it came about.

    `chain_key` and `next_chain_key` are None for a message whose key had been stored; `skipped`
    lists what this message caused to be stored.
    """

    plaintext: bytes
    tlvs: tuple[Tlv, ...]
    whole_plaintext: bytes
    fields: DataMessage
    from_skipped: bool
    ratchet: RatchetKeys | None
    skipped: dict[tuple[bytes, int], Skipped]
    chain_key: bytes | None
    next_chain_key: bytes | None
    mk_enc: bytes
    mk_mac: bytes
    extra_symm_key: bytes


def derive_message_keys(chain_key: bytes) -> MessageKeys:
    """All that one chain key gives (derive_enc_mac_keys, and the extra symmetric key)."""
    mk_enc = kdf.mk_enc(chain_key)
    return MessageKeys(
        chain_key,
        kdf.next_chain_key(chain_key),
        mk_enc,
        kdf.mk_mac(mk_enc),
        kdf.extra_symm_key(chain_key),
    )


class Ratchet:
    """One party's double ratchet, its state under the text's names ("Key Management")."""

    def __init__(
        self, start: RatchetStart, our_tag: int, their_tag: int, max_skip: int = MAX_SKIP
    ) -> None:
        self.our_tag = our_tag
        self.their_tag = their_tag
        self.max_skip = max_skip
        self.i = start.i
        self.j = start.j
        self.k = start.k
        self.pn = start.pn
        self.max_remote_i_seen = start.max_remote_i_seen
        self.root_key = start.root_key
        self.chain_key_s: bytes | None = start.chain_key_s
        self.chain_key_r: bytes | None = start.chain_key_r
        self.our_ecdh: KeyPair | None = start.our_ecdh
        self.their_ecdh = start.their_ecdh
        self.our_dh: DhPair | None = start.our_dh
        self.their_dh = start.their_dh
        self.brace_key = start.brace_key
        self.skipped_MKenc: dict[tuple[bytes, int], Skipped] = {}
        self.mac_keys_to_reveal: list[bytes] = []

    @property
    def needs_new_ecdh(self) -> bool:
        """Whether the next `encrypt` makes a DH ratchet and so takes `new_ecdh_seed`."""
        return self.chain_key_s is None

    @property
    def needs_new_dh(self) -> bool:
        """Whether the next `encrypt` takes `new_dh_secret` also."""
        return self.needs_new_ecdh and self.i % 3 == 0

    def _rotate_as_sender(
        self, new_ecdh_seed: bytes | None, new_dh_secret: int | None
    ) -> RatchetKeys:
        """A new DH ratchet: "Rotating ECDH Keys and Brace Key as sender" and what follows it."""
        require(new_ecdh_seed is not None, "a DH ratchet needs a new ECDH key")
        our_ecdh = generate(new_ecdh_seed or b"")
        k_dh = None
        our_dh = self.our_dh
        if self.needs_new_dh:
            require(new_dh_secret is not None, "a third DH ratchet needs a new DH key")
            our_dh = generate_dh(new_dh_secret or 0)
            k_dh = dh(our_dh.secret, self.their_dh)
        k_ecdh = ecdh(our_ecdh.secret, self.their_ecdh)
        keys = derive_ratchet_keys(k_ecdh, k_dh, self.brace_key, self.root_key)
        self.our_ecdh, self.our_dh = our_ecdh, our_dh
        self.brace_key = keys.brace_key
        self.root_key = keys.curr_root_key
        self.chain_key_s = keys.chain_key
        self.j = 0
        self.i += 1
        return keys

    def encrypt(
        self,
        plaintext: bytes,
        tlvs: tuple[Tlv, ...] = (),
        flags: int = 0,
        *,
        new_ecdh_seed: bytes | None = None,
        new_dh_secret: int | None = None,
    ) -> Sent:
        """Make a data message ("When you send a Data Message").

        Args:
            plaintext: The human-readable text, in UTF-8.
            tlvs: The records that follow it.
            flags: The flags of the message.
            new_ecdh_seed: Seed (57 octets) of the new ECDH key; unused in the same DH ratchet.
            new_dh_secret: New DH exponent; used in every third DH ratchet only.
        """
        ratchet = None
        if self.needs_new_ecdh:
            ratchet = self._rotate_as_sender(new_ecdh_seed, new_dh_secret)
        chain_key, our_ecdh = self.chain_key_s, self.our_ecdh
        if chain_key is None or our_ecdh is None:
            what = "there is no sending chain"
            raise Invalid(what)
        ratchet_id = self.i - 1 if self.i > 0 else 0
        public_dh = None
        if ratchet_id % 3 == 0 and self.our_dh is not None:
            public_dh = self.our_dh.public
        old_mac_keys: tuple[bytes, ...] = ()
        if self.j == 0:
            old_mac_keys = tuple(self.mac_keys_to_reveal)
            self.mac_keys_to_reveal = []

        keys = derive_message_keys(chain_key)
        whole = encode_plaintext(plaintext, tlvs)
        fields = DataMessage(
            self.our_tag,
            self.their_tag,
            flags,
            self.pn,
            ratchet_id,
            self.j,
            our_ecdh.public,
            public_dh,
            second_chacha.encrypt(keys.mk_enc, whole),
            b"",
            b"".join(old_mac_keys),
            b"",
        )
        sections = data_message_sections(fields)
        fields = fields._replace(
            authenticator=kdf.authenticator(keys.mk_mac, sections), sections=sections
        )
        self.chain_key_s = keys.next_chain_key
        self.j += 1
        return Sent(
            data_message=encode_data_message(fields),
            fields=fields,
            ratchet=ratchet,
            keys=keys,
            encryption_key=keys.mk_enc[:32],
            nonce=second_chacha.NONCE,
            plaintext=whole,
            encrypted_message=fields.encrypted_message,
            data_message_sections=sections,
            authenticator=fields.authenticator,
            old_mac_keys=old_mac_keys,
        )

    def expire(
        self, *, new_ecdh_seed: bytes | None = None, new_dh_secret: int | None = None
    ) -> Sent:
        """Make the Disconnected message of an expired session ("Session Expiration").

        It reveals the MAC keys waiting, then those of the stored message keys, in the order in
        which they were stored, whatever its place in its DH ratchet.
        """
        sent = self.encrypt(
            b"",
            (Tlv(TLV_DISCONNECTED, b""),),
            IGNORE_UNREADABLE,
            new_ecdh_seed=new_ecdh_seed,
            new_dh_secret=new_dh_secret,
        )
        self.forget_skipped()
        revealed = [*sent.old_mac_keys, *self.mac_keys_to_reveal]
        self.mac_keys_to_reveal = []
        fields = sent.fields._replace(old_mac_keys=b"".join(revealed))
        return sent._replace(
            data_message=encode_data_message(fields), fields=fields, old_mac_keys=tuple(revealed)
        )

    def forget_skipped(self) -> None:
        """Delete the stored message keys, their MAC keys going to the list to be revealed.

        "Deletion of Stored Message Keys" and "Revealing MAC Keys".
        """
        self.mac_keys_to_reveal += [
            kdf.mk_mac(stored.mk_enc) for stored in self.skipped_MKenc.values()
        ]
        self.skipped_MKenc = {}

    def decrypt(self, octets: bytes) -> Received:
        """Read a data message ("When you receive a Data Message"); a failure changes nothing."""
        before = dict(self.__dict__)
        self.skipped_MKenc = dict(self.skipped_MKenc)
        self.mac_keys_to_reveal = list(self.mac_keys_to_reveal)
        try:
            return self._decrypt(decode_data_message(octets))
        except Invalid:
            self.__dict__.update(before)
            raise

    def _decrypt(self, message: DataMessage) -> Received:
        """The mechanism itself."""
        require(message.receiver_tag == self.our_tag, "the message is for another client")
        require(message.sender_tag == self.their_tag, "the message is of another client")
        valid_point(message.public_ecdh)
        if message.public_dh is not None:
            require(is_valid_dh(message.public_dh), "the DH key is not in the group")

        place = (message.public_ecdh, message.message_id)
        if place in self.skipped_MKenc:
            return self._decrypt_skipped(message, place)
        require(self.max_remote_i_seen <= message.ratchet_id, "a duplicate of a past DH ratchet")

        ratchet = None
        skipped: dict[tuple[bytes, int], Skipped] = {}
        if message.public_ecdh != self.their_ecdh:
            skipped |= self._skip_until(message.pn)
            ratchet = self._rotate_as_receiver(message)
        require(self.chain_key_r is not None, "there is no receiving chain")
        require(message.message_id >= self.k, "a duplicate of this DH ratchet")
        skipped |= self._skip_until(message.message_id)
        keys = derive_message_keys(self.chain_key_r or b"")
        whole = self._open(message, keys.mk_enc, keys.mk_mac)
        self.chain_key_r = keys.next_chain_key
        self.k += 1
        if message.public_dh is not None:
            self.their_dh = message.public_dh
        self.mac_keys_to_reveal.append(keys.mk_mac)
        self.max_remote_i_seen = message.ratchet_id
        text, tlvs = decode_plaintext(whole)
        return Received(
            plaintext=text,
            tlvs=tlvs,
            whole_plaintext=whole,
            fields=message,
            from_skipped=False,
            ratchet=ratchet,
            skipped=skipped,
            chain_key=keys.chain_key,
            next_chain_key=keys.next_chain_key,
            mk_enc=keys.mk_enc,
            mk_mac=keys.mk_mac,
            extra_symm_key=keys.extra_symm_key,
        )

    def _decrypt_skipped(self, message: DataMessage, place: tuple[bytes, int]) -> Received:
        """Read a message with its stored key."""
        stored = self.skipped_MKenc[place]
        mk_mac = kdf.mk_mac(stored.mk_enc)
        whole = self._open(message, stored.mk_enc, mk_mac)
        del self.skipped_MKenc[place]
        self.mac_keys_to_reveal.append(mk_mac)
        text, tlvs = decode_plaintext(whole)
        return Received(
            plaintext=text,
            tlvs=tlvs,
            whole_plaintext=whole,
            fields=message,
            from_skipped=True,
            ratchet=None,
            skipped={},
            chain_key=None,
            next_chain_key=None,
            mk_enc=stored.mk_enc,
            mk_mac=mk_mac,
            extra_symm_key=stored.extra_symm_key,
        )

    @staticmethod
    def _open(message: DataMessage, mk_enc: bytes, mk_mac: bytes) -> bytes:
        """Verify the authenticator, decrypt."""
        expected = kdf.authenticator(mk_mac, message.sections)
        require(hmac.compare_digest(expected, message.authenticator), "the MAC is wrong")
        return second_chacha.encrypt(mk_enc, message.encrypted_message)

    def _skip_until(self, number: int) -> dict[tuple[bytes, int], Skipped]:
        """Store the message keys of the current receiving chain below a number."""
        require(self.k + self.max_skip >= number, "too many messages are skipped")
        stored: dict[tuple[bytes, int], Skipped] = {}
        while self.chain_key_r is not None and self.k < number:
            keys = derive_message_keys(self.chain_key_r)
            stored[self.their_ecdh, self.k] = Skipped(keys.mk_enc, keys.extra_symm_key)
            self.chain_key_r = keys.next_chain_key
            self.k += 1
        self.skipped_MKenc |= stored
        return stored

    def _rotate_as_receiver(self, message: DataMessage) -> RatchetKeys:
        """A new DH ratchet: "Rotating ECDH Keys and Brace Key as receiver" and what follows it."""
        our_ecdh = self.our_ecdh
        if our_ecdh is None:
            what = "we have advertised no ECDH key that this could answer"
            raise Invalid(what)
        k_dh = None
        if message.ratchet_id % 3 == 0:
            if message.public_dh is None or self.our_dh is None:
                what = "a third DH ratchet needs DH keys"
                raise Invalid(what)
            self.their_dh = message.public_dh
            k_dh = dh(self.our_dh.secret, self.their_dh)
            self.our_dh = None
        self.their_ecdh = message.public_ecdh
        k_ecdh = ecdh(our_ecdh.secret, self.their_ecdh)
        self.our_ecdh = None
        keys = derive_ratchet_keys(k_ecdh, k_dh, self.brace_key, self.root_key)
        self.brace_key = keys.brace_key
        self.root_key = keys.curr_root_key
        self.chain_key_r = keys.chain_key
        self.chain_key_s = None
        self.pn = self.j
        self.j = 0
        self.k = 0
        self.i += 1
        return keys
