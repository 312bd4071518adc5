"""The correct shim with one flaw, which is named by the argument.

A flaw is a function that is given a request, and asks the correct shim for its lines.
"""

import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha1

from full import PART, Full

from otr_conformance.shim.protocol import Capability, Hello, OtrVersion
from otr_conformance.shims.json_helper import Server

Line = dict[str, str | int]
Ask = Callable[[Line], list[Line]]
Flaw = Callable[[Ask, Line], list[Line]]

MADE: dict[str | int, Line] = {}
POLLED: set[str | int] = set()


def base64(octets: bytes) -> str:
    return b64encode(octets).decode()


def with_event(ask: Ask, request: Line, event: str, **fields: str | int) -> list[Line]:
    """Replace fields of an event."""
    lines = ask(request)
    return [line | fields if line.get("event") == event else line for line in lines]


def without_event(ask: Ask, request: Line, event: str, **fields: str | int) -> list[Line]:
    """Drop an event, if its fields are as given."""
    dropped = {"event": event} | fields
    return [line for line in ask(request) if not dropped.items() <= line.items()]


def with_final(ask: Ask, request: Line, do: str, **fields: str | int) -> list[Line]:
    """Replace fields of a final line."""
    lines = ask(request)
    wanted = request["do"] == do and lines[-1]["end"] == "ok"
    return [*lines[:-1], lines[-1] | fields] if wanted else lines


def end(request: Line, word: str = "ok", **fields: str | int) -> list[Line]:
    """Answer without asking."""
    return [{"re": request["id"], "end": word} | fields]


def ours(request: Line, field: str) -> str | int:
    """What the final line of `new` said of the endpoint of a request."""
    return MADE.get(request.get("endpoint", ""), {}).get(field, "")


# ---- what is reported when a conversation becomes private


def own_fingerprint(ask: Ask, request: Line) -> list[Line]:
    return with_event(ask, request, "secure", fingerprint=ours(request, "fingerprint"))


def own_tag(ask: Ask, request: Line) -> list[Line]:
    return with_event(ask, request, "secure", **{"peer-tag": ours(request, "tag")})


def own_ssid(ask: Ask, request: Line) -> list[Line]:
    name = str(request.get("endpoint"))
    return with_event(ask, request, "secure", ssid=base64(name.encode().ljust(8)))


def short_ssid(ask: Ask, request: Line) -> list[Line]:
    return with_event(ask, request, "secure", ssid=base64(b"seven.."))


def other_version(ask: Ask, request: Line) -> list[Line]:
    return with_event(ask, request, "secure", version=2)


def same_bold(ask: Ask, request: Line) -> list[Line]:
    return with_event(ask, request, "secure", bold="first")


def never_secure(ask: Ask, request: Line) -> list[Line]:
    return without_event(ask, request, "secure")


# ---- texts


def always_protected(ask: Ask, request: Line) -> list[Line]:
    return with_event(ask, request, "message", secure=1)


def never_protected(ask: Ask, request: Line) -> list[Line]:
    return with_event(ask, request, "message", secure=0)


def ascii_only(ask: Ask, request: Line) -> list[Line]:
    lines = ask(request)
    for line in lines:
        if line.get("event") == "message":
            text = b64decode(str(line["text"])).decode()
            line["text"] = base64(text.encode("ascii", "replace"))
    return lines


def in_the_clear(ask: Ask, request: Line) -> list[Line]:
    lines = ask(request)
    if request["do"] == "send":
        lines.insert(0, {"re": request["id"], "event": "wire", "wire": request["text"]})
    return lines


def echoes(ask: Ask, request: Line) -> list[Line]:
    lines = ask(request)
    if request["do"] == "receive" and lines[-1]["end"] == "ok":
        lines.insert(0, {"re": request["id"], "event": "wire", "wire": request["wire"]})
    return lines


# ---- new


def ignores_tag(ask: Ask, request: Line) -> list[Line]:
    return with_final(ask, request, "new", tag=0x999)


def ignores_key(ask: Ask, request: Line) -> list[Line]:
    name = str(request.get("account")).encode()
    other = base64(sha1(name, usedforsecurity=False).digest())
    return with_final(ask, request, "new", fingerprint=other)


def one_key(ask: Ask, request: Line) -> list[Line]:
    return with_final(ask, request, "new", fingerprint=base64(bytes(20)))


def replaces(ask: Ask, request: Line) -> list[Line]:
    taken = request["do"] == "new" and request["endpoint"] in MADE
    return [MADE[request["endpoint"]] | {"re": request["id"]}] if taken else ask(request)


def no_versions(ask: Ask, request: Line) -> list[Line]:
    return with_final(ask, request, "hello", protocols="")


def question_without_smp(ask: Ask, request: Line) -> list[Line]:
    return with_final(ask, request, "hello", capabilities="smp-question tag preset-key")


