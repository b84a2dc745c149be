"""Low-rank adapters and recomputed activations: other ways to train that leave the same kind of checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from updates import DEMONSTRATIONS, contents, train, weights

from gameable import OptimizerError
from gameable_plugins.optimizers._checkpoints import load
from gameable_plugins.optimizers._lora import adapt, merge
from gameable_plugins.optimizers.warm_start import WarmStart
from gameable_policies.hf import HuggingFace


def low_rank(**options: Any) -> WarmStart:
    return WarmStart(**{"lora_rank": 4, "learning_rate": 2e-2, "batch_size": 3, **options})


def moved(start: Path, end: Path) -> set[str]:
    before, after = weights(start), weights(end)
    return {name for name in before if not before[name].equal(after[name])}


def test_adapters_lower_the_loss_and_leave_a_whole_checkpoint(tiny_model: Path, tmp_path: Path) -> None:
    trained = train(low_rank(epochs=10), tiny_model, tmp_path / "out")
    losses = [float(row["loss"]) for row in trained.curve]
    assert losses[-1] < losses[0] - 0.5
    before, after = weights(tiny_model), weights(tmp_path / "out")
    assert {name: each.shape for name, each in before.items()} == {name: each.shape for name, each in after.items()}
    assert moved(tiny_model, tmp_path / "out") == {name for name in before if "proj" in name}


def test_every_merged_change_has_the_rank_of_its_adapter(tiny_model: Path, tmp_path: Path) -> None:
    import torch

    train(low_rank(lora_rank=2), tiny_model, tmp_path / "out")
    for name in moved(tiny_model, tmp_path / "out"):
        change = weights(tmp_path / "out")[name] - weights(tiny_model)[name]
        assert torch.linalg.matrix_rank(change, rtol=1e-3) == 2


def test_the_sampler_says_of_the_merged_weights_what_the_trainer_says(tiny_model: Path, tmp_path: Path) -> None:
    canary = train(low_rank(), tiny_model, tmp_path / "out").canary
    assert canary is not None
    policy = HuggingFace(model=str(tiny_model), dtype="float32")
    policy.adopt(tmp_path / "out")
    assert policy.logprobs([canary.tokens])[0] == pytest.approx(canary.after, abs=1e-4)
    assert canary.before != pytest.approx(canary.after, abs=1e-2)


def test_merging_changes_nothing_but_rounding(tiny_model: Path) -> None:
    import torch

    adapted = adapt(load(tiny_model)[0], low_rank(), 0)
    for name, each in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(each, generator=torch.Generator().manual_seed(1))
    tokens = torch.arange(12)[None]
    with torch.no_grad():
        before = adapted(tokens).logits
        torch.testing.assert_close(merge(adapted)(tokens).logits, before, rtol=1e-4, atol=1e-4)


def test_the_same_update_with_adapters_gives_the_same_bytes(tiny_model: Path, tmp_path: Path) -> None:
    train(low_rank(), tiny_model, tmp_path / "first")
    train(low_rank(), tiny_model, tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_frozen_layers_get_no_adapters(tiny_model: Path, tmp_path: Path) -> None:
    train(low_rank(frozen_layers=1), tiny_model, tmp_path / "out")
    assert moved(tiny_model, tmp_path / "out") == {
        name for name in weights(tiny_model) if "layers.1." in name and "proj" in name
    }


def test_adapters_above_more_layers_than_there_are_is_a_clear_error(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(OptimizerError, match=r"frozen_layers is 3, .* 2 layers"):
        train(low_rank(frozen_layers=3), tiny_model, tmp_path / "out")


def test_adapters_with_no_layer_left_to_adapt_is_a_clear_error(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(OptimizerError, match=r"no linear layer .* frozen_layers"):
        train(low_rank(frozen_layers=2), tiny_model, tmp_path / "out")


@pytest.mark.parametrize("rank", [0, 4])
def test_recomputing_activations_gives_the_same_weights(tiny_model: Path, tmp_path: Path, rank: int) -> None:
    import torch

    for name, recompute in (("kept", False), ("recomputed", True)):
        optimizer = WarmStart(learning_rate=3e-3, batch_size=3, lora_rank=rank, gradient_checkpointing=recompute)
        train(optimizer, tiny_model, tmp_path / name, DEMONSTRATIONS)
    for name, tensor in weights(tmp_path / "kept").items():
        torch.testing.assert_close(weights(tmp_path / "recomputed")[name], tensor, rtol=0, atol=1e-5)


def test_activations_are_recomputed(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers.models.llama.modeling_llama import LlamaMLP

    passes: list[int] = []
    forward = LlamaMLP.forward

    def counted(module: Any, states: Any) -> Any:
        passes.append(1)
        return forward(module, states)

    monkeypatch.setattr(LlamaMLP, "forward", counted)
    train(WarmStart(epochs=1, batch_size=6, micro_batch_size=6), tiny_model, tmp_path / "kept")
    kept = len(passes)
    train(
        WarmStart(epochs=1, batch_size=6, micro_batch_size=6, gradient_checkpointing=True),
        tiny_model,
        tmp_path / "recomputed",
    )
    assert len(passes) - kept == kept + 2  # two layers go forward a second time in the only step
