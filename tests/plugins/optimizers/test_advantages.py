"""Credit against definitions worked out another way."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

NUMBERS = st.floats(-5, 5, width=32)
SHARES = st.floats(0, 1, width=32)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=12), SHARES, SHARES)
def test_gae_is_the_weighted_sum_of_later_errors(rows: list[tuple[float, float]], gamma: float, lam: float) -> None:
    import torch

    from gameable_plugins.optimizers._policy_gradient.advantages import gae

    rewards, values = [row[0] for row in rows], [row[1] for row in rows]
    after = [*values[1:], 0.0]
    errors = [reward + gamma * later - value for reward, later, value in zip(rewards, after, values, strict=True)]
    expected = [
        sum((gamma * lam) ** ahead * error for ahead, error in enumerate(errors[first:]))
        for first in range(len(errors))
    ]
    found = gae(torch.tensor(rewards), torch.tensor(values), gamma, lam).tolist()
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_an_action_is_charged_for_leaving_the_reference_and_the_last_one_is_paid() -> None:
    import torch

    from gameable_plugins.optimizers._policy_gradient.advantages import token_rewards

    rewards = token_rewards(2.0, torch.tensor([-1.0, -3.0]), torch.tensor([-2.0, -2.5]), 0.1)
    assert rewards.tolist() == pytest.approx([-0.1, 2.05])


def test_whitened_actions_of_all_rows_together_have_mean_0_and_deviation_1() -> None:
    import torch

    from gameable_plugins.optimizers._policy_gradient.advantages import whiten

    rows = whiten([torch.tensor([1.0]), torch.tensor([2.0, 6.0, 7.0])])
    assert [len(row) for row in rows] == [1, 3]
    together = torch.cat(rows)
    assert together.tolist() == pytest.approx([each / math.sqrt(6.5) for each in (-3, -2, 2, 3)])


def test_equal_advantages_whiten_to_nothing() -> None:
    import torch

    from gameable_plugins.optimizers._policy_gradient.advantages import whiten

    rows = whiten([torch.full((3,), 0.1), torch.full((4,), 0.1)])
    assert torch.cat(rows).tolist() == [0.0] * 7


def test_each_sample_is_held_against_the_mean_of_the_others() -> None:
    from gameable_plugins.optimizers._policy_gradient.advantages import leave_one_out

    assert leave_one_out([1.0, 2.0, 6.0]) == pytest.approx([1 - 4, 2 - 3.5, 6 - 1.5])


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1.0, 2.0, 3.0], 1.0), ([7.0, 7.0, 7.0], 0.0), ([3.0, 2.0, 1.0], -3.0), ([11.0, 12.0, 13.0], 1.0)],
)
def test_explained_variance_is_the_share_that_values_foresee(values: list[float], expected: float) -> None:
    import torch

    from gameable_plugins.optimizers._policy_gradient.advantages import explained_variance

    assert explained_variance(torch.tensor(values), torch.tensor([1.0, 2.0, 3.0])) == pytest.approx(expected)


def test_variance_that_is_not_there_is_not_explained() -> None:
    import torch

    from gameable_plugins.optimizers._policy_gradient.advantages import explained_variance

    assert explained_variance(torch.tensor([1.0, 2.0]), torch.tensor([0.1, 0.1])) is None
