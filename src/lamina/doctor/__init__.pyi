from lamina.doctor.cures.cure import Cure as Cure
from lamina.doctor.finding import Evidence as Evidence
from lamina.doctor.finding import Finding as Finding
from lamina.doctor.finding import Where as Where
