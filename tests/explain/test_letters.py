"""The source's letters: whatever a file is allowed to call its values, no two of a program have one name.

Names are those that are shown, of every scalar and of every tensor; each can be typed, and means itself.
"""

from __future__ import annotations

import pytest

from bptui.debugger.home.open import understood
from bptui.explain.namer import Namer
from bptui.replay.meaning import meaning
from bptui.replay.run import Run
from bptui.scenario.errors import ScenarioError
from bptui.scenario.expression import read_quantity
from bptui.scenario.reader import read_scenario_text, render

NETWORK = """
[network]
inputs = ["x"]
[[network.layers]]
kind = "dense"
name = "hidden"
units = ["h1", "h2"]
activation = "sigmoid"
weights = [[0.1], [0.3]]
weight_names = [["u"], ["v"]]
[[network.layers]]
kind = "dense"
name = "last"
units = ["o1", "o2"]
activation = "sigmoid"
weights = [[0.1, 0.2], [0.3, 0.4]]
[loss]
kind = "half_squared_error"
[data]
inputs = [[1.0]]
targets = [[0.1, 0.2]]
[names]
"""
EQUATIONS = """
[equations]
forward = ["net_h = w*x", "out_h = sigmoid(net_h)", "a_h = out_h*k", "E = a_h + net_h"]
loss = "E"
[parameters]
w = 0.5
k = 2.0
[values]
x = 1.0
[names]
"""
FORMS = {"network": NETWORK, "equations": EQUATIONS}

REFUSED = [                                         # the form, [names], the part at fault, and what is said of it
    ("network", 'net = "out"', "net", "that is what out is called"),
    ("network", 'out = "net"', "out", "that is what net is called"),
    ("network", 'net = "out"\nout = "net"', "net", "that is what out is called"),
    ("network", 'net = "z"\nout = "z"', "net", "that is what out is called"),
    ("network", 'delta = "net"', "delta", "that is what net is called"),
    ("network", 'delta = "out"', "delta", "that is what out is called"),
    ("network", 'net = "z"\ndelta = "z"', "net", "that is what delta is called"),
    ("network", 'net = "E"', "net", "that is another name here"),
    ("network", 'out = "u"', "out", "that is another name here"),
    ("network", 'delta = "E"', "delta", "that is another name here"),
    ("network", 'net = "W"', "net", "W_h is another name here"),
    ("network", 'delta = "b"', "delta", "b_h is another name here"),
    ("equations", 'net = "out"', "net", "that is what out is called"),
    ("equations", 'net = "E"', "net", "that is another name here"),
    ("equations", 'out = "w"', "out", "that is another name here"),
    ("equations", 'out = "a"', "out", "a_h is another name here"),
]
ALLOWED = [
    ("network", ""), ("network", 'net = "z"\nout = "a"\ndelta = "δ"'), ("network", 'net = "net"'),
    ("network", 'out = "h"'), ("network", 'net = "hidden"'), ("equations", 'net = "z"'),
    ("equations", 'net = "z"\nout = "y"'),
]


def run_of(form: str, letters: str) -> Run:
    return understood(read_scenario_text(f"{FORMS[form]}{letters}\n[training]\nupdates = 1\n", "here"))


@pytest.mark.parametrize(("form", "letters", "part", "said"), REFUSED, ids=[f"{f}: {x}" for f, x, _, _ in REFUSED])
def test_letters_that_give_two_things_one_name_are_refused_at_their_line(
        form: str, letters: str, part: str, said: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        run_of(form, letters)
    text = FORMS[form] + letters
    at = next(n for n, row in enumerate(text.splitlines(), 1) if row.startswith(f"{part} = "))
    lines = {**read_scenario_text(FORMS[form], "here").lines, ("names", part): at}
    letter = letters.split(f"{part} = ")[1].split('"')[1]
    assert f"here:{at}: {part} cannot be called '{letter}': {said}" in render(refused.value, "here", lines)


@pytest.mark.parametrize(("form", "letters"), ALLOWED)
def test_all_names_of_a_program_are_different_and_each_means_itself(form: str, letters: str) -> None:
    run = run_of(form, letters)
    program, namer = run.program(0), Namer(run.scenario)
    made = [block.out for block in program.blocks if block.out.role != "next"]
    names = [namer.of(var, element) for var in (*program.parameters, *made) for element in range(var.lane_size)]
    assert len(set(names)) == len(names)
    tensors = [namer.tensor(var) for var in (*program.parameters, *made)]
    assert len(set(tensors)) == len(tensors)
    for var in (*program.parameters, *made):
        for element in range(var.lane_size):
            found = meaning(run, program, read_quantity(namer.of(var, element)))
            assert found is not None
            base = var.of[0] if var.role == "adjoint" else var
            assert (found.place.var, found.place.element or 0) == (base, element), namer.of(var, element)
