"""Imports point one way: downwards in the house of docs/design.md, and never in a circle."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.door import SERVED
from lamina.extras import EXTRAS

SOURCE = Path(__file__).parents[1] / "src" / "lamina"

# The floors, lowest first. A module may import from its own floor and from those below.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"caller", "door", "errors", "extras", "lazy"}),
    frozenset({"data_frame", "files", "moments", "patience", "stop_reason", "tasks", "validation"}),
    frozenset({"engine", "forms", "settings"}),
    frozenset(
        {"activations", "clipping", "initializers", "layers", "losses", "metrics", "optimizers", "regularizers", "schedules"}
    ),
    frozenset({"descent", "network"}),
    frozenset({"data", "training"}),
    frozenset({"estimators", "model"}),
    frozenset({"analysis"}),
    frozenset({"plots"}),
    frozenset({"lecture"}),
    frozenset({"cli"}),
)
FLOOR_OF = {part: number for number, parts in enumerate(FLOORS) for part in parts}


def module_name(path: Path) -> str:
    parts = ("lamina", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def homes_of_exports(path: Path) -> dict[str, str]:
    """Where the names live that an ``__init__`` re-exports, as it tells type checkers."""
    checked = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.If)]
    imports = [node for block in checked for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


MODULES = {module_name(path): path for path in sorted(SOURCE.rglob("*.py"))}
# A lazy name is imported from its home: circles are looked for there.
HOMES = {name: homes_of_exports(path) for name, path in MODULES.items() if path.name == "__init__.py"}


def imported_modules(name: str, *, at_import_only: bool) -> set[str]:
    """The modules of Lamina that ``name`` imports; ``at_import_only`` leaves out those within functions and type checking."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    nodes = list(_at_import(tree)) if at_import_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: imports must be absolute, line {node.lineno} is not"
            homes = HOMES.get(str(node.module), {})
            found.add(str(node.module))
            found.update(homes.get(alias.name, f"{node.module}.{alias.name}") for alias in node.names)
    return found & MODULES.keys()


def test_the_doors_entries():
    assert {method: f"{module}.{function}" for method, (module, function) in SERVED.items()} == {
        "History.plot": "lamina.plots.plot_history",
        "LearningRateRange.plot": "lamina.plots.plot_learning_rate_range",
        "Network.plot": "lamina.plots.plot_network",
        "WidthSweep.plot": "lamina.plots.plot_width_sweep",
    }


def _at_import(tree: ast.AST):
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _at_import(node)


def part_of(module: str) -> str:
    """The part of the house: ``lamina.engine.plan`` → ``engine``; the package itself is the roof and has none."""
    return module.split(".")[1] if "." in module else ""


def test_every_part_has_a_floor():
    parts = {part_of(module) for module in MODULES} - {"", "__main__"}
    assert parts <= FLOOR_OF.keys(), f"give a floor to {sorted(parts - FLOOR_OF.keys())}"


@pytest.mark.parametrize("name", [name for name in MODULES if part_of(name) not in ("", "__main__")])
def test_a_module_imports_nothing_above_it(name: str):
    floor = FLOOR_OF[part_of(name)]
    above = {m for m in imported_modules(name, at_import_only=False) if part_of(m) and FLOOR_OF[part_of(m)] > floor}
    assert not above, f"{name} imports {sorted(above)} from above"


@pytest.mark.parametrize("name", [name for name in MODULES if part_of(name) == "files"])
def test_files_know_nothing_but_errors(name: str):
    parts = {part_of(module) for module in imported_modules(name, at_import_only=False)}
    assert parts <= {"errors", "files", "lazy"}


@pytest.mark.parametrize("part", ["files", "validation"])
def test_parts_beside_errors_do_not_import_each_other(part: str):
    for name in (module for module in MODULES if part_of(module) == part):
        parts = {part_of(module) for module in imported_modules(name, at_import_only=False)}
        assert parts <= {part, "errors", "lazy"}, name


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("lamina.engine.reference")])
def test_the_reference_engine_needs_no_other_engine(name: str):
    imported = imported_modules(name, at_import_only=False)
    assert not any(m.startswith(("lamina.engine.native", "lamina.engine.select")) for m in imported)


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: imported_modules(name, at_import_only=True) & MODULES.keys() - {name} for name in MODULES}
    assert find_cycle(graph) is None


def test_no_modules_know_each_other_in_a_circle_be_it_for_type_checkers_or_within_functions():
    """But for an ``__init__``, whose names are imported when they are used: those of their homes count."""
    modules = {name for name, path in MODULES.items() if path.name != "__init__.py"}
    graph = {name: imported_modules(name, at_import_only=False) & modules - {name} for name in modules}
    assert find_cycle(graph) is None


@pytest.mark.parametrize("name", [name for name in MODULES if part_of(name) in ("estimators", "model")])
def test_a_private_member_is_used_in_the_module_that_has_it_alone(name: str):
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    private = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and re.match("_(?!_)", node.attr)]
    of_others = {node.attr for node in private if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))}
    assert of_others <= members(tree), f"{name} reaches into others' {sorted(of_others - members(tree))}"


def members(tree: ast.AST) -> set[str]:
    """The names of a module's functions, of the fields that its classes declare, and of the attributes that they set."""
    nodes = list(ast.walk(tree))
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    fields = {node.target.id for node in nodes if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
    stored = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]
    return functions | fields | {node.attr for node in stored if isinstance(node.value, ast.Name) and node.value.id == "self"}


