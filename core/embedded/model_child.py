"""The model server's own process: serves until its input closes, which the kernel does when the parent dies."""

import json
import os
import sys
import threading

import xllamacpp


def main() -> None:
    """Read the order from the first line of input, serve, and print where."""
    order = json.loads(sys.stdin.buffer.readline())
    server = xllamacpp.Server(_parameters(order))
    sys.stdout.write(f"\naddress {server.listening_address}\n")
    sys.stdout.flush()
    os.dup2(2, 1)  # whatever the library prints from here on belongs to the log, not to a pipe that nobody reads
    threading.Thread(target=_end_with_parent).start()
    threading.Event().wait()


def _parameters(order: dict[str, str | int]) -> "xllamacpp.CommonParams":
    slots = int(order["slots"])
    p = xllamacpp.CommonParams()
    p.model.path = order["path"]
    p.model_alias = {order["name"]}
    p.n_parallel = slots
    p.n_ctx = int(order["context_window"]) * slots  # divided among the slots
    p.cpuparams.n_threads = p.cpuparams_batch.n_threads = order["threads"]
    p.api_keys = [order["key"]]
    p.hostnames = ["127.0.0.1"]
    p.port = 0
    p.ui = False
    p.endpoint_slots = False
    p.cache_ram_mib = 128  # 8 GiB unless told
    p.n_threads_http = 8
    p.verbosity = 1
    return p


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
