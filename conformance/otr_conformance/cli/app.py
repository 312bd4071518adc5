"""The commands of `otrspec`: names, options, help. What they do is in the modules beside this one.

Annotations are read when the program runs, so they are not postponed here. Nothing heavy is
imported before a command needs it.
"""

from contextlib import AbstractContextManager
from enum import Enum, unique
from pathlib import Path
from typing import Annotated, Final
from typing import Protocol as Interface

import typer
from typer.core import TyperGroup

from otr_conformance.protocols import DEFAULT, PROTOCOLS, TEXTS
from otr_conformance.verdict import ExitCode
from otr_model import __version__

from .forge import declare as _declare_forge

__all__ = ["NAME", "app"]

NAME: Final = "otrspec"

_SECTIONS: Final = {
    "Test an implementation": (
        *("conform", "report", "compare", "interop", "fuzz", "learn", "cases"),
        *("obligations", "shim", "peer"),
    ),
    "Read the protocol": ("table", "diagram", "clauses", "export", "decode", "forge", "vectors"),
    "Prove and explore": ("check", "explore", "witness", "growth", "promela"),
    "Keep it right": ("derive", "mutate", "fuzz-bytes", "bench", "generate"),
}


class _Formatter(Interface):
    """What typer writes help with, as far as it is used here."""

    def section(self, name: str) -> AbstractContextManager[None]:
        """A heading, and what is written under it."""

    def write_dl(self, rows: list[tuple[str, str]]) -> None:
        """Names and what they mean, in two columns."""


class _Sectioned(TyperGroup):
    """The group of all commands, listed by what they are for."""

    def format_commands(self, ctx: object, formatter: _Formatter) -> None:  # noqa: ARG002 - its base names it
        """List the commands of each section."""
        for title, names in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(n, self.commands[n].get_short_help_str(80)) for n in names])


def _examples(*lines: str) -> str:
    """Lines that the help shows as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


_CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_FOREIGN: Final = {"ignore_unknown_options": True, "allow_interspersed_args": False}

app = typer.Typer(
    cls=_Sectioned,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=_CONTEXT,
)


def _group(name: str, about: str, *, default: bool = False) -> typer.Typer:
    """A command with commands of its own."""
    group = typer.Typer(
        help=about,
        no_args_is_help=not default,
        rich_markup_mode=None,
        context_settings=_CONTEXT,
    )
    app.add_typer(group, name=name)
    return group


Protocol = Enum("Protocol", {n.upper(): n for n in PROTOCOLS})  # type: ignore[misc] # no literal
"""The protocols that there are tables for."""

LearnBy = Enum("LearnBy", {"LSHARP": "lsharp", "KV": "kv"})
"""How machines are learned."""

Text = Enum("Text", {n.upper(): n for n in TEXTS})  # type: ignore[misc] # no literal
"""The texts that there are clauses for; each is about one version of a protocol."""

_DEFAULT: Final = Protocol(DEFAULT.name)
_DEFAULT_TEXT: Final = Text(DEFAULT.name)


@unique
class Level(Enum):
    """How strongly a case is asked for."""

    MUST = "must"
    SHOULD = "should"


@unique
class Format(Enum):
    """What a diagram can be written as."""

    SVG = "svg"
    PNG = "png"
    DOT = "dot"
    MERMAID = "mermaid"


Json = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]
Spoken = Annotated[
    Text | None,
    typer.Option(
        "--protocol",
        help="Only cases in which this version is spoken; else those of the protocol that ids "
        f"begin with, or {DEFAULT.name}.",
        show_default=False,
    ),
]
Whose = Annotated[
    Protocol | None,
    typer.Option(
        "--protocol", help=f"Whose; else that of the id, or {DEFAULT.name}.", show_default=False
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write there, not to standard output."),
]

Html = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write a page of HTML that needs nothing but a browser."),
]
Junit = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write JUnit XML, for servers of continuous integration."),
]
Badge = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write a badge: a picture of one line, SVG.")
]


def _spoken(text: Text | None) -> tuple[str, int]:
    """The protocol of a text, and the version that it stands for; "" and 0 for any."""
    if text is None:
        return "", 0
    owner = TEXTS[text.value]
    return owner.name, owner.versions[text.value] if len(owner.versions) > 1 else 0


def _name(protocol: Protocol | None) -> str:
    """The name of a protocol; "" for none."""
    return "" if protocol is None else str(protocol.value)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if wanted:
        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit


@app.callback(
    epilog=(
        "Exit status: 0 all as expected, 1 not all, 2 the command was misused, 3 the suite or a "
        f"shim is at fault. {NAME} COMMAND --help says more, with examples."
    )
)
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Off-the-Record messaging as tables.

    Test an implementation of OTR against the specification, read the protocol as tables and
    diagrams, take messages apart.
    """


# --- Test an implementation -------------------------------------------------------------------


@app.command(
    short_help="Test an implementation: play cases with it and judge them.",
    epilog=_examples(
        "otrspec conform reference",
        "otrspec conform libotr --protocol otrv2",
        "otrspec conform 'python3 my_shim.py' --case 'ake.*' --trace",
        "otrspec conform ./my-shim --clause 'receiving-dh-commit.*' --json",
        "otrspec conform ./my-shim --case 'ake.*' --repeat 50",
        "otrspec conform ./my-shim --report report.json --html report.html",
    ),
)
def conform(  # noqa: PLR0913 - one for each option
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="reference, reference-shim, a peer such as libotr, or the command of a shim: with "
            "arguments, in quotes.",
            show_default=False,
        ),
    ],
    *,
    protocol: Spoken = None,
    case: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Only these cases: an id, or a pattern. Repeatable."),
    ] = None,
    clause: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="Only cases that touch what these clauses cite. Repeatable."
        ),
    ] = None,
    level: Annotated[
        Level | None, typer.Option(help="Only cases of this level; without it, both.")
    ] = None,
    trace: Annotated[
        bool, typer.Option("--trace", help="Show what happened in cases that did not pass.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every case, also those that passed.")
    ] = False,
    json: Json = False,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0.01,
            max=3600,
            help="How long one answer of the target may take.",
        ),
    ] = 5.0,
    expect: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="How the target is known to deviate; else what ships for it."
        ),
    ] = None,
    dialect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="What the target is known to do otherwise, so that it can be tested beyond that: "
            "see `otrspec cases dialects`. Repeatable.",
        ),
    ] = None,
    pause: Annotated[
        int | None,
        typer.Option(
            metavar="SECONDS",
            min=0,
            max=86400,
            help="Let so many seconds of virtual time pass before a Query Message asks for another "
            "key exchange, for a target that ignores one so soon.",
        ),
    ] = None,
    propose: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a new file of expectations for what came unexpectedly."
        ),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            max=256,
            help="How many processes run cases, each with a target; 0: one for each core.",
        ),
    ] = 0,
    repeat: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            max=1_000_000,
            help="Run each case so often, with other random values; differing verdicts are "
            "unexpected.",
        ),
    ] = 1,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the whole report as JSON, for compare and report."
        ),
    ] = None,
    html: Html = None,
    junit: Junit = None,
    badge: Badge = None,
) -> int:
    """Test an implementation: play cases with it and judge them.

    What is expected is not written in the cases: the tables predict it. Shown are failures, notes
    and surprises, then the counts of all seven verdicts. The exit status is 0 if every verdict is
    as expected: passed, noted or unsupported, or as the file of expectations says.
    """
    from . import conform as work  # noqa: PLC0415 - heavy

    selection = work.Selection(
        *_spoken(protocol),
        cases=tuple(case or ()),
        clauses=tuple(clause or ()),
        level=level.value if level else "",
    )
    view = work.View(trace=trace, everything=everything, json=json)
    return work.conform(
        target,
        selection,
        view,
        timeout,
        expect=expect,
        propose=propose,
        dialects=tuple(dialect or ()),
        pause=pause,
        jobs=jobs,
        repeat=repeat,
        outputs=work.Outputs(report=report, html=html, junit=junit, badge=badge),
    )


