"""Which part of a step a function belongs to, and the pictures."""

from __future__ import annotations

import pytest

from benchmarks import parts, scaling

pytest.importorskip("matplotlib")

ENGINE, C = "_native.cpython-311.so", "libc.so.6"


@pytest.mark.parametrize(
    "function, library, part",
    [
        ("lamina::(anonymous namespace)::product::multiply_panel<float, 2, 8>", ENGINE, "products"),
        ("lamina::(anonymous namespace)::gemm<float>", ENGINE, "products"),
        ("lamina::(anonymous namespace)::update<float>", ENGINE, "optimizer"),
        ("lamina::(anonymous namespace)::softmax_cross_entropy<float>", ENGINE, "loss, link"),
        ("lamina::(anonymous namespace)::narrow_rows<float>", ENGINE, "loss, link"),
        ("lamina::finish_gradient<float>", ENGINE, "finite, penalty, norms"),
        ("__memmove_avx512_unaligned_erms", C, "bias, activation"),
        ("lamina::Executor<float>::take_steps", ENGINE, "rest of the engine"),
        ("_PyEval_EvalFrameDefault", "libpython3.11.so.1.0", "Python, NumPy, system"),
    ],
)
def test_a_function_belongs_to_a_part(function, library, part):
    assert parts.part_of(function, library) == part


def test_the_picture_of_the_parts_has_a_bar_a_workload():
    share = 1 / len(parts.PARTS)
    measured = {
        name: {"step_s": 1e-5, "products_s": products_s, "parts": dict.fromkeys(parts.PARTS, share)}
        for name, products_s in (("tiny", 4e-6), ("sparse", None))
    }
    (ax,) = parts.draw(measured).axes
    assert len(ax.patches) == 2 * len(parts.PARTS)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["tiny", "sparse"]


def test_the_picture_of_the_scaling_has_a_panel_a_quantity():
    curve = {"1 thread": [(1, 10.0), (2, 5.0)], "2 threads": [(1, 12.0), (2, 7.0)], "by default": [(1, 12.0), (2, 7.0)]}
    figure = scaling.draw(dict.fromkeys(("width", "depth", "batch", "rows"), curve), {"tiny": {"all": 0.9, "default": 1.0}})
    assert [len(ax.lines) for ax in figure.axes[:4]] == [3, 3, 3, 3]
