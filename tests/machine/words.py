"""What people type and press, and what that is called in the model."""

from tests.machine.cast import DEPUTY, INTEGRITY, STAFF, SUBSTITUTE

#: What members type for each step, after the step's name in the model, and who may try it.
COMMANDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "assign": ("改派 {} {}", STAFF),
    "accept": ("受理 {}", STAFF),
    "decline": ("不受理 {} 请走诉讼渠道", STAFF),
    "seal": ("转受限 {}", STAFF),
    "confirm": ("签收 {}", ("周敏", "韩雪", "陈静")),
    "send_back": ("退回 {} 不归我们管", ("周敏", "韩雪")),
    "ask": ("提问 {} 是哪一段路", ("陈静", DEPUTY, "周敏")),
    "answer": ("答复 {} 已解决 已经修好", ("周敏", "韩雪", "陈静")),
    "close": ("办结 {} 已现场说明", STAFF),
    "redo": ("重办 {} 请到现场复查", STAFF),
    "urge": ("催办 {}", STAFF),
    "message": ("发 {} 师傅明天到", STAFF),
    "hear": ("我来听 {}", (DEPUTY, SUBSTITUTE)),
    "look": ("查 {}", STAFF),
    "transfer": ("移送 {} 收据第三号", (INTEGRITY,)),
    "list_sealed": ("受限", (INTEGRITY,)),
}
#: What citizens type for each step, with a case's number where it is about one.
OWN = {
    "submit": "提交",
    "discard": "取消",
    "withdraw_ask": "撤回 {}",
    "begin_adding": "补充 {}",
    "progress": "进度 {}",
}
#: Steps that bring a case on from where it stands, so that most runs get far.
ONWARD = {
    "received": ("assign", "accept", "hear", "ask", "decline", "seal"),
    "accepted": ("assign", "ask", "answer"),
    "proposed": ("confirm", "send_back", "assign", "urge"),
    "assigned": ("answer", "ask", "assign", "urge"),
    "review": ("redo", "close"),
    "sealed": ("transfer",),
}
#: Buttons by their label: what pressing does in the model, and what with.
BUTTONS: dict[str, tuple[str, str]] = {
    "满意": ("rate", "satisfied"),
    "基本满意": ("rate", "mostly"),
    "不满意": ("rate", "dissatisfied"),
    "没解决": ("reason", ""),
    "撤回这一件": ("withdraw", ""),
    "一直好着": ("look_back", "good"),
    "又不行了": ("look_back", "bad"),
    "我来听": ("hear", ""),
    "受理": ("accept", ""),
    "签收": ("confirm", ""),
}
#: How far a case may have come when a run begins.
BEGUN = ("", "told", "told assign", "told assign confirm", "told assign confirm ask", "told assign confirm answer")
