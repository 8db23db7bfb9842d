"""The first minute in a browser: the first page, the icon, and addresses where nothing is."""

import json
import struct

import pytest

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
PROGRAMS = ["*/*", "application/json", "application/json, text/plain, */*", "application/json;q=0.9, text/html;q=0.1"]


def is_page(reply, status):
    assert reply.status_code == status, (reply.status_code, reply.text[:300])
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Accept" in reply.headers["Vary"]
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert reply.text.startswith("<!doctype html>")
    return reply.text


def get(shared, path, accept):
    return shared.anyone().get(shared.url + path, headers={"Accept": accept})


@pytest.mark.parametrize("accept", [BROWSER, "*/*", "text/html"])
def test_the_first_page(shared, accept):
    text = is_page(get(shared, "/", accept), 200)
    assert "Coffer vault" in text and "It is running" in text and "docs/api/" in text
    for name in ("Media Vault", "StreamVault", "File Uploader", "Quantum Storage", "Boxes"):
        assert name in text
    assert f"{shared.url}/api/v1" in text and "/readyz" in text


def test_the_first_page_as_a_document(shared):
    reply = get(shared, "/", "application/json")
    assert reply.status_code == 200 and reply.headers["Content-Type"] == "application/json"
    body = reply.json()
    assert (body["name"], body["status"]) == ("Coffer", "running")
    assert shared.anyone().get(body["health_url"]).status_code == 200
    assert [api["name"] for api in body["apis"]] == [
        "Media Vault", "StreamVault", "File Uploader", "Quantum Storage", "Boxes"
    ]
    assert all(api["url"].startswith(shared.url) for api in body["apis"])
    for api in body["apis"]:
        assert shared.anyone().get(api["docs_url"]).status_code == 200
        assert shared.anyone().get(api["openapi_url"]).json()["info"]["title"] == api["name"]
    head = shared.anyone().head(shared.url + "/", headers={"Accept": "application/json"})
    assert head.status_code == 200 and head.headers["Content-Length"] == reply.headers["Content-Length"]


def test_it_names_the_public_address(launch):
    server = launch({"public_url": "https://files.example.org"})
    assert "https://files.example.org/api/v1" in is_page(get(server, "/", BROWSER), 200)
    assert get(server, "/", "application/json").json()["health_url"] == "https://files.example.org/healthz"


@pytest.mark.parametrize("path", ["/nosuch", "/index.html", "/api", "/api/v1", "/api/v1/nosuch", "/storage/nosuch", "/.env", "/%3Cscript%3E"])
def test_an_unknown_address_is_a_page_in_a_browser(shared, path):
    text = is_page(get(shared, path, BROWSER), 404)
    assert "There is nothing at this address" in text and "<script" not in text


@pytest.mark.parametrize("accept", PROGRAMS)
def test_an_unknown_address_is_a_document_for_programs(shared, accept):
    reply = get(shared, "/nosuch", accept)
    assert reply.status_code == 404 and reply.json()["error"] and "Accept" in reply.headers["Vary"]
    # An API answers below its own prefix.
    reply = get(shared, "/api/v1/nosuch", accept)
    assert reply.status_code == 404 and reply.json()["error"]["code"] == "not_found"
    assert get(shared, "/storage/nosuch", accept).json()["error"]


def test_the_first_page_is_only_read(shared):
    reply = shared.anyone().post(shared.url + "/")
    assert reply.status_code == 405 and "GET" in reply.headers["Allow"]
    assert json.loads(reply.text)["error"]


def test_favicon(shared):
    reply = shared.anyone().get(shared.url + "/favicon.ico")
    assert reply.status_code == 200 and reply.headers["Content-Type"] == "image/x-icon"
    assert "max-age" in reply.headers["Cache-Control"]
    # A directory of two PNG images.
    assert struct.unpack("<HHH", reply.content[:6]) == (0, 1, 2)
    for entry in (reply.content[6:22], reply.content[22:38]):
        width, _, _, _, _, _, size, offset = struct.unpack("<BBBBHHII", entry)
        image = reply.content[offset : offset + size]
        assert image.startswith(b"\x89PNG\r\n\x1a\n") and struct.unpack(">I", image[16:20])[0] == width
