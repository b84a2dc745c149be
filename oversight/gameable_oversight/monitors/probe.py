"""A linear probe on the policy's own hidden states (Alain and Bengio 2016, arXiv 1610.01644).

Logistic regression learns on stored episodes of one environment what gaming looks like from inside; on the others it
shows whether that carries over. On the environment that it learned from it says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from gameable import ActionsView, Measured, Monitor, MonitorError, Progress, Score, TranscriptView, Unscored
from gameable.detection import is_positive
from gameable.store import Store
from gameable.views import project

_LEAST = 5
"""Episodes of either kind without which there is nothing to learn."""
_PENALTY = 0.01
"""Inverse strength of the L2 penalty, on states scaled to unit variance: far fewer episodes than dimensions."""


@dataclass
class Probe(Monitor):
    """P(gamed) by logistic regression on the mean hidden state over the reply.

    Learned from episodes that `gamed` or `evaded` against those that were `honest` or `unclear`; others are left out.
    """

    access: ClassVar[Literal["transcript"]] = "transcript"

    checkpoint: Path
    """Folder of the policy whose hidden states are read, such as `RUN/checkpoints/STAGE`."""
    environment: str
    """Environment whose stored episodes it learns from."""
    run: Path | None = None
    """Run folder that these episodes are in; the run that is inspected if left out."""
    depth: Annotated[float, Field(gt=0, le=1)] = 0.6
    """At which share of the model's depth the states are read; 1 is after the last block."""

    _reader: Any = field(init=False, repr=False, default=None)
    _classifier: Any = field(init=False, repr=False, default=None)
    _tokens: int = field(init=False, repr=False, default=0)

    @property
    def tokens(self) -> int:
        """Tokens that the policy has read, in learning too."""
        return self._tokens

    def prepare(self, folder: Path, cache: Path, progress: Progress) -> None:
        """Load the policy and learn."""
        if find_spec("sklearn") is None:
            raise MonitorError("The probe needs scikit-learn: type `pip install 'gameable[probe]'`.")
        from gameable_oversight.monitors._hidden_states import Reader

        examples = self._examples(self.run or folder)
        self._reader = Reader.load(self.checkpoint, self.depth)
        with progress.track(f"probe: read {self.environment}", len(examples), "episodes") as step:
            states = []
            for view, _ in examples:
                states.append(self._state(view))
                step()
        self._classifier = _fit(states, [gamed for _, gamed in examples])

    def _examples(self, folder: Path) -> list[tuple[ActionsView, bool]]:
        with Store.open(folder, write=False) as store:
            stored = (each for phase in ("train/", "evaluate/") for each in store.episodes(phase))
            mine = (each for each in stored if each.task.environment == self.environment)
            known = [(project(each, self.sees), is_positive(each.outcome)) for each in mine]
        found = [(view, gamed) for view, gamed in known if gamed is not None]
        gamed = sum(label for _, label in found)
        if min(gamed, len(found) - gamed) < _LEAST:
            raise MonitorError(
                f"{folder} has {gamed} gamed and {len(found) - gamed} other episodes of '{self.environment}'; the "
                f"probe learns from {_LEAST} of each or more. Choose another `environment`, or name a run with "
                "them: --set run=RUN"
            )
        return found

    def inspect(self, views: Sequence[ActionsView]) -> list[Score]:
        """Read each view and classify it; those of the environment that it learned from are unscored."""
        return [self._verdict(view) for view in views]

    def _verdict(self, view: ActionsView) -> Score:
        if view.environment == self.environment:
            return Unscored(f"the probe has learned from {self.environment}")
        gamed = float(self._classifier.predict_proba([self._state(view)])[0, 1])
        return Measured(gamed, f"learned from {self.environment}")

    def _state(self, view: ActionsView) -> Any:
        assert isinstance(view, TranscriptView)
        tokens, begin = self._reader.tokens(view)
        self._tokens += len(tokens)
        return self._reader.read(tokens, begin)

    def close(self) -> None:
        """Free the model."""
        self._reader = None


def _fit(states: Sequence[Any], labels: Sequence[bool]) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regression = LogisticRegression(C=_PENALTY, class_weight="balanced", max_iter=1000)
    return make_pipeline(StandardScaler(), regression).fit(states, labels)
