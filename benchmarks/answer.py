"""What a run found, in a few sentences: where the page of results begins."""

from __future__ import annotations

import textwrap
from typing import Any

from benchmarks.bars import ratio
from benchmarks.tables import bars, short
from benchmarks.workloads import select

__all__ = ["answer"]

_WIDTH = 130


def answer(results: dict[str, Any]) -> list[str]:
    """Lines of Markdown: a list of the other libraries, and how many goals were met; nothing if no speed was measured."""
    if not results["workloads"]:
        return []
    peers = [side for side in results["sides"] if not side.startswith("lamina")]
    machine = results["machine"]
    first = (
        f"How many times Lamina's time the others take for the same work, with one thread each ({machine['processor']}, "
        f"{machine['date']}), from the workload where it is least to the one where it is most:"
    )
    spreads = (f"- **{peer}**: {_spread(results, peer, 'training')}; {_spread(results, peer, 'predicting')}." for peer in peers)
    return [textwrap.fill(first, _WIDTH), "", *spreads, "", textwrap.fill(_goals(results), _WIDTH)]


def _spread(results: dict[str, Any], peer: str, kind: str) -> str:
    ratios = {
        workload.name: ratio(seconds[peer], seconds["lamina"])
        for workload in select(list(results["workloads"]))
        if workload.threads == 1 and workload.predicts == (kind == "predicting")
        if peer in (seconds := results["workloads"][workload.name]["step_s"])
    }
    if not ratios:
        return f"{kind} was not measured"
    least, most = min(ratios, key=ratios.__getitem__), max(ratios, key=ratios.__getitem__)
    return f"{kind} {short(ratios[least])}× ({least}) to {short(ratios[most])}× ({most})"


def _goals(results: dict[str, Any]) -> str:
    found = bars(results)
    met = sum(bar.met for bar in found)
    beyond = sum(not bar.met and not bar.possible for bar in found)
    missed = len(found) - met - beyond
    return (
        f"Of {len(found)} speed goals, Lamina meets {met} and misses {missed}. Out of reach of any float32 implementation, as a "
        f"step's bare products take longer at the processor's peak: {beyond}."
    )
