"""``lamina info``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.cli.options import Flag, Quiet
from lamina.cli.output import (
    cell,
    few,
    listed,
    notes_printed,
    print_json,
    print_line,
    print_metrics,
    print_table,
    rows_trained_on,
)

if TYPE_CHECKING:
    from lamina.estimators import MLPClassifier, MLPRegressor
    from lamina.model import NetworkModel, TableModel
    from lamina.training import History, StopReason

__all__ = ["info"]


def info(model: Path | None = None, /, *, engine: Flag = False, json: Flag = False, quiet: Quiet = False) -> None:
    """Show what a model file holds, or what computes here.

    Parameters
    ----------
    model : Path
        Model file.
    engine : bool
        Show the engine, the instruction sets that it found, and how it computes in mixed precision.
    json : bool
        Print one JSON object.
    quiet : bool
        Print no notes.
    """
    if engine or model is None:
        _check_one(model, engine)
        _print_engine(json=json)
        return
    from lamina.model import NetworkModel, TableModel, load_model

    with notes_printed(quiet):
        loaded = load_model(model)
    if isinstance(loaded, TableModel):
        _print_table_model(loaded, json=json)
    elif isinstance(loaded, NetworkModel):
        _print_network(loaded, json=json)
    else:
        _print_estimator(loaded, json=json)


def _check_one(model: Path | None, engine: bool) -> None:
    from lamina.errors import InvalidSettingError, phrase

    rule = "must be given, or --engine, but not both"
    if engine == (model is not None):
        given = None if model is None else str(model)
        raise InvalidSettingError(phrase("the model file", rule, given, repair="Such as: lamina info model.lamina"))


def _print_engine(*, json: bool) -> None:
    from lamina.engine import engine_info

    found = engine_info()
    if json:
        print_json(found)
        return
    if found["engine"] == "reference":
        print_line(f"The reference engine, as the native one does not load: {found['problem']}.")
    else:
        print_line(f"The native engine, {found['instruction_set']} (of {listed(found['instruction_sets'])}).")
        print_line(f"Products: {found['products']}.")
    fast = found["mixed_precision"] == "bfloat16"
    refused = "; the operating system refuses the processor's tiles (AMX)" if found.get("tiles") == "refused" else ""
    print_line(f"Mixed precision: {'products of bfloat16' if fast else 'rounded float32, which brings no speed'}{refused}.")


def _print_network(model: NetworkModel, *, json: bool) -> None:
    from lamina.cli.network_tables import describe_network_model

    if json:
        print_json(describe_network_model(model))
        return
    print_line(f"A custom network, {model.dtype.name}.")
    print_line(model.summary())
    _print_training(model.history, model.stop_reason)


def _print_estimator(model: MLPClassifier | MLPRegressor, *, json: bool) -> None:
    from lamina.cli.network_tables import describe_estimator

    described = describe_estimator(model)
    if json:
        print_json(described)
        return
    classes = described["classes"]
    of_classes = "" if classes is None else f" of {len(classes)} classes ({few(list(map(str, classes)))})"
    names = "" if described["columns"] is None else f" ({few(described['columns'])})"
    columns = "column" if model.n_features_in_ == 1 else "columns"
    print_line(f"An {described['estimator']}{of_classes}, fitted in Python on {model.n_features_in_} {columns}{names}.")
    print_line(model.network_.summary())
    _print_training(model.history_, model.stop_reason_)


def _print_training(history: History, stop_reason: StopReason | None) -> None:
    from lamina.cli.network_tables import history_table
    from lamina.errors import counted

    if not len(history):
        print_line("Not trained.")
        return
    print_line(f"Trained for {counted(len(history), 'epoch')}:")
    print_table(history_table(history.to_list()))
    if stop_reason is not None:
        print_line(f"Stopped: {stop_reason.text}")


def _print_table_model(loaded: TableModel, *, json: bool) -> None:
    from lamina.errors import counted
    from lamina.metrics import Evaluation

    if json:
        print_json(_description(loaded))
        return
    target, rows = loaded.target, loaded.summary["rows"]
    classes = f", {len(target.classes)} classes ({few(target.classes)})"
    print_line(f"Predicts {listed(target.names)}: {target.task}{classes if target.classes else _scales(loaded)}.")
    print_table(_columns_table(loaded))
    print_line(str(loaded.estimator.network_.summary()))
    print_line(f"Trained on {rows_trained_on(loaded.summary)}, {counted(len(loaded.estimator.history_), 'epoch')}.")
    print_line(f"Stopped: {loaded.estimator.stop_reason_.text}")
    if loaded.calibration is not None:
        divided = f" Logits are divided by {loaded.temperature:.3g}." if loaded.temperature != 1 else ""
        print_line(f"Calibrated on {counted(len(loaded.calibration.scores), 'validation row')}.{divided}")
    if loaded.summary["metrics"]:
        print_line(f"Metrics on {rows['test']:,} test rows, measured after training:")
        print_metrics(Evaluation(loaded.summary["metrics"]))


def _scales(model: TableModel) -> str:
    """On which scales numbers were learned, where that is not said by saying nothing."""
    kinds = [scale.kind for scale in model.scales]
    if set(kinds) == {"linear"}:
        return ""
    return f", learned on a {kinds[0]} scale" if len(kinds) == 1 else f", learned on the scales {', '.join(kinds)}"


def _columns_table(model: TableModel) -> Any:
    from rich.table import Table

    from lamina.data import ColumnRow

    table = Table()
    for heading in ColumnRow._fields:
        table.add_column(heading, justify="right" if heading in ("features", "missing", "rare") else "left")
    for row in model.columns_:
        table.add_row(*(cell(str(entry)) for entry in row))
    return table


def _description(model: TableModel) -> dict[str, Any]:
    network = model.estimator.network_
    return {
        "target": model.target.to_dict(),
        "scale": model.scale.to_dict(),
        "columns": {
            encoder.column: {"kind": encoder.reads, "features": encoder.feature_names} for encoder in model.encoder.encoders_
        },
        "left_out": model.encoder.ignored_,
        "read": [row._asdict() for row in model.columns_],
        "num_parameters": network.num_parameters,
        "network": network.to_dict(),
        "stop_reason": {"code": model.estimator.stop_reason_.code, "text": model.estimator.stop_reason_.text},
        **model.summary,
        "calibration": None
        if model.calibration is None
        else {"rows": len(model.calibration.scores), "temperature": model.temperature},
        "history": model.estimator.history_.to_list(),
    }