@app.command(
    short_help="Show reports, or make a page of several.",
    epilog=_examples(
        "otrspec report report.json",
        "otrspec report libotr.json mine.json --html matrix.html",
    ),
)
def report(  # noqa: PLR0913 - one for each option
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Written by --report of conform, learn or fuzz.",
            show_default=False,
        ),
    ],
    *,
    html: Html = None,
    junit: Junit = None,
    badge: Badge = None,
    everything: Annotated[bool, typer.Option("--all", help="Show every case.")] = False,
    json: Json = False,
) -> int:
    """Show reports that conform, learn or fuzz wrote, or write them in another form.

    A page of several reports of conform has a column for each in its matrix of clauses. Reports of
    one kind fit on a page, and only those of conform have a badge. The exit status is 0: what the
    reports say is not the question here.
    """
    from . import report as work  # noqa: PLC0415 - heavy

    view = work.View(everything=everything, json=json)
    return work.report(files, view, work.Outputs(html=html, junit=junit, badge=badge))


@app.command(
    short_help="Say what changed from one report of conform to another.",
    epilog=_examples(
        "otrspec compare old.json new.json", "otrspec compare --json old.json new.json"
    ),
)
def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Written by conform --report.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="A later one.")],
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every case that changed.")
    ] = False,
    json: Json = False,
) -> int:
    """Say what was mended, what broke, and what is new or gone, from one report to another.

    The exit status is 1 if anything got worse: a verdict that is worse than it was, a case that the
    target does not support any more, or one that is not the same each time any more. Of learn or
    fuzz, two reports of one kind are compared: what is new and nobody knows is worse.
    """
    from . import compare as work  # noqa: PLC0415 - heavy

    return work.compare(old, new, everything=everything, json=json)


@app.command(
    short_help="Let targets talk to each other, and judge both.",
    epilog=_examples(
        "otrspec interop libotr reference",
        "otrspec interop ./my-shim libotr --version 3 --trace",
        "otrspec interop --matrix",
        "otrspec interop --matrix libotr potr ./my-shim --json",
        "otrspec interop --list",
    ),
)
def interop(  # noqa: PLR0913 - one for each option
    target: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET",
            help="Two targets, named as for conform; with --matrix any number. Without any: the "
            "reference and every peer that is installed.",
            show_default=False,
        ),
    ] = None,
    *,
    matrix: Annotated[
        bool, typer.Option("--matrix", help="Every pair of the targets, as a table.")
    ] = False,
    script: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this conversation. Repeatable."),
    ] = None,
    version: Annotated[
        list[int] | None,
        typer.Option(metavar="N", min=2, max=4, help="Only in this version of OTR. Repeatable."),
    ] = None,
    scripts: Annotated[
        bool, typer.Option("--list", help="List the conversations, and play none.")
    ] = False,
    trace: Annotated[
        bool, typer.Option("--trace", help="Show what happened where something went wrong.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every conversation, also those that passed.")
    ] = False,
    json: Json = False,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0.01,
            max=3600,
            help="How long one answer of a target may take.",
        ),
    ] = 5.0,
) -> int:
    """Let targets talk to each other, and judge both.

    A monitor carries every message between the two, and compares what each sends and tells its
    user with what the tables say. A deviation names the side at fault: where it shows is not always
    where it comes from, so that each side is held against the reference as well. Every conversation
    is played in both directions. The exit status is 0 if nothing deviates but what is known to.
    """
    from . import interop as work  # noqa: PLC0415 - heavy

    if scripts:
        return work.listing(json=json)
    selection = work.Selection(tuple(script or ()), tuple(version or ()))
    view = work.View(matrix=matrix, trace=trace, everything=everything, json=json)
    return work.interop(tuple(target or ()), selection, view, timeout)


