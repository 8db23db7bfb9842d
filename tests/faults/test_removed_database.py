"""The database's file or its log is removed, or replaced, under a server that runs: nothing is acknowledged that would be lost."""

import os
import shutil

import pytest

from harness.client import User


def ready(server):
    return server.anyone().get(server.url + "/readyz").status_code


@pytest.mark.parametrize("name", ["coffer.db", "coffer.db-wal"])
@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_file_of_the_database(launch, folder, name, how):
    server = launch()
    user = server.user()
    kept = user.upload(b"before")["id"]
    assert ready(server) == 200
    path = server.data / name
    aside = folder / name
    path.rename(aside)
    if how == "replaced":
        shutil.copyfile(aside, path)
    assert ready(server) == 503
    for size in (10, 100_000):
        assert user.try_upload(os.urandom(size)).status_code == 500
    assert user.patch(f"/media/{kept}", json={"title": "new"}).status_code == 500
    assert server.anyone().post("/auth/login", json={"username": user.username, "password": user.password}).status_code == 500
    assert user.get(f"/media/{kept}/content").content == b"before"
    server.wait_for_log(lambda line: name in str(line) and "removed or replaced" in str(line))
    # Put back, it is the same file again.
    aside.rename(path)
    assert ready(server) == 200
    user.upload(b"after")
    server.kill()
    server.start()
    assert {media["size"] for media in User(server.root, user.username, user.password).media()} == {5, 6}


@pytest.mark.parametrize("name", ["segments", "."])
def test_the_folder_of_small_files(launch, name):
    server = launch()
    user = server.user()
    user.upload(b"before")
    shutil.rmtree(server.data / name if name != "." else server.data)
    assert ready(server) == 503
    # Longer ones have files of their own elsewhere.
    for size in (10, 1000) if name == "segments" else (10, 100_000):
        assert user.try_upload(os.urandom(size)).status_code == 500
