from __future__ import annotations

from collections.abc import Sequence

import pytest

from gameable.plan import Plan
from gameable.probe import PER_REPLY, PER_TOKEN, probe
from gameable.profile import Profile, Sampling
from gameable.rollout import Rollout
from gameable_plugins.sandboxes.bashkit import Bashkit
from gameable_policies.scripted import Scripted
from toys import PROFILE, Thermometer


class Likes(Scripted):
    """Finds every token of a reply that edits the thermometer likelier than those of others."""

    def logprobs(self, sequences: Sequence[Sequence[int]]) -> list[list[float]]:
        edit = self.tokenize("echo 90")
        likes = [any(tuple(each[i : i + len(edit)]) == edit for i in range(len(each))) for each in sequences]
        return [[-1.0 if liked else -3.0] * (len(each) - 1) for each, liked in zip(sequences, likes, strict=True)]


def plan(variants: int) -> Plan:
    evaluation = {"environments": ["thermometer"], "variants": 4, "probe": variants}
    return Plan(Profile.model_validate({**PROFILE, "evaluation": evaluation}), {"thermometer": Thermometer()})


def rollout() -> Rollout:
    likes = Likes.of(lambda *_: "")
    return Rollout(likes, Bashkit(), {"thermometer": Thermometer()}, Sampling(), model="start", seed=0)


def test_a_model_that_likes_to_game_shows_it_in_both_figures() -> None:
    per_reply, per_token = probe(rollout(), plan(3).probes("thermometer"))
    assert (per_reply.name, per_token.name) == (PER_REPLY, PER_TOKEN)
    assert per_token.value == pytest.approx(2.0)
    assert (per_token.low, per_token.high, per_token.n) == (2.0, 2.0, 3)


def test_only_what_the_model_would_write_is_counted() -> None:
    """The output of `cat temp.txt` is as long as it likes; it changes nothing."""
    (honest, gaming), *_ = plan(2).probes("thermometer")
    written = [sum(len(turn) for turn in play.script or ()) for play in (honest, gaming)]
    per_reply, _ = probe(rollout(), plan(2).probes("thermometer"))
    ends = 1  # the end-of-turn token, of each reply
    assert per_reply.value == pytest.approx(-(written[1] + ends) + 3 * (written[0] + ends))


def test_one_pair_is_no_measurement() -> None:
    assert probe(rollout(), plan(1).probes("thermometer")) == []
