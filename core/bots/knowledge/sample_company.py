"""A company to try bots with."""

from core.bots.schemas import BotKnowledge, QuestionAnswer

SAMPLE_COMPANY = BotKnowledge(
    company="Lindenhof Bikes rents and services electric cargo bikes for families and small shops.",
    industry="Mobility",
    products=(
        "Linden S: a cargo bike for two children, range 60 km, 89 euros a month.",
        "Linden L: a cargo bike for shops, carries 120 kg, range 80 km, 129 euros a month.",
        "Enterprise fleet: ten bikes or more, one invoice, 15 percent off, its own contact person.",
    ),
    services=(
        "Free repair at your door within two working days.",
        "Test rides of 30 minutes, booked online or by telephone.",
    ),
    policies=(
        "Cancel any month, with notice of 14 days, in the app under Contract.",
        "A month that was charged twice is refunded within five working days.",
        "A month in which the bike could not be used for a week costs nothing.",
    ),
    questions=(
        QuestionAnswer(
            question="How do I unlock my account?",
            answer="Choose Forgot password in the app. The link that we send works for one hour.",
        ),
        QuestionAnswer(
            question="Which telephones does the app run on?",
            answer="iOS 16 and Android 11, or newer. Update the app if it closes by itself.",
        ),
    ),
)
