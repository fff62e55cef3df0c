"""What is left of a subscription once its company was closed: it ends, and what is owed may still be paid."""

from datetime import datetime

from billing.domain.wording import day
from servicekit.errors import Refused


def refuse_closed(closed_at: datetime | None) -> None:
    """Refused for a company that was closed, which is for ever; None: it was not."""
    if closed_at is not None:
        raise Refused(
            f"The company was closed on {day(closed_at)}: its subscription goes on no more. What it owes can still be "
            "paid; for a customer who comes back, create a new company."
        )
