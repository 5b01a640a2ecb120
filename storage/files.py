"""Contents of photos, voices and documents in a folder, under random names, encrypted at rest."""

import hashlib
import re
import secrets
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from routing.errors import Refused, StorageUnavailable
from routing.ports import SavedFile
from storage.clamd import Clamd
from storage.content import recognise
from storage.durable import TEMPORARY, make_folder, sync_folder, write_durably
from storage.sealer import BytesSealer

MAX_BYTES = 20 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9_-]{32}\.[a-z0-9]{2,5}")


class FolderFileStore:
    """`routing.ports.FileStore`. Safe to use from several threads; `save` of a picture takes processor time.

    A file is bound to its name, so that one can't be put in another's place. `scanner` looks at every file as it came.
    """

    def __init__(
        self, folder: Path, sealer: BytesSealer, *, max_bytes: int = MAX_BYTES, scanner: Clamd | None = None
    ) -> None:
        self.folder = folder
        self._sealer = sealer
        self._max_bytes = max_bytes
        self._scanner = scanner

    def save(self, content: bytes, declared: str | None) -> SavedFile:
        """See the port. `declared` is what the sender says it is, and is not believed.

        Raises `StorageUnavailable` as well, when the disk is full.
        """
        if len(content) > self._max_bytes:
            raise Refused("file.size")
        found = recognise(content)
        if found is None:
            raise Refused("file.type")
        if self._scanner is not None:
            self._scanner.check(content)
        if found.kind == "photo":
            # Pillow waits for the first photo: no start needs it.
            from storage.pictures import redraw

            content, found = redraw(content, found)
        name = f"{secrets.token_urlsafe(24)}.{found.suffix}"
        try:
            make_folder(self.folder)
            write_durably(self.folder / name, self._sealer.seal(content, name.encode()))
        except OSError as error:
            raise StorageUnavailable(f"a file can't be written: {error.strerror}") from None
        return SavedFile(name, found.kind, found.mime, len(content), hashlib.sha256(content).hexdigest())

    def read(self, name: str) -> bytes:
        """Raises `FileNotFoundError` also for a file that was changed or sealed with a key that is lost."""
        sealed = self._path(name).read_bytes()
        try:
            return self._sealer.open(sealed, name.encode())
        except ValueError as error:
            raise FileNotFoundError(str(error)) from None

    def delete(self, name: str) -> None:
        """Fine if it is gone already."""
        try:
            self._path(name).unlink()
            sync_folder(self.folder)
        except FileNotFoundError:
            return

    def sweep(self, known_names: Collection[str], older_than: datetime) -> int:
        """Delete files that no row names and that were written before `older_than`; returns how many.

        A file is written before its row is committed, so `older_than` must lie some time back.
        """
        if not self.folder.is_dir():
            return 0
        deleted = 0
        for path in self.folder.iterdir():
            ours = _NAME.fullmatch(path.name) is not None or path.name.startswith(TEMPORARY)
            if ours and path.name not in known_names and path.stat().st_mtime < older_than.timestamp():
                path.unlink(missing_ok=True)
                deleted += 1
        return deleted

    def _path(self, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            raise FileNotFoundError("no such file")
        return self.folder / name
