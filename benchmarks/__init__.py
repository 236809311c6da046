"""Speed against peers, measured as ratios in one process, interleaved, medians: ``python -m benchmarks.compare``."""