@app.command(
    short_help="Play with targets on a hostile network, and judge every move.",
    epilog=_examples(
        "otrspec fuzz reference --coverage --time 300 --jobs 2",
        "otrspec fuzz libotr --time 600 --jobs 2 --corpus fuzzed/",
        "otrspec fuzz ./my-shim libotr --steps 20000 --seed 7 --json",
        "otrspec fuzz libotr ./my-shim --together --time 600",
        "otrspec fuzz --replay fuzzed/finds/libotr/otrv3-....json libotr",
        "otrspec fuzz --replay fuzzed/finds/libotr/otrv3-....json --case",
        "otrspec fuzz --mutants --sample 100 --jobs 2 --corpus hunted/",
    ),
)
def fuzz(  # noqa: PLR0913 - one for each option
    target: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET",
            help="reference (over terms), a peer, or the command of a shim: with arguments, in "
            "quotes. Each has its time.",
            show_default=False,
        ),
    ] = None,
    *,
    protocol: Whose = None,
    seconds: Annotated[
        float,
        typer.Option("--time", metavar="SECONDS", min=0, help="For each target; 0: no limit."),
    ] = 60.0,
    steps: Annotated[
        int, typer.Option(metavar="N", min=0, help="Moves for each target; 0: no limit.")
    ] = 0,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, max=256, help="How many processes.")] = 1,
    seed: Annotated[int, typer.Option(metavar="S", help="What is drawn.")] = 0,
    corpus: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep scripts and finds there, each the moment it exists, and go on with them.",
        ),
    ] = None,
    uniform: Annotated[
        bool, typer.Option("--uniform", help="Everything is equally likely: learn nothing.")
    ] = False,
    hypothesis: Annotated[
        bool, typer.Option("--hypothesis", help="Let Hypothesis play, in this process.")
    ] = False,
    real: Annotated[
        bool, typer.Option("--real", help="The reference plays over bytes, not over terms.")
    ] = False,
    first: Annotated[
        bool, typer.Option("--first", help="Stop at the first find that is not known.")
    ] = False,
    known: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What is known of the target, in place of its own file."),
    ] = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.001, help="For one answer of a shim.")
    ] = 5.0,
    replay: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Play a find again; can be given several times."),
    ] = None,
    case: Annotated[
        bool, typer.Option("--case", help="Write finds as cases in Python, with --replay.")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Draw finds, with --replay.")
    ] = None,
    covered: Annotated[
        bool,
        typer.Option("--coverage", help="Compare what is seen steered, and uniformly."),
    ] = False,
    mutants: Annotated[
        bool, typer.Option("--mutants", help="Find the mutants that the suite kills.")
    ] = False,
    together: Annotated[
        bool,
        typer.Option(
            "--together",
            help="The targets talk with each other: Alice, Bob, and a third beside Bob.",
        ),
    ] = False,
    sample: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="How many mutants that the suite kills; 0: all."),
    ] = 0,
    budget: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.1, help="Processor time for each mutant."),
    ] = 60.0,
    bench: Annotated[
        bool, typer.Option("--bench", help="Measure moves a second, in every way to play.")
    ] = False,
    scheduler: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Spread the work over a cluster of Dask (needs otrspec[dask]).",
            show_default=False,
        ),
    ] = "",
    junit: Junit = None,
    html: Html = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a report as JSON.")
    ] = None,
    json: Json = False,
) -> int:
    """Play with targets, move by move, beside the tables.

    Users and a hostile network do whatever comes to mind: lose, repeat, reorder, cut, alter, forge.
    What the target does has to be what the tables do, and a text is shown and sent only where that
    is allowed. Rare rows and pairs of rows are looked for first. Whatever differs is made as short
    as possible. docs/fuzzing.md says how to read what comes of it.
    """
    from . import fuzz as work  # noqa: PLC0415 - heavy
    from .misuse import Misuse  # noqa: PLC0415 - beside it

    if replay or case or svg:
        from . import fuzz_replay  # noqa: PLC0415 - heavy

        return fuzz_replay.run(
            fuzz_replay.Wanted(tuple(replay or ()), tuple(target or ()), case, svg, real, json),
            timeout,
        )
    asked = work.Asked(
        protocol=_name(protocol) or DEFAULT.name,
        seconds=0.0 if steps and seconds == work.USUAL else seconds,
        steps=steps,
        jobs=jobs,
        seed=seed,
        corpus=corpus,
        uniform=uniform,
        octets=real,
        first=first,
        timeout=timeout,
        known=known,
        hypothesis=hypothesis,
        scheduler=scheduler,
        json=json,
    )
    if mutants:
        from .fuzz_mutants import mutants as hunted  # noqa: PLC0415 - heavy

        return hunted(asked, sample, budget)
    if bench:
        from .fuzz_bench import bench as paced  # noqa: PLC0415 - heavy

        return paced(asked)
    if covered:
        return work.coverage(asked)
    if not target:
        message = "name a target: reference, a peer, or the command of a shim"
        raise Misuse(message)
    if together:
        from .fuzz_together import together as meet  # noqa: PLC0415 - heavy

        return meet(tuple(target), asked, work.Outputs(report, junit, html))
    return work.fuzz(tuple(target), asked, work.Outputs(report, junit, html))


@app.command(
    short_help="Infer the machine that a target really is, and compare it with the tables.",
    epilog=_examples(
        "otrspec learn libotr --jobs 2 --resume answers/ --draw pictures/",
        "otrspec learn ./my-shim --setting 'v3-*' --propose my-learned.toml",
        "otrspec learn ./my-shim --setting v3-smp --votes 3 --time 600 --json",
        "otrspec learn libotr --setting v3-smp --word 'exchange v3; SMP 1; user answers SMP'",
        "otrspec learn --list",
    ),
)
def learn(  # noqa: PLR0913 - one for each option
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="reference, a peer, or the command of a shim: with arguments, in quotes.",
            show_default=False,
        ),
    ] = "",
    *,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="What is learned: settings by name, as in 'v3-*'. All that the target can be "
            "given, if none is named.",
            show_default=False,
        ),
    ] = None,
    word: Annotated[
        str,
        typer.Option(
            metavar="WORD",
            help="Learn nothing: play this word in the setting as a case. Inputs are separated by "
            "semicolons.",
            show_default=False,
        ),
    ] = "",
    checks: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Random words that must not refute a machine, beside those that show every edge.",
        ),
    ] = 500,
    seed: Annotated[int, typer.Option(metavar="S", help="Of the random words.")] = 1,
    votes: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            max=99,
            help="Ask each word so often; what most answers say counts. For targets that depend "
            "on time or chance.",
        ),
    ] = 1,
    algorithm: Annotated[
        LearnBy, typer.Option(help="L#, or Kearns and Vazirani's; L# asks less.")
    ] = LearnBy.LSHARP,
    seconds: Annotated[
        float,
        typer.Option("--time", metavar="SECONDS", min=0, help="For each setting; 0: no limit."),
    ] = 0.0,
    extra_states: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            max=3,
            help="Ask all words of the Wp method for machines of so many states more. With 1 it "
            "takes some ten times as many words.",
        ),
    ] = 0,
    pause: Annotated[
        int | None,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="Virtual time that passes before a Query Message asks for another key exchange. "
            "Peers that need it have it already.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(metavar="N", min=0, max=256, help="Settings at a time; 0: one for each core."),
    ] = 0,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep every answer there, and go on with what is there. Empty it when the target "
            "has changed without its version.",
        ),
    ] = None,
    draw: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Draw each machine beside that of the tables, and each difference.",
        ),
    ] = None,
    expect: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Which finding explains which difference, for a target of yours."
        ),
    ] = None,
    propose: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write entries, to be reviewed, for what nothing explains."
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the whole as JSON.")
    ] = None,
    html: Html = None,
    junit: Junit = None,
    listed: Annotated[bool, typer.Option("--list", help="List settings and inputs.")] = False,
    tables: Annotated[
        bool,
        typer.Option(
            "--tables",
            help="No target: write the machines of the tables, which are shipped, into the "
            "checkout. It takes five minutes.",
        ),
    ] = False,
    check_only: Annotated[
        bool,
        typer.Option(
            "--check", help="With --tables: write nothing; exit status 1 if one has drifted."
        ),
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0.01,
            max=3600,
            help="How long one answer of the target may take.",
        ),
    ] = 5.0,
    json: Json = False,
) -> int:
    """Infer the machine that a target really is, and compare it with the tables.

    The target is asked words: what its user does, and messages that the reference makes with real
    cryptography. AALpy infers the machine that answers so. It is held against that of the tables:
    each difference comes with a shortest word that shows it, which is played and graded as a case.
    The exit status is 0 if each is let pass or explained by a finding. docs/learning.md says how to
    read it. It needs the extra `learn`.
    """
    if not listed and not tables and not target:
        message = "name a target, or --list"
        raise typer.BadParameter(message)
    from . import learn as work  # noqa: PLC0415 - heavy

    if listed:
        return work.listing(json=json)
    if tables:
        return work.tables(tuple(setting or ()), check=check_only, json=json)
    wish = work.Wish(work.Algorithm(algorithm.value), checks, seed, votes, seconds, extra_states)
    asked = work.Asked(target, tuple(setting or ()), wish, timeout, jobs, pause)
    if word:
        if setting is None or len(setting) != 1:
            message = "--word needs one --setting"
            raise typer.BadParameter(message)
        return work.replay(asked, setting[0], word, json=json)
    outputs = work.Outputs(report, junit, html)
    return work.learn(asked, work.Files(resume, draw, expect, propose, outputs), json=json)


