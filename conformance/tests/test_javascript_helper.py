"""The helper and the template for shims in JavaScript.

They are held to those in Python: whatever is asked, both answer alike.
"""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from otr_conformance.shim.check import check_shim
from otr_conformance.shim.protocol import LINE_LIMIT, REQUESTS, Hello, OtrVersion
from otr_conformance.shims import template_python
from otr_conformance.shims.json_helper import Server

JAVASCRIPT = Path(template_python.__file__).parent / "javascript"
TEMPLATE = JAVASCRIPT / "template.mjs"
NODE = shutil.which("node")
HELLO = Hello("my-otr", "0.1", (OtrVersion.V2, OtrVersion.V3), ())

pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not here")

ECHO = """
import {{ Endpoint, Refused, Unsupported, serve }} from '{helper}'

console.log('printed before anything')

class Echo extends Endpoint {{
  constructor(request) {{
    super({{ fingerprint: Buffer.alloc(20), tag: request.tag }})
    if (request.peer === 'nobody') throw new Unsupported('no such peer')
    this.request = request
  }}
  async receive({{ wire }}) {{
    console.log('printed while working')
    await new Promise((resolve) => setTimeout(resolve, 5))
    this.tell('message', {{ text: wire, secure: false, 'x-own': 7 }})
  }}
  send({{ text, to }}) {{
    this.tell('wire', {{ wire: Buffer.from(`${{to}} ${{text}}`) }})
  }}
  start() {{
    this.tell('wire', {{ wire: Buffer.from('before') }})
    throw new Refused('cannot')
  }}
  end() {{
    throw new RangeError('a defect: \\ud800')
  }}
  smpStart({{ secret, question }}) {{
    this.tell('smp', {{ stage: 'asked', question }})
    setTimeout(() => this.tell('smp', {{ stage: 'success' }}), 5)
  }}
  poll() {{
    return new Promise((resolve) => setTimeout(resolve, 20))
  }}
  extraKey({{ data }}) {{
    const fields = JSON.parse(data)
    if (fields.ssid) fields.ssid = Buffer.from(fields.ssid)
    this.tell(fields.event, {{ ...fields, event: undefined }})
  }}
  state() {{
    const {{ tag, policy }} = this.request
    return {{ msgstate: 'finished', 'x-policy': policy.join('+'), 'x-tag': tag }}
  }}
  tick() {{
    this.tell('heartbeat', {{ side: 'sent' }})
  }}
}}

serve((request) => new Echo(request), {{
  name: 'echo', version: 1, protocols: '3', messageLimit: 99,
  capabilities: 'smp smp-question extra-key state instances tag clock',
  clock: ({{ seconds }}) => {{ if (seconds === 13) throw new Refused('unlucky') }},
  reset: () => console.error('was reset'),
}})
"""

BEGIN_SMP = {"do": "smp-start", "endpoint": "a", "secret": "aGk=", "question": "aGk="}
NEW = {"account": "alice", "peer": "bob", "policy": "v2 v3 require-encryption"}


class Process:
    """A shim that is running."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own shims
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def answer(self, line: bytes) -> list[dict[str, str | int]]:
        """The lines of an answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()
        answer: list[dict[str, str | int]] = []
        while not (answer and "end" in answer[-1]):
            answer.append(json.loads(self.process.stdout.readline()))
        return answer

    def ask(self, **fields: str | int) -> list[dict[str, str | int]]:
        """The answer to a request, without its number."""
        answer = self.answer(json.dumps({"id": 1} | fields).encode())
        assert {line.pop("re") for line in answer} == {1}
        return answer

    def close(self) -> tuple[int, bytes, bytes]:
        """What it says at the end of its input: the status, and what is left to be read."""
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err


@pytest.fixture(scope="module")
def template() -> Iterator[Process]:
    process = Process(str(NODE), str(TEMPLATE))
    yield process
    assert process.close() == (0, b"", b"")


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Process]:
    source = tmp_path / "echo.mjs"
    source.write_text(ECHO.format(helper=(JAVASCRIPT / "json_helper.mjs").as_uri()))
    process = Process(str(NODE), str(source))
    yield process
    process.process.kill()
    process.close()


# ---- the template


def test_nothing_is_wrong_with_the_template_and_it_is_minimal() -> None:
    steps: list[str] = []

    assert check_shim([str(NODE), str(TEMPLATE)], told=steps.append) == []

    assert "texts in a private conversation" in steps
    assert len(TEMPLATE.read_text().splitlines()) <= 80


