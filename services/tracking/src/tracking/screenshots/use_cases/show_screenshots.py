"""Screenshots in the workspace: employees see their own, admins those of their company's people."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import InvalidInput, NotFound
from tracking.clock.rules.days import company_day, day_of
from tracking.clock.rules.desktop_clocks import PLAUSIBLE_YEARS
from tracking.company.store import companies
from tracking.db.store.scope import company_scope
from tracking.people import store as employees
from tracking.people.store import Employee
from tracking.screenshots.store import screenshots
from tracking.screenshots.store.pictures import PictureStore
from tracking.screenshots.store.screenshots import Screenshot
from tracking.workspace.rules.paging import Page, Position, page_of, position_of

SCREENSHOTS_PER_PAGE = 120  # a tracker makes two every two minutes


@dataclass(frozen=True, slots=True)
class Gallery:
    """A person's screenshots of one day."""

    whose: Employee
    time_zone: str
    day: date
    page: Page[Screenshot]
    count: int

    @property
    def day_before(self) -> date:
        """The previous day."""
        return self.day - timedelta(days=1)

    @property
    def day_after(self) -> date:
        """The next day."""
        return self.day + timedelta(days=1)


async def show_gallery(
    engine: AsyncEngine, company_id: UUID, employee_id: UUID, *, day: date | None, now: datetime, after: str = ""
) -> Gallery:
    """One page of a person's screenshots of `day`, or of the day of `now`.

    NotFound: no such person. InvalidInput: no such day or page.
    """
    begin = position_of(after)
    if day and day.year not in PLAUSIBLE_YEARS:
        raise InvalidInput("There is no data for this day; choose another one", field="day")
    async with company_scope(engine, company_id) as tx:
        person, company = await employees.by_id(tx, employee_id), await companies.get(tx)
        if person is None or company is None:
            raise NotFound("There is no such person in the company")
        bounds = company_day(day or day_of(now, company.time_zone), company.time_zone)
        start, end = (datetime.fromtimestamp(moment, UTC) for moment in (bounds.start, bounds.end))
        found = await screenshots.of_employee(tx, employee_id, start, end, limit=SCREENSHOTS_PER_PAGE + 1, after=begin)
        count = await screenshots.count_of_employee(tx, employee_id, start, end)
    page = page_of(found, SCREENSHOTS_PER_PAGE, lambda shot: Position(shot.captured_at, shot.screenshot_id))
    return Gallery(person, company.time_zone, bounds.date, page, count)


async def read_picture(
    engine: AsyncEngine,
    pictures: PictureStore,
    company_id: UUID,
    screenshot_id: UUID,
    *,
    only_of: UUID | None,
    thumbnail: bool,
) -> bytes:
    """The JPEG of a screenshot. NotFound: it was removed, or shows somebody else than `only_of`."""
    async with company_scope(engine, company_id) as tx:
        screenshot = await screenshots.kept(tx, screenshot_id)
    if screenshot is not None and only_of in (None, screenshot.employee_id):
        picture = await pictures.get(company_id, screenshot, thumbnail=thumbnail)
        if picture is not None:
            return picture
    raise NotFound("There is no such screenshot")
