"""Property tests of this room have no deadline: a crowded machine is no slow parser."""

from hypothesis import settings

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
