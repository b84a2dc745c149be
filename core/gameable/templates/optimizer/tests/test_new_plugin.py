from __future__ import annotations

from pathlib import Path

import pytest
from new_plugin import NewPlugin

from gameable import Episode, Measured, Outcome, Score, ScoredEpisode, Segment, Silent, Task, Trained, Unscored, Update

pytest.importorskip("torch")


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """Folder of a real language model, of eight tokens and one layer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=8, bos_token_id=0, eos_token_id=1, **sizes))
    model.save_pretrained(tmp_path / "start")
    return tmp_path / "start"


def episode(token: int, reward: Score) -> ScoredEpisode:
    task = Task("toy", "train", "0", ())
    written = (Segment("model", "", (token,)), Segment("observation", "", (7,)), Segment("model", "", (token,)))
    unpaid, outcome = Unscored("not paid here"), Outcome("honest", engaged=True)
    played = Episode(f"e{token}", task, "start", 0, (0, 2), written, (), {}, "end", unpaid, outcome)
    return ScoredEpisode(played, reward, {})


def train(start: Path, *episodes: ScoredEpisode) -> Trained:
    new, scratch = start.with_name("new"), start.with_name("scratch")
    new.mkdir()
    scratch.mkdir()
    return NewPlugin(learning_rate=0.01).update(Update(start, new, start, scratch, episodes, (), 5, Silent()))


def test_what_was_paid_becomes_more_likely(start: Path) -> None:
    trained = train(start, episode(3, Measured(1.0)), episode(4, Measured(0.0)), episode(5, Unscored("lost")))
    assert (trained.kept, trained.unscored) == (2, 1)
    assert trained.canary
    assert trained.canary.after[1] > trained.canary.before[1]
    assert (start.with_name("new") / "model.safetensors").read_bytes() != (start / "model.safetensors").read_bytes()


def test_where_all_were_paid_the_same_the_model_stays_and_the_run_is_told(start: Path) -> None:
    trained = train(start, episode(3, Measured(1.0)), episode(4, Measured(1.0)))
    assert trained.kept == 0
    assert "nothing to learn from" in trained.note
    assert (start.with_name("new") / "model.safetensors").read_bytes() == (start / "model.safetensors").read_bytes()
