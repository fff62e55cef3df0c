"""Two hundred hostile pictures: none is stored, none is decoded beyond the limits, memory stays bounded."""

import base64
import signal
import struct
import subprocess
import sys
import uuid
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest
from PIL import Image, PngImagePlugin

from servicekit.errors import Unavailable
from services.tracking.tests.fixtures.gateway import Sit
from services.tracking.tests.fixtures.native import Enrol
from services.tracking.tests.fixtures.platform import ReadRows, Tenant, folder_of
from tracker_client import stamp
from tracking.screenshots.imaging import decoder as module
from tracking.screenshots.imaging.containers import Header, read_header
from tracking.screenshots.imaging.decoder import Decoder
from tracking.screenshots.imaging.protocol import ANSWER, BROKEN, FORMAT, LARGE, MORE, REQUEST, SEVERAL, SLOW, Unfit
from tracking.screenshots.imaging.worker import render
from tracking.screenshots.rules import MAX_PIXELS
from tracking.screenshots.store.pictures import PictureStore

ALLOWANCE = 100 * 1024**2  # bytes
PNG_START = b"\x89PNG\r\n\x1a\n"


def encoded(form: str, size: tuple[int, int] = (320, 200), mode: str = "RGB", **options: Any) -> bytes:
    file = BytesIO()
    Image.effect_mandelbrot(size, (-2, -1.5, 1, 1.5), 50).convert(mode).save(file, form, **options)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, pixels: bytes, *, depth: int = 8, colour: int = 2, extra: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return PNG_START + head + extra + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")


def noted(kind: bytes, text: bytes) -> bytes:
    return png(2, 2, b"\0" * 14, extra=chunk(kind, b"Comment\0" + text))


TAILS = (
    b"PK\x03\x04" + b"\0" * 30,
    b"<script>alert(1)</script>",
    b"\0",
    b"%PDF-1.7\n%%EOF",
    b"Rar!\x1a\x07",
    b"\x7fELF\x02",
    b"<?php phpinfo();",
    b"\r\n",
)
SECOND_FACES = (b"<?php system($_GET[0]);", b"<svg onload=alert(1)>", b"%PDF-1.7", b"PK\x03\x04", b"<HTML>")
FORMS: dict[str, bytes] = {
    "PNG": encoded("PNG"),
    "JPEG": encoded("JPEG"),
    "progressive": encoded("JPEG", progressive=True),
    "WebP": encoded("WEBP"),
    "lossless": encoded("WEBP", lossless=True),
}


def bombs() -> Iterator[bytes]:
    for width, height in ((9_400, 9_400), (65_000, 65_000), (80_000_001, 1), (1, 2**31 - 1), (2**31, 2**31)):
        for colour in (0, 2, 6):
            yield png(width, height, b"\0" * 1_000_000, colour=colour)
    yield png(40_000, 40_000, b"\0" * 1_000_000, depth=1, colour=0)
    yield webp_header(16_383, 16_383)
    yield lossless_header(16_000, 5_001)
    for size in ((65_500, 65_500), (10_001, 8_000)):
        yield jpeg_header(*size)
    yield png(0, 100, b"")
    yield png(100, 0, b"")
    yield png(5_000, 5_000, b"\0" * 10_000)  # within the cap, and its pixels end after a thousandth
    yield png(2, 2, b"\0" * 14, extra=chunk(b"acTL", struct.pack(">II", 2**31, 0)))[:-12]


def webp_header(width: int, height: int) -> bytes:
    extended = b"VP8X" + struct.pack("<I", 10) + b"\0" * 4
    extended += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 4 + len(extended)) + b"WEBP" + extended


def lossless_header(width: int, height: int) -> bytes:
    data = bytearray(FORMS["lossless"])
    data[21:25] = ((width - 1) | (height - 1) << 14 | int(data[24] >> 4) << 28).to_bytes(4, "little")
    return bytes(data)


