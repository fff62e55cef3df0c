"""Forgotten passwords: a link that is mailed, or made by an operator for an admin, sets a new one."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from credentials.throttle import network_of
from credentials.tokens import new_token, token_digest
from mailer.queue import queue_mail
from servicekit.errors import InvalidInput, NotFound, RateLimited
from text_rules.addresses import Address
from text_rules.isolation import isolated
from tracking.company.store import company_settings
from tracking.db.store.scope import company_scope, enter_scope
from tracking.people import store as employees
from tracking.people.store import Employee, email_digest
from tracking.people.use_cases import new_password_hash
from tracking.sign_in.store import known_places, password_resets
from tracking.sign_in.store.sign_in_attempts import ATTEMPTS, NO_COMPANY
from tracking.sign_in.use_cases.change_password import replace_password
from tracking.sign_in.use_cases.throttle import account_subject
from tracking.workspace.rules.visitors import ADMIN

LINK_TIME = timedelta(minutes=30)
RECOVERY_TIME = timedelta(hours=1)
WINDOW = timedelta(hours=1)
ASKED_FOR_ACCOUNT = 3  # in the window; the links of the mails that were sent are still valid for most of it
ASKED_FROM_ORIGIN = 20
NO_ACCOUNT = ""
LINK_EXPIRED = "This link has expired or was already used. Request a new one."

SUBJECT = "Reset your Tenantry password"
BODY = """Somebody, probably you, asked to reset the password of {email}.

{choices}

Each link can be used once, within 30 minutes. You will be signed out on every device and in every browser. If the page
asks for a code, copy what follows the # in the link.

If you did not ask for this, you can ignore this message: your password stays as it is.
"""
CHANGED_SUBJECT = "Your Tenantry password was changed"
CHANGED_BODY = """The password of {email} ({name}) was changed on {now:%d %B %Y at %H:%M} UTC by a password reset link.

Every device and browser has to sign in again. If this was not you, tell your company's admin now.
"""
RECOVERY_SUBJECT = "An operator made a password reset link for your Tenantry account"
RECOVERY_BODY = """The platform's operator made a password reset link for {email} ({name}). It can be used once, until
{until:%d %B %Y, %H:%M} UTC.

If nobody in your company asked for this, contact your provider.
"""


@dataclass(frozen=True, slots=True)
class Recovery:
    """A link that sets an admin's password, and when it expires. It is not stored."""

    employee_number: int
    expires_at: datetime
    link: str = field(repr=False)


async def ask_reset(engine: AsyncEngine, *, email: str, origin: str) -> None:
    """Stores a request for a reset. Accounts are looked up later, so neither the answer nor its duration reveals
    whether one exists; text that is no address gets the same answer. RateLimited: too many requests for this e-mail or
    from the network of the address `origin`.
    """
    account, place = email_digest(email), sha256(network_of(origin).encode("utf-8", "replace")).digest()
    try:
        email = Address.checked(email, "E-mail").text
    except InvalidInput:
        email = NO_ACCOUNT  # such text may contain what the database cannot store
    async with company_scope(engine, NO_COMPANY) as tx:
        asked = await password_resets.count(tx, account=account, origin=place, window=WINDOW)
        for count, first, limit in (
            (asked.of_account, asked.first_of_account, ASKED_FOR_ACCOUNT),
            (asked.from_origin, asked.first_from_origin, ASKED_FROM_ORIGIN),
        ):
            if first is not None and count >= limit:
                wait = first + WINDOW - datetime.now(UTC)
                raise RateLimited(
                    "This was asked for too often. Use the newest e-mail, or try again in an hour",
                    retry_after=max(1.0, wait.total_seconds()),
                )
        await password_resets.ask(tx, NO_COMPANY, account=account, origin=place, email=email)


async def answer_requests(engine: AsyncEngine, dispatch: AsyncEngine, *, workspace_url: str) -> bool:
    """Answers the oldest request by mail, if the e-mail has active accounts; returns whether there was a request.

    The transaction that queues the mail marks the request as answered, so a failure leaves it waiting.
    """
    async with company_scope(engine, NO_COMPANY) as tx:
        email = await password_resets.claim(tx)
        if email is None:
            await password_resets.sweep(tx, window=WINDOW)
            return False
        await _answer(tx, await employees.companies_of(dispatch, email), email, workspace_url)
    return True


