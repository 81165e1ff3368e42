"""Models in the hub's cache and in directories, found with the standard library alone."""

import json
import struct
from pathlib import Path

import pytest

from fttui.server.trainers.hf import hub
from tests.support.fault_server import FaultServer, answer, in_thread, send_json


def write_model(directory: Path, architecture: str = "LlamaForCausalLM", shards: int = 1) -> Path:
    directory.mkdir(parents=True)
    (directory / "config.json").write_text(json.dumps({"architectures": [architecture]}))
    header = json.dumps({"__metadata__": {}, "w": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]}}).encode()
    names = [f"model-{number}.safetensors" for number in range(shards)] if shards > 1 else ["model.safetensors"]
    for name in names:
        (directory / name).write_bytes(struct.pack("<Q", len(header)) + header + bytes(48))
    if shards > 1:
        index = {"weight_map": {f"w{number}": name for number, name in enumerate(names)}}
        (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    return directory


@pytest.fixture
def cache(tmp_path: Path) -> dict[str, str]:
    return {"HF_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}


def cached(environ: dict[str, str], id: str, revision: str = "abc") -> Path:
    return Path(hub.cache_folder(environ), "models--" + id.replace("/", "--"), "snapshots", revision)


def test_models_of_the_cache_are_found_with_id_size_and_architecture(cache: dict[str, str]) -> None:
    write_model(cached(cache, "Qwen/Qwen3-0.6B"), "Qwen3ForCausalLM", shards=2)
    write_model(cached(cache, "gpt2"), "GPT2LMHeadModel")
    first, second = hub.cached_models(cache)
    assert (first.id, first.architecture, first.source) == ("Qwen/Qwen3-0.6B", "Qwen3ForCausalLM", "cache")
    assert first.size == 2 * second.size > 48
    assert hub.parameter_count(first.path) == 24
    assert hub.find("gpt2", None, cache) == second
    assert hub.find("gpt3", None, cache) is None
    assert hub.reference("gpt2", second.path, cache) == "gpt2"
    assert hub.reference("mine", "/models/mine", cache) == "/models/mine"


def test_incomplete_and_foreign_folders_of_the_cache_are_left_out(cache: dict[str, str]) -> None:
    write_model(cached(cache, "a/missing-shard"), shards=2).joinpath("model-1.safetensors").unlink()
    write_model(cached(cache, "a/translator"), "T5ForConditionalGeneration")
    write_model(cached(cache, "a/broken")).joinpath("config.json").write_text("{")
    write_model(cached(cache, "a/pickled")).joinpath("model.safetensors").rename(
        cached(cache, "a/pickled") / "pytorch_model.bin"
    )
    write_model(cached(cache, "a/bad\x1b[31m"))
    Path(hub.cache_folder(cache), "datasets--a--b").mkdir()
    Path(hub.cache_folder(cache), "models--a--empty").mkdir()
    assert hub.cached_models(cache) == []
    assert hub.cached_models({"HF_HOME": "/nowhere"}) == []


def test_models_that_read_images_are_refused_by_id_and_by_directory(cache: dict[str, str]) -> None:
    path = write_model(cached(cache, "google/gemma-3-4b-it"), "Gemma3ForConditionalGeneration")
    (path / "config.json").write_text(
        json.dumps({"architectures": ["Gemma3ForConditionalGeneration"], "vision_config": {"hidden_size": 1152}})
    )
    sentence = r"reads images or sound besides text \(Gemma3ForConditionalGeneration\)"
    assert hub.cached_models(cache) == []
    with pytest.raises(hub.Unsuitable, match=f"google/gemma-3-4b-it {sentence}"):
        hub.find("google/gemma-3-4b-it", None, cache)
    with pytest.raises(ValueError, match=sentence):
        hub.model_in(str(path))
    (path / "model.safetensors").unlink()  # as a check leaves it, which gets the small files only
    (path / "config.json").write_text(json.dumps({"architectures": ["Gemma3ForCausalLM"], "vision_config": None}))
    assert hub.find("google/gemma-3-4b-it", None, cache) is None


def test_branch_main_decides_between_snapshots(cache: dict[str, str]) -> None:
    old = write_model(cached(cache, "a/b", "old"))
    write_model(cached(cache, "a/b", "new"))
    references = old.parents[1] / "refs"
    references.mkdir()
    (references / "main").write_text("old")
    assert [model.path for model in hub.cached_models(cache)] == [str(old)]


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}, "/a"),
        ({"HF_HOME": "/b"}, "/b/hub"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/huggingface/hub"),
        ({"HOME": "/home/me"}, "/home/me/.cache/huggingface/hub"),
    ],
)
def test_folder_of_the_cache_follows_the_environment(variables: dict[str, str], folder: str) -> None:
    assert hub.cache_folder(variables) == folder


