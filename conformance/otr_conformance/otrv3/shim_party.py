"""A target behind a shim, as a party on the stage of OTRv3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.play.shim_party import ENDPOINT
from otr_conformance.play.shim_party import ShimParty as AnyShimParty
from otr_conformance.shim.keys import write_preset_key
from otr_conformance.shim.vocabulary import Capability, PolicyWord
from otr_reference.otrv3.commands import (
    AbortSmp,
    AnswerSmp,
    Command,
    End,
    Heartbeat,
    SendText,
    Start,
    StartSmp,
    UseExtraKey,
)

from .labs import generated_key
from .stage import TARGET_TAG

if TYPE_CHECKING:
    from otr_conformance.shim.client import ShimProcess
    from otr_conformance.shim.protocol import Answer, Hello
    from otr_reference.otrv3.session import Policy

    from .labs import RealLab
    from .stage import Cast

__all__ = ["ShimParty", "policy_words"]


class ShimParty(AnyShimParty[Command]):
    """One endpoint of a shim that speaks OTRv3; see `otr_conformance.play.shim_party`."""

    def __init__(self, lab: RealLab, cast: Cast, shim: ShimProcess, hello: Hello) -> None:
        super().__init__(lab, shim)
        self.lab: RealLab = lab
        can = set(hello.capabilities)
        shim.new(
            ENDPOINT,
            account="target",
            peer="tester",
            policy=policy_words(cast.target),
            tag=TARGET_TAG if Capability.TAG in can else None,
            key=write_preset_key(generated_key("target")) if Capability.PRESET_KEY in can else None,
            fragment=cast.max_size or None,
        )

    def ask(self, command: Command) -> Answer:
        """The request that a command is."""
        shim, out = self.shim, self.lab.suite.to_bytes
        match command:
            case Start():
                return shim.start(ENDPOINT)
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


def policy_words(policy: Policy) -> list[PolicyWord]:
    """A policy in the words of the shim protocol."""
    words = {
        PolicyWord.V2: policy.allow_v2,
        PolicyWord.V3: policy.allow_v3,
        PolicyWord.REQUIRE_ENCRYPTION: policy.require_encryption,
        PolicyWord.SEND_WHITESPACE_TAG: policy.send_whitespace_tag,
        PolicyWord.WHITESPACE_START_AKE: policy.whitespace_start_ake,
        PolicyWord.ERROR_START_AKE: policy.error_start_ake,
    }
    return [word for word, yes in words.items() if yes]
