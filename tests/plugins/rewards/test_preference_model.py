"""The preference model: it learns, is trained once, and scores on a scale from 0 to 1."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from gameable import Context, Measured, Message, RewardError, Score, Silent, Unscored, VisibleView
from gameable_plugins.rewards import _classifier
from gameable_plugins.rewards._classifier import Classifier, Exchange, load_tokenizer, render
from gameable_plugins.rewards._pairs import SHIPPED, load_pairs
from gameable_plugins.rewards.preference_model import PreferenceModel, _exchange, train_pm

WORDS = ("tea", "rain", "bread", "moss", "ink", "wool", "salt", "oak", "sand", "rope", "milk", "coal")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs whose better reply says yes; replies are equally long."""
    rows = [
        {
            "id": str(number),
            "split": "heldout" if number % 3 == 0 else "train",
            "prompt": f"Is {word} fine?",
            "chosen": f"{word}: yes yes",
            "rejected": f"{word}: no! no!",
            "kind": "toy",
        }
        for number, word in enumerate(WORDS)
    ]
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def quick(pairs: Path, **options: Any) -> PreferenceModel:
    return PreferenceModel(**{"pairs": str(pairs), "epochs": 15, "learning_rate": 3e-3, "batch_size": 4, **options})


def context(tiny_model: Path, tmp_path: Path, progress: Any = None) -> Context:
    return Context(tmp_path / "run", tmp_path / "cache", tiny_model, 0, progress or Silent())


def view(reply: str, prompt: str = "Is silk fine?") -> VisibleView:
    dialogue = (Message("user", "an earlier message"), Message("assistant", "well"), Message("user", prompt))
    return VisibleView("id", "toy", dialogue, (), reply)


def values(scores: Sequence[Score]) -> list[float]:
    return [score.value for score in scores if isinstance(score, Measured)]


