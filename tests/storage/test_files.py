"""Photos, voices and documents on disk."""

import hashlib
import io
import os
import struct
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from routing.errors import Refused, StorageUnavailable
from storage import durable
from storage.files import FolderFileStore
from storage.sealer import BytesSealer
from tests.storage.samples import archive, picture

ORIENTATION, MAKER, GPS = 0x0112, 0x010F, 0x8825


@pytest.fixture
def files(tmp_path: Path) -> FolderFileStore:
    return FolderFileStore(tmp_path / "files", BytesSealer("a" * 32, purpose="files"))


def test_what_was_saved_is_read(files: FolderFileStore) -> None:
    sample = b"#!AMR\n" + bytes(100)
    saved = files.save(sample, "image/png")
    assert (saved.kind, saved.mime, saved.size) == ("voice", "audio/amr", len(sample))
    assert saved.sha256 == hashlib.sha256(sample).hexdigest()
    assert files.read(saved.name) == sample
    path = files.folder / saved.name
    assert path.stat().st_mode & 0o777 == 0o600
    assert files.folder.stat().st_mode & 0o777 == 0o700
    assert os.listdir(files.folder) == [saved.name]


def test_names_are_random_and_tell_nothing(files: FolderFileStore) -> None:
    sample = b"#!AMR\n" + bytes(100)
    names = {files.save(sample, None).name for _ in range(20)}
    assert len(names) == 20
    assert all(len(name) == 32 + len(".amr") for name in names)


def _telling_jpeg() -> bytes:
    exif = Image.Exif()
    exif[MAKER] = "SECRET-MAKER"
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS)[2] = (31.0, 13.0, 49.0)
    return picture("JPEG", exif=exif, comment=b"SECRET-COMMENT", xmp=b"<x>SECRET-XMP</x>") + b"SECRET-TRAILER"


def test_a_picture_tells_nothing_about_its_taker(files: FolderFileStore) -> None:
    sample = _telling_jpeg()
    assert sample.count(b"SECRET") == 4
    saved = files.save(sample, "image/jpeg")
    kept = files.read(saved.name)
    assert b"SECRET" not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert not image.getexif()
        # Turned as the camera said.
        assert image.size == (20, 40)
    assert saved.sha256 == hashlib.sha256(kept).hexdigest()


@pytest.mark.parametrize(
    ("format", "mode", "mime"),
    [
        ("JPEG", "CMYK", "image/jpeg"),
        ("JPEG", "L", "image/jpeg"),
        ("PNG", "RGBA", "image/png"),
        ("PNG", "P", "image/png"),
        ("PNG", "1", "image/png"),
        ("WEBP", "RGBA", "image/webp"),
        ("GIF", "P", "image/png"),
    ],
)
def test_pictures_of_every_mode_are_kept(files: FolderFileStore, format: str, mode: str, mime: str) -> None:
    saved = files.save(picture(format, mode), None)
    assert (saved.kind, saved.mime) == ("photo", mime)
    with Image.open(io.BytesIO(files.read(saved.name))) as image:
        image.load()
        assert image.size == (40, 20)
        assert Image.MIME[image.format or ""] == mime


def test_what_shines_through_still_does(files: FolderFileStore) -> None:
    saved = files.save(picture("PNG", "RGBA"), None)
    with Image.open(io.BytesIO(files.read(saved.name))) as image:
        assert image.getpixel((0, 0)) == (255, 255, 255, 255)
        assert image.getpixel((1, 1)) == (0, 0, 0, 0)


def _png_of(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def test_a_picture_that_unpacks_to_too_much_is_refused(files: FolderFileStore) -> None:
    with pytest.raises(Refused) as caught:
        files.save(_png_of(60_000, 60_000), "image/png")
    assert caught.value.key == "file.size"


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_half_a_picture_is_broken(files: FolderFileStore, format: str) -> None:
    sample = picture(format, "P" if format == "GIF" else "RGB", size=(300, 300))
    with pytest.raises(Refused) as caught:
        files.save(sample[: len(sample) // 3], None)
    assert caught.value.key == "file.broken"


def test_what_is_not_allowed_is_refused(files: FolderFileStore) -> None:
    with pytest.raises(Refused) as caught:
        files.save(archive("a.exe"), "image/jpeg")
    assert caught.value.key == "file.type"
    assert not files.folder.exists()


def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    small = FolderFileStore(tmp_path, BytesSealer("a" * 32, purpose="files"), max_bytes=1000)
    small.save(b"#!AMR\n" + bytes(994), None)
    with pytest.raises(Refused) as caught:
        small.save(b"#!AMR\n" + bytes(995), None)
    assert caught.value.key == "file.size"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../secret",
        "/etc/passwd",
        "a" * 32,
        f"{'a' * 32}.jpg\n",
        f"{'a' * 31}/.jpg",
        f"{'a' * 32}.jp\x00",
    ],
)
def test_a_name_that_is_none_of_ours_finds_nothing(files: FolderFileStore, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    files.folder.mkdir()
    with pytest.raises(FileNotFoundError):
        files.read(name)
    files.delete(f"{'a' * 32}.jpg")
    with pytest.raises(FileNotFoundError):
        files.read(f"{'a' * 32}.jpg")
    if name:
        files.delete(name)
    assert (tmp_path / "secret").exists()


def test_sweeping_deletes_only_old_orphans(files: FolderFileStore) -> None:
    known, orphan, fresh = (files.save(b"#!AMR\n" + bytes(9), None).name for _ in range(3))
    temporary = files.folder / f"{durable.TEMPORARY}x"
    foreign = files.folder / "README"
    for path in (temporary, foreign):
        path.write_text("x")
    long_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    for path in (files.folder / known, files.folder / orphan, temporary, foreign):
        os.utime(path, (long_ago, long_ago))
    assert files.sweep({known}, datetime.now(UTC) - timedelta(days=1)) == 2
    assert set(os.listdir(files.folder)) == {known, fresh, "README"}


def test_a_disk_that_cannot_be_written_is_unavailable(files: FolderFileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    files.save(b"#!AMR\n" + bytes(9), None)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    before = os.listdir(files.folder)
    monkeypatch.setattr("storage.durable.os.fsync", full)
    with pytest.raises(StorageUnavailable, match="No space"):
        files.save(b"#!AMR\n" + bytes(9), None)
    assert os.listdir(files.folder) == before
