"""Saved view: save, load and damaged files."""

from pathlib import Path

from fttui.ui.cockpit.saved_view import SavedView, load, save


def test_a_saved_view_is_loaded_again(tmp_path: Path) -> None:
    file = str(tmp_path / "state.toml")
    memory = SavedView(
        sort="loss",
        reverse=True,
        wrap=True,
        splits={"normal": -2, "huge": 1},
        theme="nord",
        columns=("id", "model:30"),
        status=4,
    )
    save(file, memory)
    assert load(file) == (memory, "")


def test_without_a_file_the_view_is_the_default(tmp_path: Path) -> None:
    assert load(str(tmp_path / "none.toml")) == (SavedView(), "")


def test_a_damaged_file_is_renamed_and_reported(tmp_path: Path) -> None:
    file = tmp_path / "state.toml"
    file.write_text("sort = [", encoding="utf-8")
    memory, word = load(str(file))
    assert memory == SavedView()
    assert "state.toml.broken" in word
    assert (tmp_path / "state.toml.broken").read_text(encoding="utf-8") == "sort = ["


def test_unknown_and_invalid_values_are_ignored(tmp_path: Path) -> None:
    file = tmp_path / "state.toml"
    lines = ('sort = "weight"', "times = 7", "wrap = true", "future = 1", "status = 9", 'tab = "curve"')
    tables = ('columns = ["id", "colour"]', "[splits]", "wide = 99", "huge = true")
    file.write_text("\n".join((*lines, *tables)), encoding="utf-8")
    assert load(str(file))[0] == SavedView(wrap=True, splits={"wide": 6})


def test_names_of_columns_from_older_versions_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "state.toml"
    file.write_text('sort = "tuned"\ncolumns = ["suffix", "tuned:40", "loss:9"]', encoding="utf-8")
    view = load(str(file))[0]
    assert (view.sort, view.columns) == ("fine_tuned_model", ("suffix", "fine_tuned_model:40", "loss:9"))
