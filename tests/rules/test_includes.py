"""What the sources may include, and a few rules of form that a reader counts on.

The table below is the one place where a module's neighbours are written down.
"""

import re
import textwrap
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"

# The core as its callers see it.
VAULT = {"vault", "vault/*"}
# A module and the modules it may include, besides itself; `a/*`: every module in the folder a.
MODULES = {
    "base": set(),
    "net": {"base"},
    "http": {"base", "net"},
    "db": {"base"},
    "db/sqlite": {"base", "db"},
    "blobs": {"base"},
    "blobs/local": {"base", "blobs"},
    "blobs/s3": {"base", "blobs", "http"},
    "config": {"base"},
    "media/sniff": {"base"},
    "media/protocol": {"base", "media/sniff"},
    "media/pool": {"base", "media/protocol", "media/sniff"},
    "media/worker": {"base", "media/protocol", "media/sniff"},
    "media/drawing": {"base", "media/protocol", "media/worker"},
    "media/pdf": {"base", "media/drawing", "media/protocol", "media/sniff", "media/worker"},
    "media/svg": {"base", "media/drawing", "media/protocol", "media/sniff", "media/worker"},
    "media/probe": {"base", "media/pool", "media/protocol", "media/sniff"},
    "vault/model": {"base", "db", "blobs"},
    "vault/events": {"base", "db", "vault/model"},
    "vault/identity": {"base", "db", "vault/model", "vault/events"},
    "vault/tree": {"base", "db", "blobs", "vault/model", "vault/events"},
    "vault/transfer": {"base", "db", "blobs", "vault/model", "vault/events", "vault/tree"},
    "vault/boxes": {"base", "db", "blobs", "vault/model", "vault/events", "vault/tree",
                    "vault/transfer"},
    "vault/sharing": {"base", "db", "vault/model", "vault/events", "vault/identity", "vault/tree",
                      "vault/transfer"},
    "vault/media": {"base", "db", "blobs", "vault/model", "vault/events", "vault/tree", "vault/transfer"},
    "vault/upkeep": {"base", "db", "blobs", "vault/model", "vault/events", "vault/tree",
                     "vault/transfer"},
    "vault/webhooks": {"base", "db", "vault/model", "vault/events"},
    "vault": {"base", "db", "blobs", "vault/*"},
    "events": {"base", *VAULT},
    "jobs": {"base", "http", "media/sniff", "media/protocol", "media/pool", "events", *VAULT},
    "realtime": {"base", "db", "http", *VAULT},
    "apis/gateway": {"base", "http", *VAULT},
    "apis/kit": {"base", "http", "apis/gateway", *VAULT},
    "vault/test": set(),
    "db/contract": set(),
    "blobs/contract": set(),
    # The one dialect with a WebSocket.
    "apis/mediavault": {"base", "http", "realtime", "apis/gateway", "apis/kit", *VAULT},
    "server": {"base", "net", "http", "db", "db/sqlite", "blobs", "blobs/local", "blobs/s3", "media/sniff",
               "media/pool", "events", "jobs", "realtime", "config", "apis/*", *VAULT},
    "server/test": set(),
    "client": {"base"},
    "cli/client": {"base", "client", "config"},
    "cli": {"base", "cli/client", "db", "blobs", "blobs/local", "blobs/s3", "config", "events", "apis/gateway", "server", *VAULT},
}
# Every dialect: apis/<name>.
DIALECT = {"base", "http", "apis/gateway", "apis/kit", *VAULT}
# Sources that only tests include: tests, the suites that every driver runs, what sets a stage.
TEST_MODULES = {"db/contract", "blobs/contract", "vault/test", "server/test"}
TEST_NAME = re.compile(r"_(test|benchmark)\.cc$|_suite\.(h|cc)$|(_|/)test_\w+\.(h|cc)$")

