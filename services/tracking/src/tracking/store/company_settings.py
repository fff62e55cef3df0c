"""What a company's admins set for their workspace."""

from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_GET = text("SELECT workspace_name, brand_colour, daily_target_seconds FROM company_settings")

_PUT = text("""
    INSERT INTO company_settings (company_id, workspace_name, brand_colour, daily_target_seconds)
    VALUES (:company_id, :workspace_name, :brand_colour, :daily_target_seconds)
    ON CONFLICT (company_id) DO UPDATE SET workspace_name = excluded.workspace_name,
        brand_colour = excluded.brand_colour, daily_target_seconds = excluded.daily_target_seconds
""")


@dataclass(frozen=True, slots=True)
class CompanySettings:
    """The values of a company that has set nothing are the defaults."""

    workspace_name: str = "Tenantry workspace"
    brand_colour: str = "#3346d3"
    daily_target_seconds: int = 8 * 3600


async def get(tx: AsyncConnection) -> CompanySettings:
    """Those of the scope's company."""
    row = (await tx.execute(_GET)).one_or_none()
    return CompanySettings(*row) if row else CompanySettings()


async def put(tx: AsyncConnection, company_id: UUID, settings: CompanySettings) -> None:
    """Replaces those of the scope's company."""
    await tx.execute(_PUT, {"company_id": company_id} | asdict(settings))