def no_tag(ask: Ask, request: Line) -> list[Line]:
    lines = ask(request)
    if request["do"] == "hello":
        lines[-1]["capabilities"] = "instances preset-key"
    if request["do"] == "new":
        lines[-1].pop("tag", None)
    return lines


def early_wire(ask: Ask, request: Line) -> list[Line]:
    lines = ask(request)
    if request["do"] == "poll" and lines[-1]["end"] == "ok" and request["endpoint"] not in POLLED:
        POLLED.add(request["endpoint"])
        lines.insert(0, {"re": request["id"], "event": "wire", "wire": "AAAA"})
    return lines


# ---- SMP, the extra key, heartbeats


def never_asked(ask: Ask, request: Line) -> list[Line]:
    return without_event(ask, request, "smp", stage="asked")


def never_aborted(ask: Ask, request: Line) -> list[Line]:
    return without_event(ask, request, "smp", stage="aborted")


def always_succeeds(ask: Ask, request: Line) -> list[Line]:
    lines = ask(request)
    return [
        line | {"stage": "success"} if line.get("stage") == "failure" else line for line in lines
    ]


def other_question(ask: Ask, request: Line) -> list[Line]:
    lines = ask(request)
    return [line | {"question": "AAAA"} if "question" in line else line for line in lines]


def no_smp(ask: Ask, request: Line) -> list[Line]:
    if str(request["do"]).startswith("smp"):
        return end(request, "error", error="unsupported")
    return ask(request)


def other_extra_key(ask: Ask, request: Line) -> list[Line]:
    fill = str(request.get("endpoint")).encode().ljust(32)
    return with_event(ask, request, "extra-key", key=base64(fill))


def no_extra_key(ask: Ask, request: Line) -> list[Line]:
    return without_event(ask, request, "extra-key", side="received")


def shown_heartbeat(ask: Ask, request: Line) -> list[Line]:
    lines = ask(request)
    shown: Line = {"re": request["id"], "event": "message", "text": "", "secure": 1}
    return [shown if line.get("event") == "heartbeat" else line for line in lines]


def no_heartbeat(ask: Ask, request: Line) -> list[Line]:
    return end(request) if request["do"] == "heartbeat" else ask(request)


# ---- state, the end, fragments


def always_plaintext(ask: Ask, request: Line) -> list[Line]:
    return with_final(ask, request, "state", msgstate="plaintext")


def never_finished(ask: Ask, request: Line) -> list[Line]:
    return without_event(ask, request, "finished")


def no_fragments(ask: Ask, request: Line) -> list[Line]:
    return ask({name: value for name, value in request.items() if name != "fragment"})


def loses_parts(ask: Ask, request: Line) -> list[Line]:
    lost = b64decode(str(request.get("wire", ""))).startswith(PART)
    return end(request) if lost else ask(request)


# ---- errors and the rest


def accepts_anything(ask: Ask, request: Line) -> list[Line]:
    lines = ask(request)
    return lines if lines[-1]["end"] == "ok" else end(request)


def wrong_error(ask: Ask, request: Line) -> list[Line]:
    lines = ask(request)
    return lines if lines[-1]["end"] == "ok" else end(request, "error", error="internal")


def refuses_start(ask: Ask, request: Line) -> list[Line]:
    refused = end(request, "error", error="refused", detail="not today")
    return refused if request["do"] == "start" else ask(request)


def no_forget(ask: Ask, request: Line) -> list[Line]:
    """This is no flaw."""
    unsupported = end(request, "error", error="unsupported")
    return unsupported if request["do"] == "forget" else ask(request)


def forgets_nothing(ask: Ask, request: Line) -> list[Line]:
    return end(request) if request["do"] in {"forget", "reset"} else ask(request)


def exits_at_start(ask: Ask, request: Line) -> list[Line]:
    return sys.exit("this is not how it was meant") if request["do"] == "start" else ask(request)


def serve(flaw: Flaw, server: Server) -> None:
    """Answer with a flaw."""

    def ask(request: Line) -> list[Line]:
        lines = server.answer(json.dumps(request).encode())
        return [json.loads(line) for line in lines.splitlines()]

    for text in sys.stdin:
        request = json.loads(text)
        lines = flaw(ask, request)
        if request["do"] == "new" and lines[-1]["end"] == "ok":
            MADE[request["endpoint"]] = lines[-1]
        sys.stdout.writelines(json.dumps(line) + "\n" for line in lines)
        sys.stdout.flush()
        if server.said_bye:
            break


if __name__ == "__main__":
    said = Hello("flawed", "1", (OtrVersion.V2, OtrVersion.V3), tuple(Capability))
    serve(globals()[sys.argv[1]], Server(Full, said, clock=lambda **_: None))
