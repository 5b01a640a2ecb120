"""What is dear to make is made once and kept for the next start, in a folder that is ours alone.

The folder must not be one that others can write to (a planted file would be read as ours), so the
shared temporary folder is never used. Where there is no such folder, or its disk is full, the
thing is made at each start: slower, never wrong.
"""

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

_DIGEST_SIZE: Final = hashlib.sha256().digest_size


def kept(name: str, version: str, make: Callable[[], bytes]) -> bytes:
    """Give what ``make`` makes, from the file ``name`` if one of the same ``version`` is there.

    A file that is cut short or of another version is made anew.
    """
    folder = _private_folder()
    if folder is None:
        return make()
    path = folder / name
    with contextlib.suppress(OSError):
        stored = path.read_bytes()
        if stored[:_DIGEST_SIZE] == _digest(version, stored[_DIGEST_SIZE:]):
            return stored[_DIGEST_SIZE:]
    made = make()
    with contextlib.suppress(OSError):
        _replace(path, _digest(version, made) + made)
    return made


def _digest(version: str, content: bytes) -> bytes:
    return hashlib.sha256(version.encode() + b"\0" + content).digest()


def _replace(path: Path, content: bytes) -> None:
    """Write a file of which nobody ever sees a part, whoever else writes it at the same time."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise


def _private_folder() -> Path | None:
    """Give a folder that only this user can write to; None where there is none."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(base, "mashang")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.lstat()
        if stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid():
            folder.chmod(0o700)
            return folder
    except OSError:
        pass
    return None
