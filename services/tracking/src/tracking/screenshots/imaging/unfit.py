"""Why a picture is not taken. The reasons are few and fixed: a company's admin sees how often each happened."""

FORMAT = "a screenshot that is no PNG, JPEG or WebP"
BROKEN = "a screenshot that is damaged"
LARGE = "a screenshot with too many pixels"
SEVERAL = "a screenshot with several pictures in it"
MORE = "a screenshot with something else in its file"
SLOW = "a screenshot that takes too long to decode"


class Unfit(Exception):
    """The picture cannot be taken, now or later; the message is the reason."""
