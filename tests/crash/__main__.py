"""`python -m tests.crash`: a long crash campaign. Prints each kill, and exits 1 after damage."""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

from fttui.server import control
from tests.crash.campaign import Broken, Campaign, compare
from tests.crash.damage import ALL, small_disk

SIZE = 768
"""Megabytes of the disk that is filled between kills."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--damage", action="store_true", help="also damage files after each kill")
    options = parser.parse_args()
    parent = tempfile.mkdtemp(prefix="ft-crash-")
    homes = [os.path.join(parent, name, "service") for name in ("killed", "left")]
    os.mkdir(os.path.dirname(homes[0]))
    with small_disk(os.path.dirname(homes[0]), SIZE) if options.damage else contextlib.nullcontext(False) as mounted:
        code = run(options, parent, homes, os.path.dirname(homes[0]) if mounted else "")
    if not code:
        shutil.rmtree(parent)
    return code


def run(options: argparse.Namespace, parent: str, homes: list[str], disk: str) -> int:
    campaign = Campaign(
        homes[0],
        seed=options.seed,
        kills=options.kills,
        jobs=options.jobs,
        epochs=options.epochs,
        damage=ALL if options.damage else (),
        disk=disk,
        report=lambda line: print(line, flush=True),
    )
    began = time.monotonic()
    try:
        done = campaign.run()
        compare(homes[1], campaign)
    except Broken as error:
        print(f"BROKEN (seed {options.seed}): {error}", file=sys.stderr)
        if disk:  # it is gone when the disk is
            control.stop(homes[0])
            subprocess.run(["cp", "-a", os.path.dirname(homes[0]), os.path.join(parent, "kept")], check=False)
        print(f"The directory is kept: {parent}", file=sys.stderr)
        return 1
    finally:
        for home in homes:
            control.stop(home)
    files, events = len(campaign.uploaded), sum(map(len, campaign.events.values()))
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(done.items()))
    print(
        f"{sum(done.values())} kills ({kinds}) over {len(campaign.accepted)} jobs, seed {options.seed}: "
        f"{events} events and {files} files, none lost, duplicated, damaged or changed, "
        f"in {time.monotonic() - began:.0f} s"
    )
    if campaign.damage is not None:
        print("damage: " + ", ".join(f"{count} {kind}" for kind, count in sorted(campaign.damage.done.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
