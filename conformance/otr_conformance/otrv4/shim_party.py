"""A target behind a shim, as a party on the stage of OTRv4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.otrv3.labs import generated_key
from otr_conformance.play.shim_party import ENDPOINT
from otr_conformance.play.shim_party import ShimParty as AnyShimParty
from otr_conformance.play.stage import Stuck
from otr_conformance.shim.keys import write_preset_key
from otr_conformance.shim.protocol import PublishedEnsemble
from otr_conformance.shim.vocabulary import Capability, OtrMode, PolicyWord, StartBy
from otr_model.otrv4.words import Mode
from otr_reference.errors import Malformed
from otr_reference.otrv4 import wire as formats
from otr_reference.otrv4.commands import (
    AbortSmp,
    AnswerSmp,
    Command,
    End,
    Heartbeat,
    SendText,
    Start,
    StartDake,
    StartOffline,
    StartSmp,
    UseExtraKey,
)
from otr_reference.otrv4.session import Policy

from .labs import BEGINNING, long_term_seed
from .stage import TARGET_TAG, TESTER_TAG, Ensembles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_conformance.shim.client import ShimProcess
    from otr_conformance.shim.protocol import Answer, Hello
    from otr_reference.otrv4.messages import PrekeyEnsemble

    from .labs import RealLab
    from .stage import Cast

__all__ = ["MODES", "ShimParty", "policy_words"]

THREE: Final = 3
MODES: Final[Mapping[Mode, OtrMode]] = {
    Mode.COMPATIBLE: OtrMode.COMPATIBLE,
    Mode.STANDALONE: OtrMode.STANDALONE,
    Mode.INTERACTIVE_ONLY: OtrMode.INTERACTIVE_ONLY,
}
"""The modes in the words of the shim protocol."""


class ShimParty(AnyShimParty[Command], Ensembles):
    """One endpoint of a shim that speaks OTRv4; see `otr_conformance.play.shim_party`.

    Profiles expire at absolute times, and every case begins at the same one: a target whose time is
    not virtual is asked for nothing.
    """

    def __init__(self, lab: RealLab, cast: Cast, shim: ShimProcess, hello: Hello) -> None:
        super().__init__(lab, shim)
        self.lab: RealLab = lab
        can = set(hello.capabilities)
        self._asks_by = Capability.OTRV4_DAKE in can and cast.mode is Mode.COMPATIBLE
        dsa, sym_h = _preset(cast) if Capability.PRESET_KEY in can else (None, None)
        trusted, known_profile = _told(lab, cast)
        shim.new(
            ENDPOINT,
            account="target",
            peer="tester",
            policy=policy_words(cast),
            tag=TARGET_TAG if Capability.TAG in can else None,
            key=dsa,
            fragment=cast.max_size or None,
            mode=MODES[cast.mode] if Capability.OTRV4_MODE in can else None,
            sym_h=sym_h,
            now=BEGINNING,
            trusted=trusted,
            known_profile=known_profile,
        )

    def ensemble(self) -> PrekeyEnsemble:
        """The next one that the target publishes.

        Raises:
            Stuck: if it is not encoded as the specification says.
        """
        given = self.shim.ensemble(ENDPOINT)
        try:
            return formats.decode_ensemble(
                given.client_profile, given.prekey_profile, given.prekey_message
            )
        except Malformed as fault:
            message = f"the target's prekey ensemble is malformed: {fault}"
            raise Stuck(message) from fault

    def ask(self, command: Command) -> Answer:
        """The request that a command is."""
        shim, out = self.shim, self.lab.suite.to_bytes
        match command:
            case Start() | StartDake() | StartOffline():
                return self._ask_to_start(command)
            case SendText(text):
                return shim.send(ENDPOINT, out(text))
            case End():
                return shim.end(ENDPOINT)
            case Heartbeat():
                return shim.heartbeat(ENDPOINT)
            case UseExtraKey(use, data):
                return shim.extra_key(ENDPOINT, use, out(data))
            case _:
                return self._ask_smp(command)

    def _ask_to_start(self, command: Start | StartDake | StartOffline) -> Answer:
        match command:
            case Start():
                return self.shim.start(ENDPOINT, by=StartBy.QUERY if self._asks_by else None)
            case StartDake():
                return self.shim.start(ENDPOINT, by=StartBy.IDENTITY)
            case StartOffline(ensemble):
                return self.shim.offline(ENDPOINT, _published(ensemble))

    def _ask_smp(self, command: StartSmp | AnswerSmp | AbortSmp) -> Answer:
        shim, lab = self.shim, self.lab
        match command:
            case StartSmp(secret, question):
                asked = None if question is None else lab.suite.to_bytes(question)
                return shim.smp_start(ENDPOINT, lab.typed(secret), question=asked)
            case AnswerSmp(secret):
                return shim.smp_answer(ENDPOINT, lab.typed(secret))
            case AbortSmp():
                return shim.smp_abort(ENDPOINT)


def _preset(cast: Cast) -> tuple[bytes | None, bytes | None]:
    """The target's long-term keys: the DSA key, where version 3 is allowed, and sym_h."""
    return (
        write_preset_key(generated_key("target")) if THREE in cast.versions else None,
        long_term_seed("target"),
    )


def _told(lab: RealLab, cast: Cast) -> tuple[bytes | None, bytes | None]:
    """What the target is told of the tester: a verified fingerprint, and a published profile."""
    if not (cast.trusts or cast.knows):
        return None, None
    known = lab.account("tester", TESTER_TAG, Policy(), cast.mode).profiles[0]
    return (
        lab.suite.to_bytes(lab.suite.fingerprint(known)) if cast.trusts else None,
        formats.encode_client_profile(known) if cast.knows else None,
    )


def _published(ensemble: PrekeyEnsemble) -> PublishedEnsemble:
    return PublishedEnsemble(
        formats.encode_client_profile(ensemble.client_profile),
        formats.encode_prekey_profile(ensemble.prekey_profile),
        formats.encode_prekey_message(ensemble.message),
    )


def policy_words(cast: Cast) -> list[PolicyWord]:
    """The target's policy in the words of the shim protocol."""
    policy = cast.target
    words = {
        PolicyWord.V3: THREE in cast.versions,
        PolicyWord.V4: policy.allow_v4,
        PolicyWord.REQUIRE_ENCRYPTION: policy.require_encryption,
        PolicyWord.SEND_WHITESPACE_TAG: policy.send_whitespace_tag,
        PolicyWord.WHITESPACE_START_AKE: policy.whitespace_start_dake,
        PolicyWord.ERROR_START_AKE: policy.error_start_dake,
        PolicyWord.REQUIRE_INTERACTIVE: policy.require_interactive,
        PolicyWord.IDENTITY_START_DAKE: policy.identity_start_dake,
        PolicyWord.REQUIRE_AUTHENTICATED: policy.require_authenticated,
    }
    return [word for word, yes in words.items() if yes]
