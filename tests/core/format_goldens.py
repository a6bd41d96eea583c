#!/usr/bin/env python3
"""Prints format_goldens.h: tensors and what PyTorch (1.13 or later) prints for them.

    python3 tests/core/format_goldens.py > tests/core/format_goldens.h
"""
import math
import random

import torch

inf, nan = math.inf, math.nan
DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16, "int32": torch.int32,
          "int64": torch.int64, "uint8": torch.uint8, "boolean": torch.bool}
generator = random.Random(7)


def drawn(count, low, high):
    return [round(generator.uniform(low, high), 6) for _ in range(count)]


# (dtype, shape, values or None for 0, 1, 2, ..., print options)
CASES = [
    ("float32", [], [3.14], {}),
    ("float32", [], [3], {}),
    ("float32", [], [nan], {}),
    ("float32", [], [1e-7], {}),
    ("int64", [], [-7], {}),
    ("boolean", [], [1], {}),
    ("float32", [1], [0.1], {}),
    ("float32", [3], [1, 2, 3], {}),
    ("float32", [3], [1, -2.5, 3], {}),
    ("float32", [4], [0, nan, inf, -inf], {}),
    ("float32", [4], [1, nan, inf, -inf], {}),
    ("float32", [4], [0.5, nan, inf, -inf], {}),
    ("float32", [2], [0.0, -0.0], {}),
    ("float32", [3], [-0.0, 1, -1], {}),
    ("float32", [2], [1e-5, 1], {}),
    ("float32", [2], [1e-4, 0.09], {}),
    ("float32", [2], [1, 1000], {}),
    ("float32", [2], [1, 1001], {}),
    ("float32", [2], [1e8, 1e8], {}),
    ("float32", [2], [2e8, -2e8], {}),
    ("float32", [2], [0.5, 500], {}),
    ("float32", [2], [0.5, 501], {}),
    ("float32", [3], [1e30, nan, -inf], {}),
    ("float32", [3], [1.00005, 2.00015, 3.99995], {}),
    ("float64", [3], [0.1, 0.2, 0.30000000000000004], {}),
    ("float64", [2], [1e300, 1e-300], {}),
    ("float64", [2], [2.5, 3.5], {"precision": 0}),
    ("bfloat16", [3], [0.1, 1.5, -2], {}),
    ("bfloat16", [3], [1, 2, 3], {}),
    ("int32", [2], [1, 2], {}),
    ("int64", [3], [1, -200, 30], {}),
    ("int64", [2], [2**62, -(2**62)], {}),
    ("uint8", [3], [0, 7, 255], {}),
    ("boolean", [3], [1, 0, 1], {}),
    ("boolean", [2, 2], [1, 0, 0, 0], {}),
    ("boolean", [2], [1, 1], {}),
    ("float32", [2, 2], [1, 2, 3, 4], {}),
    ("float32", [2, 3], [1.5, -2, 3, 40.25, 5, 6], {}),
    ("float32", [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8], {}),
    ("int64", [2, 1, 2, 2], None, {}),
    ("int32", [1, 1, 1, 1, 2], None, {}),
    ("float32", [0], [], {}),
    ("float32", [0, 3], [], {}),
    ("float32", [2, 0, 3], [], {}),
    ("int64", [0], [], {}),
    ("int32", [3, 0], [], {}),
    ("boolean", [0], [], {}),
    ("float64", [0], [], {}),
    ("int64", [30], None, {}),
    ("int64", [100], None, {}),
    ("float32", [40], drawn(40, -3, 3), {}),
    ("float64", [9], drawn(9, -100, 100), {}),
    ("float64", [13], drawn(13, -1e-6, 1), {}),
    ("int32", [18], None, {}),
    ("int32", [17], None, {}),
    ("float32", [3, 20], drawn(60, 0, 1), {}),
    ("float32", [2, 2, 12], drawn(48, -1e6, 1), {}),
    ("int64", [1000], None, {}),
    ("int64", [1001], None, {}),
    ("float32", [2000], None, {}),
    ("float32", [40, 40], None, {}),
    ("int64", [6, 200], None, {}),
    ("int64", [7, 200], None, {}),
    ("float32", [10, 10, 11], None, {}),
    ("uint8", [3, 20, 20], [i % 251 for i in range(1200)], {}),
    ("boolean", [2, 600], [i % 3 == 0 for i in range(1200)], {}),
    ("float32", [1, 1500], None, {}),
    ("float32", [1500, 1], None, {}),
    ("float32", [10], None, {"threshold": 5}),
    ("float32", [10], None, {"threshold": 5, "edge_items": 2}),
    ("float32", [10], None, {"threshold": 5, "edge_items": 5}),
    ("int64", [5, 5], None, {"threshold": 5, "edge_items": 1}),
    ("float32", [2, 4], drawn(8, 0, 1), {"precision": 2}),
    ("float32", [2, 4], drawn(8, 0, 1e6), {"precision": 2}),
    ("float32", [12], drawn(12, 0, 1), {"line_width": 30}),
    ("float32", [3], drawn(3, 0, 1), {"line_width": 5}),
    ("int32", [3, 2], None, {"line_width": 20}),
]


def number(value):
    if isinstance(value, float) and math.isnan(value):
        return "kNaN"
    if isinstance(value, float) and math.isinf(value):
        return "kInfinity" if value > 0 else "-kInfinity"
    return repr(float(value))


def golden(dtype, shape, values, options):
    count = math.prod(shape)
    numbers = list(range(count)) if values is None else values
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**{{"edge_items": "edgeitems", "line_width": "linewidth"}.get(key, key): value
                              for key, value in options.items()})
    text = str(torch.tensor(numbers, dtype=DTYPES[dtype]).reshape(shape)).replace("torch.", "")
    listed = "counting()" if values is None or len(values) > 100 else None
    if listed is None:
        listed = "{" + ", ".join(number(v) for v in values) + "}"
    elif values is not None:
        listed = "every_third()" if dtype == "boolean" else "counting_modulo_251()"
    fields = ", ".join(f".{key} = {options[key]}" for key in ["precision", "threshold", "edge_items", "line_width"]
                       if key in options)
    return (f"    {{DType::{dtype}, {{{', '.join(map(str, shape))}}}, {listed}, {{{fields}}},\n"
            f'     R"({text})"}},\n')


print("""// Made by format_goldens.py; not to be edited.
// clang-format off
const std::vector<Golden> kGoldens = {""")
print("".join(golden(*case) for case in CASES), end="")
print("};\n// clang-format on")
