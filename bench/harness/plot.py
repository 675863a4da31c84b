# SPDX-License-Identifier: EUPL-1.2
"""Plots as SVG text: horizontal bars and lines, on linear or logarithmic axes."""
import html
import math

WIDTH, LEFT, RIGHT, TOP = 900, 250, 110, 70
COLOURS = ["#1f6f8b", "#d98324", "#7a9e3f", "#8a4f7d"]
TEXT, GRID = "#222222", "#dddddd"


def number(value):
    if value == 0:
        return "0"
    if abs(value) >= 1000000:
        return f"{value / 1000000:.3g} M"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


class Axis:
    """Maps values to pixels between two ends."""

    def __init__(self, values, begin, end, logarithmic):
        self.begin, self.end, self.logarithmic = begin, end, logarithmic
        if logarithmic:
            self.low = math.floor(math.log10(min(values)))
            self.high = max(self.low + 1, math.ceil(math.log10(max(values))))
            self.ticks = [10.0**e for e in range(self.low, self.high + 1)]
        else:
            step = 10 ** math.floor(math.log10(max(values) / 4))
            step = next(step * f for f in (1, 2, 5, 10) if max(values) / (step * f) <= 6)
            self.low, self.high = 0, step * math.ceil(max(values) / step)
            self.ticks = [i * step for i in range(int(round(self.high / step)) + 1)]

    def at(self, value):
        if self.logarithmic:
            value = math.log10(value)
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)


class Drawing:
    def __init__(self, title, subtitle, height):
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
                      f'height="{height}" font-family="DejaVu Sans, Arial, sans-serif" font-size="13">',
                      f'<rect width="{WIDTH}" height="{height}" fill="white"/>']
        self.text(20, 28, title, size=17, weight="bold")
        self.text(20, 48, subtitle, size=12)

    def text(self, x, y, words, anchor="start", size=13, weight="normal", colour=TEXT):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
                          f'font-weight="{weight}" fill="{colour}">{html.escape(str(words))}</text>')

    def line(self, x1, y1, x2, y2, colour, width=1.0, dashes=""):
        more = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
                          f'stroke-width="{width}"{more}/>')

    def box(self, x, y, width, height, colour):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(1, width):.1f}" height="{height:.1f}" '
                          f'fill="{colour}"/>')

    def dot(self, x, y, colour):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')

    def legend(self, names, x, y):
        for i, name in enumerate(names):
            self.box(x, y - 10, 12, 12, COLOURS[i % len(COLOURS)])
            self.text(x + 18, y, name, size=12)
            x += 40 + 7.2 * len(name)

    def finish(self):
        return "\n".join(self.parts + ["</svg>"]) + "\n"


def bars(title, subtitle, axis_label, series, rows, logarithmic=False, marks=(), absent="not measured"):
    """rows: (name, [value or None, or (median, least, most), for each series]). marks: (value, label), drawn as upright
    lines."""
    thick, gap = 16, 14
    height = TOP + 30 + sum(len(series) * (thick + 2) + gap for _ in rows) + 50
    drawing, bottom = Drawing(title, subtitle, height), height - 50
    values = [v if not isinstance(v, tuple) else v[0] for _, row in rows for v in row if v is not None]
    values += [v[2] for _, row in rows for v in row if isinstance(v, tuple)] + [value for value, _ in marks]
    axis = Axis(values, LEFT, WIDTH - RIGHT, logarithmic)
    for tick in axis.ticks:
        drawing.line(axis.at(tick), TOP + 20, axis.at(tick), bottom, GRID)
        drawing.text(axis.at(tick), bottom + 18, number(tick), "middle", 12)
    drawing.text((LEFT + WIDTH - RIGHT) / 2, bottom + 38, axis_label, "middle", 12)
    if len(series) > 1:
        drawing.legend(series, LEFT, TOP)
    y = TOP + 30
    for name, row in rows:
        drawing.text(LEFT - 10, y + len(row) * (thick + 2) / 2 + 4, name, "end")
        for i, value in enumerate(row):
            if value is None:
                drawing.text(LEFT + 4, y + thick - 4, absent, size=11, colour="#777777")
            else:
                middle = value[0] if isinstance(value, tuple) else value
                end = axis.at(middle)
                drawing.box(LEFT, y, end - LEFT, thick, COLOURS[i % len(COLOURS)])
                if isinstance(value, tuple):
                    drawing.line(axis.at(value[1]), y + thick / 2, axis.at(value[2]), y + thick / 2, TEXT, 1.5)
                    end = max(end, axis.at(value[2]))
                drawing.text(end + 6, y + thick - 4, number(middle), size=12)
            y += thick + 2
        y += gap
    for value, label in marks:
        drawing.line(axis.at(value), TOP + 16, axis.at(value), bottom, "#b00020", 1.5, "5 4")
        drawing.text(axis.at(value) + 4, TOP + 14, label, size=11, colour="#b00020")
    return drawing.finish()


def lines(title, subtitle, x_label, y_label, series, ticks):
    """series: [(name, [[(x, y)], ...])]: points of one list are joined. Both axes logarithmic; ticks: [(x, label)]."""
    height, bottom, left = 460, 380, 90
    drawing = Drawing(title, subtitle, height)
    every = [point for _, groups in series for points in groups for point in points]
    x_axis = Axis([x for x, _ in every], left + 20, WIDTH - RIGHT, True)
    y_axis = Axis([y for _, y in every], bottom, TOP + 30, True)
    for tick in y_axis.ticks:
        drawing.line(left, y_axis.at(tick), WIDTH - RIGHT, y_axis.at(tick), GRID)
        drawing.text(left - 8, y_axis.at(tick) + 4, number(tick), "end", 12)
    for place, (x, label) in enumerate(sorted(ticks)):
        drawing.line(x_axis.at(x), TOP + 30, x_axis.at(x), bottom, GRID)
        for i, words in enumerate(label.split("\n")):  # every other name a line lower: neighbours may be near
            drawing.text(x_axis.at(x), bottom + 18 + 15 * i + (15 * (place % 2) if i else 0), words, "middle", 11)
    drawing.text((left + WIDTH - RIGHT) / 2, height - 16, x_label, "middle", 12)
    drawing.text(20, TOP + 4, y_label, size=12)
    drawing.legend([name for name, _ in series], left + 230, TOP + 4)
    for i, (_, groups) in enumerate(series):
        colour = COLOURS[i % len(COLOURS)]
        for points in map(sorted, groups):
            for (x1, y1), (x2, y2) in zip(points, points[1:]):
                drawing.line(x_axis.at(x1), y_axis.at(y1), x_axis.at(x2), y_axis.at(y2), colour, 2)
            for x, y in points:
                drawing.dot(x_axis.at(x), y_axis.at(y), colour)
                drawing.text(x_axis.at(x) + 6, y_axis.at(y) - 8, number(y), size=11, colour=colour)
    return drawing.finish()
