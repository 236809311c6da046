"""The programs: sick ones, each with its healthy twin, and healthy ones, many of which look odd."""

from benchmarks.doctor.programs.enumeration import healthy_programs, programs, sick_programs
from benchmarks.doctor.programs.program import Program

__all__ = ["Program", "healthy_programs", "programs", "sick_programs"]
