"""What vLLM's serving benchmark writes with its details: one object with a list for each figure, a
place in it for each request.

`{date: "20240521-174852", model_id, backend, input_lens, output_lens, ttfts, itls, start_times?,
errors}`, times in seconds (vllm-project/vllm, vllm/benchmarks/serve.py).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from core.imports.cells import values
from core.imports.mapping import Mapping
from core.imports.row_makers import MakeRows, RecordRefused, Row
from core.platform.clock import EPOCH

LISTS = ("input_lens", "output_lens", "ttfts")
TOTALS = ("request_throughput", "mean_ttft_ms", "total_input_tokens", "output_throughput")


def is_detailed(record: Row) -> bool:
    """Whether this is a benchmark with the figures of each request."""
    return sum(1 for name in LISTS if isinstance(record.get(name), list)) >= 2


def is_summary(record: Row) -> bool:
    """Whether this is a benchmark of which only the sums were saved."""
    return not is_detailed(record) and sum(1 for name in TOTALS if name in record) >= 2


def maker(mapping: Mapping) -> MakeRows:

    def make(record: Row, _position: int) -> list[Row]:
        try:
            return list(_rows(record, mapping))
        except (ValueError, TypeError, OverflowError) as error:
            raise RecordRefused(f"no benchmark that can be read: {error}") from None

    return make


def _rows(record: Row, mapping: Mapping) -> Iterator[Row]:
    lists = {name: value for name, value in record.items() if isinstance(value, list)}
    zero = min(map(float, lists.get("start_times") or [0]))
    try:
        begin = datetime.strptime(str(record.get("date")), "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        begin = mapping.start or EPOCH
    model = mapping.model or values.text(
        record.get("model_id") or record.get("model") or "unknown", 200
    )
    for place in range(max(len(lists.get(name, ())) for name in LISTS)):
        own = {name: value[place] for name, value in lists.items() if place < len(value)}
        # Without start times, a millisecond apart: requests keep their order
        after = (
            float(own.get("start_times") or zero) - zero if "start_times" in own else place * 0.001
        )
        yield _row(own, model, record, begin + timedelta(seconds=after))


def _row(own: Row, model: str, record: Row, at: datetime) -> Row:
    row: Row = {"model": model, "operation": "benchmark", "created_at": at.isoformat()}
    for name, given in (("input_tokens", "input_lens"), ("output_tokens", "output_lens")):
        if own.get(given) is not None:
            row[name] = values.count(own[given])
    if own.get("ttfts"):
        row["first_token_ms"] = round(float(own["ttfts"]) * 1000)
        gaps = own.get("itls")
        if isinstance(gaps, list):
            row["total_latency_ms"] = round((float(own["ttfts"]) + sum(map(float, gaps))) * 1000)
    if not values.is_nothing(own.get("errors")):
        row |= {
            "status": "error",
            "error_message": values.text(own["errors"]),
        }
    if not values.is_nothing(record.get("backend")):
        row["extra"] = {"backend": values.text(record["backend"], 200)}
    return row
