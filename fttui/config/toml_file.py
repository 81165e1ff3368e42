"""Read TOML files. Standard library only: the first frame reads the configuration."""

from fttui import bounded
from fttui.config import simple_toml
from fttui.config.errors import ConfigError
from fttui.lean_typing import Any

LARGEST = bounded.MEGABYTE
"""Greatest size of a TOML file, in bytes."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_toml(path: str) -> dict[str, Any]:
    """Return the content of a TOML file, empty if the file does not exist.

    Raises:
        ConfigError: the file cannot be read or is not TOML. The message names file and line, never content.
    """
    text = read_text(path)
    if (found := simple_toml.parse(text)) is not None:
        return found
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None


def read_text(path: str) -> str:
    """Return the text of a TOML file, empty if the file does not exist.

    Raises:
        ConfigError: the file cannot be read or is not text.
    """
    try:
        return bounded.read_file(path, LARGEST).removeprefix(_BYTE_ORDER_MARK).decode()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text") from None
