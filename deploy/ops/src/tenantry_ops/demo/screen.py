"""Small pictures of a simulated screen: a window with its title on a coloured desktop, all different."""

import io
import random

from PIL import Image, ImageDraw

from tracker_client import Window

SIZE = (480, 270)
DESKS = ("#243b55", "#3a6073", "#4b3f72", "#2f4f4f")


def screen(rng: random.Random, window: Window | None) -> bytes:
    """Returns a PNG of the foreground window; None: of the desktop only."""
    image = Image.new("RGB", SIZE, rng.choice(DESKS))
    if window is not None:
        draw = ImageDraw.Draw(image)
        left, top = rng.randint(10, 60), rng.randint(10, 40)
        draw.rectangle((left, top, left + 380, top + 200), fill="#ffffff")
        draw.rectangle((left, top, left + 380, top + 18), fill="#d7dbe2")
        draw.text((left + 8, top + 4), f"{window.app} - {window.title}", fill="#1f2430")
        for line in range(top + 32, top + 190, 14):
            draw.rectangle((left + 12, line, left + rng.randint(80, 360), line + 5), fill="#c5cad3")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
