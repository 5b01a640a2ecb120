"""Where each chat stands."""

from routing.people import Conversation
from storage.tables import ADDRESS_ID
from storage.work import Work


class Conversations:
    """`routing.repositories.ConversationRepository`."""

    def __init__(self, work: Work) -> None:
        self._conversations = work.map(work.tables.conversations)
        self._addresses = work.map(work.tables.addresses)

    def of_address(self, address_id: int) -> Conversation | None:
        return self._conversations.find(ADDRESS_ID, address_id, stored=not self._addresses.made(address_id))

    def add(self, conversation: Conversation) -> None:
        self._conversations.add(conversation)