@app.command(
    short_help="List what cases are there for, and what none answers for.",
    epilog=_examples(
        "otrspec obligations",
        "otrspec obligations otrv4 --open --kind boundary",
        "otrspec obligations --case life.started-by-tester",
        "otrspec obligations --spare",
    ),
)
def obligations(  # noqa: PLR0913 - one for each option
    protocol: Annotated[
        Protocol, typer.Argument(metavar="PROTOCOL", help="Whose cases.")
    ] = _DEFAULT,
    *,
    kind: Annotated[str, typer.Option(metavar="KIND", help="Only those of a kind.")] = "",
    case: Annotated[str, typer.Option(metavar="ID", help="What one case answers for.")] = "",
    is_open: Annotated[
        bool, typer.Option("--open", help="List those that no case answers for.")
    ] = False,
    spare: Annotated[
        bool, typer.Option("--spare", help="List the cases that answer for nothing alone.")
    ] = False,
    json: Json = False,
) -> int:
    """Count what has to happen in some case, and does.

    That is: rows and pairs of rows that are taken, rows under each combination of policies, checks
    that fail, boundaries of comparisons, clauses of the text. Every case is played over symbolic
    terms, with the reference as the target, which takes some seconds. The exit status is 1 if
    something is open.
    """
    from . import obligations as work  # noqa: PLC0415 - heavy

    whose = PROTOCOLS[protocol.value]
    return work.obligations(whose, kind, case, is_open=is_open, spare=spare, json=json)


_cases = _group("cases", "List the cases, or show one and what the tables predict.", default=True)


@_cases.callback(
    invoke_without_command=True,
    epilog=_examples(
        "otrspec cases --case 'smp.*'",
        "otrspec cases show life.started-by-tester",
        "otrspec cases --json",
    ),
)
def cases(
    context: typer.Context,
    *,
    protocol: Spoken = None,
    case: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Only these: an id, or a pattern. Repeatable."),
    ] = None,
    json: Json = False,
) -> int:
    """List the cases: id, version, level, what a target needs, and what it must do."""
    if context.invoked_subcommand is not None:
        return ExitCode.EXPECTED
    from . import cases as work  # noqa: PLC0415 - heavy

    selection = work.Selection(*_spoken(protocol), cases=tuple(case or ()))
    return work.listing(selection, json=json)


@_cases.command(
    "show",
    epilog=_examples("otrspec cases show life.started-by-tester"),
)
def _cases_show(
    case: Annotated[str, typer.Argument(metavar="ID", help="The id of a case.")],
    *,
    protocol: Whose = None,
    json: Json = False,
) -> int:
    """Show one case: play it with the reference as the target, and list the rows it takes."""
    from . import cases as work  # noqa: PLC0415 - heavy

    return work.show(case, _name(protocol), json=json)


@_cases.command("dialects", epilog=_examples("otrspec cases dialects --protocol otrv4"))
def _cases_dialects(*, protocol: Whose = None, json: Json = False) -> int:
    """List what a target may declare to do otherwise: `otrspec conform TARGET --dialect NAME`."""
    from . import cases as work  # noqa: PLC0415 - heavy

    return work.dialects(_name(protocol), json=json)


_shim = _group("shim", "Begin a shim, check it, or print the schema of what it speaks.")


@_shim.command(
    "check",
    context_settings=_FOREIGN,
    epilog=_examples(
        "otrspec shim check python3 my_shim.py",
        "otrspec shim check ./my-shim --its-own-option",
        "otrspec shim check --json libotr",
    ),
)
def _shim_check(
    command: Annotated[
        list[str],
        typer.Argument(
            metavar="CMD",
            help="The shim's program and its arguments, or the name of a peer. Options of ours "
            "stand in front of it.",
            show_default=False,
        ),
    ],
    *,
    json: Json = False,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.01, max=3600, help="How long one answer may take."),
    ] = 10.0,
) -> int:
    """Say what is wrong with a shim, and how to mend it.

    Walks through every request of the shim protocol with two endpoints of the shim itself. The
    implementation behind it is not judged. The exit status is 0 if nothing is wrong.
    """
    from . import shims as work  # noqa: PLC0415 - heavy

    return work.check(command, timeout, json=json)


@_shim.command(
    "new",
    epilog=_examples(
        "otrspec shim new python",
        "otrspec shim new c --directory my-shim",
        "otrspec shim new go",
        "otrspec shim new javascript",
    ),
)
def _shim_new(
    language: Annotated[
        str,
        typer.Argument(metavar="LANG", help="python, c, go or javascript.", show_default=False),
    ],
    *,
    directory: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Where it goes; what is there is never overwritten."),
    ] = Path("otr-shim"),
    json: Json = False,
) -> int:
    """Write a shim to begin with: a template, its helper, and what to do next.

    It runs as it is, around a toy that speaks no OTR. docs/testing-yours.md leads from there to a
    report on your implementation.
    """
    from . import shims as work  # noqa: PLC0415 - heavy

    return work.new(language, directory, json=json)


