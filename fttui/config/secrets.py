"""API keys: find the key of a service, and keep it out of output. fttui never stores keys."""

import os
from typing import NoReturn

from fttui.config.choose import Choice
from fttui.config.errors import ConfigError, NoKey
from fttui.config.providers import PROVIDERS, is_place_of
from fttui.config.schema import Profile
from fttui.key_command import KeyCommandError, printed_key
from fttui.text import clean_line


class Secret:
    """A key. It is not shown when printed, formatted, logged or pickled; only `reveal` returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the key itself, for the request header only."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        from hmac import compare_digest

        return isinstance(other, Secret) and compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


def find_key(choice: Choice, profile: Profile | None) -> tuple[Secret | None, str]:
    """Return the key of a service and its source in words; None if the service may work without a key.

    A key goes only to the service it belongs to: a profile uses only the key that it names, a provider's own variable
    goes only to its hosts, and `OPENAI_API_KEY` only to OpenAI, `OPENAI_BASE_URL`, and `--base-url` of an unknown host.
    A key command may take seconds.

    Raises:
        NoKey: the service needs a key and there is none, or the named source has none.
        ConfigError: the profile names the keyring, which is not installed.
    """
    if choice.is_local or choice.is_watched:
        return None, ""
    if choice.source == "profile":
        if profile is None:
            raise ConfigError(f"profile {choice.name} has no settings")
        return _by_profile(choice, profile)
    variables = _variables(choice)
    for variable in variables:
        if value := os.environ.get(variable, "").strip():
            return _checked(value, variable), variable
    if choice.source == "azure" or is_place_of(choice.provider, choice.base_url or ""):
        if command := PROVIDERS[choice.provider].key_command:
            raise NoKey(f'no key for {choice.base_url}: use a profile with api_key_command = "{command}"')
        raise NoKey(f"no key for {choice.base_url}: set {variables[0]}, or choose a different service with --profile")
    return None, ""


def _variables(choice: Choice) -> tuple[str, ...]:
    """Return the environment variables that may have the key of a service without a profile, best first.

    OpenAI's key never goes to the known host of a different provider, unless `OPENAI_BASE_URL` leads there.
    """
    if choice.source == "azure":
        return ("AZURE_OPENAI_API_KEY",)
    own = PROVIDERS[choice.provider].key
    if PROVIDERS[choice.provider].key_command:
        return ()
    if choice.provider in ("openai", "azure") or not own:
        return ("OPENAI_API_KEY",)
    return (own, "OPENAI_API_KEY") if choice.source == "openai" else (own,)


def _by_profile(choice: Choice, profile: Profile) -> tuple[Secret | None, str]:
    whose = f"profile {choice.name}"
    if profile.api_key_env:
        value = os.environ.get(profile.api_key_env, "").strip()
        if not value:
            raise NoKey(f"{whose}: {profile.api_key_env} is not set; the profile takes its key from this variable")
        return _checked(value, profile.api_key_env), f"{profile.api_key_env} ({whose})"
    if profile.api_key_command:
        return _checked(_run(profile.api_key_command, whose), whose), f"the key command of {whose}"
    if profile.api_key_keyring:
        return _checked(_keyring(profile.api_key_keyring, whose), whose), f"the keyring ({whose})"
    if choice.provider == "azure" or is_place_of(choice.provider, choice.base_url or ""):
        known = PROVIDERS[choice.provider]
        if known.key_command:
            raise NoKey(f'{whose} names no key: set api_key_command = "{known.key_command}"')
        raise NoKey(f'{whose} names no key: set api_key_env = "{known.key}", api_key_command or api_key_keyring')
    return None, ""


def _checked(value: str, where: str) -> Secret:
    # Other characters cannot be sent in a header. The message must not contain the value.
    if not (value.isascii() and value.isprintable()):
        raise NoKey(f"the key from {where} contains invalid characters, such as a line break")
    return Secret(value)


def _run(command: str | list[str], whose: str) -> str:
    try:
        return printed_key(command)
    except KeyCommandError as error:
        raise NoKey(f"the key command of {whose} {error}") from None


def _keyring(entry: str, whose: str) -> str:
    try:
        import keyring  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        from fttui.install import install_line

        raise ConfigError(
            f"{whose} takes its key from the keyring, which is not installed: {install_line('keyring')}"
        ) from None
    service, _, user = entry.partition("/")
    try:
        value = keyring.get_password(service, user or "fttui")
    except Exception as error:  # backends of keyring raise errors of any class
        raise NoKey(f"the keyring failed for {whose}: {clean_line(str(error))[:200]}") from None
    if not value:
        raise NoKey(f"the keyring has no key {entry} for {whose}")
    return str(value).strip()
