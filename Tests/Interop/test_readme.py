"""What the README shows is what is there, and what it says to type does what it says."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

import support

HERE = pathlib.Path(__file__).parent
README = (HERE.parent.parent / "README.md").read_text()


def block_after(text):
    """The first code block after a sentence of the README."""
    return re.search(r"```\w*\n(.*?)```", README[README.index(text):], re.DOTALL).group(1)


class ReadmeTest(unittest.TestCase):
    maxDiff = None

    def run_example(self, arguments, url, **environment):
        result = subprocess.run(
            arguments,
            env={**os.environ, "TASKWIRE_URL": url, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def test_the_command_line(self):
        with support.server() as urls:
            commands = block_after("In a second terminal").replace("PATH=$PWD/.build/release:$PATH", "set -e")
            output = self.run_example(
                ["bash", "-c", commands], urls[0], PATH=f"{support.BUILD}:{os.environ['PATH']}"
            )
        shown = block_after("which prints")

        def without_age(text):
            return re.sub(r"\b\d+(s|ms)\b", "0s", text)

        self.assertEqual(without_age(output), without_age(shown))

    def test_a_question_and_its_answer(self):
        with support.server() as urls:
            commands = block_after("in the task's\nqueue, for those")
            output = self.run_example(
                ["bash", "-ec", commands], urls[0], PATH=f"{support.BUILD}:{os.environ['PATH']}"
            )
        shown = block_after("prints, once the question is there")
        # Two programs write at the same time: which of them is first is not said.
        self.assertEqual(sorted(output.splitlines()), sorted(shown.splitlines()))

    def test_swift(self):
        self.assertEqual(block_after("`Hello.swift`:"), (HERE / "Hello" / "Hello.swift").read_text())
        with support.server() as urls:
            output = self.run_example([f"{support.BUILD}/hello"], urls[0])
        self.assertEqual(output, block_after("`swift run hello` prints:"))

    def test_python(self):
        self.assertEqual(block_after("`hello.py`:"), (HERE / "hello.py").read_text())
        with support.server() as urls:
            output = self.run_example([sys.executable, str(HERE / "hello.py"), urls[0]], urls[0])
        self.assertEqual(output, block_after("`venv/bin/python hello.py"))


if __name__ == "__main__":
    unittest.main()
