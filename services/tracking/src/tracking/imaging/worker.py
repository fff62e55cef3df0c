"""`python -m tracking.imaging.worker`: decodes pictures that come in by standard input, one after another.

A request is a length and the file; an answer is five numbers and what they announce, see `protocol`. It reads no other
file, may take `MEMORY` bytes and ends with its input: whatever a picture does to it, the gateway goes on.
"""

import resource
import signal
import sys
from io import BytesIO

from PIL import Image

from tracking.imaging.containers import read_header
from tracking.imaging.protocol import ANSWER, REQUEST, Rendered
from tracking.imaging.unfit import BROKEN, LARGE, Unfit

MOST_PIXELS = 25_000_000  # three screens of 3840 × 2160 side by side; decoded, 100 MB
MEMORY = 1024**3
QUALITY = 70  # text stays legible, and a full screen takes some 200 kB
THUMBNAIL = (360, 240)


def render(data: bytes) -> Rendered:
    """The picture encoded anew, nothing but its pixels, and a thumbnail. Unfit: it cannot be taken."""
    header = read_header(data)
    if not 0 < header.width * header.height <= MOST_PIXELS:
        raise Unfit(LARGE if header.width and header.height else BROKEN)
    try:
        with Image.open(BytesIO(data), formats=[header.format]) as image:
            image.load()
            picture = image if image.mode == "RGB" else image.convert("RGB")
            return Rendered(*image.size, _encode(picture), _encode(_thumbnail(picture)))
    except Exception as error:  # Pillow's decoders raise whatever they meet
        raise Unfit(BROKEN) from error


def main() -> None:
    """Answers until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the gateway, which ends this process
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # Should Pillow ever read another size than `read_header`: it refuses twice this number, and warns from it on.
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while head := requests.read(REQUEST.size):
        data = requests.read(*REQUEST.unpack(head))
        try:
            rendered = render(data)
            sizes = len(rendered.picture), len(rendered.thumbnail)
            answers.write(ANSWER.pack(0, rendered.width, rendered.height, *sizes))
            answers.write(rendered.picture + rendered.thumbnail)
        except Unfit as unfit:
            reason = str(unfit).encode()
            answers.write(ANSWER.pack(len(reason), 0, 0, 0, 0) + reason)
        answers.flush()


def _thumbnail(picture: Image.Image) -> Image.Image:
    scale = min(*(room / size for room, size in zip(THUMBNAIL, picture.size, strict=True)), 1.0)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _encode(picture: Image.Image) -> bytes:
    picture.info = {}  # a comment would travel on
    encoded = BytesIO()
    picture.save(encoded, "JPEG", quality=QUALITY)
    return encoded.getvalue()


if __name__ == "__main__":
    main()
