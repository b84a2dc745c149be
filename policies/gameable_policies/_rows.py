"""A decode batch: rows that share prefixes, with a buffer for what each row has of its own.

Attention reads the keys and values of a prefix once for all of its rows, and is exact: one softmax over both parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gameable_policies._attention import Prefix

if TYPE_CHECKING:
    from torch import Tensor


class _Groups:
    """Prefixes of a batch, packed so that the rows on the same prefix become one matrix product.

    A prefix with more rows than the average is packed more than once: that bounds padding by the batch's own size.
    """

    def __init__(self, prefixes: Sequence[Prefix]) -> None:
        import torch

        rows: dict[int, list[int]] = {}
        for row, prefix in enumerate(prefixes):
            rows.setdefault(id(prefix), []).append(row)
        self.size = -(-len(prefixes) // len(rows))
        groups = [some[i : i + self.size] for some in rows.values() for i in range(0, len(some), self.size)]
        members = [prefixes[group[0]] for group in groups]
        device = members[0].layers[0].device
        self.rows = torch.tensor([(group * self.size)[: self.size] for group in groups], device=device).flatten()
        places = {row: g * self.size + i for g, group in enumerate(groups) for i, row in enumerate(group)}
        self.places = torch.tensor([places[row] for row in range(len(prefixes))], device=device)
        self.layers = [_pack([prefix.layers[layer] for prefix in members]) for layer in range(len(members[0].layers))]
        self.mask = self._mask(prefixes, self.layers[0])

    @staticmethod
    def _mask(prefixes: Sequence[Prefix], packed: Tensor) -> Tensor:
        """Return what to add to scores, (batch, 1, 1, 1, tokens)."""
        import torch

        lengths = torch.tensor([len(prefix.tokens) for prefix in prefixes], device=packed.device)
        holes = torch.arange(packed.shape[-2], device=packed.device) >= lengths[:, None]
        return torch.zeros(holes.shape, dtype=packed.dtype, device=packed.device).masked_fill_(holes, float("-inf"))[
            :, None, None, None
        ]

    def product(self, left: Tensor, right: Tensor) -> Tensor:
        """Multiply each row (batch, heads, n, k) with its group's matrix (groups, heads, k, m)."""
        groups, heads, _, _ = right.shape
        n, k = left.shape[2:]
        gathered = left.index_select(0, self.rows).view(groups, self.size, heads, n, k)
        packed = gathered.transpose(1, 2).reshape(groups, heads, self.size * n, k) @ right
        return packed.view(groups, heads, self.size, n, -1).transpose(1, 2).flatten(0, 1).index_select(0, self.places)


def _pack(layers: Sequence[Tensor]) -> Tensor:
    """Stack tensors (2, heads, tokens, width) of unequal token counts, filled with zeros at the end."""
    import torch

    longest = max(layer.shape[2] for layer in layers)
    return torch.stack([torch.nn.functional.pad(layer, (0, 0, 0, longest - layer.shape[2])) for layer in layers], dim=1)


