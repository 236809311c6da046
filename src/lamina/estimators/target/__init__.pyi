from lamina.estimators.target.choose import kind_of_target as kind_of_target
from lamina.estimators.target.encoding import LabelEncoding as LabelEncoding
from lamina.estimators.target.labels import LabelTarget as LabelTarget
from lamina.estimators.target.labels import gives_probabilities as gives_probabilities
from lamina.estimators.target.numbers import NumberTarget as NumberTarget
from lamina.estimators.target.target import Target as Target
