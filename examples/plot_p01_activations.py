"""
P1 · Activation functions and their derivatives
===============================================

What a unit does with its weighted sum (row L4). The perceptron uses the step function. Its derivative is zero, so
gradient descent cannot learn through it. Sigmoid and tanh saturate: far from zero, their derivative
vanishes. The derivative of the sigmoid is never larger than 1/4, so every layer of sigmoids multiplies the gradient by
a quarter or less, besides its weights. The derivative of ReLU is 1 wherever the unit is active.
"""

from lamina.lecture import p01_activations as p01

result = p01.compute()
print(result)

# %%
# Solid: the function; dashed: its derivative. Every activation in the library knows its range, whether it saturates,
# its value and its derivative: ``lamina.activations.get_activation("tanh").derivative(0.5)``.

figure = p01.draw(result)

# %%
# From the command line: ``lamina lecture P1 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/p01_activations.py
#    :pyobject: compute
