"""`blobs` and `segments`: two servers on the same ones, and folders that are gone, replaced, empty or out of inodes."""

import errno
import os
import shutil
import subprocess

import pytest

from harness import program
from harness.client import User
from harness.server import Server, StartFailed

NAMES = ("blobs", "segments")
SMALL, LARGE = 1_000, 200_000


def ready(server):
    reply = server.anyone().get(server.url + "/readyz")
    return reply.status_code, reply.text


def upload_both(user):
    """A small and a large file, each with its content."""
    contents = [os.urandom(size) for size in (SMALL, LARGE)]
    return [(user.upload(content)["id"], content) for content in contents]


def expect_kept(user, kept):
    for media, content in kept:
        assert user.get(f"/media/{media}/content").content == content


def again(server, user):
    return User(server.root, user.username, user.password)


def mount(place, options):
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("mounting a disk takes root")


def link(data, names, target):
    """Leads the names in the data folder to those in another."""
    for name in names:
        shutil.rmtree(data / name, ignore_errors=True)
        (data / name).symlink_to(target / name)


# Two servers on one store.


@pytest.mark.parametrize("names", [NAMES, NAMES[:1], NAMES[1:]], ids="+".join)
def test_folders_of_another_server_are_refused(launch, folder, names):
    other = Server(folder / "b").start()
    other.stop_well()
    first = launch(name="a")
    user = first.user()
    kept = upload_both(user)
    link(other.data, names, first.data)

    sentence = f"another server uses the folder {other.data / names[0]}"
    with pytest.raises(StartFailed) as failed:
        other.start()
    assert failed.value.code == 1
    assert sentence in failed.value.log.splitlines()[-1]
    for words in (("storage", "reclaim"), ("fsck",)):
        done = program.run(*words, "--data", other.data)
        assert (done.returncode, done.stdout) == (1, ""), words
        assert sentence in done.stderr and len(done.stderr.splitlines()) == 1

    kept += upload_both(user)
    expect_kept(user, kept)
    assert program.run("storage", "--data", first.data).returncode == 0
    assert program.run("storage", "reclaim", "--data", first.data).returncode == 0
    first.stop_well()
    assert program.run("fsck", "--data", first.data).returncode == 0
    assert program.run("fsck", "--data", other.data).returncode == 0, "nobody uses it now"
    first.start()
    expect_kept(again(first, user), kept)


def test_no_database_is_made_beside_files_of_another_server(launch, folder):
    """The next start would take the files for those of that database."""
    first = launch(name="a")
    data = folder / "b"
    data.mkdir(mode=0o700)
    link(data, NAMES, first.data)
    with pytest.raises(StartFailed) as failed:
        Server(data).start()
    assert failed.value.code == 1
    assert not (data / "coffer.db").exists()


def test_folders_may_be_used_when_their_server_was_killed(launch):
    server = launch()
    user = server.user()
    kept = upload_both(user)
    server.kill()
    server.start()
    expect_kept(again(server, user), kept)


# Folders that go under a running server.


@pytest.mark.parametrize("name", NAMES)
def test_ready_tells_of_a_folder_that_was_renamed(launch, name):
    server = launch()
    user = server.user()
    kept = upload_both(user)
    assert ready(server)[0] == 200
    (server.data / name).rename(server.data / "away")
    status, text = ready(server)
    assert status == 503 and "missing" in text and str(server.data) not in text
    server.wait_for_log(lambda line: line["event"] == "not ready" and f"{name}/" in line["error"])

    (server.data / name).mkdir(mode=0o700)
    assert ready(server)[0] == 503, "another folder of that name"
    (server.data / name).rmdir()
    (server.data / "away").rename(server.data / name)
    assert ready(server)[0] == 200
    expect_kept(user, kept + upload_both(user))


def test_ready_tells_of_a_disk_that_was_unmounted(folder):
    disk = folder / "disk"
    mount(disk, "size=40m,mode=700")
    try:
        data = folder / "data"
        data.mkdir(mode=0o700)
        (data / "blobs").symlink_to(disk)
        server = Server(data).start()
        assert ready(server)[0] == 200
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    try:
        status, text = ready(server)
        assert status == 503 and "mounted" in text
    finally:
        server.close()


@pytest.mark.seconds(120)
def test_ready_tells_of_a_disk_that_takes_no_more_files(folder):
    disk = folder / "disk"
    mount(disk, "size=40m,nr_inodes=400,mode=700")
    server = Server(disk / "data")
    server.log_path = folder / "server.log"
    try:
        server.start()
        user = server.user()
        kept = upload_both(user)
        assert ready(server)[0] == 200
        hogs = disk / "hogs"
        hogs.mkdir()
        with pytest.raises(OSError) as full:
            for number in range(1_000):
                (hogs / str(number)).touch()
        assert full.value.errno == errno.ENOSPC
        status, text = ready(server)
        assert status == 503 and "full" in text
        assert user.try_upload(os.urandom(LARGE)).status_code == 507
        expect_kept(user, kept)
        for number in range(8):
            (hogs / str(number)).unlink()
        assert ready(server)[0] == 503, "a few do not do for an upload and the database"
        shutil.rmtree(hogs)
        assert ready(server)[0] == 200
        expect_kept(user, upload_both(user))
        server.close()
    finally:
        if server.runs:
            server.kill()
        subprocess.run(["umount", "-l", str(disk)], check=True)


# Folders that are empty at the start.


@pytest.mark.parametrize("how", ["empty", "absent"])
def test_no_start_without_the_files_that_the_database_refers_to(launch, folder, how):
    server = launch()
    user = server.user()
    kept = upload_both(user)
    server.stop_well()
    away = folder / "away"
    away.mkdir()
    for name in NAMES:
        (server.data / name).rename(away / name)
        if how == "empty":
            (server.data / name).mkdir(mode=0o700)

    with pytest.raises(StartFailed) as failed:
        server.start()
    assert failed.value.code == 1
    said = failed.value.log.splitlines()[-1]
    for part in (str(server.data), "refers to stored files", "mounted?", "coffer fsck"):
        assert part in said, said
    done = program.run("fsck", "--data", server.data)
    assert done.returncode == 1
    assert len([line for line in done.stdout.splitlines() if line.startswith("missing")]) == 2

    for name in NAMES:
        if how == "empty":
            (server.data / name).rmdir()
        assert not (server.data / name).exists(), "nothing is made"
        (away / name).rename(server.data / name)
    server.start()
    expect_kept(again(server, user), kept)


@pytest.mark.parametrize("how", ["empty", "absent"])
@pytest.mark.parametrize("deleted", [False, True], ids=["never any", "all deleted"])
def test_a_vault_without_files_starts_with_empty_folders(launch, how, deleted):
    server = launch()
    user = server.user()
    if deleted:
        for media, _ in upload_both(user):
            assert user.delete(f"/media/{media}?permanent=true").status_code == 200
    server.stop_well()
    for name in NAMES:
        shutil.rmtree(server.data / name)
        if how == "empty":
            (server.data / name).mkdir(mode=0o700)
    server.start()
    assert ready(server)[0] == 200
    user = again(server, user)
    expect_kept(user, upload_both(user))