@_shim.command("schema", epilog=_examples("otrspec shim schema > shim-protocol.schema.json"))
def _shim_schema(
    *,
    json: Annotated[  # noqa: ARG001 - it is JSON in any case
        bool, typer.Option("--json", help="Changes nothing: the schema is JSON.")
    ] = False,
) -> int:
    """Print the JSON Schema of the lines that a shim reads and writes."""
    from . import shims as work  # noqa: PLC0415 - heavy

    return work.schema()


_peer = _group("peer", "List or install implementations that the suite can drive.")


@_peer.command("list", epilog=_examples("otrspec peer list"))
def _peer_list(*, json: Json = False) -> int:
    """List the peers, and which of them are installed."""
    from . import peers as work  # noqa: PLC0415 - heavy

    return work.listing(json=json)


@_peer.command("install", epilog=_examples("otrspec peer install libotr"))
def _peer_install(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `otrspec peer list` has it.")],
    *,
    json: Json = False,
) -> int:
    """Make a peer ready: packages, compilation, a first greeting.

    Packages are installed only by root, and only where apt-get is. What is missing otherwise is
    said in one line, and the exit status is 2.
    """
    from . import peers as work  # noqa: PLC0415 - heavy

    return work.install(name, json=json)


# --- Read the protocol ------------------------------------------------------------------------


@app.command(
    epilog=_examples(
        "otrspec table",
        "otrspec table ake",
        "otrspec table ake --markdown > ake.md",
        "otrspec table --row otrv3.ake:dh-commit.none.allowed",
    )
)
def table(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A table; without it, all are listed."),
    ] = None,
    *,
    protocol: Whose = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page as Markdown.")
    ] = False,
    row: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Explain one row: every word of it, clauses, cases."),
    ] = None,
    json: Json = False,
) -> int:
    """Print a table of the protocol: its states, events and rows."""
    from . import tables as work  # noqa: PLC0415 - heavy

    whose = _name(protocol)
    if row is not None:
        return work.explain(row, name, whose, json=json)
    if name is None:
        return work.listing(whose, json=json)
    return work.show(name, whose, markdown=markdown, json=json)


@app.command(
    epilog=_examples(
        "otrspec diagram",
        "otrspec diagram state-ake -o ake.svg",
        "otrspec diagram layout-data --format dot",
    )
)
def diagram(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A diagram; without it, all are listed."),
    ] = None,
    *,
    protocol: Annotated[Protocol, typer.Option(help="Whose.")] = _DEFAULT,
    output: Output = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="Else what FILE's name ends in, or svg.", show_default=False),
    ] = None,
    json: Json = False,
) -> int:
    """Draw a state machine, a message's layout or a key schedule."""
    from . import diagrams as work  # noqa: PLC0415 - heavy

    if name is None:
        return work.listing(protocol.value, json=json)
    return work.draw(name, protocol.value, output, form.value if form else "", json=json)


@app.command(
    short_help="List the sentences of the text, and what answers for each.",
    epilog=_examples(
        "otrspec clauses --section 'Fragmentation'",
        "otrspec clauses --uncited",
        "otrspec clauses --against Protocol-v3.html",
    ),
)
def clauses(
    *,
    protocol: Annotated[
        Text | None,
        typer.Option(help=f"Whose text; else {DEFAULT.name}, or whichever FILE is a copy of."),
    ] = None,
    section: Annotated[
        str, typer.Option(metavar="TEXT", help="Only of sections whose title contains this.")
    ] = "",
    uncited: Annotated[
        bool,
        typer.Option(
            "--uncited", help="Only those that nothing answers for; exit status 1 if there are any."
        ),
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Compare with a copy of the text, as published: exit status 1 if a sentence has "
            "no clause or a clause no sentence.",
        ),
    ] = None,
    json: Json = False,
) -> int:
    """List the sentences of the specification, by reference, and what answers for each.

    A clause is one sentence of the pinned text: where it stands, how it binds, what it is about,
    and the rows, checks, layouts and cases that implement or test it. The text itself is not here.
    """
    from . import clauses as work  # noqa: PLC0415 - heavy

    name = protocol.value if protocol else ""
    if uncited and against is not None:
        message = "ask for --uncited or for --against, not for both"
        raise typer.BadParameter(message)
    if against is not None:
        return work.compare(name, against, section, json=json)
    if uncited:
        return work.uncited(name, section, json=json)
    return work.listing(name, section, json=json)


@app.command(
    short_help="Write the model as JSON, for other programs.",
    epilog=_examples("otrspec export -o model.json", "otrspec export --schema"),
)
def export(
    *,
    protocol: Annotated[
        Text, typer.Option(help="The tables of version 3 hold version 2 as well.")
    ] = _DEFAULT_TEXT,
    output: Output = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="The JSON Schema of the model, not the model.")
    ] = False,
    json: Annotated[  # noqa: ARG001 - it is JSON in any case
        bool, typer.Option("--json", help="Changes nothing: the model is JSON.")
    ] = False,
) -> int:
    """Write the tables, vocabularies, layouts and key schedules as JSON, for programs."""
    from . import exports as work  # noqa: PLC0415 - heavy

    return work.export(protocol.value, output, schema=schema)