async def _answer(tx: AsyncConnection, companies: list[UUID], email: str, workspace_url: str) -> None:
    """One mail to each address, as the accounts spell it, with a link for each company. Ends in the scope of no
    company.
    """
    choices: dict[str, list[str]] = defaultdict(list)
    for company_id in companies:
        await enter_scope(tx, company_id)
        person = await employees.lock_by_email(tx, email)
        if person is not None and person.active:
            link, _ = await _link(tx, company_id, person, workspace_url, LINK_TIME)
            name = (await company_settings.get(tx)).workspace_name
            choices[person.email].append(f"{isolated(name)} ({isolated(person.name)}):\n{link}")
    await enter_scope(tx, NO_COMPANY)
    for address, links in choices.items():
        body = BODY.format(email=isolated(address), choices="\n\n".join(links))
        await queue_mail(tx, to=address, subject=SUBJECT, body=body)


async def recover_admin(
    engine: AsyncEngine, company_id: UUID, *, email: str, workspace_url: str, sends_mail: bool
) -> Recovery:
    """A link that sets an active admin's password, for an operator who has been shown the company's key.

    The admin is notified by mail, if mail is configured. NotFound: no active admin has this e-mail.
    """
    async with company_scope(engine, company_id) as tx:
        person = await employees.by_email(tx, email)
        if person is None or not person.active or person.role != ADMIN:
            raise NotFound("No active admin of this company has this e-mail")
        link, expires_at = await _link(tx, company_id, person, workspace_url, RECOVERY_TIME)
        if sends_mail:
            shown = {"email": isolated(person.email), "name": isolated(person.name)}
            body = RECOVERY_BODY.format(**shown, until=expires_at)
            await enter_scope(tx, NO_COMPANY)
            await queue_mail(tx, to=person.email, subject=RECOVERY_SUBJECT, body=body)
    return Recovery(person.number, expires_at, link)


async def set_password_by_link(
    engine: AsyncEngine, *, code: str, new: str, now: datetime, sends_mail: bool, browser: str = ""
) -> None:
    """Sets the password of the link's account; all its sessions, devices and other links are revoked.

    This `browser`, the token of its long-lived cookie, stays the only known place.

    InvalidInput: the password is not allowed. NotFound: the link was used, has expired, or never existed.
    """
    company_id, digest = _read(code)
    async with company_scope(engine, company_id) as tx:
        found = await password_resets.find(tx, digest)
        whose = await employees.by_id(tx, found) if found else None
        if whose is None:
            raise NotFound(LINK_EXPIRED)
    # Expensive, so not before the link was found.
    password_hash = await new_password_hash(engine, new, name=whose.name, email=whose.email, field="new")
    async with company_scope(engine, company_id) as tx:
        employee_id = await password_resets.take(tx, digest)
        person = await employees.by_id(tx, employee_id) if employee_id else None
        if person is None or not person.active:
            raise NotFound(LINK_EXPIRED)
        await ATTEMPTS.lift(tx, account_subject(company_id, person.email))
        await replace_password(tx, person, password_hash, now)
        if browser:
            await known_places.remember(tx, company_id, person.employee_id, token_digest(browser), now)
        if sends_mail:
            await enter_scope(tx, NO_COMPANY)
            body = CHANGED_BODY.format(email=isolated(person.email), name=isolated(person.name), now=now)
            await queue_mail(tx, to=person.email, subject=CHANGED_SUBJECT, body=body)


async def _link(
    tx: AsyncConnection, company_id: UUID, person: Employee, workspace_url: str, time: timedelta
) -> tuple[str, datetime]:
    """The token is in the URL fragment, which browsers never send, so no log contains it."""
    token = new_token()
    expires_at = await password_resets.save(
        tx, company_id, token_digest=token_digest(token), employee_id=person.employee_id, time=time
    )
    return f"{workspace_url.rstrip('/')}/reset#{company_id.hex}.{token}", expires_at


def _read(code: str) -> tuple[UUID, bytes]:
    company, _, token = code.strip().rpartition("#")[2].partition(".")
    try:
        return UUID(hex=company), token_digest(token)
    except ValueError:
        raise NotFound(LINK_EXPIRED) from None
