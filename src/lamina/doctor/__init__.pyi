from lamina.doctor.cures.cure import Cure as Cure
from lamina.doctor.diagnosis import Diagnosis as Diagnosis
from lamina.doctor.diagnosis import diagnose as diagnose
from lamina.doctor.finding import Evidence as Evidence
from lamina.doctor.finding import Finding as Finding
from lamina.doctor.finding import Where as Where
from lamina.doctor.findings.registry import FINDINGS as FINDINGS