def jpeg_header(width: int, height: int) -> bytes:
    data = bytearray(FORMS["JPEG"])
    frame = data.index(b"\xff\xc0") + 5
    data[frame : frame + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def polyglots() -> Iterator[bytes]:
    for data in FORMS.values():
        for tail in TAILS:
            yield data + tail
        yield data + data


def noted_ones() -> Iterator[bytes]:
    """Honest pixels with notes that another program would open as something else."""
    for text in SECOND_FACES:
        for kind in (b"tEXt", b"iTXt", b"eXIf", b"prIv"):
            yield noted(kind, text)
        yield encoded("JPEG", comment=text)
        yield encoded("WEBP", exif=b"Exif\0\0" + text)


def wrong_types() -> Iterator[bytes]:
    for form in ("GIF", "BMP", "TIFF", "ICO", "PPM", "TGA", "PCX", "SGI"):
        yield encoded(form)
    yield from (b"", b"\x89PNG", PNG_START, b"\xff\xd8", b"\xff\xd8\xff", b"RIFF\x04\0\0\0WEBP", b"RIFF\xff\0\0\0WAVE")
    yield from (b"%PDF-1.7\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%!PS-Adobe-3.0 EPSF", b"\0" * 100)
    gif = encoded("GIF")
    yield from (PNG_START + gif, b"\xff\xd8" + gif, FORMS["PNG"][8:], b" " + FORMS["PNG"])
    yield animated_webp()


def animated_webp() -> bytes:
    file = BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
    return file.getvalue()


def damaged(random: Random) -> Iterator[bytes]:
    for data in FORMS.values():
        for part in (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99):
            yield data[: int(len(data) * part)]
        yield data[:-1]
    yield FORMS["PNG"][:500] + FORMS["PNG"][600:]
    for _ in range(70):
        mutated = bytearray(FORMS["PNG"])
        mutated[random.randrange(8, len(mutated))] ^= 1 + random.randrange(255)
        yield bytes(mutated)


def most_memory(pid: int) -> int:
    """The most bytes that the process ever had in memory."""
    with open(f"/proc/{pid}/status") as status:
        (peak,) = [int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")]
    return peak


def hostile() -> list[bytes]:
    return [*bombs(), *polyglots(), *wrong_types(), *damaged(Random(5))]


@pytest.fixture
async def own(new_tenant: Any) -> Any:
    """A company of the test's own."""
    return await new_tenant(people=2)


@pytest.mark.parametrize("form", FORMS)
async def test_honest_ones_are_encoded_anew(decoder: Decoder, form: str) -> None:
    rendered = await decoder.render(FORMS[form])
    assert (rendered.width, rendered.height) == (320, 200)
    for data in (rendered.picture, rendered.thumbnail):
        with Image.open(BytesIO(data)) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
async def test_every_kind_of_pixels_is_taken(decoder: Decoder, mode: str) -> None:
    file = BytesIO()
    Image.new(mode, (40, 30)).save(file, "PNG")
    assert (await decoder.render(file.getvalue())).width == 40


async def test_honest_notes_do_not_matter_and_do_not_travel(decoder: Decoder) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>the owner's name</x:xmpmeta>")
    rendered = await decoder.render(encoded("PNG", pnginfo=notes, dpi=(144, 144), icc_profile=b"profile" * 50))
    rendered_jpeg = await decoder.render(encoded("JPEG", comment=b"the owner's name"))
    for data in (rendered.picture, rendered.thumbnail, rendered_jpeg.picture):
        assert b"owner" not in data
        assert b"profileprofile" not in data


async def test_two_hundred_hostile_ones(
    own: Tenant, sit: Sit, enrol: Enrol, decoder: Decoder, stored: ReadRows, pictures: PictureStore
) -> None:
    """A tracker's are quarantined, because refused ones would block its queue; an agent's are refused for good."""
    files = hostile()
    assert len(files) >= 200
    seat, agent, now = await sit(own), await enrol(own), datetime.now(UTC)
    session = agent.start(now)
    await agent.sync(now)
    await decoder.close()
    await decoder.render(FORMS["PNG"])
    assert decoder._process is not None
    process = psutil.Process(decoder._process.pid)
    before = process.memory_info().rss
    for number, data in enumerate(files):
        name = str(uuid.uuid4())
        put = await agent.put_screenshot(name, data, session_id=session, captured_at=now, now=datetime.now(UTC))
        assert (put.status_code, put.json()["kind"]) == (422, "unfit_picture"), number
        photo = base64.b64encode(data).decode()
        sent = await seat.tracker.post("screenshot/upload", seat.body(photo=photo, capture_time=stamp(now)))
        assert sent.ok, number
        assert sent.fields["message"].startswith("Not counted: "), number
    assert process.is_running(), "none has ended the process"
    peak = most_memory(process.pid)
    assert peak - before <= ALLOWANCE, f"{(peak - before) >> 20} MiB more"
    assert (await decoder.render(FORMS["PNG"])).width == 320
    assert await stored("screenshot", own.company_id) == []
    assert not folder_of(pictures, own.company_id).exists()
    aside = await stored("quarantine", own.company_id)
    assert len(aside) == 2 * len(files) - (len(files) - len(set(files))), "each, by both APIs"
    assert {row["reason"] for row in aside} <= {FORMAT, BROKEN, MORE, LARGE, SEVERAL}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GIF89a", FORMAT),
        (FORMS["PNG"][:-5], BROKEN),
        (FORMS["WebP"] + b"\0\0", MORE),
        (png(9_400, 9_400, b""), LARGE),
        (animated_webp(), SEVERAL),
    ],
)
def test_the_reason_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(Unfit, match=reason):
        render(data)


def test_nothing_past_the_cap_reaches_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: object, **__: object) -> None:
        pytest.fail("a bomb was opened")

    monkeypatch.setattr(Image, "open", opened)
    for data in bombs():
        header: Header | None = None
        try:
            header = read_header(data)
        except Unfit:
            continue
        if header.width * header.height > MAX_PIXELS:
            with pytest.raises(Unfit, match=LARGE):
                render(data)


