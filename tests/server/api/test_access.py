"""Key files of `fttui serve`."""

import os
from pathlib import Path

import pytest

from fttui.server.api.access import read_keys
from fttui.server.home import ServiceError

ONE, TWO = "sk-one-" + "1" * 16, "sk-two-" + "2" * 16


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.touch(0o600)
    return path


@pytest.mark.parametrize(
    "content",
    [
        f"{ONE}\n{TWO}\n".encode(),
        f"\ufeff{ONE}\n{TWO}\n".encode(),
        f"\ufeff{ONE}\r\n\r\n  {TWO}  \r\n".encode(),
        f"# keys of the team\n{ONE}\n  # second\n{TWO}".encode(),
        f"\ufeff# keys\n{ONE}\n{TWO}\n#{'x' * 20}\n".encode(),
    ],
)
def test_a_key_file_is_read_as_meant(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert read_keys(str(file)) == [ONE, TWO]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602])
def test_a_key_file_of_other_users_is_refused(file: Path, mode: int) -> None:
    file.write_text(ONE)
    file.chmod(mode)
    with pytest.raises(ServiceError, match=f"Other users can read or write .*chmod 600 {file}|mode {mode:04o}"):
        read_keys(str(file))


def test_a_key_file_that_belongs_to_another_user_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(ONE)
    owner = os.stat(file).st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    if owner == 0:
        assert read_keys(str(file)) == [ONE], "root can read every file"
    else:
        with pytest.raises(ServiceError, match="belongs to another user"):
            read_keys(str(file))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"# first\n{ONE}\n{'x' * 15}\n".encode(), r"The key on line 3 .* has 15 characters"),
        (b"\xef\xbb\xbfsk-one\nsk-two\n", r"The key on line 1 .* has 6 characters"),
        (f"{ONE} # the key of the laptop".encode(), r"Line 1 .* has spaces"),
        ("schlüssel-schlüssel".encode(), r"Line 1 .* outside ASCII"),
        (f"{ONE}\n{TWO}\n".encode("utf-16"), "is not UTF-8 text"),
        (b"# nothing\n\n", "is empty"),
    ],
)
def test_an_unusable_key_file_is_refused_with_the_reason(file: Path, content: bytes, reason: str) -> None:
    file.write_bytes(content)
    with pytest.raises(ServiceError, match=reason) as caught:
        read_keys(str(file))
    assert "sk-" not in str(caught.value)
    assert "schl" not in str(caught.value)
