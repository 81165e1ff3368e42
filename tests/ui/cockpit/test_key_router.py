"""Order of the handlers of a key: prompt, active pane, screen."""

from fttui.commands import COMMANDS
from fttui.ui.cockpit.key_router import KeyRouter
from fttui.ui.widgets.prompt import PromptRow


class FakePrompt(PromptRow):
    """Prompt that takes every key but f1 to f12 while it is open."""

    def __init__(self) -> None:
        super().__init__()
        self.open = False
        self.taken: list[str] = []

    @property
    def takes_keys(self) -> bool:
        return self.open

    def key(self, key: str, character: str | None) -> bool:
        if key.startswith("f"):
            return False
        self.taken.append(key)
        return True

    def fade(self) -> None:
        pass


class Cockpit:
    """Router whose handlers record their calls."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.pane = "jobs"
        self.prompt = FakePrompt()

        async def opens_a_screen() -> None:
            self.seen.append("screen help")

        self.router = KeyRouter(
            COMMANDS,
            self.prompt,
            lambda: self.pane,
            {"files": {"export": lambda: self.seen.append("files export")}},
            {
                "export": lambda: self.seen.append("screen export"),
                "move.down": lambda: self.seen.append("screen move"),
                "help": opens_a_screen,
            },
            lambda: self.seen.append("caught up"),
        )


async def test_active_pane_comes_before_the_screen() -> None:
    cockpit = Cockpit()
    assert await cockpit.router.press("e", "e")
    cockpit.pane = "files"
    assert await cockpit.router.press("e", "e")
    assert cockpit.seen == ["caught up", "screen export", "caught up", "files export"]


async def test_open_prompt_takes_the_key_unless_it_has_no_use_for_it() -> None:
    cockpit = Cockpit()
    cockpit.prompt.open = True
    assert await cockpit.router.press("e", "e")
    assert cockpit.prompt.taken == ["e"]
    assert await cockpit.router.press("f1", None)
    assert cockpit.seen == ["caught up", "caught up", "screen help"]


async def test_movement_does_not_wait_for_the_panes() -> None:
    cockpit = Cockpit()
    assert await cockpit.router.press("down", None)
    assert cockpit.seen == ["screen move"]


async def test_key_without_a_command_is_not_handled() -> None:
    cockpit = Cockpit()
    assert not await cockpit.router.press("f12", None)


async def test_character_finds_the_command_when_the_key_name_does_not() -> None:
    cockpit = Cockpit()
    assert await cockpit.router.press("latin_small_letter_e", "e")
    assert "screen export" in cockpit.seen


async def test_closed_router_ignores_commands() -> None:
    cockpit = Cockpit()
    cockpit.router.close()
    assert await cockpit.router.press("e", "e")
    assert "screen export" not in cockpit.seen
