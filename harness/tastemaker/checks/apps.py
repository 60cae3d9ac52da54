"""Small apps: whether the page in a reply opens without an error, and looks as was wished."""

import colorsys
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from tastemaker.checks import chromium
from tastemaker.checks.arguments import Text
from tastemaker.checks.counting import found
from tastemaker.checks.forms import page_of
from tastemaker.checks.registry import Example, check
from tastemaker.passages import shortened
from tastemaker.records import Finding, Reply

COLOURS: Mapping[str, tuple[int, int, float, float]] = {
    "red": (344, 14, 0.3, 1),
    "orange": (14, 44, 0.65, 1),
    "yellow": (42, 68, 0.65, 1),
    "green": (75, 165, 0.12, 1),
    "teal": (165, 196, 0.12, 1),
    "turquoise": (160, 192, 0.55, 1),
    "blue": (196, 252, 0.12, 1),
    "navy": (205, 255, 0.12, 0.6),
    "purple": (255, 312, 0.12, 1),
    "pink": (305, 352, 0.65, 1),
    "brown": (8, 46, 0.15, 0.75),
}
"""From hue to hue, clockwise in degrees; from value to value."""
_DULL = 0.18
"""Saturation below which a colour is a grey."""
_AREA = 400.0
"""Square pixels from which a ground in a colour is seen."""
_MOST_TEXT = 0.95
"""Of all characters: so much must be as wished; a footnote may differ."""

KINDS = (
    "button", "slider", "checkbox", "radio", "number", "text", "date", "time", "colour", "menu",
    "picture", "table", "heading", "progress", "link", "item", "field",
)  # fmt: skip


