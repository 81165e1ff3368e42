"""Declaration of all settings: kind, default, help text and table. Standard library only.

Validation, loading, `fttui config show`, `fttui config init` and docs/settings.md are made from the classes below.
To add a setting, add one line to the class of its table.
"""

import os

from fttui.config import validators
from fttui.config.providers import PROVIDERS
from fttui.config.validators import Kind, many_of, one_of, seconds, some_of
from fttui.engines import ENGINE_KINDS, MAX_SUBMITTED
from fttui.lean_typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

if TYPE_CHECKING:
    from fttui.config.choose import Choice

T = TypeVar("T")

INTERVAL_FLOOR = 2.0
"""Shortest interval between two polls, in seconds."""

BUILT_IN_MODEL = "fttui-tiny-1"
"""Base model of the built-in trainer."""
BUILT_IN_TRAINERS = ("tiny", "hf")
"""Names of the trainers in the box."""
RAY_SETTINGS = ("address", "runtime_env", "token_env")
"""Settings of engines of the kind `ray` alone."""

THEMES = (
    *("fttui-dark", "okabe-ito", "textual-dark", "textual-light", "nord", "gruvbox", "dracula", "tokyo-night"),
    *("monokai", "flexoki", "catppuccin-mocha", "catppuccin-latte", "catppuccin-frappe", "catppuccin-macchiato"),
    *("solarized-light", "solarized-dark", "rose-pine", "rose-pine-moon", "rose-pine-dawn"),
    *("atom-one-dark", "atom-one-light", "ansi-dark", "ansi-light"),
)
"""Names of themes. Textual is not imported before the first frame, so they are listed here."""


class Setting(Generic[T]):
    """One setting. As an attribute of a table it reads as the value in the file, or as the default."""

    name = ""
    table: "type[Table] | None" = None
    """Settings of the value, if the value is a table of settings."""
    by_name = False
    """The value is a table of such tables, by names that the user chooses."""
    own_tables: "dict[str, type[Table]]" = {}
    """Names that have other settings than the rest."""

    def __init__(
        self,
        kind: Kind[Any],
        default: T,
        help: str,
        *,
        example: str = "",
        otherwise: str = "",
        required: bool = False,
        flag: str = "",
    ) -> None:
        """
        Args:
            help: half a sentence for the user.
            example: a value as TOML for the generated file; the default if empty.
            otherwise: the value in effect if none is set, for settings without a default.
            required: the table is invalid without a value.
            flag: the placeholder of the value, if the setting is a flag of `fttui profile add`.
        """
        self.kind = kind
        self.default = default
        self.help = help
        self.example = example
        self.otherwise = otherwise
        self.required = required
        self.flag = flag

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, table: None, owner: type) -> "Setting[T]": ...
    @overload
    def __get__(self, table: "Table", owner: type) -> T: ...
    def __get__(self, table: "Table | None", owner: type) -> Any:
        if table is None:
            return self
        value = table.values.get(self.name, self.default)
        return None if value is None else self.kind.read(value)


