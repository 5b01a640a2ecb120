"""Trouble by the dice, the same dice for the same notice and attempt, whatever order the sends come in."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.fakes.telegram_bot import FakeBot, Fault

#: What may meet one attempt, by weight. The platform has taken the message where `taken` stands behind. A "hang" costs
#: a test the whole time-out, so it is no matter of dice.
PASSING: dict[str, int] = {
    "none": 640,
    "rate_limit": 6,
    "server_error": 40,
    "server_error taken": 15,
    "server_error_json": 40,
    "reset": 60,
    "reset taken": 25,
    "cut_off": 25,
    "cut_off taken": 20,
    "malformed": 40,
    "malformed taken": 20,
    "wrong_type": 40,
    "proxy_refusal": 20,
    "no_code": 30,
    "unauthorized": 10,
}


@dataclass
class Dice:
    """Faults for one bot's sends. `mark` finds the notice in a text; `fates` say of some notices what meets each
    attempt at them, the last again and again. `met` keeps the faults of each notice in order."""

    seed: int
    mark: re.Pattern[str]
    fates: dict[str, Sequence[str]] = field(default_factory=dict)
    met: dict[str, list[str]] = field(default_factory=dict)

    def sit_at(self, bot: FakeBot) -> None:
        bot.fault_for = self._throw

    def _throw(self, method: str, params: dict[str, str]) -> Fault | None:
        found = self.mark.search(params.get("text", "")) if method.lower().startswith("send") else None
        if found is None:
            return None
        attempts = self.met.setdefault(found[0], [])
        name = self._next(found[0], len(attempts))
        attempts.append(name)
        kind, _, taken = name.partition(" ")
        if kind == "none":
            return None
        moved_to = int(params["chat_id"]) + MOVED if kind == "migrate" else 0
        return Fault(kind, retry_after=1 + len(attempts) * 7 % 40, moved_to=moved_to, taken=bool(taken))

    def _next(self, notice: str, attempt: int) -> str:
        fate = self.fates.get(notice)
        if fate:
            return fate[min(attempt, len(fate) - 1)]
        return Random(f"{self.seed} {notice} {attempt}").choices(list(PASSING), list(PASSING.values()))[0]

    def given_up(self, notice: str) -> None:
        """The caller waited for no answer any more, on a busy machine also where none of this was meant."""
        if self.met[notice][-1] == "none":
            self.met[notice][-1] = "hang taken"

    def taken(self, notice: str) -> int:
        """How often the platform took a notice and its answer was lost."""
        return sum(name.endswith(" taken") for name in self.met.get(notice, ()))

    def counts(self) -> Counter[str]:
        """How often each fault was met."""
        return Counter(name for names in self.met.values() for name in names)


#: How far a chat's new id lies from its old one.
MOVED = 5_000_000_000
