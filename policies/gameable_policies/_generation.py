"""The batched decoding loop over a transformers model.

Equal prompts are computed once, a turn that goes on after a command computes only what is new, finished rows leave the
batch, and each row is sampled from its own seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from gameable import Completion, Request
from gameable_policies._attention import Capture, Prefix
from gameable_policies._memory import Memory, Remembered, Tokens
from gameable_policies._padding import chunks, padded
from gameable_policies._reading import Reader, Reply
from gameable_policies._rows import Rows
from gameable_policies._sampling import draw, uniform
from gameable_policies._scoring import logprobs

if TYPE_CHECKING:
    from torch import Tensor

_CHUNK = 2048
"""Tokens in one forward pass over prompts, at most, which bounds memory."""
_SPARSE = 0.75
"""Finished rows are dropped as soon as no more than this share of a batch goes on; dropping copies the others."""


@dataclass(frozen=True, slots=True)
class _Start:
    """Where the rows of one distinct prompt begin."""

    known: Remembered
    logits: Tensor
    """(vocabulary), for the first token to be sampled."""


@dataclass(eq=False, slots=True)
class Generator:
    """Samples from, and scores with, a model that was loaded with our attention."""

    model: Any
    reader: Reader
    batch_size: int
    memory: Memory = field(default_factory=Memory)
    prefilled: int = 0
    """Prompt tokens computed so far."""
    decoded: int = 0
    """Tokens sampled so far."""

    def complete(self, requests: Sequence[Request], wanted: Callable[[int], bool]) -> list[Completion | None]:
        """Sample all requests, in order; None for those that stopped being `wanted` (by index) along the way.

        Batches are made of requests sorted by prompt and seed, so the order in which they came makes no difference.
        """
        import torch

        order = sorted(
            range(len(requests)), key=lambda i: (len(requests[i].tokens), requests[i].tokens, requests[i].seed)
        )
        done: list[Completion | None] = [None] * len(requests)
        for begin in range(0, len(order), self.batch_size):
            if not (batch := [i for i in order[begin : begin + self.batch_size] if wanted(i)]):
                continue
            with torch.inference_mode():
                replies = self._batch([requests[i] for i in batch], [partial(wanted, i) for i in batch])
            for i, reply in zip(batch, replies, strict=True):
                done[i] = reply.finish() if reply.stopped else None
        return done

    def logprobs(self, sequences: Sequence[Sequence[int]], last: int | None = None) -> list[list[float]]:
        """Return the natural-log probability of each token after the first, or of the last ones, of each sequence."""
        return logprobs(self.model, sequences, last)

    def _batch(self, requests: Sequence[Request], wanted: Sequence[Callable[[], bool]]) -> list[Reply]:
        """Sample one batch to its end."""
        replies = [Reply(request, self.reader) for request in requests]
        members = list(range(len(requests)))
        rows, logits = self._begin(requests)
        while True:
            tokens = self._sample(rows, logits, [replies[i] for i in members])
            live = [row for row, i in enumerate(members) if replies[i].stopped is None and wanted[i]()]
            if not live:
                return replies
            if len(live) <= _SPARSE * len(members):
                members, tokens = [members[row] for row in live], [tokens[row] for row in live]
                rows.keep(live)
            logits = self._forward(rows, [[token] for token in tokens])

    def _begin(self, requests: Sequence[Request]) -> tuple[Rows, Tensor]:
        """Compute the prompts and lay out a row for each request."""
        import torch

        starts = self._starts({request.tokens for request in requests})
        known = [starts[request.tokens].known for request in requests]
        room = max(request.max_tokens for request in requests) - 1
        rows = Rows([some.prefix for some in known], [some.own for some in known], [0] * len(known), room)
        return rows, torch.stack([starts[request.tokens].logits for request in requests])

    def _sample(self, rows: Rows, logits: Tensor, replies: Sequence[Reply]) -> list[int]:
        """Draw the next token of each row and remember the rows that wait for a command."""
        uniforms = [uniform(reply.request.seed, len(reply.request.tokens) + len(reply.tokens)) for reply in replies]
        tokens, logprobs = draw(logits, uniforms, [reply.request.temperature for reply in replies])
        for row, reply in enumerate(replies):
            if reply.stopped is None:
                self.decoded += 1
                reply.take(tokens[row], logprobs[row])
                if reply.stopped == "stop":
                    fed = (*reply.request.tokens, *reply.tokens[:-1])
                    self.memory.store(fed, Remembered(rows.prefixes[row], rows.own(row)))
        return tokens

    def _forward(self, rows: Rows, tokens: Sequence[Sequence[int]]) -> Tensor:
        """Feed each row its next tokens; return the logits of what follows, (rows, vocabulary)."""
        ids = self._tensor(tokens)
        positions = rows.begin(ids.shape[1])
        output = self.model(input_ids=ids, position_ids=positions, use_cache=False, logits_to_keep=1, into=rows)
        rows.end(ids.shape[1])
        logits: Tensor = output.logits[:, -1]
        return logits

    def _starts(self, prompts: Iterable[Tokens]) -> dict[Tokens, _Start]:
        """Compute each distinct prompt once: whole, or from where an earlier turn of it ended."""
        ordered = sorted(prompts, key=lambda tokens: (len(tokens), tokens))
        known = self.memory.take(ordered)
        starts: dict[Tokens, _Start] = {}
        for chunk in chunks([tokens for tokens in ordered if tokens not in known], len, _CHUNK):
            starts |= self._whole(chunk)
        for chunk in chunks(known, lambda tokens: len(tokens) - known[tokens].length, _CHUNK):
            starts |= self._continued(chunk, [known[tokens] for tokens in chunk])
        return starts

    def _whole(self, prompts: Sequence[Tokens]) -> dict[Tokens, _Start]:
        capture = Capture()
        ends = sorted({len(tokens) - 1 for tokens in prompts})
        ids = padded(prompts, self.model.device)
        logits = self.model(input_ids=ids, use_cache=False, logits_to_keep=self._tensor(ends), into=capture).logits
        self.prefilled += sum(map(len, prompts))
        return {
            tokens: _Start(
                Remembered(Prefix(tokens, capture.row(row, len(tokens))), []), logits[row, ends.index(len(tokens) - 1)]
            )
            for row, tokens in enumerate(prompts)
        }

    def _continued(self, prompts: Sequence[Tokens], known: Sequence[Remembered]) -> dict[Tokens, _Start]:
        """Feed what is new; rows with less of it compute some known tokens again, for the sake of one shape."""
        more = [len(tokens) - some.length for tokens, some in zip(prompts, known, strict=True)]
        self.prefilled += sum(more)
        rows = Rows([some.prefix for some in known], [some.own for some in known], more, room=0)
        tails = [tokens[len(some.prefix.tokens) :][-max(more) :] for tokens, some in zip(prompts, known, strict=True)]
        logits = self._forward(rows, [(0,) * (max(more) - len(tail)) + tail for tail in tails])
        return {
            tokens: _Start(Remembered(known[row].prefix, rows.own(row)), logits[row])
            for row, tokens in enumerate(prompts)
        }

    def _tensor(self, values: Sequence[Any]) -> Tensor:
        import torch

        return torch.tensor(values, device=self.model.device)
