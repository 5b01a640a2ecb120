"""The county that every run of the machine begins with: everybody at their desk, and two codes on the wall."""

import contextlib
import functools
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from routing.code import Code, CodeKind, make_code
from storage.sealer import AesSealer
from storage.store import Store
from tests.conftest import Clock
from tests.machine.cast import DEPUTY
from tests.routing.county import KEY, County


@dataclass(frozen=True)
class Beginning:
    """A SQLite file to copy, and the codes in it by whose they are ("" for the station's)."""

    path: Path
    codes: dict[str, str]


@functools.cache
def begin(template: Path) -> Beginning:
    """Found the county beside `template`, an empty file with tables; it takes longer than a run of the machine."""
    path = template.with_name("machine.db")
    shutil.copyfile(template, path)
    clock = Clock()
    store = Store(f"sqlite:///{path}", clock=clock, sealer=AesSealer(KEY), data_dir=template.parent)
    county = County(store, clock).found()
    codes = {DEPUTY: make_code(), "": make_code()}
    with county.work() as uow:
        station, deputy = county.station("HB").id, county.deputy("086").id
        uow.codes.add(Code(codes[""], CodeKind.STATION, station, clock.now))
        uow.codes.add(Code(codes[DEPUTY], CodeKind.DEPUTY, station, clock.now, deputy_id=deputy))
    store.close()
    # What is copied is the file alone, so nothing may be left in the log beside it.
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Beginning(path, codes)
