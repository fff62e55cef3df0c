"""Logos: which pictures are accepted, and how they are stored."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import InvalidInput, NotFound
from tenancy.actions.rules import Action
from tenancy.actions.use_cases import OwnerRequest
from tenancy.companies.rules.company import Company
from tenancy.companies.rules.logo import MAX_BYTES, Logo
from tenancy.companies.use_cases import find_company, get_logo, set_logo
from tenancy.events.messages import encode

Create = Callable[[str], Awaitable[tuple[Company, str]]]

OWNER = OwnerRequest(Action("owner@tenantry.example", "asked"))
PICTURES = {
    "image/png": b"\x89PNG\r\n\x1a\n...",
    "image/jpeg": b"\xff\xd8\xff\xe0...",
    "image/gif": b"GIF89a...",
    "image/webp": b"RIFF\n\x00\x00\x00WEBPVP8 ...",
}


async def get_company(engine: AsyncEngine, *, company_id: UUID) -> Company:
    async with engine.begin() as tx:
        return await find_company(tx, company_id)


@pytest.mark.parametrize("media_type", PICTURES)
def test_a_picture_is_known_by_its_content(media_type: str) -> None:
    assert Logo.checked(PICTURES[media_type]).media_type == media_type


def test_a_logo_of_blanks_is_refused_quickly() -> None:
    began = time.process_time()
    with pytest.raises(InvalidInput, match="content is not a picture"):
        Logo.checked(b" " * MAX_BYTES)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("content", [b"<svg xmlns='x'/>", b"\xef\xbb\xbf<?xml version='1.0'?>", b"\n <!DOCTYPE html>"])
def test_what_can_carry_scripts_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="content looks like SVG or HTML, which can carry scripts: give PNG"):
        Logo.checked(content)


@pytest.mark.parametrize("content", [b"x", b" \x89PNG\r\n\x1a\n", b"RIFF....WAVE", b"%PDF-1.7"])
def test_a_file_that_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="content is not a picture: give PNG, JPEG, GIF or WebP"):
        Logo.checked(content)


def test_a_logo_has_at_most_256_kib() -> None:
    content = PICTURES["image/png"].ljust(262_144)
    assert Logo.checked(content).content == content
    with pytest.raises(InvalidInput, match="content has 262145 bytes: a logo has at most 262144"):
        Logo.checked(PICTURES["image/png"].ljust(262_145))


async def test_a_logo_is_set_replaced_and_removed(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Pretty")
    with pytest.raises(NotFound, match="has no logo: set one first"):
        await get_logo(engine, company_id=company.id)
    for content in PICTURES.values():
        logo = Logo.checked(content)
        changed = await set_logo(engine, encode=encode, request=OWNER, company_id=company.id, logo=logo)
        assert changed.logo_digest == logo.digest
        assert changed == await get_company(engine, company_id=company.id)
        assert await get_logo(engine, company_id=company.id) == logo
    removed = await set_logo(engine, encode=encode, request=OWNER, company_id=company.id, logo=None)
    assert removed == replace(company, revision=removed.revision)
    with pytest.raises(NotFound):
        await get_logo(engine, company_id=company.id)
