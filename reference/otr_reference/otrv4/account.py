"""The account of a user's client: what all its conversations of OTRv4 share.

    account = Account(suite, keys, tag, seed)
    account.renew(now)                       # client profile and prekey profile
    ensembles = account.make_ensembles(now, 10)
    account.use_up(identifier)               # when a conversation says so

Long-term keys, client profiles, prekey profiles and prekey messages belong to the client, not to
a conversation. The prekey server's protocol publishes ensembles; here they are made, kept and used
up.

Nothing here is a transition of a conversation. Sections "Client Profile", "Prekey Profile" and
"Publishing Prekey Ensembles".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .messages import PrekeyEnsemble, PrekeyMessage
from .session import OwnPrekey, OwnPrekeyProfile

if TYPE_CHECKING:
    from otr_reference.sorts import Seed

    from .messages import ClientProfile
    from .suite import LongTerm, Suite

WEEK, DAY = 604800, 86400


@dataclass
class Account:
    """Long-term keys, profiles and prekey messages of one client.

    Attributes:
        suite: the cryptography.
        keys: the long-term keys.
        tag: the client's instance tag.
        seed: what randomness comes from; it must serve no conversation.
        versions: what client profiles advertise; with 3, and a DSA key, they have a transitional
            signature.
        lifetime: seconds for which a profile is valid; the text recommends a week.
        renewal: seconds before it expires, when a profile is replaced; at most half its lifetime.
        extra_validity: seconds for which an expired one is kept for what was sent before.
        profiles: client profiles, the current one first.
        prekey_profiles: prekey profiles, the current one first.
        prekeys: prekey messages that were not used, by identifier.
    """

    suite: Suite
    keys: LongTerm
    tag: int
    seed: Seed
    versions: frozenset[int] = frozenset({4})
    lifetime: int = WEEK
    renewal: int = DAY
    extra_validity: int = DAY
    profiles: tuple[ClientProfile, ...] = ()
    prekey_profiles: tuple[OwnPrekeyProfile, ...] = ()
    prekeys: dict[int, OwnPrekey] = field(default_factory=dict)
    draws: int = 0

    def draw(self) -> int:
        """The number of the next draw."""
        self.draws += 1
        return self.draws

    def renew(self, now: int) -> bool:
        """Make what is missing or about to expire, and forget what is too old.

        Returns:
            Whether there is a profile that has to be published.
        """
        oldest = now - self.extra_validity
        self.profiles = tuple(p for p in self.profiles if p.expiration > oldest)
        self.prekey_profiles = tuple(
            p for p in self.prekey_profiles if p.profile.expiration > oldest
        )
        soon, until = now + min(self.renewal, self.lifetime // 2), now + self.lifetime
        made = False
        if not self.profiles or self.profiles[0].expiration <= soon:
            profile = self.suite.client_profile(
                self.keys, self.tag, self.versions, until, self.seed
            )
            self.profiles = (profile, *self.profiles)
            made = True
        if not self.prekey_profiles or self.prekey_profiles[0].profile.expiration <= soon:
            shared = self.suite.fresh_ecdh(self.seed, self.draw())
            prekey = self.suite.prekey_profile(self.keys, self.tag, shared.public, until)
            self.prekey_profiles = (OwnPrekeyProfile(prekey, shared), *self.prekey_profiles)
            made = True
        return made

    def make_ensembles(self, now: int, count: int) -> tuple[PrekeyEnsemble, ...]:
        """Make prekey messages, and the prekey ensembles that they belong to.

        Args:
            now: the time; profiles are renewed first.
            count: how many.
        """
        self.renew(now)
        profile, prekey = self.profiles[0], self.prekey_profiles[0].profile
        return tuple(
            PrekeyEnsemble(profile, prekey, self._make_prekey().message) for _ in range(count)
        )

    def _make_prekey(self) -> OwnPrekey:
        """A new prekey message: section "Prekey Message"."""
        suite, seed = self.suite, self.seed
        identifier = suite.fresh_identifier(seed, self.draw())
        while identifier in self.prekeys:
            identifier = suite.fresh_identifier(seed, self.draw())
        ecdh, dh = suite.fresh_ecdh(seed, self.draw()), suite.fresh_dh(seed, self.draw())
        message = PrekeyMessage(identifier, self.tag, ecdh.public, dh.public)
        made = OwnPrekey(message, ecdh, dh)
        self.prekeys[identifier] = made
        return made

    def use_up(self, identifier: int) -> None:
        """Forget a prekey message that a conversation has used."""
        self.prekeys.pop(identifier, None)