# Headers that only some modules may see, whole folders of them with a slash at the end.
LIBRARIES = {
    "boost/asio.hpp": {"net"},
    "boost/asio/": {"net"},
    "boost/beast/": {"net", "http"},
    "boost/json.hpp": {"apis/gateway", "apis/kit", "apis/*", "jobs", "client", "cli/client"},
    "boost/json/": {"apis/gateway", "apis/kit", "apis/*", "jobs", "client", "cli/client"},
    "openssl/": {"base", "net", "client"},
    "xxhash.h": {"base"},
    "sodium.h": {"base", "vault/identity", "vault/sharing", "vault/webhooks"},
    "curl/": {"http", "client"},
    "spdlog/": {"base"},
    "sqlite3.h": {"db/sqlite"},
    "jwt.h": {"vault/identity"},
    "qrencode.h": {"apis/kit"},
    "png.h": {"apis/kit"},
    "prometheus/": {"apis/gateway", "apis/*"},
    "toml++/": {"config"},
    "CLI/": {"cli", "cli/client"},
    # In the program that is confined, and in no other.
    "vips/": {"media/worker"},
    "gmodule.h": {"media/worker"},
    "libheif/": {"media/worker"},
    "libavcodec/": {"media/worker"},
    "libavformat/": {"media/worker"},
    "libavutil/": {"media/worker"},
    "libswscale/": {"media/worker"},
    "lcms2.h": {"media/worker"},
    "webp/": {"media/worker"},
    "seccomp.h": {"media/worker"},
    "zlib.h": {"media/worker"},
    "brotli/": {"media/worker"},
    "cairo.h": {"media/drawing"},
    "fontconfig/": {"media/drawing"},
    "ft2build.h": {"media/drawing"},
    "hb.h": {"media/drawing"},
    "glib-object.h": {"media/drawing"},
    "poppler.h": {"media/pdf"},
    "librsvg/": {"media/svg"},
    "gtest/": set(),
    "gmock/": set(),
    # No sockets and no disk in the vocabulary and in the rules.
    "sys/socket.h": {"net", "media/pool", "media/worker"},
    "netinet/": {"net", "media/worker"},
    "sys/sendfile.h": {"net"},
    "sys/stat.h": {"db/sqlite", "blobs/local", "media/sniff", "media/pool", "media/probe", "media/drawing", "jobs", "config",
                   "server", "client"},
    "dirent.h": {"blobs/local"},
    "fcntl.h": {"db/sqlite", "blobs/local", "blobs/s3", "media/sniff", "media/pool", "media/worker", "media/probe", "media/drawing",
                "jobs", "server", "cli", "client"},
    "fstream": {"db/sqlite", "blobs/local", "blobs/s3", "media/sniff", "media/worker", "media/probe", "config"},
    "filesystem": {"db/sqlite", "blobs/local", "media/sniff", "config", "server", "client", "cli/client"},
}

GENERATED = {"cli/version.h", "vault/schema_sql.h"}
MOST_LINES = {".h": 300, ".cc": 600}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def module_of(path):
    """The module of a path below src/, or None: the longest module that is a folder above it."""
    folder = path.rpartition("/")[0]
    while folder:
        if folder in MODULES or re.fullmatch(r"apis/[a-z0-9_]+", folder):
            return folder
        folder = folder.rpartition("/")[0]
    return None


def allowed_modules(module):
    return MODULES.get(module, DIALECT)


def is_among(module, modules):
    return module in modules or f"{module.rpartition('/')[0]}/*" in modules


def is_test(path):
    return bool(TEST_NAME.search(path)) or module_of(path) in TEST_MODULES


def includes(text):
    """(quoted, name) of each include of a source's text."""
    return [(mark == '"', name) for mark, name in INCLUDE.findall(text)]


def check_project_include(path, name, known):
    module, other = module_of(path), module_of(name)
    if name not in known and name not in GENERATED:
        return f'"{name}" is no file of src/'
    if is_test(name) and not is_test(path):
        return f'"{name}" is for tests only'
    if other == module:
        return None
    if is_test(path):
        # A test may use whatever stands below the command line to set its stage.
        return f'"{name}" is above {module}' if other == "cli" else None
    if not is_among(other, allowed_modules(module)):
        return f'{module} must not include "{name}"'
    return None


def check_library_include(path, name):
    if is_test(path):
        return None
    for library, modules in LIBRARIES.items():
        matches = name.startswith(library) if library.endswith("/") else name == library
        if matches and not is_among(module_of(path), modules):
            return f"{module_of(path)} must not include <{name}>"
    return None


