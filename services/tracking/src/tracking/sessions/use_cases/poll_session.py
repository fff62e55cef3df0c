"""Whether a session goes on: a tracker asks every ten seconds."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.db.store.scope import company_scope
from tracking.devices.store.devices import Device
from tracking.sessions.store import sessions


async def poll_session(engine: AsyncEngine, company_id: UUID, device: Device, *, number: int) -> bool:
    """Whether the employee's session goes on. One that was ended for silence does: its tracker was only cut off."""
    async with company_scope(engine, company_id) as tx:
        session = await sessions.by_number(tx, number)
        if session is None or session.employee_id != device.employee_id:
            return False
        if session.ended_by == sessions.BY_SILENCE:
            await sessions.reopen(tx, session.session_id)
            return True
        return session.ended_at is None
