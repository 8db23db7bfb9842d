"""Requests that schemathesis makes out of the OpenAPI documents: good ones, bad ones, and such that
follow from each other. Whatever it finds is a fault of the server or of the document.

COFFER_SCHEMATHESIS_SECONDS: how long for each API; 40 unless it is set.
"""

import os
import subprocess

import pytest

from harness import openapi, program
from harness.client import unique_name
from harness.fileuploader import FileUploader
from harness.streamvault import StreamVault

TOOL = program.REPOSITORY / "build/venv-schemathesis/bin/st"
SECONDS = int(os.environ.get("COFFER_SCHEMATHESIS_SECONDS", "40"))

# What a request that fits its schemas may get: what it asks for, or why it does not.
FITTING = ["2xx", "3xx", "401", "403", "404", "409", "412", "413", "416", "422", "429", "503"]
# And one that does not.
UNFIT = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "414", "415", "416", "422", "429", "431"]
# The operations that may get 400 besides, because of rules that no schema can say: of names and links,
# of moments that have to be in the future, of fields and parameters that exclude each other. The other
# APIs have 400 in their documents, also for a name that is taken and for what is not there.
BEYOND_SCHEMAS = {
    "mediavault": [
        "register",
        "update_me",
        "create_key",
        "create_webhook",
        "update_webhook",
        "upload_media",
        "replace_content",
        "list_media",
        "update_media",
        "create_collection",
        "update_collection",
        "list_collection_media",
        "add_to_collection",
        "move_in_collection",
        "share_media",
        "share_collection",
        "update_share",
    ],
    "operations": [],
}


def configuration(name):
    beyond = BEYOND_SCHEMAS.get(name)
    fitting = FITTING if beyond is not None else ["400", *FITTING]
    # It takes a chunk without a form only with the headers that say which one it is.
    if name == "streamvault":
        fitting = ["415", *fitting]
    text = f"""
[checks]
positive_data_acceptance.expected-statuses = {fitting}
negative_data_rejection.expected-statuses = {UNFIT}
"""
    if beyond:
        text += f"""
[[operations]]
include-operation-id = {beyond}
checks.positive_data_acceptance.expected-statuses = {["400", *FITTING]}
"""
    return text


pytestmark = [
    pytest.mark.seconds(SECONDS * 2 + 60),
    pytest.mark.skipif(not TOOL.exists(), reason="schemathesis is not installed: tools/python.sh schemathesis"),
]


def credentials(server, name):
    """A header for `name`'s calls, of an account of their own."""
    if name == "quantum":
        user = unique_name()
        program.create_user(server.data, user)
        return "X-API-MKEY: " + program.create_key(server.data, user, "master")
    if name == "operations":
        return "X-API-Key: " + program.create_key(server.data, "admin")
    if name == "streamvault":
        return "Authorization: Bearer " + StreamVault.registered(server).access
    if name == "fileuploader":
        return "Authorization: Bearer " + FileUploader.registered(server).token
    return "Authorization: Bearer " + server.user().token


@pytest.mark.parametrize("name", ["mediavault", "streamvault", "fileuploader", "quantum", "boxes", "operations"])
def test_it_finds_nothing(launch, folder, name):
    server = launch({"webhooks.allow_private": "true"})
    document = openapi.document(name, base_url=server.url)
    known = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    assert set(BEYOND_SCHEMAS.get(name, [])) <= known
    (folder / "schemathesis.toml").write_text(configuration(name))
    done = subprocess.run(
        [
            TOOL, "run", f"{server.url}/openapi/{name}.json",
            "--url", document["servers"][0]["url"],
            "-H", credentials(server, name),
            "--checks", "all",
            "--max-time", str(SECONDS),
            "--generation-deterministic",
            "--continue-on-failure", "--no-color",
            "--warnings", "off",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS * 2 + 50,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert not [line for line in server.log_lines() if line.get("status", 0) >= 500]
