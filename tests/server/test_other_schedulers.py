"""Scripts of docs/other-schedulers.md, with a stand-in for the programs of the schedulers."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.server.conftest import until

PAGE = Path(__file__).parents[2] / "docs" / "other-schedulers.md"
SCHEDULERS = ("kubernetes", "skypilot", "dstack")

STAND_IN = r"""#!/bin/sh
# kubectl, sky and dstack: jobs are processes of this machine, files in $STATE.
echo "$(basename "$0") $*" >>"$STATE/calls"
[ ! -e "$STATE/away" ] || exit 1
alive() { [ -e "$STATE/$1" ]; }
run() {
    echo submitted >>"$STATE/submissions"
    touch "$STATE/$1"
    # The process ends with its job: `exec` keeps the id.
    (sh -c 'echo $$ >"$0"; exec "$1" "$2"' "$STATE/pid-$1" "$ON_NODE" "$2"; rm "$STATE/$1") >/dev/null 2>&1 &
}
end() { alive "$1" && kill -TERM "$(cat "$STATE/pid-$1")"; }
case "$(basename "$0") $1 $2" in
"kubectl get job") ! alive "$3" || printf '%s ' "$3" ;;
"kubectl delete job") end "$3" || true ;;
"kubectl create -f")
    text=$(cat)
    run "$(printf '%s' "$text" | sed -n 's/.*name: \(fttui-[0-9]*\).*/\1/p')" \
        "$(printf '%s' "$text" | sed -n 's/.*on-node", "\(.*\)"\].*/\1/p')" ;;
"sky queue lab")
    echo "ID  NAME  STATUS"
    ls "$STATE" | sed -n 's/^fttui-\(.*\)$/\1  fttui-\1  RUNNING/p' ;;
"sky exec lab") run "$5" "${10}" ;;
"sky cancel -y") end "fttui-$4" ;;
"dstack run get") if alive "$3"; then echo '{"status": "running"}'; else echo "Run $3 not found"; exit 1; fi ;;
"dstack apply -f") run "$5" "${7#DIRECTORY=}" ;;
dstack\ stop\ *) end "$2" ;;
*) echo "unknown: $*" >>"$STATE/calls"; exit 2 ;;
esac
"""


class Remote:
    """Directory of a job, and the scripts of the page."""

    def __init__(self, root: Path, scheduler: str) -> None:
        self.scheduler = scheduler
        self.state, self.job, programs = root / "state", root / "ftjob-Ab1", root / "bin"
        for directory in (self.state, self.job, programs):
            directory.mkdir()
        (self.job / "training.jsonl").write_text("{}\n")
        page = PAGE.read_text(encoding="utf-8")
        for name, text in re.findall(r"<!-- script: (\S+) -->\n```sh\n(.*?)```", page, re.DOTALL):
            self._write(programs / name, text.replace("/shared/fttui/on-node", str(programs / "on-node")))
        for name in ("kubectl", "sky", "dstack"):
            self._write(programs / name, STAND_IN)
        (manifest,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
        (root / "fttui-job.yaml").write_text(manifest)
        self.trainer = root / "trainer"
        self.program = str(programs / "remote-train")
        self.variables = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(root),
            "STATE": str(self.state),
            "ON_NODE": str(programs / "on-node"),
            "TRAINER": str(self.trainer),
            "PAUSE": "0.02",
        }

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o700)

    def start(self, trainer: str) -> "subprocess.Popen[bytes]":
        """Start the command, as the service does; `trainer` is a shell script."""
        self._write(self.trainer, f"#!/bin/sh\n{trainer}\n")
        words = [self.program, self.scheduler, str(self.job)]
        return subprocess.Popen(words, env=self.variables, stdin=subprocess.DEVNULL, start_new_session=True)

    def submissions(self) -> int:
        path = self.state / "submissions"
        return len(path.read_text().splitlines()) if path.exists() else 0


WAITING = "trap 'echo saved >saved; exit 143' TERM; touch started; while [ ! -e go ]; do sleep 0.02; done; exit 3"


@pytest.fixture(params=SCHEDULERS)
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Remote:
    return Remote(tmp_path, request.param)


def test_command_that_is_killed_finds_its_job_again_and_passes_the_exit_code_on(remote: Remote) -> None:
    first = remote.start(WAITING)
    until((remote.job / "started").exists)
    first.kill()
    first.wait()
    second = remote.start(WAITING)
    (remote.job / "go").touch()
    assert (second.wait(60), remote.submissions()) == (3, 1), (remote.state / "calls").read_text()
    assert "Submitted as fttui-" in (remote.job / "progress.jsonl").read_text()
    assert not (remote.job / "remote-exit").exists()


def test_stop_reaches_the_trainer_which_saves(remote: Remote) -> None:
    command = remote.start(WAITING)
    until((remote.job / "started").exists)
    command.terminate()
    assert command.wait(60) == 143, (remote.state / "calls").read_text()
    assert (remote.job / "saved").exists()


def test_cancelled_job_ends_on_its_node_although_its_command_was_killed(tmp_path: Path) -> None:
    remote = Remote(tmp_path, "kubernetes")
    command = remote.start(WAITING)
    until((remote.job / "started").exists)
    command.kill()
    command.wait()
    (remote.job / "training.jsonl").unlink()
    until((remote.job / "saved").exists)


def test_lost_job_counts_as_killed_and_a_silent_scheduler_is_waited_for(tmp_path: Path) -> None:
    remote = Remote(tmp_path, "kubernetes")
    command = remote.start(WAITING)
    until((remote.job / "started").exists)
    (remote.state / "away").touch()
    calls = remote.state / "calls"
    seen = len(calls.read_text().splitlines())
    until(lambda: len(calls.read_text().splitlines()) > seen + 9)
    assert command.poll() is None
    next(remote.state.glob("fttui-*")).unlink()
    (remote.state / "away").unlink()
    assert command.wait(60) == 137
    (remote.job / "go").touch()
