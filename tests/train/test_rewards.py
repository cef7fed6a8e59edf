import pytest

from onevision.errors import InputError
from onevision.train.rewards import RewardError, Rewards, check_gold, format_reward
from onevision.types import Problem

PROBLEM = Problem("sum-1", (), "What is 3 + 14?", answer="17", meta={"level": 2})
GOOD = "<think>\n3+14=17\n</think>\n<answer>17</answer>"


def chats(*texts):
    return [[{"role": "assistant", "content": text}] for text in texts]


@pytest.fixture
def own(tmp_path):
    """A reward file as one would write it for TRL."""
    path = tmp_path / "own.py"
    path.write_text(
        "def short(completions, completion_ids, level, solution, **kwargs):\n"
        "    return [None if c[0]['content'] == '?' else level[i] / len(completion_ids[i]) for i, c in enumerate(completions)]\n"
        "def broken(completions, **kwargs):\n    raise KeyError('price')\n"
        "def too_few(completions, **kwargs):\n    return []\n"
    )
    return path


@pytest.mark.parametrize(
    ("text", "reward"),
    [
        (GOOD, 1.0),
        (f"\n{GOOD}\n", 1.0),
        ("<answer>17</answer>", 0.0),
        ("<think>a</think><answer> </answer>", 0.0),
        (GOOD + " indeed", 0.0),
        ("<think>a</think>17", 0.0),
    ],
)
def test_format(text, reward):
    assert format_reward(chats(text)) == [reward]


def test_answer_and_form_are_weighed():
    rewards = Rewards(["answer", "format"], [1.0, 0.5])
    [[right, wrong, bare]] = rewards([PROBLEM], [[GOOD, GOOD.replace("17</a", "18</a"), "17"]], [[[1], [1], [1]]])
    assert (right.total, wrong.total, bare.total) == (1.5, 0.5, 1.0)
    assert right.reason


def test_what_cannot_be_judged_teaches_nothing():
    [[judged]] = Rewards(["answer", "format"])([Problem("x", (), "Why?", answer=None)], [[GOOD]], [[[1]]])
    assert judged.total is None
    assert judged.parts == {"answer": None, "format": 1.0}


def test_trl_functions(own):
    rewards = Rewards([f"{own}:short"])
    [[one, none]] = rewards([PROBLEM], [["abc", "?"]], [[[1, 2], [3]]])
    assert (one.total, none.total) == (1.0, None)


@pytest.mark.parametrize("name", ["broken", "too_few"])
def test_a_failing_function_is_named(own, name):
    with pytest.raises(RewardError, match=rf"{name}.*"):
        Rewards([f"{own}:{name}"])([PROBLEM], [["a"]], [[[1]]])


@pytest.mark.parametrize("name", ["nothing", "gone.py:f", "{own}:gone"])
def test_unknown_functions(own, name):
    with pytest.raises(InputError, match="reward_funcs"):
        Rewards([name.format(own=own)])


def test_a_file_that_cannot_be_loaded_is_named(tmp_path):
    path = tmp_path / "torn.py"
    path.write_text("def f(:\n")
    with pytest.raises(InputError, match=r"torn.py cannot be loaded: SyntaxError"):
        Rewards([f"{path}:f"])


def test_weights_must_fit():
    with pytest.raises(InputError, match="2 numbers for 1"):
        Rewards(["answer"], [1.0, 2.0])


def test_a_gold_answer_must_grade_itself():
    assert check_gold(PROBLEM) is PROBLEM
    with pytest.raises(InputError, match=r"sum-2.*gold"):
        check_gold(Problem("sum-2", (), "What?", answer=None))
    with pytest.raises(InputError, match="gold"):
        check_gold(Problem("sum-3", (), "What?", answer=" "))
