"""Places on maps of China, against figures that others published and against themselves."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gcj02 import _offset, to_wgs84


def test_a_published_place() -> None:
    """The example of the npm package coordtransform."""
    assert to_wgs84(39.91640428150164, 116.41024449916938) == pytest.approx((39.915, 116.404), abs=1e-7)


@given(st.floats(18.5, 53), st.floats(74, 134))
def test_the_way_back_is_exact(lat: float, lon: float) -> None:
    north, east = _offset(lat, lon)
    assert to_wgs84(lat + north, lon + east) == pytest.approx((lat, lon), abs=1e-6)
    metres = math.hypot(north * 111_000, east * 111_000 * math.cos(math.radians(lat)))
    assert 10 < metres < 1500


@pytest.mark.parametrize("place", [(30.25, -120.5), (0.0, 0.0), (-33.9, 151.2), (90.0, 180.0), (51.5, -0.1)])
def test_abroad_nothing_is_offset(place: tuple[float, float]) -> None:
    assert to_wgs84(*place) == place
