#!/usr/bin/env python3
"""Tenon's einsum (backend blas) against numpy.einsum(optimize=True) and torch.einsum, float32, in one run.

Usage: einsum_compare.py TENON_EINSUM_BENCH [--threads N] [--rounds N] [--only PATTERN ...] [--json PATH]

The contenders are three processes that take turns: of each case every one is timed for a moment, round after round, so
that all see the same machine, and only one of them works at any time. Their results are compared first. A contender's
time is that of its best block of calls; beside the ratio of the best stands that of the medians. A case that is close
to the limit or beyond gets more rounds. Exits with 1 if Tenon is slower than the better of the two on any case, by more
than 3 %.

NumPy and PyTorch are timed as users call them, from Python: where everything else takes a microsecond or two (tiny-*,
views), the interpreter and their planning in Python are most of their time.
"""

import argparse
import fnmatch
import gc
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy

CASES = pathlib.Path(__file__).with_name("einsum_cases.txt")
LIMIT = 0.97
SAMPLE = 0.02  # seconds, of a contender in a round
BLOCK = 0.002  # seconds, of the calls that are timed as one; a single call if it takes longer
CLOSE = 1.1  # cases with a lower ratio get three times the rounds


def read_cases(path):
    """name -> (equation, shapes, whether the result must be contiguous)"""
    cases = {}
    for line in path.read_text().splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        name, equation, *rest = words
        shapes = [
            () if word == "()" else tuple(int(extent) for extent in word.split("x"))
            for word in rest
            if word != "contiguous"
        ]
        cases[name] = (equation, shapes, "contiguous" in rest)
    return cases


def operand_values(shape, number):
    """The same numbers in [0, 1) as make_operand() of einsum_bench.cpp."""
    hash_ = numpy.arange(math.prod(shape), dtype=numpy.uint32)
    hash_ = hash_ * numpy.uint32(2654435761) + numpy.uint32((number + 1) * 2654435769 % 2**32)
    hash_ = (hash_ ^ (hash_ >> numpy.uint32(15))) * numpy.uint32(2246822507)
    hash_ ^= hash_ >> numpy.uint32(13)
    return ((hash_ >> numpy.uint32(8)).astype(numpy.float32) / numpy.float32(2**24)).reshape(shape)


# ---- a worker: obeys the same lines as tenon-einsum-bench


class NumpyCalls:
    def operand(self, values):
        return values

    def call(self, equation, operands, contiguous):
        if contiguous:
            return lambda: numpy.ascontiguousarray(numpy.einsum(equation, *operands, optimize=True))
        return lambda: numpy.einsum(equation, *operands, optimize=True)

    def values(self, result):
        return numpy.asarray(result)


class TorchCalls:
    def __init__(self, threads):
        import torch

        self.torch = torch
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)

    def operand(self, values):
        return self.torch.from_numpy(values).clone()

    def call(self, equation, operands, contiguous):
        einsum = self.torch.einsum
        if contiguous:
            return lambda: einsum(equation, *operands).contiguous()
        return lambda: einsum(equation, *operands)

    def values(self, result):
        return result.numpy()


def seconds_for(count, call):
    gc.disable()
    start = time.perf_counter()
    for _ in range(count):
        call()
    seconds = time.perf_counter() - start
    gc.enable()
    return seconds


def serve(library, threads):
    calls = NumpyCalls() if library == "numpy" else TorchCalls(threads)
    cases = read_cases(CASES)
    call = None
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "case":
            equation, shapes, contiguous = cases[arguments[0]]
            operands = [calls.operand(operand_values(shape, i)) for i, shape in enumerate(shapes)]
            call = calls.call(equation, operands, contiguous)
            print("ok", flush=True)
        elif command == "result":
            values = calls.values(call())
            numpy.ascontiguousarray(values).tofile(arguments[0])
            print(*values.shape, flush=True)
        elif command == "time":
            count, blocks = (int(word) for word in arguments)
            seconds_for(count, call)  # wakes the threads
            print(*(f"{seconds_for(count, call):.9e}" for _ in range(blocks)), flush=True)


# ---- the driver


