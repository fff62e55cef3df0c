"""The steps of a company's lifecycle, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Refused
from tenancy.companies.rules.company import CompanyState
from tenancy.lifecycle.rules import LifecycleStep, state_after


@pytest.mark.parametrize(
    ("state", "step", "message"),
    [
        (CompanyState.SUSPENDED, LifecycleStep.SUSPEND, "cannot suspend this company: it is suspended"),
        (CompanyState.ACTIVE, LifecycleStep.REACTIVATE, "cannot reactivate this company: it is active"),
        (CompanyState.CLOSED, LifecycleStep.SUSPEND, "cannot suspend this company: it is closed"),
        (CompanyState.CLOSED, LifecycleStep.REACTIVATE, "cannot reactivate this company: it is closed"),
        (CompanyState.CLOSED, LifecycleStep.CLOSE, "cannot close this company: it is closed"),
    ],
)
def test_illegal_steps_are_refused_by_name(state: CompanyState, step: LifecycleStep, message: str) -> None:
    with pytest.raises(Refused, match=message):
        state_after(state, step)


LEGAL = {
    CompanyState.ACTIVE: {LifecycleStep.SUSPEND: CompanyState.SUSPENDED, LifecycleStep.CLOSE: CompanyState.CLOSED},
    CompanyState.SUSPENDED: {LifecycleStep.REACTIVATE: CompanyState.ACTIVE, LifecycleStep.CLOSE: CompanyState.CLOSED},
    CompanyState.CLOSED: {},
}


@given(st.lists(st.sampled_from(LifecycleStep)))
def test_only_legal_steps_lead_anywhere(steps: list[LifecycleStep]) -> None:
    state = CompanyState.ACTIVE
    for step in steps:
        if step in LEGAL[state]:
            assert state_after(state, step) is LEGAL[state][step]
            state = LEGAL[state][step]
        else:
            with pytest.raises(Refused, match=f"cannot {step} this company: it is {state}"):
                state_after(state, step)
