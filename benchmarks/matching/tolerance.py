"""What may be asked of a matcher about a text that the true customer typed."""

from __future__ import annotations

from typing import Literal

Tolerance = Literal["must", "behind_tax_code", "may_refuse"]

# Recognised as the customer by contact and name alone.
MUST: Tolerance = "must"
# Recognised once an exact tax code is given; without one it would be guessing.
BEHIND_TAX_CODE: Tolerance = "behind_tax_code"
# No fault when refused, no fault when recognised; each kind says why.
MAY_REFUSE: Tolerance = "may_refuse"
