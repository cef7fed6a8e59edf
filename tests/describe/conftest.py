"""The tests of this room need the reader of text and OpenCV."""

import pytest

pytest.importorskip("cv2")
pytest.importorskip("rapidocr")
