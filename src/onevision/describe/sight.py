"""What the extractors look at: one picture with its layout and its words, each worked out once."""

from functools import cached_property

from PIL.Image import Image

from onevision.describe import ink, ocr
from onevision.describe.ink import Layout, Pixels
from onevision.describe.ocr import Word


class Sight:
    """A picture and what can be seen in it. image: RGB."""

    def __init__(self, image: Image) -> None:
        self.image = image

    @cached_property
    def drawn(self) -> bool:
        """Whether a program drew it, on flat grounds."""
        return ink.is_drawn(self.array)

    @cached_property
    def array(self) -> Pixels:
        """(height, width, 3) uint8 RGB, noise taken out."""
        return ink.smooth(ink.pixels(self.image))

    @cached_property
    def page(self) -> Layout:
        """Its edges, regions and ink."""
        return ink.layout(self.array)

    @cached_property
    def words(self) -> list[Word]:
        """Its lines of text; empty ones where RapidOCR finds none."""
        return ocr.read(self.image, self.page if self.drawn else None)
