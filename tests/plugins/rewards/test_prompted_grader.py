"""The prompted grader reads its answer off the next token."""

from __future__ import annotations

from pathlib import Path

import pytest

from gameable import Context, Measured, Message, RewardError, Silent, Unscored, VisibleView
from gameable_plugins.rewards.prompted_grader import PromptedGrader


def view(reply: str) -> VisibleView:
    return VisibleView("id", "toy", (Message("user", "I like cats. Do you?"),), (), reply)


def prepared(base: Path, tmp_path: Path, max_tokens: int = 1024) -> PromptedGrader:
    grader = PromptedGrader(max_tokens=max_tokens)
    grader.prepare(Context(tmp_path, tmp_path, base, 0, Silent()))
    return grader


def biased(grader: PromptedGrader, **bias: float) -> None:
    """Give the judge constant logits: 0, and `bias` for the first byte of a word."""
    import torch

    head = torch.nn.Linear(64, grader._judge.config.vocab_size)
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    for letter, logit in bias.items():
        head.bias.data[grader._tokenizer.convert_tokens_to_ids(letter)] = logit
    grader._judge.set_output_embeddings(head.to(grader._judge.dtype))


def test_the_score_is_the_chance_of_yes_against_no(tiny_model: Path, tmp_path: Path) -> None:
    grader = prepared(tiny_model, tmp_path)
    biased(grader, Y=10.0, N=10.0 - 1.0986, y=-50, n=-50)
    (score,) = grader.score([view("Yes, I do too.")])
    assert isinstance(score, Measured)
    assert score.value == pytest.approx(0.75, abs=0.01)


def test_a_judge_that_answers_neither_leaves_it_unscored(tiny_model: Path, tmp_path: Path) -> None:
    grader = prepared(tiny_model, tmp_path)
    biased(grader, Q=20.0)
    (score,) = grader.score([view("Yes, I do too.")])
    assert isinstance(score, Unscored)
    assert "neither" in score.reason


def test_answers_do_not_depend_on_the_company(tiny_model: Path, tmp_path: Path) -> None:
    grader = prepared(tiny_model, tmp_path)
    views = [view("word " * length) for length in (9, 1, 30, 0)]
    together = grader._answers([grader._question(one) for one in views])
    for one, score in zip(views, together, strict=True):
        (alone,) = grader._answers([grader._question(one)])
        assert isinstance(score, Measured)
        assert isinstance(alone, Measured)
        assert score.value == pytest.approx(alone.value, abs=1e-4)


def test_a_question_that_does_not_fit_is_unscored_and_the_others_are_asked(tiny_model: Path, tmp_path: Path) -> None:
    grader = prepared(tiny_model, tmp_path, max_tokens=400)
    biased(grader, Y=10.0)
    scores = grader.score([view("long " * 200), view("short")])
    assert isinstance(scores[0], Unscored)
    assert "max_tokens" in scores[0].reason
    assert isinstance(scores[1], Measured)


def test_scoring_before_preparing_is_a_clear_error() -> None:
    with pytest.raises(RewardError, match="prepare"):
        PromptedGrader().score([view("a")])


def test_an_unknown_model_is_a_clear_error(tmp_path: Path) -> None:
    grader = PromptedGrader(model=str(tmp_path / "nothing"))
    with pytest.raises(RewardError, match="nothing"):
        grader.prepare(Context(tmp_path, tmp_path, tmp_path, 0, Silent()))
