from lamina.data.digests.boolean_digest import BooleanDigest as BooleanDigest
from lamina.data.digests.category_digest import CategoryDigest as CategoryDigest
from lamina.data.digests.column_digest import ColumnDigest as ColumnDigest
from lamina.data.digests.column_digest import FittingSettings as FittingSettings
from lamina.data.digests.date_digest import DateDigest as DateDigest
from lamina.data.digests.number_digest import NumberDigest as NumberDigest
from lamina.data.digests.table_digest import TableDigest as TableDigest
from lamina.data.digests.text_digest import TextDigest as TextDigest
