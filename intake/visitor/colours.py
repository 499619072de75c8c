"""A helpline's accent colour made readable: the shades that keep WCAG's contrasts on light and dark paper."""

from __future__ import annotations

from dataclasses import dataclass

READABLE = 4.6
"""WCAG 2.2 AA wants 4.5 for text; a little more survives rounding."""
LIGHT_PAPER, LIGHT_INK = "#f2ede5", "#2a2622"
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
    return _shades(colour, paper=LIGHT_PAPER, ink=LIGHT_INK, towards="#000000", on_accent="#ffffff", tint=0.12)


def dark_shades(colour: str) -> Shades:
    return _shades(colour, paper=DARK_PAPER, ink=DARK_INK, towards="#ffffff", on_accent="#14110f", tint=0.16)


def _shades(colour: str, *, paper: str, ink: str, towards: str, on_accent: str, tint: float) -> Shades:
    soft = mix(paper, colour, tint)
    accent = next(
        shade
        for shade in (mix(colour, towards, step / 40) for step in range(41))
        if min(contrast(shade, paper), contrast(shade, soft), contrast(shade, on_accent)) >= READABLE
    )
    return Shades(accent=accent, accent_strong=mix(accent, ink, 0.3), accent_ink=on_accent, accent_soft=soft)


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
