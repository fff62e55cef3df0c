"""The picture store: a local folder or an S3 bucket."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import UUID

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from servicekit.errors import Unavailable
from tracking.screenshots.store.screenshots import Screenshot

_TIMEOUT = timedelta(seconds=10)  # a tracker waits thirty seconds, on its user interface thread


class PictureStore:
    """Each screenshot is two JPEG files, named by ids and the day alone."""

    def __init__(self, url: str) -> None:
        """`address` is `file:///folder` (created for this user alone if it is missing) or `s3://bucket/prefix`.

        Credentials, endpoint and region of S3 come from the usual environment variables AWS_….
        """
        self._store: ObjectStore
        self._folder: Path | None = None
        if url.startswith("file:"):
            Path(url2pathname(urlsplit(url).path)).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._store = local = LocalStore.from_url(url, automatic_cleanup=True)
            self._folder = Path(str(local.prefix))
        else:
            self._store = from_url(
                url,
                client_options={"timeout": _TIMEOUT, "allow_http": True},  # if AWS_ENDPOINT has that scheme
                retry_config={"max_retries": 2, "retry_timeout": _TIMEOUT},
            )

    async def put(self, company_id: UUID, screenshot: Screenshot, picture: bytes, thumbnail: bytes) -> None:
        """Returns when both files are durable. Unavailable: the store does not respond."""
        names = _names(company_id, screenshot.screenshot_id, screenshot.captured_at)
        try:
            for name, data in zip(names, (picture, thumbnail), strict=True):
                await self._store.put_async(name, data)
            if self._folder:
                await asyncio.to_thread(_sync, [self._folder / name for name in names], self._folder)
        except (BaseError, OSError) as error:
            raise Unavailable("the picture store does not respond; no data is lost, try again") from error

    async def get(self, company_id: UUID, screenshot: Screenshot, *, thumbnail: bool) -> bytes | None:
        """The JPEG; None if it does not exist. Unavailable: the store does not respond."""
        try:
            names = _names(company_id, screenshot.screenshot_id, screenshot.captured_at)
            result = await self._store.get_async(names[thumbnail])
            return bytes(await result.bytes_async())
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise Unavailable("the picture store does not respond; try again in a moment") from error

    async def delete(self, company_id: UUID, screenshot_id: UUID, captured_at: datetime) -> None:
        """Deletes both files; missing ones are no error. Unavailable: the store does not respond."""
        for name in _names(company_id, screenshot_id, captured_at):
            try:
                with suppress(FileNotFoundError):
                    await self._store.delete_async(name)
            except (BaseError, OSError) as error:
                raise Unavailable("the picture store does not respond") from error


def _names(company_id: UUID, screenshot_id: UUID, captured_at: datetime) -> tuple[str, str]:
    stem = f"{company_id}/{captured_at:%Y-%m-%d}/{screenshot_id}"
    return f"{stem}.jpg", f"{stem}.small.jpg"


def _sync(files: Sequence[Path], root: Path) -> None:
    """Flushes the new files of a folder and their names to disk, which the store leaves to the system."""
    for path in (*files, *(folder for folder in files[0].parents if folder.is_relative_to(root))):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
