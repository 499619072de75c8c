"""A helpline's accent colour made readable: the shades that keep WCAG's contrasts on light and dark paper."""

from __future__ import annotations

from dataclasses import dataclass

READABLE = 4.6
"""WCAG 2.2 AA wants 4.5 for text; a little more survives rounding."""
LIGHT_PAPER, LIGHT_SURFACE, LIGHT_INK = "#f2ede5", "#ffffff", "#2a2622"
DARK_PAPER, DARK_INK = "#242120", "#f2ede6"

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Shades:
    """`accent` and `accent_strong` are readable on paper and on `accent_soft`; `accent_ink` on both of them."""

    accent: str
    accent_strong: str
    accent_ink: str
    accent_soft: str


def light_shades(colour: str) -> Shades:
    """Shades on light paper (source: static/css/tokens.css)."""
    soft = mix(LIGHT_SURFACE, colour, 0.13)
    return _shades(colour, papers=(LIGHT_PAPER, soft), ink=LIGHT_INK, towards="#000000", on_accent="#ffffff")


def dark_shades(colour: str) -> Shades:
    soft = mix(DARK_PAPER, colour, 0.22)
    return _shades(colour, papers=(DARK_PAPER, soft), ink=DARK_INK, towards="#ffffff", on_accent="#14110f")


def _shades(colour: str, *, papers: tuple[str, str], ink: str, towards: str, on_accent: str) -> Shades:
    """The first shade on the way `towards` black or white that is readable on both papers and under its own text."""
    accent = next(
        shade
        for shade in (mix(colour, towards, step / 40) for step in range(41))
        if min(contrast(shade, other) for other in (*papers, on_accent)) >= READABLE
    )
    return Shades(accent=accent, accent_strong=mix(accent, ink, 0.3), accent_ink=on_accent, accent_soft=papers[1])


def contrast(one: str, other: str) -> float:
    """From 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """`one` with a `share` (0 to 1) of `other` in it."""
    mixed = (round(a + (b - a) * share) for a, b in zip(_rgb(one), _rgb(other), strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
