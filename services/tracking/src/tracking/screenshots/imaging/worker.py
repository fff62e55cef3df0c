"""`python -m tracking.screenshots.imaging.worker`: decodes pictures from standard input, one after another.

A request is a length and the file; a response is five numbers and the data they announce, see `protocol`. The process
reads no other file, may use `MEMORY` bytes and at most `CPU_SECONDS` for a picture, and ends with its input, so no
picture can stop the gateway.
"""

import resource
import signal
import sys
from io import BytesIO

from PIL import Image

from tracking.screenshots.imaging.containers import Header, read_header
from tracking.screenshots.imaging.pixels import flatten, turn_upright
from tracking.screenshots.imaging.protocol import ANSWER, BROKEN, LARGE, REQUEST, Rendered, Unfit
from tracking.screenshots.rules import MAX_PIXELS

MEMORY = 1536 * 1024**2  # bytes; a lossless WebP of that size takes 1.3 GB, a PNG 750 MB
CPU_SECONDS = 8.0  # the largest take 2.5; processor seconds do not depend on the load
QUALITY = 70  # text stays legible, and a full screen takes some 200 kB
THUMBNAIL = (360, 240)


def render(data: bytes) -> Rendered:
    """The picture, re-encoded from its pixels alone, and a thumbnail. Unfit: it cannot be accepted."""
    header = read_header(data)
    if not 0 < header.width * header.height <= MAX_PIXELS:
        raise Unfit(LARGE if header.width and header.height else BROKEN)
    try:
        picture = _decode(header)
        return Rendered(*picture.size, _encode(picture), _encode(_thumbnail(picture)))
    except MemoryError:  # the limit suffices for every picture that gets here, so the machine is out of memory
        raise
    except Exception as error:  # Pillow's decoders raise any kind of exception
        if "out of memory" in str(error):
            raise MemoryError from error
        raise Unfit(BROKEN) from error


def _decode(header: Header) -> Image.Image:
    return turn_upright(_opaque(header), header.exif)


def _opaque(header: Header) -> Image.Image:
    """A function of its own, so that the decoded original is freed before the next copy is made."""
    image = Image.open(BytesIO(header.file), formats=[header.format])
    image.load()
    return flatten(image, header.depth)


def main() -> None:
    """Responds until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is handled by the gateway, which ends this process
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # If Pillow ever reads another size than `read_header`: it refuses twice this number and warns above it.
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while head := requests.read(REQUEST.size):
        data = requests.read(*REQUEST.unpack(head))
        # When it expires, SIGPROF ends the process, even inside a decoder's loop.
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        try:
            rendered = render(data)
            sizes = len(rendered.picture), len(rendered.thumbnail)
            answers.write(ANSWER.pack(0, rendered.width, rendered.height, *sizes))
            answers.write(rendered.picture + rendered.thumbnail)
        except Unfit as unfit:
            reason = str(unfit).encode()
            answers.write(ANSWER.pack(len(reason), 0, 0, 0, 0) + reason)
        signal.setitimer(signal.ITIMER_PROF, 0)
        answers.flush()


def _thumbnail(picture: Image.Image) -> Image.Image:
    scale = min(*(room / size for room, size in zip(THUMBNAIL, picture.size, strict=True)), 1.0)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _encode(picture: Image.Image) -> bytes:
    picture.info = {}  # a comment would be copied
    encoded = BytesIO()
    picture.save(encoded, "JPEG", quality=QUALITY)
    return encoded.getvalue()


if __name__ == "__main__":
    main()
