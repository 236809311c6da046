"""Steppers take the training steps: an executor, or a layer on top of one that a loss or an optimizer needs."""
