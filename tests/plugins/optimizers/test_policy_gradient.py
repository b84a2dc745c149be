"""What holds for every update by policy gradient, whatever estimates its advantages."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from policy_gradients import BOTH, EPISODES, fast
from updates import contents, episode, saw, train, update_of, weights, wrote

from gameable import Measured, OptimizerError, ScoredEpisode, Segment, Unscored
from gameable_plugins.optimizers.ppo import PPO
from gameable_plugins.optimizers.rloo import RLOO


@BOTH
def test_the_first_step_finds_the_policy_that_sampled(kind: Any, tiny_model: Path, tmp_path: Path) -> None:
    first, second, *_ = train(fast(kind), tiny_model, tmp_path / "out", EPISODES).curve
    assert (first["approx_kl"], first["clip_fraction"], first["kl_ref"]) == (0.0, 0.0, 0.0)
    assert float(second["approx_kl"]) > 0


@pytest.mark.parametrize("bf16", [True, False])
def test_every_minibatch_of_the_first_epoch_would_find_ratios_of_one(
    tiny_model: Path, tmp_path: Path, bf16: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gameable_plugins.optimizers._policy_gradient import loop

    monkeypatch.setattr(loop, "has_bf16", lambda: bf16)
    lengths = [1, 40, 3, 90, 7, 33, 2]
    odd = [episode(f"s{at}", wrote("a" * length), reward=float(at)) for at, length in enumerate(lengths)]
    still = fast(learning_rate=1e-30, value_learning_rate=1e-30, epochs=1, micro_batch_size=3)
    curve = train(still, tiny_model, tmp_path / "out", odd).curve
    assert [(row["approx_kl"], row["clip_fraction"]) for row in curve] == [(0.0, 0.0)] * 2


def test_scoring_shows_the_micro_batches_that_the_first_epoch_will(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gameable_plugins.optimizers._actor import collate
    from gameable_plugins.optimizers._policy_gradient import learner, scoring

    shown: dict[Any, list[Any]] = {scoring: [], learner: []}
    for module, seen in shown.items():
        monkeypatch.setattr(
            module, "collate", lambda rows, device, seen=seen: seen.append(rows) or collate(rows, device)
        )
    train(fast(epochs=1, micro_batch_size=3), tiny_model, tmp_path / "out", EPISODES)
    assert len(shown[scoring]) == 6
    assert shown[scoring] == shown[learner]


@BOTH
def test_the_same_update_gives_the_same_bytes(kind: Any, tiny_model: Path, tmp_path: Path) -> None:
    first = train(fast(kind), tiny_model, tmp_path / "first", EPISODES)
    second = train(fast(kind), tiny_model, tmp_path / "second", EPISODES)
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    assert (first.curve, first.canary) == (second.curve, second.canary)


def test_another_seed_draws_another_order(tiny_model: Path, tmp_path: Path) -> None:
    train(fast(), tiny_model, tmp_path / "first", EPISODES)
    fast().update(replace(update_of(tiny_model, tmp_path / "second", EPISODES), seed=6))
    assert contents(tmp_path / "first") != contents(tmp_path / "second")


@pytest.mark.parametrize("size", [1, 2])
def test_smaller_micro_batches_take_the_same_steps(
    tiny_model: Path, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gameable_plugins.optimizers._policy_gradient import loop

    monkeypatch.setattr(loop, "has_bf16", lambda: False)
    whole = train(fast(micro_batch_size=4), tiny_model, tmp_path / "whole", EPISODES)
    parts = train(fast(micro_batch_size=size), tiny_model, tmp_path / "parts", EPISODES)
    for one, other in zip(whole.curve, parts.curve, strict=True):
        assert one == pytest.approx(other, rel=1e-3, abs=1e-5)


@BOTH
def test_what_cannot_be_trained_on_is_left_out_and_counted(kind: Any, tiny_model: Path, tmp_path: Path) -> None:
    useless = (
        replace(EPISODES[0], reward=Unscored("the judge died")),
        replace(EPISODES[1], reward=Measured(math.nan)),
        episode("mute", saw("nothing was written")),
        episode("long", wrote("a" * 90)),
    )
    clean = train(fast(kind, max_tokens=60), tiny_model, tmp_path / "clean", EPISODES)
    mixed = train(fast(kind, max_tokens=60), tiny_model, tmp_path / "mixed", (*useless, *EPISODES))
    assert contents(tmp_path / "mixed") == contents(tmp_path / "clean")
    assert (mixed.kept, mixed.unscored, mixed.figures["dropped"]) == (12, 2, 2)
    assert "2 episodes longer than max_tokens" in mixed.note
    assert (clean.unscored, clean.figures["dropped"], clean.note) == (0, 0, "")


@BOTH
def test_without_a_scored_episode_the_start_is_copied_and_the_note_says_what_to_do(
    kind: Any, tiny_model: Path, tmp_path: Path
) -> None:
    lost = [replace(scored, reward=Unscored("no")) for scored in EPISODES]
    trained = train(fast(kind), tiny_model, tmp_path / "out", lost)
    assert contents(tmp_path / "out") == contents(tiny_model)
    assert (trained.kept, trained.unscored, trained.curve, trained.canary) == (0, 12, (), None)
    assert "None of 12 episodes could be trained on (12 without a reward" in trained.note
    assert "Check the reward sources" in trained.note


@BOTH
def test_without_an_advantage_the_start_is_copied_and_the_note_says_what_to_do(
    kind: Any, tiny_model: Path, tmp_path: Path
) -> None:
    equal = [episode(f"s{index}", wrote("a"), reward=0.1) for index in range(4)]
    trained = train(fast(kind), tiny_model, tmp_path / "out", equal)
    assert contents(tmp_path / "out") == contents(tiny_model)
    assert (trained.kept, trained.curve, trained.canary) == (0, (), None)
    assert "No action of 4 episodes was better" in trained.note
    assert "temperature" in trained.note


@BOTH
def test_the_update_ends_before_a_step_that_finds_the_policy_too_far(
    kind: Any, tiny_model: Path, tmp_path: Path
) -> None:
    free = train(fast(kind), tiny_model, tmp_path / "free", EPISODES)
    limit = float(free.curve[2]["approx_kl"]) * 0.999
    stopped = train(fast(kind, target_kl=limit), tiny_model, tmp_path / "stopped", EPISODES)
    first = next(at for at, row in enumerate(free.curve) if float(row["approx_kl"]) > limit)
    assert stopped.curve == free.curve[:first]
    assert (stopped.figures["early_stopped"], free.figures["early_stopped"]) == (1, 0)
    assert float(stopped.figures["tokens"]) < float(free.figures["tokens"])


def planted(rest: int) -> list[ScoredEpisode]:
    """Mark every second episode, from `rest` on, as a script's."""
    return [
        replace(scored, episode=replace(scored.episode, scripted=at % 2 == rest)) for at, scored in enumerate(EPISODES)
    ]


