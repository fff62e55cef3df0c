"""How a use case turns what happened into a message without knowing the contract."""

from collections.abc import Callable

from billing.subscriptions.rules.events import Event
from servicekit.events import OutgoingEvent

Encode = Callable[[Event], OutgoingEvent]
