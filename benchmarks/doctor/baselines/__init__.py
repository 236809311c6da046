"""Published rules that find faults in trainings, on what Lamina's Monitor measures.

They are coded anew from their papers and manuals, with the thresholds published there. What a rule asks for and the record does
not have is replaced by its nearest, as each module says. Their names for symptoms become those of ``words.py``.
"""

from benchmarks.doctor.baselines.autotrainer import AUTOTRAINER
from benchmarks.doctor.baselines.deepdiagnosis import DEEPDIAGNOSIS
from benchmarks.doctor.baselines.sagemaker import SAGEMAKER
from benchmarks.doctor.baselines.umlaut import UMLAUT

__all__ = ["AUTOTRAINER", "DEEPDIAGNOSIS", "SAGEMAKER", "UMLAUT"]
