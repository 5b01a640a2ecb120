"""The numbers that were chosen for a training. docs/classification.md tells what else was tried."""

from typing import Final, NamedTuple


class Recipe(NamedTuple):
    """The numbers of a training. All weights are relative to a written sentence's 1."""

    ridge: float = 1.5
    sharpness: float = 24.0
    """What turns the leaves' scores, shares of 1, into logarithms of chances."""
    field_weight: float = 10.0
    """What a field's score, spread by 1, adds to its leaves' where a text is formal."""
    field_looseness: float = 0.5
    field_softmax_looseness: float = 20.0
    formality_looseness: float = 20.0
    part_weight: float = 0.1
    """What a part of a lent message counts for its field, beside the whole's 1; and so our own sentences."""
    alarm_looseness: float = 0.5
    alarm_weight: float = 4.0
    """How much worse a danger missed is than one seen where there is none."""
    danger_share: float = 0.02
    corruption_share: float = 0.02
    """How many of our own harmless sentences may raise an alarm, where the thresholds are put."""
    rules: float = 0.5
    """What a point of the taxonomy's rules adds to a score when a text is classified."""
    folds: int = 5
    measured_folds: int = 2


RECIPE: Final = Recipe()
