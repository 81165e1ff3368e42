"""Draw the pictures in this directory from a real run of the embedded service: `python screenshots/make.py`.

The service runs in a temporary directory, apart from the jobs of the user, and is stopped afterwards. The pictures of
several providers show the fakes of the tests. An argument draws one group alone: `local`, `providers`, or `runs`, the
runs that other programs started.
"""

import asyncio
import json
import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fttui.core.session import Session
    from fttui.models.row import JobRow
    from fttui.store.port import StorePort
    from fttui.ui.app import FttuiApp

HERE = Path(__file__).resolve().parent
SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}


async def until(seen: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait until `seen` returns true."""
    async with asyncio.timeout(seconds):
        while not seen():
            await asyncio.sleep(0.1)


# Runs of the sample data: suffix, hyperparameters. One of the three learning rates diverges.
RUNS = (
    ("lr-1", {"n_epochs": 3, "learning_rate_multiplier": 1}),
    ("lr-3", {"n_epochs": 3, "learning_rate_multiplier": 3}),
    ("lr-300", {"n_epochs": 3, "learning_rate_multiplier": 300}),
)
OVERFITTED = ("ten-epochs", {"n_epochs": 10, "batch_size": 1, "learning_rate_multiplier": 2})
JOBS_OF_PROVIDERS = 13
SHOWN_FROM = 640
"""Step of the overfitted run from which pictures are drawn. It has 900 steps."""


class Studio:
    """The cockpit on the embedded service, at any size, and its pictures."""

    def app(self) -> "FttuiApp":
        """Return a new cockpit."""
        from fttui.config import choose
        from fttui.core.connect import Options
        from fttui.core.session import open_session
        from fttui.store.snapshot import Snapshot
        from fttui.ui.app import FttuiApp
        from fttui.ui.render.glyphs import UNICODE
        from fttui.ui.render.status_line import ServiceInfo

        chosen = choose.choose()
        assert chosen.is_local
        place = ServiceInfo(chosen.name, "this machine", True, False, "")
        return FttuiApp(lambda _: open_session(Options()), place, Snapshot(), UNICODE)

    def save(self, cockpit: "FttuiApp", name: str) -> None:
        """Write what the cockpit shows as a picture."""
        picture = cockpit.export_screenshot(title="fttui")
        # Without web fonts the viewer uses its own monospace font and fetches nothing.
        picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.S)
        (HERE / f"{name}.svg").write_text(picture, encoding="utf-8")
        print(HERE.joinpath(f"{name}.svg").relative_to(HERE.parent))


def row_of(cockpit: "FttuiApp", suffix: str) -> "JobRow | None":
    rows = cockpit.main.model.snapshot.rows.values()
    return next((row for row in rows if row.suffix == suffix), None)


def is_over(cockpit: "FttuiApp", suffix: str) -> bool:
    row = row_of(cockpit, suffix)
    return row is not None and row.status.is_final


async def train(store: "StorePort") -> None:
    """Create the jobs of the pictures."""
    from fttui.core.samples import SAMPLE_JOB, sample_path
    from fttui.models.spec import JobSpec

    training, validation = (sample_path(SAMPLE_JOB[name]) for name in ("training_file", "validation_file"))
    assert training is not None
    assert validation is not None
    files = [await store.upload(path) for path in (training, validation)]
    small = Path(os.environ["FTTUI_DATA_DIR"]) / "small.jsonl"
    small.write_text("".join(Path(training).read_text(encoding="utf-8").splitlines(keepends=True)[:20]))
    bad = small.with_name("bad.jsonl")
    bad.write_text('{"messages": [{"role": "user", "content": "no answer"}]}\n' * 12, encoding="utf-8")
    few, wrong = await store.upload(str(small)), await store.upload(str(bad))
    model = SAMPLE_JOB["model"]
    # The form refuses the last file, so the jobs are created through the store.
    await store.create(JobSpec(model=model, training_file=wrong.id, suffix="tools-v1"))
    for suffix, settings in RUNS:
        spec = JobSpec(model=model, training_file=files[0].id, validation_file=files[1].id, suffix=suffix, seed=1)
        await store.create(spec.model_copy(update={"method": "supervised", "hyperparameters": settings}))
    settings = {"n_epochs": 10, "learning_rate_multiplier": 2}
    spec = JobSpec(model=model, training_file=few.id, validation_file=files[1].id, suffix="small-data", seed=1)
    await store.create(spec.model_copy(update={"method": "supervised", "hyperparameters": settings}))
    suffix, settings = OVERFITTED
    spec = JobSpec(model=model, training_file=files[0].id, validation_file=files[1].id, suffix=suffix, seed=1)
    await store.create(spec.model_copy(update={"method": "supervised", "hyperparameters": settings}))


async def make() -> None:
    from fttui.ui.widgets.line_view import TextRow

    studio = Studio()
    first = studio.app()
    async with first.run_test(size=SIZES["80x24"]) as pilot:
        await until(lambda: first.main.model.store is not None)
        await pilot.press("a")
        await until(lambda: "steps" in "".join(row.text for row in first.screen.query(TextRow)))
        studio.save(first, "create-80x24")
        await pilot.press("escape")
        store = first.main.model.store
        assert store is not None
        await train(store)
        for suffix, _ in RUNS:
            await until(lambda: is_over(first, suffix), 400)  # noqa: B023
        await until(lambda: is_over(first, "small-data") and is_over(first, "tools-v1"), 400)
        await pilot.press("question_mark")
        await pilot.pause()
        studio.save(first, "help-80x24")
        await pilot.press("escape")
        await until(lambda: (row := row_of(first, "ten-epochs")) is not None and (row.step or 0) >= SHOWN_FROM, 400)
    await first.close()
    for name, size in SIZES.items():
        cockpit = studio.app()
        async with cockpit.run_test(size=size) as pilot:
            await until(lambda: cockpit.main.model.store is not None)  # noqa: B023
            await until(lambda: cockpit.main.log_view.event_count > 30)  # noqa: B023
            await pilot.press("g")
            await asyncio.sleep(0.5)
            await pilot.pause()
            studio.save(cockpit, f"overview-{name}")
        await cockpit.close()
    await make_screens(studio)
    await make_try(studio)
    await make_offline(studio.save)


async def make_screens(studio: Studio) -> None:
    """Draw the big curve, a comparison, a question, and the tabs."""
    for name, size in (("80x24", SIZES["80x24"]), ("120x40", SIZES["120x40"])):
        cockpit = studio.app()
        async with cockpit.run_test(size=size) as pilot:
            await until(lambda: cockpit.main.log_view.event_count > 30)  # noqa: B023
            await pilot.press("g", "b", *["left"] * 50)
            await pilot.pause()
            studio.save(cockpit, f"curve-{name}")
            await pilot.press("escape", "slash", *"lr", "enter", "asterisk", "C")
            await pilot.pause()
            studio.save(cockpit, f"compare-{name}")
            await pilot.press("escape", "escape", "0", "g")
            if name == "80x24":
                await pilot.press("c")
                await pilot.pause()
                studio.save(cockpit, "cancel-80x24")
                await pilot.press("n")
                for tab in ("detail", "log", "checkpoints", "files"):
                    await pilot.press("right_square_bracket")
                    await pilot.pause()
                    studio.save(cockpit, f"{tab}-80x24")
        await cockpit.close()


async def make_try(studio: Studio) -> None:
    """Ask the base model and the tuned model of a run of the sample data."""
    from fttui.ui.try_screen.screen import TryScreen

    for name in ("80x24", "120x40"):
        cockpit = studio.app()
        async with cockpit.run_test(size=SIZES[name]) as pilot:
            await until(lambda: cockpit.main.model.store is not None)  # noqa: B023
            await until(lambda: is_over(cockpit, "lr-1"))  # noqa: B023
            await until(lambda: cockpit.main.log_view.event_count > 30)  # noqa: B023
            await pilot.press("slash", *"lr-1", "enter", "p")
            await until(lambda: isinstance(cockpit.screen, TryScreen))  # noqa: B023
            await pilot.press("n")
            await until(lambda: getattr(cockpit.screen, "prompt").text.count("has ended") == 2)  # noqa: B009, B023
            await pilot.pause()
            studio.save(cockpit, f"try-{name}")
        await cockpit.close()


async def make_offline(save: Callable[["FttuiApp", str], None]) -> None:
    """Show the same jobs over TCP, from a service that is then stopped."""
    from fttui.core.connect import Options
    from fttui.core.session import open_session
    from fttui.store.snapshot import Snapshot
    from fttui.ui.app import FttuiApp
    from fttui.ui.render.glyphs import UNICODE
    from fttui.ui.render.status_line import ServiceInfo

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = await asyncio.create_subprocess_exec(sys.executable, "-m", "fttui", "serve", "--port", str(port))
    options = Options(base_url=f"http://127.0.0.1:{port}/v1")
    place = ServiceInfo(f"127.0.0.1:{port}", f"127.0.0.1:{port}", False, False, "")
    cockpit = FttuiApp(lambda _: open_session(options), place, Snapshot(), UNICODE)
    async with cockpit.run_test(size=SIZES["80x24"]) as pilot:
        await until(lambda: cockpit.main.log_view.event_count > 10)
        server.terminate()
        await server.wait()
        await until(lambda: "OFFLINE" in cockpit.main.status_row.text)
        await pilot.pause()
        save(cockpit, "offline-80x24")
    await cockpit.close()


async def make_providers(save: Callable[["FttuiApp", str], None]) -> None:
    """Show jobs of OpenAI and of all living providers in one list, and compare two of them."""
    from fttui.config.paths import config_file
    from fttui.core.connect import Options
    from fttui.core.session import open_merged_session
    from fttui.store.snapshot import Snapshot
    from fttui.ui.app import FttuiApp
    from fttui.ui.messages import ProfileChosen
    from fttui.ui.render.glyphs import UNICODE
    from fttui.ui.render.status_line import ALL, ServiceInfo
    from tests.support.providers.accounts import KEY, VARIABLE, Accounts

    os.environ[VARIABLE] = KEY
    accounts = Accounts(time.time())
    async with accounts.running() as config:
        Path(config_file()).write_text(config, encoding="utf-8")
        for name, size in SIZES.items():
            place = ServiceInfo("work", "127.0.0.1", False, False, "")
            cockpit = FttuiApp(lambda _: open_merged_session(Options(), accounts.places), place, Snapshot(), UNICODE)
            async with cockpit.run_test(size=size) as pilot:
                cockpit.main.post_message(ProfileChosen(ALL))
                await until(lambda: len(cockpit.main.model.snapshot.rows) == JOBS_OF_PROVIDERS)  # noqa: B023
                await until(lambda: sum(row.loss is not None for row in cockpit.main.model.rows().values()) > 7)  # noqa: B023
                await asyncio.sleep(1)
                for suffix in ("support-v4", "support-llama"):
                    found = row_of(cockpit, suffix)
                    assert found is not None
                    cockpit.main.presenter.move_to_job(found.id)
                    await until(lambda: cockpit.main.log_view.event_count > 30)  # noqa: B023
                    await pilot.press("space")
                await until(lambda: "connecting" not in cockpit.main.status_row.text)  # noqa: B023
                await pilot.press("g", *["down"] * 4)
                await asyncio.sleep(1)
                await until(lambda: cockpit.main.log_view.event_count > 30)  # noqa: B023
                await pilot.pause()
                save(cockpit, f"providers-{name}")
                await pilot.press("C")
                await pilot.pause()
                if name != "200x60":
                    save(cockpit, f"providers-compare-{name}")
            await cockpit.close()


async def make_runs(studio: Studio, directory: Path) -> None:
    """Show a hosted job, a job of the embedded service, and a run of TRL in one list."""
    from fttui.core.connect import Options
    from fttui.core.session import open_merged_session, open_session
    from fttui.store.snapshot import Snapshot
    from fttui.ui.app import FttuiApp
    from fttui.ui.messages import ProfileChosen
    from fttui.ui.render.glyphs import UNICODE
    from fttui.ui.render.status_line import ALL, ServiceInfo
    from tests.support.fault_server import in_thread
    from tests.support.hf_runs import from_curve
    from tests.support.providers import together
    from tests.support.simulated_runs import CURVES, real_run

    scratch = directory / "scratch"
    from_curve(scratch / "trl-sft-qwen3", CURVES / "overfit.csv")
    adapter = {"base_model_name_or_path": "Qwen/Qwen3-0.6B", "r": 16}
    (scratch / "trl-sft-qwen3" / "adapter_config.json").write_text(json.dumps(adapter))
    began = time.time() - 7200
    times = {
        "created_at": together.iso(began),
        "started_at": together.iso(began),
        "updated_at": together.iso(began + 600),
    }
    (fake := together.FakeTogether()).put(hosted := together.job(1, suffix="support-v4", **times))
    run = real_run("lr-x3")
    losses = zip(run.train.steps, run.train.values, strict=True)
    fake.metrics[hosted["id"]] = [together.row(int(step), loss, began + 2 * step) for step, loss in losses]
    with in_thread(fake.server):
        Path(os.environ["FTTUI_CONFIG"]).write_text(
            f'[profiles.work]\nprovider = "together"\nbase_url = "{fake.server.url}"\n'
            f'api_key_env = "PICTURE_KEY"\n'
            f'[profiles.scratch]\nprovider = "runs"\ndirectory = "{scratch}"\n'
        )
        os.environ["PICTURE_KEY"] = together.KEY
        await train_one(await open_session(Options(profile="local")))
        place = ServiceInfo("local", "this machine", True, False, "")
        profiles = ["local", "work", "scratch"]
        for name in ("80x24", "120x40"):
            cockpit = FttuiApp(lambda _: open_merged_session(Options(), profiles), place, Snapshot(), UNICODE)
            async with cockpit.run_test(size=SIZES[name]) as pilot:
                cockpit.main.post_message(ProfileChosen(ALL))
                await until(lambda: len(cockpit.main.model.snapshot.rows) == 3)  # noqa: B023
                await until(lambda: all(row.loss for row in cockpit.main.model.snapshot.rows.values()))  # noqa: B023
                cockpit.main.presenter.move_to_job("scratch/trl-sft-qwen3")
                await pilot.pause(1.0)
                studio.save(cockpit, f"runs-{name}")
            await cockpit.close()


async def train_one(session: "Session") -> None:
    """Train one job of the sample data."""
    from fttui.core.samples import SAMPLE_JOB, sample_path
    from fttui.models.spec import JobSpec

    polling = asyncio.create_task(session.poller.run())
    await until(lambda: session.client is not None)
    store = session.store
    files = [await store.upload(sample_path(SAMPLE_JOB[name]) or "") for name in ("training_file", "validation_file")]
    spec = JobSpec(
        model=SAMPLE_JOB["model"], training_file=files[0].id, validation_file=files[1].id, suffix="local-v1", seed=1
    )
    made = await store.create(spec.model_copy(update={"hyperparameters": {"n_epochs": 1}}))
    await until(lambda: made.id in store.snapshot.rows and store.snapshot.rows[made.id].status.is_final)
    polling.cancel()
    await asyncio.gather(polling, return_exceptions=True)
    await session.close()


def main() -> None:
    sys.path.insert(0, str(HERE.parent))  # the fakes of the tests
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "AZURE_", "FTTUI_"))]:
        del os.environ[name]
    makers: dict[str, Callable[[Path], Coroutine[Any, Any, None]]] = {
        "local": lambda _: make(),
        "providers": lambda _: make_providers(Studio().save),
        "runs": lambda directory: make_runs(Studio(), directory),
    }
    for name in sys.argv[1:] or makers:
        with tempfile.TemporaryDirectory() as directory:
            os.environ |= {"FTTUI_DATA_DIR": directory, "FTTUI_CONFIG": os.path.join(directory, "config.toml")}
            from fttui.config.paths import service_dir
            from fttui.server import control

            try:
                asyncio.run(makers[name](Path(directory)))
            finally:
                control.stop(service_dir())


if __name__ == "__main__":
    main()
