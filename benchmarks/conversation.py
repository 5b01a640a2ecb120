"""The work that every contestant does: a citizen scans a code, says one thing and sends it in.

Three messages and four replies: the greeting and the privacy notice, "taken down", and the receipt.
"""

import itertools
from typing import Any

import orjson

#: Replies to each of the three messages.
REPLIES = (2, 1, 1)
TOKEN = "1000001:AAE-bench-citizen-012345"
DESK_TOKEN = "1000002:AAE-bench-desk-012345678"
SECRET = "benchmark-webhook"

#: Ordinary matters of 30 to 90 characters: neither dangers nor corruption, which are answered in other ways.
MATTERS = (
    "海珀路和文化路交叉口的路灯已经半个月不亮了，晚上老人小孩走路很不方便，麻烦尽快派人来看一下。",
    "我们小区 3 号楼门口的垃圾桶好几天没有人清运，天一热味道特别大，苍蝇也多，物业说不归他们管。",
    "楼下烧烤店每天晚上营业到两点多，油烟直接排到楼道里，噪音很大，孩子第二天还要上学，希望管一管。",
    "公司拖欠我们三个月工资，一共十几个人，老板电话不接，去劳动所问过一次，让我们等消息。",
    "文化路菜场门口的窨井盖松了，车子一过就响，晚上睡不着，已经打过两次电话没有人来修。",
    "想问一下今年新生入学的学区怎么划分，我们是租房居住，居住证已经办了两年，需要准备什么材料？",
    "公交 12 路现在四十分钟才来一班，早高峰根本挤不上去，能不能跟公交公司反映一下增加班次。",
    "小区里电动车充电桩坏了一大半，报修以后一直没有人来，大家只好从楼上拉电线下来充，不安全。",
    "村口到小桥的那段水泥路坑坑洼洼，下雨天全是积水，骑车摔过好几次了，什么时候能修一修。",
    "社区卫生服务站周末没有医生，老人配降压药要跑到县医院，来回两个小时，希望周末也能开诊。",
    "自来水这两天发黄，放了十分钟还是黄的，整栋楼都是这样，打水务公司电话一直占线。",
    "广场舞音响从早上六点一直开到八点，就在我们楼下，家里有夜班的人，请帮忙协调一下时间和音量。",
    "我父亲今年八十三岁，一个人住，想申请居家养老服务，不知道找哪个部门，需要什么条件。",
    "人行道上全是乱停的汽车，盲道都被占了，推婴儿车只能走到马路中间去，太难走了。",
    "去年在健身房办的年卡，今年人去楼空，退费电话打不通，市场监管那边让我们自己去起诉。",
    "河边那家小厂晚上偷偷排水，第二天河水发黑发臭，钓鱼的人都看得见，希望来查一查。",
)  # fmt: skip
SUBMIT = "提交"

_update_ids = itertools.count(1)
_chat_ids = itertools.count(500_000_001)


def new_citizen() -> int:
    """The chat of somebody who was never here before."""
    return next(_chat_ids)


def updates(chat_id: int, code: str) -> list[bytes]:
    """The three updates of one citizen's conversation, as Telegram would post them."""
    texts = (f"/start {code}", MATTERS[chat_id % len(MATTERS)], SUBMIT)
    return [orjson.dumps(_update(chat_id, number, text)) for number, text in enumerate(texts, start=1)]


def _update(chat_id: int, message_id: int, text: str) -> dict[str, Any]:
    message: dict[str, Any] = {
        "message_id": message_id,
        "from": {"id": chat_id, "is_bot": False, "first_name": "王", "language_code": "zh-hans"},
        "chat": {"id": chat_id, "first_name": "王", "type": "private"},
        "date": 1_795_000_000 + message_id,
        "text": text,
    }
    if text.startswith("/"):
        message["entities"] = [{"offset": 0, "length": len(text.partition(" ")[0]), "type": "bot_command"}]
    return {"update_id": next(_update_ids), "message": message}
