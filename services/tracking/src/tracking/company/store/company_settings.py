"""The settings that a company's admins have saved."""

from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.workspace.rules.editing import LastEdit

_GET = text("SELECT workspace_name, brand_colour, daily_target_seconds FROM company_settings")

_LAST_EDIT = text("""
    SELECT s.version, b.name AS by, s.changed_at AS at
    FROM company_settings s LEFT JOIN employee b ON b.company_id = s.company_id AND b.employee_id = s.changed_by
""")

_PUT = text("""
    INSERT INTO company_settings (
        company_id, workspace_name, brand_colour, daily_target_seconds, version, changed_by, changed_at
    ) VALUES (:company_id, :workspace_name, :brand_colour, :daily_target_seconds, :version, :changed_by, now())
    ON CONFLICT (company_id) DO UPDATE SET workspace_name = excluded.workspace_name,
        brand_colour = excluded.brand_colour, daily_target_seconds = excluded.daily_target_seconds,
        version = excluded.version, changed_by = excluded.changed_by, changed_at = excluded.changed_at
""")


@dataclass(frozen=True, slots=True)
class CompanySettings:
    """The defaults apply to a company that has saved none."""

    workspace_name: str = "Tenantry workspace"
    brand_colour: str = "#3346d3"
    daily_target_seconds: int = 8 * 3600


async def get(tx: AsyncConnection) -> CompanySettings:
    """The company's settings."""
    row = (await tx.execute(_GET)).one_or_none()
    return CompanySettings(**row._mapping) if row else CompanySettings()


async def last_edit(tx: AsyncConnection) -> LastEdit:
    """Who last saved the settings; version 0 if nobody has."""
    row = (await tx.execute(_LAST_EDIT)).one_or_none()
    return LastEdit(**row._mapping) if row else LastEdit(0)


async def put(
    tx: AsyncConnection, company_id: UUID, settings: CompanySettings, *, version: int, changed_by: UUID
) -> None:
    """Replaces the settings, as that version. The caller holds the company's lock."""
    values = {"company_id": company_id, "version": version, "changed_by": changed_by}
    await tx.execute(_PUT, values | asdict(settings))
