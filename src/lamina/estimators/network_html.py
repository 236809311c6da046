"""What a notebook shows of a fitted network."""

from __future__ import annotations

from lamina.errors import counted
from lamina.estimators.fitting.fit import Fit
from lamina.estimators.fitting.kept_epoch import kept_epoch_of
from lamina.html import folded, paragraph
from lamina.network.network import network_html
from lamina.training.history_html import loss_figure

__all__ = ["fit_html"]


def fit_html(fit: Fit) -> list[str]:
    """Pieces: how the training ended, the losses with the kept epoch and, folded, the network."""
    trainer = fit.trainer
    course = f"Trained for {counted(len(trainer.history), 'epoch')}. {fit.stop_reason.text}"
    return [
        paragraph(course),
        loss_figure(list(trainer.history), kept_epoch_of(fit)),
        folded(f"The network: {trainer.network.num_parameters:,} parameters", *network_html(trainer.network)),
    ]
