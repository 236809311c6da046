"""Whole jobs on real tables, each in a process of its own: from two CSV files to a model in a file and its score."""
