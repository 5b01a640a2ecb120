"""What can go wrong in the core.

RoutingError
├── Refused            a rule says no; `key` and `params` word the reason for a person
│   └── Forbidden      this person may not do this (worded so that it tells nothing about the case)
├── Conflict           somebody else changed the same row; run the whole message again
├── DuplicateMessage   another process took the same message in; run again and its answer is found
├── Unchecked          the virus scanner gave no verdict: the file is not kept, only later
└── StorageUnavailable the database is away; nothing was kept, do not acknowledge
"""


class RoutingError(Exception):
    """Root of the errors that the core and its ports raise."""


class Refused(RoutingError):
    """A rule says no. `key` names the sentence in `bot/wording`, `params` fills it."""

    def __init__(self, key: str, **params: object) -> None:
        super().__init__(f"{key} {params}" if params else key)
        self.key = key
        self.params = params


class Forbidden(Refused):
    """The person may not do this, or may not even know that the case exists."""

    def __init__(self, key: str = "error.not_found", **params: object) -> None:
        super().__init__(key, **params)


class Conflict(RoutingError):
    """A row was changed by somebody else between reading and writing."""


class DuplicateMessage(Conflict):
    """The same (channel, account, external id) was stored by another process meanwhile."""


class Unchecked(RoutingError):
    """A file could not be scanned for viruses, where that is asked for. It is not kept."""


class StorageUnavailable(RoutingError):
    """The database can't be reached or can't write. Nothing was kept."""
