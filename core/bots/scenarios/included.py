"""The scenarios that every account has."""

from dataclasses import dataclass
from uuid import UUID, uuid5

NAMESPACE = UUID("8e3f3d52-6f44-5d0f-9a56-2b1f4f0a7c11")


@dataclass(frozen=True)
class Included:
    """An included scenario; its texts are those of specification D."""

    name: str
    description: str
    goal: str
    user_messages: tuple[str, ...]
    expected_outcomes: tuple[str, ...]

    @property
    def id(self) -> UUID:
        """The same in every installation."""
        return uuid5(NAMESPACE, self.name)


INCLUDED = (
    Included(
        "Product Inquiry",
        "Customer asking about product features and pricing",
        "Find out what it costs, whether it suits a large company, and book a demo.",
        (
            "What are your pricing plans?",
            "Do you offer enterprise features?",
            "Can I get a demo of your product?",
        ),
        ("helpful", "informative", "sales-oriented"),
    ),
    Included(
        "Technical Support",
        "Customer experiencing technical issues",
        "Get back into the account, and have the app and the integration working again.",
        (
            "I cannot log into my account",
            "The app keeps crashing on my phone",
            "My integration stopped working",
        ),
        ("empathetic", "solution-focused", "technical"),
    ),
    Included(
        "Billing Questions",
        "Customer asking about billing and payments",
        "Understand the double charge, get last month refunded, and learn how to cancel.",
        (
            "Why was I charged twice this month?",
            "How do I cancel my subscription?",
            "Can I get a refund for last month?",
        ),
        ("careful", "policy-aware", "empathetic"),
    ),
)