class Contender:
    def __init__(self, name, command, environment):
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"{self.name} failed on: {line}")
        return answer.strip()

    def result(self, folder):
        path = os.path.join(folder, self.name)
        shape = tuple(int(extent) for extent in self.ask(f"result {path}").split())
        return numpy.fromfile(path, numpy.float32).reshape(shape)

    def time(self, count, blocks):
        return [float(seconds) / count for seconds in self.ask(f"time {count} {blocks}").split()]

    def calibrate(self):
        """Calls that make a block, and blocks that make a sample; warms caches on the way."""
        count = 1
        while count * (seconds := min(self.time(count, 2))) < BLOCK / 2:
            count = max(count * 2, min(count * 50, int(0.8 * BLOCK / seconds)))
        count = math.ceil(BLOCK / seconds)
        return count, math.ceil(SAMPLE / (count * seconds))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def start_contenders(arguments):
    threads = str(arguments.threads)
    # GOMP_SPINCOUNT: the threads of whoever had his turn shall soon sleep.
    environment = dict(
        os.environ, OMP_NUM_THREADS=threads, TENON_NUM_THREADS=threads, GOMP_SPINCOUNT="20000"
    )
    environment.pop("OMP_WAIT_POLICY", None)

    def python(library):
        command = [sys.executable, __file__, "--serve", library, "--threads", threads]
        return Contender(library, command, environment)

    tenon = Contender("tenon", [arguments.bench, str(CASES)], environment)
    return tenon, python("numpy"), python("torch")


def check(name, contenders, folder):
    results = [contender.result(folder) for contender in contenders]
    reference = results[1]
    scale = float(numpy.abs(reference).max()) if reference.size else 0.0
    for contender, result in zip(contenders, results):
        if result.shape != reference.shape:
            sys.exit(f"{name}: {contender.name} gives shape {result.shape}, not {reference.shape}")
        if not numpy.allclose(result, reference, rtol=1e-4, atol=1e-4 * scale):
            error = float(numpy.abs(result - reference).max())
            sys.exit(f"{name}: {contender.name} is off by {error}, the largest element is {scale}")


def measure(contenders, rounds):
    """For each contender the seconds per call of every block, a list a round."""
    plans = [contender.calibrate() for contender in contenders]
    times = [[] for _ in contenders]
    total = rounds
    while len(times[0]) < total:
        first = len(times[0]) % len(contenders)
        for i in [*range(first, len(contenders)), *range(first)]:
            times[i].append(contenders[i].time(*plans[i]))
        if len(times[0]) == rounds and min(map(best_of, times[1:])) < CLOSE * best_of(times[0]):
            total = 3 * rounds
    return times


def best_of(times):
    return min(map(min, times))


def compare(arguments):
    cases = read_cases(CASES)
    names = [name for name in cases if any(fnmatch.fnmatch(name, pattern) for pattern in arguments.only)]
    contenders = start_contenders(arguments)
    print(f"{arguments.threads} threads, float32, best of {arguments.rounds} rounds (thrice as many if close)")
    print(f"{'case':26} {'Tenon us':>11} {'NumPy us':>11} {'torch us':>11} {'ratio':>7} {'median':>7}")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            for contender in contenders:
                contender.ask(f"case {name}")
            check(name, contenders, folder)
            times = measure(contenders, arguments.rounds)
            best = [best_of(row) for row in times]
            ratio = min(best[1:]) / best[0]
            medians = [statistics.median(sum(row, [])) for row in times]
            median_ratio = min(medians[1:]) / medians[0]
            rows.append({"case": name, "seconds": best, "ratio": ratio, "median_ratio": median_ratio})
            micros = " ".join(f"{1e6 * seconds:11.2f}" for seconds in best)
            mark = "  <" if ratio < LIMIT else ""
            print(f"{name:26} {micros} {ratio:7.2f} {median_ratio:7.2f}{mark}", flush=True)
    for contender in contenders:
        contender.close()
    mean = statistics.geometric_mean(row["ratio"] for row in rows)
    print(f"ratio: time of the better of NumPy and torch over Tenon's; geometric mean of {len(rows)}: {mean:.2f}")
    print("tiny-* and views: the others' time is mostly that of calling from Python")
    slower = [row["case"] for row in rows if row["ratio"] < LIMIT]
    print(f"below {LIMIT}: {', '.join(slower) or 'none'}")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1))
    return 1 if slower else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", nargs="?", help="the program tenon-einsum-bench")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--only", nargs="+", default=["*"], help="patterns of cases' names, as of a shell")
    parser.add_argument("--json", help="where to write the figures")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.threads)
        return 0
    if arguments.bench is None:
        parser.error("name the program tenon-einsum-bench")
    return compare(arguments)


if __name__ == "__main__":
    sys.exit(main())
