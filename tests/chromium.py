"""Where the browser is that tests/browser drives, and what happens without one.

Debian's `chromium`, or any Chromium on the path. Without one those tests are left out, and the
run says so; in CI a missing browser is a failure.
"""

import os
import shutil

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
WANTED = bool(CHROMIUM or os.environ.get("CI"))
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
