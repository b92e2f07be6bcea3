"""Expressions: what they are read as, what is refused, and that nothing of them ever runs."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bptui.scenario.errors import ExpressionError, QuantityError
from bptui.scenario.expression import (
    FUNCTIONS,
    QUANTITY_FUNCTIONS,
    read_equation,
    read_expression,
    read_quantity,
)
from bptui.scenario.trees import (
    Attribute,
    Call,
    Index,
    Name,
    Number,
    Operation,
    Pin,
    Tree,
    WrittenEquation,
    names_in,
)


def shown(tree: Tree) -> str:
    """A tree with every bracket written, to compare with what was meant."""
    match tree:
        case Number(value=value):
            return f"{value:g}"
        case Name(id=name):
            return name
        case Operation(operator=("neg" | "not") as word, args=(part,)):
            return f"({word} {shown(part)})"
        case Operation(operator=operator, args=(left, right)):
            return f"({shown(left)} {operator} {shown(right)})"
        case Call(function=function, args=args):
            return f"{function}({', '.join(map(shown, args))})"
        case Index(base=base, index=index):
            return f"{shown(base)}[{', '.join(map(str, index))}]"
        case Attribute(base=base, name=name):
            return f"{shown(base)}.{name}"
        case Pin(base=base, at=at):
            return f"{shown(base)}@{at}"
        case _:
            raise AssertionError(tree)


EXPRESSIONS = {
    "a + b * c": "(a + (b * c))",
    "a - b - c": "((a - b) - c)",
    "a ** b ** c": "(a ** (b ** c))",
    "-x ** 2": "(neg (x ** 2))",
    "x ** -2": "(x ** -2)",
    "+x": "x",
    "--x": "(neg (neg x))",
    "- 3": "-3",
    "(a + b) / 2": "((a + b) / 2)",
    "x / (1 + exp(-x))": "(x / (1 + exp((neg x))))",
    "where(x <= 0, 0, x)": "where((x <= 0), 0, x)",
    "x * (x > 0)": "(x * (x > 0))",
    "a != b": "(a != b)",
    "max(a, min(b, c))": "max(a, min(b, c))",
    "max * d": "(max * d)",
    "exp": "exp",
    "stop(x) * sigmoid (x)": "(stop(x) * sigmoid(x))",
    "1e-4 + .5 + 2. + 3.5E+2": "(((0.0001 + 0.5) + 2) + 350)",
    "x − 1 × y": "(x - (1 * y))",
    "  x\n  + 1 ": "(x + 1)",
    "match + _": "(match + _)",
}

QUANTITIES = {
    "w5": "w5",
    "hidden.weights": "hidden.weights",
    "d(E, w5)": "d(E, w5)",
    "d(E, hidden.weights)[1,0]": "d(E, hidden.weights)[1, 0]",
    "out_h1[0]": "out_h1[0]",
    "w5.grad": "w5.grad",
    "hidden.weights[1, 0].grad": "hidden.weights[1, 0].grad",
    "w5@0": "w5@0",
    "w5@prev": "w5@prev",
    "w5 @ 10": "w5@10",
    "w5 * w6@2 ** 2": "(w5 * (w6@2 ** 2))",
    "-w5@prev": "(neg w5@prev)",
    "w5.grad@prev": "w5.grad@prev",
    "d(E, w5)@3 - d(E, w5)": "(d(E, w5)@3 - d(E, w5))",
    "hidden.weights[1,0]@7": "hidden.weights[1, 0]@7",
    "hidden.weights@7[1,0]": "hidden.weights@7[1, 0]",
    "∂E/∂w5": "d(E, w5)",
    "∂E / ∂ w5": "d(E, w5)",
    "2*∂E/∂w5*3": "((2 * d(E, w5)) * 3)",
    "∂E/∂hidden.weights[1,0]": "d(E, hidden.weights[1, 0])",
    "∂E_o1/∂out_h1 + ∂E_o2/∂out_h1": "(d(E_o1, out_h1) + d(E_o2, out_h1))",
    "∂E/∂w5@prev": "d(E, w5)@prev",
    "∂out_h1[0]/∂w1 > 0": "(d(out_h1[0], w1) > 0)",
    "−0.5 × w5": "(-0.5 * w5)",
    "abs(d(E, W1) - d(E_closed, W1)) < 1e-15": "(abs((d(E, W1) - d(E_closed, W1))) < 1e-15)",
    "a < 1 and b < 2 and not c": "(((a < 1) and (b < 2)) and (not c))",
    "a and b or c": "((a and b) or c)",
    "norm(hidden.weights) / mean(x)": "(norm(hidden.weights) / mean(x))",
    "max(hidden.out)": "max(hidden.out)",
    "max(a, b, c)": "max(a, b, c)",
    "any(isnan(hidden.weights))": "any(isnan(hidden.weights))",
    "changed(w5)": "changed(w5)",
    "angle(w5.grad, d(E, w5))": "angle(w5.grad, d(E, w5))",
    "E.training": "E.training",
    "d + max": "(d + max)",
    "(a + b)[0]": "(a + b)[0]",
    "0.356465271 - E": "(0.356465 - E)",
}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions_are_read(text: str) -> None:
    assert shown(read_expression(text)) == EXPRESSIONS[text]
    if "max" not in text:
        assert shown(read_quantity(text)) == EXPRESSIONS[text]


@pytest.mark.parametrize("text", QUANTITIES)
def test_quantities_are_read(text: str) -> None:
    assert shown(read_quantity(text)) == QUANTITIES[text]


def test_numbers_are_floats_and_pi_is_one() -> None:
    tree = read_expression("3")
    assert tree == Number(3.0, 0)
    assert isinstance(tree, Number) and type(tree.value) is float
    assert read_expression("pi") == Number(math.pi, 0)
    assert read_expression("9007199254740993") == Number(9007199254740992.0, 0)


def test_columns_are_those_of_the_text_as_typed() -> None:
    text = "  ∂E/∂w5@prev −  sigmoid( out_h1[0] )"
    tree = read_quantity(text)
    assert isinstance(tree, Operation)
    names = {name.id: name.column for name in names_in(tree)}
    assert names == {"E": text.index("E"), "w5": text.index("w5"), "out_h1": text.index("out_h1")}
    call = tree.args[1]
    assert isinstance(call, Call) and call.column == text.index("sigmoid")


def test_equations() -> None:
    assert read_equation("E = (d - p)**2 / 2") == WrittenEquation(
        "E",
        Operation("/", (
            Operation("**", (Operation("-", (Name("d", 5), Name("p", 9)), 5), Number(2.0, 13)), 4),
            Number(2.0, 17),
        ), 4),
        "E = (d - p)**2 / 2",
    )
    assert shown(read_equation("y=x>=1").tree) == "(x >= 1)"


EQUATIONS_REFUSED = {
    "s": "an equation is written name = expression",
    "a + b = c": "an equation is written name = expression",
    "E == a": "an equation is written name = expression",
    "E =": "nothing stands after 'E ='",
    "= 3": "an equation is written name = expression",
    "a = b = c": "one '=' compares nothing: write ==",
    "lambda = 3": "'lambda' is a reserved word and cannot be a name",
    "pi = 3": "'pi' is a constant and cannot be a name",
    "and = 3": "'and' is a reserved word and cannot be a name",
    "2 = x": "an equation is written name = expression",
}


@pytest.mark.parametrize("text", EQUATIONS_REFUSED)
def test_what_is_no_equation_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError) as error:
        read_equation(text)
    assert str(error.value) == EQUATIONS_REFUSED[text]


# Each is refused by both languages. CANARY is the path of a file that running any of them would make.
HOSTILE = [
    "__import__('os').system('touch CANARY')",
    "open('CANARY', 'w').close()",
    'exec("open(\'CANARY\', \'w\').close()")',
    "eval(compile('1', 'x', 'eval'))",
    "().__class__.__bases__[0].__subclasses__()",
    "x.__class__",
    "x.__class__.__mro__[1]",
    "w5.__init__.__globals__",
    "getattr(x, 'y')",
    "globals()",
    "breakpoint()",
    "exit()",
    "print(x)",
    "lambda: 0",
    "(lambda x: x)(1)",
    "[x for x in y]",
    "{x for x in y}",
    "{x: 1 for x in y}",
    "(x for x in y)",
    "sum(x for x in y)",
    "f'{x}'",
    "f'{open(1)}'",
    "b'x'",
    "'text'",
    '"""text"""',
    "(y := 3)",
    "y := 3",
    "x if y else z",
    "await x",
    "yield x",
    "yield",
    "*x",
    "max(*x)",
    "max(**x)",
    "max(a, **x)",
    "max(a, *x)",
    "max(a=1, b=2)",
    "[1, 2]",
    "{1, 2}",
    "{}",
    "()",
    "(1, 2)",
    "a, b",
    "x[1:2]",
    "x[:]",
    "x[yy]",
    "x[y+1]",
    "x[-1]",
    "x[1.0]",
    "x[10000000000]",
    "x[True]",
    "x[]",
    "x[...]",
    "...",
    "True",
    "None",
    "1j",
    "1_000",
    "0x10",
    "0b1",
    "007",
    "1e999",
    "9" * 400,
    "1is 2",
    "1 is 2",
    "1 in x",
    "1if x else 2",
    "a < b < c",
    "a == b == c",
    "x ^ 2",
    "x // 2",
    "x % 2",
    "x << 2",
    "x >> 2",
    "x & y",
    "x | y",
    "~x",
    "!x",
    "x = 2",
    "x @ y",
    "3 @ 0",
    "x; y",
    "x # comment",
    "x \\\n+ 1",
    "import os",
    "del x",
    "assert x",
    "x\0y",
    "\0",
    "",
    "   ",
    "\n",
    "(",
    ")",
    "(x",
    "x)",
    "(x]",
    "x +",
    "* x",
    "x y",
    "2x",
    "2 x",
    "2(x)",
    "(a)(b)",
    "exp(x)(y)",
    "exp()",
    "exp(a, b)",
    "exp(,)",
    "expp(x)",
    "w5(x)",
    "x.y(z)",
    "1 .real",
    "x. ",
    ".",
    "x..y",
    "x²",
    "é",
    "ｅｘｐ(x)",
    "𝐱 + 1",
    "ﬁ",
    "x\u200b",
    "\u202ex",
    "½",
    "x <> y",
    "x -> y",
    "x => y",
    "`x`",
    "$x",
    "?",
    "lambda",
    "class",
    "__debug__",
    "__x",
    "-" * 300 + "x",
    "(" * 200 + "x" + ")" * 200,
    "[" * 200,
    "x" + "[0]" * 160,
    "+".join(["x"] * 150),
    "exp(" * 120 + "x" + ")" * 120,
    "*".join(["x*x+x"] * 83),
    "x" * 501,
    "x + " * 200_000 + "x",
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("read", [read_expression, read_quantity])
def test_hostile_text_is_refused_with_one_sentence_and_does_nothing(
    text: str, read: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    canary = tmp_path / "c"
    assert callable(read)
    with pytest.raises(ExpressionError) as error:
        read(text.replace("CANARY", str(canary)))
    message = str(error.value)
    assert 10 <= len(message) <= 200 and message.isprintable() and not message.endswith(".")
    assert 0 <= error.value.column <= len(text)
    assert not canary.exists()
    assert capsys.readouterr() == ("", "")


def test_the_canary_can_sing(tmp_path: Path) -> None:
    """The corpus is really hostile: Python itself runs its first lines."""
    canary = tmp_path / "c"
    for text in HOSTILE[:3]:
        eval(text.replace("CANARY", str(canary)))
        assert canary.exists()
        canary.unlink()


REFUSALS = {                                      # read as quantities: sentence, column
    "x ^ 2": ("'^' has no place in an expression: write powers as **", 2),
    "x = 2": ("one '=' compares nothing: write ==", 2),
    "0 < a < b": ("a comparison has two sides: write a < b and b < c", 0),
    "1 + sigmoyd(x)": ("there is no function 'sigmoyd' here, did you mean 'sigmoid'?", 4),
    "2x + 1": ("'2x' is not a number; a product is written with *", 0),
    "a + b c": ("there is no operator between 'b' and 'c'; a product is written with *", 6),
    "w5(2)": ("there is no function 'w5' here", 0),
    "x + lambda": ("'lambda' is a reserved word and cannot be a name", 4),
    "max()": ("max takes at least one argument, not 0", 0),
    "d(E)": ("d takes 2 arguments, not 1", 0),
    "exp(a, b)": ("exp takes 1 argument, not 2", 0),
    "1e999": ("a number is too large to be a finite number", 0),
    "(a + (b": ("the bracket '(' is never closed", 5),
    "a)": ("the bracket ')' closes nothing", 1),
    "a + b *": ("something is missing after '*'", 6),
    "a + * b": ("the expression cannot be read near '*'", 4),
    "": ("the expression is empty", 0),
    "w@1.5": ("after @ stands a number of updates or prev, as in w5@0 or w5@prev", 2),
    "w@1000000000000000001": ("after @ stands a number of updates or prev, as in w5@0 or w5@prev", 2),
    "w@": ("after @ stands a number of updates or prev, as in w5@0 or w5@prev", 1),
    "(a + b)@1": ("@ stands after a name, an index or a call, as in w5@prev", 0),
    "w@prev.grad": ("@ comes last: write .grad before it, as in w5.grad@prev", 0),
    "∂E": ("a derivative is written d(E, w5) or ∂E/∂w5", 0),
    "∂E/w5": ("a derivative is written d(E, w5) or ∂E/∂w5", 0),
    "∂/∂w5": ("a name stands after ∂, as in ∂E/∂w5", 0),
    "x[1.5]": ("an index is made of whole numbers that count from 0, as in [1, 0]", 0),
    "ｅxp(x)": ("'ｅ' (U+FF45) has no place in an expression", 0),
    "x\x1b[31m": ("'\\x1b' has no place in an expression", 1),
    "x" * 501: ("an expression has at most 500 characters, this has 501", 0),
    "x" * 6005: ("an expression has at most 500 characters, this has 6,005", 0),
}


@pytest.mark.parametrize("text", REFUSALS, ids=range(len(REFUSALS)))
def test_the_sentence_says_what_is_wrong_and_where(text: str) -> None:
    with pytest.raises(ExpressionError) as error:
        read_quantity(text)
    assert (str(error.value), error.value.column) == REFUSALS[text]


ONLY_QUANTITIES = {
    "d(E, w5)": "there is no function 'd' here, only in quantities",
    "norm(x)": "there is no function 'norm' here, only in quantities",
    "x.grad": "a '.' has no place in a law or an equation",
    "x[0]": "'[' has no place in a law or an equation",
    "x@prev": "'@' has no place in a law or an equation",
    "∂E/∂x": "'∂' has no place in a law or an equation",
    "a and b": "and, or and not have no place in a law or an equation: write where(condition, a, b)",
    "not a": "and, or and not have no place in a law or an equation: write where(condition, a, b)",
    "max(a)": "max takes 2 arguments, not 1",
}


@pytest.mark.parametrize("text", ONLY_QUANTITIES)
def test_laws_and_equations_know_less_than_quantities(text: str) -> None:
    with pytest.raises(ExpressionError) as error:
        read_expression(text)
    assert str(error.value) == ONLY_QUANTITIES[text]
    read_quantity(text)


def test_the_functions_are_those_of_the_contract() -> None:
    assert set(FUNCTIONS) == set(
        ["abs", "exp", "log", "sqrt", "tanh", "sigmoid", "relu", "softplus", "sin", "cos", "erf", "max",
         "min", "where", "stop"])
    assert set(QUANTITY_FUNCTIONS) - set(FUNCTIONS) == set(
        ["d", "norm", "mean", "sum", "dot", "angle", "sign", "isnan", "isfinite", "any", "all", "changed"])


def test_an_expression_error_is_a_quantity_error() -> None:
    assert issubclass(ExpressionError, QuantityError) and issubclass(QuantityError, ValueError)


PIECES = st.sampled_from([
    "x", "w5", "E", "d", "exp", "max", "where", "pi", "1", "2.5", "1e9", "1e999", "0", "prev", "and", "or",
    "not", "lambda", "if", "in", "is", "for", "True", "(", ")", "[", "]", ",", ".", "@", "∂", "/", "*",
    "**", "+", "-", "<", "<=", "==", "!=", "=", "^", ":", ":=", "'", "\"", "#", "\\", "{", "}", ";", "~",
    "__pin_3", "__pin_prev", "\n", "é", "×", "−", "\u0000", "\ud800", "f'", "…", "1_0", "0x1", "@0",
])


@settings(deadline=None)
@given(st.text() | st.lists(PIECES, max_size=30).map("".join) | st.lists(PIECES, max_size=30).map(" ".join))
@example("x.__pin_3")
@example("1" * 500)
@example("x@99999999999999999999")
def test_any_text_is_a_tree_or_an_expression_error(text: str) -> None:
    for read in (read_expression, read_quantity, read_equation):
        try:
            tree = read(text)
        except ExpressionError as error:
            assert str(error).isprintable() and 0 <= error.column <= len(text)
        else:
            shown(tree.tree if isinstance(tree, WrittenEquation) else tree)


TREES = st.recursive(
    st.sampled_from(["x", "w5", "2", "0.5", "hidden.weights[1, 0]", "w5@prev", "w5.grad"]),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(["+", "-", "*", "/", "**", "<", "==", "and", "or"]), part).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"),
        part.map(lambda p: f"exp({p})"),
        part.map(lambda p: f"(not {p})"),
        st.tuples(part, part).map(lambda p: f"d({p[0]}, {p[1]})"),
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(TREES)
def test_a_written_tree_is_read_back(text: str) -> None:
    if len(text) <= 500:
        assert shown(read_quantity(text)) == text
