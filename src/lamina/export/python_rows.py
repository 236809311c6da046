"""How an exported program takes rows of a table: functions as text, the same in every program."""

from __future__ import annotations

__all__ = ["CHECK_COLUMNS", "COLUMN", "IS_MISSING", "TEXT_OF"]

CHECK_COLUMNS = '''def check_columns(rows):
    """Raise if a column is missing; in a list of dicts it is there if one of them has it, and missing in the others."""
    if isinstance(rows, (list, tuple)):
        for number, row in enumerate(rows, start=1):
            if not hasattr(row, "keys"):
                raise TypeError(f"rows must all be dicts by column, got {type(row).__name__} as row {number}.")
        given = list(dict.fromkeys(name for row in rows for name in row.keys()))
    elif isinstance(rows, np.ndarray):
        given = list(rows.dtype.names or ())
    else:
        given = list(getattr(rows, "column_names", getattr(rows, "columns", rows)))
    missing = [name for name in COLUMNS if name not in given]
    if missing:
        unknown = ", ".join(repr(name) for name in given if name not in COLUMNS)
        repair = f"These are not known: {unknown}." if unknown else "Add them; their values may be None."
        listed = ", ".join(map(repr, missing))
        raise ValueError(f"rows must have every column of the model, got none named {listed}. {repair}")'''

COLUMN = '''def column(rows, name, dtype):
    """A column of rows as an array; what is missing becomes NaN, the smallest whole number, or an empty text."""
    values = [row.get(name) for row in rows] if isinstance(rows, (list, tuple)) else np.atleast_1d(rows[name])
    if dtype is object or isinstance(values, list) or values.dtype.kind not in "biufM":
        values = [None if is_missing(value) else value for value in values]
    if dtype is not object:
        array = np.array(values, dtype=dtype)
        return array.astype(np.int64) if array.dtype.kind == "M" else array
    return np.array([text_of(value) for value in values], dtype=object)'''

IS_MISSING = '''def is_missing(value):
    """Whether a value is None, NaN, or what pandas has for these."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value'''

TEXT_OF = '''def text_of(value):
    """The name of a category: 7 and 7.0 are "7", True is "true", dates lack a time of 0; a missing one is empty."""
    if value is None or isinstance(value, str):
        return (value or "").strip()
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if hasattr(value, "year") or isinstance(value, np.datetime64):
        text = str(np.datetime64(value, "us")).replace("T", " ")
        return text.removesuffix(".000000").removesuffix(" 00:00:00")
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return str(int(number)) if number.is_integer() else repr(number)'''