class Table:
    """A table of settings with its valid values from a file. Validation is the caller's task."""

    heading: ClassVar[str]
    """The place of the table in a file, for the user."""

    def __init__(self, **values: Any) -> None:
        if unknown := values.keys() - self.settings():
            raise TypeError(f"{type(self).__name__} has no setting {', '.join(sorted(unknown))}")
        self.values = values
        """Values that are set, as in the file."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Table) and self.values == other.values

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def settings(cls) -> dict[str, Setting[Any]]:
        """Return all settings of the table by name, in the order of declaration."""
        members = (item for base in reversed(cls.__mro__) for item in vars(base).items())
        return {name: member for name, member in members if isinstance(member, Setting)}


def setting(kind: Kind[T], default: T, help: str, *, example: str = "") -> Setting[T]:
    """Declare a setting with a default."""
    return Setting(kind, default, help, example=example)


def optional(kind: Kind[T], help: str, *, example: str, otherwise: str = "", flag: str = "") -> Setting[T | None]:
    """Declare a setting without a default: no value has a meaning of its own."""
    return Setting(kind, None, help, example=example, otherwise=otherwise, flag=flag)


def required(kind: Kind[T], empty: T, help: str, *, example: str) -> Setting[T]:
    """Declare a setting that its table must have."""
    return Setting(kind, empty, help, example=example, required=True)


Sub = TypeVar("Sub", bound=Table)


def tables(of: type[Sub], help: str, own: dict[str, type[Table]] | None = None) -> Setting[dict[str, Sub]]:
    """Declare tables of settings by name, such as `[profiles.NAME]`.

    Args:
        own: names that have other settings; they are left out of the value.
    """
    others = own or {}
    read: Kind[dict[str, Sub]] = Kind(
        "a table",
        lambda value: isinstance(value, dict),
        convert=lambda value: {name: of(**content) for name, content in value.items() if name not in others},
    )
    made: Setting[dict[str, Sub]] = Setting(read, {}, help)
    made.table, made.by_name, made.own_tables = of, True, others
    return made


def subtable(of: type[Sub], help: str) -> Setting[Sub]:
    """Declare one table of settings, such as `[local]`."""
    read: Kind[Sub] = Kind("a table", lambda value: isinstance(value, dict), convert=lambda value: of(**value))
    made: Setting[Any] = Setting(read, {}, help)
    made.table = of
    return made


# fmt: off
class Shared(Table):
    """Settings at the top of `config.toml`, and in a profile for that profile alone."""

    interval = optional(seconds(INTERVAL_FLOOR), "seconds between two polls while a job is active", example="4", otherwise="4; local service: 3")
    read_only = setting(validators.flag, False, "refuse every action that changes something at the provider")
    link = optional(one_of("fast", "slow"), "'slow' sends fewer bytes: only the terminal's own colours, curve and log drawn once in 5 seconds", example='"slow"', otherwise="fast")


class Profile(Shared):
    """One service. At most one of the three `api_key_*` settings names the source of its key; none means no key."""

    heading = "[profiles.NAME]"

    provider = optional(one_of(*PROVIDERS), "the provider's API", example='"openai"', otherwise="guessed from the host", flag="NAME")
    base_url = optional(validators.url, "URL of the API, without /fine_tuning/jobs; for Azure, of the resource", example='"https://api.openai.com/v1"', otherwise="the provider's, else OpenAI's", flag="URL")
    directory = optional(validators.paths, "runs only: directory with runs that other programs started, or a list; * and ? are allowed", example='"/scratch/me"', flag="PATH")
    log_pattern = optional(validators.log_pattern, "runs only: regular expression for metrics in console logs, with a named group step", example="'step (?P<step>\\d+) loss (?P<loss>\\S+)'", otherwise="the usual forms")
    api_key_env = optional(validators.variable, "environment variable with the key", example='"WORK_OPENAI_API_KEY"', flag="VAR")
    api_key_command = optional(validators.command, "program that prints the key (no shell)", example='"pass show openai/work"', flag="CMD")
    api_key_keyring = optional(validators.text, "service/user in the system keyring; needs the extra keyring", example='"openai/work"', flag="SERVICE/USER")
    auth = optional(one_of("bearer", "api-key"), "header for the key; Azure with an Entra token needs 'bearer'", example='"bearer"', otherwise="the provider's", flag="NAME")
    organization = optional(validators.text, "organisation of the account", example='"org-abc"', flag="ORG")
    project = optional(validators.text, "project of the account", example='"proj_abc"', flag="P")
    location = optional(validators.text, "Vertex only: location of the project, such as us-central1", example='"us-central1"', flag="L")
    bucket = optional(validators.text, "Vertex only: bucket for files", example='"my-bucket"', flag="B")
    storage_url = optional(validators.url, "Vertex only: URL of the storage with the bucket; it gets the key", example='"https://storage.googleapis.com"', otherwise="Google's")
    account = optional(validators.text, "Fireworks only: id of the account", example='"acme"', flag="A")
    api_version = optional(validators.text, "Azure only: date of the dated API", example='"2024-10-21"', otherwise="the undated API", flag="DATE")
    headers = setting(validators.texts, {}, "more headers of every request; no keys", example='{ "x-team" = "nlp" }')
    query = setting(validators.texts, {}, "more query parameters of every request", example='{ "region" = "eu" }')
    create = setting(validators.table, {}, "more members of the request that creates a job", example='{ "trainingType" = 1 }')
    ca_file = optional(validators.text, "PEM file with the certificate authorities to trust", example='"~/ca.pem"', otherwise="the system's", flag="PEM")
    verify_tls = setting(validators.flag, True, "false accepts any certificate, with a warning at every start")


class Engine(Table):
    """A program that schedules trainers on other machines (docs/clusters.md)."""

    heading = "[local.engines.NAME]"

    kind = required(one_of(*ENGINE_KINDS), "", "kind of the engine", example='"slurm"')
    directory = required(validators.text, "", "directory that this machine and all nodes see, for the files of the jobs", example='"/scratch/me/fttui"')
    options = setting(validators.strings, [], "options of every job: those of sbatch, or resources of Ray such as num_gpus=1", example='["--partition=gpu", "--gres=gpu:1", "--time=8:00:00"]')
    setup = optional(validators.lines, "lines of shell on the node, before the trainer", example='"module load cuda"', otherwise="none")
    address = optional(validators.url, "address of the dashboard of a Ray cluster", example='"http://head:8265"', otherwise="none; Ray needs it")
    runtime_env = setting(validators.table, {}, "environment that Ray makes for every trainer, in Ray's words", example='{ "pip" = ["trl"] }')
    token_env = optional(validators.variable, "environment variable with the token of a Ray cluster", example='"RAY_AUTH_TOKEN"', otherwise="no token")
    max_submitted = setting(validators.whole, MAX_SUBMITTED, "jobs that the engine has at the same time; more wait in the service")


class BuiltInTrainer(Table):
    """Settings of a trainer in the box: `hf` or `tiny`."""

    heading = "[local.trainers.hf]"

    env = setting(validators.table, {}, "environment variables of the trainer: text, { env = \"NAME\" } or { command = \"…\" }", example='{ "HF_HOME" = "/data/hf" }')
    stop_after = optional(validators.up_to(3600), "seconds that the trainer has to save its state when its job is paused or the service ends", example="60", otherwise="hf: 60; tiny: 10")
    engine = optional(validators.text, "engine that runs it", example='"lab"', otherwise="this machine")
    options = setting(validators.strings, [], "options for its engine, after those of the engine", example='["--gres=gpu:2"]')


class Trainer(Table):
    """A program of the user's that trains models for the embedded service (`fttui/server/trainers/README.md`)."""

    heading = "[local.trainers.NAME]"

    command = required(validators.command, "", "program that trains (no shell); it runs in the job's directory", example='["/opt/lora/bin/python", "/opt/lora/train.py"]')
    models = required(validators.strings, [], "base models that it offers", example='["meta-llama/Llama-3.1-8B"]')
    methods = setting(many_of("supervised", "dpo"), ["supervised"], "methods that it supports")
    hang_after = setting(validators.above_zero, 900.0, "seconds without progress after which the job fails")
    log_limit_mb = setting(validators.whole, 16, "size of the log in MB above which the job fails")
    disk_mb = setting(validators.whole, 16, "free disk space in MB that a job needs; it waits until there is as much")
    describes = setting(validators.flag, False, "the command understands --describe and --check")
    sampler = optional(validators.command, "program that answers prompts with its models", example='["/opt/lora/bin/python", "/opt/lora/sample.py"]', otherwise="none")
    exporter = optional(validators.command, "program that writes a model for other programs", example='["/opt/lora/bin/python", "/opt/lora/export.py"]', otherwise="the model is copied as it is")
    stop_after = setting(validators.up_to(3600), 10.0, "seconds that the trainer has to save its state when its job is paused or the service ends")
    env = setting(validators.table, {}, "environment variables of the trainer: text, { env = \"NAME\" } or { command = \"…\" }", example='{ "HF_HOME" = "/data/hf" }')
    engine = optional(validators.text, "engine that runs it", example='"lab"', otherwise="this machine")
    options = setting(validators.strings, [], "options for its engine, after those of the engine", example='["--gres=gpu:2"]')

    def arguments(self) -> list[str]:
        """Return the command as a list of words, with `~` expanded.

        Raises:
            ValueError: a quote is not closed.
        """
        return validators.split_command(self.command)


