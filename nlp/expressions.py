"""Place and time expressions of a message, whosever they are; those of the matter: :mod:`nlp.heard`."""

from datetime import date
from typing import NamedTuple

from nlp.normalise import normalise
from nlp.places import Place, PlaceKind, find_places, find_places_in
from nlp.times import TimeKind, TimeSpan, find_times, find_times_in

__all__ = ["Expressions", "Place", "PlaceKind", "TimeKind", "TimeSpan", "find_expressions", "find_places", "find_times"]


class Expressions(NamedTuple):
    """Where and when, as one message tells it; each in the order of the text."""

    places: tuple[Place, ...]
    times: tuple[TimeSpan, ...]


def find_expressions(text: str, today: date) -> Expressions:
    """Give the places and times of the first 5,000 characters of ``text``, said on ``today``. Never raises."""
    form = normalise(text)
    return Expressions(find_places_in(form), find_times_in(form, today))
