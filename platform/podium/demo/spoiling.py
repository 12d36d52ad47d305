"""Files as they come now and then: each made from a good one by a mistake that people really make.

The sentences that teams then read are the scoring's own.
"""

from collections.abc import Callable

Lines = list[list[str]]


def spoil(kind: str, file: bytes) -> bytes:
    """Return a good file with one mistake in it."""
    lines = [line.split(",") for line in file.decode().splitlines()]
    return MISTAKES[kind](lines).encode()


def _text(lines: Lines, *, separator: str = ",") -> str:
    return "".join(separator.join(cells) + "\n" for cells in lines)


def _cut_off(lines: Lines) -> str:
    return _text(lines[: len(lines) * 9 // 10])


def _gap(lines: Lines) -> str:
    row = len(lines) // 3
    return _text([*lines[:row], [*lines[row][:-1], "nan"], *lines[row + 1 :]])


def _decimal_commas(lines: Lines) -> str:
    return _text([[cell.replace(".", ",") for cell in cells] for cells in lines], separator=";")


def _other_name(lines: Lines) -> str:
    return _text([["id", *(f"prediction{n or ''}" for n in range(len(lines[0]) - 1))], *lines[1:]])


def _counted_from_one(lines: Lines) -> str:
    return _text([lines[0], *([str(n), *cells[1:]] for n, cells in enumerate(lines[1:], 1))])


def _per_cent(lines: Lines) -> str:
    return _text([lines[0], *([cells[0], *(f"{100 * float(c):.2f}" for c in cells[1:])] for cells in lines[1:])])


def _coarse(lines: Lines) -> str:
    """Rounded to one decimal: then rows of probabilities no longer sum to 1."""
    return _text([lines[0], *([cells[0], *(f"{float(c):.1f}" for c in cells[1:])] for cells in lines[1:])])


MISTAKES: dict[str, Callable[[Lines], str]] = {
    "cut off": _cut_off,
    "gap": _gap,
    "decimal commas": _decimal_commas,
    "other name": _other_name,
    "counted from one": _counted_from_one,
    "per cent": _per_cent,
    "coarse": _coarse,
}
COMMON = ("cut off", "gap", "decimal commas", "other name", "counted from one")
MISTAKES_OF = {  # what is wrong for one kind of answer may be right for another
    "chance": (*COMMON, "per cent"),
    "chances": (*COMMON, "coarse"),
    "number": COMMON,
    "label": COMMON,
}
