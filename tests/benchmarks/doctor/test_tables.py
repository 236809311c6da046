"""The page of the doctor on real tables."""

from __future__ import annotations

from benchmarks.doctor.tables import to_markdown


def test_hints_and_healthy_tables_are_no_alarms():
    found = {"a": {"healthy": "hint"}, "b": {"not_known": "harm"}, "c": {"label_noise": "harm"}, "d": {"overfitting": "hint"}}
    page = to_markdown(found, 5_000)
    assert "1 of 4**. Of these, 1 are about the data alone" in page
    assert page.endswith("| a | healthy |\n| b | not_known |\n| c | label_noise (harm) |\n| d | overfitting (hint) |\n")
    assert "{func}`~lamina.diagnose`" in page
