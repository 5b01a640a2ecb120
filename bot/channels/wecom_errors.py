"""What WeCom's error codes mean for a message: one table, one policy a code.

Source: https://developer.work.weixin.qq.com/document/path/90313. A code may mean another thing than on WeChat: 40001 is
the secret here and the token there.
"""

from typing import Final

from bot.channels.cgi_errors import CgiRefusal, Policy

POLICIES: Final[dict[int, Policy]] = {
    -1: Policy.LATER,  # busy
    40001: Policy.ACCOUNT,  # the secret is not the app's
    40003: Policy.BLOCKED,  # no such member
    40004: Policy.NEVER,  # type of media
    40005: Policy.NEVER,  # type of upload
    40006: Policy.NEVER,  # size of file
    40007: Policy.GONE,  # media id
    40008: Policy.NEVER,  # type of message
    40009: Policy.NEVER,  # size of picture
    40011: Policy.NEVER,  # size of video
    40013: Policy.ACCOUNT,  # corp id
    40014: Policy.RENEW,  # invalid access_token
    40016: Policy.NEVER,  # number of buttons
    40017: Policy.NEVER,  # type of button
    40018: Policy.NEVER,  # label of a button
    40019: Policy.NEVER,  # key of a button
    40033: Policy.NEVER,  # characters
    40035: Policy.NEVER,  # parameters
    40056: Policy.ACCOUNT,  # agent id
    40058: Policy.NEVER,  # parameters
    40063: Policy.NEVER,  # an empty parameter
    40091: Policy.ACCOUNT,  # the secret of another enterprise
    41001: Policy.RENEW,  # access_token missing
    41002: Policy.ACCOUNT,  # corp id missing
    41004: Policy.ACCOUNT,  # secret missing
    41006: Policy.GONE,  # media id missing
    41011: Policy.ACCOUNT,  # agent id missing
    41016: Policy.NEVER,  # title missing
    41048: Policy.NEVER,  # named by no list that could be read here; the numbers around it say that a field is missing
    42001: Policy.RENEW,  # access_token ran out
    42014: Policy.NEVER,  # task id of a card …
    42015: Policy.NEVER,  # … sent by another app
    42016: Policy.NEVER,  # … that there is none of
    42017: Policy.NEVER,  # … without this button
    42018: Policy.NEVER,  # … with a key that can be none
    42022: Policy.NEVER,  # a code that was used already
    42045: Policy.NEVER,  # a card's action
    43004: Policy.BLOCKED,  # has not joined
    44001: Policy.NEVER,  # empty file
    44004: Policy.NEVER,  # empty text
    45001: Policy.NEVER,  # size of media
    45002: Policy.NEVER,  # too long
    45007: Policy.NEVER,  # a voice of more than a minute
    45009: Policy.ACCOUNT,  # too many calls: of the minute, the hour or the day, it does not say
    45033: Policy.MINUTE,  # too many calls at once
    46004: Policy.BLOCKED,  # no such member
    48002: Policy.ACCOUNT,  # the app may not call this
    48004: Policy.ACCOUNT,  # the app's authorization ended
    48006: Policy.ACCOUNT,  # the call was taken from the app
    50002: Policy.BLOCKED,  # outside of what the app may see
    50003: Policy.ACCOUNT,  # the app is switched off
    60011: Policy.BLOCKED,  # outside of what the app may see
    60020: Policy.ACCOUNT,  # our IP address is not among the app's trusted ones
    60111: Policy.BLOCKED,  # no such member
    81013: Policy.BLOCKED,  # nobody of those named can be reached
    82001: Policy.NEVER,  # nobody was named
    85002: Policy.NEVER,  # words that the platform does not carry
    301002: Policy.ACCOUNT,  # the secret is another app's than the agent id
}


class WeComRefusal(CgiRefusal):
    """WeCom answered with an `errcode`."""

    platform = "wecom"
    policies = POLICIES
