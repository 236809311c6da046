"""What a function of the user's is known by, from one process to the next."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections import deque
from enum import Enum

import numpy as np
import pytest

from lamina import Callback, Dense, Sequential, Trainer
from lamina.training.code_identity import code_identity, name_in

PROGRAM = """
import functools
from lamina.training.code_identity import code_identity, name_in


class Key:
    def __init__(self, names):
        self.names = names


def using(value):
    return lambda x: value


names = frozenset({"a", "b", "c", "d"})
print(code_identity(lambda name: name in {"a", "b", "c", "d"}))
print(code_identity(using({names: 1, (names, 2): 2})))
print(code_identity(using({using: 1, print: 2, Key: 3})))
print(code_identity(using({Key(names): 1})))
print(code_identity(using(dict.fromkeys({"a", "b", "c", "d"}))))
print(code_identity(functools.partial(using, {"a", "b", "c"})))
"""


def test_it_is_the_same_in_every_process():
    """The order of a set of texts is not, nor is what Python shows of functions and objects."""
    found = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], env={**os.environ, "PYTHONHASHSEED": str(seed)}, capture_output=True, check=True
        ).stdout
        for seed in range(4)
    }
    assert len(found) == 1


def test_a_name_that_is_not_bound_yet_has_no_value_to_know():
    def made():
        def function(x):
            return later + x

        known = code_identity(function)
        later = 1
        return known, later

    assert made() == made()


class Slotted:
    __slots__ = ("delta",)

    def __init__(self, delta):
        self.delta = delta

    def __call__(self, x):
        return self.delta * x


class Scaled:
    def __init__(self, delta):
        self.delta = delta

    def loss(self, x):
        return self.delta * x


class Color(Enum):
    RED = 1
    BLUE = 2


def callable_of(body):
    """An object of a class of one name, whatever it does when it is called."""
    return type("Callable", (), {"__call__": body})()


def with_keyword(delta):
    def loss(x, *, delta=delta):
        return delta * x

    return loss


def using(value):
    return lambda x: value


DIFFERENT = {
    "keyword-only defaults": (with_keyword(1.0), with_keyword(2.0)),
    "a method's object": (Scaled(1.0).loss, Scaled(2.0).loss),
    "a method's object in a partial": (functools.partial(Scaled(1.0).loss), functools.partial(Scaled(2.0).loss)),
    "attributes in slots": (Slotted(1.0), Slotted(2.0)),
    "what an object does when called": (callable_of(lambda self, x: x), callable_of(lambda self, x: 2 * x)),
    "arrays": (using(np.array([1.0])), using(np.array([2.0]))),
    "an array's dtype": (using(np.zeros(1)), using(np.zeros(1, np.float32))),
    "an array's shape": (using(np.zeros((2, 3))), using(np.zeros((3, 2)))),
    "arrays of objects": (using(np.array(["a", None])), using(np.array(["b", None]))),
    "NumPy's numbers": (using(np.float32(1)), using(np.float32(2))),
    "NumPy's dates": (using(np.datetime64("2020-01-01")), using(np.datetime64("2020-01-02"))),
    "sets": (using({"a"}), using({"a", "b"})),
    "deques": (using(deque([1])), using(deque([2]))),
    "members of enumerations": (using(Color.RED), using(Color.BLUE)),
    "functions of NumPy": (using(np.tanh), using(np.sin)),
    "built-in functions": (using(min), using(max)),
    "classes": (using(Slotted), using(Scaled)),
    "how values are nested": (using((1, (2,))), using(((1, 2),))),
    "kinds of sequences": (using([1]), using((1,))),
    "an array in a dict in an object": (Scaled({"w": [np.ones(2)]}).loss, Scaled({"w": [np.zeros(2)]}).loss),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_it_notices(what):
    one, other = DIFFERENT[what]
    assert code_identity(one) != code_identity(other)
    assert name_in(code_identity(one)) == name_in(code_identity(other))


def test_what_contains_itself_has_an_end():
    ring = [1]
    ring.append(ring)
    obj = Scaled(ring)
    obj.me = obj
    assert code_identity(obj.loss) == code_identity(obj.loss)


class Gather(Callback):
    def __init__(self):
        self.epochs = []

    def on_epoch_end(self, trainer, record):
        self.epochs.append(trainer.epoch)

    def metric(self, y, predictions):
        return len(self.epochs)


def test_trainers_and_callbacks_among_the_values_are_not_others_as_they_learn():
    """An object that trains with a loss of its own, and a metric that knows what a callback saw."""
    gather = Gather()
    trainer = Trainer(Sequential([Dense(1)]), "squared_error", callbacks=[gather], seed=0)
    functions = [Scaled(trainer).loss, gather.metric]
    before = [code_identity(function) for function in functions]
    trainer.fit(np.zeros((4, 1)), np.zeros(4), max_epochs=2)
    assert [code_identity(function) for function in functions] == before
