"""What the check passes, the embedded service takes; what the service refuses, the check calls an error."""

from pathlib import Path

import pytest

from fttui.data.check import check_file
from fttui.server.datacheck import BadData, check
from tests.check import zoo

LOCAL = [beast for beast in zoo.BEASTS if beast.kind in ("chat", "tools", "images", "dpo", "completion")]


@pytest.mark.parametrize("beast", LOCAL, ids=lambda beast: f"{beast.code}-{beast.kind}-{beast.member}")
def test_what_the_service_refuses_is_an_error(tmp_path: Path, beast: zoo.Beast) -> None:
    method = zoo.KINDS[beast.kind][1]
    path = tmp_path / "train.jsonl"
    path.write_bytes(zoo.data(beast))
    report = check_file(str(path), method=method, model="fttui-tiny-1", place="local")
    try:
        check(str(path), method, "training_file")
    except BadData as refused:
        assert not report.ok, refused
