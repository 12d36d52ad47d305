"""What a file is, by its first bytes: names can be wrong, bytes cannot."""

from __future__ import annotations

import codecs

TABLES = "CSV, TSV, Parquet, JSON, JSON Lines or NPZ"
"""What a table may be, in words."""
SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PAR1", "parquet"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document (.xls, .doc)"),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ARROW1", "an Arrow (Feather) file"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a Windows program"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x80\x05\x95", "a Python pickle"),
    (b"Obj\x01", "an Avro file"),
    (b"ORC", "an ORC file"),
    (b"{\\rtf", "a Rich Text document"),
)
TEXT_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<?xml", "an XML document"),
    (b'{"cells"', "a notebook"),
    (b'{\n "cells"', "a notebook"),
    (b"{", "json"),
    (b"[", "json"),
)
OFFICE: tuple[tuple[bytes, str], ...] = (
    (b"xl/", "an Excel workbook (.xlsx)"),
    (b"word/", "a Word document (.docx)"),
    (b"ppt/", "a PowerPoint presentation"),
    (b"opendocument.spreadsheet", "an OpenDocument spreadsheet (.ods)"),
    (b"[Content_Types].xml", "an Office document (.xlsx, .docx)"),
    (b"archive/data.pkl", "a PyTorch model"),
)


def kind_of(head: bytes) -> str:
    """Return what a file is whose first 4096 bytes are ``head``.

    That is "gzip", "zip", "parquet", "npz", "json" or "text", or in words what else it is.

    >>> kind_of(b"%PDF-1.7"), kind_of(b"id,label")
    ('a PDF document', 'text')
    """
    for signature, kind in SIGNATURES:
        if head.startswith(signature):
            return _inside_zip(head) if kind == "zip" else kind
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = head.decode("utf-16", "ignore").encode()
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginning, kind in TEXT_BEGINNINGS:
        if start.startswith(beginning):
            return kind
    return "text"


def _inside_zip(head: bytes) -> str:
    for mark, kind in OFFICE:
        if mark in head:
            return kind
    # .npz is an ordinary zip of .npy files: the first name says so.
    return "npz" if b".npy" in head[30:130] else "zip"