@app.command(
    short_help="Take an OTR message apart, field by field.",
    epilog=_examples(
        "otrspec decode '?OTRv23?'",
        "otrspec decode message.txt --full",
        "otrspec decode fragment-1.txt fragment-2.txt",
        "wl-paste | otrspec decode -",
    ),
)
def decode(
    messages: Annotated[
        list[str],
        typer.Argument(
            metavar="MSG",
            help="A message, a file with one, or - for standard input. Several: fragments of one "
            "message, or messages of their own.",
            show_default=False,
        ),
    ],
    *,
    protocol: Annotated[
        Protocol | None,
        typer.Option(help="Whose messages; else each says it itself.", show_default=False),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Show all bytes of every field.")] = False,
    json: Json = False,
) -> int:
    """Take an OTR message apart, field by field: offset, type, bytes, meaning.

    Any message or fragment will do. Fragments are put together where all of them are given. Of a
    malformed message the fields up to the fault are shown, and the exit status is 1.
    """
    from . import decode as work  # noqa: PLC0415 - heavy

    return work.decode(messages, _name(protocol), full=full, json=json)


@app.command(
    short_help="Whole conversations with every value in them, and single vectors.",
    epilog=_examples(
        "otrspec vectors",
        "otrspec vectors interactive",
        "otrspec vectors smp --full --json > smp.json",
        "otrspec vectors otrv3/ake",
        "otrspec vectors otrv3/commitment:gx.zero",
        "otrspec vectors otrv4/profiles --full --json > profiles.json",
    ),
)
def vectors(
    document: Annotated[
        str | None,
        typer.Argument(
            help="Which one, or of single vectors PROTOCOL/ and a document, a group or the id of a "
            "vector; without it, a list.",
            show_default=False,
        ),
    ] = None,
    *,
    protocol: Annotated[
        Protocol | None, typer.Option(help="Whose; else of all.", show_default=False)
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Show all bytes, and every value where it is needed.")
    ] = False,
    json: Json = False,
) -> int:
    """Show vectors for those without a shim: whole conversations, and single values.

    A conversation has fixed randomness, and every value that is computed in it. Follow one with
    your implementation: the first value that differs has the fault. A single vector is one
    operation, faultless but for one thing, with what to say of it, and where it fails.

    The formats are described in docs/vectors.md. The documents are in docs/generated/otrv4/vectors
    and docs/generated/vectors.
    """
    from . import vectors as work  # noqa: PLC0415 - heavy

    if document is None:
        return work.listing(_name(protocol), json=json)
    return work.show(document, _name(protocol), full=full, json=json)


_declare_forge(_group("forge", "Forge messages and transcripts, as anybody can."), _examples)


# --- Prove and explore ------------------------------------------------------------------------


@app.command(
    short_help="Prove with Z3 what the tables promise, by themselves and together.",
    epilog=_examples(
        "otrspec check",
        "otrspec check ake smp",
        "otrspec check --explain no-clear-text",
        "otrspec check --variant smp-refresh",
    ),
)
def check(  # noqa: PLR0913 - one parameter for each option
    tables: Annotated[
        list[str] | None,
        typer.Argument(metavar="TABLE", help="Only these tables.", show_default=False),
    ] = None,
    *,
    protocol: Annotated[
        Protocol | None,
        typer.Option(
            help="Whose tables; else every protocol's, or for a TABLE or NAME that of its name, or "
            f"{DEFAULT.name}.",
            show_default=False,
        ),
    ] = None,
    only_tables: Annotated[
        bool, typer.Option("--tables", help="Tables by themselves, without invariants.")
    ] = False,
    invariant: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this invariant.", show_default=False),
    ] = None,
    explain: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="This invariant: what it says, what its proof needs, and what leads to it.",
            show_default=False,
        ),
    ] = None,
    variant: Annotated[
        str,
        typer.Option(
            metavar="ID",
            help="The literal reading of an ambiguity, and what it breaks.",
            show_default=False,
        ),
    ] = "",
    json: Json = False,
) -> int:
    """Prove with Z3 that every table is total and deterministic, and that no row is dead.

    Then prove by induction over the rows what holds of all tables together, and show by sequences
    of rows what literal readings of the text break.

    Needs the extra `check`: pip install 'otrspec[check]'.
    """
    from . import proofs as work  # noqa: PLC0415 - heavy

    asked = work.Asked(
        tuple(tables or ()),
        _name(protocol),
        (*(invariant or ()), *(explain or ())),
        bool(explain),
        variant,
        only_tables,
    )
    return work.check(asked, json=json)


@app.command(
    short_help="Explore all joint states of some endpoints, within bounds.",
    epilog=_examples(
        "otrspec explore --list",
        "otrspec explore otrv3-both-begin",
        "otrspec explore --every 'otrv3-flaw-*'",
        "otrspec explore mine.toml --variant 'bob=literal smp-refresh' --witness found.json",
        "otrspec explore mine.toml --workers 2 --save search.bin",
    ),
)
def explore(  # noqa: PLR0913 - one for each option
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="SCENARIO",
            help="A file, or the name of a scenario that ships: --list has those.",
            show_default=False,
        ),
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Do not stop at the first violation.")
    ] = False,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[PARTICIPANT=]ID",
            help="What differs from the tables, for one participant or all: `literal NAME`, the id "
            "of a flaw, `drop ROW`, `retarget ROW STATE`, `skip CHECK` or `falsify CHECK`. "
            "Repeatable.",
        ),
    ] = None,
    states: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Joint states at most; 0: any number.")
    ] = None,
    depth: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Steps at most; 0: any number.")
    ] = None,
    in_flight: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Messages on their way to one participant at most."),
    ] = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, max=256, help="How many processes search.")
    ] = 1,
    witness: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the run that leads to the first violation; with --all a file for each, "
            "with the property in its name.",
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the search, at the end and now and then."),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Go on with a search that was saved.")
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the scenarios that ship, and what they ask.")
    ] = False,
    properties: Annotated[
        bool, typer.Option("--properties", help="List the properties, and what each says.")
    ] = False,
    every: Annotated[
        bool,
        typer.Option(
            "--every",
            help="Explore each scenario that ships; SCENARIO is then a pattern of their names.",
        ),
    ] = False,
    json: Json = False,
) -> int:
    """Explore every joint state of some endpoints and a network that is not to be trusted.

    A scenario says who takes part, what users and network may do, and which properties are asked;
    docs/exploring.md describes it. What is found is found by a shortest run. The exit status is 0
    if exactly those properties are violated that the scenario expects to be: usually none.
    """
    if every:
        from . import explore_all as whole  # noqa: PLC0415 - heavy

        return whole.explore_all(scenario or "", states, workers, json=json)
    from . import explore as work  # noqa: PLC0415 - heavy

    if listed:
        return work.listing(json=json)
    if properties:
        return work.properties(json=json)
    if scenario is None:
        message = "name a scenario, or ask for --list"
        raise typer.BadParameter(message)
    asked = work.Asked(
        work.Bounds(states, depth, in_flight),
        tuple(variant or ()),
        workers,
        save,
        resume,
        everything,
        witness,
    )
    return work.explore(scenario, asked, json=json)


