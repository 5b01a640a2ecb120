"""Hostile strings and bodies of our own making, the same at every run: what is sent where no collection is at hand."""

import json
import random

_PIECES = (
    "路灯不亮", "楼道", "举报书记", "煤气泄漏", "13800138731", "HP-261123-001", "补充", "提交", "满意", "/start",
    "join_",
    "' OR '1'='1", "\"; DROP TABLE cases; --", "UNION SELECT", "/*", "*/", "--", "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "javascript:", "&lt;", "]]>", "{{7*7}}", "${7*7}", "{0.__class__}", "%s%n", "%00",
    "../../etc/passwd", "..\\..\\", "file:///etc/passwd", "=1+1", "@SUM(A1)", "+cmd|", "\t=", "\r\n", "\n\n", "\u2028",
    "\u202e", "\u2066", "\u200b", "\ufeff", "\u0300", "\ufffd", "\U0010ffff", "👩‍👧‍👦", "🏳️‍🌈", "𠮷", "ﬁ", "İ", "１２",
    "٣", "²", "\x01", "\x1b[31m", "\x7f", "'", '"', "`", "\\", "|", ";", "&&", "$(id)", "null", "NaN", "-1", "9" * 40,
    "a" * 500, "　", " ",
)  # fmt: skip
#: What JSON never has, put in place of a part of it.
_NO_JSON = (",", "}", "]", "'", "NaN", "01", "1.", "+1", "0x1", "\t\x00", '"\\x"', '"\n"', "tru", "//", "\ufeff\ufeff")
_ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{nested}]><x>&{last};</x>'


def strings(count: int, seed: int = 1) -> list[str]:
    """Pieces of attacks, of the desk's own words and of scripts that computers stumble over, in every mixture."""
    chance = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(chance.choices(_PIECES, k=chance.randint(1, 6)))] = None
    return list(made)


def json_files() -> dict[str, bytes]:
    """Bodies by name: y_ is JSON of no use to us, n_ is none."""
    chance = random.Random(2)
    found: dict[str, bytes] = {}
    for number, string in enumerate(strings(60, seed=3)):
        value = chance.choice(([string], string, number, [[string] * number], None, True, [{string: number}]))
        whole = json.dumps(value)
        found[f"y_{number}.json"] = whole.encode()
        found[f"n_cut_{number}.json"] = json.dumps([string, value])[: -1 - number % 3].encode()
        wrong = _NO_JSON[number % len(_NO_JSON)]
        found[f"n_wrong_{number}.json"] = f"[{whole}, {wrong}".encode()
        found[f"n_bytes_{number}.json"] = b'["' + bytes(chance.choices(range(0x80, 0xC0), k=4)) + b'"]'
    found["n_deep.json"] = b"[" * 100_000
    return found


def xml_files() -> dict[str, bytes]:
    """Bombs and outward references."""
    nested = "".join(f'<!ENTITY a{n} "{"&a;" if n == 0 else f"&a{n - 1};" * 10}">' for n in range(12))
    outward = ("file:///etc/passwd", "http://127.0.0.1:9/x", "php://filter/x", "\\\\127.0.0.1\\x")
    found = {"laughs.xml": _ENTITIES.format(nested=nested, last="a11").encode()}
    for number, where in enumerate(outward):
        found[f"outward{number}.xml"] = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{where}">]><x>&e;</x>'.encode()
        found[f"table{number}.xml"] = f'<!DOCTYPE x SYSTEM "{where}"><x/>'.encode()
        found[f"parameter{number}.xml"] = f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{where}"> %p;]><x/>'.encode()
    return found
