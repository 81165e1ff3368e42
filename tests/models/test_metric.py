"""Metrics as CSV."""

import base64

import pytest

from fttui.models.metric import Point, points_csv, points_of_result_files, result_csv

FORMULAS = ("=HYPERLINK(1)", "+cmd", "-cmd", "@SUM(1)", "\t=1")
NUMBERS = ("-1", "+2.5", "-1e-7", "0.5")


def test_names_of_metrics_that_are_formulas_are_quoted_in_csv() -> None:
    header, values = points_csv([Point(1, {**dict.fromkeys(FORMULAS, -0.5), "loss": 1e-9})]).splitlines()
    assert header == "step," + ",".join(f"'{name}" for name in FORMULAS) + ",loss"
    assert values == "1," + "-0.5," * len(FORMULAS) + "1e-09"


@pytest.mark.parametrize("encode", [bytes, base64.b64encode])
def test_formulas_in_result_files_are_quoted_and_numbers_stay(encode: type[bytes]) -> None:
    content = f'step,=1+1,{",".join("abcdefgh")}\n1,"=1,2",{",".join((*FORMULAS[1:], *NUMBERS))}\n'.encode()
    header, values = result_csv(encode(content)).decode().splitlines()
    assert header.startswith("step,'=1+1,a,")
    assert values == "1,\"'=1,2\",'+cmd,'-cmd,'@SUM(1),'\t=1,-1,+2.5,-1e-7,0.5"


def test_result_file_without_formulas_is_unchanged() -> None:
    content = b"step,train_loss,note\r\n1,-0.5,a=b\r\n"
    assert result_csv(content) == content
    assert points_of_result_files([content]) == [Point(1, {"train_loss": -0.5})]
