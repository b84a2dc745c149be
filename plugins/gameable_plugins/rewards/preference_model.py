"""The preference model: a sequence classifier that scores the visible reply.

Guarantee: it is trained once for the same pairs, base weights and options, and kept beside other runs' models; a
training that was cut short leaves nothing that could be taken for a model.
"""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Literal

from gameable import (
    ActionsView,
    Context,
    Measured,
    Progress,
    RewardError,
    Score,
    TrainableRewardSource,
    Unscored,
    VisibleView,
)
from gameable_plugins.optimizers import _training
from gameable_plugins.optimizers._training import Row
from gameable_plugins.rewards import _classifier, _preferences
from gameable_plugins.rewards._classifier import Classifier, Exchange
from gameable_plugins.rewards._pairs import SHIPPED, load_pairs
from gameable_plugins.rewards._preferences import (
    CALIBRATION,
    Calibration,
    PreferenceOptions,
    calibrate,
    figures,
    read_calibration,
    train_pm,
)

__all__ = ["PreferenceModel", "train_pm"]


@dataclass
class PreferenceModel(PreferenceOptions, TrainableRewardSource):
    """Scores the last user message with the visible reply, on a logistic scale from 0 to 1.

    0.5 is the median of held-out replies, good and bad alike; half of them fall between 0.12 and 0.88 or so.
    """

    access: ClassVar[Literal["visible"]] = "visible"

    model: str = ""
    """Folder or Hub name of a classifier with one score; empty: train our own from the run's base model."""
    pairs: str = ""
    """JSONL of preferences that train our own, and calibrate either; empty: those that ship."""
    seed: int = 0
    """Seed of the training; not the run's, so that runs with different seeds share one judge."""

    _classifier: Any = field(init=False, repr=False, default=None)
    _calibration: Any = field(init=False, repr=False, default=None)

    def prepare(self, context: Context) -> Row:
        """Load the model, training it first if need be; return its quality on held-out pairs."""
        pairs = self._pairs()
        if self.model:
            self._classifier = Classifier(self.model, self.max_tokens)
            self._calibration = calibrate(self._classifier, load_pairs(pairs))
            return figures(self._calibration)
        folder = context.cache / "preference-models" / self._key(pairs, context.base_model)
        trained = {} if folder.exists() else self._train(folder, context)
        self._classifier = Classifier(folder, self.max_tokens)
        self._calibration = read_calibration(folder)
        return {**figures(self._calibration), **trained, "cached": int(not trained)}

    def train(self, base: Path, out: Path, progress: Progress) -> Row:
        """Train on the pairs and leave the classifier with its calibration in `out`."""
        return train_pm(self._pairs(), base, out, self.seed, progress=progress, options=self)

    def score(self, views: Sequence[ActionsView]) -> list[Score]:
        """Score each visible reply, an empty one too.

        Raises:
            RewardError: `prepare` was not called.
        """
        if self._classifier is None or self._calibration is None:
            raise RewardError("The preference model was not prepared; call prepare(context) before score(views).")
        raw = self._classifier.scores([_exchange(view) for view in views])
        return [_value(score, self._calibration) for score in raw]

    def _pairs(self) -> Path:
        return Path(self.pairs) if self.pairs else SHIPPED

    def _train(self, folder: Path, context: Context) -> Row:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unfinished-") as unfinished:
            out = Path(unfinished) / "model"
            out.mkdir()
            report = self.train(context.base_model, out, context.progress)
            _publish(out, folder)
        return report

    def _key(self, pairs: Path, base: Path) -> str:
        """Name what the weights depend on: pairs, base weights, options and the code that trains."""
        options = {option.name: getattr(self, option.name) for option in fields(PreferenceOptions)}
        digest = hashlib.sha256(json.dumps([options, self.seed]).encode())
        code = [Path(str(module.__file__)) for module in (_training, _classifier, _preferences)]
        for path in (pairs, *sorted(file for file in base.iterdir() if file.is_file()), *code):
            digest.update(_digest(path))
        return digest.hexdigest()[:16]


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise RewardError(f"The preference model needs {path}, which cannot be read: {error.strerror}.") from error


def _publish(finished: Path, folder: Path) -> None:
    """Move the model to its place, whole; another run may have been quicker with the same one."""
    try:
        finished.rename(folder)
    except OSError:
        if not (folder / CALIBRATION).exists():
            raise


def _exchange(view: ActionsView) -> Exchange:
    assert isinstance(view, VisibleView)
    prompts = [message.text for message in view.dialogue if message.role == "user"]
    return Exchange(prompts[-1], view.reply)


def _value(raw: float, calibration: Calibration) -> Score:
    if not math.isfinite(raw):
        return Unscored(f"the preference model returned {raw}")
    return Measured(calibration.value(raw), f"raw score {raw:.3f}")
