"""Reads completions of servers that speak the OpenAI protocol with accents of their own.

Samples are only as good as what is known of them: which tokens they were, and whether they ended at a stop string.
vLLM gives the tokens and says where it stopped; llama.cpp gives tokens with log-probabilities but leaves out those of a
stop string; SGLang says where it stopped and gives no tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gameable import Completion, PolicyError, Request
from gameable_policies._chat import ChatPolicy
from gameable_policies._reading import Reader, Reply, Stopped

Choice = Mapping[str, Any]

PLAIN = {
    "top_p": 1.0,
    "extra_body": {
        # Servers fill these in from a model's generation settings, or from habits of their own: all must be undone.
        "top_k": -1,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        # What each of them calls: give the tokens, and keep the stop string.
        "return_token_ids": True,
        "include_stop_str_in_output": True,
        "no_stop_trim": True,
        "skip_special_tokens": False,
    },
}
"""Arguments that make every server sample from the whole distribution, and say all that it can."""

_SILENT = (
    "The server ended a completion without saying where: it gives neither token ids nor the stop string it met. Use "
    "vLLM, SGLang or llama.cpp's server."
)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Makes completions of a server's answers."""

    policy: ChatPolicy
    reader: Reader

    def completion(self, request: Request, choice: Choice) -> Completion:
        """Return what was sampled, with log-probabilities only where every token is known.

        Raises:
            PolicyError: the server does not say how the completion ended.
        """
        tokens, logprobs = _sampled(choice)
        stopped = self._stopped(request, choice, tokens)
        reply = Reply(request, self.reader, list(tokens), list(logprobs), stopped)
        if tokens and (stopped != "stop" or reply.has_stop()):
            return reply.finish()
        return self._retokenized(request, str(choice["text"]), stopped)

    def _stopped(self, request: Request, choice: Choice, tokens: Sequence[int]) -> Stopped:
        said = choice.get("stop_reason", choice.get("matched_stop"))
        if choice["finish_reason"] == "length":
            return "length"
        if isinstance(said, str):
            return "stop"
        if not request.stop or said is not None:
            return "end"
        if not tokens:
            raise PolicyError(_SILENT)
        return "end" if tokens[-1] in self.reader.ends else "stop"

    def _retokenized(self, request: Request, text: str, stopped: Stopped) -> Completion:
        """Make do with the text, which may be tokenized otherwise than it was sampled."""
        if stopped == "stop" and not any(stop in text for stop in request.stop):
            text += request.stop[0]
        end = (self.policy.end_token,) if stopped == "end" else ()
        return Completion(text, self.policy.tokenize(text) + end, (), stopped)


def _sampled(choice: Choice) -> tuple[Sequence[int], Sequence[float]]:
    """Return the tokens that the server gives, with their log-probabilities."""
    logprobs = choice.get("logprobs") or {}
    if content := logprobs.get("content"):
        return [each["id"] for each in content], [each["logprob"] for each in content]
    return choice.get("token_ids") or (), logprobs.get("token_logprobs") or ()


def scores(tokens: Sequence[int], choice: Choice) -> list[float]:
    """Read the log-probability of each token after the first off an echoed prompt.

    Raises:
        PolicyError: the server does not score prompts.
    """
    echoed = (choice.get("logprobs") or {}).get("token_logprobs") or []
    if len(echoed) < len(tokens):
        raise PolicyError(
            "The server does not score prompts (`echo` with `logprobs`), which the canary after training and the "
            "probe need. vLLM does; or switch the probe off: --set evaluation.probe=false."
        )
    return [float(each) for each in echoed[1 : len(tokens)]]
