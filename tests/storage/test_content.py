"""What a file is told to be by its content."""

import os

import pytest

from storage import content
from storage.content import recognise
from tests.storage.samples import MP3_FRAME, archive, mp4, ogg, picture, workbook

ALLOWED = {
    "jpeg": (picture("JPEG"), content.JPEG),
    "png": (picture("PNG"), content.PNG),
    "webp": (picture("WEBP"), content.WEBP),
    "gif": (picture("GIF", "P"), content.GIF),
    "opus": (ogg(b"OpusHead"), content.OGG),
    "vorbis": (ogg(b"\x01vorbis"), content.OGG),
    "mp3 with tags": (b"ID3\x04\x00\x00\x00\x00\x00\x00" + MP3_FRAME, content.MP3),
    "mp3": (MP3_FRAME * 2, content.MP3),
    "m4a": (mp4(b"M4A ", b"soun"), content.M4A),
    "sound of a phone": (mp4(b"3gp4", b"soun"), content.M4A),
    "amr": (b"#!AMR\n" + bytes(50), content.AMR),
    "wide amr": (b"#!AMR-WB\n" + bytes(50), content.AMR),
    "silk": (b"#!SILK_V3" + bytes(50), content.SILK),
    "silk of WeChat": (b"\x02#!SILK_V3" + bytes(50), content.SILK),
    "wav": (b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(50), content.WAV),
    "pdf": (b"%PDF-1.7\n" + bytes(50), content.PDF),
    "docx": (archive("[Content_Types].xml", "word/document.xml"), content.DOCX),
    "xlsx": (workbook(), content.XLSX),
    "text": ("路灯不亮\r\n第二行\t".encode(), content.TXT),
    "text with a mark": ("路灯".encode("utf-8-sig"), content.TXT),
    "text of an older Windows": ("路灯不亮，已三天".encode("gb18030"), content.TXT),
}

REFUSED = {
    "nothing": b"",
    "a film": mp4(b"isom", b"vide", b"soun"),
    "a film without sound": mp4(b"mp42", b"vide"),
    "a picture in an mp4 coat": mp4(b"heic", b"pict"),
    "a film in ogg": ogg(b"\x80theora"),
    "avi": b"RIFF\x24\x00\x00\x00AVI LIST" + bytes(50),
    "a program of Windows": b"MZ" + bytes(200),
    "a program of Linux": b"\x7fELF" + bytes(200),
    "any zip": archive("a.exe"),
    "an office document with macros": archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
    "slides": archive("[Content_Types].xml", "ppt/presentation.xml"),
    "half a zip": workbook()[:200],
    "one frame's start": b"\xff\xfb\x90\x64" + bytes(413) + b"not a frame",
    "text with a NUL": b"text\x00text",
    "noise": b"\x01" + os.urandom(500),
}


@pytest.mark.parametrize(("sample", "found"), ALLOWED.values(), ids=ALLOWED)
def test_allowed(sample: bytes, found: content.ContentType) -> None:
    assert recognise(sample) == found


@pytest.mark.parametrize("sample", REFUSED.values(), ids=REFUSED)
def test_refused(sample: bytes) -> None:
    assert recognise(sample) is None


def test_a_document_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = archive("[Content_Types].xml", "word/document.xml", content=bytes(1000))
    assert recognise(sample) == content.DOCX
    monkeypatch.setattr(content, "MAX_ZIP_BYTES", 1999)
    assert recognise(sample) is None
