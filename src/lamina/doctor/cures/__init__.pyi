from lamina.doctor.cures.cure import CHANGES as CHANGES
from lamina.doctor.cures.cure import Cure as Cure
