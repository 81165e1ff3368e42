"""What a person has set, as the program uses it. What may be set, and the words for what may not: `check.py`."""

import os
from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from fttui.config import validate
from fttui.config.choose import LOCAL, Choice, check_name, choose
from fttui.config.errors import ConfigError
from fttui.config.paths import config_file, profiles_file
from fttui.config.toml_file import locked, read_toml, write_toml


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    interval: float | None = None
    """Seconds between two polls while a job is live, at least 2."""
    read_only: bool = False
    """Refuse everything that changes something at the provider."""
    link: Literal["fast", "slow"] | None = None
    """`slow`: the cockpit keeps to the terminal's own colours, which take the fewest bytes."""


class Profile(_Strict):
    """One service. At most one of the three `api_key_*` names where its key is; none means that no key is sent."""

    provider: Literal["openai", "azure", "nebius", "litellm", "compatible"] | None = None
    """Its dialect; guessed from the host when not given."""
    base_url: str | None = None
    """Where `/fine_tuning/jobs` hangs; for Azure the resource's endpoint. OpenAI's own when not given."""
    api_key_env: str | None = None
    """The name of the environment variable that holds the key."""
    api_key_command: str | list[str] | None = None
    """A program whose first line of output is the key (no shell is involved)."""
    api_key_keyring: str | None = None
    """`service/user` in the system keyring; needs the package keyring."""
    auth: Literal["bearer", "api-key"] | None = None
    """How the key is sent; the provider's own way when not given. Azure with an Entra token: `bearer`."""
    organization: str | None = None
    project: str | None = None
    api_version: str | None = None
    """Azure only: a date for the dated API; not given for `/openai/v1`."""
    headers: dict[str, str] = Field(default_factory=dict)
    """More request headers; no keys."""
    query: dict[str, str] = Field(default_factory=dict)
    """More query parameters of every request."""
    create: dict[str, Any] = Field(default_factory=dict)
    """More members of the body that creates a job, such as Azure's `trainingType`."""
    ca_file: str | None = None
    """A PEM file with the authorities to trust."""
    verify_tls: bool = True
    """False trusts anybody who answers; said loudly at every start."""


class LocalTrainer(BaseModel):
    """A program of the person's that trains models, for the embedded service (fttui/server/trainers/README.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    command: str | list[str] = Field(min_length=1)
    """What to run; no shell is involved. It runs in the job's directory, so paths are whole, or begin with `~/`."""
    models: list[str] = Field(min_length=1)
    """The base models it offers."""
    methods: list[Literal["supervised", "dpo"]] = Field(default=["supervised"], min_length=1)
    """The methods it does."""
    hang_after: float = Field(default=900.0, gt=0)
    """Seconds without a line of progress after which it is ended, and its job failed."""
    log_limit_mb: int = Field(default=16, ge=1)
    """Megabytes of log beyond which it is ended, and its job failed."""

    def words(self) -> list[str]:
        """The command's words, `~` expanded.

        Raises:
            ValueError: a quote is not closed.
        """
        return validate.command_words(self.command)


