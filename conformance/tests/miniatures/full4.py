"""A correct shim of versions 3 and 4 with every capability, around the toy.

It speaks no OTR and protects nothing. Its keys, profiles and prekey ensembles are real ones.
"""

import secrets
from dataclasses import replace
from hashlib import sha512

from full import Full, FullToy, ticks

from otr_conformance.shim.protocol import (
    Bold,
    Capability,
    ExtraKeyEvent,
    PrekeyUsedEvent,
    PublishedEnsemble,
    PublishedProfile,
    SecureEvent,
    Side,
    StartBy,
)
from otr_conformance.shims.json_helper import Endpoint, New, serve
from otr_model.otrv4.usages import Usage
from otr_reference.otrv4.account import Account
from otr_reference.otrv4.kdf import hwc
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.wire import (
    decode_ensemble,
    encode_client_profile,
    encode_prekey_message,
    encode_prekey_profile,
)

SUITE = RealSuite()


def fingerprint_of(profile: object) -> bytes:
    """The hash of the two keys of a client profile."""
    return hwc(Usage.FINGERPRINT, *(getattr(profile, key) for key in ("public_key", "forging_key")))


class NewerToy(FullToy):
    """The toy, with conversations that begin offline."""

    def __init__(self, shim: "Full4", new: New) -> None:
        super().__init__(shim, new)
        self._newer = shim
        self._handlers[b"offline"] = self._on_offline

    def start_offline(self, fingerprint: bytes, tag: int, identifier: int) -> None:
        """Become private at once."""
        self.say(b"offline", identifier.to_bytes(4, "big") + self._who)
        self._newer.interactive = False
        self._on_started(fingerprint + tag.to_bytes(4, "big"))

    def _on_offline(self, said: bytes) -> None:
        self._newer.interactive = False
        self._newer.bold = Bold.SECOND
        self._newer.tell(PrekeyUsedEvent(int.from_bytes(said[:4], "big")))
        self._on_started(said[4:])


class Full4(Full):
    """One side of the conversation."""

    def __init__(self, new: New) -> None:
        self.interactive = True
        keys = SUITE.long_term(new.sym_h or b"")
        if new.forging is not None:
            keys = replace(keys, forging=SUITE.point(new.forging))
        seed = SUITE.seed(secrets.token_bytes(32))
        self._account = Account(SUITE, keys, new.tag or 0, seed)
        self._now = new.now or 0
        self._account.renew(self._now)
        super().__init__(new)

    def fingerprint_of(self, new: New) -> bytes:
        """Of the keys that are given."""
        del new
        return fingerprint_of(self._account.profiles[0])

    def toy_of(self, new: New) -> NewerToy:
        """What is behind it."""
        self._newer = NewerToy(self, new)
        return self._newer

    def start(self, by: StartBy = StartBy.QUERY) -> None:
        """Ask for a private conversation, either way."""
        del by
        super().start()

    def profile(self) -> PublishedProfile:
        """Publish the client profile."""
        return PublishedProfile(encode_client_profile(self._account.profiles[0]))

    def ensemble(self) -> PublishedEnsemble:
        """Publish a prekey ensemble."""
        (made,) = self._account.make_ensembles(self._now, 1)
        return PublishedEnsemble(
            encode_client_profile(made.client_profile),
            encode_prekey_profile(made.prekey_profile),
            encode_prekey_message(made.message),
        )

    def offline(self, client_profile: bytes, prekey_profile: bytes, prekey_message: bytes) -> None:
        """Start from one."""
        ensemble = decode_ensemble(client_profile, prekey_profile, prekey_message)
        self._newer.start_offline(
            fingerprint_of(ensemble.client_profile),
            ensemble.client_profile.owner_tag,
            ensemble.message.identifier,
        )

    def on_secure(self, fingerprint: bytes, ssid: bytes, version: int) -> None:
        """Say that the conversation is private."""
        tag = self.peer_tag or None
        self.tell(SecureEvent(fingerprint, ssid, version, self.bold, tag, self.interactive))

    def tell_key(self, use: int, data: bytes, side: Side) -> None:
        """Report the extra key."""
        self.tell(ExtraKeyEvent(sha512(data).digest(), use, data, side))


def make(new: New) -> Endpoint:
    """An endpoint of the version that the policy allows."""
    return Full4(new) if 4 in new.versions else Full(new)


if __name__ == "__main__":
    serve(
        make,
        name="full4",
        version="1",
        protocols="3 4",
        capabilities=" ".join(capability.word for capability in Capability),
        clock=ticks,
    )
