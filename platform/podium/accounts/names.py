"""Names that people give themselves and their teams: what is allowed in them, and how they are compared.

What is visible is allowed, in every script. What is not (control characters, zero-width and direction marks, fillers)
would let one name look like another, so it is refused.
"""

import re
import unicodedata

# Letters and marks that Unicode does not count as format characters and that nevertheless show nothing
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
MOST_MARKS = 3  # accents on one letter; more would climb into the neighbouring lines

USERNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
USERNAME_LENGTHS = range(2, 31)
_RESERVED = """
about abuse account accounts admin administrator anonymous api baseline baselines challenge challenges contact deleted
demo everyone former guest guide health help host hosts info invitation invitations legal login logout mail me media
moderator my none null official operator owner people podium postmaster privacy root security settings signin signup
staff static submission submissions support system team teams terms undefined user users visitor webmaster www
"""
RESERVED = frozenset(_RESERVED.split())


def tidied(text: str) -> str:
    """Return a name as it is kept: compatible forms of a letter made one, white space made single blanks.

    >>> tidied("  Held\\u00a0  Out ")
    'Held Out'
    """
    return " ".join(unicodedata.normalize("NFKC", text).split())


def hidden_in(text: str) -> str:
    """Return the first character of a text that nobody would see, or nothing."""
    return next((char for char in text if is_hidden(char)), "")


def is_hidden(char: str) -> bool:
    """Tell whether a character shows nothing, or changes how its neighbours are shown."""
    return char in INVISIBLE or "\ufe00" <= char <= "\ufe0f" or unicodedata.category(char) in HIDDEN_CATEGORIES


def complaint(text: str, *, longest: int) -> str:
    """Return what is wrong with a tidied name, in a sentence, or nothing."""
    if not any(char.isalnum() for char in text):
        return "A name needs at least one letter or digit."
    if len(text) > longest:
        return f"This name has {len(text)} characters; {longest} are the most."
    if hidden := hidden_in(text):
        return f"This name contains a character that nobody can see (U+{ord(hidden):04X}). Type the name afresh."
    if re.search(rf"(?:{_MARK}){{{MOST_MARKS + 1},}}", _marked(text)):
        return f"A letter of this name carries more than {MOST_MARKS} marks."
    return ""


_MARK = "m"


def _marked(text: str) -> str:
    """Return the text with each combining mark as `m` and everything else as a dot."""
    return "".join(_MARK if unicodedata.combining(char) else "." for char in unicodedata.normalize("NFD", text))


def without_hidden(text: str) -> str:
    """Return a tidied name without what nobody can see: for names that were not typed for this purpose."""
    return tidied("".join(char for char in text if not is_hidden(char) or char.isspace()))


def username_complaint(username: str) -> str:
    """Return what is wrong with a user name, in a sentence, or nothing.

    >>> username_complaint("ada.lovelace")
    ''
    >>> username_complaint("Admin")
    'This user name is reserved. Choose another.'
    """
    if len(username) not in USERNAME_LENGTHS:
        return f"A user name has {USERNAME_LENGTHS.start} to {USERNAME_LENGTHS.stop - 1} characters."
    if not USERNAME.fullmatch(username):
        return (
            "A user name is made of letters from a to z, digits, dots, dashes and underscores, a letter or digit first."
        )
    if username.lower() in RESERVED:
        return "This user name is reserved. Choose another."
    return ""
