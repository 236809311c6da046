"""What scales the inputs of a patient."""

from __future__ import annotations

from sklearn.preprocessing import QuantileTransformer, StandardScaler

__all__ = ["RANKS", "input_scaler"]

#: How the scaling by ranks is written for users.
RANKS = "QuantileTransformer(n_quantiles=100, output_distribution='normal')"


def input_scaler(wanted: bool | str, *, is_sparse: bool) -> StandardScaler | QuantileTransformer:
    """A scaler, not fitted: to mean 0 and deviation 1 (a sparse input is only divided), or to the normal scores of "ranks"."""
    if wanted == "ranks":
        return QuantileTransformer(n_quantiles=100, output_distribution="normal", random_state=0)
    return StandardScaler(with_mean=not is_sparse)
