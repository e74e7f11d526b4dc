"""Receipts: small real files, and the addresses they are fetched from."""

from __future__ import annotations

import struct
import zlib

from kobling.simulators.clock import Clock
from kobling.simulators.pleo.company import Row, State
from kobling.simulators.pleo.items import signature
from kobling.simulators.wire import Call, Reply, json_reply


def content(kind: str, title: str) -> bytes:
    """A small file that programs can open: a PDF with a line of text, or a picture of one pixel."""
    return _png(sum(title.encode()) % 256) if kind == "image/png" else _pdf(title)


def _png(shade: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\x00" + bytes([shade, shade, shade]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def _pdf(title: str) -> bytes:
    plain = title.encode("latin-1", "replace").replace(b"(", b"").replace(b")", b"")
    stream = b"BT /F1 12 Tf 20 100 Td (" + plain + b") Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 150] /Contents 4 0 R /Resources << /Font << /F1 "
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length " + str(len(stream)).encode() + b" >>\nstream\n" + stream + b"\nendstream",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(body))
        body += str(number).encode() + b" 0 obj\n" + each + b"\nendobj\n"
    table = b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    start = str(len(body)).encode()
    size = str(len(objects) + 1).encode()
    head = b"xref\n0 " + size + b"\n0000000000 65535 f \n"
    return body + head + table + b"trailer\n<< /Size " + size + b" /Root 1 0 R >>\nstartxref\n" + start + b"\n%%EOF\n"


def fetch(call: Call, state: State, clock: Clock) -> Reply:
    """GET /files/{company}/{receipt}/{name}.

    Fidelity: known pleo §4 – the URL is good for 24 hours; assumed – then 403
    """
    parts = call.path.split("/")
    company = state.companies.get(parts[2]) if len(parts) == 5 else None
    receipt: Row | None = company.receipts.get(parts[3]) if company else None
    until = call.query.get("expires", "")
    if receipt is None:
        return json_reply({"type": "NOT_FOUND"}, 404)
    if not until.isdigit() or signature(receipt["id"], int(until)) != call.query.get("signature"):
        return json_reply({"type": "FORBIDDEN"}, 403)
    if clock.now() >= int(until):
        return json_reply({"type": "FORBIDDEN", "message": "The link has expired."}, 403)
    data = b"x" * receipt["size"] if receipt.get("_big") else content(receipt["type"], receipt["_title"])
    return Reply(200, data, receipt["type"])


def receipt_row(state: State, kind: str, title: str, *, big: int = 0) -> Row:
    """A new receipt."""
    ending = "png" if kind == "image/png" else "pdf"
    size = big or len(content(kind, title))
    row: Row = {"id": state.new_id(), "type": kind, "size": size, "name": f"kvittering.{ending}", "_title": title}
    return {**row, "_big": True} if big else row
