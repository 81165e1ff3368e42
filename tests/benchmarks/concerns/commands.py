"""Commands beside Python itself and beside the same list by the official SDK. Each is a process of its own."""

import sys
import tempfile
from collections.abc import Collection, Sequence

from tests.benchmarks.concerns.concern import Concern, Effort, Figures, Row
from tests.benchmarks.support.processes import FTTUI, environment, run, serving

FEW = 1000
"""Jobs of the smaller account."""
PYTHON = (sys.executable, "-c", "pass")
SDK = """
import sys, openai
client = openai.OpenAI(api_key="sk-x", base_url=sys.argv[1], max_retries=0)
for job in client.fine_tuning.jobs.list(limit=100):
    print(job.id, job.status, job.model, job.created_at, sep="\\t")
"""

_REASON = "most of it is the start of Python with click, httpx and pydantic"

ROWS = (
    Row("C1", "fttui --version / python -c pass, wall", 3.0, "version wall", "pass wall"),
    Row("C2", "jobs list --all of 1,000 jobs / the SDK, CPU", 0.5, "list cpu", "sdk cpu", _REASON),
    Row("C2", "jobs list --all of 1,000 jobs / the SDK, wall", 0.5, "list wall", "sdk wall", _REASON),
    Row("C3", "jobs list --all --json, memory: 100,000 / 1,000 jobs", 1.2, "many memory", "few memory"),
)


def measure(numbers: Collection[str], effort: Effort) -> Figures:
    figures = Figures()
    pages = "tests.benchmarks.support.pages"
    with tempfile.TemporaryDirectory() as home:
        variables = environment(home)

        def note(name: str, command: Sequence[str]) -> None:
            spent = run(command, variables)
            for resource, value in spent._asdict().items():
                figures.setdefault(f"{name} {resource}", []).append(value)

        if "C1" in numbers:
            for _run in range(effort.runs):
                note("version", (*FTTUI, "--version"))
                note("pass", PYTHON)
        with serving(pages, FEW) as few:
            if "C2" in numbers:
                for _run in range(effort.runs):
                    note("list", list_command(few))
                    note("sdk", (sys.executable, "-c", SDK, few))
            if "C3" in numbers:
                with serving(pages, effort.size(100_000, 5000)) as many:
                    note("many", list_command(many, "--json"))
                    note("few", list_command(few, "--json"))
    return figures


def list_command(url: str, *more: str) -> tuple[str, ...]:
    return (*FTTUI, "--base-url", url, "jobs", "list", "--all", *more)


CONCERN = Concern("commands", ROWS, measure)
