"""What the gateway and its decoding process say to each other, and why a picture is refused.

No pickles: the other side has read hostile pictures. The reasons are few and fixed: a company's admin sees how often
each happened.
"""

import struct
from dataclasses import dataclass

REQUEST = struct.Struct(">I")  # length of the file that follows
ANSWER = struct.Struct(">5I")  # lengths and sizes: reason, width, height, picture, thumbnail; what has a length follows


@dataclass(frozen=True, slots=True)
class Rendered:
    """A picture that is safe to keep, as JPEG; sizes in pixels."""

    width: int
    height: int
    picture: bytes
    thumbnail: bytes


FORMAT = "a screenshot that is no PNG, JPEG or WebP"

BROKEN = "a screenshot that is damaged"

LARGE = "a screenshot with too many pixels"

SEVERAL = "a screenshot with several pictures in it"

MORE = "a screenshot with something else in its file"

SLOW = "a screenshot that takes too long to decode"


class Unfit(Exception):
    """The picture cannot be taken, now or later; the message is the reason."""
