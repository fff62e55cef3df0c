"""The access directory: verdicts on keys, companies and entitlements, and the stale copy."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tracking.access.rules.company_keys import CompanyKey, Peppers, is_key
from tracking.access.rules.directory import AccessDirectory, Company, Entitlement, Verdict

PEPPERS = Peppers(b"newest pepper", b"old pepper")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEY, NEW_KEY = b"company_" + b"a" * 32, b"company_" + b"b" * 32
ACME, OTHER = UUID(int=1), UUID(int=2)


def company(*keys: bytes, suspended: bool = False, company_id: UUID = ACME) -> Company:
    known = tuple(CompanyKey(company_id, PEPPERS.newest_digest(key)) for key in keys)
    return Company(company_id, suspended, "UTC", known)


def entitlement(until: datetime = NOW + timedelta(days=30), company_id: UUID = ACME) -> Entitlement:
    return Entitlement(company_id, until, 5, 10**10, 30)


def directory(
    *companies: Company,
    entitlements: tuple[Entitlement, ...] = (entitlement(),),
    at: float = 100.0,
    max_unconfirmed: float = 10.0,
) -> AccessDirectory:
    directory = AccessDirectory(PEPPERS, max_unconfirmed=max_unconfirmed)
    directory.take_companies(list(companies), 7)
    directory.take_entitlements(list(entitlements), 9)
    directory.confirm_companies(at)
    directory.confirm_entitlements(at)
    return directory


def verdict(directory: AccessDirectory, key: bytes | None = KEY, *, now: datetime = NOW, at: float = 100.0) -> Verdict:
    return directory.decide(key, now=now, monotonic=at).verdict


def test_allowed() -> None:
    access = directory(company(KEY)).decide(KEY, now=NOW, monotonic=100.0)
    assert access.verdict is Verdict.ALLOWED
    assert access.company == company(KEY)
    assert access.entitlement == entitlement()


def test_no_key() -> None:
    assert verdict(directory(company(KEY)), None) is Verdict.KEY_MISSING


@pytest.mark.parametrize(
    "key", [b"", KEY[:-1], KEY + b"a", KEY.upper(), b" " + KEY, KEY + b"\n", b"\xff" * 40, NEW_KEY]
)
def test_a_key_that_nobody_has(key: bytes) -> None:
    assert verdict(directory(company(KEY)), key) is Verdict.KEY_INVALID


def test_suspended() -> None:
    assert verdict(directory(company(KEY, suspended=True))) is Verdict.SUSPENDED


def test_expired_to_the_moment() -> None:
    found = directory(company(KEY), entitlements=(entitlement(NOW),))
    assert verdict(found) is Verdict.EXPIRED
    assert verdict(found, now=NOW - timedelta(microseconds=1)) is Verdict.ALLOWED


def test_suspension_is_said_before_expiry() -> None:
    assert verdict(directory(company(KEY, suspended=True), entitlements=(entitlement(NOW),))) is Verdict.SUSPENDED


def test_a_company_that_billing_has_not_heard_of() -> None:
    assert verdict(directory(company(KEY), entitlements=())) is Verdict.UNCONFIRMED


@pytest.mark.parametrize(
    ("age", "expected"), [(0.0, Verdict.ALLOWED), (10.0, Verdict.ALLOWED), (10.01, Verdict.UNCONFIRMED)]
)
def test_what_is_older_than_ten_seconds_is_not_trusted(age: float, expected: Verdict) -> None:
    assert verdict(directory(company(KEY)), at=100.0 + age) is expected


@pytest.mark.parametrize("silent", ["companies", "entitlements"])
def test_both_owners_must_have_answered(silent: str) -> None:
    found = directory(company(KEY))
    if silent == "companies":
        found.confirm_entitlements(120.0)
    else:
        found.confirm_companies(120.0)
    assert verdict(found, at=115.0) is Verdict.UNCONFIRMED
    assert not found.is_confirmed(115.0)


def test_an_unknown_key_is_refused_only_when_that_is_sure() -> None:
    found = directory(company(KEY))
    assert verdict(found, NEW_KEY, at=200.0) is Verdict.UNCONFIRMED
    assert verdict(found, b"malformed", at=200.0) is Verdict.KEY_INVALID
    assert verdict(found, None, at=200.0) is Verdict.KEY_MISSING


@pytest.mark.parametrize("bound", [2.0, 10.0, 600.0])
def test_the_last_known_state_decides_for_as_long_as_the_operator_has_set(bound: float) -> None:
    companies = company(KEY), company(NEW_KEY, company_id=OTHER, suspended=True)
    entitlements = entitlement(), entitlement(company_id=OTHER)
    found = directory(*companies, entitlements=entitlements, max_unconfirmed=bound)
    assert verdict(found, at=100.0 + bound) is Verdict.ALLOWED
    assert verdict(found, NEW_KEY, at=100.0 + bound) is Verdict.SUSPENDED
    assert verdict(found, at=100.1 + bound) is Verdict.UNCONFIRMED
    ends = NOW + timedelta(days=31)
    assert verdict(found, now=ends, at=100.0 + bound) is not Verdict.ALLOWED, "what ends meanwhile ends in time"


def test_a_directory_that_was_never_filled() -> None:
    assert verdict(AccessDirectory(PEPPERS), at=0.0) is Verdict.UNCONFIRMED


def test_rotation() -> None:
    found = directory(company(KEY))
    assert verdict(found) is Verdict.ALLOWED
    found.take_companies([company(KEY, NEW_KEY)], 8)  # a grace period: both live
    assert (verdict(found), verdict(found, NEW_KEY)) == (Verdict.ALLOWED, Verdict.ALLOWED)
    found.take_companies([company(NEW_KEY)], 9)
    assert (verdict(found), verdict(found, NEW_KEY)) == (Verdict.KEY_INVALID, Verdict.ALLOWED)
    assert found.company_revision == 9


def test_another_companys_change_leaves_this_one_alone() -> None:
    found = directory(company(KEY))
    found.take_companies([company(NEW_KEY, company_id=OTHER, suspended=True)], 8)
    found.take_entitlements([entitlement(company_id=OTHER)], 10)
    assert (verdict(found), verdict(found, NEW_KEY)) == (Verdict.ALLOWED, Verdict.SUSPENDED)


def test_a_revision_never_goes_back() -> None:
    found = directory(company(KEY))
    found.take_companies([], 3)
    found.take_entitlements([], 3)
    assert (found.company_revision, found.entitlement_revision) == (7, 9)


def test_forgetting_starts_again() -> None:
    found = directory(company(KEY))
    assert verdict(found) is Verdict.ALLOWED
    found.forget_companies()
    assert found.company_revision == 0
    assert verdict(found) is Verdict.UNCONFIRMED
    found.confirm_companies(100.0)
    assert verdict(found) is Verdict.KEY_INVALID
    found.take_companies([company(KEY)], 2)
    assert verdict(found) is Verdict.ALLOWED
    found.forget_entitlements()
    assert found.entitlement_revision == 0
    assert verdict(found) is Verdict.UNCONFIRMED


def test_by_its_id() -> None:
    found = directory(company(KEY))
    assert found.company(ACME, now=NOW, monotonic=100.0).verdict is Verdict.ALLOWED
    assert found.company(OTHER, now=NOW, monotonic=100.0).verdict is Verdict.UNCONFIRMED


def test_the_form_of_a_key() -> None:
    assert is_key(KEY)
    assert not is_key(None)
    assert not is_key(b"company_" + "٣".encode() * 16)


def test_a_key_in_its_grace_period_ends_on_the_second() -> None:
    key = CompanyKey(ACME, PEPPERS.newest_digest(KEY), valid_until=NOW)
    known = directory(Company(ACME, False, "UTC", (key,)))
    assert verdict(known, now=NOW - timedelta(microseconds=1)) is Verdict.ALLOWED
    assert verdict(known, now=NOW) is Verdict.KEY_INVALID


def test_a_key_stored_under_an_old_pepper_opens() -> None:
    _newest, old = PEPPERS.digests(KEY)
    assert verdict(directory(Company(ACME, False, "UTC", (CompanyKey(ACME, old),)))) is Verdict.ALLOWED
    retired = AccessDirectory(Peppers(b"newest pepper"))
    retired.take_companies([Company(ACME, False, "UTC", (CompanyKey(ACME, old),))], 1)
    retired.confirm_companies(100.0)
    retired.confirm_entitlements(100.0)
    assert verdict(retired) is Verdict.KEY_INVALID
