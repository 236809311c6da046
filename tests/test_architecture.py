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
    frozenset({"caller", "door", "errors", "extras", "html", "lazy"}),
    frozenset(
        {
            "data_frame",
            "files",
            "http_server",
            "moments",
            "patience",
            "spread",
            "stop_reason",
            "tasks",
            "text_table",
            "validation",
        }
    ),
    frozenset({"engine", "forms", "settings"}),
    frozenset(
        {"activations", "clipping", "initializers", "layers", "losses", "metrics", "optimizers", "regularizers", "schedules"}
    ),
    frozenset({"descent", "network"}),
    frozenset({"data", "training"}),
    frozenset({"distributed"}),
    frozenset({"estimators", "model"}),
    frozenset({"export", "search"}),
    frozenset({"analysis"}),
    frozenset({"doctor"}),
    frozenset({"plots"}),
    frozenset({"report"}),
    frozenset({"lecture"}),
    frozenset({"lab"}),
    frozenset({"serving"}),
    frozenset({"cli"}),
)
FLOOR_OF = {part: number for number, parts in enumerate(FLOORS) for part in parts}


def module_name(path: Path) -> str:
    parts = ("lamina", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def homes_of_exports(path: Path) -> dict[str, str]:
    """Where the names live that an ``__init__`` re-exports lazily, as its stub says."""
    stub = path.with_suffix(".pyi")
    body = ast.parse(stub.read_text(encoding="utf-8")).body if stub.exists() else []
    named = [(alias.name, str(node.module)) for node in body if isinstance(node, ast.ImportFrom) for alias in node.names]
    # a name imported from the package itself is one of its modules
    return {name: f"{home}.{name}" if home == module_name(path) else home for name, home in named}


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


def test_only_the_door_leads_upwards():
    """What is imported by a name in a text is a package's own exports, an optional package or a module of the same floor."""
    callers = {name for name, path in MODULES.items() if "import_module(" in path.read_text(encoding="utf-8")}
    assert callers == {"lamina.door", "lamina.extras", "lamina.lazy", "lamina.lecture.pictures"}


def test_the_doors_entries():
    assert {method: f"{module}.{function}" for method, (module, function) in SERVED.items()} == {
        "FittedNetwork.plot": "lamina.plots.plot_history",
        "FittedTable.plot": "lamina.plots.plot_history",
        "FittedTable.report": "lamina.report.report_on",
        "History.plot": "lamina.plots.plot_history",
        "LearningRateRange.plot": "lamina.plots.plot_learning_rate_range",
        "Network.plot": "lamina.plots.plot_network",
        "NetworkModel.plot": "lamina.plots.plot_history",
        "Perceptron.plot": "lamina.plots.plot_history",
        "PermutationImportance.plot": "lamina.plots.plot_importance",
        "TableModel.plot": "lamina.plots.plot_history",
        "TableModel.report": "lamina.report.report_on",
        "Trainer.live": "lamina.plots.live_plot.live",
        "Trainer.plot": "lamina.plots.plot_history",
        "WidthSweep.plot": "lamina.plots.plot_width_sweep",
    }


def own_names(tree: ast.AST) -> set[str]:
    """The private names that a module itself gives to something: attributes of ``self``, functions, classes, fields."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("self", "cls"):
            names.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return {name for name in names if is_private(name)}


# A name that is nobody's, the extension, and what Python's documentation lists of named tuples, of sys and of os.
PUBLIC_ALL_THE_SAME = ("_", "_native", "_asdict", "_exit", "_fields", "_getframe", "_replace")


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in PUBLIC_ALL_THE_SAME


@pytest.mark.parametrize("name", MODULES)
def test_a_module_reaches_into_no_private_member_of_another(name: str):
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    own = own_names(tree)
    reached = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and is_private(node.attr)]
    foreign = {f"line {node.lineno}: {ast.unparse(node)}" for node in reached if node.attr not in own}
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    foreign |= {f"line {node.lineno}: {a.name}" for node in imports for a in node.names if is_private(a.name)}
    assert not foreign, name


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


def named_modules(name: str) -> set[str]:
    """The modules whose names ``name`` uses: anywhere, also for type checking, within functions, through a package or a registry.

    A package that only re-exports is no module of its own here: what is imported from it counts as imported from its home.
    """
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    found: set[str] = set()
    packages: dict[str, str] = {}  # by the name they have here
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            homes = HOMES.get(str(node.module), {})
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                if module in HOMES:
                    packages[alias.asname or alias.name] = module
                found.add(module if module in MODULES else homes.get(alias.name, str(node.module)))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "exported_classes":
            package, besides = (str(ast.literal_eval(given)) for given in (node.args[0], node.keywords[0].value))
            found.update(home for home in HOMES[package].values() if home.rpartition(".")[2] not in besides.split())
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found.update(str(each.value) for each in node.args if isinstance(each, ast.Constant))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in packages:
            package = packages[node.value.id]
            found.add(HOMES[package].get(node.attr, f"{package}.{node.attr}"))
    return found & MODULES.keys() - HOMES.keys() - {name}


def test_no_modules_name_each_other_in_a_circle():
    cycle = find_cycle({name: set() if name in HOMES else named_modules(name) for name in MODULES})
    assert cycle is None, " → ".join(cycle or ())


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


@pytest.mark.parametrize("name", CPP)
def test_no_class_of_the_engine_has_a_friend(name: str):
    assert not re.search(r"^\s*friend\b", CPP[name].read_text(encoding="utf-8"), re.MULTILINE)
