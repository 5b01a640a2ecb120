"""Printed codes and who came by them."""

from collections.abc import Sequence

from sqlalchemy import func, select

from routing.code import Code, Scan
from storage.codec import decode_text
from storage.schema import codes, scans
from storage.work import Work

_ALL = select(codes).order_by(codes.c.created_at, codes.c.code)
_COUNTS = select(scans.c.code, scans.c.channel, func.count()).group_by(scans.c.code, scans.c.channel)


class Codes:
    """`routing.repositories.CodeRepository`."""

    def __init__(self, work: Work) -> None:
        self._session = work.session
        self._codes = work.map(work.tables.codes)
        self._scans = work.map(work.tables.scans)

    def get(self, code: str) -> Code | None:
        return self._codes.get(code)

    def add(self, code: Code) -> None:
        self._codes.add(code)

    def all(self) -> Sequence[Code]:
        return self._codes.select(_ALL)

    def add_scan(self, scan: Scan) -> None:
        self._scans.add(scan)

    def scan_counts(self) -> dict[tuple[str, str], int]:
        self._scans.flush()
        return {
            (decode_text(code), decode_text(channel)): count for code, channel, count in self._session.select(_COUNTS)
        }