@app.command(
    short_help="Measure how the cost of exploring grows with bounds.",
    epilog=_examples(
        "otrspec growth otrv3-three-clients --bound in_flight=1..4 --bound replays=0..3",
        "otrspec growth mine.toml --bound alice.send=0..3 --plot growth.svg",
    ),
)
def growth(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO",
            help="A file, or the name of a scenario that ships: otrspec explore --list has those.",
            show_default=False,
        ),
    ],
    *,
    bound: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FIRST..LAST",
            help="What is varied, the others left as they are: in_flight, depth, replays, injects, "
            "or PARTICIPANT.ACTION. Repeatable.",
        ),
    ] = None,
    states: Annotated[
        int, typer.Option(metavar="N", min=1, help="Where each exploration stops.")
    ] = 1_000_000,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it, as SVG.", show_default=False)
    ] = None,
    json: Json = False,
) -> int:
    """Explore a scenario with several values of a bound, and count its joint states.

    Whether its properties hold is not asked here: nothing stops at a violation.
    """
    from . import growth as work  # noqa: PLC0415 - heavy

    return work.growth(scenario, tuple(bound or ()), states, plot, json=json)


@app.command(
    short_help="Show, draw or replay a run that an exploration found.",
    epilog=_examples(
        "otrspec witness found.json",
        "otrspec witness found.json --svg -o found.svg",
        "otrspec witness found.json --replay --real",
        "otrspec witness found.json --case > case.py",
    ),
)
def witness(  # noqa: PLR0913 - one for each option
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="As `otrspec explore --witness` writes it."),
    ],
    *,
    svg: Annotated[bool, typer.Option("--svg", help="Draw it as a sequence.")] = False,
    itf: Annotated[
        bool, typer.Option("--itf", help="The joint states in the Informal Trace Format.")
    ] = False,
    case: Annotated[
        bool, typer.Option("--case", help="A case of the suite that plays it, in Python.")
    ] = False,
    target: Annotated[
        str,
        typer.Option(metavar="PARTICIPANT", help="With --case: who is the target; else the suite."),
    ] = "",
    again: Annotated[bool, typer.Option("--replay", help="Replay it over symbolic terms.")] = False,
    real: Annotated[bool, typer.Option("--real", help="Replay it over real bytes.")] = False,
    output: Output = None,
    json: Json = False,
) -> int:
    """Show a run that an exploration found, draw it, or replay it.

    A replay compares every row, message and notice. The exit status is 1 if one differs, or if the
    property is not violated any more; the first step that differs is named.
    """
    from . import witness as work  # noqa: PLC0415 - heavy

    forms = {"svg": svg, "itf": itf, "case": case, "json": json}
    wanted = [name for name, holds in forms.items() if holds]
    if len(wanted) > 1 and not (again or real):
        message = f"ask for --{wanted[0]} or for --{wanted[1]}, not for both"
        raise typer.BadParameter(message)
    if again or real:
        return work.replayed(file, terms=again, real=real, json=json)
    return work.show(file, wanted[0] if wanted else "", target, output)


@app.command(
    short_help="Print a scenario for the Spin model checker, or run both engines on it.",
    epilog=_examples(
        "otrspec promela --list",
        "otrspec promela otrv3/both-begin -o both-begin.pml",
        "otrspec promela --run 'otrv4/*'",
        "otrspec promela --run otrv3/talk --set alice.send=4 --set bob.send=4",
    ),
)
def promela(  # noqa: PLR0913 - one for each option
    scenario: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROTOCOL/SCENARIO", help="Which; --list has them.", show_default=False
        ),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--list", help="List the scenarios.")] = False,
    run: Annotated[
        bool,
        typer.Option("--run", help="Run our explorer and Spin; all scenarios if none is named."),
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=NUMBER",
            help="What differs: how often a user does something (alice.send), capacity, losses or "
            "duplicates of the network, or the bound of a variable. Repeatable.",
        ),
    ] = None,
    cores: Annotated[
        bool,
        typer.Option("--cores", help="Print it for Spin's multi-core and breadth-first searches."),
    ] = False,
    output: Output = None,
    json: Json = False,
) -> int:
    """Print the control of two endpoints in Promela, for the Spin model checker.

    With --run, our explorer and Spin look at every joint state and every fair run. The exit status
    is 0 if both count the same states, every property holds, and the endpoints converge except
    where it is known that they do not. Spin is a package of Debian; it needs a C compiler.
    """
    from . import promela as work  # noqa: PLC0415 - heavy

    named = tuple(scenario or ())
    if run:
        return work.run(named, tuple(settings or ()), json=json)
    if everything or not named:
        return work.listing(json=json)
    return work.model(named, tuple(settings or ()), output, cores=cores, json=json)


# --- Keep it right ----------------------------------------------------------------------------


@app.command(
    "fuzz-bytes",
    short_help="Octets that nobody meant, for our decoders or for a target.",
    epilog=_examples(
        "otrspec fuzz-bytes --time 60s",
        "otrspec fuzz-bytes otrv3 keys.sexp --inputs 1000000 --jobs 2 --folder campaign/",
        "otrspec fuzz-bytes otrv4.wire --time 10m --guided --folder campaign/",
        "otrspec fuzz-bytes libotr --time 60s --folder found/",
        "otrspec fuzz-bytes --replay found/libotr.crash.0123456789.json",
    ),
)
def fuzz_bytes(  # noqa: PLR0913 - one for each option
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DECODER...]|TARGET",
            help="Decoders of ours, by their names or how those begin; none: all. Or one target: "
            "`reference`, a peer, or the command of a shim.",
            show_default=False,
        ),
    ] = None,
    *,
    duration: Annotated[
        str, typer.Option("--time", metavar="TIME", help="How long: 90s, 10m, 2h.")
    ] = "",
    inputs: Annotated[int, typer.Option(min=0, help="How many inputs; 0: any number.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes, for decoders.")] = 1,
    seed: Annotated[int, typer.Option(help="What inputs are drawn from.")] = 0,
    folder: Annotated[
        Path | None,
        typer.Option(help="Keep finds here, each in a file, and what is needed to go on later."),
    ] = None,
    guided: Annotated[
        bool,
        typer.Option("--guided", help="One decoder, guided by what is reached; needs atheris."),
    ] = False,
    again: Annotated[
        Path | None,
        typer.Option("--replay", metavar="FILE", help="Replay a find; 1 if it is still one."),
    ] = None,
    known: Annotated[
        Path | None,
        typer.Option(help="Of a target: a file of what is known of it, which is no find then."),
    ] = None,
    grow: Annotated[
        bool, typer.Option("--growth", help="Show how work grows where inputs do.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Make the kept inputs, and write their files.")
    ] = False,
    everything: Annotated[bool, typer.Option("--list", help="List the decoders.")] = False,
    json: Json = False,
) -> int:
    """Give decoders inputs that are wrong in every way, or a target messages that are.

    Decoders must return or raise an error of their own, read again what they wrote, and take work
    and memory in proportion to the input. A target is sent changed messages of a real conversation:
    it must not crash, hang or grow, must show nothing that was not sent, and must still talk
    afterwards. What breaks a promise is made small and kept; the exit status is 1 then.
    """
    from . import fuzz_bytes as work  # noqa: PLC0415 - heavy

    named = tuple(what or ())
    if again is not None:
        return work.replay(again, json=json)
    if keep:
        return work.keep(named)
    if everything or grow:
        show = work.growing if grow else work.listing
        return show(named, json=json)
    asked = work.Asked(named, work.seconds_of(duration), inputs, seed, jobs, folder)
    if guided:
        return work.guided(asked)
    if work.is_target(named):
        return work.fuzz_target(asked, known, json=json)
    return work.fuzz(asked, json=json)


