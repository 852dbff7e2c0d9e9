"""Real processes for the tests: a server, and the command line."""

import contextlib
import json
import os
import subprocess
import tempfile

BUILD = os.environ["TASKWIRE_BUILD"]
TASKWIRE = os.path.join(BUILD, "taskwire")


@contextlib.contextmanager
def server(*options, listen=()):
    """Runs a server on ipc, tcp and whatever else in a folder of its own and yields all URLs."""
    with server_process(*options, listen=listen) as (_, urls):
        yield urls


@contextlib.contextmanager
def server_process(*options, listen=()):
    """Runs a server as above and yields its process and all URLs."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        listen = [f"ipc://{folder}/t.sock", "tcp://127.0.0.1:0", *listen]
        arguments = ["serve", *options, *(f"--listen={url}" for url in listen)]
        process = subprocess.Popen(
            [TASKWIRE, *arguments, "--store", f"sqlite:{folder}/tasks.db", "--log-format", "json"],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            urls = []
            while len(urls) < len(listen):
                line = process.stderr.readline()
                if not line:
                    raise RuntimeError(f"the server ended with {process.wait()}")
                entry = json.loads(line)
                if entry.get("message") == "listening":
                    urls.append(entry["metadata"]["address"])
            yield process, urls
        finally:
            process.terminate()
            process.stderr.read()
            process.stderr.close()
            status = process.wait(timeout=30)
        if status != 0:
            raise RuntimeError(f"the server ended with {status} after SIGTERM")


def taskwire(url, *arguments, **environment):
    """Runs the command line to its end."""
    return subprocess.run(
        [TASKWIRE, *arguments],
        env={**os.environ, "TASKWIRE_URL": url, **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )


def taskwire_json(url, *arguments):
    """Runs the command line and returns the JSON that it prints."""
    result = taskwire(url, *arguments, "--json")
    if result.returncode != 0:
        raise RuntimeError(result.stderr.decode())
    return json.loads(result.stdout)
