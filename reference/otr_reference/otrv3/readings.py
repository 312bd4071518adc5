"""Literal readings of OTRv3 that the tables leave to code: steps that do something else.

Most literal readings are edits of the tables (`otr_model.otrv3.variants`). Where one is about what
an effect computes, an edit `Override` names it, and the step that does so is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from otr_model.otrv3.words import Auth

from .messages import DhPair
from .session import Ring, Session, place
from .step import OUR_FIRST_KEYID, Otrv3Step, present

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["STEPS"]


@dataclass(frozen=True, slots=True)
class _Numbered(DhPair):
    """A D-H key pair of an AKE, and its key id."""

    keyid: int


class _OlderKey(Otrv3Step):
    """An AKE uses our_dh[our_keyid - 1], and leaves our keys as they are.

    Section "Key Management". Where the text has a D-H Key Message be new, or g^x be forgotten, the
    key is new, and takes the place of that one. While nothing is private yet, the key of the
    exchange that is underway is the one that was generated when it started.
    """

    def pair_to_commit_to(self) -> DhPair:
        """The older of our keys; that of the exchange underway; or one to begin with."""
        return self._numbered(self._older() or self._underway() or self.fresh_pair())

    def pair_to_answer_with(self) -> DhPair:
        """The older of our keys, unless the text asks for a new one; or one to begin with."""
        older = self._older() if self.member.ake is Auth.NONE else None
        return self._numbered(older or self.fresh_pair())

    def keyid_of_exchange(self) -> int:
        """That of the key when it was chosen, though keys may have moved on since."""
        pair = self.member.pair
        if self.member.ring is None or not isinstance(pair, _Numbered):
            return OUR_FIRST_KEYID
        return pair.keyid

    def do_install_keys(self) -> None:
        """Our keys stay, if there are any; theirs is new."""
        old = self.member.ring
        if old is None:
            super().do_install_keys()
            return
        member = self.own()
        self._retire_mac_keys(member)
        member.ring = Ring(old.ours, present(member.pair), present(member.gy))

    def do_install_our_keys(self) -> None:
        """All keys stay; what was computed from a key that was replaced goes."""
        member = self.own()
        old, pair = present(member.ring), present(member.pair)
        if pair.public != old.ours_previous.public:
            derived = (*old.derived[: place(1, 0)], None, None)
            theirs = old.theirs, old.theirs_previous
            member.ring = Ring(old.ours, pair, *theirs, derived, old.used)

    def _numbered(self, pair: DhPair) -> DhPair:
        """With the key id of the older of our keys."""
        holder = self._holder()
        keyid = holder.our_keyid - 1 if holder is not None else OUR_FIRST_KEYID
        return _Numbered(pair.secret, pair.public, keyid)

    def _older(self) -> DhPair | None:
        """The older of the keys that protect the conversation, if it is private."""
        holder = self._holder()
        return present(holder.ring).ours_previous if holder is not None else None

    def _holder(self) -> Session | None:
        """The session that is private: this one, or that which what the user types goes to."""
        sessions = (self.member, self.shared.members.get(self.shared.best))
        return next((each for each in sessions if each is not None and each.ring is not None), None)

    def _underway(self) -> DhPair | None:
        """That of an exchange that is underway, with whichever instance.

        A D-H Commit that an instance has answered is underway there, and nowhere else.
        """
        shared = self.shared
        answered = shared.answered == shared.commits - 1  # the new one counts already
        over = {Auth.NONE, Auth.AWAITING_DHKEY} if answered else {Auth.NONE}
        pairs = (each.pair for each in reversed(shared.members.values()) if each.ake not in over)
        return next((pair for pair in pairs if pair is not None), None)


STEPS: Mapping[tuple[str, str], type[Otrv3Step]] = {
    ("pair_of_exchange", "older"): _OlderKey,
}
"""For each way in which a literal reading does something else in a step, the step that does."""