class Local(BaseModel):
    """`[local]`: the embedded service."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    max_running: int = Field(default=1, ge=1)
    """How many jobs train at a time; the others wait their turn."""
    plain_results: bool = False
    """Write result files as plain CSV; else in base64, as the hosted service sends them."""
    empty_error: bool = False
    """Send `{}` as the error of a job that has none, as the hosted service does; else null."""
    trainers: dict[str, LocalTrainer] = Field(default_factory=dict)
    """Trainers beside the built-in one, by name."""

    def for_service(self) -> dict[str, Any]:
        """These settings as `daemon.ensure` and `daemon.serve` take them."""
        trainers = {
            name: {
                "command": trainer.words(),
                "models": trainer.models,
                "methods": trainer.methods,
                "hang_after": trainer.hang_after,
                "largest_log": trainer.log_limit_mb << 20,
            }
            for name, trainer in self.trainers.items()
        }
        return {**self.model_dump(exclude={"trainers"}), "trainers": trainers}


class Settings(_Strict):
    """All settings: the person's `config.toml`, and the profiles that the program added."""

    profile: str | None = None
    """The profile to use when nothing else chooses one; `fttui profile use` overrides it."""
    profiles: dict[str, Profile] = Field(default_factory=dict)
    local: Local = Field(default_factory=Local)
    """The embedded service."""

    # The cockpit's own; `ui/preferences.py` reads them before the first frame, without these models.
    keys: dict[str, str] = Field(default_factory=dict)
    """Other keys by command id: `"job.cancel" = "f8"`."""
    theme: str | None = None
    notify: list[Literal["bell", "osc9", "osc777", "title", "off"]] = Field(default=["bell"])
    """How the end of a job created here is told while nobody looks: one word, or several."""
    notify_command: list[str] = Field(default_factory=list)
    """A program and its arguments, run with the job in its environment (no shell)."""
    glyphs: Literal["auto", "unicode", "ascii"] = "auto"
    mouse: bool = True
    title: bool = True
    """Say in the terminal's title how many jobs are in which state."""

    @field_validator("notify", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    def of(self, choice: Choice) -> Profile | None:
        """The profile that was chosen; None where the choice has none (local, the environment, a URL)."""
        return self.profiles.get(choice.name) if choice.source == "profile" else None


class Own(BaseModel):
    """`profiles.toml`, which the program writes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    use: str | None = None
    profiles: dict[str, Profile] = Field(default_factory=dict)


def load() -> Settings:
    """The settings of the two files; the person's profiles win over the program's of the same name.

    Raises:
        ConfigError: a file cannot be read, or holds what is no setting.
    """
    person = Settings.model_validate(validate.person())
    own = Own.model_validate(validate.own())
    return person.model_copy(update={"profiles": {**own.profiles, **person.profiles}})


def use_profile(name: str | None) -> None:
    """Make `name` the profile in use; None leaves the choice to the configuration and the environment again.

    Raises:
        ConfigError: there is no such profile.
        OSError: it cannot be written down.
    """
    validate.both()
    if name is not None:
        choose(profile=name)

    def change(content: dict[str, Any]) -> None:
        content.pop("use", None)
        if name is not None:
            content["use"] = name

    _change(change)


def add_profile(name: str, profile: Profile) -> None:
    """Write a profile into the program's own file.

    Raises:
        ConfigError: the name is taken, or would not do.
        OSError: it cannot be written down.
    """
    check_name(name)
    if name in load().profiles:
        raise ConfigError(f"there is a profile {name} already: remove it first, or choose another name")

    def change(content: dict[str, Any]) -> None:
        content.setdefault("profiles", {})[name] = profile.model_dump(exclude_defaults=True)

    _change(change)


def remove_profile(name: str) -> None:
    """Take a profile out of the program's own file, and out of use.

    Raises:
        ConfigError: the program did not add it.
        OSError: it cannot be written down.
    """
    if name not in validate.own().get("profiles", {}):
        if name in validate.person().get("profiles", {}):
            raise ConfigError(f"the profile {name} is yours: take it out of {config_file()} by hand")
        raise ConfigError(f"there is no profile {name!r} to remove")

    def change(content: dict[str, Any]) -> None:
        content["profiles"].pop(name, None)
        if content.get("use") == name:
            del content["use"]

    _change(change)


def _change(change: Callable[[dict[str, Any]], None]) -> None:
    path = profiles_file()
    with locked(path):
        content = read_toml(path)
        change(content)
        write_toml(path, content)


def names() -> list[str]:
    """The names that `--profile` takes: those of the configuration, and the built-in ones."""
    built_in = [LOCAL, "openai"] + (["azure"] if os.environ.get("AZURE_OPENAI_ENDPOINT", "").strip() else [])
    return sorted({*load().profiles, *built_in})
