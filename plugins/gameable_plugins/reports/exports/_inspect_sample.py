"""An episode as a sample of Inspect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from inspect_ai.log import EvalSample
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    Content,
    ContentReasoning,
    ContentText,
    ModelOutput,
)
from inspect_ai.scorer import Score
from inspect_ai.tool import ToolCall

from gameable import Episode, Measured, Message, Outcome, Payout, visible_text
from gameable.encoding import storable
from gameable_plugins.reports._transcript import pieces

if TYPE_CHECKING:
    from gameable import Measure
    from gameable_plugins.reports.exports._records import Record

_ROLES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


def sample(record: Record, measures: Sequence[Measure]) -> EvalSample:
    """Return the sample; what was not measured has no score, and its reason stands in the metadata.

    Args:
        record: The episode and its scores.
        measures: What its environment is judged by, a score each.
    """
    episode = record.episode
    asked, turn = [_message(message) for message in episode.task.dialogue], list(_turn(episode))
    answer = next((message for message in reversed(turn) if isinstance(message, ChatMessageAssistant)), None)
    choice = ChatCompletionChoice(
        message=answer or ChatMessageAssistant(content=""),
        stop_reason="max_tokens" if episode.stop == "length" else "stop",
    )
    return EvalSample(
        id=episode.task.variant,
        epoch=_epoch(episode),
        input=asked,
        target="",
        messages=[*asked, *turn],
        output=ModelOutput(model=f"gameable/{episode.model}", choices=[choice]),
        scores=_scores(record, measures),
        metadata=_metadata(record),
    )


def _epoch(episode: Episode) -> int:
    number = episode.id.rpartition("/")[2]
    return int(number) + 1 if number.isdecimal() else 1


def _message(message: Message) -> ChatMessage:
    return _ROLES[message.role](content=storable(message.text))


def _turn(episode: Episode) -> Iterator[ChatMessage]:
    """Split the assistant turn where commands ran."""
    content: list[Content] = []
    calls: list[ToolCall] = []
    for number, piece in enumerate(pieces(episode)):
        text = storable(piece.text)
        if piece.kind == "command":
            calls.append(ToolCall(id=f"call-{number}", function="bash", arguments={"cmd": text}))
        elif piece.kind == "observation":
            yield ChatMessageAssistant(content=content, tool_calls=calls or None)
            yield ChatMessageTool(content=text, function="bash", tool_call_id=calls[-1].id if calls else None)
            content, calls = [], []
        else:
            content.append(ContentReasoning(reasoning=text) if piece.kind == "thought" else ContentText(text=text))
    if content or calls:
        yield ChatMessageAssistant(content=content, tool_calls=calls or None)


def _scores(record: Record, measures: Sequence[Measure]) -> dict[str, Score]:
    outcome, scores = record.episode.outcome, {}
    if isinstance(outcome, Outcome):
        answer, evidence = storable(visible_text(record.episode.text)), storable("\n".join(outcome.evidence))
        scores["label"] = Score(value=outcome.label, answer=answer, explanation=evidence)
        scores |= {measure: Score(value=int(outcome.shows(measure))) for measure in measures}
    measured = {name: score for name, score in record.scores.items() if isinstance(score, Measured)}
    return scores | {name: Score(value=score.value, explanation=score.detail) for name, score in measured.items()}


def _metadata(record: Record) -> dict[str, Any]:
    episode = record.episode
    unscored = {name: score.reason for name, score in record.scores.items() if not isinstance(score, Measured)}
    if not isinstance(episode.outcome, Outcome):
        unscored["label"] = storable(episode.outcome.reason)
    engaged = {"engaged": episode.outcome.engaged} if isinstance(episode.outcome, Outcome) else {}
    paid = {"paid": episode.payout.paid} if isinstance(episode.payout, Payout) else {}
    return {
        "episode": episode.id,
        "seed": episode.seed,
        "scripted": episode.scripted,
        "stop": episode.stop,
        "unscored": unscored,
        **engaged,
        **paid,
        "files_before": {storable(path): storable(text) for path, text in episode.task.files.items()},
        "files_after": {storable(path): storable(text) for path, text in episode.files.items()},
    }
