"""The life of a company and its signs of life, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.errors import Refused
from tenancy.companies.rules.company import CompanyState
from tenancy.lifecycle.rules import Step, state_after


@pytest.mark.parametrize(
    ("state", "step", "message"),
    [
        (CompanyState.SUSPENDED, Step.SUSPEND, "cannot suspend this company: it is suspended"),
        (CompanyState.ACTIVE, Step.REACTIVATE, "cannot reactivate this company: it is active"),
        (CompanyState.CLOSED, Step.SUSPEND, "cannot suspend this company: it is closed"),
        (CompanyState.CLOSED, Step.REACTIVATE, "cannot reactivate this company: it is closed"),
        (CompanyState.CLOSED, Step.CLOSE, "cannot close this company: it is closed"),
    ],
)
def test_illegal_steps_are_refused_by_name(state: CompanyState, step: Step, message: str) -> None:
    with pytest.raises(Refused, match=message):
        state_after(state, step)


LEGAL = {
    CompanyState.ACTIVE: {Step.SUSPEND: CompanyState.SUSPENDED, Step.CLOSE: CompanyState.CLOSED},
    CompanyState.SUSPENDED: {Step.REACTIVATE: CompanyState.ACTIVE, Step.CLOSE: CompanyState.CLOSED},
    CompanyState.CLOSED: {},
}


@given(st.lists(st.sampled_from(Step)))
def test_only_legal_steps_lead_anywhere(steps: list[Step]) -> None:
    state = CompanyState.ACTIVE
    for step in steps:
        if step in LEGAL[state]:
            assert state_after(state, step) is LEGAL[state][step]
            state = LEGAL[state][step]
        else:
            with pytest.raises(Refused, match=f"cannot {step} this company: it is {state}"):
                state_after(state, step)
