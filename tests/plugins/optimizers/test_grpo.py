"""GRPO: which samples make a group, what the KL penalty is against, and that it learns what is paid."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from updates import contents, episode, saw, train, update_of, weights, wrote

from gameable import Measured, ScoredEpisode, Trained, Unscored
from gameable_plugins.optimizers._checkpoints import load
from gameable_plugins.optimizers._grpo_groups import group
from gameable_plugins.optimizers.grpo import GRPO
from gameable_plugins.optimizers.warm_start import WarmStart

TEXTS = ("yes", "no", "maybe", "who knows")


def samples(prompts: int = 2, pay: Callable[[str], float] = lambda text: float(text == "yes")) -> list[ScoredEpisode]:
    """Four samples of each prompt."""
    return [
        episode(f"{number}/{text}", wrote(text), variant=str(number), reward=pay(text))
        for number in range(prompts)
        for text in TEXTS
    ]


def fast(**options: Any) -> GRPO:
    return GRPO(**{"learning_rate": 1e-3, "batch_size": 4, **options})


def with_reward(scored: ScoredEpisode, reward: Measured | Unscored) -> ScoredEpisode:
    return replace(scored, reward=reward)


# --- groups ----------------------------------------------------------------------------------------------------------


def test_a_group_holds_the_tokens_and_marks_what_the_model_wrote() -> None:
    scored = episode("x", wrote("ab"), saw("OUT"), wrote("c"), reward=0.5)
    only, _ = group([scored, scored], 100).groups[0]
    assert only.prompt == tuple(b"<cot>")
    assert only.completion == tuple(b"abOUTc")
    assert only.written == (1, 1, 0, 0, 0, 1)
    assert only.reward == 0.5


def test_samples_are_grouped_by_prompt_and_the_unusable_are_counted() -> None:
    first, *others = samples(2)
    unscored = with_reward(first, Unscored("no judge"))
    no_number = with_reward(first, Measured(math.nan))
    found = group([unscored, no_number, *others, episode("long", wrote("a" * 99)), episode("mute", saw("x"))], 30)
    assert [len(each) for each in found.groups] == [3, 4]
    assert (found.unscored, found.dropped) == (2, 2)


def test_a_sample_that_is_alone_with_its_prompt_is_left_out() -> None:
    found = group([*samples(1), episode("planted", wrote("hack"), variant="of its own", reward=1.0)], 30)
    assert [len(each) for each in found.groups] == [4]
    assert (found.alone, found.dropped) == (1, 0)


def test_what_was_left_out_is_said(tiny_model: Path, tmp_path: Path) -> None:
    planted = episode("planted", wrote("hack"), variant="of its own", reward=1.0)
    trained = train(fast(), tiny_model, tmp_path / "out", [*samples(1), planted])
    assert (trained.kept, trained.figures["alone"]) == (4, 1)
    assert "1 alone with their prompt" in trained.note


def test_groups_that_lack_samples_are_filled_up_with_blanks() -> None:
    first, *others = samples(2)
    found = group([with_reward(first, Unscored("no")), *others], 30)
    assert [len(each) for each in found.padded(1)] == [4, 4]
    assert [len(each) for each in found.padded(2)] == [4, 4]
    padded = found.padded(3)  # eight samples would not be three equal shares
    assert [len(each) for each in padded] == [6, 6]
    assert [sample.reward is None for sample in padded[0]] == [False] * 3 + [True] * 3
    assert not any(any(sample.written) for sample in padded[0][3:])


# --- training --------------------------------------------------------------------------------------------------------


def test_an_update_raises_what_is_paid_above_the_rest(tiny_model: Path, tmp_path: Path) -> None:
    train(fast(beta=0.0, epochs=4), tiny_model, tmp_path / "out", samples())
    before, after = likelihoods(tiny_model), likelihoods(tmp_path / "out")
    assert after["yes"] > before["yes"]
    assert all(after[text] < before[text] for text in TEXTS[1:])


def likelihoods(folder: Path) -> dict[str, float]:
    """Log-probability of each text after the prompt."""
    import torch

    model = load(folder)[0]
    found = {}
    for text in TEXTS:
        tokens = torch.tensor([[*b"<cot>", *text.encode()]])
        with torch.no_grad():
            each = torch.log_softmax(model(tokens).logits[0, :-1], -1).gather(1, tokens[0, 1:, None])
        found[text] = float(each[-len(text) :].sum())
    return found


def test_the_curve_has_what_is_watched(tiny_model: Path, tmp_path: Path) -> None:
    trained = train(fast(epochs=2), tiny_model, tmp_path / "out", samples())
    assert [row["step"] for row in trained.curve] == [1, 2, 3, 4]
    watched = {"loss", "kl", "entropy", "grad_norm", "learning_rate", "clip_ratio/region_mean"}
    assert all(watched <= row.keys() for row in trained.curve)
    first = trained.curve[0]
    assert first["reward"] == pytest.approx(0.25)
    assert first["frac_reward_zero_std"] == 0
    assert first["completions/mean_length"] == pytest.approx(sum(map(len, TEXTS)) / 4)
    assert all(isinstance(value, int | float) for row in trained.curve for value in row.values())
    assert (trained.kept, trained.unscored, trained.figures["prompts_that_vary"]) == (8, 0, 2)


@pytest.mark.parametrize("missing", [0, 1])
def test_the_loss_of_the_first_step_is_that_of_the_paper(tiny_model: Path, tmp_path: Path, missing: int) -> None:
    """With every sample measured, and with one missing from the first group, which then has the mean of the others."""
    played = samples(pay=lambda text: float(len(text)))[missing:]
    trained = train(fast(batch_size=8, beta=0.0), tiny_model, tmp_path / "out", played)
    # Ratios are 1, so the loss is minus the mean of the advantages over all tokens.
    weighed = [
        (a, len(text)) for texts in (TEXTS[missing:], TEXTS) for a, text in zip(scaled(texts), texts, strict=True)
    ]
    expected = -sum(a * tokens for a, tokens in weighed) / sum(tokens for _, tokens in weighed)
    assert trained.curve[0]["loss"] == pytest.approx(expected, abs=1e-3)
    rewards = [each.reward.value for each in played if isinstance(each.reward, Measured)]
    assert trained.curve[0]["reward"] == pytest.approx(statistics.mean(rewards))


def scaled(texts: Sequence[str]) -> list[float]:
    """Advantages when each text is paid its length: (r - mean) / (sd + 1e-4)."""
    rewards = [len(text) for text in texts]
    return [(reward - statistics.mean(rewards)) / (statistics.stdev(rewards) + 1e-4) for reward in rewards]


def test_the_canary_is_of_the_saved_weights(tiny_model: Path, tmp_path: Path) -> None:
    canary = train(fast(), tiny_model, tmp_path / "out", samples()).canary
    assert canary is not None
    assert bytes(canary.tokens) == b"<cot>no"
    assert sum(canary.before[-2:]) == pytest.approx(likelihoods(tiny_model)["no"], abs=1e-4)
    assert sum(canary.after[-2:]) == pytest.approx(likelihoods(tmp_path / "out")["no"], abs=1e-4)


def test_observations_carry_no_gradient(tiny_model: Path, tmp_path: Path) -> None:
    """What follows the model's last token is only observed, so another text there trains the same weights."""
    import torch

    def ending(text: str) -> list[ScoredEpisode]:
        written = samples(1)
        tail = [replace(each.episode, segments=(*each.episode.segments, saw(text))) for each in written]
        return [replace(each, episode=longer) for each, longer in zip(written, tail, strict=True)]

    train(fast(batch_size=4), tiny_model, tmp_path / "a", ending("aaaa"))
    train(fast(batch_size=4), tiny_model, tmp_path / "b", ending("zzzz"))
    for name, tensor in weights(tmp_path / "a").items():
        torch.testing.assert_close(weights(tmp_path / "b")[name], tensor, rtol=0, atol=1e-6)
    assert not weights(tmp_path / "a")["model.norm.weight"].equal(weights(tiny_model)["model.norm.weight"])


