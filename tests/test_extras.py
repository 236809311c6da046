"""Without the optional packages everything else works, and what needs one says which extra brings it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lamina.errors import MissingPackageError
from lamina.extras import EXTRAS, OptionalModule, require

ROOT = Path(__file__).parents[1]
OPTIONAL = ("pyarrow", "cyclopts", "rich", "matplotlib")  # narwhals comes with scikit-learn 1.9


def run(code: str, without: tuple[str, ...] = OPTIONAL, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A new process in which some packages cannot be imported, as where they are not installed."""
    block = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {without!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
    )
    return subprocess.run([sys.executable, "-c", block + code, *arguments], capture_output=True, text=True, check=False)


def test_every_name_of_the_package_can_be_imported() -> None:
    done = run("from lamina import *; from lamina.data import *; from lamina.model import *; from lamina.plots import *")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("library", ["numpy", "pandas", "polars"])
def test_estimators_fit_on_arrays_and_frames(library: str) -> None:
    make = "np.asarray" if library == "numpy" else f"__import__({library!r}).DataFrame"
    done = run(
        "import numpy as np, lamina\n"
        "X = np.random.default_rng(0).normal(size=(200, 2)); y = X[:, 0] > 0\n"
        f"table = {make}(X if {library!r} == 'numpy' else {{'a': X[:, 0], 'b': X[:, 1]}})\n"
        "print(lamina.MLPClassifier((8,), learning_rate_init=0.02, random_state=0, early_stopping=True).fit(table, y)"
        ".score(table, y) > 0.9)\n"
        "print(lamina.MLPRegressor(hidden_layer_sizes=8, solver='lbfgs', alpha=1, random_state=0).fit(table, X[:, 0])"
        ".predict(table).shape)\n"
    )
    assert done.stdout.split() == ["True", "(200,)"], done.stderr


def test_networks_train_and_models_are_saved() -> None:
    done = run(
        "import numpy as np, lamina, tempfile, pathlib\n"
        "X = np.random.default_rng(0).normal(size=(50, 2))\n"
        "trainer = lamina.Trainer(lamina.Sequential([lamina.Dense(1)], 2), 'squared_error', callbacks=[lamina.Progress()])\n"
        "trainer.fit(X, X[:, 0], max_epochs=2)\n"
        "model = lamina.MLPRegressor(hidden_layer_sizes=4, solver='lbfgs', alpha=1, random_state=0).fit(X, X[:, 0])\n"
        "path = pathlib.Path(tempfile.mkdtemp()) / 'a.lamina'\n"
        "lamina.save_model(path, model)\n"
        "print((lamina.load_model(path).predict(X) == model.predict(X)).all())\n"
    )
    assert done.stdout.strip() == "True", done.stderr


TABLES = "Install it with: pip install 'lamina[tables]'"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("lamina.fit_table(pd.DataFrame({'a': range(20), 'b': [0, 1] * 10}), 'b')", f"fit_table needs pyarrow, {{}} {TABLES}"),
        ("lamina.data.TableEncoder().fit(pd.DataFrame({'a': [1, 2]}))", f"TableEncoder needs pyarrow, {{}} {TABLES}"),
        ("lamina.data.read_table('a.csv')", f"read_table needs pyarrow, {{}} {TABLES}"),
        ("lamina.data.write_table('a.csv', None)", f"write_table needs pyarrow, {{}} {TABLES}"),
        (
            "import lamina.plots; lamina.plots.plot_activation_functions()",
            "plot_activation_functions needs matplotlib, {} Install it with: pip install 'lamina[plot]'",
        ),
    ],
)
def test_what_needs_a_package_names_the_extra(code: str, message: str) -> None:
    done = run(f"import lamina, lamina.data, pandas as pd\n{code}\n")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last == f"lamina.errors.MissingPackageError: {message.format('which is not installed.')}"


@pytest.mark.parametrize("without", ["cyclopts", "rich"])
def test_the_command_says_in_one_sentence_what_it_lacks(without: str) -> None:
    done = run("from lamina.__main__ import start; sys.exit(start())", (without,), "--version")
    assert done.returncode == 1
    assert done.stdout == ""
    sentence = f"lamina: the command `lamina` needs {without}, which is not installed. Install it with: pip install 'lamina[cli]'"
    assert done.stderr.strip() == sentence


def test_a_command_without_pyarrow_says_so_and_others_work(tmp_path: Path) -> None:
    start = "from lamina.__main__ import start; sys.exit(start())"
    assert run(start, ("pyarrow",), "--version").returncode == 0
    done = run(start, ("pyarrow",), "train", "a.csv", "-t", "y", "-o", str(tmp_path / "a.lamina"))
    assert done.returncode == 1
    assert done.stderr == f"lamina: read_table needs pyarrow, which is not installed. {TABLES}\n"


def test_a_package_that_is_broken_in_itself_is_not_called_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "broken_inside.py").write_text("import of_which_nobody_heard\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="of_which_nobody_heard") as caught:
        require("broken_inside", owner="a test")
    assert not isinstance(caught.value, MissingPackageError)


def test_an_optional_module_is_imported_when_it_is_used() -> None:
    absent = OptionalModule("nowhere_to_be_found", owner="a test")
    with pytest.raises(MissingPackageError, match=r"a test needs nowhere_to_be_found, .* pip install nowhere_to_be_found"):
        _ = absent.anything
    assert OptionalModule("math", owner="a test").pi > 3


def test_every_optional_package_belongs_to_the_extra_that_installs_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for package, extra in EXTRAS.items():
        assert any(item.startswith(package) for item in project["optional-dependencies"][extra]), package
        assert not any(item.startswith(package) for item in project["dependencies"]), package
    assert project["optional-dependencies"]["all"] == ["lamina[cli,plot,lab,onnx]"]


def test_the_torch_engine_asks_for_its_own_extra() -> None:
    done = run(
        "import lamina\n"
        "try:\n    lamina.Trainer(lamina.Sequential([lamina.Dense(1)], 2), 'squared_error', engine='torch')\n"
        "except lamina.errors.MissingPackageError as error:\n    print(error)\n",
        without=("torch",),
    )
    install = "Install it with: pip install 'lamina[torch]'"
    assert done.stdout == f"engine='torch' needs torch, which is not installed. {install}\n", done.stderr
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    assert extras["torch"] == extras["gloo"]


def test_onnx_is_asked_for_by_its_extra_and_the_other_formats_need_none() -> None:
    done = run(
        "import lamina, lamina.export, pathlib, tempfile\n"
        "trainer = lamina.Trainer(lamina.Sequential([lamina.Dense(1)], 2), 'squared_error').build()\n"
        "folder = pathlib.Path(tempfile.mkdtemp())\n"
        "lamina.export.to_python(trainer, folder / 'model.py')\n"
        "lamina.export.to_c(trainer, folder / 'model.h')\n"
        "try:\n    lamina.export.to_onnx(trainer, folder / 'model.onnx')\n"
        "except lamina.errors.MissingPackageError as error:\n    print(error, len(list(folder.iterdir())))\n",
        without=("onnx", "pyarrow"),
    )
    assert "'lamina[onnx]'" in done.stdout, done.stderr
    assert done.stdout.split()[-1] == "2"
