"""The page of the APIs, in a browser."""

import pytest

pytestmark = pytest.mark.seconds(120)


def shows_operations(page, least):
    page.wait_for_selector(".swagger-ui .opblock", timeout=30_000)
    assert page.locator(".swagger-ui .opblock").count() >= least
    assert page.locator(".swagger-ui .errors-wrapper").count() == 0


def test_the_page(visitor, shared, picture):
    asked = []
    visitor.on("request", lambda request: asked.append(request.url))
    assert visitor.goto(shared.url + "/docs").status == 200
    shows_operations(visitor, 20)
    assert visitor.locator(".swagger-ui .info .title").inner_text().startswith("Media Vault")
    picture(visitor, "docs")
    assert all(url.startswith((shared.url + "/", "data:")) for url in asked), asked
    assert visitor.faults == []


@pytest.mark.parametrize("visitor", ["desk light"], indirect=True)
def test_an_operation_in_full(visitor, shared, picture):
    visitor.goto(shared.url + "/docs")
    shows_operations(visitor, 20)
    visitor.get_by_text("Make a collection", exact=True).click()
    visitor.wait_for_selector(".opblock.is-open .responses-table")
    assert "Holidays" in visitor.locator(".opblock.is-open").inner_text()
    picture(visitor, "docs-operation")
    assert visitor.faults == []


@pytest.mark.parametrize("visitor", ["desk light"], indirect=True)
@pytest.mark.parametrize("api,title", [("streamvault", "StreamVault"), ("fileuploader", "File Uploader"),
                                       ("quantum", "Quantum Storage"), ("boxes", "Boxes"),
                                       ("operations", "Operations")])
def test_the_other_apis(visitor, shared, api, title):
    visitor.goto(shared.url + "/docs")
    visitor.locator("nav").get_by_text(title, exact=True).click()
    visitor.wait_for_url("**/docs/" + api)
    shows_operations(visitor, 3)
    assert visitor.locator(".swagger-ui .info .title").inner_text().startswith(title)
    assert visitor.faults == []


@pytest.mark.parametrize("visitor", ["desk light"], indirect=True)
def test_a_call_is_tried(visitor, shared):
    visitor.goto(shared.url + "/docs/operations")
    shows_operations(visitor, 3)
    visitor.get_by_text("Whether the process runs", exact=True).click()
    visitor.get_by_text("Try it out").click()
    visitor.locator("button.execute").click()
    visitor.wait_for_selector(".live-responses-table")
    assert "ok" in visitor.locator(".live-responses-table").inner_text()
    assert visitor.faults == []


@pytest.mark.parametrize("visitor", ["desk light"], indirect=True)
def test_below_a_path(visitor, below):
    visitor.goto(below.url + "/docs")
    shows_operations(visitor, 20)
    visitor.locator("nav").get_by_text("Operations", exact=True).click()
    shows_operations(visitor, 3)
    visitor.get_by_text("Whether the process runs", exact=True).click()
    visitor.get_by_text("Try it out").click()
    visitor.locator("button.execute").click()
    visitor.wait_for_selector(".live-responses-table")
    assert visitor.faults == []