@app.command(
    short_help="Make the reference faulty, and see what cases notice.",
    epilog=_examples(
        "otrspec mutate otrv3 --sample 100 --seed 1",
        "otrspec mutate otrv4 --only bug --jobs 2",
        "otrspec mutate --list --only 'bug mac-keys-*'",
        "otrspec mutate otrv3 --only 'skip *' --witness survivors/",
        "otrspec mutate --jobs 2 --resume mutants.jsonl",
        "otrspec mutate otrv4 --letter",
    ),
)
def mutate(  # noqa: PLR0913 - one for each option
    protocol: Annotated[
        str,
        typer.Argument(
            metavar="PROTOCOL",
            help="Whose mutants; all protocols if none is named.",
            show_default=False,
        ),
    ] = "",
    *,
    sample: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="How many are drawn, of every kind its share; 0: all."
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(metavar="S", help="What is drawn, with --sample.")] = 0,
    only: Annotated[
        str,
        typer.Option(
            metavar="PATTERN",
            help="Those of such a name, as in 'drop otrv3.smp:*', or of a kind, as in bug.",
            show_default=False,
        ),
    ] = "",
    jobs: Annotated[int, typer.Option(metavar="N", min=1, max=256, help="How many processes.")] = 1,
    thorough: Annotated[
        bool,
        typer.Option(
            "--thorough", help="Play every case that can notice a mutant before any search."
        ),
    ] = False,
    witness: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write a run for each mutant that survives."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Add each outcome to this file, and go on with what is in it. Of another version "
            "of the project, the cases that failed mutants are played first.",
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the mutants, and what is wrong with each.")
    ] = False,
    letter: Annotated[
        bool,
        typer.Option(
            "--letter",
            help="Instead of mutants, targets that read an ambiguity to the letter: which cases "
            "fail them. None should.",
        ),
    ] = False,
    json: Json = False,
) -> int:
    """Make the reference faulty in every way that the tables allow, and count what is noticed.

    Every case is played with every mutant, over symbolic terms, until one fails it. Of mutants that
    none fails, it is proved that nobody can tell them from the reference, or a run that does is
    searched for. The exit status is 1 if there is such a run. docs/strength.md says how to read it.
    """
    from . import mutate as work  # noqa: PLC0415 - heavy

    choice = work.Choice(protocol, only, sample, seed)
    if listed:
        return work.listing(choice, json=json)
    if letter:
        return work.fairness(choice, json=json)
    asked = work.Asked(thorough=thorough, jobs=jobs)
    return work.mutate(choice, asked, witness, resume, json=json)


@app.command(
    short_help="Measure the reference against libotr, or its own primitives.",
    epilog=_examples(
        "otrspec bench", "otrspec bench otrv3 --json --fragment 200", "otrspec bench otrv4"
    ),
)
def bench(
    subject: Annotated[
        Protocol | None,
        typer.Argument(
            metavar="SUBJECT", help=f"What to measure; else {DEFAULT.name}.", show_default=False
        ),
    ] = None,
    *,
    protocol: Annotated[
        Protocol | None, typer.Option(help="The same as SUBJECT.", show_default=False)
    ] = None,
    runs: Annotated[
        int, typer.Option(metavar="N", min=1, max=1000, help="How often each side is measured.")
    ] = 5,
    fragment: Annotated[
        int,
        typer.Option(metavar="BYTES", min=0, help="Largest message; 0: no fragmentation."),
    ] = 0,
    json: Json = False,
) -> int:
    """Measure the reference: exchanges, texts, SMP.

    Version 3 is measured beside libotr: both ends in one process on either side, the same work,
    runs alternated. Without libotr only the reference is measured.

    Version 4, of which there is no other implementation to install, is measured beside the bare
    cryptography that it needs, its floor: which primitives cost most, and how much work the bytes
    of a stranger can buy. Figures are medians.
    """
    from . import benchmark as work  # noqa: PLC0415 - heavy

    if protocol is not None and subject not in {None, protocol}:
        message = f"{subject.value} and --protocol {protocol.value}: name one of them"
        raise typer.BadParameter(message)
    return work.bench((subject or protocol or _DEFAULT).value, runs, fragment, json=json)


@app.command(
    short_help="Derive cases from the tables anew.",
    epilog=_examples("otrspec derive", "otrspec derive otrv3 --jobs 4", "otrspec derive --check"),
)
def derive(
    protocol: Annotated[
        Protocol | None,
        typer.Argument(help="Whose cases; else those of every protocol.", show_default=False),
    ] = None,
    *,
    jobs: Annotated[
        int, typer.Option(metavar="N", min=0, help="How many processes; 0: one for each core.")
    ] = 0,
    check_only: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit status 1 if the tables are newer."),
    ] = False,
    json: Json = False,
) -> int:
    """Derive a case for each two rows that a target can take one after the other.

    Two endpoints and a network that loses, repeats, reorders and adds messages are searched for
    such pairs. Each pair that is in no case yet gets the shortest way to it that was found, and a
    probe that shows in which state the target is afterwards. They are written to the checkout, in
    a file for each protocol. It takes a quarter of an hour for each on two cores.
    """
    from . import derive as work  # noqa: PLC0415 - heavy

    names = tuple(PROTOCOLS) if protocol is None else (protocol.value,)
    return work.derive(names, jobs, check=check_only, json=json)


@app.command(
    short_help="Write every generated file, or see whether one has drifted.",
    epilog=_examples("otrspec generate", "otrspec generate --check"),
)
def generate(
    *,
    check_only: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit status 1 if a file is not up to date."),
    ] = False,
    json: Json = False,
) -> int:
    """Write every generated file of a checkout: pages, diagrams, schemas, the ledger of ids."""
    from . import generate as work  # noqa: PLC0415 - heavy

    return work.generate(check=check_only, json=json)