class Local(Table):
    """The embedded service."""

    heading = "[local]"

    max_running = setting(validators.whole, 1, "jobs that train at the same time; more wait in the queue")
    plain_results = setting(validators.flag, False, "write result files as plain CSV; OpenAI's are base64")
    empty_error = setting(validators.flag, False, "send {} as the error of a job without one, as OpenAI does; else null")
    webhook = optional(validators.webhook, "address that gets a request when a job of the service ends or an alarm is found; never shown whole", example='"https://ntfy.sh/my-topic"', otherwise="none")
    webhook_format = setting(one_of("json", "ntfy", "slack"), "json", "what the webhook understands")
    models = setting(validators.strings, [], "directories of models and ids of the hub that GET /models lists, besides those in the cache of the hub; they need the extra hf", example='["/data/models/mistral-7b"]')
    price_per_hour = optional(validators.above_zero, "cost of an hour of training in USD; jobs are free without it", example="2.5", otherwise="free")
    engines = tables(Engine, "engines that run trainers on other machines")
    trainers = tables(Trainer, "your own trainers", dict.fromkeys(BUILT_IN_TRAINERS, BuiltInTrainer))

    @property
    def place(self) -> str:
        """Machines on which trainers run, in words."""
        is_here = not any(trainer.get("engine") for trainer in self.values.get("trainers", {}).values())
        return "this machine" if is_here else "your own machines"

    def for_service(self) -> dict[str, Any]:
        """Return the settings as `server.control.ensure` and `server.control.serve` take them."""
        trainers = {
            name: {
                "command": trainer.arguments(),
                "models": trainer.models,
                "methods": trainer.methods,
                "hang_after": trainer.hang_after,
                "largest_log": trainer.log_limit_mb << 20,
                "room": trainer.disk_mb << 20,
                "stop_after": trainer.stop_after,
                "describes": trainer.describes,
                "env": _environment(trainer.env),
                "sampler": validators.split_command(trainer.sampler or []),
                "exporter": validators.split_command(trainer.exporter or []),
                "engine": trainer.engine or "",
                "options": trainer.options,
            }
            for name, trainer in self.trainers.items()
        }
        given = {name: BuiltInTrainer(**self.values.get("trainers", {}).get(name, {})) for name in BUILT_IN_TRAINERS}
        built_in = {
            name: {
                "env": _environment(trainer.env),
                "stop_after": trainer.stop_after,
                "engine": trainer.engine or "",
                "options": trainer.options,
            }
            for name, trainer in given.items()
            if trainer.values
        }
        values: dict[str, Any] = {name: getattr(self, name) for name in self.settings() if name != "price_per_hour"}
        values["models"] = [os.path.expanduser(model) for model in self.models]
        engines = {
            name: {
                "kind": engine.kind,
                "directory": os.path.expanduser(engine.directory),
                "options": engine.options,
                "setup": engine.setup or "",
                "max_submitted": engine.max_submitted,
                "address": engine.address or "",
                "runtime_env": engine.runtime_env,
                "token_env": engine.token_env or "",
            }
            for name, engine in self.engines.items()
        }
        return values | {"trainers": trainers, "built_in": built_in, "engines": engines}


