"""Convolutions with shared weights, of which an architecture uses some channels, and their batch normalisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

_EPSILON = 1e-5  # NAS-Bench-101, lib/base_ops.py, BN_EPSILON


class SharedConvolution(nn.Module):
    """A convolution without bias and its batch normalisation; the weights are zero until drawn or loaded.

    `momentum` is PyTorch's: the weight of the newest batch in the running averages.
    """

    running_mean: Tensor
    running_variance: Tensor

    def __init__(self, in_channels: int, out_channels: int, kernel: int, momentum: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(out_channels, in_channels, kernel, kernel))
        self.scale, self.shift = nn.Parameter(torch.ones(out_channels)), nn.Parameter(torch.zeros(out_channels))
        self.register_buffer("running_mean", torch.zeros(out_channels))
        self.register_buffer("running_variance", torch.ones(out_channels))
        self.momentum = momentum

    def part(self, start: int, channels: int) -> ChannelSlice:
        """The output channels from `start` on."""
        return ChannelSlice(self, start, channels)

    def whole(self) -> ChannelSlice:
        """All output channels."""
        return ChannelSlice(self, 0, len(self.scale))


class ChannelSlice(NamedTuple):
    """The output channels `start` to `start + channels` of a shared convolution."""

    convolution: SharedConvolution
    start: int
    channels: int

    def of(self, values: Tensor) -> Tensor:
        """This slice of a tensor whose first axis is the output channels, as a view."""
        return _narrow(values, 0, self.start, self.channels)


BatchNormalisation: TypeAlias = Callable[[Tensor, Sequence[ChannelSlice]], Tensor]
"""Normalises an image (batch, channels, h, w) whose channels are those of the slices, concatenated.

Implementations differ in the statistics."""


def convolve(image: Tensor, parts: Sequence[ChannelSlice], norm: BatchNormalisation, *, start: int = 0) -> Tensor:
    """Convolution, batch normalisation and ReLU; returns the concatenated channels of `parts`.

    `image` holds the input channels from `start` on of every shared convolution. Only the output channels of `parts`
    are computed; eval-nas, search_policies/cnn/search_space/nas_bench/operations.py, computes all output channels and
    drops the others, which gives the same values.
    """
    weight = _joined([_narrow(part.of(part.convolution.weight), 1, start, image.shape[1]) for part in parts])
    convolved = functional.conv2d(image, weight, padding=weight.shape[-1] // 2)
    return functional.relu(norm(convolved, parts), inplace=True)


def training_statistics(image: Tensor, parts: Sequence[ChannelSlice]) -> Tensor:
    """Normalise by batch statistics and move the running averages of the used channels towards them."""
    normalised, mean, variance = _measured(image, parts)
    with torch.no_grad():
        for part, means, variances in zip(parts, _split(mean, parts), _split(variance, parts), strict=True):
            part.of(part.convolution.running_mean).lerp_(means, part.convolution.momentum)
            part.of(part.convolution.running_variance).lerp_(variances, part.convolution.momentum)
    return normalised


def batch_statistics(image: Tensor, parts: Sequence[ChannelSlice]) -> Tensor:
    """Normalise by batch statistics and record nothing."""
    scale, shift = _affine(parts)
    return functional.batch_norm(image, None, None, scale, shift, training=True, eps=_EPSILON)


def running_statistics(image: Tensor, parts: Sequence[ChannelSlice]) -> Tensor:
    """Normalise by the running averages of the used channels and do not change them."""
    mean = _joined([part.of(part.convolution.running_mean) for part in parts])
    variance = _joined([part.of(part.convolution.running_variance) for part in parts])
    return functional.batch_norm(image, mean, variance, *_affine(parts), eps=_EPSILON)


class Recalibration:
    """Normalises by batch statistics and averages them for one path or one mixture (Guo et al. 2020, Sec. 3.4).

    All batches have equal weight, also batches of different sizes. The convolutions' running averages do not change.
    """

    def __init__(self) -> None:
        self._sums: dict[tuple[ChannelSlice, ...], tuple[int, Tensor, Tensor]] = {}

    def __call__(self, image: Tensor, parts: Sequence[ChannelSlice]) -> Tensor:
        """Normalise by the statistics of the batch and add them to the sums kept here."""
        normalised, mean, variance = _measured(image, parts)
        batches, means, variances = self._sums.get(tuple(parts), (0, 0.0, 0.0))
        self._sums[tuple(parts)] = batches + 1, means + mean, variances + variance
        return normalised

    def frozen(self) -> BatchNormalisation:
        """Normalisation by the averages over all batches so far; it raises KeyError for other channels."""
        averages = {parts: (mean / count, variance / count) for parts, (count, mean, variance) in self._sums.items()}

        def normalise(image: Tensor, parts: Sequence[ChannelSlice]) -> Tensor:
            return functional.batch_norm(image, *averages[tuple(parts)], *_affine(parts), eps=_EPSILON)

        return normalise


def _measured(image: Tensor, parts: Sequence[ChannelSlice]) -> tuple[Tensor, Tensor, Tensor]:
    """The image normalised by batch statistics, and the batch means and unbiased variances, without gradients."""
    scale, shift = _affine(parts)
    mean, variance = scale.new_zeros(len(scale)), scale.new_zeros(len(scale))
    # With momentum 1 the averages become the statistics of this batch. They are new tensors, not views of the running
    # averages, since these may change before the backward pass.
    normalised = functional.batch_norm(image, mean, variance, scale, shift, training=True, momentum=1.0, eps=_EPSILON)
    return normalised, mean, variance


def _affine(parts: Sequence[ChannelSlice]) -> tuple[Tensor, Tensor]:
    scale = _joined([part.of(part.convolution.scale) for part in parts])
    return scale, _joined([part.of(part.convolution.shift) for part in parts])


def _narrow(values: Tensor, dim: int, start: int, length: int) -> Tensor:
    return values if values.shape[dim] == length else values.narrow(dim, start, length)


def _joined(values: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(values)) if len(values) > 1 else values[0]


def _split(values: Tensor, parts: Sequence[ChannelSlice]) -> Sequence[Tensor]:
    return torch.split(values, [part.channels for part in parts]) if len(parts) > 1 else (values,)
