"""Processes of a run: each ends with it, by its own id."""

import contextlib
import os
import subprocess
import sys
import time


class Failure(Exception):
    """Why the run ends, in a sentence."""


@contextlib.contextmanager
def running(command, **options):
    """A process that is told to end when the context does, and is killed when it does not listen."""
    process = subprocess.Popen([str(word) for word in command], **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def output(command, patience=300, **options):
    """What a command prints; its failure is that of the run."""
    words = [str(word) for word in command]
    try:
        result = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=patience, check=False, **options)
    except subprocess.TimeoutExpired:
        raise Failure(f"took longer than {patience} s: {' '.join(words)}") from None
    if result.returncode:
        raise Failure(f"ended with {result.returncode}: {' '.join(words)}")
    return result.stdout


def finish(process, patience):
    """What a process that runs prints until it ends; its failure is that of the run."""
    try:
        result = process.communicate(timeout=patience)[0]
    except subprocess.TimeoutExpired:
        raise Failure(f"took longer than {patience} s: {' '.join(process.args)}") from None
    if process.returncode:
        raise Failure(f"ended with {process.returncode}: {' '.join(process.args)}")
    return result


def until(condition, what, process=None, patience=60, pause=0.02):
    """Returns when the condition holds, which has to be in time and while the process lives."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline or (process and process.poll() is not None):
            raise Failure(f"not in time: {what}")
        time.sleep(pause)


def resident_bytes(process):
    """What a process has in memory."""
    with open(f"/proc/{process.pid}/status") as lines:
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) * 1024


def cpu_seconds(process):
    """What a process has computed, to the nanosecond."""
    total = 0
    for thread in os.listdir(f"/proc/{process.pid}/task"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{process.pid}/task/{thread}/schedstat") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def say(text):
    """Tells how far the run is."""
    print(text, file=sys.stderr, flush=True)
