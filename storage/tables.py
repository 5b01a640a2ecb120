"""The mappers of all tables, made once per engine."""

from typing import Any

from sqlalchemy import Dialect

from routing.assignment import Assignment
from routing.case import Case, CaseEvent, StoredFile, Submission, SubmissionPart
from routing.code import Code, Scan
from routing.follow_up import FollowUp
from routing.inbox import InboxRecord, MailboxMessage
from routing.notice import Notice
from routing.people import AccessAttempt, Address, ButtonGrant, Contact, Conversation, Invitation, LinkCode, Member
from routing.platform_code import PlatformCode
from routing.platform_token import PlatformToken
from routing.rule import Place, RoutingRule, RuleEvent
from routing.station import Department, Deputy, Station
from routing.trained import ModelEvent, TrainedModel
from storage import schema
from storage.mapper import Mapper

INBOX_KEY = ("channel", "account", "external_id")
ADDRESS_KEY = ("channel", "account", "user_id")
ACCOUNT = ("channel", "account")
PLATFORM_CODE = ("channel", "account", "code")
ADDRESS_ID = ("address_id",)
NUMBER = ("number",)
SECRET_HASH = ("secret_hash",)
PENDING = "state = 'pending'"


class Tables:
    """One mapper per table that holds a dataclass, in the order in which new rows are written."""

    def __init__(self, dialect: Dialect) -> None:
        self.stations = Mapper(Station, schema.stations, dialect)
        self.departments = Mapper(Department, schema.departments, dialect)
        self.deputies = Mapper(Deputy, schema.deputies, dialect)
        self.contacts = Mapper(Contact, schema.contacts, dialect)
        self.addresses = Mapper(Address, schema.addresses, dialect, ADDRESS_KEY)
        self.members = Mapper(Member, schema.members, dialect)
        self.routing_rules = Mapper(RoutingRule, schema.routing_rules, dialect)
        self.rule_events = Mapper(RuleEvent, schema.rule_events, dialect)
        self.places = Mapper(Place, schema.places, dialect)
        self.invitations = Mapper(Invitation, schema.invitations, dialect, SECRET_HASH)
        self.link_codes = Mapper(LinkCode, schema.link_codes, dialect, SECRET_HASH)
        self.codes = Mapper(Code, schema.codes, dialect)
        self.scans = Mapper(Scan, schema.scans, dialect)
        self.inbox = Mapper(InboxRecord, schema.inbox, dialect, INBOX_KEY)
        self.conversations = Mapper(Conversation, schema.conversations, dialect, ADDRESS_ID)
        self.access_attempts = Mapper(AccessAttempt, schema.access_attempts, dialect)
        self.cases = Mapper(Case, schema.cases, dialect, NUMBER)
        self.submissions = Mapper(Submission, schema.submissions, dialect)
        self.files = Mapper(StoredFile, schema.files, dialect)
        self.submission_parts = Mapper(SubmissionPart, schema.submission_parts, dialect, owners={"submission_id": ""})
        self.case_events = Mapper(CaseEvent, schema.case_events, dialect, owners={"case_id": ""})
        self.assignments = Mapper(Assignment, schema.assignments, dialect, owners={"case_id": ""})
        self.follow_ups = Mapper(
            FollowUp, schema.follow_ups, dialect, owners={"case_id": PENDING, "submission_id": PENDING}
        )
        self.notices = Mapper(Notice, schema.notices, dialect)
        self.buttons = Mapper(ButtonGrant, schema.buttons, dialect)
        self.mailbox = Mapper(MailboxMessage, schema.mailbox, dialect)
        self.platform_tokens = Mapper(PlatformToken, schema.platform_tokens, dialect, ACCOUNT)
        self.platform_codes = Mapper(PlatformCode, schema.platform_codes, dialect, PLATFORM_CODE)
        self.models = Mapper(TrainedModel, schema.models, dialect)
        self.model_events = Mapper(ModelEvent, schema.model_events, dialect)
        self.in_order: list[Mapper[Any]] = [value for value in vars(self).values() if isinstance(value, Mapper)]
