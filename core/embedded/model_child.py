"""The model server's own process, which ends with its parent: when its input closes."""

import json
import os
import sys
import threading

import xllamacpp

from core.embedded import zero_pages


def main() -> None:
    """Read the settings from the first line of input, serve, and print the address."""
    settings = json.loads(sys.stdin.buffer.readline())
    server = xllamacpp.Server(_parameters(settings))
    # It fills the cache of all slots with zeros: 184 MB, of which short answers use little. Nobody
    # knows its address yet, so nothing is written there now.
    zero_pages.release()
    sys.stdout.write(f"\naddress {server.listening_address}\n")
    sys.stdout.flush()
    os.dup2(2, 1)  # later output of the library goes to the log, not to a pipe that nothing reads
    threading.Thread(target=_end_with_parent).start()
    threading.Event().wait()


def _parameters(settings: dict[str, str | int]) -> "xllamacpp.CommonParams":
    slots = int(settings["slots"])
    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings["path"]
    parameters.model_alias = {settings["name"]}
    parameters.n_parallel = slots
    parameters.n_ctx = int(settings["context_window"]) * slots  # divided among the slots
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = settings["threads"]
    # Vectors for embed: the mean over the tokens. Answers are written no slower for it (measured).
    parameters.embedding = True
    parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    parameters.api_keys = [settings["key"]]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.cache_ram_mib = 128  # the default is 8 GiB
    parameters.n_threads_http = 8
    parameters.verbosity = 1
    return parameters


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    # sys.exit would end only this thread, and not the server
    os._exit(0)


if __name__ == "__main__":
    main()
