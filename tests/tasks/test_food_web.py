"""What is asked of a food web has one answer."""

from onevision.tasks.food_web import FoodWeb


def test_two_arrows_on_may_be_one_arrow_away() -> None:
    task = FoodWeb(levels=(5,), queries=("second",), skips=0.6, size=(60, 60))
    items = [task.item(index) for index in range(60)]
    assert len({item.question.replace(item.ask["names"][0], "it") for item in items}) == 5
    assert not [item.question for item in items if "away" in item.question]
