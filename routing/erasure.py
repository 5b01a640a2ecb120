"""Taking what somebody said out for good."""

from routing.case import SubmissionPart
from routing.ports import UnitOfWork


def erase_part(uow: UnitOfWork, part: SubmissionPart) -> None:
    """Empty one message. The content of a file goes with the next sweep of files that no row names."""
    part.text = part.sealed_text = part.lat = part.lon = None
    file = uow.files.get(part.file_id) if part.file_id is not None else None
    if file is not None:
        file.state, file.name, file.reference = "erased", None, None
