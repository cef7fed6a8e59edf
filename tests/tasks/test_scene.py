from onevision.formal import scene
from onevision.tasks.scene import Scene


def test_objects_are_listed_by_cell_and_share_none() -> None:
    for index in range(100):
        objects = scene.parse(Scene(size=(60, 60)).item(index).description.text)
        cells = [(o.row, o.column) for o in objects]
        assert cells == sorted(set(cells))


def test_levels_set_the_number_of_objects() -> None:
    for level, fewest, most in ((1, 1, 4), (3, 2, 8), (5, 6, 14)):
        task = Scene(levels=(level,), size=(60, 60))
        counts = {len(scene.parse(task.item(index).description.text)) for index in range(100)}
        assert counts <= set(range(fewest, most + 1))


def test_all_kinds_of_questions_are_asked_and_yes_is_as_common_as_no() -> None:
    items = [Scene(levels=(3, 4, 5), size=(60, 60)).item(index) for index in range(400)]
    assert {item.ask["query"] for item in items} == {"count", "exists", "compare", "relate"}
    yes, no = (sum(item.answer == word for item in items) for word in ("Yes", "No"))
    assert 0.8 < yes / no < 1.25


def test_each_probe_lies_in_its_objects_cell() -> None:
    for index in range(30):
        item = Scene(size=(168, 168)).item(index)
        for (x, y, _), o in zip(item.probes, scene.parse(item.description.text), strict=True):
            width, height = item.image.size
            assert (int(x / width * 5), int(y / height * 5)) == (o.column, o.row)
