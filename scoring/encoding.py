"""Text in a file: UTF-8, with or without a mark, or UTF-16 with one; anything else is refused by its byte."""

from __future__ import annotations

import codecs

from scoring.archives import CHUNK, Content
from scoring.errors import fail, shown
from scoring.kinds import TABLES


def as_utf8(content: Content) -> tuple[memoryview, int]:
    """Return the text as UTF-8, and how many bytes of the file stand before it: a byte-order mark is no part of it."""
    data = memoryview(content.data)
    head = bytes(data[:4])
    if head.startswith(codecs.BOM_UTF8):
        return data[3:], 3
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return memoryview(_from_utf16(data)), 0
    return data, 0


def _from_utf16(data: memoryview) -> bytes:
    decoder = codecs.getincrementaldecoder("utf-16")()
    parts = []
    try:
        for start in range(0, len(data), CHUNK):
            parts.append(decoder.decode(bytes(data[start : start + CHUNK])).encode())
        parts.append(decoder.decode(b"", True).encode())
    except UnicodeError as error:
        message = "The file begins as UTF-16 and does not go on so: it is damaged or cut off. Save it as UTF-8."
        raise fail("not_utf8", message) from error
    return b"".join(parts)


def decode(decoder: codecs.IncrementalDecoder, chunk: bytes, *, before: int, line: int, final: bool = False) -> None:
    """Decode ``chunk``, which stands ``before`` bytes into the file, on ``line``. Raises SubmissionError."""
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError as error:
        row = line + error.object[: error.start].count(b"\n")
        byte = error.object[error.start]
        letter = bytes([byte]).decode("cp1252", errors="replace")
        message = (
            f"Row {row:,}: byte {before + error.start + 1:,} of the file (0x{byte:02X}) is not UTF-8. "
            f"In Windows-1252 it would be {shown(letter)}. Save the file as UTF-8."
        )
        raise fail("not_utf8", message, row=row) from error


def zero_byte(position: int) -> Exception:
    """Return the error for a byte that is 0, at ``position`` of the file, counted from 0."""
    return fail(
        "wrong_type",
        f"Byte {position + 1:,} of the file is 0, which no text holds. Expected {TABLES}.",
    )


def check_text(data: memoryview, *, skipped: int) -> None:
    """Refuse bytes that are no UTF-8, and zero bytes. ``skipped`` bytes of the file stand before ``data``."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, waiting = 1, 0
    for start in range(0, len(data), CHUNK):
        chunk = bytes(data[start : start + CHUNK])
        if waiting or not chunk.isascii():
            decode(decoder, chunk, before=skipped + start - waiting, line=line)
            waiting = len(decoder.getstate()[0])
        if b"\0" in chunk:
            raise zero_byte(skipped + start + chunk.index(b"\0"))
        line += chunk.count(b"\n")
    if waiting:
        decode(decoder, b"", before=skipped + len(data) - waiting, line=line, final=True)
