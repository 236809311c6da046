from lamina.serving.app import make_app as make_app
from lamina.serving.bounds import Bounds as Bounds
