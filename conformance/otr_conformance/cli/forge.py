"""`otrspec forge`: messages and transcripts that nobody can tell from honest ones.

Unlike the other commands, this one declares its own: `declare` puts them into a group of `app`'s.
What they do is further down, and imports the cryptography when it runs.

Annotations are read when the program runs, so they are not postponed here.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from enum import Enum, unique
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias
from typing import Protocol as Interface

import typer

from otr_conformance.verdict import ExitCode

from .misuse import Misuse, read_file

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from otr_reference.otrv3.forge import ReadAndForged as ReadAndForged3
    from otr_reference.otrv4.forge import DakeSecrets, FalseEnsemble, Forgery, Setting
    from otr_reference.otrv4.forge import ReadAndForged as ReadAndForged4
    from otr_reference.otrv4.messages import ClientProfile, PrekeyEnsemble

    from .screen import Json as JsonValue

__all__ = ["declare"]

_STANDARD_INPUT: Final = "-"
_FROM_FILE: Final = "@"
_START: Final = b"?OTR"
_SAY: Final = b"say:"


@unique
class Version(Enum):
    """The protocols that messages are forged of."""

    OTRV3 = "otrv3"
    OTRV4 = "otrv4"


@unique
class Whom(Enum):
    """The sides of a DAKE."""

    INITIATOR = "initiator"
    RESPONDER = "responder"


# --- Options ----------------------------------------------------------------------------------

_KEY: Final = "Hexadecimal digits, or @FILE with them."
_PROFILE: Final = (
    "A client profile: a DAKE message that carries it, hexadecimal digits, or @FILE with either."
)
_MADE_OF: Final = "57 bytes that the key is made of, in hexadecimal digits, or @FILE with them."

Json = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]
Protocol = Annotated[
    Version | None,
    typer.Option("--protocol", help="Else what the message or key says.", show_default=False),
]
Only4 = Annotated[
    Version,
    typer.Option("--protocol", help="A DAKE cannot be forged in version 3."),
]
Message = Annotated[
    str,
    typer.Argument(metavar="MSG", help="A message, a file with one, or - for standard input."),
]
MacKey = Annotated[str, typer.Option("--mac-key", metavar="KEY", help=_KEY, show_default=False)]
Secret = Annotated[
    str | None,
    typer.Option("--secret", metavar="KEY", help=f"What signs. {_MADE_OF}", show_default=False),
]
Initiator = Annotated[
    str,
    typer.Option("--initiator", metavar="PROFILE", help=f"Bob. {_PROFILE}", show_default=False),
]
Responder = Annotated[
    str,
    typer.Option("--responder", metavar="PROFILE", help=f"Alice. {_PROFILE}", show_default=False),
]
Ensemble = Annotated[
    Path | None,
    typer.Option(
        "--ensemble",
        metavar="FILE",
        help="A prekey ensemble, as `otrspec forge ensemble` writes it; its secrets may be there.",
        show_default=False,
    ),
]
Now = Annotated[
    int | None,
    typer.Option(
        "--now",
        metavar="SECONDS",
        help="When it plays, since the start of 1970; else now. Profiles must be valid then.",
        show_default=False,
    ),
]
Seed = Annotated[
    str | None,
    typer.Option(
        "--seed",
        metavar="KEY",
        help="32 random bytes or more, in hexadecimal digits or @FILE: the same give the same.",
        show_default=False,
    ),
]
InitiatorName = Annotated[
    str | None,
    typer.Option(
        "--initiator-name",
        metavar="NAME",
        help="What the application says of it in phi, such as a bare JID.",
        show_default=False,
    ),
]
ResponderName = Annotated[
    str | None,
    typer.Option(
        "--responder-name", metavar="NAME", help="The same of the responder.", show_default=False
    ),
]


# --- Commands ---------------------------------------------------------------------------------


def declare(group: typer.Typer, examples: Callable[..., str]) -> None:
    """Put the commands into a group.

    Args:
        group: the group, which is empty.
        examples: makes the end of a command's help of lines.
    """
    f = "otrspec forge"
    dake = "--initiator @bob.txt --responder @alice.txt"
    commands: tuple[tuple[str, str, Callable[..., int], tuple[str, ...]], ...] = (
        ("parse", "Take a message apart.", _parse, (f"{f} parse message.txt --full",)),
        (
            "modify",
            "Change a text that you guess in a Data Message.",
            _modify,
            (f"{f} modify message.txt --mac-key @key --offset 4 --old 'Bob 100' --new 'Eve 999'",),
        ),
        (
            "read",
            "Read a Data Message, or forge another one.",
            _read,
            (
                f"{f} read message.txt --key @chain-key",
                f"{f} read message.txt --key @chain-key --at 0 --text 'I owe you a house'",
            ),
        ),
        (
            "show-mac-key",
            "Show the MAC key of a message key.",
            _show_mac_key,
            (f"{f} show-mac-key @message-key",),
        ),
        (
            "remac",
            "Give a Data Message another authenticator.",
            _remac,
            (f"{f} remac message.txt --mac-key @key",),
        ),
        (
            "session-keys",
            "Compute the keys of a session from one side's secrets.",
            _session_keys,
            (
                f"{f} session-keys --dh @x --public @their-key",
                f"{f} session-keys identity.txt --ecdh @x --dh @a",
            ),
        ),
        ("dake", "Forge an interactive DAKE.", _dake, (f"{f} dake {dake} --secret @sym-h",)),
        (
            "offline",
            "Forge a non-interactive DAKE.",
            _offline,
            (f"{f} offline --ensemble bob.txt --responder @alice.txt",),
        ),
        (
            "ensemble",
            "Make a false prekey ensemble.",
            _ensemble,
            (f"{f} ensemble --initiator @bob.txt --secret @sym-h > false.txt",),
        ),
        (
            "impersonate",
            "Take part in a DAKE in another's name.",
            _impersonate,
            (
                f"{f} impersonate responder identity.txt --profile @alice.txt --secret @forging",
                f"{f} impersonate initiator --profile @bob.txt --secret @forging --seed @seed \\",
                "    auth-r.txt 'say: I never forget a face'",
            ),
        ),
        (
            "transcript",
            "Forge a whole conversation.",
            _transcript,
            (f"{f} transcript script.txt {dake}",),
        ),
    )
    for name, short, command, shown in commands:
        group.command(name, short_help=short, epilog=examples(*shown))(command)


def _parse(
    message: Message = _STANDARD_INPUT,
    *,
    protocol: Protocol = None,
    full: Annotated[bool, typer.Option("--full", help="Show all bytes of every field.")] = False,
    json: Json = False,
) -> int:
    """Take a message apart: what `otrspec decode` does."""
    from . import decode as work  # noqa: PLC0415 - heavy

    return work.decode([message], protocol.value if protocol else "", full=full, json=json)


def _modify(  # noqa: PLR0913 - one for each option
    message: Message = _STANDARD_INPUT,
    *,
    mac_key: MacKey,
    offset: Annotated[
        int, typer.Option(metavar="N", min=0, help="Where the text begins, in bytes.")
    ] = 0,
    old: Annotated[str, typer.Option(metavar="TEXT", help="What is there, or so you guess.")],
    new: Annotated[str, typer.Option(metavar="TEXT", help="What shall be there: as many bytes.")],
    protocol: Protocol = None,
    json: Json = False,
) -> int:
    """Change a text that you guess in a Data Message that you cannot read.

    Takes the message's MAC key, which a later message has revealed, and makes the authenticator
    anew.
    """
    text = _message(message)
    forging = _forging(_version(protocol, text))
    key = _key(mac_key, "--mac-key")
    made = forging.modify(text, offset, os.fsencode(old), os.fsencode(new), key)
    return _one_message(made, json=json)


def _read(  # noqa: PLR0913 - one for each option
    message: Message = _STANDARD_INPUT,
    *,
    key: Annotated[
        str,
        typer.Option(
            "--key",
            metavar="KEY",
            help=f"A chain key; in version 3 an AES key. {_KEY}",
            show_default=False,
        ),
    ],
    at: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="The id of the message that the chain key is for; else this one's.",
            show_default=False,
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="Forge a message that says this instead.", show_default=False
        ),
    ] = None,
    protocol: Protocol = None,
    json: Json = False,
) -> int:
    """Say what a Data Message says, or forge one that says something else.

    With --text, the forged message is written to standard output, whatever the old one's
    authenticator. Without, the exit status is 1 if that does not verify under the key.
    """
    given = _message(message)
    version = _version(protocol, given)
    new = None if text is None else os.fsencode(text)
    made = _read_and_forged(version, _key(key, "--key"), given, new, at)
    return _show_read(made, json=json)


def _show_mac_key(
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY",
            help=f"A message key, of 64 bytes; in version 3 an AES key, of 16. {_KEY}",
            show_default=False,
        ),
    ],
    *,
    protocol: Protocol = None,
    json: Json = False,
) -> int:
    """Show the MAC key that belongs to a message key."""
    value = _key(key, "KEY")
    of_3 = len(value) == 16  # noqa: PLR2004 - an AES key's
    version = protocol or (Version.OTRV3 if of_3 else Version.OTRV4)
    return _values({"mac-key": _forging(version).show_mac_key(value)}, json=json, alone=True)


def _remac(
    message: Message = _STANDARD_INPUT,
    *,
    mac_key: MacKey,
    protocol: Protocol = None,
    json: Json = False,
) -> int:
    """Give a Data Message the authenticator that it has under a MAC key."""
    text = _message(message)
    forging = _forging(_version(protocol, text))
    return _one_message(forging.remac(text, _key(mac_key, "--mac-key")), json=json)


def _session_keys(  # noqa: PLR0913 - one for each option
    message: Annotated[
        str,
        typer.Argument(
            metavar="MSG",
            help="The other side's Identity, Auth-R or Non-Interactive-Auth message, a file with "
            "it, or - for standard input. Not with --public or --ensemble.",
        ),
    ] = _STANDARD_INPUT,
    *,
    dh: Annotated[
        str,
        typer.Option(metavar="KEY", help=f"Our DH secret, big-endian. {_KEY}", show_default=False),
    ],
    public: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Version 3: the other side's D-H public key, big-endian.",
            show_default=False,
        ),
    ] = None,
    ecdh: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="Our ECDH secret, 57 bytes, little-endian.", show_default=False
        ),
    ] = None,
    first_ecdh: Annotated[
        str | None, typer.Option(metavar="KEY", help="That of our_ecdh_first.", show_default=False)
    ] = None,
    first_dh: Annotated[
        str | None, typer.Option(metavar="KEY", help="That of our_dh_first.", show_default=False)
    ] = None,
    shared_prekey: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="The secret of the shared prekey, where we published the ensemble.",
            show_default=False,
        ),
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help=f"Our long-term secret, there as well. {_MADE_OF}",
            show_default=False,
        ),
    ] = None,
    ensemble: Ensemble = None,
    protocol: Protocol = None,
    json: Json = False,
) -> int:
    """Compute the keys of a session from one side's secrets.

    In version 3 of --dh and --public. In version 4 of --dh, --ecdh, and what the other side sent or
    published: K and the SSID, and with the first keys the root key and the first chain key.
    """
    if protocol is Version.OTRV3 or (protocol is None and public is not None):
        return _session_keys_3(dh, public, json=json)
    if ecdh is None or public is not None:
        wrong = "version 4 takes --dh, --ecdh and a message; version 3 takes --dh and --public"
        raise Misuse(wrong)
    optional = {
        "first_ecdh": first_ecdh,
        "first_dh": first_dh,
        "shared_prekey": shared_prekey,
        "sym_h": secret,
    }
    from otr_reference.otrv4 import forge as four  # noqa: PLC0415 - heavy

    secrets = four.DakeSecrets(
        _key(ecdh, "--ecdh"),
        _key(dh, "--dh"),
        **{name: None if key is None else _key(key, name) for name, key in optional.items()},
    )
    theirs = _message(message) if ensemble is None else _published(ensemble)
    keys = four.session_keys(secrets, theirs)
    return _values(_record(keys), json=json)


def _dake(  # noqa: PLR0913 - one for each option
    *,
    initiator: Initiator,
    responder: Responder,
    secret: Secret = None,
    now: Now = None,
    seed: Seed = None,
    initiator_name: InitiatorName = None,
    responder_name: ResponderName = None,
    protocol: Only4 = Version.OTRV4,
    json: Json = False,
) -> int:
    """Forge an interactive DAKE between the owners of two client profiles.

    Without --secret ephemeral keys sign: that takes nothing but the profiles, and verifies as well.
    With --json the session's keys are there.
    """
    _only_4(protocol)
    from otr_reference.otrv4 import forge as four  # noqa: PLC0415 - heavy

    setting = _setting(now, seed, initiator_name, responder_name)
    bob, alice = _profile(initiator, "--initiator"), _profile(responder, "--responder")
    return _forged(four.forge_dake(_secret(secret), bob, alice, setting), json=json)


def _offline(  # noqa: PLR0913 - one for each option
    *,
    ensemble: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="The initiator's prekey ensemble, as `otrspec forge ensemble` writes it.",
            show_default=False,
        ),
    ],
    responder: Responder,
    secret: Secret = None,
    now: Now = None,
    seed: Seed = None,
    initiator_name: InitiatorName = None,
    responder_name: ResponderName = None,
    protocol: Only4 = Version.OTRV4,
    json: Json = False,
) -> int:
    """Forge a non-interactive DAKE with a prekey ensemble.

    Takes --secret, the responder's long-term secret or the initiator's forging secret, unless the
    ensemble is a false one with its secrets. With --json the session's keys are there.
    """
    _only_4(protocol)
    from otr_reference.otrv4 import forge as four  # noqa: PLC0415 - heavy

    setting = _setting(now, seed, initiator_name, responder_name)
    alice = _profile(responder, "--responder")
    forgery = four.forge_offline(_secret(secret), _ensemble_of(ensemble), alice, setting)
    return _forged(forgery, json=json)


def _ensemble(  # noqa: PLR0913 - one for each option
    *,
    initiator: Initiator,
    secret: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help=f"The initiator's long-term secret. {_MADE_OF}", show_default=False
        ),
    ] = None,
    prekey_profile: Annotated[
        str | None,
        typer.Option(
            metavar="PROFILE",
            help=f"Instead: a prekey profile that the initiator has published. {_KEY}",
            show_default=False,
        ),
    ] = None,
    now: Now = None,
    seed: Seed = None,
    protocol: Only4 = Version.OTRV4,
    json: Json = False,
) -> int:
    """Make a false prekey ensemble of the initiator's, and write it with its secrets.

    Everybody takes it for one of the initiator's own. What is sent to it can only be read with the
    initiator's long-term secret.
    """
    _only_4(protocol)
    from otr_reference.otrv4 import forge as four  # noqa: PLC0415 - heavy
    from otr_reference.otrv4 import wire  # noqa: PLC0415 - heavy

    profile = None
    if prekey_profile is not None:
        profile = wire.decode_prekey_profile(_key(prekey_profile, "--prekey-profile"))
    false = four.false_prekey_ensemble(
        _secret(secret),
        _profile(initiator, "--initiator"),
        _setting(now, seed),
        prekey_profile=profile,
    )
    parts = false.ensemble
    return _values(
        {
            "client-profile": wire.encode_client_profile(parts.client_profile),
            "prekey-profile": wire.encode_prekey_profile(parts.prekey_profile),
            "prekey-message": wire.encode_prekey_message(parts.message),
            **_record(false.secrets),
        },
        json=json,
    )


def _impersonate(  # noqa: PLR0913 - one for each option
    whom: Annotated[
        Whom, typer.Argument(metavar="WHOM", help="initiator or responder.", show_default=False)
    ],
    messages: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MSG",
            help="All that happened so far, in order: the other side's messages, and `say: TEXT` "
            "for what the impersonated side says. Each by itself, or in files, one a line, or - "
            "for standard input.",
            show_default=False,
        ),
    ] = None,
    *,
    profile: Annotated[
        str,
        typer.Option(
            metavar="PROFILE", help=f"Of who is impersonated. {_PROFILE}", show_default=False
        ),
    ],
    secret: Annotated[
        str,
        typer.Option(
            metavar="KEY",
            help=f"The forging secret of the one who is deceived. {_MADE_OF}",
            show_default=False,
        ),
    ],
    ensemble: Ensemble = None,
    now: Now = None,
    seed: Seed = None,
    initiator_name: InitiatorName = None,
    responder_name: ResponderName = None,
    protocol: Only4 = Version.OTRV4,
    json: Json = False,
) -> int:
    """Take part in a DAKE in another's name.

    Writes all that the impersonated side sends, from the start. To go on, run it again with the
    same --seed, and with what has happened since behind what happened before.
    """
    _only_4(protocol)
    from otr_reference.otrv4 import forge as four  # noqa: PLC0415 - heavy

    happened = [text for each in messages or () for text in _texts(each)]
    setting = _setting(now, seed, initiator_name, responder_name)
    key, who = _key(secret, "--secret"), _profile(profile, "--profile")
    if whom is Whom.INITIATOR:
        if ensemble is not None:
            wrong = (
                "nobody can be impersonated by whom an ensemble is published: what a DAKE with it "
                "gives takes the ensemble's secrets"
            )
            raise Misuse(wrong)
        if happened and seed is None:
            wrong = "--seed is missing, with which the Identity message was made"
            raise Misuse(wrong)
        mask = four.impersonate_initiator(key, who, setting)
    elif ensemble is None and not happened:
        wrong = "the initiator's Identity message is missing, or an --ensemble"
        raise Misuse(wrong)
    else:
        to = happened.pop(0) if ensemble is None else _published(ensemble)
        mask = four.impersonate_responder(key, who, to, setting)
    shown: list[str] = []
    for each in happened:
        if each.startswith(_SAY):
            mask.say(each.removeprefix(_SAY).strip())
        else:
            shown += _shown(mask.receive(each).notices)
    if json:
        _write_json(
            {
                "exit": int(ExitCode.EXPECTED),
                "private": mask.private,
                "seed": setting.seed.hex(),
                "messages": [_ascii(each) for each in mask.sent],
                "shown": shown,
            }
        )
        return ExitCode.EXPECTED
    for line in (*(f"seed: {setting.seed.hex()}" for _ in range(seed is None)), *shown):
        _tell(line)
    return _messages(mask.sent)


def _transcript(  # noqa: PLR0913 - one for each option
    script: Annotated[
        str,
        typer.Argument(
            metavar="SCRIPT",
            help="Who says what: a file with lines such as `initiator: hello`, or - for standard "
            "input.",
        ),
    ] = _STANDARD_INPUT,
    *,
    initiator: Annotated[
        str | None,
        typer.Option(metavar="PROFILE", help=f"Bob. {_PROFILE}", show_default=False),
    ] = None,
    responder: Responder,
    ensemble: Ensemble = None,
    secret: Secret = None,
    end: Annotated[
        Whom | None,
        typer.Option(help="Who ends the conversation; else it stays open.", show_default=False),
    ] = None,
    now: Now = None,
    seed: Seed = None,
    initiator_name: InitiatorName = None,
    responder_name: ResponderName = None,
    protocol: Only4 = Version.OTRV4,
    json: Json = False,
) -> int:
    """Forge a whole conversation: a DAKE, and after it what SCRIPT says.

    With --initiator the DAKE is interactive; with --ensemble, in its place, it is not.
    """
    _only_4(protocol)
    from otr_reference.otrv4 import forge as four  # noqa: PLC0415 - heavy

    if (initiator is None) == (ensemble is None):
        wrong = "name the --initiator's profile or its --ensemble, one of them"
        raise Misuse(wrong)
    bob: ClientProfile | PrekeyEnsemble | FalseEnsemble
    bob = _profile(initiator, "--initiator") if initiator else _ensemble_of(Path(ensemble or ""))
    alice = _profile(responder, "--responder")
    setting = _setting(now, seed, initiator_name, responder_name)
    said = [(four.Side(side), text) for side, text in _script(_content(script))]
    forgery = four.forge_transcript(_secret(secret), bob, alice, said, setting)
    if end is not None:
        forgery.end(four.Side(end.value))
    return _forged(forgery, json=json)


# --- What is given ----------------------------------------------------------------------------


class _Forging(Interface):
    """What both versions have in common."""

    def modify(self, message: bytes, offset: int, old: bytes, new: bytes, mac_key: bytes) -> bytes:
        """See `otr_reference.otrv4.forge`."""

    def remac(self, message: bytes, mac_key: bytes) -> bytes:
        """See `otr_reference.otrv4.forge`."""

    @property
    def show_mac_key(self) -> Callable[[bytes], bytes]:
        """See `otr_reference.otrv4.forge`."""


def _forging(version: Version) -> _Forging:
    """What forges messages of a version."""
    from otr_reference.otrv3 import forge as three  # noqa: PLC0415 - heavy
    from otr_reference.otrv4 import forge as four  # noqa: PLC0415 - heavy

    return three if version is Version.OTRV3 else four


def _version(asked: Version | None, text: bytes) -> Version:
    """The version of a message; 4 where it says nothing."""
    if asked is not None:
        return asked
    from otr_reference.otrv4 import wire  # noqa: PLC0415 - heavy
    from otr_reference.otrv4.messages import OtherVersion  # noqa: PLC0415 - heavy

    return Version.OTRV3 if isinstance(wire.decode(text), OtherVersion) else Version.OTRV4


def _only_4(version: Version) -> None:
    """Refuse version 3.

    Raises:
        Misuse: it is asked for.
    """
    if version is not Version.OTRV4:
        wrong = "in version 3 both sides sign with DSA keys, and nobody else can sign for them"
        raise Misuse(wrong)


def _content(given: str) -> bytes:
    """What is in a file or on standard input.

    Raises:
        Misuse: it cannot be read.
    """
    return sys.stdin.buffer.read() if given == _STANDARD_INPUT else read_file(Path(given))


def _texts(given: str) -> list[bytes]:
    """The messages that an argument stands for."""
    raw = os.fsencode(given)
    if raw.startswith((_START, _SAY)):
        return [raw]
    return [line for line in map(bytes.strip, _content(given).splitlines()) if line]


def _message(given: str) -> bytes:
    """The message that an argument stands for.

    Raises:
        Misuse: there is none, or there are several.
    """
    texts = _texts(given)
    if len(texts) != 1:
        wrong = f"one message is needed, and there are {len(texts)}"
        raise Misuse(wrong)
    return texts[0]


def _given(value: str) -> bytes:
    """A value, or what is in the file that it names."""
    if value.startswith(_FROM_FILE):
        return read_file(Path(value.removeprefix(_FROM_FILE))).strip()
    return os.fsencode(value).strip()


def _key(value: str, name: str) -> bytes:
    """Bytes in hexadecimal digits, or in a file.

    Raises:
        Misuse: they are anything else.
    """
    return _unhex(_given(value), name)


def _unhex(digits: bytes, name: str) -> bytes:
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        message = f"{name}: takes hexadecimal digits, or @FILE with them"
        raise Misuse(message) from None


def _secret(value: str | None) -> bytes | None:
    return None if value is None else _key(value, "--secret")


def _profile(value: str, name: str) -> "ClientProfile":
    """A client profile, alone or in the message that carries it.

    Raises:
        Malformed: it cannot be taken apart.
        Misuse: the message carries none, or it is no message and no digits.
    """
    from otr_reference.otrv4 import wire  # noqa: PLC0415 - heavy
    from otr_reference.otrv4.messages import (  # noqa: PLC0415 - heavy
        AuthR,
        Identity,
        NonInteractiveAuth,
    )

    content = _given(value)
    if not content.startswith(_START):
        return wire.decode_client_profile(_unhex(content, name))
    message = wire.decode(content)
    if isinstance(message, Identity | AuthR | NonInteractiveAuth):
        return message.profile
    wrong = f"{name}: of messages, only Identity, Auth-R and Non-Interactive-Auth carry a profile"
    raise Misuse(wrong)


def _named(file: Path) -> dict[str, bytes]:
    """The values in a file, by their names.

    Raises:
        Misuse: it cannot be read, or a line is not a name, a colon and digits.
    """
    lines = read_file(file).split(b"\n")
    parts = [line.partition(b":") for line in lines if line.strip()]
    return {
        name.strip().decode("ascii", "replace"): _unhex(digits.strip(), f"{file}")
        for name, _, digits in parts
    }


def _parts(file: Path) -> "tuple[PrekeyEnsemble, DakeSecrets | None]":
    """A prekey ensemble, and its secrets, where they are there.

    Raises:
        Misuse: a part of it is missing.
        Malformed: a part cannot be taken apart.
    """
    from otr_reference.otrv4 import wire  # noqa: PLC0415 - heavy
    from otr_reference.otrv4.forge import DakeSecrets  # noqa: PLC0415 - heavy

    named = _named(file)
    try:
        profile, prekeys, message = (
            named[part] for part in ("client-profile", "prekey-profile", "prekey-message")
        )
    except KeyError as missing:
        wrong = f"{file}: there is no line {missing.args[0]}: it is no prekey ensemble"
        raise Misuse(wrong) from None
    ensemble = wire.decode_ensemble(profile, prekeys, message)
    if "ecdh" not in named or "dh" not in named:
        return ensemble, None
    shared = named.get("shared-prekey")
    return ensemble, DakeSecrets(named["ecdh"], named["dh"], shared_prekey=shared)


def _published(file: Path) -> "PrekeyEnsemble":
    """A prekey ensemble, without its secrets."""
    return _parts(file)[0]


def _ensemble_of(file: Path) -> "PrekeyEnsemble | FalseEnsemble":
    """A prekey ensemble; a false one where its secrets are there."""
    from otr_reference.otrv4.forge import FalseEnsemble  # noqa: PLC0415 - heavy

    ensemble, secrets = _parts(file)
    return ensemble if secrets is None else FalseEnsemble.kept(ensemble, secrets)


def _setting(
    now: int | None,
    seed: str | None,
    initiator: str | None = None,
    responder: str | None = None,
) -> "Setting":
    """When it plays."""
    from otr_reference.otrv4.forge import Setting  # noqa: PLC0415 - heavy

    when = int(time.time()) if now is None else now
    if seed is None:
        return Setting(when, initiator=initiator, responder=responder)
    given = _key(seed, "--seed")
    if len(given) < 32:  # noqa: PLR2004 - as its help says
        wrong = "--seed: takes 32 bytes or more"
        raise Misuse(wrong)
    return Setting(when, given, initiator, responder)


def _script(content: bytes) -> Iterable[tuple[str, bytes]]:
    """Who says what.

    Raises:
        Misuse: a line does not say who.
    """
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        who, colon, text = line.partition(b":")
        side = who.strip().decode("ascii", "replace")
        if not colon or side not in {each.value for each in Whom}:
            wrong = f"line {number} of the script begins neither `initiator:` nor `responder:`"
            raise Misuse(wrong)
        yield side, text.strip()


# --- What is done and shown -------------------------------------------------------------------


def _read_and_forged(
    version: Version, key: bytes, message: bytes, text: bytes | None, at: int | None
) -> "ReadAndForged3 | ReadAndForged4":
    """Read and forge, by version."""
    if version is Version.OTRV4:
        from otr_reference.otrv4 import forge as four  # noqa: PLC0415 - heavy

        return four.read_and_forge(key, message, text, at=at)
    if at is not None:
        wrong = "--at: an AES key of version 3 is no chain key, and leads to no other"
        raise Misuse(wrong)
    from otr_reference.otrv3 import forge as three  # noqa: PLC0415 - heavy

    return three.read_and_forge(key, message, text)


def _session_keys_3(dh: str, public: str | None, *, json: bool) -> int:
    """The keys of a D-H exchange of version 3.

    Raises:
        Misuse: there is no public key.
    """
    from otr_reference.otrv3 import forge as three  # noqa: PLC0415 - heavy

    if public is None:
        wrong = "version 3 takes --dh and --public"
        raise Misuse(wrong)
    keys = three.session_keys(_key(dh, "--dh"), _key(public, "--public"))
    return _values(_record(keys), json=json)


def _show_read(made: "ReadAndForged3 | ReadAndForged4", *, json: bool) -> int:
    """What a Data Message says, or the message in its place."""
    verified = made.content is not None
    text = (made.text or b"").decode("utf-8", "replace")
    tlvs = [type(tlv).__name__ for tlv in made.content.tlvs] if made.content is not None else []
    wanted = made.forged is not None
    status = ExitCode.EXPECTED if verified or wanted else ExitCode.UNEXPECTED
    if json:
        _write_json(
            {
                "exit": int(status),
                "verified": verified,
                "text": text,
                "tlvs": tlvs,
                "message": _ascii(made.forged or b""),
            }
        )
        return status
    if not verified:
        _tell("the message's authenticator does not verify under this key")
    if made.forged is not None:
        return _messages([made.forged])
    if verified:
        from .screen import Screen  # noqa: PLC0415 - heavy

        out = Screen()
        for line in (text, *(f"TLV: {tlv}" for tlv in tlvs)):
            out.whole(line)
    return status


def _forged(forgery: "Forgery", *, json: bool) -> int:
    """A forged transcript."""
    if not json:
        return _messages([line.wire for line in forgery.transcript])
    from otr_reference.otrv4.forge import CannotForge, Side  # noqa: PLC0415 - heavy

    keys: list[dict[str, JsonValue]] = []
    for side in Side:
        try:
            record = _record(forgery.keys(side))
        except CannotForge:  # it is over
            continue
        keys.append({"side": side.value, **_document(record)})
    lines: list[dict[str, JsonValue]] = [
        {
            "sender": line.sender.value,
            "text": (line.text or b"").decode("utf-8", "replace"),
            "message": _ascii(line.wire),
        }
        for line in forgery.transcript
    ]
    _write_json({"exit": int(ExitCode.EXPECTED), "messages": lines, "keys": keys})
    return ExitCode.EXPECTED


def _shown(notices: Sequence[object]) -> list[str]:
    """The texts that arrived."""
    from otr_reference.otrv4.notices import Shown  # noqa: PLC0415 - heavy
    from otr_reference.otrv4.real import RealSuite  # noqa: PLC0415 - heavy

    texts = (RealSuite.to_bytes(n.text) for n in notices if isinstance(n, Shown))
    return [text.decode("utf-8", "replace") for text in texts]


def _one_message(message: bytes, *, json: bool) -> int:
    """A message for standard output."""
    if json:
        _write_json({"exit": int(ExitCode.EXPECTED), "message": _ascii(message)})
        return ExitCode.EXPECTED
    return _messages([message])


def _messages(messages: Iterable[bytes]) -> int:
    """Messages, one a line."""
    for message in messages:
        sys.stdout.write(_ascii(message) + "\n")
    return ExitCode.EXPECTED


def _ascii(message: bytes) -> str:
    """An encoded message as text."""
    return message.decode("ascii")


_Value: TypeAlias = bytes | bool


def _record(record: "DataclassInstance") -> dict[str, _Value]:
    """The values that a record has, by name; without those that are not known."""
    values = {each.name.replace("_", "-"): getattr(record, each.name) for each in fields(record)}
    return {name: value for name, value in values.items() if value is not None}


def _document(values: Mapping[str, _Value]) -> "dict[str, JsonValue]":
    return {
        name.replace("-", "_"): value.hex() if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def _values(values: Mapping[str, _Value], *, json: bool, alone: bool = False) -> int:
    """Values, one a line, behind their names; one that is alone has none."""
    if json:
        _write_json({"exit": int(ExitCode.EXPECTED), **_document(values)})
        return ExitCode.EXPECTED
    for name, value in values.items():
        shown = value.hex() if isinstance(value, bytes) else ("no", "yes")[value]
        sys.stdout.write(f"{shown}\n" if alone else f"{name}: {shown}\n")
    return ExitCode.EXPECTED


def _write_json(document: "JsonValue") -> None:
    from .screen import write_json  # noqa: PLC0415 - heavy

    write_json(document)


def _tell(message: str) -> None:
    from .screen import tell  # noqa: PLC0415 - heavy

    tell(message)
