"""Who takes the steps of a training: an executor, or something on top of one that a loss or an optimizer asks for."""
