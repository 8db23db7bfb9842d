"""The completion of the command line in bash."""

import re
import shlex
import subprocess

import pytest

from harness import program

COMPLETION = program.REPOSITORY / "deploy/completion/coffer.bash"


def complete(line, cwd=None):
    """What bash offers at the end of the line."""
    words = re.findall(r"[=:]|[^\s=:]+", line) + ([""] if line.endswith(" ") else [])
    script = f"""
        source {shlex.quote(str(COMPLETION))}
        coffer() {{ "$PROGRAM" "$@"; }}
        function=$(complete -p coffer | sed -E 's/.*-F ([^ ]+) .*/\\1/')
        COMP_WORDS=({' '.join(map(shlex.quote, words))})
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        COMP_LINE={shlex.quote(line)}
        COMP_POINT=${{#COMP_LINE}}
        "$function" coffer "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}" 2>/dev/null
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env={**program.environment(), "PROGRAM": str(program.BINARY)},
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=20,
    )
    assert done.stderr == "", done.stderr
    return set(done.stdout.split("\n")) - {""}


@pytest.mark.parametrize(
    "line, offered",
    [
        (
            "coffer ",
            {"serve", "user", "key", "fsck", "storage", "blobs", "media", "events", "routes", "openapi", "config", "version"}
            | {"login", "logout", "ls", "up", "down", "rm", "share", "sync", "watch"},
        ),
        ("coffer ro", {"routes"}),
        ("coffer user ", {"create", "list", "set-password", "quota", "disable", "enable", "logout", "delete"}),
        ("coffer user s", {"set-password"}),
        ("coffer key ", {"create", "list", "revoke"}),
        ("coffer storage ", {"reclaim", "reindex"}),
        ("coffer blobs ", {"migrate"}),
        ("coffer blobs migrate --st", {"--status", "--stop"}),
        ("coffer blobs migrate --to ", {"s3", "local"}),
        ("coffer media ", {"status", "retry"}),
        ("coffer storage reclaim --js", {"--json"}),
        ("coffer config ", {"print", "reference"}),
        ("coffer frobnicate x", set()),
        ("coffer serve --list", {"--listen"}),
        ("coffer serve --http.head", {"--http.head-bytes", "--http.head-timeout"}),
        ("coffer user create --pass", {"--password-stdin"}),
        ("coffer user list --listen", set()),
        ("coffer key create --kind ", {"api", "master"}),
        ("coffer key create --user ann --kind m", {"master"}),
        ("coffer serve --log.level w", {"warning"}),
        ("coffer serve --log.level=w", {"warning"}),
        ("coffer serve --log.level=", {"debug", "info", "warning", "error"}),
        ("coffer ls --type ", {"image", "video", "audio", "document", "other"}),
        ("coffer serve --rate-limits ", {"off", "on"}),
        ("coffer serve --require-https ", {"true", "false"}),
    ],
)
def test_completion(line, offered):
    assert complete(line) == offered


def test_completion_of_paths(folder):
    (folder / "data").mkdir()
    (folder / "daily notes").mkdir()
    (folder / "dates.toml").write_text("")
    assert complete("coffer serve --data da", folder) == {"data", "daily notes"}
    assert complete("coffer serve --config dat", folder) == {"data", "dates.toml"}
    assert complete("coffer serve --data=dat", folder) == {"data"}
    assert complete("coffer up dat", folder) == {"data", "dates.toml"}
    assert complete("coffer sync da", folder) == {"data", "daily notes"}
    assert complete("coffer down media_1 -o dai", folder) == {"daily notes"}


def test_every_flag_is_completed():
    """What the help lists is what is offered."""
    done = program.run("serve", "--help")
    assert done.returncode == 0
    listed = re.findall(r"^  (?:-\w,)?(--[a-z.-]+)", done.stdout, re.MULTILINE)
    assert len(listed) > 30
    assert complete("coffer serve --") == set(listed)
