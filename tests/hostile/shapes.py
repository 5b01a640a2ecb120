"""Telegram's updates with each field left out, or holding what it never holds."""

import copy
from typing import Any

from tests.fakes.telegram_updates import Json, Person
from tests.hostile.station import CANARY

_VALUES = (KeyError, None, True, 0, -1, 1.5, 10**30, "", "x", "\x00", [], [[]], {}, {"id": []}, "9" * 400)


def wrong_shapes(person: Person, bot: Json) -> list[Json]:
    """Contents of updates, without ids and dates. `bot` is the bot's own user."""
    card = {"message_id": 1, "date": 1, "chat": person.chat, "text": "x"}
    kinds = [
        person.text(f"/start {CANARY}"), person.forwarded("x"), person.edited("x"), person.photo("f", 1, "x"),
        person.voice("f", 1), person.document("f", 1, "n", "m"), person.location(1.0, 2.0), person.venue(1.0, 2.0),
        person.pressed(card, "x", "q"), person.membership("kicked", bot), person.sticker(),
        person.text("x", reply_to_message=card),
    ]  # fmt: skip
    changed = [
        _changed(kind, path, value)
        for position, kind in enumerate(kinds)
        for path in _paths(kind)
        for value in _VALUES[position % 2 :: 2]
    ]
    return [content for content in changed if content]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        found += [deeper for key in value for deeper in _paths(value[key], (*path, key))]
    elif isinstance(value, list):
        found += [deeper for index in range(len(value)) for deeper in _paths(value[index], (*path, index))]
    return found


def _changed(update: Json, path: tuple[Any, ...], value: Any) -> Json:
    update = copy.deepcopy(update)
    inner: Any = update
    for step in path[:-1]:
        inner = inner[step]
    if value is KeyError:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return update
