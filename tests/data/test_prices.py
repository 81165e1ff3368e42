"""Tokens, epochs, steps and cost: the documented formulas against figures computed by hand."""

import json
import os
import tomllib
from pathlib import Path

import pytest

from fttui.core.samples import SAMPLE_JOB, sample_path
from fttui.data.check import check_file
from fttui.data.length_stats import LengthCounter
from fttui.data.messages import LETTERS, REINFORCEMENT_LETTERS
from fttui.data.plan import plan, plan_from_trained_tokens
from fttui.data.prices import Price, PriceFileError, base_model, price_of, provider_kind
from fttui.data.report import Report
from fttui.data.tokens import ESTIMATE_ERROR, estimate, token_counter
from tests.data import example_files


def write(path: Path, examples: list[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(example) + "\n" for example in examples))
    return str(path)


def melons(count: int) -> list[dict[str, object]]:
    """Return examples with one token in each text and each role, in cl100k_base (the next test checks this)."""
    digits = [str(index) for index in range(count)]
    return [
        {
            "messages": [
                {"role": "system", "content": "hello"},
                {"role": "user", "content": digit},
                {"role": "assistant", "content": "world"},
            ]
        }
        for digit in digits
    ]


def exact(report: Report) -> int:
    assert report.lengths is not None
    assert report.lengths.exact
    return report.lengths.total


def test_billing_formula(tmp_path: Path) -> None:
    # Three messages, each 3 + role 1 + content 1, and 1 for the example: 16 tokens. Ten examples, ten epochs: 1600.
    pytest.importorskip("rs_bpe")
    tokens = token_counter("cl100k_base").count
    assert [tokens(text) for text in ("system", "user", "assistant", "hello", "world", "7", "13")] == [1] * 7
    report = check_file(write(tmp_path / "t", melons(10)), model="gpt-3.5-turbo-0125")
    assert exact(report) == 160
    assert report.plan is not None
    assert (report.plan.epochs, report.plan.tokens, report.plan.steps) == (10, 1600, 100)
    assert report.plan.cost == pytest.approx(1600 * 8 / 1e6)
    assert report.trained_share == pytest.approx(1 / 16)
    assert (report.plan.cost_text, report.notes) == ("0.0128 USD", ())


def test_name_costs_its_tokens_and_one(tmp_path: Path) -> None:
    pytest.importorskip("rs_bpe")
    examples = melons(10)
    for example in examples:
        example["messages"][1]["name"] = "hello"  # type: ignore[index]
    assert exact(check_file(write(tmp_path / "t", examples), model="gpt-3.5-turbo-0125")) == 10 * (16 + 2)


def test_answer_of_weight_0_is_billed_but_not_trained(tmp_path: Path) -> None:
    pytest.importorskip("rs_bpe")
    examples = melons(10)
    for example in examples:
        more = [{"role": "user", "content": "7"}, {"role": "assistant", "content": "hello", "weight": 0}]
        example["messages"][1:1] = more  # type: ignore[index]
    report = check_file(write(tmp_path / "t", examples), model="gpt-3.5-turbo-0125")
    assert exact(report) == 10 * (16 + 2 * 5)
    assert report.trained_share == pytest.approx(1 / 26)


def test_lone_surrogate_counts_as_a_replacement_character() -> None:
    pytest.importorskip("rs_bpe")
    for encoding in ("cl100k_base", "o200k_base", "bytes", None):
        count = token_counter(encoding).count
        assert count("half \ud83d a melon") == count("half ? a melon")


def test_kinds_without_documented_formula_are_estimates(tmp_path: Path) -> None:
    for kind in ("tools", "images", "dpo"):
        make, method = example_files.KINDS[kind]
        path = write(tmp_path / kind, [make(index) for index in range(12)])
        report = check_file(path, method=method, model="gpt-4o-mini")
        assert report.lengths is not None
        assert not report.lengths.exact
        assert report.notes
        assert report.plan is not None
        assert report.plan.is_estimate


