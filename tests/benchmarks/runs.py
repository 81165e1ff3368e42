"""Runs that other programs started: fttui beside epokio, `wandb leet` and finetune-doctor, and 10,000 runs.

    python -m venv /tmp/others && /tmp/others/bin/pip install epokio finetune-doctor wandb
    python -m tests.benchmarks.runs --others /tmp/others [--starts 9] [--many 10000]

The eight real runs of `tests/fixtures/curves` are written as `trainer_state.json`, as transformers would: the training
loss of each step, and the loss of each whole validation, or of every step. `wandb leet` reads files of W&B only, so it
gets the same values by `wandb` itself. The programs are started in turn in a pseudo-terminal of 120x40; times and
memory are medians. A program that is missing is left out, and named.

Six runs are sick and two are healthy (`good`, `lr-x3`). Then a directory with many runs: the time of the index at its
first and second look, against `find`. Goal: the second within 1.5 times `find`.
"""

import argparse
import contextlib
import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks.support.pty import Watched
from tests.support.simulated_runs import CURVES

SIZE = (120, 40)
SICK = ("diverge-x100", "diverge-x2000", "diverge-x300", "diverge-x40", "overfit", "overfit-small-data")
HEALTHY = ("good", "lr-x3")
FTTUI = (sys.executable, "-c", "import sys; from fttui.main import main; main()")
WRITE_WANDB = """if True:
    import json, sys, wandb
    for name, records in json.load(sys.stdin).items():
        settings = wandb.Settings(silent=True, console="off", x_disable_stats=True)
        run = wandb.init(project="curves", name=name, mode="offline", dir=sys.argv[1], settings=settings)
        for record in records:
            run.log({key: value for key, value in record.items() if key.endswith("loss")}, step=record["step"])
        run.finish()
"""


class Program(NamedTuple):
    """A program with a list of runs."""

    name: str
    command: tuple[str, ...]
    first_row: str
    """Pattern that the screen has when the first run is shown."""


def history(path: Path, epochs: int, *, each_step: bool = False) -> list[dict[str, Any]]:
    """Return the records of a curve as transformers logs them."""
    rows = list(csv.DictReader(path.open()))
    last = int(rows[-1]["step"])
    records: list[dict[str, Any]] = []
    for row in rows:
        at = {"epoch": round(int(row["step"]) / last * epochs, 4), "step": int(row["step"])}
        records.append({"loss": float(row["train_loss"]), "grad_norm": 1.0, "learning_rate": 1e-3, **at})
        if loss := row["full_valid_loss"] or (each_step and row["valid_loss"]):
            records.append({"eval_loss": float(loss), "eval_runtime": 1.0, **at})
    return records


def write_run(directory: Path, records: list[dict[str, Any]], epochs: int) -> None:
    """Write the output directory of a training that has ended, with its last checkpoint."""
    last = records[-1]["step"]
    state = {
        "best_metric": None, "best_model_checkpoint": None, "epoch": float(epochs), "eval_steps": 500,
        "global_step": last, "is_local_process_zero": True, "is_world_process_zero": True, "log_history": records,
        "logging_steps": 1, "max_steps": last, "num_train_epochs": epochs, "save_steps": 500, "stateful_callbacks": {},
        "total_flos": 1.0, "train_batch_size": 8, "trial_name": None, "trial_params": None,
    }  # fmt: skip
    text = json.dumps(state, indent=2)
    for place in (directory, directory / f"checkpoint-{last}"):
        place.mkdir(parents=True, exist_ok=True)
        (place / "trainer_state.json").write_text(text)


