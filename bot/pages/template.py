"""The HTML files of `templates`, filled by Jinja2: every value is escaped, and a missing one is an error."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.pages.words import Words


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("bot.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Chinese as it is: \uXXXX would be twice as long.
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    return made


def render(name: str, words: Words, /, **values: Any) -> str:
    """Fill the template file `name`; in it, `t("key")` is a sentence.

    Raises `jinja2.UndefinedError` for a missing value and `KeyError` for a missing sentence.
    """
    return _environment().get_template(name).render(t=words.say, **values)
