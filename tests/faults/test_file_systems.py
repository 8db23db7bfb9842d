"""File systems that people have: system calls that fail as network shares, FUSE and old kernels let them fail."""

import os
import pathlib
import stat
import subprocess

import pytest

from harness import program
from harness.client import User
from harness.server import Server, StartFailed

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
static int is(const char* what) { const char* all = getenv("SHIM"); return all && strstr(all, what) != 0; }
static int is_folder(int fd) { struct stat s; return fstat(fd, &s) == 0 && S_ISDIR(s.st_mode); }
int fsync(int fd) {
  if (is("folder-sync") && is_folder(fd)) { errno = EINVAL; return -1; }
  return REAL(fsync)(fd);
}
int fdatasync(int fd) {
  if (is("folder-sync") && is_folder(fd)) { errno = EINVAL; return -1; }
  return REAL(fdatasync)(fd);
}
int utimensat(int folder, const char* path, const struct timespec times[2], int flags) {
  if (is("times")) { errno = EPERM; return -1; }
  return REAL(utimensat)(folder, path, times, flags);
}
ssize_t preadv2(int fd, const struct iovec* v, int n, off_t offset, int flags) {
  if (is("nowait") && flags) { errno = EOPNOTSUPP; return -1; }
  return REAL(preadv2)(fd, v, n, offset, flags);
}
ssize_t pwritev2(int fd, const struct iovec* v, int n, off_t offset, int flags) {
  if (is("uncached") && flags) { errno = EOPNOTSUPP; return -1; }
  return REAL(pwritev2)(fd, v, n, offset, flags);
}
int fcntl64(int fd, int command, ...) {
  va_list list; va_start(list, command); void* argument = va_arg(list, void*); va_end(list);
  if (is("direct") && command == F_SETFL && ((long)argument & O_DIRECT)) { errno = EINVAL; return -1; }
  return REAL(fcntl64)(fd, command, argument);
}
int renameat(int a, const char* from, int b, const char* to) {
  if (is("rename")) { errno = EXDEV; return -1; }
  return REAL(renameat)(a, from, b, to);
}
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    if program.is_sanitized():
        pytest.skip("a preloaded library and a sanitizer do not go together")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", "shim.so", "shim.c", "-ldl"], cwd=folder, check=True)
    return folder / "shim.so"


def odd_server(folder, shim, what):
    return Server(folder / "data", variables={"LD_PRELOAD": str(shim), "SHIM": what})


@pytest.mark.parametrize("what", ["folder-sync", "times", "nowait", "uncached", "uncached direct", "folder-sync times nowait uncached direct"])
def test_what_a_file_system_cannot_do_is_done_without(folder, shim, what):
    server = odd_server(folder, shim, what).start()
    user = server.user()
    contents = {size: os.urandom(size) for size in (10, 3_000, 100_000, 3_000_000)}
    for _ in range(2):  # the second time the bytes are there already
        for size, content in contents.items():
            media = user.upload(content)
            assert user.get(f"/media/{media['id']}/content").content == content
    server.restart()
    user = User(server.root, user.username, user.password)
    again = user.media()
    assert len(again) == 8
    for media in again:
        assert user.get(f"/media/{media['id']}/content").content == contents[media["size"]]
    server.close()


def test_folders_that_cannot_rename_are_named_at_the_start(folder, shim):
    with pytest.raises(StartFailed) as failed:
        odd_server(folder, shim, "rename").start()
    assert failed.value.code == 1
    said = failed.value.log.strip().splitlines()[-1]
    assert "blobs/" in said and str(folder / "data") in said and "cross-device" in said.lower()


@pytest.mark.parametrize("linked", ["blobs", "segments"])
def test_a_folder_on_another_disk(folder, linked):
    other = pathlib.Path("/dev/shm")
    if not os.access(other, os.W_OK) or other.stat().st_dev == folder.stat().st_dev:
        pytest.skip("no second file system here")
    big = pathlib.Path(subprocess.run(["mktemp", "-d", "-p", str(other)], capture_output=True, text=True, check=True).stdout.strip())
    try:
        (folder / "data").mkdir(mode=0o700)
        (folder / "data" / linked).symlink_to(big)
        server = Server(folder / "data").start()
        user = server.user()
        for size in (1_000, 100_000):
            content = os.urandom(size)
            media = user.upload(content)
            assert user.get(f"/media/{media['id']}/content").content == content
        server.close()
        assert any(big.iterdir())
    finally:
        subprocess.run(["rm", "-rf", str(big)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_data_folder_that_cannot_be_written_is_named(folder):
    place = folder / "data"
    place.mkdir(mode=0o700)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,mode=700", "tmpfs", str(place)], capture_output=True).returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        with pytest.raises(StartFailed) as failed:
            server = Server(place)
            server.log_path = folder / "log"
            server.start()
        assert failed.value.code == 1
        assert str(place) in failed.value.log and "ead-only" in failed.value.log
        assert len(failed.value.log.strip().splitlines()) == 1
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_folder_that_others_may_read_is_warned_of(folder):
    place = folder / "data"
    place.mkdir()
    place.chmod(0o755)
    server = Server(place).start()
    warned = server.wait_for_log(lambda line: "others on this machine" in line["event"])
    assert str(place) in str(warned)
    server.close()
    place.chmod(0o700)
    server.start()
    assert "others on this machine" not in server.log_text()
    server.close()
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
