"""Property tests without a deadline: on a busy machine a slow example says nothing about the rules."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("domain", deadline=None)
settings.load_profile("domain")
