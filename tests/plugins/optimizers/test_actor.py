"""What the actor says about actions, against the whole model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from updates import episode, saw, wrote

from gameable import Segment


def rows(*kinds: str) -> Any:
    from gameable_plugins.optimizers._rollouts import rollout_of

    made = (episode(kind, wrote("ls" + kind), saw("\na.txt\n" + kind), wrote("done")) for kind in kinds)
    return [rollout_of(each.episode, 1.0) for each in made]


def model(folder: Path) -> Any:
    from gameable_plugins.optimizers._checkpoints import load

    return load(folder)[0]


def asked(actor: Any, rollouts: Any) -> Any:
    import torch

    from gameable_plugins.optimizers._actor import collate

    return actor(collate(rollouts, torch.device("cpu")))


def test_actions_are_what_the_model_wrote_and_keep_their_log_probabilities() -> None:
    from gameable_plugins.optimizers._rollouts import rollout_of

    row = rollout_of(
        episode("x", Segment("model", "ab", tuple(b"ab"), (-1.0, -2.0)), saw("OUT"), wrote("c")).episode, 3.0
    )
    assert bytes(row.tokens) == b"<cot>abOUTc"
    assert row.actions == (5, 6, 10)
    assert row.sampled == (-1.0, -2.0, None)


def test_log_probabilities_and_entropy_are_those_of_the_whole_model(tiny_model: Path) -> None:
    import torch

    from gameable_plugins.optimizers._actor import Actor

    whole, rollouts = model(tiny_model), rows("", "longer", "x")
    said = asked(Actor(whole), rollouts)
    expected = []
    for row in rollouts:
        logprobs = torch.log_softmax(whole(torch.tensor([row.tokens])).logits[0], dim=-1)
        expected += [
            (logprobs[at - 1, row.tokens[at]].item(), -(logprobs[at - 1].exp() * logprobs[at - 1]).sum().item())
            for at in row.actions
        ]
    assert said.logprobs.tolist() == pytest.approx([each[0] for each in expected], abs=1e-4)
    assert said.entropy.tolist() == pytest.approx([each[1] for each in expected], abs=1e-4)


def test_the_vocabulary_is_projected_onto_at_actions_only(tiny_model: Path) -> None:
    from gameable_plugins.optimizers._actor import Actor

    whole, rollouts = model(tiny_model), rows("", "longer")
    shapes: list[Any] = []
    whole.lm_head.register_forward_hook(lambda _module, _inputs, logits: shapes.append(tuple(logits.shape)))
    asked(Actor(whole), rollouts)
    assert shapes == [(sum(len(row.actions) for row in rollouts), 258)]


def test_no_gradient_comes_from_observations(tiny_model: Path) -> None:
    import torch

    from gameable_plugins.optimizers._actor import Actor

    whole, (row,) = model(tiny_model), rows("")
    states: list[Any] = []

    def watch(_module: object, _inputs: object, hidden: Any) -> None:
        hidden.retain_grad()
        states.append(hidden)

    whole.model.norm.register_forward_hook(watch)
    said = asked(Actor(whole, critic=True, shared=True), [row])
    (said.logprobs.sum() + said.values.sum()).backward()
    moved = states[0].grad[0].abs().sum(dim=-1) > 0
    assert torch.nonzero(moved)[:, 0].tolist() == [at - 1 for at in row.actions]


@pytest.mark.parametrize("shared", [False, True])
def test_the_value_loss_trains_the_trunk_only_when_asked_to(tiny_model: Path, shared: bool) -> None:
    import torch

    from gameable_plugins.optimizers._actor import Actor

    actor = Actor(model(tiny_model), critic=True, shared=shared)
    assert actor.value is not None
    torch.nn.init.ones_(actor.value.weight)
    asked(actor, rows("")).values.sum().backward()
    assert actor.value.weight.grad is not None
    assert (actor.model.model.norm.weight.grad is not None) is shared


def test_values_are_float32_whatever_the_trunk_computes_in(tiny_model: Path) -> None:
    import torch

    from gameable_plugins.optimizers._actor import Actor

    with torch.autocast("cpu", torch.bfloat16):
        said = asked(Actor(model(tiny_model), critic=True), rows(""))
    assert said.values.dtype == said.logprobs.dtype == torch.float32


def test_dropout_stays_off_when_activations_are_computed_again(tiny_model: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from gameable_plugins.optimizers._actor import Actor

    def gradient(again: bool) -> Any:
        whole = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32, attention_dropout=0.5)
        if again:
            whole.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        calls: list[int] = []
        whole.model.layers[0].mlp.register_forward_pre_hook(lambda *_: calls.append(1))
        asked(Actor(whole).train(), rows("")).logprobs.sum().backward()
        assert len(calls) == 1 + again
        return whole.model.layers[0].mlp.up_proj.weight.grad

    torch.testing.assert_close(gradient(again=True), gradient(again=False))
