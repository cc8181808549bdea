"""Images in messages of the user."""

from base64 import b64encode

from pydantic import Field

from core.providers.schemas import ChatMessage

# Of a JPEG of up to 1568 by 1568 pixels. The most is six tiles of 512 pixels at a small model of
# OpenAI, which counts 2,833 and 5,667 for each; Anthropic counts a token for 750 pixels.
# https://platform.openai.com/docs/guides/images-vision
# https://docs.anthropic.com/en/docs/build-with-claude/vision
MOST_TOKENS = 37_000
USUAL_TOKENS = 1_500


class IllustratedMessage(ChatMessage):
    """A message of the user with JPEG images, which are sent to models and never stored with it."""

    jpegs: tuple[bytes, ...] = Field(exclude=True, repr=False)

    @property
    def size_chars(self) -> int:
        """The length of its text, and four characters for each usual token of its images."""
        return super().size_chars + 4 * USUAL_TOKENS * len(self.jpegs)


def jpegs_of(message: ChatMessage) -> tuple[bytes, ...]:
    return message.jpegs if isinstance(message, IllustratedMessage) else ()


def as_base64(jpeg: bytes) -> str:
    return b64encode(jpeg).decode()