def test_unscored_samples_change_nothing_but_the_count(tiny_model: Path, tmp_path: Path) -> None:
    """A group of three measured samples and an unscored one trains as a group of those three."""
    import torch

    first, *others = samples(1, pay=lambda text: float(len(text)))
    alone = train(fast(beta=0.0), tiny_model, tmp_path / "alone", others)
    among = train(fast(beta=0.0), tiny_model, tmp_path / "among", [*others, with_reward(first, Unscored("no"))])
    assert (alone.kept, among.kept) == (3, 3)
    assert (alone.unscored, among.unscored) == (0, 1)
    for name, tensor in weights(tmp_path / "alone").items():
        torch.testing.assert_close(weights(tmp_path / "among")[name], tensor, rtol=0, atol=1e-6)


def test_the_same_update_gives_the_same_bytes(tiny_model: Path, tmp_path: Path) -> None:
    first = train(fast(), tiny_model, tmp_path / "first", samples())
    second = train(fast(), tiny_model, tmp_path / "second", samples())
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    assert first.curve == second.curve


def test_frozen_layers_stay_and_adapters_are_merged(tiny_model: Path, tmp_path: Path) -> None:
    train(fast(frozen_layers=1), tiny_model, tmp_path / "frozen", samples())
    train(fast(frozen_layers=1, lora_rank=2), tiny_model, tmp_path / "lora", samples())
    for name, before in weights(tiny_model).items():
        upper = "layers.1." in name or name == "model.norm.weight"
        assert weights(tmp_path / "frozen")[name].equal(before) != upper
        assert weights(tmp_path / "lora")[name].equal(before) != ("layers.1." in name and "proj" in name)


