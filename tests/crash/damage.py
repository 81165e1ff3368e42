"""Damage between kills: of the database, the archive, contents, models and states, and disks without room.

The database and the archive must come back by themselves. A damaged content is lost: it must be refused, and named. The
campaign then puts the sound content back.
"""

import contextlib
import itertools
import json
import os
import random
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fttui.server.launchers.trainer_process import TrainerProcess
from fttui.server.storage.descriptions import Descriptions
from fttui.server.storage.model_contents import damage as model_damage
from fttui.server.storage.model_contents import is_described
from fttui.server.trainers.tiny.job_files import Damaged, load_model
from fttui.server.trainers.tiny.network import STANDARD

if TYPE_CHECKING:
    from tests.crash.campaign import Campaign

DATABASE = ("truncate", "flip", "empty", "remove")
CONTENTS = ("uploaded file", "result file", "checkpoint", "state")
ARCHIVE = ("truncated archive", "flipped archive")
FULL_DISK = "full disk"
ALL = (*DATABASE, *CONTENTS, *ARCHIVE, FULL_DISK)

LARGEST = 2 << 20
"""Bytes of the largest file when a limit stands for a full disk: the database fits, an upload does not."""


class Damage:
    """Damage of one campaign, one kind after another. The service is killed before each."""

    def __init__(self, campaign: "Campaign", chance: random.Random, kinds: tuple[str, ...], disk: str = "") -> None:
        """
        Args:
            disk: mount point of a small file system with the home directory; empty where there is none.
        """
        self._campaign = campaign
        self._random = chance
        self._kinds = itertools.cycle(chance.sample(kinds, len(kinds)))
        self._disk = disk
        self.done: Counter[str] = Counter()
        self._known: set[str] = set()
        """Names of archives that were set aside."""
        self.states: set[str] = set()
        """Jobs whose trainer must set its state aside."""

    def apply(self) -> str:
        """Kill the service, and do the next damage that is possible now. Return what was done.

        Raises:
            Broken: the damage was not noticed, or something was lost.
        """
        self._campaign.kill_service()
        for kind in self._kinds:
            if done := self._apply(kind):
                self.done[kind] += 1
                return done
        raise AssertionError("the kinds never end")

    def _apply(self, kind: str) -> str:
        """Do one kind of damage. Return what was done; an empty string if there is nothing to damage yet."""
        if kind in DATABASE:
            return self._damage_database(kind)
        if kind in ARCHIVE:
            return self._damage_archive(kind)
        if kind == FULL_DISK:
            return self._fill_disk()
        return {
            "uploaded file": lambda: self._damage_file("blob-"),
            "result file": lambda: self._damage_file("step_metrics"),
            "checkpoint": self._damage_checkpoint,
            "state": self._damage_state,
        }[kind]()

    # The database

    def _damage_database(self, how: str) -> str:
        home = self._campaign.home
        names = [name for name in ("service.db", "service.db-wal") if os.path.exists(os.path.join(home, name))]
        name = self._random.choice(names)
        path = Path(home, name)
        if how == "remove":
            path.unlink()
        elif how == "flip":
            path.write_bytes(self._flipped(path.read_bytes(), self._random.choice((1, 5, 150))))
        else:
            os.truncate(path, 0 if how == "empty" else self._random.randrange(path.stat().st_size + 1))
        return f"{how} {name}"

    def _flipped(self, content: bytes, bits: int) -> bytes:
        data = bytearray(content)
        for _ in range(bits if data else 0):
            data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
        return bytes(data)

    def _damaged(self, content: bytes) -> bytes:
        """Return a content that is shorter, or has other bits."""
        if self._random.random() < 0.3:
            return content[: self._random.randrange(len(content))]
        changed = content
        while changed == content:  # two flips may undo each other
            changed = self._flipped(content, self._random.choice((1, 5, 150)))
        return changed

    # Contents, models and states

    def _damage_file(self, prefix: str) -> str:
        files = Path(self._campaign.home, "files")
        descriptions = Descriptions(os.path.join(self._campaign.home, "descriptions"))
        described = {id: found.row for id in descriptions.ids() if (found := descriptions.read(id)) is not None}
        rows = {id: row for id, row in described.items() if "filename" in row}  # not parts of uploads
        wanted = [id for id, row in rows.items() if row["filename"].startswith(prefix) and (files / id).stat().st_size]
        known = set(self._campaign.uploaded) if prefix == "blob-" else set(wanted)
        if not (wanted := sorted(known & set(wanted))):
            return ""
        id = self._random.choice(wanted)
        with self._replaced(files / id), self._campaign.client() as client:
            answer = client.get(f"/files/{id}/content")
            if answer.status_code != 500 or f"The content of {id} ({rows[id]['filename']})" not in answer.text:
                self._campaign.broken(f"damage of {id} was not noticed: {answer.status_code}")
            self._campaign.kill_service()
        return f"{rows[id]['filename']} named"

    @contextlib.contextmanager
    def _replaced(self, path: Path) -> Iterator[None]:
        """Put a damaged file in the place of a sound one during the block. Links to the sound one stay."""
        kept, sound = Path(self._campaign.home, "kept"), path.read_bytes()
        os.rename(path, kept)
        path.write_bytes(self._damaged(sound))
        try:
            yield
        finally:
            os.replace(kept, path)

    def _damage_checkpoint(self) -> str:
        found = sorted(Path(self._campaign.home, "jobs").glob("*/step-*.bin"))
        found = [path for path in found if not TrainerProcess(str(path.parent)).is_alive()]
        if not found:
            return ""
        path = self._random.choice(found)
        with self._replaced(path):
            if is_described(str(path.parent)) and not model_damage(str(path)):
                self._campaign.broken(f"damage of {path} has a right checksum")
            try:
                load_model(str(path), STANDARD)
                self._campaign.broken(f"damage of {path} was not noticed")
            except Damaged as error:
                return f"{error}"
        return ""

    def _damage_state(self) -> str:
        """Damage the state of a job. Its next trainer computes the same numbers again."""
        found = sorted(Path(self._campaign.home, "jobs").glob("*/state.bin"))
        found = [path for path in found if path.parent.name not in self.states | set(self._campaign.ended)]
        found = [path for path in found if path.parent.name in self._campaign.accepted]
        found = [path for path in found if b'"result"' not in (path.parent / "progress.jsonl").read_bytes()]
        if not found:
            return ""
        path = self._random.choice(found)
        process = TrainerProcess(str(path.parent))
        while process.is_alive():
            process.signal(signal.SIGKILL)
        if b'"result"' in (path.parent / "progress.jsonl").read_bytes():
            return ""
        path.write_bytes(self._damaged(path.read_bytes()))
        self.states.add(path.parent.name)
        return f"state of {path.parent.name}"

    def check_states(self) -> None:
        """Check that each damaged state was named in an event of its job.

        Raises:
            Broken: one was not.
        """
        for id in self.states:
            messages = [event["message"] for event in self._campaign.events[id].values()]
            if not any("The saved state cannot be used: state.bin is damaged" in message for message in messages):
                self._campaign.broken(f"{id}: the damage of its state was not noticed")

    # The archive

    def _fttui(self, *arguments: str) -> str:
        """Run a command with the data directory of the campaign. Return its output."""
        data = os.path.dirname(self._campaign.home)
        config = Path(data, "config.toml")
        config.write_text("[local]\nmax_running = 2\n", encoding="utf-8")
        variables = {"FTTUI_DATA_DIR": data, "FTTUI_CONFIG": str(config)}
        command = [sys.executable, "-m", "fttui", *arguments]
        done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)
        if done.returncode:
            self._campaign.broken(f"fttui {' '.join(arguments)} exits with {done.returncode}: {done.stderr}")
        return done.stdout if "--json" in arguments else done.stderr

    def _archived(self) -> dict[str, Any]:
        listed = self._fttui("--offline", "--profile", "local", "jobs", "list", "--all", "--json")
        return {job["id"]: job for job in json.loads(listed)["data"]}

    def _damage_archive(self, kind: str) -> str:
        path = Path(os.path.dirname(self._campaign.home), "archive.db")
        self._fttui("--profile", "local", "archive", "sync")
        self._campaign.kill_service()
        before = path.read_bytes()
        path.write_bytes(
            before[: self._random.randrange(len(before))]
            if kind == "truncated archive"
            else self._flipped(before, self._random.choice((1, 5, 150)))
        )
        with self._campaign.client() as client:  # a job may end during the synchronization
            jobs = {job["id"]: job for job in self._campaign.every(client, "/fine_tuning/jobs", 100)}
        told = self._fttui("--profile", "local", "archive", "sync")
        self._campaign.kill_service()
        aside = [name for name in os.listdir(path.parent) if name.startswith("archive.db.aside-")]
        aside = [name for name in aside if not name.endswith(("-wal", "-shm"))]
        if any(name not in told for name in set(aside) - self._known):
            self._campaign.broken(f"the archive was set aside without a message: {told}")
        self._known = set(aside)
        archived = self._archived()
        if lost := set(jobs) - set(archived):
            self._campaign.broken(f"jobs are missing in the archive after a synchronization: {lost}")
        ended = [id for id, job in jobs.items() if job["finished_at"]]
        if wrong := [id for id in ended if archived[id]["status"] != jobs[id]["status"]]:
            self._campaign.broken(f"jobs in the archive differ: {wrong}")
        return kind

    # A disk without room

    def _fill_disk(self) -> str:
        """Start the service without room, and check everything. Then make room again."""
        with self._without_room():
            with self._campaign.client() as client:
                content = b"x" * (4 << 20)
                answer = client.post("/files", data={"purpose": "batch"}, files={"file": ("blob-none.bin", content)})
                if answer.status_code == 200:  # a job that ended has made room
                    self._campaign.uploaded[answer.json()["id"]] = content
                elif answer.status_code != 507:
                    self._campaign.broken(f"an upload to a full disk was answered with {answer.status_code}")
                self._campaign.check(client)
            self._campaign.kill_service()
        return FULL_DISK

    @contextlib.contextmanager
    def _without_room(self) -> Iterator[None]:
        if self._disk:
            ballast = os.path.join(self._disk, "ballast")
            fill(ballast)
            try:
                yield
            finally:
                os.unlink(ballast)
            return
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill(path: str) -> None:
    """Write a file until the disk is full."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    size = 64 << 20
    end = 0
    while size >= 4096:
        try:
            os.posix_fallocate(file, end, size)
            end += size
        except OSError:
            size //= 2
    os.close(file)


@contextlib.contextmanager
def small_disk(path: str, megabytes: int) -> Iterator[bool]:
    """Mount a small file system at a directory during the block. Yield False where that is not allowed."""
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", path]
    try:
        mounted = subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", path], check=True)
