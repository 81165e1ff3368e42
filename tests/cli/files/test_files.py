"""`fttui files` and `fttui models`."""

import base64
import os
import pty
from pathlib import Path

from tests.cli.conftest import Fttui
from tests.support.fault_server import cut, refuse
from tests.support.service import NOW, Service


def test_upload_prints_the_id(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(b"{}\n")
    result = fttui("files", "upload", "t.jsonl")
    assert (result.code, result.out, result.err) == (0, "file-000\n", "")
    assert service.contents["file-000"] == b"{}\n"
    assert fttui("files", "upload", "t.jsonl", "--json").json == service.files["file-001"]


def test_upload_of_a_missing_file_or_directory_is_a_usage_error(fttui: Fttui, service: Service) -> None:
    for path in ("none.jsonl", "."):
        result = fttui("files", "upload", path)
        assert (result.code, service.lines) == (2, [])


def test_failed_upload_is_not_repeated(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(b"{}\n")
    service.faults["POST /files"] = [refuse(500, "boom")]
    assert fttui("files", "upload", "t.jsonl").code == 1
    assert service.lines == ["POST /files"]


def test_files_are_listed_shown_and_deleted(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode())
        fttui("files", "upload", name)
    service.files["file-001"]["created_at"] = NOW + 1
    result = fttui("files", "list")
    assert [row[:2] for row in result.cells] == [["file-001", "1"], ["file-000", "1"]]
    newest = [service.files["file-001"], service.files["file-000"]]
    assert fttui("files", "list", "--json").json == {"object": "list", "data": newest, "has_more": False}
    assert fttui("files", "list", "--limit", "1", "--json").json["has_more"] is True
    assert fttui("files", "get", "file-000", "--json").json == service.files["file-000"]
    assert dict(fttui("files", "get", "file-000").cells)["purpose"] == "fine-tune"
    refused = fttui("files", "delete", "file-000")
    assert (refused.code, len(service.files)) == (2, 2)
    assert fttui("files", "delete", "file-000", "--yes").out == "file-000\n"
    gone = fttui("files", "delete", "file-000", "file-001", "--yes", "--json")
    assert (gone.code, gone.json["data"]) == (1, [{"id": "file-001", "object": "file", "deleted": True}])


def test_download_to_stdout_is_unchanged(fttui: Fttui, service: Service) -> None:
    content = bytes(range(32, 127)) * 5000
    service.contents["file-1"] = content
    assert fttui("files", "download", "file-1").out.encode() == content
    assert fttui("files", "download", "file-1", "-o", "-").out.encode() == content


def test_file_is_not_written_to_a_terminal_under_any_name(fttui: Fttui, service: Service) -> None:
    service.contents["file-1"] = b"\x1b[2J\x07"
    controller, terminal = pty.openpty()
    try:
        path = os.ttyname(terminal)
        result = fttui("files", "download", "file-1", "-o", path, "--force")
        assert (result.code, service.lines) == (2, [])
        assert "is not written to a terminal" in result.err
        assert fttui("files", "download", "file-1", "--csv", "-o", path, "--force").code == 2
    finally:
        os.close(controller)
        os.close(terminal)


def test_download_replaces_a_file_only_with_force(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    service.contents["file-1"] = os.urandom(300_000)
    path = tmp_path / "out.csv"
    result = fttui("files", "download", "file-1", "-o", "out.csv")
    assert (result.code, result.out, result.err) == (0, "", "Wrote out.csv\n")
    assert path.read_bytes() == service.contents["file-1"]
    asked = len(service.lines)
    again = fttui("files", "download", "file-1", "-o", "out.csv")
    assert (again.code, len(service.lines)) == (2, asked)
    assert "--force" in again.err
    service.contents["file-1"] = b"new"
    assert fttui("files", "download", "file-1", "-o", "out.csv", "--force").code == 0
    assert path.read_bytes() == b"new"
    assert [found.name for found in tmp_path.iterdir() if found.is_file()] == ["out.csv"]


def test_result_file_is_downloaded_as_csv(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    table = "step,train_loss\n1,0.5\n"
    service.contents["file-1"] = base64.b64encode(table.encode())
    assert fttui("files", "download", "file-1", "--csv").out == table
    assert fttui("files", "download", "file-1", "--csv", "-o", "out.csv").code == 0
    assert (tmp_path / "out.csv").read_text() == table
    service.contents["file-1"] = b"something else"
    result = fttui("files", "download", "file-1", "--csv")
    assert (result.code, result.out) == (2, "")
    assert "not a result file" in result.err


def test_interrupted_download_leaves_no_file(fttui: Fttui, service: Service, tmp_path: Path) -> None:
    service.faults["GET /files/file-1/content"] = [cut(b"half")]
    result = fttui("files", "download", "file-1", "-o", "out.csv")
    assert result.code == 3
    assert list(tmp_path.glob("out*")) == []


def test_unusable_target_is_refused_before_any_request(fttui: Fttui, service: Service) -> None:
    for path in ("nowhere/out.csv", "."):
        result = fttui("files", "download", "file-1", "-o", path)
        assert (result.code, service.lines) == (2, [])


def test_models_are_listed_and_deleted(fttui: Fttui, service: Service) -> None:
    service.models = [
        {"id": "gpt-x", "object": "model", "created": NOW, "owned_by": "system", "shutdown_date": "2027-01-06"},
        {"id": "ft:gpt-x:org::abc", "object": "model", "created_at": NOW, "owned_by": "org"},
    ]
    assert fttui("models", "list").lines == [
        "gpt-x\t2027-01-15T08:00:00Z\tsystem\t2027-01-06",
        "ft:gpt-x:org::abc\t2027-01-15T08:00:00Z\torg\t",
    ]
    assert fttui("models", "list", "--json").json["data"] == service.models
    assert fttui("models", "delete", "ft:gpt-x:org::abc").code == 2
    assert fttui("models", "delete", "ft:gpt-x:org::abc", "--yes", "--json").json["deleted"] is True
    assert fttui("models", "delete", "gpt-9", "--yes").code == 1


def test_files_and_models_are_listed_offline(fttui: Fttui, service: Service) -> None:
    service.files = {
        "file-1": {"id": "file-1", "purpose": "fine-tune", "filename": "a", "created_at": NOW},
        "file-2": {"id": "file-2", "purpose": "fine-tune-results", "filename": "b", "created_at": NOW + 1},
    }
    service.models = [{"id": "base", "object": "model"}]
    nothing = fttui("files", "list", "--offline")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "No files in the archive.\n")
    assert fttui("models", "list", "--offline").err == "No models in the archive.\n"
    assert fttui("files", "list").code == fttui("models", "list").code == 0
    asked = len(service.lines)
    offline = fttui("files", "list", "--offline", "--json").json
    assert offline == {"object": "list", "data": [service.files["file-2"], service.files["file-1"]], "has_more": False}
    assert [row[0] for row in fttui("files", "list", "--offline", "--purpose", "fine-tune").cells] == ["file-1"]
    assert fttui("--offline", "files", "list", "--limit", "1", "--json").json["has_more"] is True
    assert fttui("models", "list", "--offline", "--json").json["data"] == service.models
    assert len(service.lines) == asked, "nothing was asked"
