"""The index of searches: kept up behind the changes, checked, and made anew."""

import contextlib
import sqlite3
import time

from harness import program
from harness.client import User


def database(data):
    return contextlib.closing(sqlite3.connect(data / "coffer.db", timeout=20))


def wait_until_indexed(data):
    end = time.monotonic() + program.patience(30)
    while True:
        with database(data) as opened:
            state = opened.execute("SELECT through FROM search_state").fetchone()
            last = opened.execute("SELECT max(id) FROM entry").fetchone()[0]
            stale = opened.execute("SELECT count(*) FROM stale_words").fetchone()[0]
        if state and state[0] >= last and stale == 0:
            return
        assert time.monotonic() < end, (state, last, stale)
        time.sleep(0.1)


def found(user, text):
    return sorted(thing["filename"] for thing in user.media(q=text))


def test_an_index_that_is_wrong_is_found_and_made_anew(launch):
    server = launch()
    user = server.user()
    for number in range(5):
        user.upload(b"%d" % number, f"needle {number}.txt", tags="hay")
    gone = user.upload(b"x", "needle gone.txt")
    wait_until_indexed(server.data)
    user.delete(f"/media/{gone['id']}?permanent=true")
    user.patch(f"/media/{user.media(q='needle 3')[0]['id']}", json={"filename": "pin.txt"})
    assert found(user, "needle") == [f"needle {number}.txt" for number in (0, 1, 2, 4)]
    wait_until_indexed(server.data)
    server.stop_well()
    assert program.run("fsck", "--data", server.data).returncode == 0
    with database(server.data) as opened:
        opened.execute("INSERT INTO entry_words (entry_words) VALUES ('delete-all')")
        opened.commit()
    done = program.run("fsck", "--data", server.data)
    assert done.returncode == 1 and "coffer storage reindex" in done.stdout, done
    done = program.run("storage", "reindex", "--data", server.data)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert program.run("fsck", "--data", server.data).returncode == 0
    server.start()
    user = User(server.root, user.username, user.password)
    assert found(user, "needle") == [f"needle {number}.txt" for number in (0, 1, 2, 4)]
    wait_until_indexed(server.data)
    assert found(user, "needle") == [f"needle {number}.txt" for number in (0, 1, 2, 4)]
    assert found(user, "pin") == ["pin.txt"]
    server.stop_well()
    assert program.run("fsck", "--data", server.data).returncode == 0


def test_the_index_is_made_anew_beside_a_running_server(launch):
    server = launch()
    user = server.user()
    user.upload(b"1", "needle.txt")
    wait_until_indexed(server.data)
    for _ in range(3):
        assert program.run("storage", "reindex", "--data", server.data).returncode == 0
        assert found(user, "needle") == ["needle.txt"]
    wait_until_indexed(server.data)
    assert found(user, "needle") == ["needle.txt"]
