import pytest

from onevision.formal import csv
from onevision.tasks.table_lookup import TableLookup
from onevision.tasks.words import THEMES


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_levels_set_the_tables_size(level: int) -> None:
    task = TableLookup(levels=(level,), size=(60, 60))
    config = task.configs[level]
    for index in range(100):
        rows = csv.parse(task.item(index).description.text)
        assert config.rows[0] <= len(rows) - 1 <= config.rows[1]  # type: ignore[attr-defined]
        assert config.columns[0] <= len(rows[0]) - 1 <= config.columns[1]  # type: ignore[attr-defined]


def test_labels_name_one_row_and_one_column_only() -> None:
    for index in range(200):
        header, *body = csv.parse(TableLookup(size=(60, 60)).item(index).description.text)
        names = [*header[1:], *(row[0] for row in body)]
        assert len(set(names)) == len(names)


def test_no_word_is_in_two_themes() -> None:
    words = [word for theme in THEMES.values() for word in theme]
    assert len(set(words)) == len(words)


def test_all_kinds_of_questions_are_asked() -> None:
    queries = {TableLookup(levels=(4,), size=(60, 60)).item(index).ask["query"] for index in range(200)}
    assert queries == {"value", "where", "most", "least", "sum", "difference", "count"}


def test_easy_tables_hold_numbers_only_and_hard_ones_words_too() -> None:
    def words(level: int) -> bool:
        texts = (TableLookup(levels=(level,), size=(60, 60)).item(index).description.text for index in range(60))
        return any(not cell.isdigit() for text in texts for row in csv.parse(text)[1:] for cell in row[1:])

    assert [words(level) for level in (1, 2, 3, 4, 5)] == [False, False, False, True, True]
