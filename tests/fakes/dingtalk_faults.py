"""What the fake DingTalk refuses with, and what a proxy in front of it answers."""

from tests.fakes.dingtalk_messages import Json

PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
#: Faults that are the platform's own words: HTTP status and body.
REFUSALS: dict[str, tuple[int, Json]] = {
    "rate_limit": (429, {"code": "Throttling", "message": "too many requests"}),
    "qps": (403, {"code": "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", "message": "超过接口调用频率限制"}),
    "quota": (403, {"code": "Forbidden.AccessDenied.ApiCountLimitForOrg", "message": "调用量已用完"}),
    "permission": (
        403,
        {
            "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied",
            "message": "应用尚未开通所需的权限：[qyapi_robot_sendmsg]",
            "accessdenieddetail": {"requiredScopes": ["qyapi_robot_sendmsg"]},
        },
    ),
    "address": (403, {"code": "Forbidden.AccessDenied.IpNotInWhiteList", "message": "ip不在白名单"}),
    "robot": (404, {"code": "resource.not.found", "message": "robot 不存在"}),
    "not_existed": (400, {"code": "staffId.notExisted", "message": "员工不存在"}),
    "refused": (400, {"code": "invalidParameter.msgParam.invalid", "message": "机密内容 is not allowed"}),
    "unauthorized": (401, {"code": "InvalidAuthentication", "message": "不合法的access_token"}),
    "gone": (200, {"processQueryKey": "", "invalidStaffIdList": ["?"]}),
    "filtered": (200, {"processQueryKey": "", "filteredStaffIdList": ["?"]}),
    "flow": (200, {"processQueryKey": "", "flowControlledStaffIdList": ["?"]}),
    "busy": (503, {"code": "ServiceUnavailable", "message": "busy"}),
    "session_gone": (200, {"errcode": 300001, "errmsg": "session 不存在"}),
    "session_quota": (200, {"errcode": 90030, "errmsg": "您的企业本月webhook调用量已超过限制"}),
    "bad_secret": (400, {"code": "invalidClientIdOrSecret", "message": "无效的clientId或者clientSecret"}),
    "bad_login": (401, {"code": "authFailed", "message": "鉴权失败"}),
}