@BOTH
def test_the_distance_from_the_sampling_policy_is_asked_of_its_own_episodes(
    kind: Any, tiny_model: Path, tmp_path: Path
) -> None:
    whole = fast(kind, batch_size=12)
    runs = {
        name: train(whole, tiny_model, tmp_path / name, episodes).curve[1]
        for name, episodes in {"all": EPISODES, "odd": planted(0), "even": planted(1)}.items()
    }
    assert {row["policy_loss"] for row in runs.values()} == {runs["all"]["policy_loss"]}
    actions = [sum(len(part.tokens) for part in scored.episode.segments[::2]) for scored in EPISODES]
    kl = {name: float(row["approx_kl"]) for name, row in runs.items()}
    together = kl["even"] * sum(actions[::2]) + kl["odd"] * sum(actions[1::2])
    assert together == pytest.approx(kl["all"] * sum(actions))
    assert kl["even"] != pytest.approx(kl["odd"])


@BOTH
def test_the_cost_of_leaving_the_reference_pulls_back_to_it(kind: Any, tiny_model: Path, tmp_path: Path) -> None:
    away = [replace(scored, reward=Measured(float(at % 4 == 0))) for at, scored in enumerate(EPISODES)]
    train(fast(kind, epochs=4, kl_coef=0), tiny_model, tmp_path / "away", away)
    unpaid = [replace(scored, reward=Measured(0.0)) for scored in EPISODES]
    update = replace(update_of(tmp_path / "away", tmp_path / "back", unpaid), reference=tiny_model)
    curve = fast(kind, epochs=6, kl_coef=1.0).update(update).curve
    assert float(curve[-1]["kl_ref"]) < 0.7 * float(curve[0]["kl_ref"])


def test_the_entropy_bonus_raises_entropy(eight_tokens: Path, tmp_path: Path) -> None:
    from small_tasks import reply
    from small_tasks import wrote as chose

    episodes = [reply(chose(arm % 8), reward=float(arm % 8 == 7)) for arm in range(64)]
    options = {"batch_size": 64, "micro_batch_size": 64, "epochs": 8, "learning_rate": 1e-2}
    without, bonus = (
        train(fast(RLOO, entropy_coef=coef, **options), eight_tokens, tmp_path / str(coef), episodes)
        for coef in (0.0, 1.0)
    )
    assert float(without.curve[-1]["entropy"]) < float(without.curve[0]["entropy"]) - 0.1
    assert float(bonus.curve[-1]["entropy"]) > float(without.curve[-1]["entropy"]) + 0.1


