"""The first page, and an address where nothing is, in a browser."""

import pytest

pytestmark = pytest.mark.seconds(120)


def is_laid_out(page):
    """Style has come, and nothing is wider than the window."""
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_first_page(visitor, shared, picture):
    reply = visitor.goto(shared.url + "/")
    assert reply.status == 200 and reply.headers["content-type"].startswith("text/html")
    assert visitor.title() == "This is a Coffer vault – Coffer"
    assert visitor.locator("h1").inner_text() == "This is a Coffer vault"
    assert visitor.locator(".apis li").count() == 5
    assert f"{shared.url}/storage/api/v3" in visitor.locator(".apis").inner_text()
    is_laid_out(visitor)
    picture(visitor, "first-page")
    assert visitor.faults == []


@pytest.mark.parametrize("path", ["/nosuch", "/api/v1/media/nosuch/really"])
def test_an_unknown_address(visitor, shared, picture, path):
    assert visitor.goto(shared.url + path).status == 404
    assert visitor.locator("h1").inner_text() == "There is nothing at this address"
    is_laid_out(visitor)
    picture(visitor, "unknown-address")
    # The browser reports the status itself.
    assert [fault for fault in visitor.faults if "404" not in fault] == []


def test_the_icon_can_be_drawn(visitor, shared):
    visitor.goto(shared.url + "/")
    size = visitor.evaluate(
        """async () => {
          const image = new Image();
          image.src = '/favicon.ico';
          await image.decode();
          return [image.naturalWidth, image.naturalHeight];
        }"""
    )
    assert size[0] == size[1] and size[0] in (16, 32)
    assert visitor.faults == []
