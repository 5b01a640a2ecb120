"""What citizens said, message by message, and the files they sent."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import bindparam, select

from routing.case import StoredFile, Submission, SubmissionPart
from storage.codec import decode_text
from storage.schema import files, submission_parts, submissions
from storage.work import Work

_OF_CASE = select(submissions).where(submissions.c.case_id == bindparam("case")).order_by(submissions.c.id)
_OF_CONTACT = select(submissions).where(submissions.c.contact_id == bindparam("contact")).order_by(submissions.c.id)
_WORDS = (
    select(submissions.c.case_id, submission_parts.c.text)
    .join(submission_parts, submission_parts.c.submission_id == submissions.c.id)
    .where(
        submissions.c.withdrawn_at.is_(None),
        submission_parts.c.text.is_not(None),
        submission_parts.c.author == "citizen",
    )
    .order_by(submissions.c.id, submission_parts.c.seq)
)
_BY_NAME = select(files).where(files.c.name == bindparam("file"))
_NAMES = select(files.c.name).where(files.c.name.is_not(None))
_PENDING = select(files).where(files.c.state == "pending").order_by(files.c.id).limit(bindparam("limit"))


class Submissions:
    """`routing.repositories.SubmissionRepository`."""

    def __init__(self, work: Work) -> None:
        self._session = work.session
        self._submissions = work.map(work.tables.submissions)
        self._parts = work.map(work.tables.submission_parts)

    def get(self, submission_id: int) -> Submission | None:
        return self._submissions.get(submission_id)

    def add(self, submission: Submission) -> None:
        self._submissions.add(submission)

    def of_case(self, case_id: int) -> Sequence[Submission]:
        return self._submissions.select(_OF_CASE, {"case": case_id})

    def of_contact(self, contact_id: int) -> Sequence[Submission]:
        return self._submissions.select(_OF_CONTACT, {"contact": contact_id})

    def add_part(self, part: SubmissionPart) -> None:
        self._parts.add(part)

    def words_of(self, case_ids: Sequence[int]) -> dict[int, str]:
        self._submissions.flush()
        self._parts.flush()
        words: dict[int, list[str]] = defaultdict(list)
        for case_id, text in self._session.select(_WORDS.where(submissions.c.case_id.in_(case_ids))):
            words[case_id].append(decode_text(text))
        return {case_id: "\n".join(texts) for case_id, texts in words.items()}

    def parts(self, submission_id: int) -> Sequence[SubmissionPart]:
        return sorted(self._parts.owned("submission_id", submission_id), key=lambda part: part.seq)


class Files:
    """`routing.repositories.FileRepository`."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._files = work.map(work.tables.files)

    def get(self, file_id: int) -> StoredFile | None:
        return self._files.get(file_id)

    def by_name(self, name: str) -> StoredFile | None:
        # Not a lookup: a file gets its name only when its content has been fetched.
        found = self._files.select(_BY_NAME, {"file": name})
        return found[0] if found else None

    def add(self, file: StoredFile) -> None:
        self._files.add(file)

    def pending(self, limit: int = 20) -> Sequence[StoredFile]:
        return self._files.select(_PENDING, {"limit": limit})

    def names(self) -> set[str]:
        return {row[0] for row in self._work.session.select(_NAMES)}
