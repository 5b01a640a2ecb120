"""The system calls of a server, as strace saw them, and what was on disk before each answer.

strace writes a call down when it has returned; one that another thread's call came between, in two parts. So the order
of the lines is the order in which calls began and returned, which is all that is asked here.
"""

import asyncio
import contextlib
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

_READS = ("read", "readv", "recvfrom", "recvmsg")
_WRITES = ("write", "writev", "sendto", "sendmsg", "pwrite64", "pwritev")
_SYNCS = ("fsync", "fdatasync")
#: Bytes of each buffer that are written down: a page of SQLite's, or a group of rows on their way to PostgreSQL.
_SHOWN = 65_536
_LINE = re.compile(r"(\d+) +(?:<\.\.\. (?P<resumed>\w+) resumed>|(?P<name>\w+)\()(?P<rest>.*)")
_UNFINISHED = " <unfinished ...>"
_FILE = re.compile(r"\d+<([^>]*)>")
_RESULT = re.compile(r"\) += (-?\d+)")


@dataclass(frozen=True, slots=True)
class Call:
    """`begun` and `ended` are places in the order of all; `file` is the path of a file or the name of a socket; `text`
    the arguments with strace's escapes, so that letters and digits stand there as they were."""

    name: str
    file: str
    text: str
    result: int
    begun: int
    ended: int


def read_calls(lines: Iterable[str]) -> list[Call]:
    """The calls that returned, in the order in which they did."""
    calls: list[Call] = []
    open_calls: dict[str, tuple[int, str, str]] = {}
    for number, line in enumerate(lines):
        found = _LINE.match(line)
        if found is None:
            continue
        thread, rest = found[1], found["rest"]
        if rest.endswith(_UNFINISHED):
            open_calls[thread] = (number, found["name"], rest.removesuffix(_UNFINISHED))
            continue
        begun, name, earlier = number, found["name"], ""
        if found["resumed"]:
            begun, name, earlier = open_calls.pop(thread, (number, found["resumed"], ""))
        text = earlier + rest
        file, result = _FILE.match(text), list(_RESULT.finditer(text))
        if file and result:
            calls.append(Call(name, file[1], text, int(result[-1][1]), begun, number))
    return calls


#: Whether the calls between a message's arrival and its answer, both left out, made it durable.
Durable = Callable[[Sequence[Call], str], bool]


def on_disk(calls: Sequence[Call], said: str) -> bool:
    """SQLite: the words were written to the log beside the database, and that was synced afterwards."""
    written = [c for c in calls if c.name in _WRITES and c.file.endswith("-wal") and said in c.text and c.result > 0]
    return any(
        sync.name in _SYNCS and sync.file == write.file and sync.result == 0 and sync.begun > write.ended
        for write in written[:1]
        for sync in calls
    )


def committed(calls: Sequence[Call], said: str) -> bool:
    """PostgreSQL: the words were sent to it, and it said afterwards that the transaction is committed."""
    sent = [c for c in calls if c.name in _WRITES and c.file.startswith("socket:") and said in c.text]
    return any(
        call.name in _READS and call.file == send.file and r"COMMIT\0" in call.text and call.ended > send.ended
        for send in sent[:1]
        for call in calls
    )


def answered_too_early(calls: Sequence[Call], said: Iterable[str], durable: Durable) -> list[str]:
    """What of `said` was acknowledged before it was durable, or not seen at all. Each is letters and digits."""
    wrong = []
    for words in said:
        arrivals = [c for c in calls if c.name in _READS and c.file.startswith("socket:") and words in c.text]
        if not arrivals:
            wrong.append(f"{words}: never arrived")
            continue
        answer = next(
            (
                c
                for c in calls
                if c.name in _WRITES
                and c.file == arrivals[0].file
                and c.begun > arrivals[0].ended
                and '"HTTP/1.1 ' in c.text
            ),
            None,
        )
        if answer is None or '"HTTP/1.1 200 ' not in answer.text:
            wrong.append(f"{words}: not acknowledged")
        elif not durable([c for c in calls if c.begun > arrivals[0].ended and c.ended < answer.begun], words):
            wrong.append(f"{words}: acknowledged before it was durable")
    return wrong


@contextlib.asynccontextmanager
async def traced(pid: int, file: Path) -> AsyncIterator[None]:
    """Have what a process and its threads do written to `file`. Skips the test where that is not to be had."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("no strace; Debian has it in the package of that name")
    names = ",".join((*_READS, *_WRITES, *_SYNCS))
    tracer = await asyncio.create_subprocess_exec(
        strace, "-f", "-y", "-s", str(_SHOWN), "-e", f"trace={names}", "-o", str(file), "-p", str(pid),
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert tracer.stderr is not None
    said = (await tracer.stderr.readline()).decode()
    if " attached" not in said:
        await tracer.wait()
        pytest.skip(f"strace may not trace here: {said.strip()}")
    try:
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        await tracer.communicate()
