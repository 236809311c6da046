from lamina.distributed.communicator import Communicator as Communicator
from lamina.distributed.context import workers as workers
from lamina.distributed.fitting import fit as fit
from lamina.distributed.joining import join as join
from lamina.distributed.report import Report as Report
from lamina.distributed.together import Together as Together
from lamina.distributed.way import Timing as Timing
from lamina.distributed.way import Way as Way
