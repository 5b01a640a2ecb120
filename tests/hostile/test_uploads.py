"""Files of every hostile kind, to the web chat and through Telegram."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable

import aiohttp
import pytest
from PIL import Image

from storage.content import recognise
from storage.files import FolderFileStore
from storage.sealer import AesSealer
from tests.hostile import corpora
from tests.hostile.chats import chat
from tests.hostile.station import CANARY, KEY, Answer, Station, clean_words, together

MEGABYTE = 1024 * 1024


def _picture(format: str, size: tuple[int, int] = (32, 24), **more: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (90, 120, 60)).save(out, format, **more)
    return out.getvalue()


def _jpeg_with_place() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = f"{CANARY} at home"
    exif.get_ifd(0x8825).update({1: "N", 2: (30.0, 1.0, 2.0), 3: "E", 4: (120.0, 1.0, 2.0)})
    return _picture("JPEG", exif=exif, comment=f"{CANARY} comment".encode())


def _png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG whose header promises more than its data holds: a few kilobytes that would unpack to gigabytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def _zip(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


_WORD = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}


def _zip_that_lies() -> bytes:
    """Its directory says that an entry is ten bytes long; it unpacks to fifty megabytes."""
    content = bytearray(_zip(**_WORD, **{"word/media/a.bin": b"\0" * (50 * MEGABYTE)}))
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(content)


def _gif_of_many_frames() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("P", (8, 8), n % 250) for n in range(400)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=10)
    return out.getvalue()


#: Name: (file name, claimed type, content, whether it may be kept).
FILES: dict[str, tuple[str, str, Callable[[], bytes], bool | None]] = {
    "picture": ("a.jpg", "image/jpeg", _jpeg_with_place, True),
    "picture said to be text": ("a.txt", "text/plain", lambda: _picture("PNG"), True),
    "program said to be a picture": ("a.jpg", "image/jpeg", lambda: b"MZ\x90\0" * 800, False),
    "elf": ("a.png", "image/png", lambda: b"\x7fELF" + b"\0" * 3000, False),
    "script": ("a.sh", "image/png", lambda: b"#!/bin/sh\nrm -rf /\n" + b"\0", False),
    "class": ("a.class", "image/gif", lambda: b"\xca\xfe\xba\xbe" + b"\0" * 99, False),
    "svg": ("a.svg", "image/svg+xml", lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', None),
    "page": ("a.html", "text/html", lambda: b"<html><script>alert(1)</script></html>", None),
    "page said to be a picture": ("a.jpg", "image/jpeg", lambda: b"<html><script>alert(1)</script>", None),
    "cut jpeg": ("a.jpg", "image/jpeg", lambda: _picture("JPEG")[:-200], False),
    "jpeg of four bytes": ("a.jpg", "image/jpeg", lambda: b"\xff\xd8\xff\xe0", False),
    "empty png": ("a.png", "image/png", lambda: b"\x89PNG\r\n\x1a\n", False),
    "png bomb": ("a.png", "image/png", lambda: _png(60_000, 60_000, b"\0" * 100_000), False),
    "png of a whole gigapixel": ("a.png", "image/png", lambda: _png(30_000, 30_000, b"\0" * (8 * MEGABYTE)), False),
    "png without size": ("a.png", "image/png", lambda: _png(0, 0), False),
    "png text bomb": ("a.png", "image/png", lambda: _text_bomb(), None),
    "gif of many frames": ("a.gif", "image/gif", _gif_of_many_frames, None),
    "gif that is a script": ("a.gif", "image/gif", lambda: b"GIF89a/*" + b"\0" * 9 + b"*/=1;alert(1)", False),
    "jpeg that is a page": ("a.jpg", "image/jpeg", lambda: _picture("JPEG", comment=b"<script>x</script>"), True),
    "pdf that is a zip": ("a.pdf", "application/pdf", lambda: b"%PDF-1.4\n" + _zip(a=b"x"), None),
    "picture that is a zip": ("a.png", "image/png", lambda: _picture("PNG") + _zip(a=b"x"), None),
    "bmp": ("a.bmp", "image/bmp", lambda: _picture("BMP"), False),
    "tiff": ("a.tif", "image/tiff", lambda: _picture("TIFF"), False),
    "eps": ("a.eps", "image/jpeg", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) run\n", None),
    "word": ("a.docx", "application/msword", lambda: _zip(**_WORD), True),
    "word with a macro": ("a.docx", "", lambda: _zip(**_WORD, **{"word/vbaProject.bin": b"x"}), False),
    "word bomb": ("a.docx", "application/msword", lambda: _zip(**_WORD, **{"word/b": b"\0" * (201 * MEGABYTE)}), False),
    "word bomb that lies": ("a.docx", "application/msword", _zip_that_lies, None),
    "word of many": ("a.docx", "", lambda: _zip(**_WORD, **{f"word/{n}": b"" for n in range(6_000)}), False),
    "word with outward references": ("a.docx", "", lambda: _zip(**{**_WORD, "word/document.xml": _outward()}), True),
    "zip": ("a.zip", "application/zip", lambda: _zip(a=b"x"), False),
    "zip with ways out": ("a.docx", "", lambda: _zip(**{"../../tmp/evil": b"x", "[Content_Types].xml": b""}), False),
    "cut zip": ("a.docx", "", lambda: _zip(**_WORD)[:-30], False),
    "gzip": ("a.gz", "application/gzip", lambda: zlib.compress(b"\0" * MEGABYTE), False),
    "ogg film": ("a.ogg", "audio/ogg", lambda: b"OggS" + b"\0" * 24 + b"\x80theora" + b"\0" * 99, False),
    "mp4 film": ("a.m4a", "audio/mp4", lambda: b"\0\0\0\x18ftypisom" + b"hdlr\0\0\0\0\0\0\0\0vide" + b"\0" * 99, False),
    "mp3 tag alone": ("a.mp3", "audio/mpeg", lambda: b"ID3\x04\0\0\x7f\x7f\x7f\x7f", None),
    "riff alone": ("a.wav", "audio/wav", lambda: b"RIFF\xff\xff\xff\xffWAVE", None),
    "noise": ("a.bin", "application/octet-stream", lambda: bytes(range(256)) * 50, False),
    "zeros": ("a.txt", "text/plain", lambda: b"\0" * 5000, False),
    "text": ("a.txt", "text/plain", lambda: f"路灯不亮 {CANARY}".encode(), True),
    "text in gb18030": ("a.txt", "text/plain", lambda: "路灯不亮".encode("gb18030"), True),
    "text with controls": ("a.txt", "text/plain", lambda: b"\x1b]0;x\x07\x1b[2J", False),
    "formulas": ("a.csv", "text/csv", lambda: b"=cmd|' /C calc'!A0,1\n", None),
}  # fmt: skip


def _text_bomb() -> bytes:
    content = b"Comment\0\0" + zlib.compress(b"\0" * (60 * MEGABYTE))
    chunk = struct.pack(">I", len(content)) + b"zTXt" + content + struct.pack(">I", zlib.crc32(b"zTXt" + content))
    whole = _picture("PNG")
    return whole[:33] + chunk + whole[33:]


def _outward() -> bytes:
    return b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w>&e;</w>'


async def _send(
    station: Station, session: aiohttp.ClientSession, key: str, name: str, mime: str, content: bytes
) -> Answer:
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {mime or "x/y"}\r\n\r\n'
    body = _form(_ID.replace(b"m1", key.encode()), _TEXT, head.encode() + content)
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return await station.ask("POST", "/chat/messages", body=body, headers=headers, session=session)


@pytest.mark.parametrize("name", FILES)
async def test_a_file_is_kept_only_as_what_it_is(name: str, station: Station) -> None:
    file_name, mime, content, kept = FILES[name]
    before = station.rows("SELECT count(*) FROM files")[0][0]
    kept_files = FolderFileStore(station.folder / "files", AesSealer(KEY).for_bytes("files"))
    async with chat(station) as session:
        answer = await _send(station, session, "f1", file_name, mime, content())
        assert answer.status == 200
        for message in answer.json["messages"]:
            clean_words(message["text"])
        rows = station.rows("SELECT name, mime FROM files ORDER BY id")[before:]
        assert kept is None or len(rows) == kept, f"{rows} {answer.json}"
        for stored, stored_mime in rows:
            assert CANARY.encode() not in (station.folder / "files" / stored).read_bytes()
            data = kept_files.read(stored)
            found = recognise(data)
            assert found is not None
            assert found.mime == stored_mime
            assert CANARY.encode() not in data or found.kind == "file", "what a photo says beside the picture is kept"
            shown = await station.ask("GET", f"/chat/files/{stored}", session=session)
            if shown.status == 200:
                assert shown.headers["X-Content-Type-Options"] == "nosniff"
                assert "sandbox" in shown.headers["Content-Security-Policy"]
                inline = shown.headers["Content-Disposition"].startswith("inline")
                assert inline == stored_mime.startswith(("image/", "audio/"))
            # Nobody else gets it, by its name alone.
            async with chat(station) as stranger:
                assert (await station.ask("GET", f"/chat/files/{stored}", session=stranger)).status == 404
            assert (await station.ask("GET", f"/chat/files/{stored}")).status == 401


async def test_oversized_uploads_are_refused(station: Station) -> None:
    async with chat(station) as session:
        await station.settled()
        before = station.counts()
        for size in (20 * MEGABYTE + 1, 25 * MEGABYTE):
            assert (await _send(station, session, "big", "a.txt", "text/plain", b"a" * size)).status == 413
        assert station.counts() == before
        assert (await _send(station, session, "large", "a.txt", "text/plain", b"a" * (20 * MEGABYTE))).status == 200


async def test_every_string_as_file_name_and_type(station: Station) -> None:
    picture = _picture("PNG", (4, 4))
    names = [
        string
        for string in (*corpora.OWN, *corpora.naughty_strings()[::3], "../../x", "a\\b", "C:\\x", "x" * 300)
        if string
    ]
    async with chat(station) as session:

        async def send(name: str) -> None:
            for file_name, mime in ((f"{CANARY}{name}", "image/png"), ("a.png", name)):
                raw = "".join(c for c in file_name if c not in '\r\n"').encode("utf-8", "surrogatepass")
                claimed = "".join(c for c in mime if c not in "\r\n").encode("utf-8", "surrogatepass")[:1000]
                body = (
                    b'--b\r\nContent-Disposition: form-data; name="id"\r\n\r\n' + f"n{hash(name)}".encode()
                    + b"\r\n--b\r\n"
                    b'Content-Disposition: form-data; name="file"; filename="' + raw + b'"\r\nContent-Type: ' + claimed
                    + b"\r\n\r\n" + picture + b"\r\n--b--\r\n"
                )  # fmt: skip
                headers = {"Content-Type": "multipart/form-data; boundary=b"}
                answer = await station.ask(
                    "POST", "/chat/messages", body=body, headers=headers, session=session, sent=name
                )
                assert answer.status in (200, 400)

        await together(send, names)
    assert {path.parent for path in (station.folder / "files").rglob("*")} <= {station.folder / "files"}


def _form(*parts: bytes, boundary: bytes = b"b", end: bytes = b"--b--\r\n") -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + end


_ID = b'Content-Disposition: form-data; name="id"\r\n\r\nm1'
_TEXT = b'Content-Disposition: form-data; name="text"\r\n\r\n' + CANARY.encode()
_FILE = b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nhello'
FORMS = {
    "no end": _form(_ID, _TEXT, end=b""),
    "half an end": _form(_ID, _TEXT, end=b"--b-"),
    "empty": b"",
    "only an end": b"--b--\r\n",
    "other boundary": _form(_ID, _TEXT, boundary=b"c"),
    "no name": _form(_ID, b"Content-Disposition: form-data\r\n\r\nx"),
    "no header": _form(_ID, b"\r\nx"),
    "bad header": _form(_ID, b"Content-Disposition\r\n\r\nx"),
    "two files": _form(_ID, _FILE, _FILE),
    "many parts": _form(_ID, *[_TEXT] * 1000),
    "long header": _form(_ID, b"X: " + b"y" * 100_000 + b"\r\n\r\nx"),
    "many headers": _form(_ID, b"".join(b"X%d: y\r\n" % n for n in range(5000)) + b"\r\nx"),
    "text that is not utf-8": _form(_ID, b'Content-Disposition: form-data; name="text"\r\n\r\n\xff\xfe'),
    "name that is not utf-8": _form(_ID, b'Content-Disposition: form-data; name="\xff"\r\n\r\nx'),
    "zero in the text": _form(_ID, b'Content-Disposition: form-data; name="text"\r\n\r\na\x00b'),
    "empty file": _form(_ID, b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'),
    "large text": _form(_ID, b'Content-Disposition: form-data; name="text"\r\n\r\n' + b"a" * (MEGABYTE + 1)),
    "json": json.dumps({"id": "m1", "text": CANARY}).encode(),
    "no id": _form(_FILE),
}


async def test_malformed_forms_change_nothing(station: Station) -> None:
    async with chat(station) as session:
        await station.settled()
        before = station.counts()
        for name, body in FORMS.items():
            headers = {"Content-Type": "multipart/form-data; boundary=b"}
            answer = await station.ask("POST", "/chat/messages", body=body, headers=headers, session=session)
            assert answer.status in (400, 413), f"{answer.status} to {name}"
        for content_type in ("multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary="',
                             "multipart/form-data; boundary=" + "x" * 500, "multipart/mixed; boundary=b"):  # fmt: skip
            headers = {"Content-Type": content_type}
            answer = await station.ask(
                "POST", "/chat/messages", body=_form(_ID, _TEXT), headers=headers, session=session
            )
            assert answer.status in (400, 415), content_type
        good = _form(_ID, _FILE)
        for length in range(0, len(good) - 4, 7):
            headers = {"Content-Type": "multipart/form-data; boundary=b"}
            answer = await station.ask("POST", "/chat/messages", body=good[:length], headers=headers, session=session)
            assert answer.status == 400, length
        assert station.counts() == before


async def test_files_through_telegram(station: Station) -> None:
    """What the bot announces is not believed either; what it refuses to give is no fault."""
    person = await station.arrived()
    bot = station.bots["citizen"]
    await station.heard("citizen")
    for name in FILES:
        file_name, mime, content, _ = FILES[name]
        data = content()
        for size in (len(data), 0, 1):
            await station.tell(person.document(bot.add_file(data), size, file_name, mime, CANARY))
            if len(data) > MEGABYTE:
                break
        person = await station.arrived()
    await station.tell(person.document("nofile", 9, "a", "b"))
    await station.tell(person.document("../../etc/passwd", 9, "a", "b"))
    await station.tell(person.photo(bot.add_file(b"x" * 10), 21 * MEGABYTE))
    await station.tell(person.voice(bot.add_file(b"\0" * (21 * MEGABYTE)), 5))
    for said in await station.heard("citizen"):
        clean_words(said)
    assert {path.parent for path in (station.folder / "files").rglob("*")} <= {station.folder / "files"}
