"""A start raises the limit of open files, which shells set to 1,024: each connection is one."""

import psutil

from api.http.connections import OPEN_FILES
from tests.faults.program import Program


def test_a_program_that_is_started_with_few_open_files_allows_itself_more(
    installed: Program,
) -> None:
    installed.command = ("sh", "-c", 'ulimit -Sn 1024; exec "$@"', "sh")
    installed.start()
    soft, hard = psutil.Process(installed.running.pid).rlimit(psutil.RLIMIT_NOFILE)
    assert soft == (OPEN_FILES if hard == psutil.RLIM_INFINITY else min(hard, OPEN_FILES)) > 1024