def test_the_helper_and_the_template_need_nothing_but_node() -> None:
    sources = [path.read_text() for path in JAVASCRIPT.glob("*.mjs")]

    imported = {name for source in sources for name in re.findall(r"from '([^']+)'", source)}

    assert imported == {"./json_helper.mjs", "./toy.mjs", "node:crypto"}


# ---- alike in both languages

SCALARS = (
    st.sampled_from(
        ["alice", "bob", "", "v2 v3", "v3", "v9", "nobody@example.org", "a b", "\u00e9", "hello"]
    )
    | st.sampled_from(["aGk=", "aGk", "P1RPWSBzdGFydCA=", "P1RPWSB0ZXh0IGFHaz0=", "AB==", "x-"])
    | st.sampled_from([0, 1, 2, -1, 255, 256, 2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, -(2**64)])
)
WEIRD = st.sampled_from([None, True, 1.5, [], [1], {}, {"a": 1}, "\ud800", float("nan")])
NAMES = st.sampled_from(
    [
        *sorted({field.name for request in REQUESTS.values() for field in request.fields}),
        *("x-own", "__proto__", "constructor", "re"),
    ]
)
DOINGS = st.sampled_from([*(do.word for do in REQUESTS), "no-such-request", "toString"])
VALID = st.sampled_from(
    [
        *({"do": "new", "endpoint": name, **NEW} for name in ("a", "b", "a b")),
        *({"do": do, "endpoint": "a"} for do in ("start", "end", "poll", "forget", "state")),
        *({"do": "send", "endpoint": name, "text": "aGk="} for name in ("a", "b")),
        {"do": "receive", "endpoint": "a", "wire": "P1RPWSBzdGFydA=="},
        {"do": "receive", "endpoint": "a", "wire": "P1RPWSB0ZXh0IGFHaz0="},
        {"do": "receive", "endpoint": "a", "wire": "P1RPWSBlbmQg"},
        {"do": "hello", "protocol": 1},
        {"do": "reset"},
    ]
)
LINES = st.builds(
    lambda valid, do, changes: json.dumps({"id": 5, **valid, **do, **changes}).encode(),
    VALID,
    st.just({}) | DOINGS.map(lambda do: {"do": do}),
    st.just({}) | st.dictionaries(NAMES | st.sampled_from(["id", "do"]), SCALARS | WEIRD),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A line with something cut out of it, or put into it."""
    line = draw(LINES)
    begin = draw(st.integers(0, len(line)))
    end = draw(st.integers(begin, min(len(line), begin + 9)))
    parts = [b"", b'"', b"\\", b'"id": 7, ', b'"\\u0069d": 7, ', b"1e2", b"{", b"}", b"\xff", b"-0"]
    return line[:begin] + draw(st.sampled_from(parts)) + line[end:]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES | damaged() | st.binary(max_size=40), min_size=1, max_size=12))
@example([b""])
@example([b'{"id": 3, "do": "hello", "protocol": 1, "protocol": 1}'])
@example([b'{"id": 9223372036854775807, "do": "hello", "protocol": 1}'])
@example([b'{"id": 3, "do": "hello", "protocol": 9007199254740993}'])
@example([b'{"id": 1' + b"0" * 5000 + b"}"])
@example([b"[" * 100_000])
@example([b'{"id": 9223372036854775808, "do": "new", "endpoint": NaN}'])
def test_both_languages_answer_alike(template: Process, asked: list[bytes]) -> None:
    server = Server(template_python.Shim, HELLO)
    template.ask(do="reset")

    for line in (line for line in asked if b"\n" not in line and b'"bye"' not in line):
        expected = [json.loads(each) for each in server.answer(line).splitlines()]
        answer = template.answer(line)
        for each in (*expected, *answer):
            each.pop("detail", None)
        assert answer == expected, line


def test_a_line_that_is_too_long_is_dropped_as_a_whole(template: Process) -> None:
    filler = "a" * (LINE_LIMIT - len('{"id": 4, "do": "reset", "x-": ""}'))
    fits = f'{{"id": 4, "do": "reset", "x-": "{filler}"}}'.encode()
    assert len(fits) == LINE_LIMIT

    assert template.answer(fits) == [{"re": 4, "end": "ok"}]
    for line in (fits + b" ", b"a" * (3 * LINE_LIMIT)):
        [final] = template.answer(line)
        assert (final["re"], final["error"]) == (0, "bad-request")
    assert template.ask(do="reset") == [{"end": "ok"}]


# ---- what only the helper knows


def test_hello_says_what_serve_was_told(echo: Process) -> None:
    assert echo.ask(do="hello", protocol=1) == [
        {
            "end": "ok",
            "version": "1",
            "name": "echo",
            "protocols": "3",
            "capabilities": "smp smp-question extra-key state instances tag clock",
            "message-limit": 99,
            "protocol": 1,
        }
    ]


def test_what_is_printed_goes_to_standard_error(echo: Process) -> None:
    assert echo.ask(do="new", endpoint="a", **NEW) == [
        {"end": "ok", "fingerprint": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}
    ]
    assert echo.ask(do="receive", endpoint="a", wire="aGk=") == [
        {"event": "message", "text": "aGk=", "secure": 0, "x-own": 7},
        {"end": "ok"},
    ]
    assert echo.ask(do="reset") == [{"end": "ok"}]

    status, out, err = echo.close()

    assert (status, out) == (0, b"")
    assert err.splitlines() == [
        b"printed before anything",
        b"printed while working",
        b"was reset",
    ]


def test_fields_have_the_names_and_types_of_javascript(echo: Process) -> None:
    [made] = echo.ask(do="new", endpoint="a", **NEW, tag=4660)
    [event, _] = echo.ask(do="send", endpoint="a", text="aGk=", to=4660)

    assert made["tag"] == 4660
    assert event["wire"] == "NDY2MCBoaQ=="  # 4660 hi
    assert echo.ask(do="state", endpoint="a") == [
        {"end": "ok", "msgstate": "finished", "x-policy": "v2+v3+require-encryption", "x-tag": 4660}
    ]


def test_refusals_and_defects_come_after_what_they_caused(echo: Process) -> None:
    [refused] = echo.ask(do="new", endpoint="a", **{**NEW, "peer": "nobody"})
    echo.ask(do="new", endpoint="a", **NEW)
    [event, final] = echo.ask(do="start", endpoint="a")
    [defect] = echo.ask(do="end", endpoint="a")
    [no_method] = echo.ask(do="smp-abort", endpoint="a")

    assert refused == {"end": "error", "error": "unsupported", "detail": "no such peer"}
    assert event == {"event": "wire", "wire": "YmVmb3Jl"}
    assert final == {"end": "error", "error": "refused", "detail": "cannot"}
    assert defect["error"] == "internal"
    assert str(defect["detail"]).startswith("RangeError: a defect")
    assert no_method["error"] == "unsupported"
    assert b"RangeError" in echo.close()[2]


def test_what_was_not_caused_by_a_request_comes_with_the_next_answer(echo: Process) -> None:
    echo.ask(do="new", endpoint="a", **NEW)

    assert echo.ask(**BEGIN_SMP) == [
        {"event": "smp", "stage": "asked", "question": "aGk="},
        {"end": "ok"},
    ]
    assert echo.ask(do="clock", seconds=60) == [{"end": "ok"}]
    told = echo.ask(do="poll", endpoint="a")
    assert sorted(str(line.get("event")) for line in told) == ["None", "heartbeat", "smp"]
    assert echo.ask(do="clock", seconds=13)[0]["error"] == "refused"


@pytest.mark.parametrize(
    "impossible",
    [
        {"event": "telepathy"},
        {"event": "warning", "about": "nothing"},
        {"event": "secure", "ssid": "short"},
        {"event": "finished", "text": "too much"},
        {"event": "heartbeat"},
        {"event": "prekey-used", "identifier": 1.5},
    ],
)
def test_an_impossible_event_is_refused_where_it_is_told(
    echo: Process, impossible: dict[str, str]
) -> None:
    echo.ask(do="new", endpoint="a", **NEW)
    data = base64.b64encode(json.dumps(impossible).encode()).decode()

    [final] = echo.ask(do="extra-key", endpoint="a", use=1, data=data)

    assert final["error"] == "internal"
    assert echo.ask(do="poll", endpoint="a") == [{"end": "ok"}]


def test_after_bye_it_exits_with_status_0(echo: Process) -> None:
    assert echo.ask(do="bye") == [{"end": "ok"}]

    assert echo.process.wait(timeout=10) == 0


def test_a_shim_that_says_the_impossible_of_itself_does_not_start(tmp_path: Path) -> None:
    source = tmp_path / "wrong.mjs"
    helper = (JAVASCRIPT / "json_helper.mjs").as_uri()
    about = "{ name: 'wrong', version: '1', protocols: '3', capabilities: 'telepathy' }"
    source.write_text(f"import {{ serve }} from '{helper}'\nserve(() => null, {about})\n")

    status, out, err = Process(str(NODE), str(source)).close()

    assert (status, out) == (1, b"")
    assert b"capabilities cannot be telepathy" in err
