from lamina.estimators.perceptron.certificates import CommonPoint as CommonPoint
from lamina.estimators.perceptron.certificates import SeparatingPlane as SeparatingPlane
from lamina.estimators.perceptron.perceptron import Perceptron as Perceptron
from lamina.estimators.perceptron.separability import Separability as Separability
from lamina.estimators.perceptron.separability import linear_separability as linear_separability
