"""What a word means that is not known here: the same but for its case, another library's name, or a slip of the hand.

Meanings come first, from a table, then names that are really near: a suggestion that is none is worse than a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

PER_SLIP = 4                                        # letters of a word for each letter that may be wrong
MOST_ALIKE = 20                                     # names whose slips are counted
FILES = ("csv", "npz", "toml")                      # endings of files
SHORTEST = 3                                        # letters from which a word can be near to another

# Words of other libraries and of textbooks, without case, spaces, - and _, and what they are called here.
MEANINGS: dict[str, tuple[str, ...]] = {word: tuple(meant.split()) for words, meant in (
    # activations and functions
    ("identity none passthrough", "linear"), ("swish", "silu"), ("logistic expit logsig", "sigmoid"),
    ("tansig", "tanh"), ("lrelu leakyrectifier", "leaky_relu"), ("rectifier rectifiedlinear ramp", "relu"),
    ("hardsig", "hard_sigmoid"), ("loge", "log"), ("ln", "log layer_norm"), ("absolute fabs", "abs"),
    ("maximum", "max"), ("minimum", "min"), ("ifelse cond iif select", "where"),
    ("detach stopgradient stopgrad nograd constantof", "stop"),
    # losses
    ("mse mseloss meansquare meansquarederr l2loss", "mean_squared_error squared_error"),
    ("sse se squarederr sumofsquares", "squared_error"), ("halfmse halfse", "half_squared_error"),
    ("mae l1loss absoluteerr", "absolute_error"), ("smoothl1 smoothl1loss huberloss", "huber"),
    ("bce bceloss logloss", "binary_cross_entropy"), ("ce nll nllloss", "cross_entropy"),
    ("crossentropyloss categoricalcrossentropy sparsecategoricalcrossentropy softmaxce", "softmax_cross_entropy"),
    ("hingeloss", "hinge"),
    # kinds of layers
    ("linear fullyconnected fc affine", "dense"), ("conv convolution conv2", "conv2d"),
    ("maxpool maxpool2d maxpooling maxpooling2d", "max_pool"),
    ("avgpool avgpool2d averagepooling averagepooling2d meanpool", "average_pool"),
    ("batchnorm1d batchnorm2d batchnormalization bn", "batch_norm"), ("layernormalization", "layer_norm"),
    ("multiheadattention selfattention mha", "attention"), ("recurrent simplernn elman", "rnn"),
    ("residual skip shortcut plus", "add"), ("nonlinearity", "activation"), ("dropout2d", "dropout"),
    # optimizers, schedules, first values
    ("gd gradientdescent momentum nesterov", "sgd"), ("steplr", "step"), ("exponentiallr", "exponential"),
    ("cosineannealing cosineannealinglr", "cosine"), ("xavieruniform", "glorot_uniform"),
    ("xaviernormal xavier glorot", "glorot_normal"), ("kaiminguniform", "he_uniform"),
    ("kaimingnormal kaiming he", "he_normal"), ("gaussian randn", "normal"), ("random rand", "uniform"),
    # keys
    ("lr eta rate stepsize learningratio", "learning_rate"), ("iterations iters steps maxiter niter", "updates"),
    ("nepochs numepochs maxepochs", "epochs"), ("batchsize minibatch", "batch"), ("randomseed randomstate", "seed"),
    ("eps", "epsilon"), ("decay wd l2", "weight_decay"), ("scheduler lrschedule", "schedule"),
    ("clip clipgrad maxnorm gradientclip clipgradnorm", "clip_norm"), ("clipgradvalue", "clip_value"),
    ("earlystopping", "patience"), ("opt", "optimizer"), ("w weight", "weights"), ("b biases usebias", "bias"),
    ("gamma scale", "gain"), ("beta shift offset", "bias betas"), ("act activationfunction", "activation"),
    ("neurons outfeatures nunits hiddenunits", "units"), ("outchannels channels nfilters", "filters"),
    ("kernelsize", "kernel"), ("strides", "stride"), ("pad", "padding"), ("p drop probability keepprob", "rate"),
    ("numembeddings vocabsize vocab", "vocabulary"), ("embeddingdim embeddim", "size"),
    ("numheads nheads", "heads"), ("trainable requiresgrad learnable", "train"), ("x features", "inputs"),
    ("y labels label outputs target", "targets"), ("criterion lossfunction cost", "loss"),
    ("testdata validationsplit", "validation"), ("constants", "values"), ("params weights", "parameters"),
    ("type", "kind"),
) for word in words.split()}


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known name that `word` means, or None."""
    bare = _bare(word)
    by_bare = {_bare(name): name for name in reversed(known)}
    if bare in by_bare:
        return by_bare[bare]
    there = set(known)
    if meant := next((name for name in MEANINGS.get(bare, ()) if name in there), None):
        return meant
    most = max(1, len(word) // PER_SLIP)
    if len(word) < SHORTEST:                        # E5 is E with a letter too many
        return word[:-1] if word[:-1] in there else None
    lowered = {name.lower(): name for name in reversed(known) if len(name) >= SHORTEST - 1}
    alike = get_close_matches(word.lower(), lowered, n=MOST_ALIKE, cutoff=0.5)      # fast, and no more than alike
    slips = [(-n, lowered[name]) for name in alike if (n := distance(word.lower(), name, most)) <= most]
    if slips:
        return max(slips)[1]
    stem, _, ending = word.rpartition(".")          # a file of that name, with another ending
    return next((f"{stem}.{each}" for each in FILES if ending in FILES and f"{stem}.{each}" in there), None)


def numbered(word: str, known: Iterable[str]) -> str:
    """`w1 to w8` for w99, where names of this form are numbered; else nothing."""
    found = re.fullmatch(r"([A-Za-z_]+)[0-9]+", word)
    if found is None:
        return ""
    form = re.compile(re.escape(found[1]) + "([0-9]+)")
    numbers = sorted(int(match[1]) for name in known if (match := form.fullmatch(name)))
    return "" if not numbers else f"{found[1]}{numbers[0]}" + (
        f" to {found[1]}{numbers[-1]}" if len(numbers) > 1 else " alone")


def distance(a: str, b: str, most: int) -> int:
    """How many letters are wrong, missing, too many or have changed places; more than `most` is `most` + 1."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, other in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most and (not before or min(before) > most):
            return most + 1
    return min(row[-1], most + 1)


def _bare(word: str) -> str:
    return re.sub(r"[\s_-]", "", word).lower()
