"""The table on the terminal, and the plot as SVG, from the same results."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from motte.benchmark.measure import Result, geometric_mean

COLOURS: Final = {"native": "#9aa5b1", "motte": "#2f6f4f", "wasmtime": "#b5651d", "wasmtime epoch": "#7a3b69"}


def means(results: Sequence[Result], contenders: Sequence[str]) -> dict[str, float]:
    """Geometric mean of the ratios to native, by contender, over the programs that it ran."""
    table = {}
    for contender in contenders:
        ratios = [ratio for result in results if (ratio := result.ratio(contender)) is not None]
        if ratios:
            table[contender] = geometric_mean(ratios)
    return table


def rows(results: Sequence[Result], contenders: Sequence[str]) -> list[list[str]]:
    """Text cells: program, native milliseconds, then each contender's ratio; the last row is the mean."""
    body = []
    for result in results:
        native = result.timings["native"].best_ns / 1e6
        ratios = [result.ratio(contender) for contender in contenders if contender != "native"]
        body.append([result.program, f"{native:.2f}", *("–" if r is None else f"{r:.2f}" for r in ratios)])
    mean = means(results, contenders)
    body.append(["geometric mean", "", *(f"{mean[c]:.2f}" if c in mean else "–" for c in contenders if c != "native")])
    return body


def write_svg(results: Sequence[Result], contenders: Sequence[str], path: Path) -> None:
    """Horizontal bars of the ratio to native (1.0), one group a program; bars past 4.0 are cut and labelled."""
    shown = [contender for contender in contenders if contender != "native"]
    bar, gap, left, scale, limit = 11, 10, 130, 150, 4.0
    group = len(shown) * bar + gap
    width, height = left + int(limit * scale) + 60, len(results) * group + 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{left}" y="16" font-size="13">Time relative to native code (shorter is better)</text>',
    ]
    for column, contender in enumerate(shown):
        x = left + column * 130
        parts.append(f'<rect x="{x}" y="24" width="10" height="10" fill="{COLOURS[contender]}"/>')
        parts.append(f'<text x="{x + 14}" y="33">{escape(contender)}</text>')
    for index, result in enumerate(results):
        top = 46 + index * group
        parts.append(f'<text x="{left - 8}" y="{top + group // 2}" text-anchor="end">{escape(result.program)}</text>')
        for row, contender in enumerate(shown):
            ratio = result.ratio(contender)
            if ratio is None:
                continue
            y, length = top + row * bar, min(ratio, limit) * scale
            parts.append(
                f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 1}" fill="{COLOURS[contender]}"/>'
            )
            parts.append(f'<text x="{left + length + 4:.1f}" y="{y + 9}">{ratio:.2f}</text>')
    line = left + scale
    parts.append(f'<line x1="{line}" y1="40" x2="{line}" y2="{height - 8}" stroke="#333" stroke-dasharray="3 3"/>')
    parts.append("</svg>\n")
    path.write_text("\n".join(parts))
