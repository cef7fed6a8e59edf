"""From pictures to checked Descriptions: a router, offline extractors, and any model that sees.

describe.describe("table.png").description.text
"""

from onevision.describe.picture import EXTRACTORS, KINDS, Described, checked, describe, round_trip
from onevision.describe.route import Route

__all__ = ["EXTRACTORS", "KINDS", "Described", "Route", "checked", "describe", "round_trip"]