def test_estimate_is_marked_and_within_its_error(tmp_path: Path) -> None:
    path = sample_path(SAMPLE_JOB["training_file"])
    assert path is not None
    report = check_file(path)
    assert report.lengths is not None
    assert (report.lengths.exact, report.lengths.counter, report.lengths.error) == (False, "estimate", ESTIMATE_ERROR)
    assert "about" in report.headline()
    assert any("estimates" in note for note in report.notes)
    pytest.importorskip("rs_bpe")
    tokens = token_counter("o200k_base").count
    examples = map(json.loads, Path(path).read_text().splitlines())
    texts = [message["content"] for example in examples for message in example["messages"]]
    texts += Path(__file__).read_text().split("\n\n")
    off = sum(map(estimate, texts)) / sum(map(tokens, texts)) - 1
    assert abs(off) < ESTIMATE_ERROR
    assert all(estimate(role) == tokens(role) == 1 for role in {**LETTERS, **REINFORCEMENT_LETTERS})
    for script in (
        "今天天气很好，我们去公园散步吧。",
        "Сегодня хорошая погода, давайте пойдём гулять.",
        "Größe und Übermut",
    ):
        assert 0.5 < estimate(script) / tokens(script) < 2


def test_epochs_follow_the_documented_heuristic() -> None:
    for examples, epochs in (
        *((1, 25), (3, 25), (4, 25), (5, 20), (10, 10), (14, 7), (33, 3), (34, 3), (101, 3)),
        *((8333, 3), (8334, 2), (12_500, 2), (12_501, 1), (100_000, 1)),
    ):
        assert plan(examples, None, Price(model="m")).epochs == epochs


def test_steps_and_cost() -> None:
    price = Price(model="m", training=3.0, updated="2026-06-30")
    made = plan(101, 1000, price, n_epochs=4, batch_size=8)
    assert (made.epochs, made.steps, made.tokens, made.cost) == (4, 13 * 4, 4000, pytest.approx(0.012))
    assert (made.epochs_auto, made.batch_auto, made.is_estimate) == (False, False, False)
    assert made.summary() == "4 epochs, 52 steps, cost 0.0120 USD"
    assert (
        plan(101, 1000, price, n_epochs="auto", exact=False).summary()
        == "3 epochs, about 303 steps, cost about 0.0090 USD"
    )


def test_unknown_costs() -> None:
    assert plan(100, 1000, price_of("some-model")).cost_text == "unknown"
    assert plan(100, None, price_of("gpt-4o-mini")).cost is None
    hourly = plan(100, 1000, price_of("o4-mini"), method="reinforcement")
    assert hourly.cost is None
    assert "100.00 USD per hour" in hourly.cost_note
    assert plan(100, 1000, price_of("gpt-4o-mini"), method="reinforcement").cost is None
    other = plan(100, 1000, price_of("gpt-4o-mini", provider="other"))
    assert (other.cost_text, other.cost) == ("unknown", None)
    assert "publishes no prices" in other.cost_note
    for local in (price_of("fttui-tiny-1"), price_of("anything", provider="local")):
        assert (plan(100, 1000, local).cost_text, plan(100, 1000, local).cost) == ("free", 0.0)


def test_aliases_and_fine_tuned_models_have_the_entry_of_their_base() -> None:
    for model, entry in (
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini-2024-07-18"),
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("ft:gpt-4o-mini-2024-07-18:acme:support:8J6LXhXG", "gpt-4o-mini-2024-07-18"),
        ("gpt-4o-mini-2024-07-18.ft-0f1e-support", "gpt-4o-mini-2024-07-18"),
        ("gpt-3.5-turbo-0613", "gpt-3.5-turbo-0613"),
        ("gpt-3.5-turbo-0301", "gpt-3.5-turbo"),
        ("gpt-4o-2024-05-13", ""),
        ("gpt-4", ""),
        ("", ""),
    ):
        assert price_of(model).model == entry


