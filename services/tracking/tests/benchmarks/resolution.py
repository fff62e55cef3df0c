"""What it takes to find out whose call it is, from memory: `python resolution.py`.

10,000 companies with 20 devices each are known; calls come from anywhere, in no order.
"""

import asyncio
import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta

from credentials.tokens import new_token, token_digest
from servicekit.database import create_engine
from servicekit.ids import new_id
from tracking.access.rules.company_keys import CompanyKey, Peppers
from tracking.access.rules.directory import AccessDirectory, Company, Entitlement, Verdict
from tracking.devices.store.devices import Device
from tracking.devices.use_cases.authenticate import Authenticator

COMPANIES, DEVICES = 10_000, 20
CALLS = 200_000
GOAL_MICROSECONDS = 15.0


def stand() -> tuple[AccessDirectory, Authenticator, list[tuple[bytes, str]]]:
    """Everybody is known; returns also the key and the token of each device."""
    peppers, now = Peppers(b"pepper"), datetime.now(UTC)
    directory = AccessDirectory(peppers)
    authenticator = Authenticator(create_engine("postgresql://nobody@localhost/nothing", name="resolution"))
    callers = []
    companies, entitlements = [], []
    for number in range(COMPANIES):
        company_id, key = new_id(), b"company_%032x" % number
        companies.append(Company(company_id, False, "UTC", (CompanyKey(company_id, peppers.newest_digest(key)),)))
        entitlements.append(Entitlement(company_id, now + timedelta(days=30), DEVICES, 10**9, 30))
        for _ in range(DEVICES):
            token = new_token()
            device = Device(new_id(), new_id(), 1, now, timedelta())
            authenticator._remember((company_id.int, token_digest(token)), device)
            callers.append((key, token))
    directory.take_companies(companies, COMPANIES)
    directory.take_entitlements(entitlements, COMPANIES)
    directory.confirm_companies(float("inf"))
    directory.confirm_entitlements(float("inf"))
    authenticator._confirmed = float("inf")
    return directory, authenticator, callers


async def main() -> None:
    """Prints one line of JSON."""
    began = time.process_time()
    directory, authenticator, callers = stand()
    filled = time.process_time() - began
    calls = random.choices(callers, k=CALLS)
    found = []
    for _ in range(3):
        began = time.process_time()
        for key, token in calls:
            access = directory.decide(key, now=datetime.now(UTC), monotonic=time.monotonic())
            assert access.verdict is Verdict.ALLOWED
            assert access.company is not None
            assert authenticator.remembered(access.company.company_id, token) is not None
        found.append((time.process_time() - began) / CALLS * 1e6)
    result = {"devices": len(callers), "filling_cpu_s": filled, "first_us": found[0], "again_us": found[-1]}
    sys.stdout.write(json.dumps(result | {"goal_us": GOAL_MICROSECONDS}) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