def write_curves(top: Path, *, each_step: bool = False) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for path in sorted(CURVES.glob("*.csv")):
        if path.stem in SICK + HEALTHY:
            epochs = 10 if path.stem.startswith("overfit") else 3
            found[path.stem] = history(path, epochs, each_step=each_step)
            write_run(top / path.stem, found[path.stem], epochs)
    return found


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a program that was never started before."""
    home.mkdir(exist_ok=True)
    return {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ} | {
        "HOME": str(home), "FTTUI_DATA_DIR": str(home / "data"), "FTTUI_CONFIG": str(home / "config.toml"),
        "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "WANDB_ERROR_REPORTING": "false",
    }  # fmt: skip


def measure(program: Program, home: Path) -> tuple[float, float]:
    """Return the seconds to the first row, and the peak memory in megabytes a second later."""
    watched = Watched(program.command, environment(home), SIZE)
    try:
        first, memory = watched.wait(program.first_row), watched.memory()
        with contextlib.suppress(EOFError):  # finetune-doctor prints and ends
            watched.calm(1.0, most=3.0)
        return first, max(memory, watched.memory())
    finally:
        watched.close()


def report_starts(programs: Sequence[Program], starts: int, top: Path) -> None:
    """Print the time to the first row of each program at its first start and at the next, and its memory."""
    first: dict[str, list[float]] = {program.name: [] for program in programs}
    later: dict[str, list[tuple[float, float]]] = {program.name: [] for program in programs}
    for number in range(starts):
        for program in programs:
            home = top / f"home-{number}"
            first[program.name].append(measure(program, home)[0])
            later[program.name].append(measure(program, home))
            shutil.rmtree(home, ignore_errors=True)
    for name in first:
        seconds, memory = (statistics.median(values) for values in zip(*later[name], strict=True))
        new = statistics.median(first[name])
        print(f"{name:<24} first row {seconds * 1000:5.0f} ms, new user {new * 1000:5.0f} ms, {memory:4.0f} MB")


def output(command: Iterable[str], home: Path) -> str:
    done = subprocess.run(
        list(command), env=environment(home) | {"COLUMNS": "200"}, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def findings_of_fttui(curves: Path, home: Path) -> dict[str, list[str]]:
    printed = output([*FTTUI, "jobs", "alarms", *SICK, *HEALTHY, "--base-url", f"file://{curves}"], home)
    rows = [line.split("\t") for line in printed.splitlines() if "\t" in line]
    return {name: [row[1] for row in rows if row[0] == name] for name in SICK + HEALTHY}


def findings_of_epokio(others: Path, curves: Path, home: Path) -> dict[str, list[str]]:
    """Return the notes on its page. Its list in the terminal shows the state of a run only."""
    script = "import sys; from pathlib import Path; from epokio.analysis import analyze\nfor name in sys.argv[2:]:\n"
    script += "    found = analyze(Path(sys.argv[1], name))\n    print(name, *[kind['kind'] for kind in found.kinds])"
    printed = output([str(others / "bin/python"), "-c", script, str(curves), *SICK, *HEALTHY], home)
    return {line.split()[0]: line.split()[1:] for line in printed.splitlines() if line}


def findings_of_doctor(others: Path, curves: Path, home: Path) -> dict[str, list[str]]:
    found = {}
    for name in SICK + HEALTHY:
        printed = output([str(others / "bin/finetune-doctor"), str(curves / name)], home)
        lines = [line.strip() for line in printed.splitlines()]
        found[name] = [line[5:].strip() for line in lines if line.startswith(("CRIT ", "WARN ", "INFO "))]
    return found


def report_findings(others: Path, curves: Path, home: Path) -> None:
    """Print the findings of each program about each run."""
    said = {"fttui": findings_of_fttui(curves, home)}
    if (others / "bin/epokio").exists():
        said["epokio (page)"] = findings_of_epokio(others, curves, home)
    if (others / "bin/finetune-doctor").exists():
        said["finetune-doctor"] = findings_of_doctor(others, curves, home)
    for name in SICK + HEALTHY:
        print(
            f"  {name:<20}",
            *(f"{program}: {', '.join(found.get(name, [])) or '-'};" for program, found in said.items()),
        )


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def report_many(many: int, top: Path) -> None:
    """Print the time of the index over many runs against that of `find`."""
    from fttui.runs.watched import Watched as Index

    path = CURVES / "good.csv"
    short = history(path, 3)[:20]
    for number in range(many):
        write_run(top / f"group-{number % 100}" / f"run-{number}", short, 3)
    # Directories that changed within two seconds are listed again.
    for directory, _, _ in os.walk(top):
        os.utime(directory, (before := time.time() - 60, before))
    find = ["find", str(top), "-name", "trainer_state.json"]
    memory = str(top.parent / "index.json")
    looked = statistics.median(seconds(lambda: subprocess.run(find, capture_output=True, check=True)) for _ in range(5))

    def look() -> None:
        index = Index([str(top)], memory)
        index.page(None, 20, time.time())
        index.save()

    first = seconds(look)
    index = Index([str(top)], memory)
    second = seconds(lambda: index.page(None, 20, time.time()))
    third = statistics.median(seconds(index.refresh) for _ in range(5))
    print(f"{many} runs: find {looked * 1000:.0f} ms, index at the first look {first * 1000:.0f} ms")
    for name, took in (("at the next start", second), ("at a further look", third)):
        print(f"  {name} {took * 1000:.0f} ms, {took / looked:.2f} times find")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--others", type=Path, required=True, help="virtual environment with the other programs")
    parser.add_argument("--starts", type=int, default=9)
    parser.add_argument("--many", type=int, default=10_000)
    given = parser.parse_args()
    top = Path(tempfile.mkdtemp(prefix="ft-bench-"))
    try:
        curves = top / "curves"
        records = write_curves(curves)
        epokio, doctor, python = (str(given.others / "bin" / name) for name in ("epokio", "finetune-doctor", "python"))
        programs = [
            Program("fttui", (*FTTUI, "runs", str(curves)), "lr-x3"),
            Program("epokio watch", (epokio, "watch", "--root", str(curves)), "lr-x3"),
            Program("finetune-doctor (1 run)", (doctor, str(curves / "good")), "good"),
        ]
        core = next(given.others.glob("lib/python*/site-packages/wandb/bin/wandb-core"), Path("wandb-core"))
        if core.exists():
            write = [python, "-c", WRITE_WANDB, str(top)]
            subprocess.run(write, input=json.dumps(records), text=True, check=True, capture_output=True)
        leet = (str(core), "leet", "run", "-no-observability", str(top / "wandb"))
        programs.append(Program("wandb leet", leet, "offline-run-2"))
        known = [program for program in programs if os.path.exists(program.command[0])]
        for program in set(programs) - set(known):
            print(f"{program.name}: not installed")
        report_starts(known, given.starts, top)
        print("findings, losses of whole validations (wandb leet has none):")
        report_findings(given.others, curves, top / "home")
        print("findings, a validation loss at each step:")
        write_curves(top / "curves-each", each_step=True)
        report_findings(given.others, top / "curves-each", top / "home")
        report_many(given.many, top / "many")
    finally:
        shutil.rmtree(top)


if __name__ == "__main__":
    main()