def _environment(variables: dict[str, Any]) -> dict[str, Any]:
    """Return the environment of a trainer as the service takes it: a command is a list of words."""
    return {
        name: {"command": validators.split_command(value["command"])}
        if isinstance(value, dict) and "command" in value
        else value
        for name, value in variables.items()
    }


class Alarms(Table):
    """Kinds of alarms: findings about a job, in the list, the detail and notifications."""

    heading = "[alarms]"

    non_finite = setting(validators.flag, True, "a loss is not a number")
    diverging = setting(validators.flag, True, "the training loss rises far above its lowest value")
    overfitting = setting(validators.flag, True, "the validation loss rises while the training loss falls")
    stalled = setting(validators.flag, True, "a running job sends no events for much longer than usual")
    plateau = setting(validators.flag, True, "the loss of a running job is level for a large part of its steps")
    queued_long = setting(validators.flag, True, "a job waits much longer than the jobs before it")
    file_expiring = setting(validators.flag, True, "the provider deletes the training file within 3 days")
    model_retiring = setting(validators.flag, True, "the provider shuts the base model down within 30 days")

    @property
    def off(self) -> frozenset[str]:
        """Kinds that are turned off."""
        return frozenset(name for name in self.settings() if not getattr(self, name))


class Settings(Shared):
    """All settings: the whole of the user's `config.toml`."""

    heading = "top of config.toml"

    profile = optional(validators.text, "profile to use if no flag and no FTTUI_PROFILE names one", example='"work"')
    theme = optional(one_of(*THEMES, called="the name of a theme"), "colours of the cockpit; T shows the next theme", example='"nord"', otherwise="fttui-dark")
    notify = setting(some_of("bell", "osc9", "osc777", "title", "off", alone="off"), ["bell"], "notification when a job ends that you created or watch")
    notify_command = setting(validators.strings, [], "program to run as well, with FTTUI_JOB_ID, FTTUI_JOB_STATUS, …; the embedded service runs it for its jobs", example='["notify-send", "fttui"]')
    title = setting(validators.flag, True, "show the number of jobs by state in the terminal's title")
    glyphs = setting(one_of("auto", "unicode", "ascii"), "auto", "characters for symbols and charts")
    chart = setting(one_of("auto", "braille", "block", "ascii"), "auto", "form of curves; 'block' for fonts without braille characters")
    mouse = setting(validators.flag, True, "use the mouse; false leaves it to the terminal")
    hints = setting(validators.flag, True, "show a new user one hint about a key at a time; :hints off ends them too")
    keys = setting(validators.table, {}, "keys of commands, by command id", example='{ "job.cancel" = "f8" }')
    profiles = tables(Profile, "services, by name")
    local = subtable(Local, "the embedded service")
    alarms = subtable(Alarms, "kinds of alarms that are shown")

    def of(self, choice: "Choice") -> Profile | None:
        """Return the profile of a choice; None for the local service, the environment or a URL."""
        return self.profiles.get(choice.name) if choice.source == "profile" else None

    def for_service(self) -> dict[str, Any]:
        """Return the settings as `server.control` takes them."""
        more = {"notify_command": self.notify_command, "alarms_off": sorted(self.alarms.off)}
        return self.local.for_service() | more

    def key_variables(self) -> list[str]:
        """Return the environment variables with the keys of the profiles."""
        return [profile.api_key_env for profile in self.profiles.values() if profile.api_key_env]

    def shared(self, profile: Profile | None) -> Shared:
        """Return the shared settings in effect for a profile. `read_only` in either place is read-only."""
        own = profile or Profile()
        return Shared(
            interval=own.interval or self.interval,
            read_only=own.read_only or self.read_only,
            link=own.link or self.link or Shared.link.otherwise,
        )
# fmt: on


class ProfilesFile(Table):
    """The whole of `profiles.toml`, which fttui writes."""

    heading = "profiles.toml"

    use = optional(validators.text, "profile in use", example='"work"')
    profiles = tables(Profile, "added profiles, by name")
