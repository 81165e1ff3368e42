"""`fttui help`: the reference, made from the tables that the program itself goes by."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

from fttui.cli.exit_codes import DONE, EXIT_CODES
from fttui.cli.groups import Command
from fttui.cli.output import Output
from fttui.text import wrap

WIDTH = 78

ENVIRONMENT = (
    ("FTTUI_PROFILE", "the profile to use, unless --profile or --base-url names a service"),
    ("FTTUI_CONFIG", "the path of config.toml; prices.toml is looked for beside it"),
    ("FTTUI_DATA_DIR", "where archive, service, added profiles and state are kept"),
    ("FTTUI_DIFF", "0: the cockpit sends whole regions, where a terminal shows something odd"),
    ("OPENAI_API_KEY", "the key for the official host, OPENAI_BASE_URL or --base-url; sent nowhere else"),
    ("OPENAI_BASE_URL", "the service, where no profile says otherwise: https://host/v1"),
    ("OPENAI_ORG_ID", "sent as OpenAI-Organization"),
    ("OPENAI_PROJECT_ID", "sent as OpenAI-Project"),
    ("AZURE_OPENAI_ENDPOINT", "the Azure resource, where neither profile nor OPENAI_* says otherwise"),
    ("AZURE_OPENAI_API_KEY", "its key"),
    ("OPENAI_API_VERSION", "its api-version; without one the /openai/v1 routes are used"),
    ("XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME", "on Linux, where those directories lie"),
    ("NO_COLOR", "set to anything: no colour"),
    ("TERM, COLORTERM", "how many colours the terminal has; with TERM=dumb the cockpit does not open"),
    (
        "FTTUI_JOB_ID, FTTUI_JOB_STATUS, FTTUI_JOB_MODEL, FTTUI_JOB_SUFFIX, FTTUI_JOB_FINE_TUNED_MODEL",
        "not read but set: the job that has ended, for the cockpit's notify_command",
    ),
    ("HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY", "a proxy; never used for this very machine"),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "authorities to trust instead of the usual ones"),
)

FILTER = (
    ("mini", "id, suffix, model or status holds this"),
    ("status:failed,cancelled", "the whole value; a comma means or"),
    ("model~4o", "a part of the value"),
    ("loss<0.8", "numbers and ages compare with <, <=, >, >="),
    ("age<2d", "younger than two days; s, m, h, d, w, y"),
    ("created>=2026-01-01", "a date"),
    ("tokens>1.5m", "k, m and b multiply"),
    ("!suffix:router", "not"),
    ("status:run model~mini", "a space means and"),
)

FORMS = """\
Standard output is data, standard error is talk. On a terminal a list is a table; elsewhere the same cells come a line \
each with tabs between them and no heading.

--json prints one object as the service sent it, or a list as {"object": "list", "data": [...], "has_more": bool}. \
--jsonl prints one object a line, as they come where something is followed. Nothing is added to the service's objects; \
what is not ASCII is escaped.

`files check --json` prints an object "fttui.check": path, bytes, kind, lines, examples, errors, warnings, advice, \
groups (code, level, what, mend, count, file), findings (object "fttui.finding": level, code, file, line, member, \
detail, what, mend), tokens (total, billed_per_epoch, exact, counter, error, least, median, p90, most, limit, \
over_limit, longest, histogram), trained_share, images, plan (n_epochs, batch_size, steps, trained_tokens, cost, \
currency, estimate, why), complete, notes. What is not known is null. With --jsonl every finding is a line as soon as \
it is found, and the object without them is the last line.

