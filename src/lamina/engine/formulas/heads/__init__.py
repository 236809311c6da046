"""Losses from logits, one file a head."""
