"""What the check passes, the embedded service takes; what the service refuses, the check calls an error."""

from pathlib import Path

import pytest

from fttui.data.check import check_file
from fttui.server.jobs.data_check import BadData, check
from tests.data import zoo

SERVICE_KNOWS = ("not_json", "not_object", "no_role", "unknown_role", "too_few", "no_assistant", "bad_arguments")

LOCAL = [beast for beast in zoo.BEASTS if beast.kind in ("chat", "tools", "images", "dpo", "completion")]


@pytest.mark.parametrize("beast", LOCAL, ids=lambda beast: f"{beast.code}-{beast.kind}-{beast.member}")
def test_what_the_service_refuses_is_an_error(tmp_path: Path, beast: zoo.Beast) -> None:
    method = zoo.KINDS[beast.kind][1]
    path = tmp_path / "train.jsonl"
    path.write_bytes(zoo.data(beast))
    report = check_file(str(path), method=method, model="fttui-tiny-1", provider="local")
    if report.ok:
        assert check(str(path), method, "training_file") >= 10
    elif beast.code in SERVICE_KNOWS:
        with pytest.raises(BadData):
            check(str(path), method, "training_file")
