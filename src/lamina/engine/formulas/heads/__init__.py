"""Losses computed from logits, one file per head."""
