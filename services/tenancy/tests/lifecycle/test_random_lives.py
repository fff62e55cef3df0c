"""Random lifecycles of companies on PostgreSQL, compared with a model."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.database import create_engine
from servicekit.errors import Conflict, Refused
from servicekit.ids import new_id
from tenancy.access.use_cases import list_access_changes
from tenancy.actions.rules import Action
from tenancy.actions.use_cases import OwnerRequest
from tenancy.audit.use_cases import verify_audit
from tenancy.companies.rules.company import Company, CompanyState
from tenancy.companies.rules.details import CompanyDetails
from tenancy.companies.use_cases import find_company, update_company
from tenancy.db.rules import ChangePage
from tenancy.events.messages import encode
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.use_cases import list_keys, revoke_key, rotate_key
from tenancy.lifecycle.use_cases import close_company, create_company, reactivate_company, suspend_company
from tenancy.policies.rules import DEFAULT_POLICY
from tenancy.policies.use_cases import set_tracking_policy

OWNER = OwnerRequest(Action("owner@tenantry.example", "because"))
PEPPERS = Peppers.of(bytes(range(32)))
NAMES = st.sampled_from(["Acme", "ACME", "Umbrella", "Straße", "STRASSE"])
GRACES = st.sampled_from([timedelta(0), timedelta(hours=1), timedelta(days=90)])

ALLOWED = {
    "suspend": {CompanyState.ACTIVE: CompanyState.SUSPENDED},
    "reactivate": {CompanyState.SUSPENDED: CompanyState.ACTIVE},
    "close": {CompanyState.ACTIVE: CompanyState.CLOSED, CompanyState.SUSPENDED: CompanyState.CLOSED},
}
STEPS: dict[str, Callable[..., Awaitable[Any]]] = {
    "suspend": suspend_company,
    "reactivate": reactivate_company,
    "close": close_company,
}


async def get_company(engine: AsyncEngine, *, company_id: UUID) -> Company:
    async with engine.begin() as tx:
        return await find_company(tx, company_id)


@dataclass
class Model:
    """The expected company, with its valid keys by digest: True for those without an end."""

    name: str
    state: CompanyState = CompanyState.ACTIVE
    keys: dict[bytes, bool] = field(default_factory=dict)
    version: int = 0


class Lives(RuleBasedStateMachine):
    """Each rule acts on the service and on the model; the model predicts every refusal."""

    companies: Bundle[UUID] = Bundle("companies")

    def __init__(self, url: str) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.engine = create_engine(url, name="tenancy")
        self.models: dict[UUID, Model] = {}
        self.prefix = str(new_id())  # the database is shared by all examples
        self.start = self.revision = self.run(verify_audit(self.engine)).end.revision

    def run(self, call: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(call)

    def act(self, call: Awaitable[Any], *, refused: type[Exception] | None) -> Any:
        """The result, or None for a predicted refusal; checks the revision in both cases."""
        if refused is not None:
            with pytest.raises(refused):
                self.run(call)
            return None
        self.revision += 1
        return self.run(call)

    def is_taken(self, name: str, by_another_than: UUID | None = None) -> bool:
        key = name.casefold()
        return any(model.name.casefold() == key for id_, model in self.models.items() if id_ != by_another_than)

    @rule(target=companies, name=NAMES)
    def create(self, name: str) -> Any:
        details = CompanyDetails.checked(
            name=f"{self.prefix} {name}", email="a@b.example", contact_person="", phone="", address="", time_zone=""
        )
        call = create_company(
            self.engine, peppers=PEPPERS, encode=encode, request=OWNER, details=details, plan_code="PRO"
        )
        created = self.act(call, refused=Conflict if self.is_taken(name) else None)
        if created is None:
            return multiple()
        company, key = created.company, created.key.text(PEPPERS)
        self.models[company.id] = Model(name, keys={PEPPERS.current.digest(key): True})
        return company.id

    @rule(company=companies, step=st.sampled_from(sorted(STEPS)))
    def step(self, company: UUID, step: str) -> None:
        model = self.models[company]
        following = ALLOWED[step].get(model.state)
        call = STEPS[step](self.engine, encode=encode, request=OWNER, company_id=company)
        changed = self.act(call, refused=None if following else Refused)
        if following:
            model.state = following
            assert changed.state is following
        if following is CompanyState.CLOSED:
            model.keys.clear()

    @rule(company=companies, name=NAMES)
    def rename(self, company: UUID, name: str) -> None:
        model = self.models[company]
        changes = {"name": f"{self.prefix} {name}"}
        call = update_company(self.engine, encode=encode, request=OWNER, company_id=company, changes=changes)
        refused = Conflict if self.is_taken(name, by_another_than=company) else None
        if self.act(call, refused=Refused if model.state is CompanyState.CLOSED else refused):
            model.name = name

    @rule(company=companies, grace=GRACES)
    def rotate(self, company: UUID, grace: timedelta) -> None:
        model = self.models[company]
        call = rotate_key(self.engine, peppers=PEPPERS, encode=encode, request=OWNER, company_id=company, grace=grace)
        full = bool(grace) and len(model.keys) >= 10
        rotated = self.act(call, refused=Refused if full or model.state is CompanyState.CLOSED else None)
        if rotated:
            old = dict.fromkeys(model.keys, False) if grace else {}
            model.keys = old | {PEPPERS.current.digest(rotated.key.text(PEPPERS)): True}

    @rule(company=companies)
    def revoke_newest(self, company: UUID) -> None:
        model = self.models[company]
        newest = self.run(list_keys(self.engine, company_id=company))[0]
        call = revoke_key(self.engine, encode=encode, request=OWNER, company_id=company, key_id=newest.id)
        opens = newest.valid_until is None or newest.valid_until > datetime.now(UTC)
        revoked = self.act(call, refused=None if opens else Refused)
        if revoked:
            model.keys = {digest: stays for digest, stays in model.keys.items() if not stays}
            assert revoked.keys_left == len(model.keys)

    @rule(company=companies)
    def set_policy(self, company: UUID) -> None:
        model = self.models[company]
        policy = replace(DEFAULT_POLICY, screenshots_enabled=False)
        call = set_tracking_policy(self.engine, encode=encode, request=OWNER, company_id=company, policy=policy)
        changed = self.act(call, refused=Refused if model.state is CompanyState.CLOSED else None)
        if changed:
            assert changed.version > model.version
            model.version = changed.version

    @invariant()
    def the_service_says_what_the_model_says(self) -> None:
        records = self.run(list_access_changes(self.engine, page=ChangePage(self.start, 1_000)))
        found = {record.company_id: record for record in records}
        assert found.keys() == self.models.keys()
        for company_id, model in self.models.items():
            record = found[company_id]
            assert record.state is model.state
            assert {key.digest: key.valid_until is None for key in record.keys} == model.keys
            assert record.policy.version >= model.version
            model.version = record.policy.version

    def teardown(self) -> None:
        for company_id, model in self.models.items():
            company = self.run(get_company(self.engine, company_id=company_id))
            assert company.details.name == f"{self.prefix} {model.name}"
        verdict = self.run(verify_audit(self.engine))
        assert (verdict.flaw, verdict.end.revision) == (None, self.revision)
        self.run(self.engine.dispose())
        self.loop.close()


def test_no_life_leads_to_an_illegal_state(environment: dict[str, str]) -> None:
    class LivesInThisDatabase(Lives):
        def __init__(self) -> None:
            super().__init__(environment["TENANCY_DATABASE_URL"])

    few = settings(max_examples=10, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(LivesInThisDatabase, settings=few)
