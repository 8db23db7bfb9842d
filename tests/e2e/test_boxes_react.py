"""The React components that the document of Boxes shows, with their real dependencies, in Chromium."""

import base64
import shutil

import pytest

from harness import program, sdk
from harness.boxes import Boxes, content

SOURCES = program.REPOSITORY / "tests/e2e/boxes_react"
DROP = """([name, type, data]) => {
  const transfer = new DataTransfer();
  if (name) {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    transfer.items.add(new File([bytes], name, {type}));
  }
  return transfer;
}"""
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def bundle():
    """The page's script, of the packages that the lock file pins."""
    missing = [name for name in ("node", "npm") if not shutil.which(name)]
    assert not missing, f"{' and '.join(missing)} missing: tools/install-packages.sh test"
    copy = sdk.copy_of(SOURCES, program.REPOSITORY / "build/e2e/boxes_react")
    install = ["npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"]
    sdk.once(copy, ["package-lock.json"], "installed", lambda: sdk.run(install, copy))
    sdk.run(["npm", "run", "build"], copy)
    return (copy / "dist/app.js").read_text()


@pytest.fixture
def caller(shared):
    return Boxes.registered(shared)


@pytest.fixture
def box(caller):
    return caller.box()["id"]


@pytest.fixture
def page(browser, shared, caller, bundle):
    """`page.show(example, box)`: a page at the vault's own address, where the components expect to be."""
    context = browser.new_context()
    page = context.new_page()
    address = shared.url + "/boxes-react"
    html = '<!doctype html><title>Boxes</title><div id="root"></div><script src="/boxes-react/app.js"></script>'
    page.route(address, lambda route: route.fulfill(content_type="text/html", body=html))
    page.route(address + "/app.js", lambda route: route.fulfill(content_type="text/javascript", body=bundle))
    context.add_init_script(f"localStorage.setItem('token', '{caller.token}')")

    def show(example, box):
        page.goto(f"{address}#{example}/{box}")
        page.wait_for_selector("#root > *")

    page.show = show
    yield page
    context.close()


def drop(page, name=None, data=b"", mime="image/png"):
    transfer = page.evaluate_handle(DROP, [name, mime, base64.b64encode(data).decode()])
    page.dispatch_event("#root > div", "drop", {"dataTransfer": transfer})


def choose(page, name, data, mime="image/png"):
    page.set_input_files("input[type=file]", {"name": name, "mimeType": mime, "buffer": data})


def border(page):
    return page.eval_on_selector("#root > div", "element => element.style.borderColor")


@pytest.mark.seconds(300)
def test_drag_and_drop(page, caller, box):
    page.show("drop", box)
    assert border(page) == "gray"
    transfer = page.evaluate_handle(DROP, [None, "", ""])
    page.dispatch_event("#root > div", "dragover", {"dataTransfer": transfer})
    page.wait_for_function("document.querySelector('#root > div').style.borderColor === 'blue'")
    page.dispatch_event("#root > div", "dragleave", {"dataTransfer": transfer})
    page.wait_for_function("document.querySelector('#root > div').style.borderColor === 'gray'")
    # Text that is dropped is no file.
    drop(page)
    drop(page, "sunset.png", PNG)
    page.wait_for_selector("li img[alt=IMAGE]")
    page.wait_for_function("document.querySelector('li img').naturalWidth === 1")
    (asset,) = caller.assets(box)
    assert page.get_attribute("li img", "src") == asset["file_url"]
    assert (asset["asset_type"], asset["prompt_text"], asset["is_favorite"]) == ("IMAGE", "", False)
    assert page.inner_text("p") == "Drag and drop file here or", "ready for the next one"


@pytest.mark.seconds(300)
def test_a_file_is_chosen_and_the_upload_is_shown(page, caller, box):
    page.show("drop", box)
    held = []
    page.route("**/upload/", lambda route: held.append(route))
    with page.expect_request("**/upload/"):
        choose(page, "clip.mp4", content("mp4"), "video/mp4")
    page.wait_for_selector("text=Uploading...")
    assert not page.query_selector("input"), "one at a time"
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    page.wait_for_selector("li img[alt=VIDEO]", state="attached")
    assert [asset["asset_type"] for asset in caller.assets(box)] == ["VIDEO"]


@pytest.mark.seconds(300)
def test_what_is_refused_or_fails(page, caller, box):
    page.show("drop", box)
    drop(page, "notes.txt", b"text", "text/plain")
    page.wait_for_selector("li")
    assert page.inner_text("li") != ""
    # A connection that breaks.
    page.route("**/upload/", lambda route: route.abort())
    with page.expect_console_message(lambda message: "Upload error:" in message.text):
        drop(page, "sunset.png", PNG)
    page.wait_for_selector("input")
    assert caller.assets(box) == []


@pytest.mark.seconds(300)
def test_a_preview_before_the_upload(page, caller, box):
    page.show("preview", box)
    assert page.is_disabled("button")
    choose(page, "sunset.png", PNG)
    page.wait_for_selector("img[alt=Preview]")
    page.wait_for_function("document.querySelector('img').naturalWidth === 1")
    assert page.get_attribute("img", "src").startswith("data:image/png;base64,")
    assert caller.assets(box) == [], "nothing is sent yet"
    with page.expect_console_message(lambda message: "Uploaded:" in message.text):
        page.click("button")
    assert [asset["asset_type"] for asset in caller.assets(box)] == ["IMAGE"]


@pytest.mark.seconds(300)
def test_fetch(page, caller, box):
    page.show("fetch", box)
    with page.expect_console_message(lambda message: "Upload successful:" in message.text):
        choose(page, "sunset.png", PNG)
    (asset,) = caller.assets(box)
    assert (asset["prompt_text"], asset["is_favorite"]) == ("My image", True)
    with page.expect_console_message(lambda message: "Upload failed: Error: Upload failed" in message.text):
        choose(page, "notes.txt", b"text", "text/plain")


@pytest.mark.seconds(300)
def test_axios(page, caller, box):
    page.show("axios", box)
    choose(page, "sunset.png", PNG)
    page.wait_for_selector("output:not(:empty)")
    (asset,) = caller.assets(box)
    assert page.inner_text("output") == f"{asset['id']} By axios true"


@pytest.mark.seconds(300)
def test_somebody_elses_box(page, shared):
    page.show("axios", Boxes.registered(shared).box()["id"])
    choose(page, "sunset.png", PNG)
    page.wait_for_selector("output:not(:empty)")
    assert page.inner_text("output").startswith("404")
