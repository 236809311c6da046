"""Rows that come in blocks, because they do not fit in memory together."""
