"""All heads by name (``external``, whose loss the caller computes, has no formula here)."""

from __future__ import annotations

from lamina.engine.formulas.heads import (
    absolute_error,
    categorical_hinge,
    focal,
    gamma,
    gaussian_nll,
    hinge,
    huber,
    log_cosh,
    perceptron,
    poisson,
    quantile,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    squared_error,
    squared_hinge,
    tweedie,
)
from lamina.engine.formulas.heads.head import HeadFormula

__all__ = ["HEADS"]

#: Every head by the name that a loss uses.
HEADS: dict[str, HeadFormula] = {
    "squared_error": HeadFormula(squared_error.loss, squared_error.gradient),
    "absolute_error": HeadFormula(absolute_error.loss, absolute_error.gradient),
    "huber": HeadFormula(huber.loss, huber.gradient),
    "log_cosh": HeadFormula(log_cosh.loss, log_cosh.gradient),
    "poisson": HeadFormula(poisson.loss, poisson.gradient),
    "gamma": HeadFormula(gamma.loss, gamma.gradient),
    "tweedie": HeadFormula(tweedie.loss, tweedie.gradient),
    "gaussian_nll": HeadFormula(gaussian_nll.loss, gaussian_nll.gradient),
    "quantile": HeadFormula(quantile.loss, quantile.gradient),
    "softmax_cross_entropy": HeadFormula(softmax_cross_entropy.loss, softmax_cross_entropy.gradient),
    "sigmoid_cross_entropy": HeadFormula(sigmoid_cross_entropy.loss, sigmoid_cross_entropy.gradient),
    "focal": HeadFormula(focal.loss, focal.gradient),
    "hinge": HeadFormula(hinge.loss, hinge.gradient),
    "squared_hinge": HeadFormula(squared_hinge.loss, squared_hinge.gradient),
    "categorical_hinge": HeadFormula(categorical_hinge.loss, categorical_hinge.gradient),
    "perceptron": HeadFormula(perceptron.loss, perceptron.gradient),
}
