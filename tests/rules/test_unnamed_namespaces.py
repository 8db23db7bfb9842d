"""Files of a library that are compiled as one share their unnamed namespaces.

The release build takes eight files of a module at a time (cmake/CofferModule.cmake). Which eight
changes with every new file, so that two equal names in a module would stop the build of whoever
adds a third file.
"""

import collections
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMESPACE = re.compile(r"^namespace \{$(.*?)^\}  // namespace$", re.MULTILINE | re.DOTALL)
# At the beginning of a line: a constant, a type, or a function with its parameters, of which there
# may be several of one name.
NAMES = re.compile(
    r"^(?:constexpr|const|std::atomic|thread_local)\b[^\n(]*?\b(\w+)(?:\[\])? ?(?:=|\{)"
    r"|^(?:struct|class|enum class) (\w+)\b(?= ?[={]| final| :)"
    r"|^(?! |constexpr k|return|using|class|struct|enum|template|co_|if|for|else)[\w:<>,&*\[\] ]+?[ &*](\w+\([^;{]*?\)) ?(?:noexcept )?\{",
    re.MULTILINE,
)


def modules():
    """Of the build: the folder, and whether its files are compiled one by one."""
    text = (ROOT / "CMakeLists.txt").read_text()
    lists = dict(re.findall(r"^set\((\w+) (.*)\)$", text, re.MULTILINE))
    for call in re.findall(r"^coffer_module\((.*?)\)$", text, re.MULTILINE):
        words = re.sub(r"\$\{(\w+)\}", lambda found: lists.get(found[1], ""), call).split()
        yield words[0], "FILE_BY_FILE" in words


def names_of(text):
    for inside in NAMESPACE.findall(text):
        for groups in NAMES.findall(inside):
            yield re.sub(r"\s+", " ", next(filter(None, groups)))


def test_the_pattern_sees_names():
    text = (
        "namespace {\n\nconstexpr std::size_t kMax = 3;\nconstexpr char kText[] =\n    \"a\";\nstruct Position {\n  int at;\n};\n"
        "class Reader final : public Base {\n};\nstd::optional<int> number_of(\n    std::string_view text) noexcept {\n"
        "  return {};\n}\n\n}  // namespace\n"
    )
    assert list(names_of(text)) == ["kMax", "kText", "Position", "Reader", "number_of( std::string_view text)"]


def test_a_module_has_each_name_once():
    twice = []
    for folder, one_by_one in modules():
        if one_by_one:
            continue
        files = collections.defaultdict(list)
        for path in sorted((ROOT / "src" / folder).glob("*.cc")):
            if not re.search(r"_(test|benchmark)$|^main$", path.stem):
                for name in set(names_of(path.read_text())):
                    files[name].append(path.name)
        twice += [f"src/{folder}: {name}: {paths}" for name, paths in files.items() if len(paths) > 1]
    assert not twice, "give them names of their own, or one place: " + "; ".join(twice)
