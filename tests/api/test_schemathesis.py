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

# What a request that fits its schemas may get: what it asks for, or why it does not. 400 is among
# that: names have rules that no schema can say, and some documents have 400 for a name that is taken.
# And 415: StreamVault takes a chunk without a form only with the headers that say which one it is.
FITTING = ["2xx", "3xx", "400", "401", "403", "404", "409", "412", "413", "415", "416", "422", "429", "503"]
# And one that does not.
UNFIT = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "414", "415", "416", "422", "429", "431"]
CONFIGURATION = f"""
[checks]
positive_data_acceptance.expected-statuses = {FITTING}
negative_data_rejection.expected-statuses = {UNFIT}
"""

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


@pytest.mark.parametrize("name", ["mediavault", "streamvault", "fileuploader", "quantum", "operations"])
def test_it_finds_nothing(launch, folder, name):
    server = launch({"webhooks.allow_private": "true"})
    document = openapi.document(name, base_url=server.url)
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
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
