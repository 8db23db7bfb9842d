"""Rows of figures: what was measured, against what, and how it stands to the recorded table."""

import dataclasses
import json
import statistics
from typing import Optional

# A change of a median this small is no change, whatever the rounds say.
TOLERANCE = 0.1


@dataclasses.dataclass
class Target:
    """A bound for the median of the ratio (`of` is "ratio") or of our own figure ("ours")."""

    of: str
    bound: float

    def met(self, row):
        value = row.ratio[0] if self.of == "ratio" else row.median("ours")
        return value >= self.bound if row.better == "more" else value <= self.bound

    def text(self, row):
        sign = "≥" if row.better == "more" else "≤"
        return f"{sign} {self.bound:g} ×" if self.of == "ratio" else f"{sign} {figure(self.bound, row.unit)}"


@dataclasses.dataclass
class Row:
    """One case against one peer, or against nothing. Samples of one round stand at one place."""

    case: str
    unit: str  # "1/s", "B/s", "B", "s"
    better: str  # "more", "less"
    peer: Optional[str] = None
    targets: list = dataclasses.field(default_factory=list)
    ours: list = dataclasses.field(default_factory=list)
    theirs: list = dataclasses.field(default_factory=list)

    def add(self, ours, theirs=None):
        self.ours.append(ours)
        if self.peer:
            self.theirs.append(theirs)

    @property
    def key(self):
        return f"{self.case} | {self.peer or ''}"

    def median(self, side):
        return statistics.median(getattr(self, side))

    @property
    def ratio(self):
        """Median, least, most of the rounds' ratios; nothing without a peer."""
        if not self.peer:
            return None
        ratios = [ours / theirs for ours, theirs in zip(self.ours, self.theirs) if theirs]
        return (statistics.median(ratios), min(ratios), max(ratios)) if ratios else None

    @property
    def verdict(self):
        if not self.targets:
            return ""
        texts = ", ".join(target.text(self) for target in self.targets)
        return texts + (" ✓" if all(target.met(self) for target in self.targets) else " ✗ missed")


def figure(value, unit):
    """A figure as people read it."""
    if unit == "B/s":
        return f"{value / 1e9:.2f} GB/s" if value >= 1e9 else f"{value / 1e6:.0f} MB/s"
    if unit == "B":
        return f"{value / 2**20:.1f} MiB" if value >= 2**20 else f"{value / 1024:.1f} KiB"
    if unit == "s":
        return f"{value * 1e3:.2f} ms" if value >= 1e-3 else f"{value * 1e6:.1f} µs"
    return f"{value:,.0f}/s" if value >= 100 else f"{value:.1f}/s"


def cells(row):
    ratio = row.ratio
    return [
        row.case,
        figure(row.median("ours"), row.unit),
        row.peer or "–",
        figure(row.median("theirs"), row.unit) if row.peer else "",
        f"{ratio[0]:.2f}  ({ratio[1]:.2f} – {ratio[2]:.2f})" if ratio else "",
        row.verdict,
    ]


HEADINGS = ["case", "ours", "peer", "theirs", "ratio (least – most)", "target"]


def as_text(rows):
    table = [HEADINGS] + [cells(row) for row in rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(HEADINGS))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths)).rstrip() for line in table)


def as_markdown(rows):
    lines = [HEADINGS, ["---"] * len(HEADINGS)] + [cells(row) for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def as_data(row):
    data = dataclasses.asdict(row)
    data["ratio"] = row.ratio
    return data


def judged(entry):
    """Median, least and most of what a row is compared by: its ratio, as absolute figures drift;
    where there is no peer, the figure."""
    if entry["ratio"]:
        return entry["ratio"]
    return (statistics.median(entry["ours"]), min(entry["ours"]), max(entry["ours"]))


def changes(rows, recorded):
    """Lines about what is better or worse than in the recorded table: the medians differ by more
    than the tolerance, and ours lies outside of what the recorded rounds spanned."""
    old = {f"{entry['case']} | {entry['peer'] or ''}": entry for entry in recorded["rows"]}
    lines = []
    for row in rows:
        if row.key not in old:
            continue
        now = judged(as_data(row))[0]
        before, least, most = judged(old[row.key])
        if not before or abs(now / before - 1) <= TOLERANCE or least <= now <= most:
            continue
        word = "better" if (now > before) == (row.better == "more") else "WORSE"
        what = "ratio" if row.peer else "figure"
        against = f" to {row.peer}" if row.peer else ""
        lines.append(f"{word}: {row.case}, {what}{against} {now:.4g}, recorded {before:.4g} "
                     f"({least:.4g} – {most:.4g})")
    return lines


def write(folder, name, about, rows, notes):
    folder.mkdir(parents=True, exist_ok=True)
    data = {"about": about, "rows": [as_data(row) for row in rows], "notes": notes}
    (folder / f"{name}.json").write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    facts = "\n".join(f"- {key}: {value}" for key, value in about.items())
    tail = "\n".join(f"- {note}" for note in notes)
    (folder / f"{name}.md").write_text(
        f"# Bench: {name}\n\n{facts}\n\n{as_markdown(rows)}\n" + (f"\n{tail}\n" if tail else "")
    )


def read(path):
    return json.loads(path.read_text()) if path.exists() else None
