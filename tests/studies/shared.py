"""An oracle of shared weights in closed form, for every policy that trains them."""

from __future__ import annotations

from backends.synthetic import SyntheticOracle


class SharedLandscape(SyntheticOracle):
    """The synthetic oracle with its ``sharing``, known by its class to share weights."""

    shares_weights = True
