"""Files in request bodies, raw or as a part of a multipart form, read in chunks."""

from collections.abc import AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from core.imports.errors import NoName, NotMultipart
from core.imports.uploads import StoredFile, Upload

CHUNK_BYTES = 2**20
MAX_NAME_CHARS = 300
# Each runs Python's code: a million empty ones would slow everyone down for as long as they come
MAX_PARTS = 100


class MultipartForm:
    """Extracts the first file of a multipart form while its chunks arrive."""

    def __init__(self, boundary: bytes) -> None:
        """Start before the first part; raise NotMultipart."""
        self.name: str | None = None
        self.is_whole = False
        self._is_within = False
        self._parts = 0
        self._data = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._field, self._value = b"", b""
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._count_part,
                    "on_header_field": self._more_field,
                    "on_header_value": self._more_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_part,
                    "on_part_data": self._more_data,
                    "on_part_end": self._end_part,
                },
            )
        except FormParserError:  # a boundary that is too long
            raise NotMultipart from None

    def feed(self, piece: bytes) -> bytes:
        """Add a chunk of the form; return the file's part of it; raise NotMultipart."""
        try:
            self._parser.write(piece)
        except FormParserError:
            raise NotMultipart from None
        file_data, self._data = bytes(self._data), bytearray()
        return file_data

    def _count_part(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise NotMultipart(f"The form has more than {MAX_PARTS} parts. Send the file alone.")
        self._headers.clear()

    def _more_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _more_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field, self._value = b"", b""

    def _begin_part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if self.name is None and b"filename" in options:
            self.name, self._is_within = options[b"filename"].decode(errors="replace"), True

    def _more_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_within:
            self._data += data[start:end]

    def _end_part(self) -> None:
        self.is_whole = self.is_whole or self._is_within
        self._is_within = False


async def receive(request: Request, upload: Upload, name: str | None) -> tuple[str, StoredFile]:
    """Store the file of a request; return its name and location.

    Raises NoName, NotMultipart, and the errors of an upload.
    """
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    form = (
        MultipartForm(options[b"boundary"])
        if media_type == b"multipart/form-data" and b"boundary" in options
        else None
    )
    if form is None and name is None:
        raise NoName
    try:
        async for piece in _chunks(request):
            await run_in_threadpool(upload.write, piece if form is None else form.feed(piece))
    except ClientDisconnect:
        raise NotMultipart("The upload was interrupted. Upload the file again.") from None
    if form is not None and not form.is_whole:
        raise NoName if form.name is None else NotMultipart
    file_name = _base_name(name or (form.name if form is not None else None) or "")
    if not file_name:
        raise NoName
    return file_name, await run_in_threadpool(upload.keep)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in chunks large enough to be passed to a thread."""
    buffered = bytearray()
    async for piece in request.stream():
        buffered += piece
        if len(buffered) >= CHUNK_BYTES:
            yield bytes(buffered)
            buffered = bytearray()
    if buffered:
        yield bytes(buffered)


def _base_name(name: str) -> str:
    """Return a file name without folders and unprintable characters."""
    base_name = name.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in base_name if character.isprintable())[
        :MAX_NAME_CHARS
    ].strip()
