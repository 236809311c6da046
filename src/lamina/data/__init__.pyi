from lamina.data.digits import Digits as Digits
from lamina.data.digits import load_digits as load_digits
from lamina.data.encoder import TableEncoder as TableEncoder

from lamina.data.notes import DataWarning as DataWarning
from lamina.data.readers import TABLE_SUFFIXES as TABLE_SUFFIXES
from lamina.data.readers import read_table as read_table
from lamina.data.splits import holdout as holdout
from lamina.data.target import Target as Target
from lamina.data.target import Task as Task
from lamina.data.target import target_column as target_column
from lamina.data.writers import check_table_path as check_table_path
from lamina.data.writers import write_table as write_table
