from lamina.export.c_file import to_c as to_c
from lamina.export.onnx_file import to_onnx as to_onnx
from lamina.export.python_file import to_python as to_python
