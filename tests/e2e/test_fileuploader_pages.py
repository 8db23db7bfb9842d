"""What the File Uploader API shows to people, and what an upload can do in their browsers."""

import pytest
from playwright import sync_api as playwright

from harness.client import unique_name
from harness.fileuploader import PASSWORD, FileUploader

pytestmark = pytest.mark.seconds(120)

# Tells, should it run, what it got to see with the token that lies in this origin's storage.
STEAL = """
(async () => {
  document.title = 'ran';
  const token = localStorage.getItem('coffer.token');
  const reply = await fetch('/api/get_groups', {headers: {Authorization: 'Bearer ' + token}});
  document.title = 'stole ' + (await reply.text());
})();
"""
SVG = f'<svg xmlns="http://www.w3.org/2000/svg"><title>still</title><script>{STEAL.replace("&", "&amp;")}</script><rect width="9" height="9"/></svg>'
XHTML = f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>still</title><script><![CDATA[{STEAL}]]></script></head><body/></html>'
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\);)>>>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF"
)
STORED = {
    "page.html": f"<!doctype html><title>still</title><script>{STEAL}</script><img src=x onerror=\"{STEAL.replace(chr(10), ' ').replace(chr(34), chr(39))}\">".encode(),
    "page.htm": f"<title>still</title><body onload='document.title=\"ran\"'><script>{STEAL}</script>".encode(),
    "noname": f"<!doctype html><title>still</title><script>{STEAL}</script>".encode(),
    "picture.svg": SVG.encode(),
    "data.xml": ("<?xml version='1.0'?>" + XHTML).encode(),
    "style.xml": ("<?xml version='1.0'?><?xml-stylesheet type='text/xsl' href='#x'?>" + XHTML).encode(),
    "page.xhtml": XHTML.encode(),
    "feed.rss": ("<?xml version='1.0'?>" + XHTML).encode(),
    "paper.pdf": PDF,
    "code.js": STEAL.encode(),
    "module.mjs": STEAL.encode(),
    "page.txt": f"<!doctype html><script>{STEAL}</script>".encode(),
    "page.bin": f"<!doctype html><script>{STEAL}</script>".encode(),
}
SANDBOXED = {name for name in STORED if name.split(".")[-1] in ("html", "htm", "svg", "xml", "xhtml")}


@pytest.fixture
def owner(shared):
    return FileUploader.registered(shared)


@pytest.fixture(scope="module")
def victim(shared):
    """An account with a group; browsing() has its token."""
    caller = FileUploader.registered(shared)
    caller.invitation = caller.invite(caller.group("Secret"))
    return caller


@pytest.fixture(scope="module")
def browsing(browser, victim):
    """A browser with the victim's token in the storage of this origin, where the invite page leaves it."""
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    page.goto(f"{victim.root}/invite/{victim.invitation}")
    page.evaluate("token => localStorage.setItem('coffer.token', token)", victim.token)
    page.close()
    yield context
    context.close()


@pytest.fixture
def opened(browsing):
    """A new page of it; `seen` are the requests to the API that go out from it."""
    page = browsing.new_page()
    page.seen = []
    page.on("request", lambda request: page.seen.append(request.url) if "/api/" in request.url else None)
    yield page
    page.close()


def test_the_token_is_in_reach_of_this_origin(opened, victim):
    """What the uploads below try works from a page of the vault's own."""
    opened.goto(f"{victim.root}/invite/{victim.invitation}")
    opened.evaluate(STEAL)
    opened.wait_for_function("document.title.startsWith('stole ')")
    assert "Secret" in opened.title() and opened.seen


@pytest.mark.parametrize("path", ["/file/", "/f/"])
def test_a_stored_script_reads_nothing(opened, victim, path):
    shown = []
    for name, data in STORED.items():
        file = victim.upload(data, name)
        try:
            opened.goto(victim.root + path + file["file_url"])
        except playwright.Error as problem:  # a download, which shows nothing
            assert "Download is starting" in str(problem) or "ERR_ABORTED" in str(problem), problem
            continue
        shown.append(name)
        opened.wait_for_timeout(100)
        assert "ran" not in opened.title() and "stole" not in opened.title(), name
        if name in SANDBOXED:
            assert opened.evaluate("window.origin") == "null", name
    assert opened.seen == []
    assert SANDBOXED <= set(shown), shown


