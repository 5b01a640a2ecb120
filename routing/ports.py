"""What the core asks of the outside: a clock, a store, a way to seal text. `storage` and `main` fill these in.

A unit of work keeps every object that it handed out. An object that was changed, and every object that was added,
is written when the group it belongs to is flushed; nothing else has to be called. Objects obtained from a
`Directory` are shared and must not be changed.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from routing.directory import Directory
from routing.lesson import HistoryRepository
from routing.repositories import (
    AssignmentRepository,
    ButtonRepository,
    CalendarRepository,
    CaseRepository,
    CodeRepository,
    ContactRepository,
    ConversationRepository,
    FileRepository,
    FollowUpRepository,
    HousekeepingRepository,
    InboxRepository,
    MailboxRepository,
    MemberRepository,
    NoticeRepository,
    PlatformCodeRepository,
    RuleRepository,
    StationRepository,
    SubmissionRepository,
    TokenRepository,
)
from routing.told import ToldRepository
from routing.trained import ModelRepository

T = TypeVar("T")


class Clock(Protocol):
    """The time now: aware, UTC, whole milliseconds."""

    def __call__(self) -> datetime: ...


class Sealer(Protocol):
    """Authenticated encryption of text at rest."""

    def seal(self, text: str) -> str: ...

    def open(self, sealed: str) -> str:
        """Raises `ValueError` when the text was not sealed with this key or was changed."""
        ...


class UnitOfWork(Protocol):
    """One transaction's view of the store. `now` is the same for everything in it."""

    @property
    def now(self) -> datetime: ...
    @property
    def directory(self) -> Directory: ...
    @property
    def sealer(self) -> Sealer: ...
    @property
    def inbox(self) -> InboxRepository: ...
    @property
    def contacts(self) -> ContactRepository: ...
    @property
    def conversations(self) -> ConversationRepository: ...
    @property
    def codes(self) -> CodeRepository: ...
    @property
    def cases(self) -> CaseRepository: ...
    @property
    def submissions(self) -> SubmissionRepository: ...
    @property
    def files(self) -> FileRepository: ...
    @property
    def assignments(self) -> AssignmentRepository: ...
    @property
    def follow_ups(self) -> FollowUpRepository: ...
    @property
    def notices(self) -> NoticeRepository: ...
    @property
    def buttons(self) -> ButtonRepository: ...
    @property
    def tokens(self) -> TokenRepository: ...
    @property
    def platform_codes(self) -> PlatformCodeRepository: ...
    @property
    def mailbox(self) -> MailboxRepository: ...
    @property
    def members(self) -> MemberRepository: ...
    @property
    def stations(self) -> StationRepository: ...
    @property
    def rules(self) -> RuleRepository: ...
    @property
    def calendar(self) -> CalendarRepository: ...
    @property
    def told(self) -> ToldRepository: ...
    @property
    def histories(self) -> HistoryRepository: ...
    @property
    def models(self) -> ModelRepository: ...
    @property
    def housekeeping(self) -> HousekeepingRepository: ...


@dataclass(frozen=True, slots=True)
class Names:
    """What a piece of work will look up by key, so that a whole group is fetched in a few queries. All optional:
    what is not named here is fetched when asked for."""

    inbox_key: tuple[str, str, str] | None = None
    address_key: tuple[str, str, str] | None = None
    code: str | None = None
    button: str | None = None
    case_number: str | None = None
    notice_ids: tuple[int, ...] = ()


class Writer(Protocol):
    """Runs work in groups, one transaction and one commit a group; returns only after the commit.

    `fn` may run more than once (after a conflict, or alone after a group failed), so it must have no effect outside
    its unit of work. Its own exception is raised to its caller; the others of its group are not harmed.
    Raises `StorageUnavailable` when the database is away. `wait` is seconds that this work may wait for others to
    share a group with, so that it costs no commit of its own.
    """

    async def run(self, fn: Callable[[UnitOfWork], T], names: Names = Names(), *, wait: float = 0.0) -> T: ...


class Reader(Protocol):
    """Runs work that only reads, beside the writer. What `fn` changes or adds is thrown away."""

    async def run(self, fn: Callable[[UnitOfWork], T]) -> T: ...


class Spool(Protocol):
    """A queue on disk, encrypted, for messages that their platform will not send again; in order within a `line`."""

    def append(self, blob: bytes, line: str = "") -> None:
        """Returns when `blob` is on disk. Raises `StorageUnavailable` when the disk is full."""
        ...

    def holds(self, line: str) -> bool:
        """Whether something of `line` is waiting."""
        ...

    def waiting(self) -> int: ...
    async def drain(self, handler: Callable[[bytes, bool], Awaitable[object]]) -> int:
        """Hand over each blob, the lines side by side, and whether another of its line waits behind it; it is removed
        once `handler` returned. Raises `StorageUnavailable` with it."""
        ...


class FileStore(Protocol):
    """Contents of photos, voices and documents, under random names."""

    def save(self, content: bytes, declared: str | None) -> "SavedFile":
        """Check the type by content and the size, strip what a picture tells about its taker, write and fsync.

        Raises `Refused("file.type")`, `Refused("file.size")`, `Refused("file.broken")`, or where there is a virus
        scanner `Refused("file.infected")`, and `Unchecked` when it gave no verdict.
        """
        ...

    def read(self, name: str) -> bytes:
        """Raises `FileNotFoundError`."""
        ...

    def delete(self, name: str) -> None: ...
    def sweep(self, known_names: Collection[str], older_than: datetime) -> int:
        """Delete files that no row names and that were written before; returns how many."""
        ...


@dataclass(frozen=True, slots=True)
class SavedFile:
    """`kind` is a `PartKind` value, as its content says; `size` is bytes on disk; `sha256` is hex of those."""

    name: str
    kind: str
    mime: str
    size: int
    sha256: str


JsonObject = dict[str, Any]
