"""The parts of the docstrings that the classifier and the regressor share."""

from __future__ import annotations

__all__ = ["ATTRIBUTES", "NOTES", "PARAMETERS"]

PARAMETERS = """\
hidden_layer_sizes : int or sequence of int, default=(100,)
    Units of each hidden layer, >= 1 each; an empty sequence means none (a linear model).
activation : str, Activation, or a list with one per hidden layer, default="relu"
    A name in :data:`lamina.activations.ACTIVATIONS`, such as "identity", "logistic", "tanh" or "relu"; or "prelu", a leaky
    ReLU whose slopes are learned (:class:`lamina.PReLU`).
solver : str or Optimizer, default="adam"
    "adam", "sgd" (with ``momentum`` and ``nesterovs_momentum``), "lbfgs" (all rows at once), or any other name in
    :data:`lamina.optimizers.OPTIMIZERS`, such as "adamw"; "perturb-one" and "perturb-all" train without gradients (see
    :class:`lamina.optimizers.PerturbOne`).
alpha : float, default=0.0001
    Strength of the penalty on the weights (never on biases), >= 0: ``alpha / 2 * sum w**2``, divided by the (weighted) number of
    rows of the batch, as in scikit-learn. The lecture's ``lambda sum w**2``, which has no factor 1/2 and is not divided, is
    ``alpha = 2 * lambda * rows of the batch``.
batch_size : int or "auto", default="auto"
    Rows per batch, >= 1; "auto" is ``min(200, n_samples)``. "lbfgs" always uses all rows and does not accept smaller batches.
learning_rate : str, Schedule or function, default="constant"
    "constant", "invscaling" (``learning_rate_init / samples_seen ** power_t``), "adaptive" (divided by 5 whenever the
    model stops improving), all three for solver="sgd" as in scikit-learn; or, for any solver, the name of another Lamina
    schedule, a Schedule, or a function of the step.
learning_rate_init : float, default=0.001
    The learning rate, > 0. An Optimizer object has its own.
power_t : float, default=0.5
    Exponent of "invscaling", >= 0.
max_iter : int, default=200
    Maximum number of epochs (iterations for "lbfgs"), >= 1.
shuffle : bool, default=True
    Whether to shuffle the rows in every epoch.
random_state : int, RandomState or None, default=None
    Determines initial weights, validation rows, the order of rows, and dropout. An int makes the fit reproducible: the same
    bits on the same machine, for any ``n_threads``.
tol : float, default=1e-4
    An epoch counts as an improvement if it is better by at least this, >= 0, as in scikit-learn (for other rules see
    :doc:`/how-to/early-stopping`); for "lbfgs", the bound on the gradient.
verbose : bool or int, default=False
    Print a line per epoch.
warm_start : bool, default=False
    Whether ``fit`` starts from the current weights.
momentum : float, default=0.9
    Fraction of the velocity that is kept, in [0, 1); for "sgd", "momentum" and "nesterov".
nesterovs_momentum : bool, default=True
    Whether to use Nesterov's momentum; for "sgd".
early_stopping : bool, default=False
    Stop when the score on validation rows (with ``gaussian_nll``: minus the loss on them) stops improving, and restore the best
    weights. The rows are ``X_val``, or a held-out part of X (``validation_split``, ``validation_fraction``).
validation_fraction : float, default=0.1
    Fraction of rows to hold out, in [0, 1).
beta_1, beta_2 : float, default=0.9, 0.999
    Decay rates of Adam's two moment estimates, in [0, 1); for "adam" and its variants.
epsilon : float, default=1e-8
    Keeps Adam's division finite, > 0. It is added after the bias correction of the second moment, as in the paper's algorithm 1.
n_iter_no_change : int or inf, default=10
    How many epochs without improvement are tolerated, >= 1.
max_fun : int, default=15000
    Maximum number of loss evaluations for "lbfgs", >= 1.
network : Sequential, Graph or None, default=None
    A custom network, with one input and one output of logits. The parameters for layers and penalties must then keep their
    defaults: the network's layers have their own settings.
members : int, default=1
    With 2 or more, so many networks of these layers are trained as one :class:`~lamina.network.Ensemble`: they share their weight
    matrices, and the prediction is the mean of theirs. A step takes about as long as so many steps of one; >= 1.
bins : int, default=0
    With 1 or more, the network reads each feature of three or more distinct values also as so many piecewise-linear bins
    between its quantiles (:class:`~lamina.layers.PiecewiseLinear`), so that it learns jumps and bends; >= 0. Edges come from the
    rows given to ``fit``, 20,000 at most, evenly spaced. All features together get 256 bins at most, or 2 each where there are
    more than 128. A feature that its bins would cut into less than 1e-30 gets none.
cardinalities : sequence of int and None, or None, default=None
    For each feature None, or the number of its categories if it holds codes of these: whole numbers from 0 to that number less 1.
    The network then starts with a vector for each code (:class:`~lamina.layers.Embedding`), of the layer's usual length, at most
    128. In training, 2 % of the codes are replaced by 0, except with "lbfgs" and the perturbations, so that 0 can stand for
    categories that are unknown. ``bins`` leave these features out, and ``alpha`` their vectors.
optimizer : Optimizer, str or None, default=None
    Another way to give a ``solver``.
l1_ratio : float, default=0.0
    Fraction of L1 in the penalty, in [0, 1]: ``alpha * (l1_ratio * sum |w| + (1 - l1_ratio) / 2 * sum w**2)``.
    The L1 part makes weights exactly zero, except with "lbfgs" and the perturbations; see :class:`lamina.regularizers.L1`.
weight_decay : float, default=0.0
    Decoupled weight decay (Loshchilov & Hutter 2019), >= 0. Not used with an Optimizer object, which has its own.
weight_decay_schedule : str, Schedule or function, default="constant"
    How the weight decay, also an Optimizer object's, changes from step to step: a name in
    :data:`lamina.schedules.STEP_SCHEDULES`, a Schedule that follows the steps, or a function of the step, which returns the
    decay itself. Other schedules need a ``weight_decay`` above 0.
max_norm : float or None, default=None
    Bound on the norm of the weights into one unit, > 0.
dropout : float, or a list with one per hidden layer, default=0.0
    Probability that a hidden unit is dropped in a step, in [0, 1).
input_dropout : float, default=0.0
    The same for inputs.
dropout_schedule : str, Schedule or function, default="constant"
    How all these probabilities, or those of ``network``, change from step to step; see ``weight_decay_schedule``. Any schedule
    needs layers that drop: a ``dropout`` or ``input_dropout`` above 0.
batch_norm, layer_norm : bool, default=False
    Whether to normalize every hidden layer.
norm_position : {"before", "after"}, default="before"
    Whether to normalize before or after the layer's activation.
weight_init, bias_init : str or Initializer, default="auto"
    Initial values, by a name of :data:`lamina.initializers.INITIALIZERS` or :data:`lamina.initializers.ALIASES`. "auto" is
    scikit-learn's uniform distribution: the same ``random_state`` gives the same values in both.
clip_value : float, (float, float) or None, default=None
    Bounds on each element of the gradient: ``(low, high)``, or one number for (-v, v).
clip_norm, clip_layer_norm : float or None, default=None
    Bound on the Euclidean norm of the whole gradient, or of each layer's, > 0.
objective : str, function or None, default=None
    What "perturb-one" and "perturb-all" improve in place of the loss: "accuracy" or "f1" (classifier), "r2" (regressor), or a
    ``function(y_true, y_pred)`` of labels or numbers for which larger is better, such as most of scikit-learn's metrics.
n_restarts : int, default=1
    Number of runs from different initial weights, 1 to 100,000, in parallel threads, or as the workers of a
    ``joblib.parallel_config``. The run with the best validation score is kept (else the lowest validation loss, the best
    objective, the lowest training loss), and ``restarts_`` lists all. Each has copies of the ``callbacks``.
validation_split : splitter, array or None, default=None
    Rows of X to hold out for validation: a scikit-learn splitter (its last split is used: ``TimeSeriesSplit``,
    ``GroupShuffleSplit`` with ``groups`` given to ``fit``), row indices, or a boolean mask.
callbacks : sequence of Callback, default=()
    Called before, during and after training; see :class:`lamina.training.Callback`.
max_time : float or None, default=None
    Seconds after which training stops, > 0; an epoch may be cut short. Restarts share them.
on_interrupt : {"raise", "return"}, default="raise"
    What ``fit`` and ``partial_fit`` do after Ctrl-C, once the model is complete and has its best weights: raise
    KeyboardInterrupt, so that an enclosing loop or search ends too, or return with a warning, which suits a notebook.
precision : {"full", "mixed"}, default="full"
    "mixed": training rounds the operands of dense layers' matrix products to bfloat16 and adds up in float32, which is faster
    where the processor multiplies bfloat16; only for X of float32, and not with "lbfgs", "perturb-one" and "perturb-all".
    Predictions stay float32 unless ``predict`` is asked for mixed ones. See :doc:`/how-to/mixed-precision`.
n_threads : int or None, default=None
    Threads of the engine, from 1 to 1024. It only affects speed. None chooses by the size of the work, within the CPU affinity,
    the container's CPU quota, ``OMP_NUM_THREADS``, ``threadpoolctl``'s limits and a worker's share.
engine : {"auto", "native", "reference", "torch"}, default="auto"
    The implementation that does the computation. All engines give the same numbers, up to rounding. "torch" computes on torch's
    tensors; see :doc:`/how-to/gpu`.
device : {"auto", "cpu", "cuda", "mps"}, default="auto"
    Where ``engine="torch"`` computes: "auto" is CUDA if torch finds it, or else Apple's MPS in float32, or else the CPU.
"""

