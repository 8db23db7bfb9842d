"""Shares of the native API that have a password."""

import urllib.parse

from harness import shapes
from harness.streamvault import fetch
from test_media_shares import Visitor, absolute, gallery, links_of, share_collection, share_media


def test_a_password_is_asked_for(user):
    media = user.upload(b"bytes", "concealed name.txt")
    made = share_media(user, media, password="open sesame")
    visitor = Visitor()
    page = visitor.fetch(made["url"])
    assert page.status_code == 200 and 'type="password"' in page.text and "concealed name" not in page.text
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    for refused in (visitor.fetch(made["url"] + "/content"), visitor.head(made["url"] + "/content")):
        assert refused.status_code == 403 and "concealed" not in refused.text + str(refused.headers)
    wrong = visitor.unlock(made, "open barley")
    assert wrong.status_code == 403 and "Wrong password" in wrong.text and not visitor.cookies
    for body in ({}, {"password": ""}):
        assert visitor.post(made["url"], data=body, timeout=30).status_code in (400, 403)

    right = visitor.unlock(made, "open sesame")
    assert right.status_code == 303 and right.headers["Location"] == urllib.parse.urlsplit(made["url"]).path
    cookie = right.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and f"Path=/s/{made['token']}" in cookie
    assert "concealed name.txt" in visitor.fetch(made["url"]).text
    assert visitor.fetch(made["url"] + "/content").content == b"bytes"
    assert Visitor().fetch(made["url"] + "/content").status_code == 403

    # The cookie of one share opens no other, and a new password locks everybody out.
    other = share_media(user, media, password="open sesame")
    headers = {"Cookie": cookie.partition(";")[0]}
    assert Visitor(**headers).fetch(made["url"] + "/content").status_code == 200
    assert Visitor(**headers).fetch(other["url"] + "/content").status_code == 403
    user.patch(f"/shares/{made['id']}", json={"password": "another"})
    assert visitor.fetch(made["url"] + "/content").status_code == 403
    user.patch(f"/shares/{made['id']}", json={"password": None})
    assert Visitor().fetch(made["url"] + "/content").status_code == 200
    assert visitor.unlock(made, "whatever").status_code == 303


def test_forged_cookies_open_nothing(user):
    made = share_media(user, user.upload(b"bytes"), password="open sesame")
    for value in ("", "1", ".", f"9999999999999999.{made['token']}", "x" * 5000, "9" * 30 + "." + made["token"]):
        reply = Visitor(Cookie=f"a=b; coffer_share={value}; c").fetch(made["url"] + "/content")
        assert reply.status_code == 403


def test_a_gallery_has_its_password_too(user):
    collection = gallery(user, user.upload(b"bytes", "a.txt"))
    made = share_collection(user, collection, password="pass word")
    visitor = Visitor()
    assert "a.txt" not in visitor.fetch(made["url"]).text
    assert visitor.unlock(made, "pass word").status_code == 303
    link = links_of(visitor.fetch(made["url"]))[0]
    assert visitor.fetch(absolute(made, link) + "/content").content == b"bytes"
    assert fetch(absolute(made, link) + "/content").status_code == 403
    assert 'type="password"' in fetch(absolute(made, link)).text


def test_wrong_passwords_are_bounded(launch):
    server = launch({"rate_limits": "on", "limits.wrong_passwords_per_minute": 5})
    user = server.user()
    made = share_media(user, user.upload(b"bytes"), password="secret")
    codes = [Visitor().unlock(made, f"guess {n}").status_code for n in range(8)]
    assert codes == [403] * 5 + [429] * 3
    refused = Visitor().unlock(made, "secret")
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 0


def test_wrong_passwords_of_shares_block_no_log_in(launch):
    server = launch({"rate_limits": "on", "limits.wrong_passwords_per_minute": 5})
    user = server.user()
    media = user.upload(b"bytes")
    shared = [share_media(user, media, password="secret") for _ in range(3)]
    codes = [Visitor().unlock(shared[n % 3], f"guess {n}").status_code for n in range(8)]
    assert codes == [403] * 5 + [429] * 3, "of an address, whichever share they are for"
    fresh = {"username": "never seen here", "password": "correct horse 7"}
    shapes.success(server.anyone().post("/auth/register", json=fresh), 201)
    assert server.anyone().post("/auth/login", json=fresh).status_code == 200
    wrong = {**fresh, "password": "wrong horse"}
    codes = [server.anyone().post("/auth/login", json=wrong).status_code for _ in range(6)]
    assert 429 in codes, "and log-ins have their own bound"
