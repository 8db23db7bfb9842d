"""`coffer events`, beside a running server."""

import json
import secrets
import subprocess

import pytest

from harness import program
from harness.client import User, unique_name


@pytest.fixture
def server_of_ours(launch):
    """A server of the test's own and a user of it."""
    server = launch()
    return server, User.registered(server.root, unique_name("ada"), secrets.token_urlsafe(12))


def events(data, *words):
    done = program.run("events", "--data", data, *words)
    assert done.returncode == 0, done
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_what_happened_in_order(server_of_ours):
    server, user = server_of_ours
    media = user.upload(b"bytes", "a.jpg")
    user.delete(f"/media/{media['id']}")
    all_of_them, complaints = events(server.data)
    assert complaints == ""
    assert [event["type"] for event in all_of_them][-2:] == ["entry.created", "entry.deleted"]
    assert [event["id"] for event in all_of_them] == sorted({event["id"] for event in all_of_them})
    created = all_of_them[-2]
    assert set(created) == {"id", "type", "at", "account", "owner", "space", "entry", "uuid", "kind",
                            "collection"}
    assert created["kind"] == "image" and created["uuid"] == media["uuid"]
    registered = [event for event in all_of_them if event["type"] == "account.registered"]
    assert registered and registered[-1]["entry"] is None
    assert events(server.data, "--after", str(created["id"]))[0] == all_of_them[-1:]


def test_a_reader_goes_on_where_it_stopped(server_of_ours):
    server, user = server_of_ours
    user.upload(b"1", "1.txt")
    first = events(server.data, "--reader", "mail")[0]
    assert first == events(server.data)[0]
    assert events(server.data, "--reader", "mail")[0] == []
    user.upload(b"2", "2.txt")
    second = events(server.data, "--reader", "mail")[0]
    assert [event["type"] for event in second] == ["entry.created"]
    assert events(server.data, "--reader", "other")[0] == first + second


def test_a_reader_whose_output_fails_reads_them_again(server_of_ours):
    server, user = server_of_ours
    user.upload(b"1", "1.txt")
    with open("/dev/full", "w") as full:
        done = subprocess.run([program.BINARY, "events", "--data", server.data, "--reader", "mail"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=30, env=program.environment())
    assert done.returncode == 1 and "standard output" in done.stderr
    assert events(server.data, "--reader", "mail")[0] == events(server.data)[0]


def test_follow_prints_what_comes(server_of_ours):
    server, user = server_of_ours
    last = events(server.data)[0][-1]["id"]
    with subprocess.Popen([program.BINARY, "events", "--data", server.data, "--follow", "--after", str(last)],
                          stdout=subprocess.PIPE, text=True, env=program.environment()) as follower:
        try:
            media = user.upload(b"new", "new.png")
            event = json.loads(follower.stdout.readline())
            assert (event["type"], event["uuid"]) == ("entry.created", media["uuid"])
        finally:
            follower.kill()


@pytest.mark.parametrize("words", [("--reader", "A"), ("--reader", ""), ("--reader", "a/b"), ("--after", "-1"), ("--after", "99999999999999999999"),
                                   ("--after", "x"), ("--after", "1", "--reader", "a")])
def test_wrong_options_are_told(server_of_ours, words):
    server, _ = server_of_ours
    done = program.run("events", "--data", server.data, *words)
    assert done.returncode == 2 and words[0] in done.stderr, done