def include_violations(sources):
    """What is wrong with the includes of `sources`, {path below src/: text}."""
    found = []
    for path, text in sorted(sources.items()):
        if module_of(path) is None:
            found.append(f"{path}: is in no module that the table knows")
            continue
        for quoted, name in includes(text):
            problem = (check_project_include(path, name, sources) if quoted
                       else check_library_include(path, name))
            if problem:
                found.append(f"{path}: {problem}")
    return found


def find_cycle(edges):
    """A cycle of the graph {node: nodes}, first node again at its end; None without one."""
    finished, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in finished:
            return None
        path.append(node)
        for other in sorted(edges.get(node, ())):
            cycle = visit(other)
            if cycle:
                return cycle
        path.pop()
        finished.add(node)
        return None

    for node in sorted(edges):
        cycle = visit(node)
        if cycle:
            return cycle
    return None


def file_edges(sources):
    return {path: {name for quoted, name in includes(text) if quoted and name in sources}
            for path, text in sources.items()}


def module_edges(sources):
    """Which modules include which, tests left out: they may reach up."""
    edges = {}
    for path, names in file_edges(sources).items():
        if not is_test(path):
            others = {module_of(name) for name in names} - {module_of(path)}
            edges.setdefault(module_of(path), set()).update(others)
    return edges


def form_violations(sources):
    found = []
    for path, text in sorted(sources.items()):
        suffix = path[path.rindex("."):]
        lines = text.count("\n")
        if lines > MOST_LINES[suffix]:
            found.append(f"{path}: {lines} lines, {MOST_LINES[suffix]} at most")
        if suffix == ".h" and not re.search(r"^#pragma once$", text, re.MULTILINE):
            found.append(f"{path}: no #pragma once")
        for number, line in enumerate(text.splitlines(), 1):
            if UNFINISHED.search(line):
                found.append(f"{path}:{number}: unfinished: {line.strip()}")
    return found


def read_sources():
    return {path.relative_to(SOURCE).as_posix(): path.read_text(encoding="utf-8")
            for path in SOURCE.rglob("*") if path.suffix in MOST_LINES}


def listed(violations):
    return "\n" + "\n".join(violations)


def test_modules_include_only_their_neighbours():
    sources = read_sources()
    assert len(sources) > 20, "the sources were not found"
    violations = include_violations(sources)
    assert not violations, listed(violations)


def test_no_arrow_runs_in_a_circle():
    sources = read_sources()
    assert find_cycle(file_edges(sources)) is None
    assert find_cycle(module_edges(sources)) is None


def test_files_keep_their_form():
    violations = form_violations(read_sources())
    assert not violations, listed(violations)


def test_threads_are_started_in_one_place():
    """By start_thread(), which keeps exceptions in and says what to do where there are none."""
    made = re.compile(r"std::(thread|jthread)\s*[({]|std::async")
    found = [f"{path}: {line.strip()}" for path, text in sorted(read_sources().items())
             if not is_test(path) and path != "base/thread.cc"
             for line in text.splitlines() if made.search(line)]
    assert not found, listed(found)


def test_each_room_says_what_it_is_for():
    modules = {module_of(path) for path in read_sources()} - TEST_MODULES - {None}
    missing = sorted(module for module in modules if not (SOURCE / module / "README.md").is_file())
    assert not missing, f"no README.md in {missing}"


# The rules themselves, tried on sources that break them.

def violation(path, line, *others):
    sources = {path: line + "\n", **{other: "#pragma once\n" for other in others}}
    return include_violations(sources)


