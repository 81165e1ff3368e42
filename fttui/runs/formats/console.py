"""Lines of a console: progress bars and control codes left out, levels, and the error of a program that failed."""

import re

from fttui.runs.formats.base import FoundLine

LONGEST = 4000
"""Characters of a line that are kept."""
_CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_BAR = re.compile(
    r"\d%\|[^|]{0,200}\|[^\[]{0,100}\[[^\]]{0,100}(?:it/s|s/it|\?it|\w/s)|it/s\]\s{0,8}$|\d+/\d+ \[\d\d:\d\d<"
)
_METRICS = re.compile(r"\{'[\w./-]+': .*'epoch': .*\}")
"""Dictionary that the Trainer of transformers prints. Its numbers are points."""
_ERROR = re.compile(
    r"\b(?:ERROR|CRITICAL|FATAL)\b|Traceback \(most recent call last\)|^(?:\w+\.)*\w*(?:Error|Exception)\b:"
)
_WARN = re.compile(r"\bWARN(?:ING)?\b|Warning:")
_RAISED = re.compile(r"((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Interrupt|Exit|Warning))(?::\s*(.*))?")
_KILLED = re.compile(r"slurmstepd: error: .*(?:OOM|CANCELLED|oom).*|Killed|Segmentation fault.*|Bus error.*|Aborted.*")


def shown(raw: str) -> str:
    """Return the text of a line as a terminal shows it at the end: after its last carriage return, without codes."""
    text = raw.rstrip("\r")
    if "\r" in text:
        text = next((part for part in reversed(text.split("\r")) if part.strip()), "")
    return (_CONTROL.sub("", text) if "\x1b" in text else text)[:LONGEST].rstrip()


def is_bar(text: str) -> bool:
    """Return whether a line is the state of a progress bar."""
    return "/" in text and bool(_BAR.search(text))


def line(raw: str, time: float | None = None) -> FoundLine | None:
    """Return a line of a log, or None for empty lines, progress bars and metrics of transformers."""
    text = shown(raw)
    if not text or is_bar(text) or (_METRICS.fullmatch(text.strip()) and "'train_runtime'" not in text):
        return None
    level = "error" if _ERROR.search(text) else "warn" if _WARN.search(text) else "info"
    return FoundLine(time, level, text)


class ErrorWatch:
    """Recognises the end of a traceback, and the words of a shell about a killed process, in lines that arrive."""

    def __init__(self) -> None:
        self.error = ""
        """Last error, empty while there is none."""
        self._is_inside = False

    def add(self, text: str) -> None:
        """Look at the next line."""
        if text.startswith("Traceback (most recent call last)"):
            self._is_inside = True
        elif self._is_inside and text and not text[0].isspace():
            if found := _RAISED.fullmatch(text.strip()):
                self.error, self._is_inside = text.strip()[:500], False
                if found[1].endswith("KeyboardInterrupt"):
                    self.error = "KeyboardInterrupt"
        elif _KILLED.fullmatch(text):
            self.error = text.strip()[:500]

    def forget(self) -> None:
        """Take the last error back: the training goes on."""
        self.error, self._is_inside = "", False
