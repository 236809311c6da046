"""What a freshly installed wheel must do, with the core's dependencies alone."""

import tempfile
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import lamina
from lamina.engine.select import ENGINES

X = np.random.default_rng(0).normal(size=(400, 4))
y = X[:, 0] * X[:, 1] > 0

assert "native" in ENGINES
classifier = lamina.MLPClassifier((32, 16), learning_rate_init=0.01, random_state=0, engine="native", max_iter=500).fit(X, y)
assert classifier.score(X, y) > 0.9, classifier.score(X, y)

graph = lamina.Graph(x := lamina.Input(4), lamina.Dense(1)(lamina.Dense(8, activation="tanh")(x)))
trainer = lamina.Trainer(graph, "squared_error", callbacks=[lamina.Progress()], seed=0)
history = trainer.fit(X, X[:, 0], max_epochs=20)
assert history[-1, "loss"] < history[0, "loss"]

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "model.lamina"
    lamina.save_model(path, classifier)
    assert (lamina.load_model(path).predict_proba(X) == classifier.predict_proba(X)).all()

if find_spec("pyarrow") is None:
    try:
        lamina.fit_table(X, "y")
    except ImportError as error:
        assert "pip install 'lamina[tables]'" in str(error), error
    else:
        raise AssertionError("a table was trained on without pyarrow")

assert files("lamina").joinpath("py.typed").is_file()
print(f"lamina {lamina.__version__} works.")
