"""What pressed buttons mean."""

from routing.people import ButtonGrant
from storage.work import Work


class Buttons:
    """`routing.repositories.ButtonRepository`."""

    def __init__(self, work: Work) -> None:
        self._buttons = work.map(work.tables.buttons)

    def get(self, token: str) -> ButtonGrant | None:
        return self._buttons.get(token)

    def add(self, button: ButtonGrant) -> None:
        self._buttons.add(button)
