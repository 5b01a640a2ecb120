"""What a file is, by its content: a short list of what a citizen may send, everything else is refused.

Libraries that guess know a thousand types and say "maybe" to most; here a file is one of these or it is nothing.
"""

import io
import re
import zipfile
from dataclasses import dataclass

#: Limits on what an office document may unpack to when somebody opens it.
MAX_ZIP_ENTRIES = 5_000
MAX_ZIP_BYTES = 200 * 1024 * 1024

_HANDLER = re.compile(rb"hdlr.{8}([a-z0-9]{4})", re.DOTALL)
_MP4_BRANDS = (b"M4A ", b"M4B ", b"isom", b"iso2", b"mp41", b"mp42", b"3gp", b"dash")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MP3_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_MP3_LOW_KBPS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_MP3_HZ = (44_100, 48_000, 32_000, 0)


@dataclass(frozen=True, slots=True)
class ContentType:
    """`kind` is a `PartKind` value, `suffix` the file name's ending without the dot."""

    kind: str
    mime: str
    suffix: str


JPEG = ContentType("photo", "image/jpeg", "jpg")
PNG = ContentType("photo", "image/png", "png")
WEBP = ContentType("photo", "image/webp", "webp")
GIF = ContentType("photo", "image/gif", "gif")
OGG = ContentType("voice", "audio/ogg", "ogg")
MP3 = ContentType("voice", "audio/mpeg", "mp3")
M4A = ContentType("voice", "audio/mp4", "m4a")
AMR = ContentType("voice", "audio/amr", "amr")
SILK = ContentType("voice", "audio/silk", "silk")
WAV = ContentType("voice", "audio/wav", "wav")
PDF = ContentType("file", "application/pdf", "pdf")
DOCX = ContentType("file", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx")
XLSX = ContentType("file", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")
TXT = ContentType("file", "text/plain", "txt")


def recognise(content: bytes) -> ContentType | None:
    """The type of `content` if it is one of the allowed ones. Pictures are only known by their first bytes here:
    whether they are whole is for `storage.pictures`."""
    head = content[:64]
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head.startswith(b"RIFF"):
        return {b"WEBP": WEBP, b"WAVE": WAV}.get(head[8:12])
    if head.startswith(b"OggS"):
        # The first page of an Ogg file names its codec; it may be a film.
        return OGG if any(codec in head for codec in (b"OpusHead", b"\x01vorbis", b"Speex")) else None
    if head.startswith((b"#!AMR\n", b"#!AMR-WB\n")):
        return AMR
    if head.startswith((b"#!SILK_V3", b"\x02#!SILK_V3")):
        return SILK
    if head[4:8] == b"ftyp":
        return M4A if head[8:].startswith(_MP4_BRANDS) and _only_sound(content) else None
    if head.startswith(b"ID3") or _is_mp3(content):
        return MP3
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return _office(content)
    return TXT if _is_text(content) else None


def _only_sound(content: bytes) -> bool:
    handlers = set(_HANDLER.findall(content))
    return b"soun" in handlers and b"vide" not in handlers


def _is_mp3(content: bytes) -> bool:
    length = _mp3_frame(content[:4])
    # Two bytes of a first frame prove little; where the second one starts, there must be one too.
    return bool(length) and _mp3_frame(content[length : length + 4]) > 0


def _mp3_frame(header: bytes) -> int:
    """Length in bytes of the MPEG layer III frame with this header, 0 when it is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version = header[1] >> 3 & 3  # 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5
    rate = _MP3_HZ[header[2] >> 2 & 3] >> {3: 0, 2: 1, 0: 2}.get(version, 31)
    kbps = (_MP3_KBPS if version == 3 else _MP3_LOW_KBPS)[header[2] >> 4]
    if not rate or not kbps:
        return 0
    return (144 if version == 3 else 72) * kbps * 1000 // rate + (header[2] >> 1 & 1)


def _office(content: bytes) -> ContentType | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return None
    names = {entry.filename for entry in entries}
    too_much = len(entries) > MAX_ZIP_ENTRIES or sum(entry.file_size for entry in entries) > MAX_ZIP_BYTES
    if too_much or "[Content_Types].xml" not in names or any(name.endswith("vbaProject.bin") for name in names):
        return None
    if "word/document.xml" in names:
        return DOCX
    return XLSX if "xl/workbook.xml" in names else None


def _is_text(content: bytes) -> bool:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return bool(text) and _CONTROLS.search(text) is None
    return False
