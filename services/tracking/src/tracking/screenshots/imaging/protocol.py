"""What the gateway and its decoding process say to each other. No pickles: the other side has met hostile pictures."""

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
