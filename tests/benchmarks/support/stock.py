"""What the cockpit is measured against.

`stock.py hello` is the least Textual can be, `stock.py skeleton 1000` the usual way to build three panes: a
DataTable of so many jobs, a Static and a Log.
"""

import sys

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import DataTable, Log, Static


class Hello(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("hello-world")


class Skeleton(App[None]):
    CSS = """
    DataTable { width: 55%; height: 1fr; }
    #detail { width: 1fr; height: 1fr; border-left: solid grey; }
    Log { height: 8; border-top: solid grey; }
    """
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, jobs: int) -> None:
        super().__init__()
        self._rows = [
            ("succeeded", f"ftjob-{number:08}", "gpt-4.1-nano-2025-04-14", "270/270", "0.7312", "3h")
            for number in range(jobs, 0, -1)
        ]

    def compose(self) -> ComposeResult:
        yield Static(f"skeleton  {len(self._rows)} jobs")
        with Horizontal():
            yield DataTable(cursor_type="row")
            yield Static("", id="detail")
        yield Log()

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns("ST", "ID", "MODEL", "STEP", "LOSS", "AGE")
        table.add_rows(self._rows)
        table.focus()
        self.query_one(Log).write_line("No events yet.")

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        names = ("status", "id", "model", "step", "loss", "age")
        lines = [f"{name}: {value}" for name, value in zip(names, self._rows[event.cursor_row], strict=True)]
        self.query_one("#detail", Static).update("\n".join(lines))


if __name__ == "__main__":
    (Hello() if sys.argv[1] == "hello" else Skeleton(int(sys.argv[2]))).run()
