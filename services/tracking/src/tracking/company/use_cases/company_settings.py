"""The settings of a company's workspace: name, colour, daily target."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import InvalidInput
from text_rules.lines import validate
from tracking.company.rules.branding import MIN_CONTRAST, contrast_with_white, is_colour
from tracking.company.rules.screenshot_retention import Retention
from tracking.company.store import companies, company_settings, levels, screenshot_retention
from tracking.company.store.company_settings import CompanySettings
from tracking.db.store.scope import company_scope
from tracking.workspace.rules.editing import Editor, Stale, differences

MAX_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class ShownSettings:
    """The settings, the seats in use, and the screenshot retention where it is known."""

    settings: CompanySettings
    seats_used: int
    version: int
    retention: Retention | None
    time_zone: str


async def show_settings(engine: AsyncEngine, company_id: UUID) -> ShownSettings:
    """For the company's admins."""
    async with company_scope(engine, company_id) as tx:
        company = await companies.get(tx)
        return ShownSettings(
            await company_settings.get(tx),
            await levels.seats_used(tx),
            (await company_settings.last_edit(tx)).version,
            await screenshot_retention.get(tx),
            company.time_zone if company else "UTC",
        )


async def change_settings(
    engine: AsyncEngine, company_id: UUID, *, editor: Editor, name: str, colour: str, target_hours: str
) -> None:
    """Replaces the settings.

    InvalidInput: no name, a colour on which white text is not readable, or an invalid daily target. Stale: somebody
    else saved first.
    """
    name, colour = (
        validate(name, "the name of the workspace", max_length=MAX_NAME_LENGTH, required=True, field="name"),
        colour.strip().lower(),
    )
    if not is_colour(colour):
        raise InvalidInput("the color must be written like #3346d3", field="colour")
    if contrast_with_white(colour) < MIN_CONTRAST:
        raise InvalidInput("white text would not be readable on this color; choose a darker one", field="colour")
    settings = CompanySettings(name, colour, _seconds(target_hours))
    async with company_scope(engine, company_id) as tx:
        await companies.lock(tx)
        last = await company_settings.last_edit(tx)
        if last.version != editor.version:
            raise Stale(last, differences(_words(await company_settings.get(tx)), _words(settings)))
        await company_settings.put(tx, company_id, settings, version=last.version + 1, changed_by=editor.employee_id)


def _words(settings: CompanySettings) -> dict[str, str]:
    return {
        "Name": settings.workspace_name,
        "Color": settings.brand_colour,
        "Daily target in hours": f"{settings.daily_target_seconds / 3600:g}",
    }


def _seconds(hours: str) -> int:
    try:
        number = float(hours)
    except ValueError:
        number = 0
    if not 1 <= number <= 24 or not (number * 2).is_integer():
        raise InvalidInput("the daily target must be 1 to 24 hours, in halves", field="target_hours")
    return int(number * 3600)
