from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevision.store import content_id, write_atomic


def test_writes_text_and_bytes_and_makes_folders(tmp_path):
    write_atomic(tmp_path / "a" / "b.txt", "naïve")
    write_atomic(tmp_path / "a" / "b.txt", b"new")
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"new"
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b.txt"]


def test_a_crash_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "kept.json"
    write_atomic(path, "old")

    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["kept.json"]


@given(st.lists(st.binary(max_size=4), max_size=3), st.lists(st.binary(max_size=4), max_size=3))
def test_ids_are_equal_only_for_equal_parts(a, b):
    assert (content_id(*a) == content_id(*b)) == (a == b)
