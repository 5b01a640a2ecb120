"""Trying a Telegram bot for `main.py doctor telegram`: is the token good, and do updates arrive the way that is set?"""

from bot.channel import DeliveryError
from bot.channels.finding import Finding
from bot.channels.telegram_api import ApiRefusal, BotApi

_TOKEN = "the token is wrong or was revoked: @BotFather → /mybots → the bot → API Token"
_UNREACHABLE = "can this machine reach the API's address? See MASHANG_TELEGRAM_API_BASE, DNS and the firewall"


async def check_bot(api: BotApi, name: str, webhook: str | None) -> list[Finding]:
    """Try the bot of the account `name`. `webhook` is the address that Telegram shall call; None for polling."""
    try:
        await api.call("getMe", {})
        info = await api.call("getWebhookInfo", {})
    except ApiRefusal as refusal:
        return [Finding(f"{name}: token", False, f"{refusal}: {_TOKEN}")]
    except DeliveryError as error:
        return [Finding(f"{name}: token", False, f"{error}: {_UNREACHABLE}")]
    token = Finding(f"{name}: token", True)
    if not isinstance(info, dict):
        return [token, Finding(f"{name}: updates", False, "the Bot API does not say where updates go")]
    return [token, _updates(f"{name}: updates", info, webhook or "")]


def _updates(name: str, info: dict[str, object], wanted: str) -> Finding:
    if info.get("url", "") != wanted:
        way = f"Telegram does not call {wanted}" if wanted else "Telegram calls a webhook, so polling gets nothing"
        return Finding(name, False, f"{way}; `main.py serve` sets it when it starts: restart it, and read its log")
    waiting = info.get("pending_update_count", 0)
    if error := info.get("last_error_message"):
        return Finding(name, False, f"Telegram's last call failed ({error}); {waiting} updates wait")
    return Finding(name, True, detail=f"by {'webhook' if wanted else 'polling'}, {waiting} updates wait")
