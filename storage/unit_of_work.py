"""One transaction's view of the store, for the core."""

from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection, Dialect

from routing.directory import Directory
from routing.ports import Clock, Sealer
from storage.assignments import Assignments
from storage.buttons import Buttons
from storage.calendar import Calendar
from storage.cases import Cases
from storage.codes import Codes
from storage.contacts import Contacts
from storage.conversations import Conversations
from storage.directory import DirectoryCache, bump_if_changed
from storage.follow_ups import FollowUps
from storage.histories import Histories
from storage.housekeeping import Housekeeping
from storage.inbox import Inbox
from storage.mailbox import Mailbox
from storage.members import Members
from storage.models import Models
from storage.outbox import Outbox
from storage.platform_codes import PlatformCodes
from storage.rules import Rules
from storage.session import Session
from storage.stations import Stations
from storage.submissions import Files, Submissions
from storage.tables import Tables
from storage.tokens import Tokens
from storage.told import ToldOf
from storage.work import Work


class SqlUnitOfWork(Work):
    """`routing.ports.UnitOfWork`. Whoever made it ends it: `finish` and then the commit, or a rollback.

    Nothing is written before a query or `finish` needs it; the objects are worth nothing after a rollback.
    """

    def __init__(
        self,
        session: Session,
        tables: Tables,
        *,
        now: datetime,
        directory: Directory,
        sealer: Sealer,
        writes: bool = True,
    ) -> None:
        super().__init__(session, tables, writes=writes)
        self.now = now
        self.directory = directory
        self.sealer = sealer

    def finish(self) -> None:
        """Write all that is pending; what is left is the commit. Raises what an earlier statement raised, if
        somebody caught it: the transaction can't be kept then."""
        if self.session.failure is not None:
            raise self.session.failure
        self.flush()
        bump_if_changed(self)

    @cached_property
    def inbox(self) -> Inbox:
        return Inbox(self)

    @cached_property
    def contacts(self) -> Contacts:
        return Contacts(self)

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self)

    @cached_property
    def codes(self) -> Codes:
        return Codes(self)

    @cached_property
    def cases(self) -> Cases:
        return Cases(self)

    @cached_property
    def submissions(self) -> Submissions:
        return Submissions(self)

    @cached_property
    def files(self) -> Files:
        return Files(self)

    @cached_property
    def assignments(self) -> Assignments:
        return Assignments(self)

    @cached_property
    def follow_ups(self) -> FollowUps:
        return FollowUps(self)

    @cached_property
    def notices(self) -> Outbox:
        return Outbox(self, self.now)

    @cached_property
    def buttons(self) -> Buttons:
        return Buttons(self)

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self)

    @cached_property
    def platform_codes(self) -> PlatformCodes:
        return PlatformCodes(self)

    @cached_property
    def mailbox(self) -> Mailbox:
        return Mailbox(self)

    @cached_property
    def members(self) -> Members:
        return Members(self)

    @cached_property
    def stations(self) -> Stations:
        return Stations(self)

    @cached_property
    def rules(self) -> Rules:
        return Rules(self)

    @cached_property
    def told(self) -> ToldOf:
        return ToldOf(self)

    @cached_property
    def histories(self) -> Histories:
        return Histories(self)

    @cached_property
    def models(self) -> Models:
        return Models(self)

    @cached_property
    def housekeeping(self) -> Housekeeping:
        return Housekeeping(self)

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar(self)


class UnitsOfWork:
    """Makes units of work on connections that somebody else opened and will end."""

    def __init__(self, dialect: Dialect, clock: Clock, sealer: Sealer) -> None:
        self.tables = Tables(dialect)
        self._clock = clock
        self._sealer = sealer
        self._directories = DirectoryCache(self.tables)

    def on(self, connection: Connection, *, writes: bool = True) -> SqlUnitOfWork:
        """A unit of work in the transaction that has just begun on `connection`."""
        session = Session(connection)
        directory = self._directories.current(session)
        return SqlUnitOfWork(
            session, self.tables, now=self._clock(), directory=directory, sealer=self._sealer, writes=writes
        )
