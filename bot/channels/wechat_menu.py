"""The menu at the foot of the account's chat: ours, as the platform takes it, and the one that the account has.

A tap on it comes as an event with the key of the button (`wechat_parsing.MENU`), which says a word for the person.
(https://developers.weixin.qq.com/doc/offiaccount/Custom_Menus/Creating_Custom-Defined_Menu.html)
"""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import yaml

from bot.channels.wechat_api import WeChatApi
from bot.channels.wechat_parsing import MENU

#: Bytes of a name, how many buttons: on the bar and in one of its lists.
BAR_NAME: Final = 16
LIST_NAME: Final = 60
BAR: Final = 3
LIST: Final = 5


@dataclass(frozen=True, slots=True)
class MenuButton:
    """`does` is what a tap does: "click KEY", "view ADDRESS" …; "" for one that opens its `items`."""

    name: str
    does: str = ""
    items: tuple["MenuButton", ...] = ()


Menu = tuple[MenuButton, ...]


def our_menu() -> Menu:
    """The menu of `bot/wording/menu.zh_CN.yaml`. An account has one, in the language of most.

    Raises `ValueError`, which says what of it the platform or the program would not take.
    """
    return read_menu(files("bot.wording").joinpath("menu.zh_CN.yaml").read_text("utf-8"))


def read_menu(text: str) -> Menu:
    """A menu as YAML. Raises `ValueError`."""
    try:
        rows = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ValueError("the menu is no YAML") from None
    return _buttons(rows, BAR, BAR_NAME, nested=True)


def _buttons(rows: Any, most: int, name_bytes: int, *, nested: bool) -> Menu:
    if not isinstance(rows, list) or not 1 <= len(rows) <= most:
        raise ValueError(f"there must be 1 to {most} buttons beside each other")
    buttons = []
    for row in rows:
        name = row.get("name") if isinstance(row, dict) else None
        if not isinstance(name, str) or not 1 <= len(name.encode()) <= name_bytes:
            raise ValueError(f"{name!r} is no name of 1 to {name_bytes} bytes (a Chinese character has three)")
        if nested and "items" in row:
            buttons.append(MenuButton(name, items=_buttons(row["items"], LIST, LIST_NAME, nested=False)))
        elif row.get("key") in MENU:
            buttons.append(MenuButton(name, f"click {row['key']}"))
        else:
            raise ValueError(f"{name!r} needs a key, one of {', '.join(MENU)}")
    return tuple(buttons)


def as_body(menu: Menu) -> dict[str, Any]:
    """What `menu/create` takes."""

    def button(one: MenuButton) -> dict[str, Any]:
        if one.items:
            return {"name": one.name, "sub_button": [button(item) for item in one.items]}
        kind, _, key = one.does.partition(" ")
        return {"type": kind, "name": one.name, "key": key}

    return {"button": [button(one) for one in menu]}


async def current_menu(api: WeChatApi) -> Menu:
    """The menu that people see now, whether a program or a person in the console made it; empty for none.

    Raises `WeChatRefusal`, `DeliveryError`, `StorageUnavailable`.
    """
    answer = await api.look("get_current_selfmenu_info")
    info = answer.get("selfmenu_info")
    if answer.get("is_menu_open") != 1 or not isinstance(info, dict):
        return ()
    return _seen(info.get("button"))


async def send_menu(api: WeChatApi, menu: Menu) -> None:
    """Replace the account's menu; people see it within minutes. Raises as `current_menu`."""
    await api.call("menu/create", as_body(menu))


def _seen(rows: Any) -> Menu:
    """Buttons as the platform shows them, whatever they do; what it may not be is passed over."""
    found = []
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict):
            continue
        inner = row.get("sub_button")
        items = _seen(inner.get("list") if isinstance(inner, dict) else inner)
        does = next((str(row[name]) for name in ("key", "url", "value", "appid") if row.get(name)), "")
        kind = "" if items else f"{row.get('type', '')} {does}".strip()
        found.append(MenuButton(str(row.get("name", "")), kind, items))
    return tuple(found)