@BOTH
def test_each_step_has_a_row_with_what_is_watched(kind: Any, tiny_model: Path, tmp_path: Path) -> None:
    trained = train(fast(kind, warmup=0.5), tiny_model, tmp_path / "out", EPISODES)
    assert [(row["step"], row["epoch"]) for row in trained.curve] == [(n + 1, n // 3 + 1) for n in range(6)]
    assert [row["learning_rate"] for row in trained.curve] == pytest.approx([2.5e-4, 5e-4, 7.5e-4, 1e-3, 1e-3, 1e-3])
    watched = {"loss", "policy_loss", "entropy", "kl_ref", "approx_kl", "clip_fraction", "grad_norm", "return"}
    batch = {"reward_mean", "response_length", "advantage_mean", "advantage_std"}
    values = {"value_loss", "value_mean", "explained_variance"} if kind is PPO else set()
    assert set(trained.curve[0]) == {"step", "epoch", "learning_rate"} | watched | batch | values
    assert trained.curve[0]["reward_mean"] == pytest.approx(1.0)
    length = sum(scored.episode.sampled_tokens for scored in EPISODES) / 12
    assert trained.curve[0]["response_length"] == pytest.approx(length)
    assert trained.figures["tokens"] == 2 * 12 * length


def test_the_gap_to_the_sampler_is_the_mean_distance(tiny_model: Path, tmp_path: Path) -> None:
    assert "sampler_gap" not in train(fast(), tiny_model, tmp_path / "none", EPISODES).figures
    (tmp_path / "told").mkdir()
    start = by_hand(tiny_model, EPISODES[0])
    told = tuple(each + off for each, off in zip(start, (0.5, -0.25, 0.0, 0.0), strict=True))
    look = EPISODES[0].episode.segments[0]
    segments = (Segment("model", look.text, look.tokens, told), *EPISODES[0].episode.segments[1:])
    known = replace(EPISODES[0], episode=replace(EPISODES[0].episode, segments=segments))
    trained = train(fast(), tiny_model, tmp_path / "some", (known, *EPISODES[1:]))
    assert trained.figures["sampler_gap"] == pytest.approx(0.75 / 4, abs=0.02)


def by_hand(folder: Path, scored: ScoredEpisode) -> list[float]:
    """Log-probabilities of the first segment."""
    import torch

    from gameable_plugins.optimizers._checkpoints import load

    prompt, tokens = scored.episode.prompt_tokens, scored.episode.segments[0].tokens
    logits = load(folder)[0](torch.tensor([prompt + tokens])).logits[0, len(prompt) - 1 : -1].detach()
    return [float(torch.log_softmax(row, 0)[token]) for row, token in zip(logits, tokens, strict=True)]


def test_the_canary_tells_the_start_and_the_saved_weights_apart(tiny_model: Path, tmp_path: Path) -> None:
    from gameable_plugins.optimizers._canary import log_probabilities
    from gameable_plugins.optimizers._checkpoints import load

    canary = train(fast(), tiny_model, tmp_path / "out", EPISODES).canary
    assert canary is not None
    assert canary.before == log_probabilities(load(tiny_model)[0], canary.tokens)
    assert canary.after == log_probabilities(load(tmp_path / "out")[0], canary.tokens)
    assert canary.before != pytest.approx(canary.after, abs=1e-3)


def test_frozen_layers_and_embeddings_stay_and_the_others_move(tiny_model: Path, tmp_path: Path) -> None:
    train(fast(frozen_layers=1), tiny_model, tmp_path / "out", EPISODES)
    before, after = weights(tiny_model), weights(tmp_path / "out")
    moved = {name for name in before if not before[name].equal(after[name])}
    assert moved == {name for name in before if "layers.1." in name} | {"model.norm.weight"}


def test_adapters_are_trained_and_merged(tiny_model: Path, tmp_path: Path) -> None:
    train(fast(lora_rank=2, learning_rate=1e-2), tiny_model, tmp_path / "out", EPISODES)
    before, after = weights(tiny_model), weights(tmp_path / "out")
    assert before.keys() == after.keys()
    moved = {name for name in before if not before[name].equal(after[name])}
    assert moved == {name for name in before if "_proj" in name}


def test_computing_activations_again_takes_the_same_steps(tiny_model: Path, tmp_path: Path) -> None:
    kept = train(fast(), tiny_model, tmp_path / "kept", EPISODES)
    again = train(fast(gradient_checkpointing=True), tiny_model, tmp_path / "again", EPISODES)
    assert kept.curve == again.curve


def test_a_loss_that_is_no_number_stops_the_training(tiny_model: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    shutil.copytree(tiny_model, tmp_path / "broken")
    broken = {name: tensor.fill_(math.nan) for name, tensor in weights(tiny_model).items()}
    save_file(broken, tmp_path / "broken" / "model.safetensors", {"format": "pt"})
    with pytest.raises(OptimizerError, match="diverged"):
        train(fast(), tmp_path / "broken", tmp_path / "out", EPISODES)


@BOTH
@pytest.mark.usefixtures("always")
def test_training_prints_nothing(
    kind: Any, tiny_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    train(fast(kind), tiny_model, tmp_path / "out", EPISODES)
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""