class Wishes(BaseModel):
    """What a user may wish of the looks of an app."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    ground: Literal["dark", "light"] | None = None
    colour: str | None = None
    font: Literal["serif", "sans", "mono"] | None = None
    font_px: float | None = Field(default=None, gt=0)
    button_px: float | None = Field(default=None, gt=0)
    corners: Literal["round", "square"] | None = None
    contrast: float | None = Field(default=None, ge=1, le=21)
    fits: bool | None = None
    keyboard: bool | None = None
    still: bool | None = None
    has: dict[Literal[KINDS], int] | None = None  # type: ignore[valid-type]
    says: list[Text] | None = None
    lacks: list[Text] | None = None


def _wishes(value: dict[str, Any]) -> dict[str, Any]:
    try:
        wishes = Wishes.model_validate(value)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ValueError(f"should be wishes that are known ({told})") from error
    if wishes.colour and wishes.colour not in COLOURS:
        raise ValueError(f"should be a colour of {', '.join(COLOURS)}")
    return value


_APP = """\
```html
<!doctype html><html lang="en"><meta charset="utf-8"><title>Tip</title>
<style>body { background: #10151a; color: #f2f2f2; font: 20px sans-serif }
button { background: teal; color: white; font-size: 22px; min-height: 56px }</style>
<label>Bill <input id="b" type="number" value="40"></label> <button id="go">Tip</button>
<p id="out"></p>
<script>go.onclick = () => { out.textContent = (b.value * 0.15).toFixed(2) }</script></html>
```"""
_BROKEN = _APP.replace("go.onclick", "start.onclick")


@check(
    "app_renders",
    missing=chromium.missing,
    example=Example(met=_APP, unmet=_BROKEN),
)
def app_renders(reply: Reply) -> Finding:
    """The page in the reply opens in Chromium without an error, and something is to be seen.

    The page is the HTML in the reply, one file. It is opened alone: it may ask for nothing (a
    script or a font from elsewhere is an error), load nothing down and go nowhere. Errors are what
    stands on the console as one, exceptions, and not coming to rest within 20 seconds. Dialogs are
    dismissed. Equal pages are opened once. Needs Chromium; without it the reply is unscored.
    """
    sight, unseen = _seen(reply)
    if sight is None:
        return unseen
    if sight.wrong:
        return found(False, sight.wrong[0])
    empty = not sight.wide.get("seen") and not sight.wide.get("says", "").strip()
    return found(not empty, "nothing is to be seen" if empty else "opens without an error")


@check(
    "app_looks",
    missing=chromium.missing,
    example=Example(
        arguments={"wishes": {"ground": "dark", "colour": "teal", "button_px": 44}},
        met=_APP,
        unmet=_APP.replace("#10151a", "white").replace("#f2f2f2", "black"),
    ),
)
def app_looks(
    reply: Reply,
    *,
    wishes: Annotated[
        dict[Text, Any],
        AfterValidator(_wishes),
        Field(min_length=1, description="what was wished of its looks, by the names below"),
    ],
) -> Finding:
    """The page in the reply looks as was wished, measured as Chromium shows it.

    `ground: dark` or `light` is what most of the window shows. `colour` is one of red, orange,
    yellow, green, teal, turquoise, blue, navy, purple, pink, brown, and must be seen on a ground, a
    button, an edge, a drawing or in text. `font: serif`, `sans` or `mono`; `font_px`: text is at
    least this large; `contrast`: of text against its ground at least this (WCAG; 4.5 is AA), each
    for 95 in 100 characters. `button_px`: each button is so high and wide. `corners: round` or
    `square`, of buttons. `fits: true`: a window of 380 px needs no scrolling sideways. `keyboard:
    true`: the Tab key reaches all that can be clicked. `still: true`: nothing moves without end.
    `has: {slider: 1}`: so many at least of button, slider, checkbox, radio, number, text, date,
    time, colour, menu, picture, table, heading, progress, link, item, field. `says`, `lacks`: words
    that are seen, or not. All must be kept. Needs Chromium; without it the reply is unscored.
    """
    sight, unseen = _seen(reply)
    if sight is None:
        return unseen
    if not sight.wide or not sight.narrow:
        return found(False, sight.wrong[0] if sight.wrong else "it could not be looked at")
    asked = Wishes.model_validate(wishes).model_dump(exclude_none=True)
    broken = [told for name, wish in asked.items() if (told := _KEPT[name](sight, wish))]
    return found(not broken, "; ".join(broken) or "looks as wished")


def _seen(reply: Reply) -> tuple[chromium.Sight | None, Finding]:
    """What Chromium shows of the reply's page; or why there is nothing, as a finding."""
    page = page_of(reply.text)
    if not page:
        return None, found(False, "there is no page")
    try:
        return chromium.look(page), found(True, "")
    except chromium.Lost as error:
        return None, Finding(value=None, reason=str(error))


# The wishes: each says what is not as wished, or "" ----------------------------------------------


