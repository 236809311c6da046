"""How fast, against whom, and how near to what the machine can do: ``python -m benchmarks.compare``."""
