"""Where the compiled engine does not load, everything else does, and trains on the reference engine."""

import subprocess
import sys

_HIDDEN = "import sys; sys.modules['lamina.engine._native'] = None\n"


def _run(code):
    return subprocess.run([sys.executable, "-c", _HIDDEN + code], check=True, capture_output=True, text=True)


def test_every_module_but_the_native_engine_s_own_imports():
    _run(
        "import importlib, pkgutil, lamina\n"
        "for module in pkgutil.walk_packages(lamina.__path__, 'lamina.'):\n"
        "    if not module.name.rpartition('.')[2].startswith(('native', '_native', 'extension')):\n"
        "        importlib.import_module(module.name)\n"
    )


def test_estimators_train_and_say_once_who_serves():
    done = _run(
        "import numpy as np, lamina\n"
        "X = np.random.default_rng(0).normal(size=(60, 3)); y = X[:, 0] > 0\n"
        "for make in (lamina.MLPClassifier, lamina.MLPClassifier, lamina.Perceptron):\n"
        "    print(make(random_state=0).fit(X, y).score(X, y))\n"
    )
    assert min(map(float, done.stdout.split())) > 0.9
    assert done.stderr.count("Lamina uses the reference engine") == 1


def test_the_command_line_trains_and_predicts(tmp_path):
    table, model = tmp_path / "t.csv", tmp_path / "m.lamina"
    table.write_text("x,y\n" + "".join(f"{i / 50},{'high' if i > 50 else 'low'}\n" for i in range(100)))
    done = _run(
        "from lamina.cli.main import main\n"
        f"assert main(['train', {str(table)!r}, '--target', 'y', '-o', {str(model)!r}, '--max-epochs', '3']) == 0\n"
        f"assert main(['predict', {str(model)!r}, {str(table)!r}, '-o', {str(tmp_path / 'p.csv')!r}]) == 0\n"
    )
    assert (done.stdout + done.stderr).count("Lamina uses the reference engine") == 1