@pytest.fixture(scope="module")
def trained(
    tiny_model: Path, pairs: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[PreferenceModel, Context, dict[str, Any]]:
    model = quick(pairs)
    where = context(tiny_model, tmp_path_factory.mktemp("prepared"))
    return model, where, dict(model.prepare(where))


Prepared = tuple[PreferenceModel, Context, dict[str, Any]]


def test_it_learns_a_preference_and_reports_its_quality(trained: Prepared) -> None:
    figures = trained[2]
    assert figures["accuracy"] == 1.0
    assert figures["pairs"] == 4
    assert 0.4 < figures["accuracy_low"] < 1.0 == pytest.approx(figures["accuracy_high"])
    assert figures["length_correlation"] == 0.0 or abs(figures["length_correlation"]) < 0.5
    assert figures["cached"] == 0
    assert figures["seconds"] > 0


def test_an_untrained_head_is_not_already_right(tiny_model: Path, pairs: Path, tmp_path: Path) -> None:
    figures = quick(pairs, epochs=1, learning_rate=1e-9).prepare(context(tiny_model, tmp_path))
    assert float(figures["accuracy"]) < 1.0


def test_better_replies_are_worth_more_on_a_scale_from_0_to_1(trained: Prepared) -> None:
    scores = values(trained[0].score([view("silk: yes yes"), view("silk: no! no!")]))
    assert 0.5 < scores[0] <= 1.0
    assert 0.0 <= scores[1] < 0.5


def test_the_last_message_of_the_user_is_what_is_answered() -> None:
    assert _exchange(view("reply", "the question")) == Exchange("the question", "reply")


def test_an_empty_reply_is_scored(trained: Prepared) -> None:
    assert len(values(trained[0].score([view("")]))) == 1


def test_no_views_give_no_scores(trained: Prepared) -> None:
    assert trained[0].score([]) == []


def test_scores_do_not_depend_on_the_order_or_the_company(trained: Prepared) -> None:
    views = [view("silk: yes " * (number % 5), prompt="Is it?" * (number % 3 + 1)) for number in range(40)]
    together = values(trained[0].score(views))
    backwards = values(trained[0].score(views[::-1]))[::-1]
    alone = [values(trained[0].score([one]))[0] for one in views]
    assert together == pytest.approx(alone, abs=1e-4)
    assert together == pytest.approx(backwards, abs=1e-4)


def test_a_score_that_is_no_number_is_unscored(trained: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    model = trained[0]
    monkeypatch.setattr(model._classifier, "scores", lambda _: [math.nan, 0.0])
    scores = model.score([view("a"), view("b")])
    assert isinstance(scores[0], Unscored)
    assert "nan" in scores[0].reason
    assert isinstance(scores[1], Measured)


def test_the_second_time_the_kept_model_is_used(trained: Prepared, pairs: Path) -> None:
    again = quick(pairs)
    figures = again.prepare(trained[1])
    assert figures["cached"] == 1
    assert figures["accuracy"] == 1.0
    views = [view("silk: yes yes"), view("other")]
    assert again.score(views) == trained[0].score(views)


def test_the_same_training_gives_the_same_weights(
    trained: Prepared, tiny_model: Path, pairs: Path, tmp_path: Path
) -> None:
    other = context(tiny_model, tmp_path)
    quick(pairs).prepare(other)
    weights = [next(where.cache.rglob("model.safetensors")).read_bytes() for where in (trained[1], other)]
    assert weights[0] == weights[1]


@pytest.mark.parametrize("change", [{"epochs": 2}, {"seed": 1}, {"max_tokens": 40}])
def test_other_options_are_another_model(trained: Prepared, pairs: Path, change: dict[str, int]) -> None:
    base = trained[1].base_model
    assert quick(pairs, **change)._key(pairs, base) != quick(pairs)._key(pairs, base)


def test_other_pairs_or_another_base_are_another_model(
    trained: Prepared, tiny_model: Path, pairs: Path, tmp_path: Path
) -> None:
    model = trained[0]
    changed = tmp_path / "pairs.jsonl"
    changed.write_text(pairs.read_text().replace("fine", "good"))
    (tmp_path / "base").mkdir()
    for file in tiny_model.iterdir():
        (tmp_path / "base" / file.name).write_bytes(file.read_bytes())
    assert model._key(pairs, tmp_path / "base") == model._key(pairs, tiny_model)
    assert model._key(changed, tiny_model) != model._key(pairs, tiny_model)
    weights = tmp_path / "base" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert model._key(pairs, tmp_path / "base") != model._key(pairs, tiny_model)


class Dies(Silent):
    """Progress that fails half-way, as a run that is stopped does."""

    @contextmanager
    def track(self, what: str, total: int, unit: str = "") -> Iterator[Any]:
        def step(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        yield step


def test_a_training_that_was_cut_short_leaves_no_model(tiny_model: Path, pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        quick(pairs).prepare(context(tiny_model, tmp_path, Dies()))
    assert list((tmp_path / "cache" / "preference-models").iterdir()) == []
    assert quick(pairs, epochs=1).prepare(context(tiny_model, tmp_path))["cached"] == 0


def test_a_ready_classifier_is_calibrated_and_not_trained(trained: Prepared, pairs: Path, tmp_path: Path) -> None:
    folder = next(trained[1].cache.rglob("model.safetensors")).parent
    ready = PreferenceModel(model=str(folder), pairs=str(pairs))
    figures = ready.prepare(context(tmp_path / "unused", tmp_path))
    assert figures["accuracy"] == 1.0
    assert ready.score([view("silk: yes yes")]) == trained[0].score([view("silk: yes yes")])
    assert not (tmp_path / "cache").exists()


def test_inference_in_bfloat16_keeps_close_scores_apart(trained: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = next(trained[1].cache.rglob("model.safetensors")).parent
    exchanges = [Exchange(f"Is {word} fine?", f"{word}: yes") for word in WORDS]
    monkeypatch.setattr(_classifier, "has_bf16", lambda: False)
    precise = Classifier(folder, 256).scores(exchanges)
    monkeypatch.setattr(_classifier, "has_bf16", lambda: True)
    rounded = Classifier(folder, 256).scores(exchanges)
    assert rounded == pytest.approx(precise, rel=0.05, abs=0.05)
    assert rounded != precise
    assert len(set(rounded)) == len(WORDS)


def test_a_long_exchange_is_cut_from_the_start(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    whole = render(tokenizer, Exchange("question", "answer"), 1000)
    assert render(tokenizer, Exchange("question", "answer"), 12) == whole[-12:]


def test_a_model_with_several_classes_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer, LlamaForSequenceClassification

    LlamaForSequenceClassification.from_pretrained(tiny_model, num_labels=3).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path)
    with pytest.raises(RewardError, match="3 classes"):
        Classifier(tmp_path, 64)


def test_scoring_before_preparing_is_a_clear_error() -> None:
    with pytest.raises(RewardError, match="prepare"):
        PreferenceModel().score([view("a")])


def test_missing_pairs_are_a_clear_error(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(RewardError, match=r"nowhere\.jsonl"):
        train_pm(tmp_path / "nowhere.jsonl", tiny_model, tmp_path, 0, progress=Silent())


@pytest.mark.parametrize(
    ("line", "message"),
    [("{}", "line 1: id: Field required"), ("nonsense", "line 1: the line: Invalid JSON")],
)
def test_a_line_that_is_no_pair_is_named(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "pairs.jsonl").write_text(line)
    with pytest.raises(RewardError, match=message):
        load_pairs(tmp_path / "pairs.jsonl")


def test_pairs_without_held_out_ones_are_refused(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text(pairs.read_text().replace("heldout", "train"))
    with pytest.raises(RewardError, match="'heldout'"):
        load_pairs(tmp_path / "pairs.jsonl")


def test_the_shipped_pairs_can_be_read() -> None:
    assert len(load_pairs(SHIPPED)) > 100


def test_private_state_is_no_option() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(PreferenceModel).validate_python({"_classifier": None})
    assert TypeAdapter(PreferenceModel).validate_python({"epochs": 3}).epochs == 3
