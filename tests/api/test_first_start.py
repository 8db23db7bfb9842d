"""What keeps a server from starting is named, with what to do about it."""

import socket

import pytest

from harness import program


def start(folder, listen="127.0.0.1:0"):
    """A start that must fail; what it says."""
    done = program.run("serve", "--data", folder, "--listen", listen)
    assert done.returncode == 1, (done.returncode, done.stderr)
    return done.stderr.splitlines()[-1]


def test_a_port_that_is_taken(folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = start(folder / "data", f"127.0.0.1:{port}")
    assert said.startswith(f"coffer: cannot listen on 127.0.0.1 port {port}: ")
    assert "another program listens there" in said and "choose another port" in said


def test_an_address_that_the_machine_does_not_have(folder):
    said = start(folder / "data", "192.0.2.1:8080")
    assert "cannot listen on 192.0.2.1 port 8080" in said and "no such address" in said


@pytest.mark.parametrize("inside", ["", "data"])
def test_a_data_folder_that_cannot_be_made(folder, inside):
    (folder / "taken").write_text("a file")
    data = folder / "taken" / inside
    said = start(data)
    assert said.startswith(f"coffer: cannot make the data folder {data}") and "--data" in said
