"""The panes about the job under the cursor: curve, detail, log, checkpoints and files, with facts in their titles."""

from collections.abc import Callable, Mapping, Sequence

from fttui.ui.panes.checkpoints import CheckpointsView
from fttui.ui.panes.curve import CurveView
from fttui.ui.panes.detail import DetailView
from fttui.ui.panes.files import FilesView
from fttui.ui.panes.log import LogView
from fttui.ui.panes.titled import TitledPane
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.log_lines import LogStyle


class SidePanes:
    """Panes beside the list."""

    def __init__(self, glyphs: Glyphs, now: Callable[[], float], look: LogStyle, chart: str = "auto") -> None:
        """
        Args:
            chart: value of the setting `chart`.
        """
        self._glyphs = glyphs
        self.curve = CurveView(glyphs, chart)
        self.detail = DetailView()
        self.log_view = LogView(now, look, glyphs.missing)
        self.checkpoints = CheckpointsView(glyphs, now)
        self.files = FilesView()
        views = {
            "curve": self.curve,
            "detail": self.detail,
            "log": self.log_view,
            "checkpoints": self.checkpoints,
            "files": self.files,
        }
        self.panes = {name: TitledPane(name, glyphs, view) for name, view in views.items()}

    def show_titles(
        self, tabs: Mapping[str, Sequence[str]], active: str, job_names: Sequence[str], curve_facts: Sequence[str]
    ) -> None:
        """Update the titles of the visible panes.

        Args:
            tabs: visible panes, each with all panes that share its place.
            active: the active pane.
            job_names: names of the selected job, the longest first; a title has the first that fits.
            curve_facts: facts of the curve, the longest first.
        """
        self.files.set_active(active == "files")
        self.checkpoints.set_active(active == "checkpoints")
        states = {"log": self._log_state, "checkpoints": self._checkpoints_state, "files": self._files_state}
        dot = f" {self._glyphs.dot} "
        for name, names in tabs.items():
            if name == "jobs":
                continue
            if name == "curve":
                ends = list(curve_facts)
            elif name == "detail":
                ends = [self._detail_state(each) for each in job_names or ("",)]
            else:
                parts = states[name]()
                leads = [] if "detail" in tabs else [[each] for each in job_names]  # the detail says which job it is
                ends = [dot.join([*lead, *parts]) for lead in leads or [[]]]
                # The last facts leave first.
                shorter = (parts[:number] for number in range(len(parts) - 1, 0, -1))
                last = leads[-1] if leads else []
                ends += [*(dot.join([*last, *some]) for some in shorter), *last]
            self.panes[name].show_title(names, active, ends)

    def _detail_state(self, name: str) -> str:
        detail = self.detail
        if not detail.search:
            return name
        total = detail.matches
        where = f"{detail.match_number} of {total}" if detail.match_number else f"{total}x"
        return f"{name} {self._glyphs.dot} {where} {detail.search!r}"

    def _log_state(self) -> list[str]:
        log = self.log_view
        parts = ["follow" if log.follow else f"{log.unseen} new" if log.unseen else "f follows"]
        if log.log_style.search:  # first, because the end may be cut
            where = f"{log.match_number} of {log.matches}" if log.match_number else f"{log.matches}x"
            parts = [f"{'only ' if log.log_style.only else ''}{where} {log.log_style.search!r}"]
            parts += [f"{log.unseen} new"] if log.unseen else []
        place = 1 if log.log_style.search else 0
        if log.log_style.level != "info":
            parts.insert(place, f"{log.log_style.level}+")
        if log.log_style.hides_metrics:
            parts.insert(place, "no metrics")
        return [*parts, f"newest {log.event_count}" if log.has_older else f"{log.event_count} events"]

    def _checkpoints_state(self) -> list[str]:
        judged = self.checkpoints.table.judged
        best = judged.best.step if judged.best is not None else None
        return [str(len(judged.rows) or "none"), *([f"best at step {best}"] if best is not None else [])]

    def _files_state(self) -> list[str]:
        files = self.files
        own, total = files.own, len(files.keys)
        words = f"{own} of {total} in this job" if total > own else "1 file" if own == 1 else f"{own} files"
        return [*([f"{len(files.marks)} marked"] if files.marks else []), words]
