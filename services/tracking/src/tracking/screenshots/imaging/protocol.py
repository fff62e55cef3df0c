"""Messages between the gateway and the decoding process, and the reasons for refusing a picture.

Pickle is not used: the process has read hostile pictures. There are a few fixed reasons, since a company's admin sees
how often each occurred.
"""

import struct
from dataclasses import dataclass

REQUEST = struct.Struct(">I")  # length of the file that follows
ANSWER = struct.Struct(">5I")  # reason, width, height, picture, thumbnail: sizes, and the lengths of what follows


@dataclass(frozen=True, slots=True)
class Rendered:
    """A safe picture and its thumbnail, as JPEG; sizes in pixels."""

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
    """The picture can never be accepted; the message is the reason."""
