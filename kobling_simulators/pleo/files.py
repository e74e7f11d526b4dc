"""Receipts: small real files, and the addresses they are fetched from."""

from __future__ import annotations

import hashlib
import hmac
import struct
import zlib

from kobling_simulators.clock import Clock
from kobling_simulators.pleo.company import Row, State
from kobling_simulators.wire import Call, Reply, json_reply

LIFE = 24 * 3600
_SECRET = b"simulated pleo files"
_ENDINGS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}


def content(kind: str, title: str, size: int = 0) -> bytes:
    """A small file that programs can open, filled up to a size: a PDF with a line of text, a picture of one pixel."""
    if kind == "application/pdf":
        return _pdf(title, max(0, size - len(_pdf(title, 0))))
    data = _png(sum(title.encode()) % 256) if kind == "image/png" else _jpeg(title)
    return data.ljust(size, b"\0")


def _png(shade: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\x00" + bytes([shade, shade, shade]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def _jpeg(title: str) -> bytes:
    """A grey pixel: quantisation of ones, and code tables with a single word each."""

    def part(mark: int, data: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, mark, len(data) + 2) + data

    word = bytes([1, *[0] * 15, 0])
    return b"".join(
        [
            b"\xff\xd8",
            part(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
            part(0xFE, title.encode()[:200]),
            part(0xDB, b"\x00" + b"\x01" * 64),
            part(0xC0, struct.pack(">BHHB3B", 8, 1, 1, 1, 1, 0x11, 0)),
            part(0xC4, b"\x00" + word),
            part(0xC4, b"\x10" + word),
            part(0xDA, b"\x01\x01\x00\x00\x3f\x00"),
            b"\x3f\xff\xd9",
        ]
    )


def _pdf(title: str, padding: int) -> bytes:
    plain = title.encode("latin-1", "replace").translate(None, b"()\\")
    stream = b"BT /F1 12 Tf 20 100 Td (" + plain + b") Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 150] /Contents 4 0 R /Resources << /Font << /F1 "
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length " + str(len(stream)).encode() + b" >>\nstream\n" + stream + b"\nendstream",
    ]
    body, places = b"%PDF-1.4\n", []
    if padding:
        body += b"%" + b"x" * padding + b"\n"
    for number, each in enumerate(objects, start=1):
        places.append(len(body))
        body += str(number).encode() + b" 0 obj\n" + each + b"\nendobj\n"
    table = b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    start = str(len(body)).encode()
    size = str(len(objects) + 1).encode()
    head = b"xref\n0 " + size + b"\n0000000000 65535 f \n"
    return body + head + table + b"trailer\n<< /Size " + size + b" /Root 1 0 R >>\nstartxref\n" + start + b"\n%%EOF\n"


def signature(receipt: str, until: int) -> str:
    """What a file's URL is signed with."""
    return hmac.new(_SECRET, f"{receipt}.{until}".encode(), hashlib.sha256).hexdigest()[:32]


def shown_file(base: str, company: str, receipt: Row, until: int) -> Row:
    """A file of an item: {url, type, size}, good until then."""
    signed = f"expires={until}&signature={signature(receipt['id'], until)}"
    url = f"{base}/files/{company}/{receipt['id']}/{receipt['name']}?{signed}"
    return {"url": url, "type": receipt["type"], "size": receipt["size"]}


def fetch(call: Call, state: State, clock: Clock) -> Reply:
    """GET /files/{company}/{receipt}/{name}.

    Fidelity: known pleo §4 – the URL is good for 24 hours; assumed – then 403
    """
    parts = call.path.split("/")
    company = state.companies.get(parts[2]) if len(parts) == 5 else None
    receipt: Row | None = company.receipts.get(parts[3]) if company else None
    if call.method != "GET" or receipt is None:
        return json_reply({"type": "NOT_FOUND"}, 404)
    until = call.query.get("expires", "")
    if not until.isascii() or not until.isdigit():
        return json_reply({"type": "FORBIDDEN"}, 403)
    if signature(receipt["id"], int(until[:18])) != call.query.get("signature"):
        return json_reply({"type": "FORBIDDEN"}, 403)
    if clock.now() >= int(until[:18]):
        return json_reply({"type": "FORBIDDEN", "message": "The link has expired."}, 403)
    return Reply(200, content(receipt["type"], receipt["_title"], receipt["_want"]), receipt["type"])


def receipt_row(key: str, kind: str, title: str, size: int = 0) -> Row:
    """A new receipt, at least of a size."""
    row: Row = {"id": key, "type": kind, "name": f"kvittering.{_ENDINGS[kind]}", "_title": title}
    return {**row, "_want": size, "size": len(content(kind, title, size))}