def test_no_headers_of_the_engine_include_each_other_in_a_circle():
    sources = SOURCE.parents[1] / "csrc"
    files = {path.relative_to(sources).as_posix(): path for path in sorted(sources.rglob("*.*"))}
    included = {
        name: set(re.findall(r'^#include "(.+)"', path.read_text(encoding="utf-8"), re.MULTILINE)) & files.keys()
        for name, path in files.items()
    }
    assert sum(map(len, included.values())) > 100
    assert find_cycle(included) is None


# What users write into by name; everyone else takes snapshots.
SHOW_LIVE_VECTORS = {"lamina.estimators.fitted", "lamina.training.predictor"}


def test_an_engines_own_vectors_are_held_by_the_engine_alone():
    calls = re.compile(r"\.views\(\)|executor\.(parameters|state|slots)\b")
    found = {name for name, path in MODULES.items() if calls.search(path.read_text(encoding="utf-8"))}
    assert {name for name in found if part_of(name) != "engine"} == SHOW_LIVE_VECTORS


def find_cycle(graph: dict[str, set[str]]) -> list[str] | None:
    """Some circle of a directed graph, by depth-first search; None if there is none."""
    done: set[str] = set()

    def visit(node: str, path: list[str]) -> list[str] | None:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return None
        for successor in sorted(graph[node]):
            cycle = visit(successor, [*path, node])
            if cycle:
                return cycle
        done.add(node)
        return None

    return next((cycle for node in sorted(graph) if (cycle := visit(node, []))), None)


@pytest.mark.parametrize("name", [name for name in MODULES if part_of(name) != "cli"])
def test_a_module_imports_without_the_packages_of_the_extras(name: str):
    nodes = list(_at_import(ast.parse(MODULES[name].read_text(encoding="utf-8"))))
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    optional = {module for module in named if module.partition(".")[0] in EXTRAS}
    assert not optional, f"{name}: use lamina.extras for {sorted(optional)}"


def test_a_circle_would_be_found():
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None


def loaded_by(program: str) -> set[str]:
    """The modules that a new process has after ``program``."""
    done = subprocess.run([sys.executable, "-c", f"{program}\nimport sys\nprint(*sys.modules)"], capture_output=True, check=True)
    return set(done.stdout.decode().split())


@pytest.mark.parametrize(
    ("program", "unwanted"),
    [
        ("import lamina", ("numpy", "scipy", "sklearn", "pandas", "matplotlib", "rich")),
        ("from lamina import Trainer", ("sklearn", "pandas", "matplotlib", "rich", "scipy.optimize", "scipy.stats")),
        (
            "from lamina import MLPClassifier",
            (
                "sklearn.model_selection",
                "sklearn.metrics",
                "sklearn.preprocessing",
                "matplotlib",
                "safetensors",
                "array_api_compat",
                "lamina.estimators.regressor",
                "lamina.estimators.perceptron",
                "lamina.estimators.perceptron.separability",
                "lamina.estimators.fitting.architecture",
                "lamina.estimators.fitting.constraints",
                "lamina.engine.plan",
                "lamina.files",
                "lamina.layers.layer",
                "lamina.losses.loss",
                "lamina.network.network",
                "lamina.optimizers.optimizer",
                "lamina.schedules.schedule",
                "lamina.training.trainer",
            ),
        ),
        (
            "from lamina import MLPClassifier\nMLPClassifier(batch_size=2, solver='sgd', max_iter=500).fit([[0], [1]], [0, 1])",
            (
                "sklearn.model_selection",
                "lamina.engine.reference",
                "lamina.files",
                "lamina.initializers.scaled",
                "lamina.layers.batch_norm",
                "lamina.losses.hinge",
                "lamina.optimizers.adam",
                "lamina.optimizers.perturb_one",
                "lamina.regularizers",
                "lamina.schedules.adaptive",
                "lamina.training.callbacks.early_stopping",
                "lamina.training.steppers.full_batch",
                "lamina.training.steppers.perturbation",
            ),
        ),
        ("from lamina.cli.main import main", ("numpy", "scipy", "sklearn", "pandas", "matplotlib")),
    ],
)
def test_a_program_loads_nothing_that_it_does_not_need(program: str, unwanted: tuple[str, ...]):
    assert not loaded_by(program) & set(unwanted)


@pytest.mark.parametrize("name", sorted(HOMES))
def test_what_an_init_exports_it_imports_lazily_unless_a_module_has_that_name(name: str):
    clashes = {alias for module, alias in eager_exports(name) if f"{name}.{alias}" in MODULES}
    assert bool(eager_exports(name)) == bool(clashes), f"{name}: leave the imports to lamina.lazy"


def eager_exports(name: str) -> set[tuple[str, str]]:
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and str(node.module).startswith(f"{name}.")]
    return {(str(node.module), alias.name) for node in imports for alias in node.names if node.module != "lamina.lazy"}


CSRC = SOURCE.parents[1] / "csrc"
CPP = {str(path.relative_to(CSRC)): path for path in sorted(CSRC.rglob("*.[ch]pp"))}


def test_no_files_of_the_engine_include_each_other_in_a_circle():
    includes = {name: set(re.findall(r'#include "([^"]+)"', path.read_text(encoding="utf-8"))) for name, path in CPP.items()}
    assert find_cycle({name: found & CPP.keys() for name, found in includes.items()}) is None