def test_directory_of_a_model_gives_its_last_component_as_id(tmp_path: Path) -> None:
    model = hub.model_in(str(write_model(tmp_path / "my-llama")) + "/")
    assert (model.id, model.source, model.path) == ("my-llama", "settings", str(tmp_path / "my-llama"))
    assert hub.find("other", str(tmp_path / "my-llama")) == model._replace(id="other")


def test_unusable_directories_are_refused_with_a_sentence(tmp_path: Path) -> None:
    write_model(tmp_path / "t5", "T5ForConditionalGeneration")
    write_model(tmp_path / "bin").joinpath("model.safetensors").rename(tmp_path / "bin" / "pytorch_model.bin")
    write_model(tmp_path / "sharded", shards=2).joinpath("model-1.safetensors").unlink()
    write_model(tmp_path / "bad name")
    (tmp_path / "empty").mkdir()
    refused = {
        "missing": "is not a directory. Give the directory of a model",
        "t5": "t5 is not a causal language model",
        "bin": "bin has no weights in the safetensors format",
        "sharded": "has no model-1.safetensors",
        "bad name": "cannot be a model's id",
        "empty": "has no config.json",
    }
    for name, words in refused.items():
        with pytest.raises(ValueError, match=words):
            hub.model_in(str(tmp_path / name))


def test_damaged_header_is_no_model_of_any_size(tmp_path: Path) -> None:
    write_model(tmp_path / "m").joinpath("model.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(ValueError, match=r"model\.safetensors is not a safetensors file"):
        hub.parameter_count(str(tmp_path / "m"))


def test_token_is_found_but_never_read(tmp_path: Path) -> None:
    assert hub.has_token({"HF_TOKEN": "hf_x"})
    assert not hub.has_token({"HF_HOME": str(tmp_path)})
    (tmp_path / "token").write_text("hf_x")
    assert hub.has_token({"HF_HOME": str(tmp_path)})


def test_size_of_a_download_is_the_sum_of_its_weights() -> None:
    files = [
        {"path": "model-1.safetensors", "size": 900},
        {"path": "model-2.safetensors", "size": 300},
        {"path": "pytorch_model.bin", "size": 1200},
        "?",
    ]
    answers = [send_json(files), send_json([files[2]]), send_json({"error": "gated"}, 401), answer(200, b"[")]
    server = FaultServer(lambda request: answers.pop(0))
    with in_thread(server):
        environ = {"HF_ENDPOINT": server.url.removesuffix("/v1"), "HF_TOKEN": "hf_secret"}
        assert [hub.download_size("acme/m", environ) for _ in range(4)] == [1200, None, None, None]
    assert {request.path for request in server.requests} == {"/api/models/acme/m/tree/main"}
    assert not any("authorization" in request.headers for request in server.requests)


def test_offline_hub_is_not_asked() -> None:
    assert hub.download_size("acme/m", {"HF_HUB_OFFLINE": "1"}) is None
    assert not hub.is_reachable({"HF_HUB_OFFLINE": "1"})
    assert not hub.is_reachable({"HF_ENDPOINT": "file:///etc"})
