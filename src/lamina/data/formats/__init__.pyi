from lamina.data.formats.found import Found as Found
from lamina.data.formats.number_format import NumberFormat as NumberFormat
from lamina.data.formats.number_format import learn_number_format as learn_number_format
