"""Commands of other programs for an exported model."""

from fttui.core.serving import serving_commands
from fttui.models.export import ModelExport

ADAPTER = ModelExport(
    "/tmp/o ut", ("adapter_config.json", "adapter_model.safetensors"), "Qwen/Qwen3-0.6B", "", "/hub/q", False
)


def lines(found: ModelExport) -> dict[str, str]:
    return {command.program: command.line for command in serving_commands(found, "support-v4")}


def test_an_adapter_is_served_beside_its_base_model() -> None:
    found = lines(ADAPTER)
    assert found["vLLM"] == "vllm serve Qwen/Qwen3-0.6B --enable-lora --lora-modules 'support-v4=/tmp/o ut'"
    assert found["Ollama"].startswith("printf '%s\\n' 'FROM /hub/q' 'ADAPTER /tmp/o ut' > Modelfile")
    assert "--base /hub/q" in found["llama.cpp"]
    assert "--base-model-id Qwen/Qwen3-0.6B" in lines(ADAPTER._replace(base_directory=""))["llama.cpp"]
    assert "--base /models/qwen" in lines(ADAPTER._replace(source="/models/qwen", base_directory=""))["llama.cpp"]


def test_whole_weights_are_served_alone() -> None:
    found = lines(ADAPTER._replace(files=("config.json", "model.safetensors")))
    assert found["vLLM"] == "vllm serve '/tmp/o ut' --served-model-name support-v4"
    assert "convert_hf_to_gguf.py" in found["llama.cpp"]


def test_a_format_of_its_own_has_no_commands() -> None:
    assert lines(ADAPTER._replace(files=("step-12.bin",))) == {}


def test_any_answer_of_the_service_is_read() -> None:
    assert ModelExport.read(None) == ModelExport("", (), "", "", "", False)
    assert ModelExport.read({"files": ["a\x1b", 3, None], "is_copy": True}).files == ("a", "3")