@pytest.mark.parametrize("kind", ["script", "module", "frame", "object", "embed", "image"])
def test_a_stored_page_cannot_use_other_uploads(opened, victim, kind):
    script = "/file/" + victim.upload(STEAL.encode(), "x.js")["file_url"]
    inner = "/file/" + victim.upload(STORED["page.html"], "inner.html")["file_url"]
    picture = "/file/" + victim.upload(SVG.encode(), "x.svg")["file_url"]
    body = {
        "script": f'<script src="{script}"></script>',
        "module": f'<script type="module" src="{script}"></script>',
        "frame": f'<iframe src="{inner}"></iframe><iframe src="javascript:document.title=1"></iframe>',
        "object": f'<object data="{picture}" type="image/svg+xml"></object>',
        "embed": f'<embed src="{picture}" type="image/svg+xml">',
        "image": f'<img src="{picture}"><link rel=manifest href="{script}">',
    }[kind]
    file = victim.upload(f"<!doctype html><title>still</title>{body}".encode(), "page.html")
    opened.goto(file["file_url_full"])
    opened.wait_for_timeout(150)
    assert opened.title() == "still" and opened.seen == []


def test_no_script_gets_into_the_invite_page(opened, victim):
    """Its policy permits the one script alone: not what is in the group's name, nor an upload."""
    script = victim.upload(STEAL.encode(), "x.js")["file_url_full"]
    name = '"><script>document.title=1</script><img src=x onerror=1>'[:50]
    invite = victim.invite(victim.group(name))
    opened.goto(f"{victim.root}/invite/{invite}")
    assert opened.locator("h1").inner_text() == name
    assert opened.locator("h1 *").count() == 0
    refused = opened.evaluate(
        """url => new Promise(done => {
          const script = document.createElement('script');
          script.src = url;
          script.onload = () => done(false);
          script.onerror = () => done(true);
          document.body.append(script);
        })""",
        script,
    )
    assert refused and "stole" not in opened.title()


def test_nobody_frames_the_invite_page(opened, victim):
    page = f'<title>still</title><iframe src="/invite/{victim.invitation}"></iframe>'
    opened.goto(victim.upload(page.encode(), "frame.html")["file_url_full"])
    opened.wait_for_timeout(150)
    assert all(frame.get_by_text("Secret").count() == 0 for frame in opened.frames)
    assert opened.seen == []


# The invite page.


def fits(page):
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1], widths


