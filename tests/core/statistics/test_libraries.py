"""scipy takes 20 MB of a process: the worker, which writes evaluations' figures, does without."""

import subprocess
import sys

FIGURES = """
import sys
from core.statistics import bootstrap, rates
rates.wilson(3, 4)
rates.rate_difference(3, 4, 1, 4)
bootstrap.mean_interval(list(range(20)))
sys.exit("scipy" in sys.modules)
"""


def test_intervals_of_rates_and_scores_load_no_scipy() -> None:
    # The worker loaded scipy.special, 20 MB, for one constant of Wilson's interval
    assert subprocess.run([sys.executable, "-c", FIGURES], check=False).returncode == 0
