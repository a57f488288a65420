"""A table for pdfLaTeX, in ASCII: what it cannot read becomes the command for it."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

_ESCAPES = {character: f"\\{character}" for character in "&%$#_{}"}
_ESCAPES |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_ESCAPES |= {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''"}
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
    *("xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_CAPITALS = ["Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"]
_MATH = {"±": "pm", "∓": "mp", "×": "times", "÷": "div", "·": "cdot", "≈": "approx", "≤": "leq", "≥": "geq", "≠": "neq"}
_MATH |= {"→": "rightarrow", "←": "leftarrow", "∞": "infty", "√": "surd", "‖": "|", "∂": "partial", "∈": "in"}
_MATH |= {"∑": "sum", "∏": "prod", "∇": "nabla", "∼": "sim", "≡": "equiv", "†": "dagger", "′": "prime", "µ": "mu"}
_TEXT = {"–": "--", "—": "---", "−": "$-$", "…": r"\ldots{}", "“": "``", "”": "''", "‘": "`", "’": "'", "\xa0": "~"}
_TEXT |= {
    "ß": r"\ss{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
}
_TEXT |= {"°": r"$^{\circ}$", "²": "$^{2}$", "³": "$^{3}$", "¹": "$^{1}$", "§": r"\S{}", "✓": "yes", "✗": "no"}
_ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": "."}
_ACCENTS |= {"\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c", "\u0328": "k"}
_NUMBER = re.compile(r"[-+]?[\d,.]+(e[-+]?\d+)?( ± [\d,.]+)?\Z|[–nai]*\Z")
#: Characters of a table that fill the lines of a page in its usual size.
_PAGE = 85


def latex_text(text: str) -> str:
    """Return a text in ASCII, with LaTeX's commands for what it reads otherwise or not at all."""
    return "".join(_character(each) for each in text)


def _character(character: str) -> str:
    known = _ESCAPES.get(character) or _TEXT.get(character)
    if known:
        return known
    if character.isascii():
        return character
    if character in _MATH:
        return f"$\\{_MATH[character]}$"
    return _greek(character) or _accented(character) or f"[U+{ord(character):04X}]"


def _greek(character: str) -> str:
    name = unicodedata.name(character, "").replace("LAMDA", "LAMBDA")  # which Unicode spells in its own way
    small, capital = (name.removeprefix(f"GREEK {size} LETTER ").lower() for size in ("SMALL", "CAPITAL"))
    if small in _GREEK:
        return f"$\\{small}$"
    return f"$\\{capital.capitalize()}$" if capital.capitalize() in _CAPITALS else ""


def _accented(character: str) -> str:
    letter, *marks = list(unicodedata.normalize("NFKD", character))
    if not letter.isascii() or any(mark not in _ACCENTS and not mark.isascii() for mark in marks):
        return ""
    if all(mark.isascii() for mark in marks):  # a ligature, or a letter of another width
        return "".join(map(_character, (letter, *marks)))
    return f"\\{_ACCENTS[marks[0]]}{{{letter}}}" if len(marks) == 1 else ""


def latex_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with the rules of booktabs, numbers on the right; a wide one is scaled to the page."""
    lines = [list(row) for row in rows]
    width = sum(max([len(name), *(len(line[place]) for line in lines)]) + 2 for place, name in enumerate(columns))
    numeric = [all(_NUMBER.match(line[place]) for line in lines) for place in range(len(columns))]
    packages = ["booktabs", *(["graphicx"] if width > _PAGE else [])]
    table = [
        f"\\begin{{tabular}}{{{''.join('r' if each else 'l' for each in numeric)}}}",
        r"\toprule",
        _line(columns),
        r"\midrule",
        *map(_line, lines),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    if width > _PAGE:
        table = [r"\resizebox{\linewidth}{!}{%", *table[:-1], table[-1] + "}"]
    needed = "".join(f"\\usepackage{{{package}}}" for package in packages)
    return "\n".join([f"% needs {needed} in the preamble", *table]) + "\n"


def _line(cells: Sequence[str]) -> str:
    line = " & ".join(map(latex_text, cells)) + r" \\"
    return "{}" + line if line.startswith(("[", "*")) else line  # else the rule or row before it takes that for its own
