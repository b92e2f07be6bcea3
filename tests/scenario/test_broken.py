"""A broken scenario says where and why: one line a mistake, all of them, in file order.

The two good files beside this one are broken in one place each.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.scenario.errors import ScenarioError
from bptui.scenario.reader import read_scenario_text, render
from bptui.scenario.schema import TRAINING as TRAINING_KEYS

HERE = Path(__file__).parent
NETWORK = (HERE / "network.toml").read_text("utf-8")
EQUATIONS = (HERE / "equations.toml").read_text("utf-8")


def lines_of(text: str) -> list[str]:
    """What a person sees of a broken file, without the file's name."""
    with pytest.raises(ScenarioError) as error:
        read_scenario_text(text, "f")
    return [line.removeprefix("f:") for line in render(error.value, "f")]


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


# The change that breaks a good file, and the one line that is seen. Unknown activations and shapes are
# the engine's to refuse; missing and large files are in test_reader.
BROKEN = {
    "bad TOML": (NETWORK, "updates = 10", "updates 10",
        "30: this is not TOML: Expected '=' after a key in a key/value pair (column 9)"),
    "unknown key": (NETWORK, "learning_rate", "learning_rat",
        "29: unknown key 'learning_rat' in [training], did you mean 'learning_rate'?"),
    "unknown function": (NETWORK, '"sigmoid"', '"1 + sigmoyd(x)"',
        "10: activation: there is no function 'sigmoyd' here, did you mean 'sigmoid'?"),
    "ragged list": (NETWORK, "[0.25, 0.30]]", "[0.25]]",
        "12: weights: row 2 has 1 number where the first has 2 numbers"),
    "missing data": (NETWORK, "[data]\ninputs = [[0.05, 0.10]]\ntargets = [[0.01]]\n", "",
        "3: [data] is missing: a network needs its inputs"),
    "name used twice": (NETWORK, '"w3"', '"h2"',
        "13: the name 'h2' is used twice (first at line 9)"),
    "name never defined": (EQUATIONS, "(desired", "(desird",
        "5: 'desird' is never defined, did you mean 'desired'?"),
    "non-finite number": (NETWORK, "0.30]]", "nan]]",
        "12: weights must be a finite number, not nan"),
    "running code": (EQUATIONS, "sigmoid(s)", "__import__('os')",
        "4: 'p = __import__('os')': '__import__' is not a name: names do not begin with two underscores"),
    "rows that do not fit": (NETWORK, "[[0.01]]", "[[0.01], [0.02]]",
        "26: targets has 2 rows where inputs has 1 row: each has one row per sample"),
    "an equation used too early": (EQUATIONS, "X1*W1", "X1*p",
        "3: 'p' is used before it is defined (at line 4)"),
    "an equation that is none": (EQUATIONS, "s = X1", "s == X1",
        "3: 's == X1*W1 + b': an equation is written name = expression"),
    "a parameter named as an equation": (EQUATIONS, "W1 = 0.5", "W1 = 0.5\np = 1",
        "10: the name 'p' is used twice (first at line 4)"),
    "a loss that is none": (EQUATIONS, 'loss = "E"', 'loss = "F"',
        "7: the loss 'F' is not one of the equations; known here: s, p, E"),
    "a line of the loss at fault": (EQUATIONS, "(desired - p)**2", "(desired - p)^2",      # and the loss is one of them
        "5: 'E = (desired - p)^2 / 2': '^' has no place in an expression: write powers as **"),
    "a choice as it is shown": (EQUATIONS, "sigmoid(s)", "where(s > 0: s; else 0)",
        "4: 'p = where(s > 0: s; else 0)': ':' has no place in an expression: it holds no slices; a choice is "
        "where(a > b, c, d)"),
    "values of two lengths": (EQUATIONS, "0.03", "[1, 2, 3]",
        "13: desired has 3 values where X1 has 2: a list has one value per sample"),
    "a table for a number": (NETWORK, "0.5\n", "{ a = 1 }\n",
        "29: learning_rate must be a number, not a table"),
    "true for a number": (NETWORK, "= 0.5\n", "= true\n",
        "29: learning_rate must be a number, not true"),
    "text for a number": (NETWORK, "= 0.5\n", '= "0.5"\n',
        "29: learning_rate must be a number, not text"),
    "half an update": (NETWORK, "= 10\n", "= 1.5\n",
        "30: updates must be a whole number, not 1.5"),
    "too many updates": (NETWORK, "= 10\n", "= 1000000001\n",
        "30: updates must be a whole number from 1 to 1,000,000,000"),
    "no updates": (NETWORK, "= 10\n", "= 0\n",
        "30: updates must be a whole number from 1 to 1,000,000,000"),
    "a number without end": (NETWORK, "= 0.5\n", "= 0x" + "f" * 400 + "\n",
        "29: learning_rate must be a finite number, and this is too large"),
    "too many digits": (NETWORK, "= 0.5\n", "= " + "9" * 5000 + "\n",
        "29: a number has too many digits"),
    "infinite data": (NETWORK, "[[0.05, 0.10]]", "[\n[0.05,\n-inf]]",
        "27: inputs must be a finite number, not -inf"),
    "an empty list": (NETWORK, "[[0.05, 0.10]]", "[]",
        "25: inputs has an empty list where numbers are expected"),
    "a flat list": (NETWORK, "[[0.05, 0.10]]", "[0.05]",
        "25: inputs must be a list of rows, one per sample, as in [[0.05, 0.10]]"),
    "a number among rows": (NETWORK, "[[0.15, 0.20],", "[[0.15, 0.20], 3,",
        "11: weights: row 2 is a number where the first has 2 numbers"),
    "rows of names": (NETWORK, '["w3", "w4"]', '["w3"]',
        "13: weight_names: row 2 has 1 names where row 1 has 2"),
    "no name": (NETWORK, '"h1"', '"h 1"',
        "9: units: 'h 1' is not a name: letters A to Z, digits and _, beginning with a letter or _"),
    "a look-alike name": (NETWORK, '"h1"', '"ｈ1"',
        "9: units: 'ｈ1' is not a name: letters A to Z, digits and _, beginning with a letter or _"),
    "a reserved word": (EQUATIONS, "W1 = 0.5", "W1 = 0.5\nlambda = 1",
        "10: 'lambda' is a reserved word and cannot be a name"),
    "a name for nothing": (NETWORK, "bias = 0.35", "bias = false",
        "15: bias is false, so there is nothing to name"),
    "a bias of true": (NETWORK, "bias = 0.35", "bias = true",
        "14: bias must be a number, a list with one number per unit, a table, or false"),
    "a layer without units": (NETWORK, "units = 1\n", "",
        "18: units is missing in a layer of kind 'dense'"),
    "a layer without kind": (NETWORK, 'kind = "dense"\nunits = 1', "units = 1",
        "18: kind is missing in [[network.layers]]"),
    "a loss without kind": (NETWORK, 'kind = "half_squared_error"\n', "",
        "21: kind is missing in [loss]"),
    "no loss": (NETWORK, '[loss]\nkind = "half_squared_error"\n', "",
        '3: [loss] is missing, as in [loss] with kind = "half_squared_error"'),
    "a word not known": (NETWORK, "updates = 10", 'update_order = "inplace"',
        '30: update_order must be "simultaneous" or "in_place", not \'inplace\', did you mean \'in_place\'?'),
    "a batch of words": (NETWORK, "updates = 10", 'batch = "some"',
        '30: batch must be "all" or a number of samples, not \'some\''),
    "updates and epochs": (NETWORK, "updates = 10", "updates = 10\nepochs = 1",
        "31: give updates or epochs, not both"),
    "a law of other names": (NETWORK, '"sigmoid"', '"x*beta"',
        "10: activation: 'beta' is never defined: the law is written in x"),
    "a law's parameter": (NETWORK, '"sigmoid"', '{ law = "x*beta", beta = 1, train = ["bet"] }',
        "10: train: 'bet' is not a parameter of the law, did you mean 'beta'?"),
    "a loss of other names": (NETWORK, '"half_squared_error"', '"(y - o)**2"',
        "22: kind: 'y' is never defined: the law is written in t and o"),
    "an init without kind": (NETWORK, "bias = 0.35", "bias = { low = 1 }",
        '14: bias as a table must be { init = "…" } or { file = "….npz", name = "…" }'),
    "an init with text": (EQUATIONS, "low = 0", 'low = "0"',
        "10: low must be a number, not text"),
    "a list for a parameter": (EQUATIONS, "W1 = 0.5", "W1 = [0.5]",
        "9: W1 must be a number, not a list"),
    "a table of values": (EQUATIONS, "[0.1, 0.2]", "[[0.1], [0.2]]",
        "12: X1 must be a number, or a list with one number per sample"),
    "a claim as a number": (NETWORK, '"0.5"', "0.5",
        '34: value must be in quotes, as the source printed it: value = "0.082167041"'),
    "a claim in words": (NETWORK, '"0.5"', '"half"',
        "34: value must be a printed number such as 0.082167041 or ~0.357, not 'half'"),
    "a claim of nothing": (NETWORK, 'value = "0.5"', "",
        "33: without value, what must be a comparison such as E < 1e-12"),
    "a comparison with value": (NETWORK, '"d(E, w1)"', '"E < 1"',
        "34: a comparison is true or false and has no value: leave value out"),
    "an erratum of nothing": (NETWORK, 'what = "d(E, w1)"\nvalue', 'what = "E < 1"\nerratum',
        "34: erratum says what is true in place of value, and value is missing"),
    "a claim that cannot be read": (NETWORK, '"d(E, w1)"', '"d(E w1)"',
        "33: what: there is no operator between 'E' and 'w1'; a product is written with *"),
    "a start that cannot be read": (NETWORK, 'title = "T"', 'start = "w5@"',
        "1: start: after @ stands a number of updates or prev, as in w5@0 or w5@prev"),
    "letters that are none": (NETWORK, "[training]", '[names]\nnet = "z_"\n[training]',
        "29: net must be 1 to 8 letters, not 'z_'"),
    "a way out of the folder": (NETWORK, 'title = "T"', 'beside = ["a", "../b"]',
        "1: beside: '../b' is not the name of a scenario"),
    "a path for a name": (NETWORK, 'title = "T"', 'beside = ["a", "a/b"]',
        "1: beside: 'a/b' is not the name of a scenario"),
    "deep lists": (NETWORK, "[[0.05, 0.10]]", "[[[[[1]]]]]",
        "25: inputs: lists are nested too deeply"),
    "data beside equations": (EQUATIONS, "[values]", "[data]\ninputs = [[1]]\n[values]",
        "11: [data] belongs to [network]; the data of [equations] stand in [values]"),
    "values beside a network": (NETWORK, "[training]", "[values]\nx = 1\n[training]",
        "28: [values] belongs to [equations], and this is a [network]"),
    "a loss kind beside equations": (EQUATIONS, "[values]", '[loss]\nkind = "sum"\n[values]',
        "12: unknown key 'kind' in [loss] beside [equations]; known here: reduction, l1, l2, penalised"),
    "both forms": (
        EQUATIONS, "[values]", '[network]\ninputs = 1\nlayers = [{ kind = "dense", units = 1 }]\n[values]',
        "11: a scenario has [network] or [equations], not both"),
    "data from nowhere": (
        NETWORK, "inputs = [[0.05, 0.10]]\ntargets = [[0.01]]", 'inputs = "x"\nfile = "x.npz"',
        "26: 'x.npz' cannot be found: this scenario is not in a file"),
    "a name near to none": (EQUATIONS, "X1*W1", "X1*Z",
        "3: 'Z' is never defined; known here: W1, b, X1, desired"),
    "a key near to none": (NETWORK, "updates = 10", "updates = 10\n[names]\nq = 1",
        "32: unknown key 'q' in [names]; known here: net, out, delta"),
    "dates": (NETWORK, "= 10\n", "= 1979-05-27\n",
        "30: updates must be a whole number, not a date or time"),
    "controls": (NETWORK, "updates = 10", '"up\\u001b[31m\\u202e" = 10',
        "30: unknown key 'up\\x1b[31m\\u202e' in [training]; known here: " + ", ".join(TRAINING_KEYS)),
    "a list of keys": (NETWORK, "updates = 10", ".".join("a" * 200) + " = 10",
        "30: a key has more than 100 parts"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_scenario_gives_one_line(kind: str) -> None:
    text, old, new, line = BROKEN[kind]
    assert lines_of(changed(text, old, new)) == [line]


FOREIGN = [                                       # every key of another kind of layer
    "filters = 3", "kernel = 3", "stride = 1", "padding = 1", "size = 2", "rate = 0.5",
    "recurrent_weights = [[1]]", "return_sequence = true", "vocabulary = 10", "gain = 1",
    "epsilon = 1e-5", "heads = 2", "query = [[1]]", "key = [[1]]", "value = [[1]]", "output = [[1]]",
    "causal = true", 'from = "hidden"',
]


@pytest.mark.parametrize("written", FOREIGN)
def test_a_key_of_another_kind_is_refused(written: str) -> None:
    text = changed(NETWORK, "units = 1\n", f"units = 1\n{written}\n")
    line = text[:text.index(written)].count("\n") + 1
    [said] = lines_of(text)
    assert said.startswith(f"{line}: a layer of kind 'dense' has no {written.split(' =')[0]}; it takes activation")


GEOMETRY = {
    "filters and kernel": ('kind = "conv2d"', ["filters is missing in a layer of kind 'conv2d'",
                                               "kernel is missing in a layer of kind 'conv2d'"]),
    "a kernel of nothing": ('kind = "conv2d"\nfilters = 1\nkernel = 0',
                            ["kernel must be a whole number from 1 to 1,000,000"]),
    "three sizes": ('kind = "max_pool"\nsize = [1, 2, 3]',
                    ["size must be a whole number, or two of them: rows and columns"]),
    "nothing left": ('kind = "dropout"\nrate = 1', ["rate must be less than 1: nothing would be left"]),
    "one word": ('kind = "embedding"\nvocabulary = 1\nsize = 2',
                 ["vocabulary must be a whole number from 2 to 1,000,000"]),
}


@pytest.mark.parametrize("kind", GEOMETRY)
def test_a_mistake_in_a_layer(kind: str) -> None:
    written, messages = GEOMETRY[kind]
    text = changed(NETWORK, 'kind = "dense"\nunits = 1', written)
    assert [line.partition(": ")[2] for line in lines_of(text)] == messages


TRAINING = {
    "not a comparison": ('until = "E"', 'until must be a comparison, as in "E < 1e-4", not \'E\''),
    "no quantity": ('until = "E <"', "until: something is missing after '<'"),
    "impatient": ("patience = 0", "patience must be a whole number from 1 to 1,000,000,000"),
    "no step": ("perturbation = 0", "perturbation must be more than 0, not 0"),
    "a limit of nothing": ("clip_norm = 0", "clip_norm must be more than 0, not 0"),
    "a negative decay": ("weight_decay = -1", "weight_decay must be 0 or more, not -1"),
    "one beta": ("betas = [0.9]", "betas must be a list of two numbers, as in [0.9, 0.999]"),
    "a beta of 1": ("betas = [0.9, 1]", "betas must be less than 1"),
    "two names": ("alpha = 0.9\nrho = 0.9", "rho is another name of alpha: give one of them"),
    "two limits": ("clip_norm = 1\nclip_value = 1", "give clip_norm or clip_value, not both"),
    "a schedule by name": ('schedule = "cosine"', "schedule must be a table, not text"),
    "a schedule without kind": ("schedule = { gamma = 1 }",
                                'schedule needs a kind, as in { kind = "step", step_size = 10, gamma = 0.5 }'),
    "another gradient": ('gradient = "guess"',
                         'gradient must be "backpropagation" or "perturbation", not \'guess\''),
    "no objectives": ("objectives = []", "objectives is an empty list, expected tables"),
    "an objective without parameters": ('objectives = [{ minimize = "E" }]',
                                        "parameters is missing in [[training.objectives]]"),
    "an objective of no parameters": ('objectives = [{ minimize = "E", parameters = [] }]',
                                      "parameters is an empty list, expected names"),
}


@pytest.mark.parametrize("kind", TRAINING)
def test_a_mistake_in_training(kind: str) -> None:
    written, message = TRAINING[kind]
    line = 29 + written.count("\n")
    assert lines_of(changed(NETWORK, "[training]\n", f"[training]\n{written}\n")) == [f"{line}: {message}"]


NOISE = {
    "a number": ("eps = 1", "eps must be a table, not a number"),
    "no init": ("eps = {}", 'eps must be { init = "normal" } or { init = "uniform", low = 0, high = 1 }'),
    "another init": ('eps = { init = "zeros" }', 'init must be "normal" or "uniform", not \'zeros\''),
    "another option": ('eps = { init = "normal", low = 1 }',
                       "eps: noise that is normal has no 'low'; it takes mean and std"),
    "a name twice": ('X1 = { init = "normal" }', "the name 'X1' is used twice (first at line 12)"),
}


@pytest.mark.parametrize("kind", NOISE)
def test_a_mistake_in_noise(kind: str) -> None:
    written, message = NOISE[kind]
    assert lines_of(f"{EQUATIONS}[noise]\n{written}\n") == [f"15: {message}"]


def test_all_mistakes_are_shown_in_file_order() -> None:
    text = changed(NETWORK, "learning_rate = 0.5", 'learning_rate = "x"\nuntil = "E"')
    text = changed(text, "title", "titel")
    text = changed(text, "[[0.01]]", "[[0.01], [true]]")
    assert lines_of(changed(text, '"h2"]', '"h1"]')) == [
        "1: unknown key 'titel', did you mean 'title'?",
        "9: the name 'h1' is used twice (first at line 9)",
        "26: targets must be a number, not true",
        "29: learning_rate must be a number, not text",
        "30: until must be a comparison, as in \"E < 1e-4\", not 'E'",
    ]


def test_at_most_twenty_are_shown() -> None:
    text = NETWORK + "[names]\n" + "".join(f"k{n} = 1\n" for n in range(25))
    seen = lines_of(text)
    assert len(seen) == 21
    assert seen[0] == "36: unknown key 'k0' in [names]; known here: net, out, delta"
    assert seen[19] == "55: unknown key 'k19' in [names]; known here: net, out, delta"
    assert seen[20] == " and 5 more"


def test_a_line_that_cannot_be_read_does_not_make_its_name_undefined() -> None:
    assert lines_of(changed(EQUATIONS, "X1*W1", "X1 W1")) == [
        "3: 's = X1 W1 + b': there is no operator between 'X1' and 'W1'; a product is written with *"]


def test_figures() -> None:
    for good in ("1", "-1", "−1", "+1.", ".5", "~0.357", "~ -2", "3.150953682878443e-13", "1E+5", "2e−3"):
        assert read_scenario_text(changed(NETWORK, '"0.5"', f'"{good}"'), "n").claims[0].value == good
    for bad in ("", "~", "nan", "inf", "1,5", "1 000", "0x1", "1e", "1_0", "٣", "1\\n", "--1", "1~",
                "1e99999", "1" * 200):
        [line] = lines_of(changed(NETWORK, '"0.5"', f'"{bad}"'))
        assert line.startswith("34: value must be a printed number")


# Any one line of a good file replaced by anything: a scenario or clear lines, nothing else.


MUTATIONS = st.tuples(
    st.sampled_from([NETWORK, EQUATIONS]),
    st.integers(0, 33),
    st.sampled_from([
        "=", "= [", "= {}", "= []", "= [[]]", "= true", "= 'x'", "= 1", "= nan", "= [1]", "= [[1], 2]",
        "= ['a', 1]", "= { init = 'x' }", "= { file = 'x.npz', name = 1 }", "= 1979-05-27", "= -1", "= ''",
        "= ['']", "= { law = 1 }", "= { law = 'x', x = 1 }", "= [{}]", "= { train = 1 }",
        "= 0x" + "f" * 500,
    ]),
)


@settings(max_examples=300, deadline=None)
@given(MUTATIONS)
def test_any_value_in_any_place(mutation: tuple[str, int, str]) -> None:
    text, at, value = mutation
    lines = text.splitlines()
    at %= len(lines)
    lines[at] = re.sub("=.*", lambda _: value, lines[at], count=1)
    try:
        read_scenario_text("\n".join(lines), "f")
    except ScenarioError as error:
        seen = render(error, "f")
        assert seen and all(re.match(r"f:\d+: .{8,}", line) for line in seen)
