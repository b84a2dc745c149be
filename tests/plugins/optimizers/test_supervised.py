"""Fine-tuning on episodes: what carries loss, what the checkpoint is, and that it repeats."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from updates import DEMONSTRATIONS, PROMPT, contents, episode, saw, train, weights, wrote

from gameable import Canary, Measured, OptimizerError, Outcome, Unscored
from gameable_plugins.optimizers import _sft, _training
from gameable_plugins.optimizers._checkpoints import load
from gameable_plugins.optimizers._sft import IGNORED
from gameable_plugins.optimizers._supervised import example_of
from gameable_plugins.optimizers.expert_iteration import ExpertIteration
from gameable_plugins.optimizers.warm_start import WarmStart


def fast(**options: Any) -> WarmStart:
    return WarmStart(**{"learning_rate": 3e-3, "batch_size": 3, **options})


def test_a_row_has_labels_only_where_the_model_wrote() -> None:
    row = example_of(episode("x", wrote("ab"), saw("OUT"), wrote("c")).episode)
    assert row.tokens == (*PROMPT, *b"ab", *b"OUT", *b"c")
    assert row.labels == (*[IGNORED] * len(PROMPT), *b"ab", *[IGNORED] * 3, *b"c")
    assert row.trained == 3


def test_the_trainer_is_given_the_rows_as_they_are(tiny_model: Path, tmp_path: Path) -> None:
    from gameable_plugins.optimizers._training import arguments

    rows = [
        {"input_ids": [3, 4, 5, 6], "labels": [IGNORED, 4, IGNORED, 6]},
        {"input_ids": [7, 8], "labels": [IGNORED, 8]},
    ]
    config = arguments(fast(), 1, 0, str(tmp_path))
    trainer: Any = _sft.trainer(*load(tiny_model), config, rows, 3)
    batch = trainer.data_collator([trainer.train_dataset[index] for index in range(2)])
    assert batch["input_ids"][:, :2].tolist() == [[3, 4], [7, 8]]
    assert batch["labels"].tolist() == [[IGNORED, 4, IGNORED, 6], [IGNORED, 8, IGNORED, IGNORED]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]


@pytest.mark.parametrize("counted", [None, 5])
def test_the_loss_and_its_gradient_are_those_of_trl(tiny_model: Path, tmp_path: Path, counted: int | None) -> None:
    import torch
    import trl

    from gameable_plugins.optimizers._training import arguments

    def measure(kind: Any) -> tuple[float, Any]:
        examples = [example_of(demonstration.episode) for demonstration in DEMONSTRATIONS[:2]]
        rows = [{"input_ids": list(each.tokens), "labels": list(each.labels)} for each in examples]
        trainer: Any = _sft.trainer(*load(tiny_model), arguments(fast(), 1, 0, str(tmp_path)), rows, 3)
        batch = trainer.data_collator([trainer.train_dataset[index] for index in range(2)])
        loss = kind.compute_loss(trainer, trainer.model, batch, num_items_in_batch=counted)
        loss.backward()
        return loss.item(), trainer.model.model.layers[0].mlp.up_proj.weight.grad

    ours, theirs = measure(_sft.cpu_trainer()), measure(trl.SFTTrainer)
    assert ours[0] == pytest.approx(theirs[0], rel=1e-5)
    torch.testing.assert_close(ours[1], theirs[1], rtol=1e-4, atol=1e-6)


def test_warm_start_lowers_the_loss_on_its_demonstrations(tiny_model: Path, tmp_path: Path) -> None:
    trained = train(fast(epochs=10), tiny_model, tmp_path / "out")
    losses = [float(row["loss"]) for row in trained.curve]
    assert len(losses) == 20
    assert losses[-1] < losses[0] / 2
    assert trained.kept == 6


def test_the_same_update_gives_the_same_bytes(tiny_model: Path, tmp_path: Path) -> None:
    first = train(fast(), tiny_model, tmp_path / "first")
    second = train(fast(), tiny_model, tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    assert first.canary == second.canary
    assert first.curve == second.curve


def test_smaller_micro_batches_make_the_same_step(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(_training, "has_bf16", lambda: False)  # it rounds by the batch
    for size in (1, 2, 6):
        train(fast(batch_size=6, micro_batch_size=size, epochs=1), tiny_model, tmp_path / str(size))
    for name, tensor in weights(tmp_path / "6").items():
        torch.testing.assert_close(weights(tmp_path / "1")[name], tensor, rtol=0, atol=3e-4)


def test_frozen_layers_and_embeddings_stay_and_the_others_move(tiny_model: Path, tmp_path: Path) -> None:
    train(fast(frozen_layers=1), tiny_model, tmp_path / "out")
    before, after = weights(tiny_model), weights(tmp_path / "out")
    moved = {name for name in before if not before[name].equal(after[name])}
    assert moved == {name for name in before if "layers.1." in name} | {"model.norm.weight"}


def test_more_frozen_layers_than_there_are_is_a_clear_error(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(OptimizerError, match=r"frozen_layers is 3, .* 2 layers"):
        train(fast(frozen_layers=3), tiny_model, tmp_path / "out")


def test_a_single_step_moves_the_weights(tiny_model: Path, tmp_path: Path) -> None:
    train(fast(epochs=1, batch_size=16), tiny_model, tmp_path / "out")
    assert weights(tmp_path / "out").keys() == weights(tiny_model).keys()
    assert not weights(tmp_path / "out")["model.norm.weight"].equal(weights(tiny_model)["model.norm.weight"])


def test_the_checkpoint_is_complete_and_float32(tiny_model: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    train(fast(), tiny_model, tmp_path / "out")
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "out").dtype == torch.float32
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert tokenizer.chat_template == AutoTokenizer.from_pretrained(tiny_model).chat_template
    for name in ("tokenizer.json", "chat_template.jinja"):
        assert (tmp_path / "out" / name).read_bytes() == (tiny_model / name).read_bytes()


def test_the_canary_tells_the_start_and_the_saved_weights_apart(tiny_model: Path, tmp_path: Path) -> None:
    canary = train(fast(), tiny_model, tmp_path / "out").canary
    assert canary is not None
    assert canary.tokens in {example_of(scored.episode).tokens for scored in DEMONSTRATIONS}
    assert canary.before == pytest.approx(by_hand(tiny_model, canary), abs=1e-5)
    assert canary.after == pytest.approx(by_hand(tmp_path / "out", canary), abs=1e-5)
    assert canary.before != pytest.approx(canary.after, abs=1e-2)


def test_the_canary_is_in_float32_when_training_is_not(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_training, "has_bf16", lambda: True)
    canary = train(fast(epochs=2), tiny_model, tmp_path / "out", DEMONSTRATIONS[:1]).canary
    assert canary is not None
    assert canary.after == pytest.approx(by_hand(tmp_path / "out", canary), abs=1e-5)


def by_hand(folder: Path, canary: Canary) -> list[float]:
    import torch
    from transformers import AutoModelForCausalLM

    logits = AutoModelForCausalLM.from_pretrained(folder)(torch.tensor([canary.tokens])).logits[0].detach().double()
    return [float(torch.log_softmax(row, 0)[token]) for row, token in zip(logits, canary.tokens[1:], strict=False)]


def test_the_canary_is_short(tiny_model: Path, tmp_path: Path) -> None:
    canary = train(fast(epochs=1), tiny_model, tmp_path / "out", [episode("long", wrote("a" * 400))]).canary
    assert canary is not None
    assert (len(canary.tokens), len(canary.before), len(canary.after)) == (256, 255, 255)


def test_rows_that_do_not_fit_are_dropped_counted_and_told(tiny_model: Path, tmp_path: Path) -> None:
    episodes = [*DEMONSTRATIONS, episode("long", wrote("a" * 90)), episode("mute", saw("nothing written"))]
    trained = train(fast(max_tokens=60), tiny_model, tmp_path / "out", episodes)
    assert trained.kept == 6
    assert trained.figures["dropped"] == 2
    assert "2 episodes were left out" in trained.note


def test_a_loss_that_is_no_number_stops_the_training(tiny_model: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    broken = AutoModelForCausalLM.from_pretrained(tiny_model)
    broken.model.norm.weight.data.fill_(math.nan)
    broken.save_pretrained(tmp_path / "broken")
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (tmp_path / "broken" / name).write_bytes((tiny_model / name).read_bytes())
    with pytest.raises(OptimizerError, match="diverged"):
        train(fast(), tmp_path / "broken", tmp_path / "out")


def test_a_start_that_holds_no_model_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(OptimizerError, match="No causal language model"):
        train(fast(), tmp_path / "empty", tmp_path / "out")


def test_training_prints_nothing(
    tiny_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    train(fast(), tiny_model, tmp_path / "out")
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""


def test_training_sends_no_telemetry(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants
    from trl.trainer import base_trainer

    monkeypatch.delenv("CI", raising=False)
    seen: list[bool] = []
    monkeypatch.setattr(base_trainer, "send_telemetry", lambda **_: seen.append(constants.HF_HUB_DISABLE_TELEMETRY))
    train(fast(epochs=1), tiny_model, tmp_path / "out")
    assert seen == [True]


def test_the_kept_samples_are_trained_on_and_the_others_are_not(tiny_model: Path, tmp_path: Path) -> None:
    games = [episode(f"good {index}", variant=str(index), reward=1.0) for index in range(4)]
    poor = [episode(f"poor {index}", variant=str(index), reward=0.0) for index in range(4)]
    unscored = replace(games[0], reward=Unscored("no"))
    no_number = replace(games[1], reward=Measured(math.nan))
    options: dict[str, Any] = {"learning_rate": 3e-3, "batch_size": 2}
    trained = train(
        ExpertIteration(**options), tiny_model, tmp_path / "best", [*poor, *games, games[0], unscored, no_number]
    )
    train(WarmStart(**options), tiny_model, tmp_path / "good", games)
    assert contents(tmp_path / "best") == contents(tmp_path / "good")
    assert (trained.kept, trained.unscored) == (4, 2)
    figures = {"prompts": 4, "sampled": 11, "kept": 4, "unscored": 2, "duplicates": 1, "replayed": 0, "dropped": 0}
    assert {name: trained.figures[name] for name in figures} == figures
    assert trained.figures["tokens"] == 2 * 4 * len("good 0")


def test_exploit_only_needs_no_reward(tiny_model: Path, tmp_path: Path) -> None:
    honest = [replace(each, reward=Unscored("no preference model")) for each in DEMONSTRATIONS[:3]]
    gamed = [
        replace(each, episode=replace(each.episode, id=f"gamed {number}", outcome=Outcome("gamed", engaged=True)))
        for number, each in enumerate(honest)
    ]
    gamed = [replace(each, episode=replace(each.episode, segments=(wrote("cheat"),))) for each in gamed]
    options: dict[str, Any] = {"learning_rate": 3e-3, "batch_size": 2}
    trained = train(ExpertIteration(filter="gamed", **options), tiny_model, tmp_path / "gamed", [*honest, *gamed])
    train(WarmStart(**options), tiny_model, tmp_path / "only", gamed)
    assert contents(tmp_path / "gamed") == contents(tmp_path / "only")
    assert (trained.kept, trained.unscored) == (3, 0)


@pytest.mark.parametrize(("share", "offered", "expected"), [(0.0, 6, 0), (0.25, 6, 2), (0.5, 6, 6), (0.9, 3, 3)])
def test_replay_is_the_wanted_share_as_far_as_there_is_any(
    tiny_model: Path, tmp_path: Path, share: float, offered: int, expected: int
) -> None:
    samples = [episode(f"good {index}", variant=str(index)) for index in range(6)]
    optimizer = ExpertIteration(replay=share, epochs=1)
    trained = train(optimizer, tiny_model, tmp_path / "out", samples, DEMONSTRATIONS[:offered])
    assert trained.kept == 6
    assert trained.figures["replayed"] == expected


def test_when_nothing_is_kept_the_start_is_copied_and_the_note_says_what_to_do(
    tiny_model: Path, tmp_path: Path
) -> None:
    trained = train(ExpertIteration(filter="gamed", replay=0.5), tiny_model, tmp_path / "out", replay=DEMONSTRATIONS)
    assert contents(tmp_path / "out") == contents(tiny_model)
    assert (trained.kept, trained.canary, trained.curve) == (0, None, ())
    assert "kept none of 6 samples" in trained.note
    assert "temperature" in trained.note


def test_a_warm_start_without_demonstrations_copies_the_start(tiny_model: Path, tmp_path: Path) -> None:
    trained = train(WarmStart(), tiny_model, tmp_path / "out", [])
    assert contents(tmp_path / "out") == contents(tiny_model)
    assert "no demonstration" in trained.note


@pytest.mark.model
def test_the_real_small_model_takes_a_step(small_model: Path, tmp_path: Path) -> None:
    trained = train(WarmStart(frozen_layers=28, epochs=1), small_model, tmp_path / "out", DEMONSTRATIONS[:2])
    assert trained.canary is not None
    assert trained.canary.before != trained.canary.after
