"""Keys on PostgreSQL: grace, revocation, use, and the change of the pepper."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import InvalidInput, NotFound, Refused
from servicekit.ids import new_id
from tenancy.access.messages import to_access
from tenancy.access.rules import Access, AccessKey
from tenancy.access.use_cases import list_access_changes
from tenancy.actions.rules import Action
from tenancy.actions.use_cases import OwnerRequest
from tenancy.companies.rules.company import Company
from tenancy.companies.use_cases import find_company
from tenancy.db.rules import ChangePage
from tenancy.events.messages import encode
from tenancy.keys.rules.key_use import KeyUse
from tenancy.keys.rules.keys import Key, KeyState
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.use_cases import Revoked, count_keys, list_keys, report_key_use, revoke_key, rotate_key

Create = Callable[[str], Awaitable[tuple[Company, str]]]

OLD = bytes(range(32))
PEPPERS = Peppers.of(OLD)
NEWER = Peppers.of(bytes(32), OLD)
OWNER = OwnerRequest(Action("owner@tenantry.example", "leaked"))
HOUR = timedelta(hours=1)


async def get_company(engine: AsyncEngine, *, company_id: UUID) -> Company:
    async with engine.begin() as tx:
        return await find_company(tx, company_id)


class Office:
    """What the owner and the gateways do with the keys of one company."""

    def __init__(self, engine: AsyncEngine, company: Company) -> None:
        self.engine = engine
        self.company = company

    async def rotate(self, grace: timedelta = timedelta(0), peppers: Peppers = PEPPERS) -> str:
        issued = await rotate_key(
            self.engine, peppers=peppers, encode=encode, request=OWNER, company_id=self.company.id, grace=grace
        )
        self.company = issued.company
        return issued.key.text(peppers)

    async def revoke(self, key_id: UUID) -> Revoked:
        revoked = await revoke_key(self.engine, encode=encode, request=OWNER, company_id=self.company.id, key_id=key_id)
        self.company = revoked.company
        return revoked

    async def keys(self) -> list[Key]:
        return await list_keys(self.engine, company_id=self.company.id)

    async def states(self) -> list[KeyState]:
        return [key.state(datetime.now(UTC)) for key in await self.keys()]

    async def access(self) -> Access:
        (found,) = await list_access_changes(self.engine, page=ChangePage(self.company.revision - 1, 1))
        return found

    def use(self, key: str, at: datetime, devices: int = 1, peppers: Peppers = PEPPERS) -> KeyUse:
        """As a gateway reports it that knows the key under the oldest of its peppers."""
        known = [*peppers.old, peppers.current][0]
        newest = peppers.current if peppers.old else None
        return KeyUse(
            self.company.id,
            known.digest(key),
            at,
            devices,
            at,
            newest.digest(key) if newest else None,
            newest.id if newest else "",
        )


@pytest.fixture
async def office(engine: AsyncEngine, create: Create, request: pytest.FixtureRequest) -> Office:
    company, _ = await create(request.node.name)
    return Office(engine, company)


async def test_during_its_grace_the_old_key_opens_beside_the_new_one(office: Office, engine: AsyncEngine) -> None:
    (first,) = await office.keys()
    before = datetime.now(UTC)
    key = await office.rotate(HOUR)
    newest, oldest = await office.keys()
    assert (newest.hint, newest.valid_until) == (key[-4:], None)
    assert oldest.id == first.id
    assert oldest.valid_until is not None
    assert before + HOUR <= oldest.valid_until <= datetime.now(UTC) + HOUR
    assert await office.states() == [KeyState.LIVE, KeyState.ENDING]
    assert oldest.state(oldest.valid_until) is KeyState.ENDED

    access = await office.access()
    assert {entry.valid_until for entry in access.keys} == {None, oldest.valid_until}
    # A reader that knows nothing of ends is told of nothing that ends.
    assert list(to_access(access).key_digests) == [PEPPERS.current.digest(key)]
    assert (await get_company(engine, company_id=office.company.id)).key_hint == key[-4:]


async def test_a_later_rotation_never_prolongs_a_key(office: Office) -> None:
    await office.rotate(HOUR)
    ending = (await office.keys())[1].valid_until
    await office.rotate(90 * 24 * HOUR)
    assert (await office.keys())[2].valid_until == ending
    await office.rotate()
    assert await office.states() == [KeyState.LIVE, *[KeyState.ENDED] * 3]


async def test_no_more_than_ten_keys_open_at_once(office: Office) -> None:
    for _ in range(9):
        await office.rotate(HOUR)
    with pytest.raises(Refused, match="10 keys of this company are open: revoke one of them, or rotate without grace"):
        await office.rotate(HOUR)
    await office.revoke((await office.keys())[5].id)
    await office.rotate(HOUR)
    await office.rotate()
    assert (await office.states()).count(KeyState.LIVE) == 1


async def test_without_its_last_key_nobody_gets_in_until_the_next_rotation(office: Office) -> None:
    second = await office.rotate(HOUR)
    newest, oldest = await office.keys()
    revoked = await office.revoke(oldest.id)
    assert (revoked.keys_left, revoked.company.key_hint) == (1, second[-4:])
    revoked = await office.revoke(newest.id)
    assert (revoked.keys_left, revoked.company.key_hint) == (0, "")
    assert revoked.company == await get_company(office.engine, company_id=office.company.id)
    assert (await office.access()).keys == ()
    with pytest.raises(Refused, match="cannot revoke this key: it ended at"):
        await office.revoke(newest.id)
    third = await office.rotate()
    assert [entry.digest for entry in (await office.access()).keys] == [PEPPERS.current.digest(third)]


async def test_a_key_is_revoked_in_its_own_company_alone(office: Office, create: Create) -> None:
    other, _ = await create("Somebody else")
    (foreign,) = await list_keys(office.engine, company_id=other.id)
    with pytest.raises(NotFound, match=f"has no key {foreign.id}: look its id up"):
        await office.revoke(foreign.id)


async def test_uses_only_grow_and_counts_follow_the_latest(office: Office) -> None:
    key = await office.rotate()
    now = datetime.now(UTC)

    async def known() -> tuple[datetime | None, int]:
        newest = (await office.keys())[0]
        return newest.last_used_at, newest.devices

    assert await known() == (None, 0)
    await report_key_use(office.engine, peppers=PEPPERS, uses=[office.use(key, now - HOUR, 5)])
    assert await known() == (now - HOUR, 5)
    older = office.use(key, now - 2 * HOUR, 9)
    await report_key_use(office.engine, peppers=PEPPERS, uses=[older])
    assert await known() == (now - HOUR, 5)
    # Its devices have moved on to another key: counted later, not used again.
    moved = replace(office.use(key, now - HOUR, 0), counted_at=now)
    await report_key_use(office.engine, peppers=PEPPERS, uses=[older, moved, moved])
    assert await known() == (now - HOUR, 0)
    await report_key_use(office.engine, peppers=PEPPERS, uses=[office.use(key, now + HOUR, 3)])
    last_used_at, devices = await known()
    assert last_used_at is not None
    assert now <= last_used_at <= datetime.now(UTC)
    assert devices == 3


async def test_uses_of_unknown_keys_and_in_foreign_companies_are_passed_over(office: Office, create: Create) -> None:
    _, foreign = await create("Foreign use")
    uses = [office.use(key, datetime.now(UTC)) for key in (foreign, "company_" + "0" * 32)]
    uses.append(replace(office.use(await office.rotate(), datetime.now(UTC)), company_id=new_id()))
    await report_key_use(office.engine, peppers=PEPPERS, uses=uses)
    assert {key.last_used_at for key in await office.keys()} == {None}
    await report_key_use(office.engine, peppers=PEPPERS, uses=[])
    with pytest.raises(InvalidInput, match="uses has 10001 entries: report at most 10000 at once"):
        await report_key_use(office.engine, peppers=PEPPERS, uses=uses[:1] * 10_001)


async def test_a_key_that_is_used_moves_to_the_new_pepper(office: Office) -> None:
    used, unused = await office.rotate(), await office.rotate(HOUR)
    old, new = PEPPERS.current, NEWER.current
    use = office.use(used, datetime.now(UTC), peppers=NEWER)
    assert (use.digest, use.newest, use.newest_pepper_id) == (old.digest(used), new.digest(used), new.id)
    # A tenancy that has not been told of the new pepper learns nothing; the second report changes nothing.
    await report_key_use(office.engine, peppers=PEPPERS, uses=[use])
    assert {key.pepper_id for key in await office.keys()} == {old.id}
    await report_key_use(office.engine, peppers=NEWER, uses=[use])
    await report_key_use(office.engine, peppers=NEWER, uses=[use])
    access = await office.access()
    ending = next(entry.valid_until for entry in access.keys if entry.valid_until)
    assert set(access.keys) == {
        AccessKey(old.digest(used), old.id, ending),
        AccessKey(new.digest(used), new.id, ending),
        AccessKey(old.digest(unused), old.id, None),
    }
    newest, oldest, _ = await office.keys()
    assert (newest.pepper_id, oldest.pepper_id) == (old.id, new.id)
    assert oldest.last_used_at == use.last_used_at
    assert (await count_keys(office.engine))[new.id] == 1

    rotated = await office.rotate(peppers=NEWER)
    assert (await office.access()).keys == (AccessKey(new.digest(rotated), new.id, None),)


async def test_the_devices_of_both_digests_of_a_key_count(office: Office) -> None:
    key = await office.rotate()
    now = datetime.now(UTC)
    by_old = office.use(key, now, 2, peppers=NEWER)
    by_new = replace(by_old, digest=NEWER.current.digest(key), devices=3, newest=None, newest_pepper_id="")
    await report_key_use(office.engine, peppers=NEWER, uses=[by_old])
    await report_key_use(
        office.engine,
        peppers=NEWER,
        uses=[replace(use, counted_at=now + timedelta(microseconds=1)) for use in (by_old, by_new)],
    )
    assert (await office.keys())[0].devices == 5


async def test_a_foreign_digest_is_not_taken_over(office: Office, create: Create) -> None:
    victim, foreign = await create("Victim")
    own = await office.rotate()
    use = replace(office.use(own, datetime.now(UTC), peppers=NEWER), newest=PEPPERS.current.digest(foreign))
    await report_key_use(office.engine, peppers=NEWER, uses=[use])
    records = await list_access_changes(office.engine, page=ChangePage.checked(after_revision=0, limit=0))
    digest = PEPPERS.current.digest(foreign)
    assert [record.company_id for record in records if digest in {key.digest for key in record.keys}] == [victim.id]
