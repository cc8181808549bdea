"""Names of traits, styles and modes, and the emojis to choose from."""

from core.bots.result_schemas import RunMode
from core.bots.schemas import ResponseStyle, Trait

TRAITS = {
    Trait.FORMALITY: "Formality",
    Trait.ENTHUSIASM: "Enthusiasm",
    Trait.TECHNICAL_DEPTH: "Technical depth",
    Trait.EMPATHY: "Empathy",
}
ENDS = {
    Trait.FORMALITY: ("casual", "formal"),
    Trait.ENTHUSIASM: ("reserved", "energetic"),
    Trait.TECHNICAL_DEPTH: ("simple", "for engineers"),
    Trait.EMPATHY: ("direct", "caring"),
}
STYLES = {
    ResponseStyle.CONCISE: "Concise",
    ResponseStyle.DETAILED: "Detailed",
    ResponseStyle.CONVERSATIONAL: "Conversational",
}
MODES = {
    RunMode.CONVERSATION: "As a conversation",
    RunMode.MESSAGES: "Single messages",
    RunMode.SIMULATED: "Simulated user",
}
PARAMETERS = {
    "temperature": "Temperature",
    "max_tokens": "Max tokens",
    "presence_penalty": "Presence penalty",
    "frequency_penalty": "Frequency penalty",
}
EMOJIS = (
    "🤖", "🌼", "🦊", "🐝", "🐙", "🦉", "🐬", "🌟", "⚡", "🔥", "🌈", "🍀", "🎧", "🧭", "🎓", "💬",
    "📚", "🚀", "🛒",
)  # fmt: skip
