"""Initial weights have the spread and the bounds of torch's."""

import numpy as np
import pytest
import torch

from lamina.initializers import get_initializer

SHAPE = (300, 500)  # (in, out); torch keeps (out, in)
PAIRS = {
    "glorot_normal": torch.nn.init.xavier_normal_,
    "glorot_uniform": torch.nn.init.xavier_uniform_,
    "xavier_normal": torch.nn.init.xavier_normal_,
    "xavier_uniform": torch.nn.init.xavier_uniform_,
    "kaiming_normal": torch.nn.init.kaiming_normal_,
    "kaiming_uniform": torch.nn.init.kaiming_uniform_,
    "he": lambda w: torch.nn.init.kaiming_normal_(w, nonlinearity="relu"),
    "he_uniform": lambda w: torch.nn.init.kaiming_uniform_(w, nonlinearity="relu"),
    "lecun_normal": lambda w: torch.nn.init.kaiming_normal_(w, nonlinearity="linear"),
    "lecun_uniform": lambda w: torch.nn.init.kaiming_uniform_(w, nonlinearity="linear"),
    "orthogonal": torch.nn.init.orthogonal_,
}


@pytest.mark.parametrize("name", PAIRS)
def test_variance_and_bounds_agree_with_torch(name):
    ours = get_initializer(name)(np.random.default_rng(0), SHAPE, *SHAPE)
    torch.manual_seed(0)
    theirs = PAIRS[name](torch.empty(SHAPE[::-1], dtype=torch.float64)).numpy()
    assert ours.var() == pytest.approx(theirs.var(), rel=0.02)
    if "uniform" in name:
        assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.001)
    assert abs(ours.mean()) < 5 * theirs.std() / np.sqrt(ours.size)
