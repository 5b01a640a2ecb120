"""Members and the invitations that made them."""

from routing.people import Invitation, Member
from storage.tables import SECRET_HASH
from storage.work import Work


class Members:
    """`routing.repositories.MemberRepository`."""

    def __init__(self, work: Work) -> None:
        self._members = work.map(work.tables.members)
        self._invitations = work.map(work.tables.invitations)

    def get(self, member_id: int) -> Member | None:
        return self._members.get(member_id)

    def add(self, member: Member) -> None:
        self._members.add(member)

    def invitation(self, secret_hash: str) -> Invitation | None:
        return self._invitations.find(SECRET_HASH, secret_hash)

    def add_invitation(self, invitation: Invitation) -> None:
        self._invitations.add(invitation)
