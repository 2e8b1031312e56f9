"""What changes when the scanner's account may not see every row, and nothing else is wrong."""

from __future__ import annotations

THIN_RIGHTS = dict.fromkeys(("AZS030", "CDP020", "COM050", "COM060", "COM070"), "not assessed")
"""That there is no second tenant, no cloud distribution point and no further pilot policy is not known any more."""
