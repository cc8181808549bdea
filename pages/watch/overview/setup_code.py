"""Code that sends the first row, by language."""

EVENT = '{"event_type": "chat.session_start", "user_id": "u-1", "session_id": "s-1"}'


def samples(address: str, key: str) -> dict[str, tuple[str, str]]:
    """Return, for each language, the code and the name by which it is highlighted."""
    return {
        "curl": (_curl(address, key), "bash"),
        "Python": (_python(address, key), "python"),
        "JavaScript": (_javascript(address, key), "javascript"),
        "OpenTelemetry": (_opentelemetry(address, key), "bash"),
    }


def _curl(address: str, key: str) -> str:
    return f"""curl {address}/api/v1/ingest/events \\
  -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\
  -d '{EVENT}'"""


def _python(address: str, key: str) -> str:
    return f"""# pip install ./client, from Attune's folder
from attune_client import Client

attune = Client("{address}", "{key}", app="my-app")
attune.track("chat.session_start", user_id="u-1", session_id="s-1")
attune.record_ai_request("gpt-4o", provider="openai", input_tokens=812, output_tokens=64)
attune.close()"""


def _javascript(address: str, key: str) -> str:
    return f"""await fetch("{address}/api/v1/ingest/events", {{
  method: "POST",
  headers: {{
    Authorization: "Bearer {key}",
    "Content-Type": "application/json",
  }},
  body: JSON.stringify({EVENT}),
}});"""


def _opentelemetry(address: str, key: str) -> str:
    # The SDK decodes the values of its headers: %20 is a space
    return f"""export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT={address}/otlp/v1/traces
export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20{key}"
export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY"""
