"""Pages of a vault that a proxy serves below a path, in a browser."""

import pytest

from harness import samples
from harness.client import unique_name
from harness.fileuploader import PASSWORD, FileUploader
from harness.streamvault import StreamVault

pytestmark = pytest.mark.seconds(120)
PHOTO = samples.MEDIA / "photos" / "gps_nikon.jpg"


@pytest.fixture
def guided(visitor, below):
    """The visitor's page; `asked` are the addresses on this machine that it asked for."""
    visitor.asked = []
    visitor.on("request", lambda request: visitor.asked.append(request.url) if "://127" in request.url else None)
    visitor.on("response", lambda reply: visitor.faults.append(reply.url) if reply.status == 418 else None)
    yield visitor
    assert visitor.asked and all(url.startswith(below.url + "/") for url in visitor.asked), visitor.asked
    assert visitor.faults == []


def is_styled(page):
    return page.evaluate("getComputedStyle(document.querySelector('header.top')).display") == "flex"


@pytest.mark.parametrize("visitor", ["desk light"], indirect=True)
def test_shares_below_a_path(guided, below):
    caller = StreamVault.registered(below)
    top = caller.folder("Top")
    inner = caller.folder("Inner", parent=top["token"])
    caller.upload(PHOTO.read_bytes(), "photo.jpg", folder=top["token"])
    caller.upload(b"words", "words.txt", folder=inner["token"])
    guided.goto(top["share_url"])
    assert guided.title() == "Top – Coffer" and is_styled(guided)
    guided.locator(".gallery img").evaluate("image => image.decode()")
    guided.get_by_role("link", name="Inner").click()
    guided.get_by_role("link", name="words.txt").click()
    assert guided.locator("h1").inner_text() == "words.txt" and is_styled(guided)
    with guided.expect_download() as download:
        guided.get_by_role("link", name="Download").click()
    assert open(download.value.path(), "rb").read() == b"words"
    guided.locator(".crumbs").get_by_role("link", name="Top").click()
    assert guided.locator("h1").inner_text() == "Top"


@pytest.mark.parametrize("visitor", ["hand dark"], indirect=True)
def test_an_invite_below_a_path(guided, below):
    owner = FileUploader.registered(below)
    group = owner.group("Friends")
    link = owner.get(f"/api/generate_invite/{group}").json()["invite_link"]
    assert link.startswith(below.url + "/invite/")
    guided.goto(link)
    assert is_styled(guided)
    guided.get_by_role("button", name="New account").click()
    name = unique_name()
    guided.get_by_label("Username").fill(name)
    guided.get_by_label("Password").fill(PASSWORD)
    guided.get_by_role("button", name="Create and join").click()
    guided.get_by_text("Welcome to the group").wait_for()
    guided.reload()
    guided.get_by_text("You are in the group").wait_for()
    guided.get_by_role("button", name="Log out").click()
    guided.get_by_label("Username").wait_for()
