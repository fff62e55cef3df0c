"""What every call of the native API is given, and how it finds out which device is calling."""

from dataclasses import dataclass

from tracking.access.api import Admission
from tracking.access.use_cases import ConfigWatch
from tracking.gateway.api.desktop_context import Gateway
from tracking.ingest.use_cases.sync_records import RecordTaker


@dataclass(frozen=True, slots=True)
class Native:
    """What the calls need."""

    gateway: Gateway
    admission: Admission
    records: RecordTaker
    watch: ConfigWatch
