"""GCJ-02 → WGS 84.

Maps of China are drawn with an offset that varies from place to place (GCJ-02), 100 to 700 metres: a pothole that a
citizen points at on such a map would be looked for in the next street. The offset's formula was never published; this
is the one that everybody uses, found by measuring (https://en.wikipedia.org/wiki/Restrictions_on_geographic_data_in_China).
Its inverse has no closed form and is approached step by step.
"""

from math import cos, pi, sin, sqrt

# Krassovsky 1940: half the equator's axis in metres, and the square of the first eccentricity.
_AXIS = 6378245.0
_ECCENTRICITY = 0.00669342162296594323
#: A centimetre or less.
_EXACT = 1e-7


def to_wgs84(lat: float, lon: float) -> tuple[float, float]:
    """A place given in GCJ-02, in degrees, to within a few metres. Outside of China, where nothing is offset, as it
    is."""
    if not (0.8293 <= lat <= 55.8271 and 72.004 <= lon <= 137.8347):
        return lat, lon
    found_lat, found_lon = lat, lon
    # Each step leaves about a hundredth of the error.
    for _ in range(10):
        d_lat, d_lon = _offset(found_lat, found_lon)
        off_lat, off_lon = lat - (found_lat + d_lat), lon - (found_lon + d_lon)
        found_lat, found_lon = found_lat + off_lat, found_lon + off_lon
        if abs(off_lat) < _EXACT and abs(off_lon) < _EXACT:
            break
    return found_lat, found_lon


def _offset(lat: float, lon: float) -> tuple[float, float]:
    """By how much, in degrees, a place of WGS 84 is drawn aside."""
    x, y = lon - 105.0, lat - 35.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += _waves(x, 6.0, 2.0, 20.0) + _waves(y, 1.0, 1 / 3, 40.0)
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += _waves(x, 6.0, 2.0, 20.0) + _waves(x, 1.0, 1 / 3, 40.0)
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    curved = 1 - _ECCENTRICITY * sin(lat / 180.0 * pi) ** 2
    meridian = _AXIS * (1 - _ECCENTRICITY) / (curved * sqrt(curved))
    parallel = _AXIS / sqrt(curved) * cos(lat / 180.0 * pi)
    return north * 180.0 / (meridian * pi), east * 180.0 / (parallel * pi)


def _waves(at: float, fast: float, slow: float, height: float) -> float:
    return (20.0 * sin(fast * at * pi) + height * sin(slow * at * pi)) * 2.0 / 3.0
