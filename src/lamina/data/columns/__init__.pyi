from lamina.data.columns.boolean import BooleanColumn as BooleanColumn
from lamina.data.columns.category import CategoryColumn as CategoryColumn
from lamina.data.columns.choose import COLUMN_ENCODERS as COLUMN_ENCODERS
from lamina.data.columns.choose import column_from_dict as column_from_dict
from lamina.data.columns.column_encoder import ColumnEncoder as ColumnEncoder
from lamina.data.columns.date import DateColumn as DateColumn
from lamina.data.columns.number import NumberColumn as NumberColumn
from lamina.data.columns.number import Scaling as Scaling
