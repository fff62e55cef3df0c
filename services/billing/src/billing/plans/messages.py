"""Plans between the contract's messages and the rules. Each `from_…` raises InvalidInput, which names the field."""

from billing.fields.messages import from_money, to_money
from billing.plans.rules import MAX_CODE_LENGTH, Plan
from contracts.billing.v1 import billing_pb2, plans_pb2
from servicekit.errors import InvalidInput
from text_rules.lines import validate

MAX_VERSION = 2**31 - 1  # of the database's integer


def from_terms(message: plans_pb2.PlanTerms) -> Plan:
    """Terms of a plan that are not a version yet."""
    return Plan.proposed(
        code=message.code,
        name=message.name,
        price=from_money(message.price_per_month, "terms.price_per_month"),
        seats=message.seats,
        storage_bytes=message.storage_bytes,
        screenshot_retention_days=message.screenshot_retention_days,
    )


def from_plan_code(code: str) -> str:
    """A plan's code, whether or not the plan exists."""
    return validate(code, "Plan code", max_length=MAX_CODE_LENGTH, required=True)


def from_plan_version(version: int) -> int:
    """A version, 0 for the newest."""
    if version > MAX_VERSION:
        raise InvalidInput(
            "Plan version is out of range: give a version of ListPlans, or 0 for the newest.", field="plan_version"
        )
    return version


def to_plan(plan: Plan) -> billing_pb2.Plan:
    """A plan version."""
    return billing_pb2.Plan(
        code=plan.code,
        version=plan.version,
        name=plan.name,
        price_per_month=to_money(plan.price_per_month),
        seats=plan.seats,
        storage_bytes=plan.storage_bytes,
        screenshot_retention_days=plan.screenshot_retention_days,
    )
