"""Pictures, drawn anew: nothing that their file told about who took them, where and with what, is kept."""

import io

from PIL import Image, ImageOps

from routing.errors import Refused
from storage.content import GIF, JPEG, PNG, WEBP, ContentType

#: Pixels; a phone's best camera makes 50 million in its normal mode.
MAX_PIXELS = 64_000_000
_FORMATS = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP", GIF: "GIF"}

# Pillow would warn by a filter that all threads share. The limit below is lower than its own and is applied to the
# size in the header, before anything is unpacked.
Image.MAX_IMAGE_PIXELS = None


def redraw(content: bytes, found: ContentType) -> tuple[bytes, ContentType]:
    """The same picture upright and without EXIF, XMP, comments, colour profile or hidden trailer.

    An animation is kept as its first frame (GIF becomes PNG). Takes up to a second of processor time.
    Raises `Refused("file.broken")`, or `Refused("file.size")` for more than `MAX_PIXELS`.
    """
    try:
        image = Image.open(io.BytesIO(content), formats=[_FORMATS[found]])
    except Exception:
        # Pillow raises nearly anything on a hostile file.
        raise Refused("file.broken") from None
    with image:
        if image.width * image.height > MAX_PIXELS:
            raise Refused("file.size")
        try:
            return _draw(image, PNG if found is GIF else found)
        except Exception:
            raise Refused("file.broken") from None


def _draw(image: Image.Image, target: ContentType) -> tuple[bytes, ContentType]:
    image.load()
    try:
        upright = ImageOps.exif_transpose(image)
    except Exception:
        # EXIF that can't be read is no reason to lose the picture.
        upright = image
    see_through = target is not JPEG and upright.has_transparency_data
    plain = upright.convert("L" if upright.mode in ("1", "L") else "RGBA" if see_through else "RGB")
    # Pillow's writers take comments and profiles from here.
    plain.info = {}
    out = io.BytesIO()
    if target is PNG:
        plain.save(out, "PNG")
    else:
        plain.save(out, _FORMATS[target], quality=88)
    return out.getvalue(), target
