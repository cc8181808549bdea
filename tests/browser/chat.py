"""What one sees and does in the playground of a tab."""

from playwright.sync_api import Locator, Page, expect


class Chat:
    """The playground of a tab."""

    page: Page

    @property
    def field(self) -> Locator:
        """Where one asks."""
        return self.page.get_by_test_id("stChatInputTextArea")

    @property
    def prompt(self) -> Locator:
        """Where the system prompt stands."""
        return self.page.get_by_role("textbox", name="System prompt")

    @property
    def settings(self) -> Locator:
        """What is set beside the chat."""
        return self.page.locator(".st-key-pane-settings")

    @property
    def messages(self) -> Locator:
        """What was said, without the answer that is still being written."""
        return self.page.locator(".st-key-chat-messages").get_by_test_id("stChatMessage")

    @property
    def last(self) -> Locator:
        """What was said last."""
        return self.messages.last

    @property
    def live(self) -> Locator:
        """The answer that is being written."""
        return self.page.locator(".live")

    @property
    def pane(self) -> Locator:
        """Where the conversation scrolls."""
        return self.page.locator(".st-key-pane-chat")

    @property
    def sessions(self) -> Locator:
        """The sessions of the list."""
        return self.page.locator(".st-key-list-sessions button:visible")

    @property
    def connection(self) -> str:
        """Whether the page hears of news, as the eye reads it."""
        return str(
            self.page.locator(".attune-connection").evaluate(
                "e => getComputedStyle(e, '::after').content.slice(1, -1)"
            )
        )

    def send(self, words: str) -> None:
        """Ask something."""
        self.field.fill(words)
        self.field.press("Enter")

    def ask(self, words: str) -> None:
        """Ask something and wait for the whole answer."""
        expect(self.field).to_be_visible()  # which comes after what was said before
        said = self.messages.count()
        self.send(words)
        expect(self.messages).to_have_count(said + 2, timeout=20_000)

    def begin_answer(self, words: int = 200, rate: int = 40) -> None:
        """Have the fake write for a while, and wait for its first words."""
        self.send(f'#fake {{"words": {words}, "rate": {rate}}}\nWrite for a while')
        expect(self.live).to_contain_text("Fake answer: the")
