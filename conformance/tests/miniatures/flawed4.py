"""The correct shim of version 4 with one flaw, which is named by the argument; see `flawed`."""

import sys
from base64 import b64encode

import flawed
from flawed import Ask, Line, base64, end, with_event, with_final, without_event
from full4 import make

from otr_conformance.shim.protocol import Capability, Hello, OtrVersion
from otr_conformance.shims.json_helper import Server

KEPT: list[Line] = []

# ---- hello, new


def clock_without_clock(ask: Ask, request: Line) -> list[Line]:
    return with_final(ask, request, "hello", capabilities="otrv4-clock tag preset-key")


def short_fingerprint(ask: Ask, request: Line) -> list[Line]:
    return with_final(ask, request, "new", fingerprint=base64(bytes(20)))


def ignores_sym_h(ask: Ask, request: Line) -> list[Line]:
    other = str(request.get("account")).encode().ljust(56)
    return with_final(ask, request, "new", fingerprint=base64(other))


def no_modes(ask: Ask, request: Line) -> list[Line]:
    return end(request, "error", error="unsupported") if "mode" in request else ask(request)


# ---- private conversations


def older_version(ask: Ask, request: Line) -> list[Line]:
    return with_event(ask, request, "secure", version=3)


def never_interactive(ask: Ask, request: Line) -> list[Line]:
    return with_event(ask, request, "secure", interactive=0)


def always_interactive(ask: Ask, request: Line) -> list[Line]:
    return with_event(ask, request, "secure", interactive=1)


def short_extra_key(ask: Ask, request: Line) -> list[Line]:
    return with_event(ask, request, "extra-key", key=base64(bytes(32)))


def never_by_query(ask: Ask, request: Line) -> list[Line]:
    return end(request) if request.get("by") == "query" else ask(request)


def never_by_identity(ask: Ask, request: Line) -> list[Line]:
    return end(request) if request.get("by") == "identity" else ask(request)


def distrusts(ask: Ask, request: Line) -> list[Line]:
    if request["do"] == "new":
        KEPT.append(request)
    trusted = any("trusted" in each for each in KEPT)
    return without_event(ask, request, "secure") if trusted else ask(request)


def unknown_to_itself(ask: Ask, request: Line) -> list[Line]:
    if request["do"] == "new":
        KEPT.append(request)
    known = any("known-profile" in each for each in KEPT)
    return without_event(ask, request, "secure") if known else ask(request)


# ---- what is published


def twice_in_base64(ask: Ask, request: Line) -> list[Line]:
    lines = ask(request)
    if request["do"] == "profile":
        lines[-1]["profile"] = b64encode(str(lines[-1]["profile"]).encode()).decode()
    return lines


def swapped_profiles(ask: Ask, request: Line) -> list[Line]:
    lines = ask(request)
    if request["do"] == "ensemble":
        lines[-1]["prekey-profile"] = lines[-1]["client-profile"]
    return lines


def one_ensemble(ask: Ask, request: Line) -> list[Line]:
    lines = ask(request)
    if request["do"] == "ensemble":
        KEPT.extend(lines)
        return [KEPT[0] | {"re": request["id"]}]
    return lines


def other_prekey(ask: Ask, request: Line) -> list[Line]:
    return with_event(ask, request, "prekey-used", identifier=7)


def never_offline(ask: Ask, request: Line) -> list[Line]:
    return end(request) if request["do"] == "offline" else ask(request)


if __name__ == "__main__":
    hello = Hello("flawed4", "1", (OtrVersion.V4,), tuple(Capability))
    flawed.serve(globals()[sys.argv[1]], Server(make, hello, clock=lambda **_: None))