`jobs watch --jsonl` prints a job at every change of it."""


@click.command("help", cls=Command, short_help="Explain a command or a topic.")
@click.argument("topic", nargs=-1, metavar="[TOPIC | COMMAND]...")
@click.option("--all", "all_", is_flag=True, help="Everything there is, as one text.")
@click.pass_context
def help_(context: click.Context, topic: tuple[str, ...], all_: bool) -> int:
    """Explain a command or a topic. Without one: which there are.

    \b
    fttui help jobs create
    fttui help exit-codes
    fttui help --all | less
    """
    output, root = Output(), context.find_root()
    if all_:
        output.text("\n\n".join(_everything(root)) + "\n")
        return DONE
    if not topic:
        output.text(_contents(root) + "\n")
        return DONE
    name = " ".join(topic)
    if name in TOPICS:
        output.text(_titled(name) + "\n")
        return DONE
    found = _command(root, topic)
    if found is None:
        from difflib import get_close_matches

        known = [*TOPICS, *(" ".join(path) for path, _ in commands(root))]
        near = get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"topics are {', '.join(TOPICS)}; others are commands."
        raise click.UsageError(f"there is no help on {name!r}; {hint}")
    output.text(found.get_help() + "\n")
    return DONE


def commands(root: click.Context) -> Iterator[tuple[tuple[str, ...], click.Context]]:
    """Every command that can be called, in the order of `--help`, with a context to print its help in."""
    yield from _below(root, ())


def _below(context: click.Context, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Context]]:
    group = context.command
    if not isinstance(group, click.Group):
        yield path, context
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            yield from _below(_context(command, name, context), (*path, name))


def _context(command: click.Command, name: str, parent: click.Context) -> click.Context:
    width = None if sys.stdout.isatty() else WIDTH
    return click.Context(command, info_name=name, parent=parent, terminal_width=width)


def _command(root: click.Context, path: tuple[str, ...]) -> click.Context | None:
    context = root
    for name in path:
        group = context.command
        command = group.get_command(context, name) if isinstance(group, click.Group) else None
        if command is None:
            return None
        context = _context(command, name, context)
    return context


def _contents(root: click.Context) -> str:
    lines = ["Topics (`fttui help TOPIC`):"]
    lines += [f"  {name:<12} {words}" for name, (words, _) in TOPICS.items()]
    lines += ["", "Commands (`fttui help COMMAND`, or `fttui COMMAND --help`):"]
    found = [(" ".join(path), context.command.get_short_help_str(60)) for path, context in commands(root)]
    width = max(len(name) for name, _ in found)
    lines += [f"  {name:<{width}}  {words}" for name, words in found]
    return "\n".join(lines)


def _everything(root: click.Context) -> Iterator[str]:
    yield root.get_help()
    for path, context in commands(root):
        yield f"## fttui {' '.join(path)}\n\n{context.get_help()}"
    for name in TOPICS:
        yield _titled(name)


def _titled(name: str) -> str:
    words, make = TOPICS[name]
    return f"## {name}: {words}\n\n{make()}"


def _table(rows: Any) -> str:
    """Two columns; what is long goes on under itself."""
    rows = [(str(name), words) for name, words in rows]
    width = min(26, max(len(name) for name, _ in rows))
    lines = []
    for name, words in rows:
        first, *more = wrap(words, WIDTH - width - 4)
        if len(name) <= width:
            lines.append(f"  {name:<{width}}  {first}")
        else:
            lines += [f"  {line}" for line in wrap(name, WIDTH - 2)] + [" " * (width + 4) + first]
        lines += [" " * (width + 4) + line for line in more]
    return "\n".join(lines)


def _exits() -> str:
    return _table(EXIT_CODES)


def _environment() -> str:
    return _table(ENVIRONMENT)


def _filter() -> str:
    from fttui.store.query import FIELDS, STATUS_WORDS

    states = ", ".join(STATUS_WORDS)
    return "\n\n".join(
        [
            "For `/` in the cockpit and `fttui jobs list --filter`. Case does not matter.",
            _table(FILTER),
            "\n".join(wrap(f"Fields, also for --sort: {', '.join(FIELDS)}.", WIDTH)),
            "\n".join(wrap(f"States are the service's own words, and: {states}.", WIDTH)),
        ]
    )


def _files() -> str:
    from fttui.config import paths

    rows = (
        ("config.toml", f"yours, never rewritten: {paths.config_file()}"),
        ("prices.toml", f"yours: prices and limits that win over those in the package: {paths.prices_file()}"),
        ("profiles", f"added with `fttui profile add`: {paths.profiles_file()}"),
        ("archive", f"jobs, events, result files, one SQLite file: {paths.archive_file()}"),
        ("service", f"the embedded service's jobs and files: {paths.service_dir()}"),
        ("state", f"what the cockpit remembers, and reports of crashes: {paths.state_dir()}"),
    )
    return _table(rows) + "\n\nDirectories are made with mode 0700, files with 0600. No key is ever written."


def _data() -> str:
    from fttui.data.rules import LEVELS, RULES

    intro = (
        "What `fttui files check`, `fttui jobs create` and the form of the cockpit look for. Errors stop a job, "
        "warnings and advice do not. (fix): `files check --fix -o PATH` mends it in a copy."
    )
    parts = ["\n".join(wrap(intro, WIDTH))]
    for level in LEVELS:
        rows = [
            (rule.code, f"{rule.what}: {rule.mend}{' (fix)' if rule.fixed else ''}")
            for rule in RULES
            if rule.level == level
        ]
        parts.append(f"{level}\n{_table(rows)}")
    return "\n\n".join(parts)


def _prices() -> str:
    from fttui.data.prices import known

    table = known()
    rows = []
    for name, entry in table["models"].items():
        price = "free" if entry.get("local") else f"{entry.get('per_hour', entry.get('training')):.2f}"
        unit = "" if entry.get("local") else " an hour" if "per_hour" in entry else " per million tokens"
        limit = f", at most {entry['limit']:,} tokens an example" if "limit" in entry else ""
        rows.append((name, f"{price}{unit}{limit}"))
    words = (
        f"Training, in {table['currency']}, as the provider published it ({table['source']}, {table['updated']}). "
        'Your own prices.toml (`fttui help files`) has the same form and wins: [models."NAME"] with training, '
        "per_hour, limit, encoding. What is not known is said to be unknown."
    )
    return "\n".join(wrap(words, WIDTH)) + "\n\n" + _table(rows)


def _output() -> str:
    return "\n\n".join("\n".join(wrap(paragraph, WIDTH)) for paragraph in FORMS.split("\n\n"))


def _completion() -> str:
    from fttui.cli.completion import PLACES

    return "\n".join(f"  {shell:<5} {line}" for shell, line in PLACES.items())


TOPICS: dict[str, tuple[str, Callable[[], str]]] = {
    "exit-codes": ("what a command's exit code says", _exits),
    "environment": ("variables that are read", _environment),
    "filter": ("the language of / and --filter", _filter),
    "output": ("tables, --json and --jsonl", _output),
    "data": ("what is looked for in training data", _data),
    "prices": ("what training costs", _prices),
    "files": ("where everything lies", _files),
    "completion": ("completion in bash, zsh and fish", _completion),
}
