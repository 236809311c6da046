"""Embeddings agree with torch's: vectors, gradients, and steps of SGD and SparseAdam on the rows that a batch reads."""

from functools import partial

import numpy as np
import pytest
import torch

from lamina.engine import Batches, StepValues, TrainingPlan, UpdateRule
from lamina.layers import Dense, Embedding
from lamina.network import Sequential

RNG = np.random.default_rng(0)
CARDINALITIES, WIDTHS, ROWS, BATCH = (5, 300), (3, 4), 64, 8
CODES = np.column_stack([RNG.integers(0, cardinality, ROWS) for cardinality in CARDINALITIES])
Y = RNG.normal(size=(ROWS, 1))
NETWORK = Sequential([Embedding(CARDINALITIES, WIDTHS), Dense(6, activation="tanh"), Dense(1)], input_width=2)
STEPS = ROWS // BATCH


class Twin(torch.nn.Module):
    def __init__(self, views):
        super().__init__()
        names = [f"embedding_1.weight_{j}" for j in range(2)]
        self.tables = torch.nn.ModuleList(
            torch.nn.Embedding.from_pretrained(torch.tensor(views[name]), freeze=False, sparse=True) for name in names
        )
        self.hidden, self.score = torch.nn.Linear(sum(WIDTHS), 6).double(), torch.nn.Linear(6, 1).double()
        for name, module in (("dense_1", self.hidden), ("dense_2", self.score)):
            module.weight.data, module.bias.data = (torch.tensor(views[f"{name}.{own}"].T.copy()) for own in ("weight", "bias"))

    def forward(self, codes):
        vectors = torch.cat([table(codes[:, j]) for j, table in enumerate(self.tables)], dim=1)
        return self.score(torch.tanh(self.hidden(vectors)))

    def flat(self):
        dense = [tensor for module in (self.hidden, self.score) for tensor in (module.weight.T, module.bias)]
        return np.concatenate([t.detach().numpy().ravel() for t in (*(table.weight for table in self.tables), *dense)])


# torch's SparseAdam adds eps before the correction of v, its Adam and ours after it
EPS = 1e-30
RULES = {
    "sgd": (UpdateRule("gradient_descent", (), 0), torch.optim.SGD, torch.optim.SGD),
    "sparse adam": (
        UpdateRule("adam", (0.9, 0.999, EPS), 2),
        partial(torch.optim.SparseAdam, eps=EPS),
        partial(torch.optim.Adam, eps=EPS),
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_steps_on_the_rows_of_their_batches_agree_with_torch(executor_for, name):
    rule, of_tables, of_layers = RULES[name]
    executor = executor_for(NETWORK.program("squared_error"))
    executor.configure(TrainingPlan(rule))
    start, state = NETWORK.initialize(dtype="float64")
    executor.restore(start, state)
    theirs = Twin(NETWORK.unflatten(start.copy()))
    result = executor.train(Batches([CODES.astype(float)], [Y]), np.arange(ROWS), BATCH, 0, StepValues(np.full(STEPS, 0.01)))
    # SparseAdam counts steps of the whole table, as the rule does
    optimizers = (
        of_tables(theirs.tables.parameters(), lr=0.01),
        of_layers([*theirs.hidden.parameters(), *theirs.score.parameters()], lr=0.01),
    )
    losses = []
    for k in range(STEPS):
        rows = slice(k * BATCH, (k + 1) * BATCH)
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss = 0.5 * ((theirs(torch.tensor(CODES[rows])) - torch.tensor(Y[rows])) ** 2).sum(dim=1).mean()
        loss.backward()
        losses.append(loss.item())
        for optimizer in optimizers:
            optimizer.step()
    np.testing.assert_allclose(result.losses, losses, rtol=1e-10)
    np.testing.assert_allclose(executor.snapshot().parameters, theirs.flat(), rtol=1e-8, atol=1e-11)
