"""What an edit is refused with when somebody else was first."""

from collections.abc import Mapping

from servicekit.errors import Conflict
from tracking.workspace.rules.editing import LastEdit, changed_meanwhile


class Stale(Conflict):
    """The form began with an older version. `version` is the one that its next attempt has seen."""

    def __init__(self, last: LastEdit, saved: Mapping[str, str]) -> None:
        """`saved`: what is stored now, by label, where it is not what was typed."""
        super().__init__(changed_meanwhile(last, saved))
        self.version = last.version