def _ground(sight: chromium.Sight, wish: str) -> str:
    points = sorted(sight.wide["grounds"])
    middle = points[len(points) // 2] if points else math.nan
    kept = middle < 0.18 if wish == "dark" else middle > 0.6
    return "" if kept else f"the ground is not {wish}"


def _colour(sight: chromium.Sight, wish: str) -> str:
    for one in sight.wide["colours"]:
        seen = one["ground"] >= _AREA or one["button"] or one["edge"] or one["fill"] or one["text"]
        if seen and is_colour(one["rgb"], wish):
            return ""
    return f"no {wish} is seen"


def is_colour(rgb: Sequence[float], name: str) -> bool:
    """Whether people would call it by this name, roughly: a grey is none of them."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in rgb))
    first, last, darkest, brightest = COLOURS[name]
    around = (hue * 360 - first) % 360 <= (last - first) % 360
    return around and saturation >= _DULL and darkest <= value <= brightest


def _share(sight: chromium.Sight, kept: Callable[[Sequence[Any]], bool | None]) -> float:
    """Of the characters that can be told, how many are as wished; 1 where there are none."""
    told = [(one[1], answer) for one in sight.wide["texts"] if (answer := kept(one)) is not None]
    total = sum(count for count, _ in told)
    return sum(count for count, answer in told if answer) / total if total else 1.0


def _font(sight: chromium.Sight, wish: str) -> str:
    share = _share(sight, lambda one: _kind_of_font(one[3]) == wish)
    return "" if share >= _MOST_TEXT else f"{share:.0%} of the text is {wish}"


def _kind_of_font(family: str) -> str:
    names = [name.strip(" \"'").casefold() for name in family.split(",")]
    generic = names[-1]
    if generic.endswith("monospace") or any(
        name in ("courier", "courier new", "consolas", "menlo", "monaco") for name in names
    ):
        return "mono"
    serif = generic in ("serif", "ui-serif") or names[0] in ("times new roman", "times", "georgia")
    return "serif" if serif else "sans"


def _font_px(sight: chromium.Sight, wish: float) -> str:
    share = _share(sight, lambda one: one[0] >= wish - 0.05)
    return "" if share >= _MOST_TEXT else f"{share:.0%} of the text is at least {wish:g} px"


def _contrast(sight: chromium.Sight, wish: float) -> str:
    share = _share(sight, lambda one: None if one[2] is None else one[2] >= wish - 0.05)
    return "" if share >= _MOST_TEXT else f"{share:.0%} of the text has a contrast of {wish:g}"


def _button_px(sight: chromium.Sight, wish: float) -> str:
    buttons = sight.wide["buttons"]
    small = [one for one in buttons if one["height"] < wish - 0.5 or one["width"] < wish - 0.5]
    if not buttons:
        return "there is no button"
    if not small:
        return ""
    return "{name!r} is {width:.0f} px wide and {height:.0f} px high".format_map(small[0])


def _corners(sight: chromium.Sight, wish: str) -> str:
    buttons = sight.wide["buttons"]
    kept = [one["corner"] >= 4 if wish == "round" else one["corner"] <= 1 for one in buttons]
    return "" if kept and all(kept) else f"not all buttons have {wish} corners"


def _fits(sight: chromium.Sight, wish: bool) -> str:
    fits = sight.narrow["width"] <= sight.narrow["window"] + 1
    told = f"at {sight.narrow['window']} px it is {sight.narrow['width']} px wide"
    return "" if fits == wish else told


def _keyboard(sight: chromium.Sight, wish: bool) -> str:
    reached = not sight.unreached
    told = f"Tab does not reach {sight.unreached[0]!r}" if sight.unreached else "Tab reaches all"
    return "" if reached == wish else told


def _still(sight: chromium.Sight, wish: bool) -> str:
    still = not sight.wide["moving"]
    return "" if still == wish else "something moves" if wish else "nothing moves"


def _has(sight: chromium.Sight, wish: Mapping[str, int]) -> str:
    kinds = sight.wide["kinds"]
    short = [
        f"{kinds[kind]} of {least} {kind}" for kind, least in wish.items() if kinds[kind] < least
    ]
    return ", ".join(short)


def _says(sight: chromium.Sight, wish: Sequence[str]) -> str:
    said = _plain(sight.wide["says"] + " ".join(one["name"] for one in sight.wide["buttons"]))
    absent = [one for one in wish if _plain(one) not in said]
    return f"{shortened(absent[0])!r} is not seen" if absent else ""


def _lacks(sight: chromium.Sight, wish: Sequence[str]) -> str:
    said = _plain(sight.wide["says"])
    there = [one for one in wish if _plain(one) in said]
    return f"{shortened(there[0])!r} is seen" if there else ""


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


_KEPT: Mapping[str, Callable[[chromium.Sight, Any], str]] = {
    "ground": _ground,
    "colour": _colour,
    "font": _font,
    "font_px": _font_px,
    "button_px": _button_px,
    "corners": _corners,
    "contrast": _contrast,
    "fits": _fits,
    "keyboard": _keyboard,
    "still": _still,
    "has": _has,
    "says": _says,
    "lacks": _lacks,
}
