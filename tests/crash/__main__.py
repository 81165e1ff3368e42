"""`python -m tests.crash`: a long crash campaign. Prints each kill, and exits 1 after damage."""

import argparse
import os
import shutil
import sys
import tempfile
import time

from fttui.server import control
from tests.crash.campaign import Broken, Campaign, compare


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--damage", action="store_true", help="also damage the database of the service after each kill")
    options = parser.parse_args()
    parent = tempfile.mkdtemp(prefix="ft-crash-")
    homes = [os.path.join(parent, name) for name in ("killed", "left")]
    campaign = Campaign(
        homes[0],
        seed=options.seed,
        kills=options.kills,
        jobs=options.jobs,
        epochs=options.epochs,
        damage=options.damage,
        report=lambda line: print(line, flush=True),
    )
    began = time.monotonic()
    try:
        done = campaign.run()
        compare(homes[1], campaign)
    except Broken as error:
        print(f"BROKEN (seed {options.seed}): {error}", file=sys.stderr)
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
    shutil.rmtree(parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
