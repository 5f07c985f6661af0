"""The picture in the README: what `linktrack demo` ends with, as a browser shows it.

python tests/docs/picture.py     takes it anew (with Debian's Chromium)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from docs.player import ROOT
from server.chromium import chromium

PICTURE = ROOT / "docs" / "report.jpg"
WIDTH, HEIGHT = 1100, 1100
# To show both in little room: the figures at the head of the page, and the mail, which follows after some sections.
LEFT_OUT = "nav, section.reason { display: none } section.map { margin-top: 2rem !important }"


def take_picture(picture: Path) -> None:
    """Play the demo, and keep what stands at the beginning of the page of one of its mailings."""
    with tempfile.TemporaryDirectory() as place:
        demo, page = Path(place) / "demo", Path(place) / "page.html"
        linktrack = [sys.executable, "-m", "linktrack"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TZ": "Europe/Stockholm"}
        subprocess.run([*linktrack, "demo", str(demo)], env=environment, check=True, capture_output=True)
        made = [*linktrack, "report", "html", str(page), "--mailing", "newsletter"]
        subprocess.run(made, cwd=demo, env=environment, check=True, capture_output=True)
        with chromium() as browser:
            window = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            window.goto(page.as_uri())
            window.add_style_tag(content=LEFT_OUT)
            window.wait_for_timeout(500)
            window.screenshot(
                path=picture, type="jpeg", quality=80, clip={"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT}
            )


if __name__ == "__main__":
    take_picture(PICTURE)
