from lamina.files.atomic import atomic_write as atomic_write
from lamina.files.atomic import check_writable as check_writable
from lamina.files.boundary import decoding as decoding
from lamina.files.reading import opened as opened
from lamina.files.tensors import FORMAT_VERSION as FORMAT_VERSION
from lamina.files.tensors import read_tensors as read_tensors
from lamina.files.tensors import write_tensors as write_tensors
from lamina.files.toml import read_toml as read_toml
