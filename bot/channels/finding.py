"""What `main.py doctor CHANNEL` finds out about a platform."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What was tried, whether it is right, what to do if it is not ("" if it is), and what else is to be known of it
    (`detail`: a figure, a state)."""

    name: str
    ok: bool
    todo: str = ""
    detail: str = ""
