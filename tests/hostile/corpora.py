"""What hostile visitors send: the collections of `../shared/corpora` where they are, and cases of our own everywhere.

Data only: no address in it is ever resolved. https://github.com/minimaxir/big-list-of-naughty-strings,
https://github.com/nst/JSONTestSuite, https://github.com/swisskyrepo/PayloadsAllTheThings, defusedxml's tests.
"""

import json
from functools import cache
from pathlib import Path

from tests.hostile import generated

FOLDER = Path(__file__).parents[3] / "shared" / "corpora"

OWN = (
    "0", "-1", "1", "2", "99", "¹", "٣", "１", "١٢", "²", "Ⅷ", "null", "None", "NaN", "undefined", "true", "[]", "{}",
    '""', "\\",
    "HP-261123-001", "hp261123001", "HB-000000-000", "A" * 6 + "-999999-ZZZZZZ", "HB-２６１１２３-００１", "-" * 100,
    "進度", "补充",
    "补充 ", "补充 HB-000000-000", "撤回", "撤回 HB-000000-000", "提交", "人工", "帮助", "語言", "语言", "隐私",
    "站点", "同意转交",
    "满意", "不满意", "/start", "/start@x", "/start \t", "/help@bot x", "/", "//", "/进度", "join_",
    "join_0000-0000-0000",
    "0000-0000-0000", "JOIN_OOOO-IIII-LLLL", "12345678", "abcd1234", "ABCD 123O", "{number}", "{0}", "{", "}",
    "%s%n%d", "${jndi:ldap://127.0.0.1/a}",
    "{{7*7}}", "<%= 7*7 %>", "#{7*7}", "=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "\t=1", "'; DROP TABLE cases; --",
    "\u200b", "\u200b\u200c\u200d\ufeff", "\u202e\u202dabc", "\u2066\u2067\u2069", "e\u0301" * 50,
    "Z" + "\u0300" * 500, "\ufffe\uffff",
    "👨‍👩‍👧‍👦" * 30, "🏳️‍🌈", "\U0010ffff", "𠮷" * 100, "\x01\x02\x7f", "\x1a", "\x1a0000", "\x1b[31m",
    "\r\n.\r\n", "a\r\nX-Injected: 1",
    "\u2028\u2029\u0085", "\u3000\u3000改派\u3000城管", "İı", "ﬁﬂ", "ß" * 50, "＜ｓｃｒｉｐｔ＞", "路灯" * 2000,
    "a" * 4096, "\n" * 4000,
    "https://" + "a" * 4000, "举报。局长" * 700, "没有不是没有不是" * 500, "煤气泄漏" * 900, "(" * 4000,
    "13812345678 " * 300,
)  # fmt: skip


def _there(name: str) -> Path | None:
    folder = FOLDER / name
    return folder if folder.is_dir() else None


@cache
def naughty_strings() -> list[str]:
    """The big list of naughty strings, or as many of our own."""
    folder = _there("blns")
    return list(json.loads((folder / "blns.json").read_text("utf-8"))) if folder else generated.strings(500, seed=7)


@cache
def payloads() -> list[str]:
    """Lines of the attack lists (SQL, cross-site scripting, XML, formulas), and our own to make them 1,500."""
    lines: dict[str, None] = {}
    folder = _there("patt")
    for file in sorted(folder.iterdir()) if folder else ():
        if file.name != "LICENSE":
            lines.update(
                dict.fromkeys(line for line in file.read_text("utf-8", "replace").splitlines() if line.strip())
            )
    return [*lines, *generated.strings(max(100, 1500 - len(lines)))]


def strings() -> list[str]:
    """Every string there is."""
    return list(dict.fromkeys((*OWN, *naughty_strings(), *payloads())))


@cache
def json_files() -> dict[str, bytes]:
    """Bodies by name: y_ is JSON, n_ is none, i_ may be either."""
    folder = _there("jsontestsuite")
    files = sorted((folder / "test_parsing").glob("*.json")) if folder else ()
    return {**generated.json_files(), **{file.name: file.read_bytes() for file in files}}


@cache
def xml_files() -> dict[str, bytes]:
    """Bombs and outward references."""
    bombs, attacks = _there("defusedxml"), _there("patt")
    files = [*(bombs / "xmltestdata").iterdir()] if bombs else []
    files += attacks.glob("XXE*") if attacks else []
    return {**generated.xml_files(), **{file.name: file.read_bytes() for file in files if file.is_file()}}
