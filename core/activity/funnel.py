"""The saved funnel: onboarding's five steps, of which `subjects` knows when each was reached."""

from datetime import timedelta

WINDOW = timedelta(days=30)
WINDOW_US = int(WINDOW.total_seconds() * 1_000_000)
STEPS = (
    "onboarding.register_start",
    "onboarding.register_complete",
    "onboarding.login_success",
    "onboarding.portfolio_complete",
    "chat.session_start",
)
# Bit masks of the codes that the migration has given to these types, in this order.
ONBOARDING_MASKS = [1 << code for code in (0, 1, 3, 6, 8)]
