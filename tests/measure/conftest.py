"""Figures: told at the end of the run. A sanitized program has none worth telling."""

import pytest

from harness import program

_figures = []


@pytest.fixture(autouse=True)
def plain_program(binary):
    if program.is_sanitized():
        pytest.skip("memory and speed under a sanitizer say nothing")


@pytest.fixture
def figure():
    """`figure(text)`: a line of the report."""
    return _figures.append


def pytest_terminal_summary(terminalreporter):
    if _figures:
        terminalreporter.section("figures")
        for line in _figures:
            terminalreporter.write_line(line)
