"""View settings saved between sessions in `state.toml`. `config.toml` belongs to the user and is never written."""

import os

from fttui.lean_typing import Any, NamedTuple
from fttui.ui.cockpit.arrangement import TABS
from fttui.ui.cockpit.list_view import SORTS, STATUS_KEYS
from fttui.ui.render.columns import is_column, present_name
from fttui.ui.render.curve_style import AXES, SMOOTHINGS, CurveStyle
from fttui.ui.render.log_lines import TIMES


class SavedView(NamedTuple):
    """View settings of the last session."""

    sort: str = "age"
    reverse: bool = False
    wrap: bool = False
    hides_metrics: bool = False
    times: str = "local"
    tab: str = "curve"
    splits: dict[str, int] = {}
    """Steps by which the user enlarged the list (negative: shrank it), by layout name."""
    theme: str = ""
    columns: tuple[str, ...] = ()
    """Column names, optionally with a width (`model:20`). Empty for the default columns."""
    filter: str = ""
    """Filter text saved with `:w`."""
    status: int = 0
    """Status filter saved with `:w`: a key of `list_view.STATUS_KEYS`, or 0."""
    hint_step: int = 0
    """Hint that is shown next: an index in `first_hints.HINTS`."""
    hint_starts: int = 0
    """Starts in which it was shown."""
    curve_log: bool = False
    curve_whole: bool = False
    curve_smoothing: str = "auto"
    curve_axis: str = "step"

    @property
    def curve(self) -> CurveStyle:
        """Look of the curve."""
        return CurveStyle(self.curve_log, self.curve_whole, self.curve_smoothing, self.curve_axis)


def load(file: str) -> tuple[SavedView, str]:
    """Load the saved view.

    Returns:
        The view, and a message when the file was unreadable and has been renamed, else an empty string.
    """
    from fttui.config.errors import ConfigError
    from fttui.config.toml_file import read_toml

    try:
        content = read_toml(file)
    except ConfigError:
        aside = file + ".broken"
        try:
            os.replace(file, aside)
        except OSError:
            return SavedView(), ""
        return SavedView(), f"The saved view could not be read. It was renamed to {aside}."
    return _checked(content), ""


def save(file: str, view: SavedView) -> None:
    """Save the view. Write errors are ignored: losing the view does no harm."""
    from fttui.config.toml_writing import write_toml

    try:
        write_toml(file, view._asdict())
    except OSError:
        return


def _checked(content: dict[str, Any]) -> SavedView:
    """Keep known members of the right type. A different version may have written the file."""
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in content.items()
        if name in SavedView._fields
    }
    view = SavedView()._replace(
        **{name: value for name, value in known.items() if type(value) is type(SavedView._field_defaults[name])}
    )
    view = view._replace(
        sort=present_name(view.sort),
        columns=tuple(present_name(name) if isinstance(name, str) else name for name in view.columns),
    )
    if view.sort not in SORTS:
        view = view._replace(sort="age", reverse=False)
    if view.status not in STATUS_KEYS:
        view = view._replace(status=0)
    if not all(isinstance(name, str) and is_column(name) for name in view.columns):
        view = view._replace(columns=())
    if view.times not in TIMES:
        view = view._replace(times="local")
    if view.tab not in TABS:
        view = view._replace(tab="curve")
    if view.curve_smoothing not in SMOOTHINGS:
        view = view._replace(curve_smoothing="auto")
    if view.curve_axis not in AXES:
        view = view._replace(curve_axis="step")
    splits = {name: max(-6, min(6, steps)) for name, steps in view.splits.items() if type(steps) is int}
    return view._replace(splits=splits)
