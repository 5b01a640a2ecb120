"""Stations, deputies and departments: the public side of who serves whom."""

from dataclasses import dataclass, field
from datetime import datetime

from routing.ids import new_id


@dataclass(slots=True)
class Station:
    """A liaison station. `prefix` begins its case numbers ("HP"). `tier` is 总站, 中心站 or 站.

    `duty_phone`, `gas_phone` and `lift_phone` fill the emergency answers; None where the place has none.
    """

    prefix: str
    name: str
    tier: str = "站"
    parent_id: int | None = None
    address: str = ""
    reception: str = ""
    phone: str | None = None
    duty_phone: str | None = None
    gas_phone: str | None = None
    lift_phone: str | None = None
    active: bool = True
    id: int = field(default_factory=new_id)
    version: int = 0


@dataclass(slots=True)
class Deputy:
    """A deputy's public profile. `number` is what posters and citizens use ("086").

    `status` is "active", "away" (until `away_until`) or "left". `substitute_id` names who hears in their place.
    """

    station_id: int
    number: str
    name: str
    level: str = ""
    title: str = ""
    reception: str = ""
    skills: list[str] = field(default_factory=list)
    substitute_id: int | None = None
    status: str = "active"
    away_until: datetime | None = None
    id: int = field(default_factory=new_id)
    version: int = 0


@dataclass(slots=True)
class Department:
    """An organ that handles matters. `kind` is the taxonomy's type (gov, utility, judicial, town …)."""

    code: str
    name: str
    kind: str = "gov"
    aliases: list[str] = field(default_factory=list)
    hotline: str | None = None
    restricted: bool = False
    refer_only: bool = False
    active: bool = True
    version: int = 0