class Rows:
    """A batch in progress: each row's shared prefix, and a buffer that holds its own tokens, ended in one column."""

    def __init__(
        self, prefixes: Sequence[Prefix], own: Sequence[Sequence[Tensor]], more: Sequence[int], room: int
    ) -> None:
        """Lay out the rows.

        Args:
            prefixes: The shared part of each row.
            own: Keys and values of the row's own tokens that are known, a tensor a layer; may be empty.
            more: How many tokens of each row the next forward pass brings.
            room: How many columns will be appended after that.
        """
        import torch

        known = [layers[0].shape[2] if layers else 0 for layers in own]
        width = max(map(sum, zip(known, more, strict=True)))
        sample = prefixes[0].layers
        self.prefixes = list(prefixes)
        self.column = width - max(more)
        self.starts = torch.tensor([width - k - m for k, m in zip(known, more, strict=True)], device=sample[0].device)
        self.buffers = [self._buffer(layer, len(prefixes), width + room) for layer in sample]
        for buffer in self.buffers:
            buffer[:, :, :, :width] = 0  # a hole has weight 0, but 0 times what the allocator left there may be NaN
        for index, layers in enumerate(own):
            begin = width - known[index] - more[index]
            for buffer, layer in zip(self.buffers, layers, strict=bool(layers)):
                buffer[:, index, :, begin : begin + known[index]] = layer
        self._regroup()

    @staticmethod
    def _buffer(like: Tensor, rows: int, columns: int) -> Tensor:
        return like.new_empty((2, rows, like.shape[1], columns, like.shape[3]))

    def _regroup(self) -> None:
        """Work out again all that depends on which rows there are."""
        self._groups = _Groups(self.prefixes)
        self._mask = self._holes()

    def _holes(self) -> Tensor:
        import torch

        columns = torch.arange(self.buffers[0].shape[-2], device=self.starts.device)
        holes = columns < self.starts[:, None]
        mask = torch.zeros(holes.shape, dtype=self.buffers[0].dtype, device=self.starts.device)
        return mask.masked_fill_(holes, float("-inf"))[:, None, None, None]

    def begin(self, count: int) -> Tensor:
        """Start a forward pass over `count` new columns; return their positions in the sequences, (rows, count)."""
        import torch

        self._bias = self._visible(count)
        lengths = torch.tensor([len(prefix.tokens) for prefix in self.prefixes], device=self.starts.device)
        columns = torch.arange(self.column, self.column + count, device=self.starts.device)
        return (columns + (lengths - self.starts)[:, None]).clamp_min(0)

    def length(self, new: int) -> int:
        """Count the columns of the longest row, or more by its padding."""
        return max(len(prefix.tokens) for prefix in self.prefixes) + self.column + new

    def end(self, count: int) -> None:
        """End the forward pass: its columns are known from now on."""
        self.column += count

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Write the new columns, then attend over prefix and own tokens with one softmax."""
        import torch

        batch, heads, new, width = query.shape
        end = self.column + new
        buffer, (keys, values) = self.buffers[layer], self._groups.layers[layer]
        buffer[0, :, :, self.column : end] = key
        buffer[1, :, :, self.column : end] = value
        shared, total = key.shape[1], keys.shape[-2] + end
        folded = (query * scale).reshape(batch, shared, -1, width)
        scores = torch.cat(
            (
                self._groups.product(folded, keys.transpose(-1, -2)),
                folded @ buffer[0, :, :, :end].transpose(-1, -2),
            ),
            dim=-1,
        ).view(batch, shared, heads // shared, new, total)
        weights = (scores + self._bias).softmax(-1, dtype=torch.float32).to(query.dtype).view(batch, shared, -1, total)
        before, after = weights[..., : keys.shape[-2]], weights[..., keys.shape[-2] :]
        output: Tensor = self._groups.product(before, values) + after @ buffer[1, :, :, :end]
        return output.view(batch, heads, new, width)

    def _visible(self, new: int) -> Tensor:
        """Return what to add to scores: minus infinity on holes and, among the new columns, on later ones."""
        import torch

        end = self.column + new
        own = self._mask[..., :end]
        if new > 1:
            later = torch.full((new, end), float("-inf"), dtype=own.dtype, device=own.device).triu(end - new + 1)
            own = own + later
        return torch.cat((self._groups.mask.expand(-1, -1, -1, new, -1), own.expand(-1, -1, -1, new, -1)), dim=-1)

    def own(self, index: int) -> list[Tensor]:
        """Return a copy of the keys and values of a row's own tokens so far."""
        begin = int(self.starts[index])
        return [buffer[:, index, :, begin : self.column].clone() for buffer in self.buffers]

    def keep(self, rows: Sequence[int]) -> None:
        """Drop all other rows; the kept ones come in the given order."""
        import torch

        chosen = torch.tensor(rows, device=self.starts.device)
        for layer, old in enumerate(self.buffers):
            new = self._buffer(old[:, 0], len(rows), old.shape[3])
            new[:, :, :, : self.column] = old[:, :, :, : self.column].index_select(1, chosen)
            self.buffers[layer] = new
        self.prefixes = [self.prefixes[row] for row in rows]
        self.starts = self.starts[chosen]
        self._regroup()
