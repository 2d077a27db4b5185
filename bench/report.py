#!/usr/bin/env python3
"""Tables and plots from the rows of bench/compare: report.py RESULTS.jsonl SKIPPED.txt FOLDER.

Writes FOLDER/report.md and FOLDER/plots/*.svg, and prints the tables that matter most."""
import collections
import datetime
import html
import json
import math
import pathlib
import platform
import sys

# The claim that started this, and what it was said of.
CLAIM = {"operation": "ml-dsa-65/verify", "ours": 47000, "node": 3200, "ratio": 14.7}
PLOTTED = ["ml-dsa-65/verify", "ml-dsa-65/sign", "ml-kem-768/keygen", "ml-kem-768/encaps",
           "ml-kem-768/decaps"]
COLOURS = {"V100": "#2563eb"}


def name_of(row):
    return row["library"] + (f", {row['variant']}" if row["variant"] else "")


def load(path):
    rows = collections.OrderedDict()
    for line in pathlib.Path(path).read_text().splitlines():
        row = json.loads(line)
        if row["us"] <= 0:
            continue  # below the resolution of its clock
        rows.setdefault(row["operation"], []).append(row)
    for group in rows.values():
        group.sort(key=lambda row: row["us"])
    return rows


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def figure(us):
    return f"{us:,.2f}" if us < 100 else f"{us:,.0f}"


def table(group):
    """Against each row: how many times the best of V100's single-call rows with raw keys is faster."""
    ours = [row for row in group if row["library"] == "V100"]
    base = next((row for row in ours if row["variant"] in ("", "raw key")), ours[0] if ours else None)
    out = ["| | µs | spread | per second | against V100 |", "|---|--:|---|--:|--:|"]
    for row in group:
        ratio = f"{row['us'] / base['us']:.1f} x" if base else ""
        out.append(f"| {name_of(row)} | {figure(row['us'])} | {figure(row['us_min'])} to "
                   f"{figure(row['us_max'])} | {1e6 / row['us']:,.0f} | {ratio} |")
    return out


def plot(operation, group):
    """Operations a second as bars on a logarithmic scale, one bar a row."""
    left, width, bar, gap = 250, 420, 20, 6
    height = 40 + len(group) * (bar + gap) + 10
    rates = [1e6 / row["us"] for row in group]
    low = 10 ** math.floor(math.log10(min(rates)) - 0.3)
    span = math.log10(max(rates) / low)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 110}" height="{height}" '
             'font-family="system-ui, sans-serif" font-size="13">',
             f'<rect width="100%" height="100%" fill="#ffffff"/>',
             f'<text x="10" y="22" font-size="15" font-weight="600" fill="#111827">{html.escape(operation)}: '
             'operations a second on one core (logarithmic)</text>']
    for i, (row, rate) in enumerate(zip(group, rates)):
        y = 36 + i * (bar + gap)
        length = max(2, width * math.log10(rate / low) / span)
        colour = COLOURS.get(row["library"], "#94a3b8")
        parts.append(f'<text x="{left - 8}" y="{y + 15}" text-anchor="end" fill="#111827">'
                     f'{html.escape(name_of(row))}</text>')
        parts.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar}" rx="3" fill="{colour}"/>')
        parts.append(f'<text x="{left + length + 6:.1f}" y="{y + 15}" fill="#374151">{rate:,.0f}</text>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def claim_section(rows):
    group = rows.get(CLAIM["operation"], [])
    node = next((row for row in group if row["library"] == "Node"), None)
    out = ["## The claim and the measurement", "",
           f"The story says: {CLAIM['ours']:,} verifications a second and core, Node {CLAIM['node']:,}, "
           f"{CLAIM['ratio']} times as many. It names neither machine nor key form. Here, ML-DSA-65:", "",
           "| | per second | times Node here |", "|---|--:|--:|",
           f"| said: the fast library | {CLAIM['ours']:,} | {CLAIM['ratio']} (of Node's {CLAIM['node']:,}) |"]
    if node:
        out.append(f"| measured: {node['version']} | {1e6 / node['us']:,.0f} | 1.0 |")
    for row in group:
        if row["library"] == "V100":
            times = f"{node['us'] / row['us']:.1f}" if node else ""
            out.append(f"| measured: {name_of(row)} | {1e6 / row['us']:,.0f} | {times} |")
    if not any(row["library"] == "V100" for row in group):
        out.append("| measured: V100 | `v100 bench` has no row ml-dsa-65/verify | |")
    return out


def main():
    rows = load(sys.argv[1])
    skips = [line.split("\t") for line in pathlib.Path(sys.argv[2]).read_text().splitlines()]
    folder = pathlib.Path(sys.argv[3])
    plots = folder / "plots"
    plots.mkdir(exist_ok=True)
    versions = sorted({row["version"] for group in rows.values() for row in group})
    out = ["# Side by side", "",
           f"Written by `bench/compare` on {datetime.date.today()}: {processor()}, one core, medians of "
           "short runs, thread CPU time. A raw key comes as bytes and is checked in the time; a prepared "
           "one was expanded before.", "", "Versions: " + "; ".join(versions) + ".", ""]
    if skips:
        out += ["Skipped:", ""] + [f"- {name}: {why}" for name, why in skips] + [""]
    out += claim_section(rows) + [""]
    for operation in PLOTTED:
        if operation in rows:
            file = operation.replace("/", "-") + ".svg"
            (plots / file).write_text(plot(operation, rows[operation]))
            out += [f"![{operation}](plots/{file})", ""]
    for operation, group in rows.items():
        out += [f"## {operation}", ""] + table(group) + [""]
    (folder / "report.md").write_text("\n".join(out))
    print("\n".join(claim_section(rows)))
    for operation in PLOTTED:
        if operation in rows:
            print(f"\n{operation}")
            print("\n".join(table(rows[operation])))
    print(f"\n{folder}/report.md and {plots}/ are written")


if __name__ == "__main__":
    main()
