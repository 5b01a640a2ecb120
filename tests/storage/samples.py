"""Small files of each kind, made on the spot."""

import io
import zipfile

from openpyxl import Workbook
from PIL import Image


def picture(format: str, mode: str = "RGB", size: tuple[int, int] = (40, 20), **options: object) -> bytes:
    out = io.BytesIO()
    image = Image.new(mode, size)
    image.putpixel((0, 0), 255 if mode in ("L", "P", "1") else (255,) * len(mode))
    image.save(out, format, **options)
    return out.getvalue()


def archive(*names: str, content: bytes = b"<x/>") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name in names:
            file.writestr(name, content)
    return out.getvalue()


def workbook() -> bytes:
    out = io.BytesIO()
    Workbook().save(out)
    return out.getvalue()


def ogg(codec: bytes) -> bytes:
    return b"OggS\x00\x02" + bytes(22) + codec + bytes(100)


def mp4(brand: bytes, *handlers: bytes) -> bytes:
    tracks = b"".join(b"\x00\x00\x00\x21hdlr" + bytes(8) + handler + bytes(12) for handler in handlers)
    return b"\x00\x00\x00\x18ftyp" + brand + bytes(12) + tracks


#: Two frames of MPEG 1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes each.
MP3_FRAME = b"\xff\xfb\x90\x64" + bytes(413)
