"""Those of torch.nn's activations whose parameters must agree with each other; the others are used as they are."""

from torch import nn


def hardtanh(min_val: float = -1.0, max_val: float = 1.0) -> nn.Module:
    """Build the identity cut to [min_val, max_val]."""
    if min_val >= max_val:
        raise ValueError(f"hardtanh needs min_val below max_val, not {min_val:g} and {max_val:g}.")
    return nn.Hardtanh(min_val, max_val)


def rrelu(lower: float = 1 / 8, upper: float = 1 / 3) -> nn.Module:
    """Build a leaky ReLU whose slope is drawn from [lower, upper] in training and is their mean in evaluation."""
    if lower > upper:
        raise ValueError(f"rrelu needs lower at most as large as upper, not {lower:g} and {upper:g}.")
    return nn.RReLU(lower, upper)
