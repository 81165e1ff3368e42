"""Check of the directories that fttui writes to. Standard library only: the first frame waits for it."""

from fttui.config.errors import ConfigError
from fttui.config.paths import data_dir, state_dir
from fttui.own_files import others_can_write
from fttui.text import clean_line


def check_directories() -> None:
    """Refuse directories of data and state that other users can write to: a profile in them can name a command to run.

    Raises:
        ConfigError: a directory is refused.
    """
    for directory in dict.fromkeys((data_dir(), state_dir())):
        if reason := others_can_write(directory):
            raise ConfigError(
                f"the directory {clean_line(directory)} is refused: {reason}\n"
                f"Make it private (chmod go-w {clean_line(directory)}), or set FTTUI_DATA_DIR to a different directory."
            )
