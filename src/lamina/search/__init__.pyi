from lamina.search.draws import Draw as Draw
from lamina.search.draws import Mostly as Mostly
from lamina.search.draws import OneOf as OneOf
from lamina.search.draws import Range as Range