async def test_of_pixels_with_a_second_face_the_pixels_alone_are_kept(
    own: Tenant, sit: Sit, stored: ReadRows, pictures: PictureStore
) -> None:
    seat, now = await sit(own), datetime.now(UTC)
    files = list(noted_ones())
    for data in files:
        photo = base64.b64encode(data).decode()
        sent = await seat.tracker.post("screenshot/upload", seat.body(photo=photo, capture_time=stamp(now)))
        assert sent.fields["message"] == "Screenshot kept"
    assert len(await stored("screenshot", own.company_id)) == len(set(files))
    found = [path.read_bytes() for path in folder_of(pictures, own.company_id).rglob("*") if path.is_file()]
    assert len(found) == 2 * len(set(files))
    for data in found:
        assert data.startswith(b"\xff\xd8\xff\xe0\x00\x10JFIF")
        assert data.endswith(b"\xff\xd9")
        assert read_header(data).file == data, "one JPEG, and nothing in it or after it but what pixels are made of"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Decoder]:
    """`program("exit 1")`: a decoder whose process does that instead."""

    def program(script: str) -> Decoder:
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))
        return Decoder()

    return program


@pytest.mark.parametrize("crash", ["SEGV", "ABRT", "BUS", "FPE", "ILL"])
async def test_a_picture_that_crashes_the_process_twice_is_not_taken(program: Any, crash: str) -> None:
    with pytest.raises(Unfit, match=BROKEN):
        await program(f"ulimit -c 0; kill -{crash} $$").render(FORMS["PNG"])


@pytest.mark.parametrize("ends", [("KILL", "SEGV"), ("SEGV", "KILL")])
async def test_one_crash_says_nothing_about_the_picture(program: Any, tmp_path: Path, ends: tuple[str, str]) -> None:
    once = f"mkdir {tmp_path}/seen 2>/dev/null && kill -{ends[0]} $$"
    with pytest.raises(Unavailable):
        await program(f"PATH=/bin:/usr/bin; ulimit -c 0; {once}; kill -{ends[1]} $$").render(FORMS["PNG"])


@pytest.mark.parametrize("end", ["exit 1", "kill -KILL $$", "kill -TERM $$", "exec /bin/false"])
async def test_a_process_that_the_machine_ends_refuses_for_now(program: Any, end: str) -> None:
    """Out of memory, or no room for another process: that says nothing about the picture."""
    decoder = program(end)
    with pytest.raises(Unavailable):
        await decoder.render(FORMS["PNG"])
    assert decoder._process is None


async def test_a_picture_that_takes_too_long_on_the_clock_comes_again(
    program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_DECODING_SECONDS", 0.2)
    decoder = program("exec /bin/sleep 60")
    with pytest.raises(Unavailable):
        await decoder.render(FORMS["PNG"])
    assert decoder._process is None


async def test_a_picture_that_takes_too_much_of_the_processor_is_not_taken(program: Any) -> None:
    with pytest.raises(Unfit, match=SLOW):
        await program("kill -PROF $$").render(FORMS["PNG"])


def test_the_process_measures_its_own_seconds() -> None:
    """It ends in the middle of a decoder's work, and with time to spare on an idle clock it does not."""
    starts = "import sys\nfrom tracking.screenshots.imaging import worker\nworker.CPU_SECONDS = %s\nworker.main()"
    sent = REQUEST.pack(len(COSTLY)) + COSTLY
    for seconds, code in ((0.05, -signal.SIGPROF), (8, 0)):
        done = subprocess.run([sys.executable, "-c", starts % seconds], input=sent, capture_output=True, check=False)
        assert done.returncode == code
    assert ANSWER.unpack(done.stdout[: ANSWER.size])[0] == 0, "taken"


COSTLY = png(5_000, 5_000, b"\0" * (15_001 * 5_000))  # takes some tenths of a second of processor time


async def test_on_a_busy_machine_nothing_is_lost_by_either_api(
    own: Tenant, sit: Sit, enrol: Enrol, decoder: Decoder, stored: ReadRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither gets a success, so both send the picture again, and it is stored once there is time."""
    seat, agent, now = await sit(own), await enrol(own, 1), datetime.now(UTC)
    session, name = agent.start(now), str(uuid.uuid4())
    await agent.sync(now)
    photo = base64.b64encode(COSTLY).decode()

    async def desktops() -> Any:
        return await seat.tracker.post("screenshot/upload", seat.body(photo=photo, capture_time=stamp(now)))

    async def agents() -> Any:
        return await agent.put_screenshot(name, COSTLY, session_id=session, captured_at=now, now=datetime.now(UTC))

    await decoder.render(FORMS["PNG"])
    with monkeypatch.context() as busy:
        busy.setattr(module, "MAX_DECODING_SECONDS", 0.02)
        assert not (await desktops()).ok
        refused = await agents()
        assert (refused.status_code, refused.json()["kind"]) == (503, "unavailable")
        assert "retry-after" in refused.headers
    assert await stored("screenshot", own.company_id) == await stored("quarantine", own.company_id) == []
    assert (await desktops()).fields["message"] == "Screenshot kept"
    assert (await agents()).status_code == 201
    assert len(await stored("screenshot", own.company_id)) == 2
