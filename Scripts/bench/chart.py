"""The chart of a run."""

import statistics

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plot  # noqa: E402

from measurements import (
    DURABLE, GET, LIFECYCLES, LIVE_TASKS, MORE_LIVE_TASKS, NNG_ECHO, PYTHON_LIFECYCLES, REDIS_GET, REDIS_SET,
)  # fmt: skip

OURS, LIMIT, OTHERS = "#2563eb", "#94a3b8", "#d97706"
INK, FAINT = "#1e293b", "#64748b"

# What is shown together, from top to bottom: a title, and bars with their names, figures and colours.
PANELS = [
    ("Reads per second", [
        ("Taskwire Get, 1,024 callers", GET[1024].rate, OURS),
        ("Taskwire Get, 256 callers", GET[256].rate, OURS),
        ("Redis GET, 256 clients", REDIS_GET[256].rate, OTHERS),
        ("Taskwire Get, 64 callers", GET[64].rate, OURS),
        ("Redis GET, 64 clients", REDIS_GET[64].rate, OTHERS),
        ("raw nng echo, 64 in flight", NNG_ECHO[64].rate, LIMIT),
    ]),
    ("Task lifecycles per second (create, two updates, complete, read the result)", [
        ("Taskwire on memory, 256 callers", LIFECYCLES["memory"].rate, OURS),
        ("Taskwire on SQLite, 256 callers", LIFECYCLES["SQLite"].rate, OURS),
        ("Taskwire on a synced Redis, 256 callers", LIFECYCLES["Redis"].rate, OURS),
        ("Python SDK's store, 1,000 live tasks", PYTHON_LIFECYCLES[LIVE_TASKS].rate, OTHERS),
        ("Python SDK's store, 10,000 live tasks", PYTHON_LIFECYCLES[MORE_LIVE_TASKS].rate, OTHERS),
    ]),
    ("Durable changes per second (on the disk when they are answered)", [
        ("Taskwire creates on SQLite, 64 callers", DURABLE["create", 64].rate, OURS),
        ("Taskwire updates on SQLite, 64 callers", DURABLE["update", 64].rate, OURS),
        ("Redis SET, appendfsync always, 64 clients", REDIS_SET.rate, OTHERS),
        ("Taskwire creates on SQLite, one caller", DURABLE["create", 1].rate, OURS),
    ]),
]  # fmt: skip


def draw(path, figures, caption):
    """Draws the figures that there are, and says whether there are any."""
    panels = [(title, [bar for bar in bars if bar[1] in figures]) for title, bars in PANELS]
    panels = [(title, bars) for title, bars in panels if bars]
    if not panels:
        return False
    heights = [len(bars) + 1.2 for _, bars in panels]
    plot.rcParams.update({"font.family": "DejaVu Sans", "font.size": 10, "text.color": INK})
    figure, axes = plot.subplots(
        len(panels),
        figsize=(10, 0.42 * sum(heights) + 0.6),
        gridspec_kw={"height_ratios": heights},
        layout="constrained",
        squeeze=False,
    )
    figure.get_layout_engine().set(h_pad=0.12, w_pad=0.12)
    for axis, (title, bars) in zip(axes[:, 0], panels, strict=True):
        draw_panel(axis, title, [(name, figures[key], color) for name, key, color in bars])
    figure.supxlabel(f"{caption} Lines: from the lowest round to the highest.", fontsize=8, color=FAINT)
    figure.savefig(path, dpi=144, facecolor="white")
    plot.close(figure)
    return True


def draw_panel(axis, title, bars):
    """One bar below the other, each with its number."""
    medians = [statistics.median(values) for _, values, _ in bars]
    for place, ((_, values, color), median) in enumerate(zip(bars, medians, strict=True)):
        axis.barh(place, median, color=color, height=0.68)
        axis.plot([min(values), max(values)], [place, place], color=INK, linewidth=1.2, solid_capstyle="butt")
        end = max(median, *values) + 0.012 * max(medians)
        axis.text(end, place, f"{median:,.0f}", va="center", fontsize=9.5, color=INK)
    axis.set_yticks(range(len(bars)), [name for name, _, _ in bars], color=INK)
    axis.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
    axis.invert_yaxis()
    axis.set_xlim(0, max(max(values) for _, values, _ in bars) * 1.12)
    axis.xaxis.set_visible(False)
    axis.tick_params(length=0)
    for side in ("top", "right", "bottom"):
        axis.spines[side].set_visible(False)
    axis.spines["left"].set_color("#cbd5e1")
