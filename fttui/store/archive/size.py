"""Size of the archive, by profile."""

import os
from typing import NamedTuple

from fttui.store.archive import schema
from fttui.store.archive.archive import Archive


class Share(NamedTuple):
    """Contents of the archive for one profile."""

    profile: str
    jobs: int
    gone: int
    """Jobs that the provider no longer lists."""
    events: int
    checkpoints: int
    contents: int
    """Result files with content."""
    bytes: int
    """Bytes of JSON and contents. The file on the disk is larger."""


def shares(archive: Archive) -> list[Share]:
    """Return the share of each profile, by name."""

    def ask(sql: str) -> dict[str, tuple[int, ...]]:
        found: list[tuple[object, ...]] = archive.database.query(sql)
        return {str(row[0]): tuple(int(str(value or 0)) for value in row[1:]) for row in found}

    of_job = "FROM {} t JOIN jobs j ON j.key = t.job JOIN profiles p ON p.key = j.profile GROUP BY p.name"
    jobs = ask(
        "SELECT p.name, count(j.key), sum(j.gone_at IS NOT NULL) "
        "FROM profiles p LEFT JOIN jobs j ON j.profile = p.key GROUP BY p.name"
    )
    bodies = ask(f"SELECT p.name, sum(length(raw)) {of_job.format('bodies')}")
    events = ask(f"SELECT p.name, count(*), sum(length(raw)) {of_job.format('events')}")
    checkpoints = ask(f"SELECT p.name, count(*), sum(length(raw)) {of_job.format('checkpoints')}")
    samples = ask(f"SELECT p.name, count(*), sum(length(raw)) {of_job.format('samples')}")
    files = ask(
        "SELECT p.name, count(f.content), sum(coalesce(length(f.content), 0) + coalesce(length(f.raw), 0)) "
        "FROM files f JOIN profiles p ON p.key = f.profile GROUP BY p.name"
    )
    none = (0, 0)
    return [
        Share(
            name,
            jobs[name][0],
            jobs[name][1],
            events.get(name, none)[0],
            checkpoints.get(name, none)[0],
            files.get(name, none)[0],
            bodies.get(name, (0,))[0] + sum(part.get(name, none)[1] for part in (events, checkpoints, samples, files)),
        )
        for name in sorted(jobs)
    ]


def on_disk(path: str) -> dict[str, int]:
    """Return the size of each of the archive's files by path, with SQLite's own files and files set aside."""
    found: dict[str, int] = {}
    folder = os.path.dirname(path)
    wanted = {os.path.basename(path), os.path.basename(schema.beside(path))}
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return {}
    for name in names:
        stem = name.split(".aside-")[0].removesuffix("-wal").removesuffix("-shm")
        if stem in wanted:
            try:
                found[os.path.join(folder, name)] = os.path.getsize(os.path.join(folder, name))
            except OSError:
                continue
    return found