def test_price_file_of_the_user_overrides_each_setting(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    assert price_of("gpt-4o-mini", own_file=str(own)) == price_of("gpt-4o-mini")
    own.write_text(
        'updated = "2026-10-01"\ncurrency = "EUR"\n[models."gpt-4o-mini-2024-07-18"]\ntraining = 2\n'
        '[models."lab-7b"]\ntraining = 0.5\nlimit = 2048\n'
    )
    price = price_of("gpt-4o-mini-2024-07-18", own_file=str(own), provider="other")
    assert (price.training, price.currency, price.limit, price.encoding) == (2, "EUR", 65_536, "o200k_base")
    made = plan(10, 1000, price)
    assert (made.cost_text, made.cost_note) == ("0.0200 EUR", "your price file of 2026-10-01")
    assert price_of("lab-7b", own_file=str(own), provider="other").limit == 2048


def test_invalid_price_file_raises_with_path_and_setting(tmp_path: Path) -> None:
    for number, (text, words) in enumerate(
        (
            ("models = 1", "must be a table"),
            ("[models]\nx = 1", 'models."x" must be a table'),
            ("[models.x]\ntraining = -1", 'models."x".training must be a number'),
            ("[models.x]\ntraining = nan", 'models."x".training must be a number'),
            ("[models.x]\nlimit = 1.5", 'models."x".limit must be a number'),
            ("[models.x]\nprice = 1", 'models."x".price: unknown setting'),
            ("[models.x", "prices.toml"),
        )
    ):
        own = tmp_path / f"{number}-prices.toml"
        own.write_text(text)
        with pytest.raises(PriceFileError, match=r"prices\.toml") as caught:
            price_of("x", own_file=str(own))
        assert words in str(caught.value)


def test_price_file_is_parsed_again_only_after_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('[models."lab-7b"]\ntraining = 1.0\n')
    assert price_of("lab-7b", own_file=str(own)).training == 1.0
    reads: list[object] = []
    loads = tomllib.loads
    monkeypatch.setattr(tomllib, "loads", lambda text: reads.append(text) or loads(text))
    assert price_of("lab-7b", own_file=str(own)).training == 1.0
    assert reads == []
    own.write_text('[models."lab-7b"]\ntraining = 22.5\n')
    assert price_of("lab-7b", own_file=str(own)).training == 22.5
    assert len(reads) == 1


def test_provider_kind_by_base_url() -> None:
    assert provider_kind(None, is_local=True) == "local"
    assert provider_kind("https://api.openai.com/v1", is_local=False) == "openai"
    assert provider_kind("https://eu.api.openai.com/v1", is_local=False) == "openai"
    assert provider_kind("https://api.openai.com.example.com/v1", is_local=False) == "other"
    assert provider_kind("https://lab.openai.azure.com/openai/v1", is_local=False) == "azure"
    assert provider_kind("http://127.0.0.1:8000/v1", is_local=False) == "other"
    assert base_model("ft:a:b:c:d") == "a"


def test_length_statistics() -> None:
    lengths = LengthCounter(limit=90)
    for line, tokens in enumerate(range(1, 101), start=1):
        lengths.add(tokens, line)
    stats = lengths.stats(exact=True, counter="x", error=0)
    assert (stats.examples, stats.total, stats.least, stats.most, stats.over) == (100, 5050, 1, 100, 10)
    assert (stats.median, stats.p90, stats.billed) == (50, 90, sum(range(1, 91)) + 10 * 90)
    assert stats.longest == ((100, 100), (99, 99), (98, 98), (97, 97), (96, 96))
    assert stats.bins == ((0, 20, 19), (20, 40, 20), (40, 60, 20), (60, 80, 20), (80, 100, 20), (100, 120, 1))
    assert sum(count for _, _, count in stats.bins) == stats.examples


def test_plan_from_the_trained_tokens_of_a_job() -> None:
    price = price_of("gpt-3.5-turbo-0613")
    made = plan_from_trained_tokens(5070, 10, price, n_epochs=3)
    assert made is not None
    assert (made.tokens, made.cost, made.steps) == (1521, pytest.approx(1521 * 8 / 1e6), None)
    assert made.summary() == "3 epochs, cost 0.0122 USD"
    assert plan_from_trained_tokens(None, 10, price, n_epochs=3) is None
    assert plan_from_trained_tokens(5070, None, price, n_epochs=3) is None
    assert plan_from_trained_tokens(5070, 10, price, n_epochs="auto") is None
    assert plan_from_trained_tokens(5070, -1, price, n_epochs=3) is None


def test_price_file_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "prices.toml")
    with pytest.raises(PriceFileError, match="not a regular file"):
        price_of("m", own_file=str(tmp_path / "prices.toml"))