def test_finds_an_include_of_a_forbidden_room():
    cases = [
        ("base/a.h", "http/b.h"),
        ("net/a.h", "http/b.h"),
        ("apis/quantum/a.cc", "net/b.h"),
        ("http/a.h", "vault/b.h"),
        ("vault/model/a.h", "vault/tree/b.h"),
        ("vault/tree/a.cc", "vault/transfer/b.h"),
        ("vault/tree/a.cc", "vault/b.h"),
        ("vault/a.cc", "http/b.h"),
        ("vault/a.cc", "db/sqlite/b.h"),
        ("db/sqlite/a.cc", "blobs/b.h"),
        ("db/a.h", "db/sqlite/b.h"),
        ("media/sniff/a.h", "vault/b.h"),
        ("config/a.h", "cli/b.h"),
        ("apis/mediavault/a.cc", "apis/operations/b.h"),
        ("apis/mediavault/a.cc", "db/b.h"),
        ("apis/kit/a.cc", "apis/mediavault/b.h"),
        ("apis/gateway/a.cc", "apis/kit/b.h"),
        ("jobs/a.cc", "apis/gateway/b.h"),
        ("vault/a_test.cc", "cli/b.h"),
        ("server/a.cc", "cli/b.h"),
        ("server/a.cc", "server/test/b.h"),
        ("apis/mediavault/a.cc", "server/b.h"),
        ("cli/a.cc", "db/sqlite/b.h"),
        ("cli/a.cc", "apis/mediavault/b.h"),
        ("db/sqlite/a.cc", "db/contract/b.h"),
        ("db/sqlite/a.cc", "db/sqlite/a_test_stage.h"),
    ]
    for path, name in cases:
        assert violation(path, f'#include "{name}"', name), (path, name)


def test_allows_what_the_table_allows():
    cases = [
        ("vault/a.cc", "db/b.h"),
        ("vault/a.h", "vault/tree/b.h"),
        ("vault/transfer/a.cc", "vault/tree/b.h"),
        ("vault/tree/a_test.cc", "vault/test/fixture.h"),
        ("apis/quantum/a.cc", "vault/tree/b.h"),
        ("vault/a_test.cc", "db/sqlite/b.h"),
        ("db/sqlite/a_test.cc", "db/contract/b.h"),
        ("apis/mediavault/a.cc", "apis/kit/b.h"),
        ("apis/mediavault/a.cc", "apis/gateway/b.h"),
        ("apis/newcomer/a.cc", "vault/b.h"),
        ("server/a.cc", "apis/newcomer/b.h"),
        ("server/a.cc", "db/sqlite/b.h"),
        ("apis/newcomer/a_test.cc", "server/test/b.h"),
        ("cli/a.cc", "server/b.h"),
    ]
    for path, name in cases:
        assert not violation(path, f'#include "{name}"', name), (path, name)


def test_finds_a_library_where_it_does_not_belong():
    for path, name in [("vault/a.cc", "sqlite3.h"), ("vault/a.h", "boost/json.hpp"),
                       ("apis/gateway/a.cc", "boost/asio/post.hpp"), ("base/a.cc", "sys/socket.h"),
                       ("http/a.cc", "boost/asio/post.hpp"), ("http/a.cc", "sys/socket.h"),
                       ("base/a.cc", "fstream"), ("http/a.cc", "gtest/gtest.h")]:
        assert violation(path, f"#include <{name}>"), (path, name)
    assert not violation("http/a_test.cc", "#include <gtest/gtest.h>")
    assert not violation("db/sqlite/a.cc", "#include <sqlite3.h>")


def test_sees_includes_however_they_are_written():
    assert violation("base/a.h", '  #  include "http/b.h"', "http/b.h")
    assert violation("base/a.h", '#include "nowhere.h"')
    assert violation("base/a.h", '#include "base/gone.h"')
    assert violation("elsewhere/a.h", "")


def test_finds_a_cycle():
    sources = {"base/a.h": '#include "base/b.h"\n', "base/b.h": '#include "base/c.h"\n',
               "base/c.h": '#include "base/a.h"\n'}
    assert find_cycle(file_edges(sources)) == ["base/a.h", "base/b.h", "base/c.h", "base/a.h"]
    assert find_cycle({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}}) is None


def test_finds_bad_form():
    marker = "TO" + "DO"
    sources = {
        "base/long.h": "#pragma once\n" * 301,
        "base/long.cc": "int a;\n" * 601,
        "base/unguarded.h": "int a;\n",
        "base/open.cc": textwrap.dedent(f"""\
            int a;  // {marker}: finish
            """),
        "base/fine.h": "#pragma once\n",
    }
    found = form_violations(sources)
    assert [line.split(":")[0] for line in found] == [
        "base/long.cc", "base/long.h", "base/open.cc", "base/unguarded.h"]
