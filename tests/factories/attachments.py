"""Files for messages."""

import base64
import zlib
from io import BytesIO

from PIL import Image

PDF = b"%PDF-1.4\n%nothing in it"  # a broken one


def png(width: int = 40, height: int = 30, color: str = "red") -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, height), color).save(out, "PNG")
    return out.getvalue()


def file(name: str, content: bytes | str) -> dict[str, str]:
    """Return a file as the body of a message has it."""
    data = content.encode() if isinstance(content, str) else content
    return {"name": name, "content": base64.b64encode(data).decode()}


def pdf(*texts: str, unpacked_bytes: int = 0) -> bytes:
    """Return a PDF file with a page for each text and so many bytes of spaces, packed."""
    pages = " ".join(f"{4 + 2 * place} 0 R" for place in range(len(texts)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(texts)}/Kids[{pages}]>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for place, text in enumerate(texts):
        drawn = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode() + b" " * unpacked_bytes
        packed = zlib.compress(drawn, 9)
        size = f"<</Length {len(packed)}/Filter/FlateDecode>>".encode()
        objects += [
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {5 + 2 * place} 0 R"
            "/Resources<</Font<</F1 3 0 R>>>>>>".encode(),
            size + b"stream\n" + packed + b"\nendstream",
        ]
    return _with_table(objects)


def _with_table(objects: list[bytes]) -> bytes:
    """Return the file of these objects, with the table of where each begins."""
    out, starts = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        starts.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    size = len(objects) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
        + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(out))
    )
