"""Log-probabilities of given sequences; what several of them begin with is computed once.

Samples of one prompt, and the questions that a judge asks about them, agree in more than they differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from gameable_policies._attention import Capture, Prefix
from gameable_policies._memory import Tokens
from gameable_policies._padding import chunks, padded
from gameable_policies._rows import Rows

if TYPE_CHECKING:
    from torch import Tensor

_CHUNK = 1024
"""Tokens in one forward pass, at most: logits of every one may be needed, which are large."""
_SHARED = 0.5
"""Sequences are taken together that begin with at least this share of the longer one."""


def logprobs(model: Any, sequences: Sequence[Sequence[int]], last: int | None = None) -> list[list[float]]:
    """Return the natural-log probability of each token after the first of each sequence.

    Args:
        model: One that was loaded with our attention.
        sequences: Their tokens. Those that differ in the last one alone, as the answers to one question do, cost as
            much as one of them.
        last: How many are wanted, from the end; all if left out. The logits of others are not computed.
    """
    import torch

    wanted = last or max(map(len, sequences), default=1)
    alike: dict[Tokens, list[int]] = {}
    for i, tokens in enumerate(sequences):
        alike.setdefault(tuple(tokens[:-1]), []).append(i)
    alike.pop((), None)
    scores: list[list[float]] = [[] for _ in sequences]
    with torch.inference_mode():
        for stem, logits in _logits(model, alike, wanted):
            for i in alike[stem]:
                scores[i] = _gather(logits, sequences[i][1:][-wanted:])
    return scores


def _logits(model: Any, stems: Iterable[Tokens], wanted: int) -> Iterable[tuple[Tokens, Sequence[Tensor]]]:
    """Yield the logits of the last `wanted` tokens of each stem, (tokens, vocabulary), in one piece or two."""
    import torch

    alone: list[Tokens] = []
    for prefix, members in _families(sorted(stems)):
        if len(members) == 1:
            alone += members
        else:
            yield from _continued(model, prefix, members, wanted)
    for chunk in chunks(alone, len, _CHUNK):
        columns = sorted({column for stem in chunk for column in range(max(0, len(stem) - wanted), len(stem))})
        keep = torch.tensor(columns, device=model.device)
        logits = model(input_ids=padded(chunk, model.device), use_cache=False, logits_to_keep=keep).logits
        for stem, row in zip(chunk, logits, strict=True):
            end = columns.index(len(stem) - 1) + 1
            yield stem, [row[max(0, end - wanted) : end]]


def _families(stems: Sequence[Tokens]) -> Iterable[tuple[Tokens, list[Tokens]]]:
    """Split sorted sequences where neighbours share too little; yield what each family begins with, and its members."""
    prefix: Tokens = ()
    members: list[Tokens] = []
    for stem in stems:
        shared = _common(prefix, stem)
        if members and len(shared) >= _SHARED * max(map(len, (stem, *members))):
            prefix = shared
            members.append(stem)
            continue
        if members:
            yield prefix, members
        prefix, members = stem, [stem]
    if members:
        yield prefix, members


def _common(one: Tokens, other: Tokens) -> Tokens:
    return tuple(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _continued(
    model: Any, prefix: Tokens, stems: Sequence[Tokens], wanted: int
) -> Iterable[tuple[Tokens, Sequence[Tensor]]]:
    capture = Capture()
    ids = padded([prefix], model.device)
    (start,) = model(input_ids=ids, use_cache=False, logits_to_keep=min(wanted, len(prefix)), into=capture).logits
    known = Prefix(prefix, capture.row(0, len(prefix)))
    for chunk in chunks([stem for stem in stems if stem != prefix], lambda stem: len(stem) - len(prefix), _CHUNK):
        tails = [stem[len(prefix) :] for stem in chunk]
        rows = Rows([known] * len(chunk), [[]] * len(chunk), list(map(len, tails)), room=0)
        ids = padded(tails, model.device, left=True)
        keep = min(wanted, ids.shape[1])
        logits = model(
            input_ids=ids, position_ids=rows.begin(ids.shape[1]), use_cache=False, logits_to_keep=keep, into=rows
        ).logits
        for stem, tail, row in zip(chunk, tails, logits, strict=True):
            own = min(len(tail), wanted)
            yield stem, [start[max(0, len(start) - (wanted - own)) :], row[-own:]]
    if prefix in stems:
        yield prefix, [start]


def _gather(logits: Sequence[Tensor], tokens: Sequence[int]) -> list[float]:
    """Return the log-probability of each token by its row of logits, in pieces, since float32 logits are large."""
    import torch

    scores: list[float] = []
    for rows in logits:
        for part in torch.split(rows, 256):
            wanted = torch.tensor(tokens[len(scores) : len(scores) + len(part)], device=part.device)[:, None]
            some = part.float()
            scores += (some.gather(-1, wanted)[:, 0] - some.logsumexp(-1)).tolist()
    return scores