def is_dark(page):
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    parts = [int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    return sum(parts) < 200


def test_an_invite_leads_to_a_log_in_and_into_the_group(visitor, picture, owner, shared):
    group = owner.group("Bim-Bam & friends of the lighthouse")
    member = FileUploader.registered(shared)
    visitor.goto(f"{owner.root}/invite/{owner.invite(group)}")
    assert visitor.locator("h1").inner_text() == "Bim-Bam & friends of the lighthouse"
    assert visitor.title() == "Invite to Bim-Bam & friends of the lighthouse – Coffer"
    assert is_dark(visitor) == ("dark" in visitor.kind)
    visitor.get_by_label("Username").wait_for()
    fits(visitor)
    picture(visitor, "invite-login")
    visitor.get_by_label("Username").fill(member.username)
    visitor.get_by_label("Password").fill(PASSWORD)
    visitor.get_by_role("button", name="Log in and join").click()
    visitor.get_by_text("Welcome to the group").wait_for()
    assert visitor.locator("#number").inner_text() == str(group)
    fits(visitor)
    picture(visitor, "invite-joined")
    assert [g["group_id"] for g in member.groups()] == [group]

    # Logged in now: the same page knows it, and another invite takes one click.
    visitor.reload()
    visitor.get_by_text("You are in the group").wait_for()
    second = owner.group("Second")
    visitor.goto(f"{owner.root}/invite/{owner.invite(second)}")
    visitor.get_by_role("button", name="Join the group").wait_for()
    assert visitor.locator("#who").inner_text() == member.username
    fits(visitor)
    picture(visitor, "invite-join")
    visitor.get_by_role("button", name="Join the group").click()
    visitor.get_by_text("Welcome to the group").wait_for()
    assert [g["group_id"] for g in member.groups()] == [group, second]

    # Whoever leaves a browser that others use takes the token along, and its session ends.
    assert not visitor.get_by_text("You are invited").is_visible()
    kept = FileUploader(shared, visitor.evaluate("localStorage.getItem('coffer.token')"))
    assert len(kept.groups()) == 2
    visitor.get_by_role("button", name="Log out").click()
    visitor.get_by_label("Username").wait_for()
    assert visitor.evaluate("localStorage.length") == 0
    assert kept.get("/api/get_groups").status_code == 401
    assert visitor.faults == []


@pytest.mark.parametrize("visitor", ["desk dark", "hand light"], indirect=True)
def test_a_new_account_joins_by_keyboard(visitor, owner):
    group = owner.group()
    name = unique_name()
    visitor.goto(f"{owner.root}/invite/{owner.invite(group)}")
    visitor.get_by_role("button", name="New account").click()
    assert visitor.evaluate("document.activeElement.id") == "username"
    visitor.keyboard.type(name)
    visitor.keyboard.press("Tab")
    visitor.keyboard.type(PASSWORD)
    visitor.keyboard.press("Enter")
    visitor.get_by_text("Welcome to the group").wait_for()
    reply = owner.post("/api/login", json={"username": name, "password": PASSWORD})
    assert FileUploader(owner.server, reply.json()["accessToken"]).groups()[0]["group_id"] == group
    assert visitor.faults == []


@pytest.mark.parametrize("visitor", ["desk dark", "hand light"], indirect=True)
def test_what_goes_wrong_is_told(visitor, picture, owner, shared):
    group = owner.group()
    member = FileUploader.registered(shared)
    invite = owner.invite(group)
    visitor.goto(f"{owner.root}/invite/{invite}")
    visitor.get_by_label("Username").fill(member.username)
    visitor.get_by_label("Password").fill("not the password")
    visitor.get_by_role("button", name="Log in and join").click()
    visitor.get_by_role("alert").get_by_text("Wrong password").wait_for()
    picture(visitor, "invite-wrong")
    # The invite goes while the page is open.
    owner.delete(f"/api/generate_invite/{group}")
    visitor.get_by_label("Password").fill(PASSWORD)
    visitor.get_by_role("button", name="Log in and join").click()
    visitor.get_by_text("no longer good").wait_for()
    assert member.groups() == []
    # And a session that ended elsewhere leads back to the log-in.
    stale = owner.invite(group)
    visitor.evaluate("token => localStorage.setItem('coffer.token', token)", member.token)
    member.post("/api/logout")
    visitor.goto(f"{owner.root}/invite/{stale}")
    visitor.get_by_label("Username").wait_for()
    assert visitor.evaluate("localStorage.getItem('coffer.token')") is None


@pytest.mark.parametrize("visitor", ["desk dark", "hand light"], indirect=True)
def test_links_that_lead_nowhere(visitor, picture, owner):
    for path, title in (("/invite/4yn-8yjhsu", "Invite link not found"), ("/file/4yn-8yjhsu", "File not found"),
                        ("/f/4yn-8yjhsu", "File not found")):
        reply = visitor.goto(owner.root + path)
        assert reply.status == 404
        assert visitor.locator("h1").inner_text() == title
        fits(visitor)
    picture(visitor, "file-nowhere")


def test_a_shortened_link(opened, victim):
    target = victim.upload(b"<title>there</title>", "there.html")
    short = victim.upload(target["file_url_full"].encode() + b"\n", "short.txt")
    opened.goto(short["file_url_full"])
    assert opened.url == target["file_url_full"] and opened.title() == "there"


def test_without_script_the_page_says_so(browser, owner):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{owner.root}/invite/{owner.invite(owner.group('Plain'))}")
    assert page.locator("h1").inner_text() == "Plain"
    assert page.get_by_text("JavaScript").is_visible()
    assert not page.locator("form").is_visible()
    context.close()
