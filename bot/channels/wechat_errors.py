"""What WeChat's error codes mean for a message: one table, one policy a code.

Source: https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
"""

from typing import Final

from bot.channels.cgi_errors import CgiRefusal, Policy

POLICIES: Final[dict[int, Policy]] = {
    -1: Policy.LATER,  # busy
    40001: Policy.RENEW,  # invalid credential
    40003: Policy.BLOCKED,  # no openid of a follower of ours
    40004: Policy.NEVER,  # type of media
    40005: Policy.NEVER,  # type of file
    40006: Policy.NEVER,  # size of file
    40007: Policy.GONE,  # media id
    40008: Policy.NEVER,  # type of message
    40009: Policy.NEVER,  # size of picture
    40010: Policy.NEVER,  # size of voice
    40013: Policy.ACCOUNT,  # appid
    40014: Policy.RENEW,  # invalid access_token
    40035: Policy.NEVER,  # parameters
    40037: Policy.NEVER,  # template
    40125: Policy.ACCOUNT,  # appsecret
    40164: Policy.ACCOUNT,  # our IP address is not on the account's list
    41001: Policy.RENEW,  # access_token missing
    41002: Policy.ACCOUNT,  # appid missing
    41004: Policy.ACCOUNT,  # appsecret missing
    41006: Policy.GONE,  # media id missing
    42001: Policy.RENEW,  # access_token ran out
    43004: Policy.BLOCKED,  # does not follow us
    43019: Policy.BLOCKED,  # on our own list of people to be left alone
    43101: Policy.WRITE_FIRST,  # did not subscribe to this notice, or used it up
    44002: Policy.NEVER,  # empty body
    44004: Policy.NEVER,  # empty text
    45001: Policy.NEVER,  # size of media
    45002: Policy.NEVER,  # too long
    45009: Policy.MIDNIGHT,  # quota of the day
    45011: Policy.MINUTE,  # calls of the minute
    45015: Policy.WRITE_FIRST,  # window closed
    45047: Policy.WRITE_FIRST,  # count used up
    47001: Policy.NEVER,  # JSON
    47003: Policy.NEVER,  # fields of a template
    48001: Policy.WRITE_FIRST_ALARM,  # the account may not call this: replies in the answer are all it has
    48002: Policy.BLOCKED,  # switched messages off
    48004: Policy.ACCOUNT,  # the call was taken from us for breaking a rule
    50002: Policy.WRITE_FIRST_ALARM,  # the person's account, or ours, is frozen
    50005: Policy.BLOCKED,  # does not follow us
    61450: Policy.LATER,  # system error
    89501: Policy.ACCOUNT,  # an administrator must allow this IP address …
    89503: Policy.ACCOUNT,  # … must confirm it
    89506: Policy.ACCOUNT,  # … refused it for a day
    89507: Policy.ACCOUNT,  # … refused it for an hour
}


class WeChatRefusal(CgiRefusal):
    """WeChat answered with an `errcode`."""

    platform = "wechat"
    policies = POLICIES
