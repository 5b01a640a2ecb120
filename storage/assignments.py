"""Who acts on which case."""

from collections.abc import Sequence

from routing.assignment import Assignment
from storage.work import Work


class Assignments:
    """`routing.repositories.AssignmentRepository`."""

    def __init__(self, work: Work) -> None:
        self._assignments = work.map(work.tables.assignments)

    def add(self, assignment: Assignment) -> None:
        self._assignments.add(assignment)

    def of_case(self, case_id: int) -> Sequence[Assignment]:
        return sorted(self._assignments.owned("case_id", case_id), key=lambda assignment: assignment.id)