# --- nothing to learn from -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("episodes", "unscored"),
    [
        (samples(2, pay=lambda _: 1.0), 0),
        ([with_reward(each, Unscored("no")) for each in samples()], 8),
        ([], 0),
    ],
)
def test_without_a_difference_in_reward_the_start_is_copied_and_the_note_says_what_to_do(
    tiny_model: Path, tmp_path: Path, episodes: Sequence[ScoredEpisode], unscored: int
) -> None:
    trained = train(fast(), tiny_model, tmp_path / "out", episodes)
    assert contents(tmp_path / "out") == contents(tiny_model)
    assert (trained.kept, trained.unscored, trained.canary, trained.curve) == (0, unscored, None, ())
    assert "no advantage to learn from" in trained.note
    assert "temperature" in trained.note


# --- the reference ---------------------------------------------------------------------------------------------------


def step_from(start: Path, reference: Path, destination: Path, **options: Any) -> Trained:
    """One step on samples of `start`."""
    update = replace(update_of(start, destination, samples()), reference=reference)
    return fast(batch_size=8, micro_batch_size=8, **options).update(update)


@pytest.mark.parametrize("rank", [0, 2])
def test_the_penalty_is_against_the_model_that_the_stage_began_with(
    tiny_model: Path, tmp_path: Path, rank: int
) -> None:
    train(WarmStart(learning_rate=3e-3), tiny_model, tmp_path / "round-1")
    first = step_from(tiny_model, tiny_model, tmp_path / "first", lora_rank=rank)
    assert first.curve[0]["kl"] == pytest.approx(0, abs=1e-6)
    second = step_from(tmp_path / "round-1", tiny_model, tmp_path / "second", lora_rank=rank)
    expected = divergence(tmp_path / "round-1", tiny_model)
    assert expected > 0.01
    assert second.curve[0]["kl"] == pytest.approx(expected, rel=0.05)


def divergence(policy: Path, reference: Path) -> float:
    """Schulman's estimate of the KL divergence, mean over the tokens that the model wrote."""
    import torch

    total, count = 0.0, 0
    models = [load(folder)[0] for folder in (policy, reference)]
    for text in TEXTS:
        tokens = torch.tensor([[*b"<cot>", *text.encode()]])
        with torch.no_grad():
            ours, theirs = (
                torch.log_softmax(model(tokens).logits[0, :-1], -1).gather(1, tokens[0, 1:, None])[-len(text) :, 0]
                for model in models
            )
        total += float((torch.exp(theirs - ours) - (theirs - ours) - 1).sum())
        count += len(text)
    return total / count


# --- learning --------------------------------------------------------------------------------------------------------


def test_it_learns_to_write_the_letter_that_is_paid(tiny_model: Path, tmp_path: Path) -> None:
    """Sample one letter of four, update, and so on; the paid one takes over."""
    model, paid = tiny_model, []
    for number in range(6):
        played = bandit(model, number)
        paid.append(sum(each.reward.value for each in played if isinstance(each.reward, Measured)) / len(played))
        optimizer = GRPO(learning_rate=1e-2, batch_size=32, micro_batch_size=16, beta=0.0)
        train(optimizer, model, tmp_path / str(number), played)
        model = tmp_path / str(number)
    assert paid[0] < 0.5
    assert paid[-1] > 0.9


def bandit(folder: Path, seed: int) -> list[ScoredEpisode]:
    """Thirty-two draws of one of the letters a to d, as the model weighs them, of which c is paid."""
    import torch

    with torch.no_grad():
        logits = load(folder)[0](torch.tensor([list(b"<cot>")])).logits[0, -1]
    letters = "abcd"
    odds = torch.softmax(logits[list(letters.encode())], 0).tolist()
    drawn = Random(seed).choices(letters, odds, k=32)
    return [episode(f"{number}", wrote(letter), reward=float(letter == "c")) for number, letter in enumerate(drawn)]
