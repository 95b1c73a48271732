# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plots as SVG, without anything but Python."""
import html
import math

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#8c564b", "#111111")
DASHES = ("", "", "", "", "", "", "6 3", "2 3", "8 3 2 3")
FONT = 'font-family="system-ui, sans-serif"'


def text(x, y, words, size=12, anchor="start", colour="#222", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" {extra}>{html.escape(words)}</text>'


def document(width, height, title, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" {FONT}>'
            f'<title>{html.escape(title)}</title><rect width="{width}" height="{height}" fill="#fff"/>' + "".join(parts) + "</svg>\n")


def ticks(low, high, n=5):
    """Round numbers from @low to @high."""
    if high <= low:
        return [low]
    step = 10 ** math.floor(math.log10((high - low) / n))
    step *= min((1, 2, 5, 10), key=lambda factor: abs((high - low) / (step * factor) - n))
    first = math.ceil(low / step - 1e-9)
    return [round((first + i) * step, 10) for i in range(int((high - first * step) / step + 1e-9) + 1)]


class Panel:
    """Axes at a place of the drawing."""

    def __init__(self, x, y, width, height, x_range, y_range):
        self.x, self.y, self.width, self.height = x, y, width, height
        self.x_range, self.y_range = x_range, y_range
        self.parts = []

    def at(self, x, y):
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        share_x = min(max((x - x0) / (x1 - x0 or 1), 0), 1)
        share_y = min(max((y - y0) / (y1 - y0 or 1), 0), 1)
        return self.x + share_x * self.width, self.y + self.height - share_y * self.height

    def axes(self, title, x_label, y_label, x_ticks=None, y_ticks=None):
        out = [text(self.x + self.width / 2, self.y - 8, title, 13, "middle", extra='font-weight="600"')]
        for value in x_ticks if x_ticks is not None else ticks(*self.x_range):
            x, y = self.at(value, self.y_range[0])
            out.append(f'<line x1="{x:.1f}" y1="{self.y}" x2="{x:.1f}" y2="{y:.1f}" stroke="#e8e8e8"/>')
            out.append(text(x, y + 15, f"{value:g}", 11, "middle", "#555"))
        for value in y_ticks if y_ticks is not None else ticks(*self.y_range):
            x, y = self.at(self.x_range[0], value)
            out.append(f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{self.x + self.width}" y2="{y:.1f}" stroke="#e8e8e8"/>')
            out.append(text(x - 6, y + 4, f"{value:g}", 11, "end", "#555"))
        out.append(f'<rect x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" fill="none" stroke="#999"/>')
        out.append(text(self.x + self.width / 2, self.y + self.height + 32, x_label, 11, "middle", "#333"))
        middle = self.y + self.height / 2
        out.append(text(self.x - 40, middle, y_label, 11, "middle", "#333", f'transform="rotate(-90 {self.x - 40} {middle})"'))
        self.parts = out + self.parts

    def line(self, points, index):
        places = " ".join("{:.1f},{:.1f}".format(*self.at(x, y)) for x, y in points)
        dash = f' stroke-dasharray="{DASHES[index % len(DASHES)]}"' if DASHES[index % len(DASHES)] else ""
        self.parts.append(f'<polyline points="{places}" fill="none" stroke="{COLOURS[index % len(COLOURS)]}" stroke-width="2"{dash}/>')

    def stems(self, points, index):
        """A vertical line each point, one for those that fall on one pixel."""
        highest = {}
        for x, y in points:
            place = round(self.at(x, y)[0])
            highest[place] = max(highest.get(place, 0), y)
        base = self.at(0, self.y_range[0])[1]
        path = "".join(f"M{x} {base:.1f}V{self.at(0, y)[1]:.1f}" for x, y in sorted(highest.items()))
        self.parts.append(f'<path d="{path}" stroke="{COLOURS[index]}" stroke-width="1.2" fill="none"/>')

    def mark(self, x, words, colour):
        place, _ = self.at(x, 0)
        self.parts.append(f'<line x1="{place:.1f}" y1="{self.y}" x2="{place:.1f}" y2="{self.y + self.height}" stroke="{colour}" stroke-dasharray="4 3"/>')
        if words:
            self.parts.append(text(place - 4, self.y + 12, words, 10, "end", colour))

    def level(self, y, colour="#999"):
        _, place = self.at(0, y)
        self.parts.append(f'<line x1="{self.x}" y1="{place:.1f}" x2="{self.x + self.width}" y2="{place:.1f}" stroke="{colour}" stroke-dasharray="2 3"/>')


def legend(x, y, names, per_row=4, column=210):
    parts = []
    for i, name in enumerate(names):
        left, top = x + (i % per_row) * column, y + (i // per_row) * 18
        dash = f' stroke-dasharray="{DASHES[i % len(DASHES)]}"' if DASHES[i % len(DASHES)] else ""
        parts.append(f'<line x1="{left}" y1="{top - 4}" x2="{left + 22}" y2="{top - 4}" stroke="{COLOURS[i % len(COLOURS)]}" stroke-width="3"{dash}/>')
        parts.append(text(left + 28, top, name, 12))
    return parts


def line_panels(title, panels, names, x_label, y_label, x_range, y_range, columns=4, size=220):
    """@panels: (title, {name: points}) each. One legend for all."""
    rows = math.ceil(len(panels) / columns)
    width = max(60 + columns * (size + 55), 720)
    parts, bottom = [text(20, 26, title, 16, extra='font-weight="700"')], 70 + rows * (size + 75)
    for i, (panel_title, curves) in enumerate(panels):
        panel = Panel(60 + (i % columns) * (size + 55), 70 + (i // columns) * (size + 75), size, size, x_range, y_range)
        for j, name in enumerate(names):
            if name in curves:
                panel.line(curves[name], j)
        panel.axes(panel_title, x_label, y_label)
        parts += panel.parts
    per_row = max(1, (width - 80) // 270)
    parts += legend(40, bottom, names, per_row, 270)
    return document(width, bottom + 18 * math.ceil(len(names) / per_row) + 6, title, parts)


def heat_maps(title, maps, row_name, column_name):
    """@maps: (title, rows, columns, {(row, column): value}, good is high)."""
    cell_x, cell_y = 58, 30
    parts, x = [text(20, 26, title, 16, extra='font-weight="700"')], 70
    height = 0
    for map_title, rows, columns, values, high_is_good in maps:
        low, high = min(values.values()), max(values.values())
        parts.append(text(x + cell_x * len(columns) / 2, 58, map_title, 13, "middle", extra='font-weight="600"'))
        for j, column in enumerate(columns):
            parts.append(text(x + (j + 0.5) * cell_x, 82 + cell_y * len(rows), str(column), 11, "middle", "#555"))
        for i, row in enumerate(rows):
            parts.append(text(x - 6, 64 + (i + 0.65) * cell_y, str(row), 11, "end", "#555"))
            for j, column in enumerate(columns):
                value = values[(row, column)]
                share = (value - low) / (high - low) if high > low else float(high_is_good)
                share = share if high_is_good else 1 - share
                red, green, blue = (round(a + (b - a) * share) for a, b in ((0xd5, 0xe5), (0x5e, 0xf4), (0x00, 0xee)))
                parts.append(f'<rect x="{x + j * cell_x}" y="{64 + i * cell_y}" width="{cell_x - 1}" height="{cell_y - 1}" fill="rgb({red},{green},{blue})"/>')
                parts.append(text(x + (j + 0.5) * cell_x, 64 + (i + 0.65) * cell_y, f"{value:.3g}", 11, "middle"))
        parts.append(text(x + cell_x * len(columns) / 2, 100 + cell_y * len(rows), column_name, 11, "middle", "#333"))
        parts.append(text(x - 40, 64 + cell_y * len(rows) / 2, row_name, 11, "middle", "#333",
                          f'transform="rotate(-90 {x - 40} {64 + cell_y * len(rows) / 2})"'))
        x += cell_x * len(columns) + 80
        height = max(height, 115 + cell_y * len(rows))
    return document(x - 20, height, title, parts)
