"""A browser for the tests: Debian's Chromium, driven by Playwright."""

import os
import pathlib
import shutil

import pytest

from harness.streamvault import StreamVault

CHROMIUM = shutil.which("chromium")
AUTOPLAY = "--autoplay-policy=no-user-gesture-required"
# Where pictures of the pages are kept; nowhere unless it is set.
PICTURES = os.environ.get("COFFER_PICTURES")


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api") if CHROMIUM else None
    if not sync_api:
        pytest.fail("chromium is missing: tools/install-packages.sh test")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            # There is no sandbox to be had for root, and the pages come from the test itself.
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", AUTOPLAY],
        )
        yield chromium
        chromium.close()


DESK = {"width": 1200, "height": 800}
HAND = {"width": 390, "height": 844}


@pytest.fixture(params=["desk light", "desk dark", "hand light", "hand dark"])
def visitor(request, browser):
    """Somebody who opens pages without credentials. What goes wrong in the page fails the test."""
    device, scheme = request.param.split()
    context = browser.new_context(
        viewport=DESK if device == "desk" else HAND,
        device_scale_factor=1 if device == "desk" else 2,
        has_touch=device == "hand",
        color_scheme=scheme,
        java_script_enabled=True,
    )
    page = context.new_page()
    faults = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.faults = faults
    page.kind = request.param
    yield page
    context.close()


@pytest.fixture
def picture(request):
    """`picture(page, name)`: keeps a picture of the whole page where COFFER_PICTURES says."""

    def take(page, name):
        if PICTURES:
            folder = pathlib.Path(PICTURES)
            folder.mkdir(parents=True, exist_ok=True)
            kind = page.kind.replace(" ", "-")
            page.screenshot(path=folder / f"{name}-{kind}.png", full_page=True)

    return take


@pytest.fixture
def caller(shared):
    return StreamVault.registered(shared)
