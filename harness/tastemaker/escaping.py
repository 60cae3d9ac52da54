"""Text that came from outside, made harmless for each place where it is shown."""

import re
import unicodedata

UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories of what steers a terminal or a line of text and is not seen itself."""

SPECIAL = re.compile(r"([\\`*_\[\]|~#!$])")
CALLS = re.compile(r"@|(?<=:)//|(?<=www)\.", re.IGNORECASE)
"""What makes a bare name a mention, or a bare address a link, where comments are shown."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula, the wide forms included."""

LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    # After the end of a table's row these two would be read as its arguments.
    "[": "{[}",
    "*": "{*}",
    "-": r"-{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "…": r"\ldots{}",
    "±": r"\ensuremath{\pm}",
    "×": r"\ensuremath{\times}",
    "−": r"\ensuremath{-}",
    "≤": r"\ensuremath{\leq}",
    "≥": r"\ensuremath{\geq}",
    "\u00a0": "~",
}
"""What means something else to LaTeX. A hyphen is closed off, so that none joins to a dash."""

ACCENTED = range(0xC0, 0x180)
"""The letters of Western and Central European languages, which LaTeX knows without a package."""
UNKNOWN_TO_LATEX = {0xD7, 0xF7, 0x138, 0x13F, 0x140, 0x149, 0x14A, 0x14B, 0x166, 0x167, 0x17F}
UNKNOWN_TO_LATEX |= {0x108, 0x109, 0x10A, 0x10B, 0x126, 0x127, 0x13B, 0x13C}


def plain(text: str) -> str:
    """Without what moves a cursor or turns a line around."""
    return "".join(
        "�" if unicodedata.category(character) in UNSEEN else character for character in text
    )


def markdown(text: str) -> str:
    """Inert in Markdown, also inside a table: no markup, no HTML, one line."""
    inert = SPECIAL.sub(r"\\\1", plain(str(text)))
    inert = inert.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return CALLS.sub(lambda found: f"&#8203;{found[0]}&#8203;", inert)


def spreadsheet(text: str) -> str:
    """So that a spreadsheet shows it and does not run it; `from_spreadsheet` turns it back."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def from_spreadsheet(text: str) -> str:
    """The text of a cell that `spreadsheet` made; of any other cell the text as it stands."""
    quoted = text.startswith("'") and text.lstrip("'").startswith(FORMULA)
    return text[1:] if quoted else text


def latex(text: str) -> str:
    """So that LaTeX sets it as it stands, in one paragraph, with no package beyond its own.

    A character that plain LaTeX has no letter for is written as its number: `[U+4E2D]`.
    """
    return "".join(_latex(character) for character in plain(text))


def _latex(character: str) -> str:
    known = LATEX.get(character)
    if known is not None:
        return known
    code = ord(character)
    if code < 0x80 or (code in ACCENTED and code not in UNKNOWN_TO_LATEX):
        return character
    return f"{{[}}U+{code:04X}]"
