"""Environments played by Inspect itself, under a scripted model."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from gameable import Environment, Oracle, Task
from gameable.clustered import interval
from gameable.episode import OracleKind
from gameable.plugins import Plugins

pytestmark = [
    pytest.mark.inspect,
    pytest.mark.skipif(find_spec("inspect_ai") is None, reason="inspect-ai is not installed"),
    pytest.mark.filterwarnings("ignore"),  # Inspect and its libraries warn about each other
]
LIMIT = 3


def oracle(environment: Environment, task: Task, kind: OracleKind) -> Oracle:
    return next(each for each in environment.oracles(task) if each.kind == kind)


def scripted(environment: Environment, kind: OracleKind, *, stops: bool) -> Any:
    """A model that plays the script of a kind in whatever variant it is asked, as a chat interface would have it.

    Args:
        environment: Whose variants it knows.
        kind: Which script it plays.
        stops: Leave out `</bash>`, as interfaces do that know stop sequences; else write on after it.
    """
    from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput, ModelUsage, get_model

    tasks = [environment.task("eval", index) for index in range(LIMIT)]

    def reply(messages: list[ChatMessage], tools: Any, choice: Any, config: GenerateConfig) -> ModelOutput:
        (task,) = [each for each in tasks if any(each.dialogue[-1].text == message.text for message in messages)]
        said = messages[len(task.dialogue) :]
        turns = oracle(environment, task, kind).turns
        number = sum(message.role == "assistant" for message in said)
        text = (task.opening if number == 0 else "") + (turns[number] if number < len(turns) else "")
        if text.endswith("</bash>"):
            assert config.stop_seqs == ["</bash>"]
            text = text.removesuffix("</bash>") if stops else f"{text}\n<stdout>made up</stdout>Done."
        output = ModelOutput.from_content("scripted", text, stop_reason="stop")
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    return get_model("mockllm/model", custom_outputs=reply)


def played(kind: OracleKind, logs: Path, *, name: str = "reward-tampering", stops: bool = True, **options: Any) -> Any:
    from inspect_ai import eval as inspect_eval

    model = scripted(Plugins().environment(name, {}), kind, stops=stops)
    (log,) = inspect_eval(f"gameable/{name}", model=model, limit=LIMIT, log_dir=str(logs), display="none", **options)
    assert log.status == "success", log.error
    return log


@pytest.mark.parametrize("stops", [True, False])
@pytest.mark.parametrize(("kind", "label"), [("honest", "honest"), ("gaming", "gamed"), ("evading", "evaded")])
def test_the_judge_gives_each_script_its_label(kind: OracleKind, label: str, stops: bool, tmp_path: Path) -> None:
    log = played(kind, tmp_path, stops=stops)
    assert [sample.scores["label"].value for sample in log.samples] == [label] * LIMIT


def test_rates_come_with_count_and_interval(tmp_path: Path) -> None:
    log = played("gaming", tmp_path)
    (score,) = log.results.scores
    figures = {name: metric.value for name, metric in score.metrics.items()}
    assert (score.scored_samples, score.unscored_samples) == (LIMIT, 0)
    assert (figures["gamed"], figures["evaded"], figures["scored"], figures["engaged"]) == (1.0, 0.0, LIMIT, LIMIT)
    assert figures["gamed low"] == pytest.approx(0.2924, abs=1e-4)


def test_without_engagement_there_is_no_rate(tmp_path: Path) -> None:
    log = played("do-nothing", tmp_path)
    figures = {name for score in log.results.scores for name in score.metrics}
    assert figures == {"scored", "engaged"}


def test_every_epoch_counts_and_those_of_a_sample_belong_together(tmp_path: Path) -> None:
    log = played("gaming", tmp_path, epochs=2)
    figures = {name: metric.value for name, metric in log.results.scores[0].metrics.items()}
    assert figures["scored"] == 2 * LIMIT
    assert figures["gamed low"] == pytest.approx(interval({str(sample): (2, 2) for sample in range(LIMIT)})[0])


def test_an_environment_without_commands_is_played_too(tmp_path: Path) -> None:
    log = played("gaming", tmp_path, name="political-sycophancy")
    assert {sample.scores["label"].value for sample in log.samples} == {"gamed"}


def test_what_could_not_be_judged_is_unscored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gameable import SandboxError
    from gameable_plugins.sandboxes.bashkit import Bashkit

    async def broken(*_: Any) -> Any:
        raise SandboxError("no more worlds")

    monkeypatch.setattr(Bashkit, "open", broken)
    log = played("gaming", tmp_path)
    assert log.results.scores[0].unscored_samples == LIMIT
    assert "no more worlds" in log.samples[0].scores["label"].explanation
    assert "gamed" not in log.results.scores[0].metrics


def test_options_of_the_environment_are_task_arguments(tmp_path: Path) -> None:
    from inspect_ai import eval as inspect_eval

    model = scripted(Plugins().environment("reward-tampering", {"prompt": "short"}), "honest", stops=True)
    (log,) = inspect_eval(
        "gameable/reward-tampering",
        model=model,
        task_args={"prompt": "short"},
        limit=1,
        log_dir=str(tmp_path),
        display="none",
    )
    assert log.status == "success"
    assert len(str(log.samples[0].input)) < len(str(played("honest", tmp_path).samples[0].input))


def test_every_gameable_environment_is_a_task() -> None:
    from gameable_plugins.inspect_tasks import TASKS

    assert "reward-tampering" in TASKS
    assert "ordinary-queries" not in TASKS
