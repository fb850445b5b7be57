"""What an attack found: its figures, and in words what of its target was missed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Finding:
    """One attack's outcome; `missed` is empty when the service held (or, for a control, when the attack worked)."""

    attack: str
    figures: dict[str, Any] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note `otherwise` as a miss unless it holds."""
        if not holds:
            self.missed.append(otherwise)
