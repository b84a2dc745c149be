from __future__ import annotations

import math

import pytest
from scipy import stats

from gameable_policies._sampling import draw, uniform


def test_frequencies_follow_the_softmax() -> None:
    import torch

    torch.manual_seed(0)
    logits = torch.randn(700) * 2  # not a multiple of the block
    n = 20_000
    tokens, _ = draw(logits.expand(n, -1), [uniform(seed, 3) for seed in range(n)], [1.0] * n)
    expected = logits.double().softmax(-1) * n
    likely = expected >= 5
    seen = torch.bincount(torch.tensor(tokens), minlength=700).double()
    observed = [*seen[likely].tolist(), seen[~likely].sum().item()]
    assert stats.chisquare(observed, [*expected[likely].tolist(), expected[~likely].sum().item()]).pvalue > 1e-3


def test_a_token_of_no_probability_is_never_drawn() -> None:
    import torch

    logits = torch.full((3, 1000), -math.inf)
    logits[:, 300] = 0.0
    assert draw(logits, [0.0, 0.5, 1 - 2**-48], [1.0] * 3)[0] == [300] * 3


def test_the_edges_of_the_unit_interval_are_the_first_and_last_token() -> None:
    import torch

    assert draw(torch.zeros(2, 600), [0.0, 1 - 2**-48], [1.0, 1.0])[0] == [0, 599]


@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.0, 2.0])
def test_log_probabilities_are_those_at_temperature_one(temperature: float) -> None:
    import torch

    torch.manual_seed(1)
    logits = torch.randn(40, 500)
    tokens, logprobs = draw(logits, [uniform(i, 0) for i in range(40)], [temperature] * 40)
    wanted = logits.log_softmax(-1)[range(40), tokens]
    assert logprobs == pytest.approx(wanted.tolist(), abs=1e-5)


def test_temperature_sharpens_the_distribution() -> None:
    import torch

    logits = torch.tensor([[0.0, 1.0]]).expand(5000, -1)
    tokens, _ = draw(logits, [uniform(i, 0) for i in range(5000)], [0.5] * 5000)
    assert sum(tokens) / 5000 == pytest.approx(1 / (1 + math.exp(-2)), abs=0.02)


def test_greedy_and_sampled_rows_mix() -> None:
    import torch

    logits = torch.tensor([[0.0, 0.1], [0.0, 0.1]])
    assert draw(logits, [0.0, 0.0], [0.0, 1.0])[0] == [1, 0]


def test_uniform_numbers_differ_by_seed_and_position() -> None:
    assert len({uniform(seed, position) for seed in range(50) for position in range(50)}) == 2500
