"""Who acts on which case."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from routing.assignment import Assignment
from storage.schema import assignments
from storage.work import Work

_OF_CASE = select(assignments).where(assignments.c.case_id == bindparam("case")).order_by(assignments.c.id)


class Assignments:
    """`routing.ports.AssignmentRepository`."""

    def __init__(self, work: Work) -> None:
        self._assignments = work.map(work.tables.assignments)

    def add(self, assignment: Assignment) -> None:
        self._assignments.add(assignment)

    def of_case(self, case_id: int) -> Sequence[Assignment]:
        return self._assignments.select(_OF_CASE, {"case": case_id}, ("case_id", case_id))
