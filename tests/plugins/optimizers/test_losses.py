"""Losses and their gradients against what comes out by hand, for a vocabulary of two tokens."""

from __future__ import annotations

import math

import pytest


def gradient(logits: tuple[float, float], action: int, old: float, advantage: float) -> tuple[float, list[float]]:
    import torch

    from gameable_plugins.optimizers._policy_gradient.losses import surrogate

    leaf = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    new = torch.log_softmax(leaf, dim=0)[[action]]
    loss = surrogate(new, torch.tensor([old], dtype=torch.float64), torch.tensor([advantage]), 0.2).sum()
    torch.autograd.backward(loss)
    assert leaf.grad is not None
    return loss.item(), leaf.grad.tolist()


def test_at_the_start_the_gradient_is_that_of_reinforce() -> None:
    # p = (3/4, 1/4). d(-A · p/p_old)/dz at p = p_old is -A (onehot - p).
    loss, found = gradient((math.log(3), 0.0), 1, math.log(0.25), 2.0)
    assert loss == pytest.approx(-2.0)
    assert found == pytest.approx([2 * 0.75, -2 * 0.75])


def test_a_ratio_off_one_scales_the_gradient() -> None:
    # The action had 5/18 before: ratio 0.9, within the clip.
    loss, found = gradient((math.log(3), 0.0), 1, math.log(0.25 / 0.9), 2.0)
    assert loss == pytest.approx(-1.8)
    assert found == pytest.approx([1.8 * 0.75, -1.8 * 0.75])


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "moves"),
    [
        (1.5, 1.0, -1.2, False),  # already much likelier, and good: clipped
        (0.5, -1.0, 0.8, False),  # already much rarer, and bad: clipped
        (1.5, -1.0, 1.5, True),  # much likelier, though bad: pulled back
        (0.5, 1.0, -0.5, True),  # much rarer, though good: pulled back
    ],
)
def test_beyond_the_clip_only_what_went_wrong_is_pulled_back(
    ratio: float, advantage: float, loss: float, moves: bool
) -> None:
    found = gradient((0.0, 0.0), 0, math.log(0.5 / ratio), advantage)
    assert found[0] == pytest.approx(loss)
    assert found[1] == pytest.approx([-0.5 * ratio * advantage, 0.5 * ratio * advantage] if moves else [0.0, 0.0])


@pytest.mark.parametrize(
    ("value", "clip", "loss", "slope"),
    [
        (0.1, 0.2, 0.405, -0.9),  # within the clip: squared error
        (0.5, 0.2, 0.32, 0.0),  # as if it were 0.2: the larger error, and no further pull
        (0.5, None, 0.125, -0.5),
        (-0.5, 0.2, 1.125, -1.5),  # went the wrong way: pulled back in full
    ],
)
def test_value_loss(value: float, clip: float | None, loss: float, slope: float) -> None:
    import torch

    from gameable_plugins.optimizers._policy_gradient.losses import value_loss

    leaf = torch.tensor([value], requires_grad=True)
    found = value_loss(leaf, torch.tensor([0.0]), torch.tensor([1.0]), clip).sum()
    torch.autograd.backward(found)
    assert leaf.grad is not None
    assert found.item() == pytest.approx(loss)
    assert leaf.grad.item() == pytest.approx(slope)


def test_the_estimated_divergence_is_right_on_average_and_never_negative() -> None:
    import torch

    from gameable_plugins.optimizers._policy_gradient.losses import divergence

    sampler, other = torch.tensor([0.75, 0.25]), torch.tensor([0.5, 0.5])
    estimates = divergence(sampler.log(), other.log())
    exact = (sampler * (sampler / other).log()).sum().item()
    assert (estimates * sampler).sum().item() == pytest.approx(exact)
    assert estimates.min().item() > 0


def test_the_divergence_of_a_policy_is_right_on_average_over_what_an_earlier_one_sampled() -> None:
    import torch

    from gameable_plugins.optimizers._policy_gradient.losses import divergence

    sampler, policy, other = torch.tensor([0.6, 0.4]), torch.tensor([0.9, 0.1]), torch.tensor([0.5, 0.5])
    estimates = divergence(policy.log(), other.log(), sampler.log())
    exact = (policy * (policy / other).log()).sum().item()
    assert (estimates * sampler).sum().item() == pytest.approx(exact)
    assert estimates.min().item() > 0


def test_an_action_that_was_given_up_is_no_leap() -> None:
    import torch

    from gameable_plugins.optimizers._policy_gradient.losses import divergence

    given_up, once = torch.tensor([-200.0]), torch.tensor([-1.0])
    assert divergence(given_up, once, once).item() == pytest.approx(1.0)


def test_actions_out_of_the_clip_are_counted() -> None:
    import torch

    from gameable_plugins.optimizers._policy_gradient.losses import clipped

    ratios = torch.tensor([0.7, 0.9, 1.1, 1.3])
    assert clipped(ratios.log(), torch.zeros(4), 0.2).tolist() == [1.0, 0.0, 0.0, 1.0]
