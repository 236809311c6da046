"""
P1 · Activation functions and their derivatives
===============================================

What a unit does with its weighted sum (row L4). The step function is the perceptron's; its derivative is zero, so
nothing can be learnt by gradient descent through it. Sigmoid and tanh saturate: far from zero their derivative
vanishes, and the sigmoid's is never larger than 1/4, so every layer of sigmoids shrinks the gradient at least to a
quarter. ReLU's derivative is 1 wherever it is active.
"""

from lamina.lecture import p01_activations as p01

result = p01.compute()
print(result)

# %%
# Solid: the function, dashed: its derivative. Every function of the library can be asked for its range, for whether
# it saturates, and for its value and derivative: ``lamina.activations.get_activation("tanh").derivative(0.5)``.

figure = p01.draw(result)

# %%
# From the command line: ``lamina lecture P1 -o picture.png``. What ``compute`` does is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p01_activations.py
#    :pyobject: compute
