"""What the worked steps of the science and mathematics tasks say is true, line by line."""

import ast
import operator
import re
from fractions import Fraction

import pytest

from onevision import tasks
from onevision.errors import MissingPartError

NAMES = ("angles", "coordinate_geometry", "function_graph", "motion_graph", "grid_area", "shaded_fraction", "venn", "dice_nets", "lever",
         "gears", "beakers", "circuit", "molecule")  # fmt: skip
SUM = re.compile(r"(?<![^\s])[-+*/.()\d]+(?:=[-+*/.()\d]+)+(?=[\s,]|$)")
DONE = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def value(text: str) -> Fraction:
    return worked(ast.parse(text, mode="eval").body)


def worked(node: ast.expr) -> Fraction:
    if isinstance(node, ast.BinOp):
        return DONE[type(node.op)](worked(node.left), worked(node.right))
    if isinstance(node, ast.UnaryOp):
        return -worked(node.operand)
    assert isinstance(node, ast.Constant), ast.dump(node)
    return Fraction(str(node.value))


@pytest.mark.parametrize("name", NAMES)
def test_every_sum_in_the_steps_is_right(name: str) -> None:
    try:
        made = [tasks.make(name, levels=(level,), size=(112, 112)) for level in (1, 2, 3, 4, 5)]
    except MissingPartError as error:
        pytest.skip(str(error))
    sums = 0
    for task in made:
        for index in range(12):
            for found in SUM.findall(task.item(index).steps):
                sides = [value(side) for side in found.split("=")]
                assert len(set(sides)) == 1, (found, task.item(index).steps)
                sums += 1
    assert sums or name == "function_graph"