ATTRIBUTES = """\
loss_ : float
    The last epoch's loss, including the penalty.
loss_curve_ : list of float
    The loss of every epoch (iteration for "lbfgs").
best_loss_ : float or None
    The smallest loss of an epoch; None with early stopping.
validation_scores_ : list of float or None
    With early stopping, the validation score of every epoch; with ``gaussian_nll``, minus the validation loss.
best_validation_score_ : float or None
    The largest validation score of an epoch.
validation_loss_curve_ : list of float or None
    The validation loss of every epoch, without the penalty; None without validation rows.
coefs_, intercepts_ : list of ndarray
    Weights ``(in, out)`` and biases ``(out,)`` of every dense layer. Writing into them changes the model.
n_iter_ : int
    Epochs of the last ``fit``.
t_ : int
    Rows seen in training.
n_layers_ : int
    The number of dense layers plus one for the input.
n_outputs_ : int
    Width of the output.
out_activation_ : str
    The function that turns logits into predictions.
n_features_in_ : int
    The number of columns of X.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of the columns, if X has names that are all strings.
network_ : Sequential or Graph
    The network that was trained.
history_ : History
    The records of all epochs.
stop_reason_ : StopReason
    Why training stopped: ``code`` and ``text``.
restarts_ : Restarts
    A table of the runs: seed, best score, loss, epochs, stop reason, and which run was kept.
"""

NOTES = """\
To switch from scikit-learn, changing the import is enough, with these differences: rows are shuffled by another generator;
``loss_curve_`` sums the loss over several outputs, as the gradient does, where scikit-learn reports the mean; a run that diverges
stops at once with the best weights so far and a warning; ``partial_fit`` uses a new order of rows and new dropout masks in each
call.
"""
