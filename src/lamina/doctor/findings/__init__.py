"""Findings: one file each, with a function ``find`` from a case to a finding or None."""
