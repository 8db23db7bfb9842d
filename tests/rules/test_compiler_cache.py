"""A build with a compiler cache gives what a build without one gives, whatever was in the cache."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOOLCHAIN = Path(__file__).resolve().parents[2] / "cmake" / "CofferToolchain.cmake"

BUILD = f"""
cmake_minimum_required(VERSION 3.25)
project(cached CXX)
include("{TOOLCHAIN}")
add_library(cached use.cc)
target_include_directories(cached PRIVATE .)
target_precompile_headers(cached PRIVATE common.h)
"""
HEADER = "#pragma once\n// {comment}\ninline int answer() {{ return 42; }}\n"


def with_cache(cache: Path) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CCACHE_")}
    return plain | {"CCACHE_DIR": str(cache), "CCACHE_CONFIGPATH": os.devnull}


def hits(cache: Path) -> int:
    run = subprocess.run(["ccache", "--print-stats"], env=with_cache(cache), capture_output=True, text=True,
                         check=True)
    counts = dict(line.split("\t") for line in run.stdout.splitlines())
    return int(counts["direct_cache_hit"])


def build(source: Path, cache: Path, *, clean: bool) -> None:
    if clean:
        shutil.rmtree(source / "build", ignore_errors=True)
    environment = with_cache(cache)
    for command in (["cmake", "-G", "Ninja", "-B", "build"], ["cmake", "--build", "build"]):
        run = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr


# Unclean: the precompiled header of the time before is still there while the new one is made.
@pytest.mark.parametrize("clean", [True, False])
def test_a_precompiled_header_follows_comments(tmp_path, clean):
    source, cache = tmp_path / "source", tmp_path / "cache"
    source.mkdir()
    (source / "CMakeLists.txt").write_text(BUILD)
    (source / "common.h").write_text('#pragma once\n#include "answer.h"\n')
    (source / "use.cc").write_text("")
    for step, comment in enumerate(("One.", "Two.", "Six.", "One.")):
        (source / "answer.h").write_text(HEADER.format(comment=comment))
        # The source is new each time, so that the compiler has to read the precompiled header.
        (source / "use.cc").write_text(f'#include "answer.h"\nint use{step}() {{ return answer(); }}\n')
        build(source, cache, clean=clean)
    # The sources are all different; the last precompiled header is the first one.
    if clean:
        assert hits(cache) == 1
