import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevision.errors import InputError
from onevision.store import Markers, alone, content_id, write_atomic


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


def test_markers_remember_what_is_done(tmp_path: Path) -> None:
    markers = Markers(tmp_path / "done")
    assert markers.all() == {}
    markers.set(3, {"kept": 2})
    markers.set(0, {"kept": 1})
    assert Markers(tmp_path / "done").all() == {0: {"kept": 1}, 3: {"kept": 2}}


@pytest.mark.parametrize("forked", [False, True])
def test_a_folder_is_worked_in_alone_until_its_process_is_gone(tmp_path: Path, forked: bool) -> None:
    work = "os.fork() or time.sleep(5); print(1, flush=True); input()" if forked else "print(1, flush=True); input()"
    code = f"import os, time; from pathlib import Path; from onevision.store import alone\nwith alone(Path({str(tmp_path)!r})): {work}"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.readline()
    with pytest.raises(InputError, match="another run is at work"), alone(tmp_path):
        pass
    process.kill()
    process.wait()
    with alone(tmp_path):
        pass


def test_a_folder_that_this_process_works_in_stays_its_own(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from onevision.store import alone\nwith alone(Path({str(tmp_path)!r})): pass"
    with alone(tmp_path):
        for _ in range(2):
            with pytest.raises(InputError, match="another run is at work"), alone(tmp_path / ".." / tmp_path.name):
                pass
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert other.returncode and "another run is at work" in other.stderr
    with alone(tmp_path):
        pass
