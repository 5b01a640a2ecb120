"""The XML of WeChat and WeCom, in and out: outside input is read with defusedxml, and what people wrote can't break an
answer's form."""

import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

# Characters that no XML 1.0 document may hold, not even as a reference (https://www.w3.org/TR/xml/#charsets).
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class BadXml(Exception):
    """Not the XML of a message. The text quotes nothing of it."""


def read_xml(text: str) -> Element:
    """The `<xml>` element of a message. No DTD is taken, so no entity and no external reference either.

    Raises:
        BadXml: it is not well-formed, or not a message.
    """
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        # The last two come from expat's handling of declared encodings and of characters that aren't any.
        raise BadXml("not well-formed, or with a DTD") from None
    if not isinstance(root, Element) or root.tag != "xml":
        raise BadXml("not a message")
    return root


def cdata(text: str) -> str:
    """`text` as character data. A `]]>` in it is parted over two sections, which every parser joins again; characters
    that XML can't hold are left out, so that the text never grows beyond what was measured."""
    return "<![CDATA[" + _FORBIDDEN.sub("", text).replace("]]>", "]]]]><![CDATA[>") + "]]>"
