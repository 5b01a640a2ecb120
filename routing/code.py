"""The identity behind a printed QR: eight Crockford characters, the last of which checks the rest.

Crockford's base 32 leaves out I, L, O and U; what a person types is folded (`o` → 0, `i`, `l` → 1, full-width letters
made narrow, spaces and hyphens dropped). Source: https://www.crockford.com/base32.html. His check symbol needs five
characters beyond the alphabet, so the check here is a weighted sum modulo 31 mapped into the alphabet: 31 is prime and
every weight is below it, so a single wrong character and a swap of neighbours are noticed, but for one pair (0 and Z).
"""

import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from routing.ids import new_id

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
_FOLD = str.maketrans({"O": "0", "I": "1", "L": "1", " ": "", "-": "", "_": ""})


class CodeKind(StrEnum):
    DEPUTY = "deputy"
    STATION = "station"
    STALL = "stall"
    PROJECT = "project"


@dataclass(slots=True)
class Code:
    """It routes; it grants nothing. `place` is where the poster hangs."""

    code: str
    kind: CodeKind
    station_id: int
    created_at: datetime
    deputy_id: int | None = None
    place: str = ""
    revoked_at: datetime | None = None
    expires_at: datetime | None = None
    version: int = 0

    def valid_at(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(slots=True)
class Scan:
    """One arrival by a code. `channel` is where it led ("page", "webchat", "telegram")."""

    code: str
    place: str
    channel: str
    at: datetime
    id: int = field(default_factory=new_id)


def _check_character(body: str) -> str:
    total = sum(weight * ALPHABET.index(char) for weight, char in enumerate(body, start=2))
    return ALPHABET[total % 31]


def make_code() -> str:
    """A new random code: 35 bits and a check character."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return body + _check_character(body)


def fold_code(typed: str) -> str | None:
    """The code as stored, from what a person typed; None when it can't be a code.

    >>> fold_code("not a code") is None
    True
    """
    if len(typed) > 40:
        return None
    code = _narrow(typed).translate(_FOLD)
    if len(code) != LENGTH or any(char not in ALPHABET for char in code):
        return None
    return code if code[-1] == _check_character(code[:-1]) else None


def looks_like_code(typed: str) -> bool:
    """Whether somebody meant to type a code, even a mistyped one: eight letters and digits with a digit among them."""
    if len(typed) > 40:
        return False
    narrow = _narrow(typed)
    code = narrow.translate(_FOLD)
    return len(code) == LENGTH and code.isascii() and code.isalnum() and any(char.isdigit() for char in narrow)


def _narrow(typed: str) -> str:
    return unicodedata.normalize("NFKC", typed).strip().upper()


def display_code(code: str) -> str:
    """As printed on a poster: two groups of four."""
    return f"{code[:4]} {code[4:]}"
