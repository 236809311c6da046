"""Probes: pure functions that measure, and judge nothing."""
