#!/usr/bin/env python3
"""Prints contraction_goldens.h: networks and the fewest operations that opt_einsum (3.4.0) finds for them.

    python3 tests/core/einsum/contraction_goldens.py > tests/core/einsum/contraction_goldens.h
"""
import math
import random

import opt_einsum
from opt_einsum import paths
from opt_einsum.path_random import RandomGreedy

generator = random.Random(11)
drawn = generator.randint


class Network:
    """Operands and the output by their labels; extents by label."""

    def __init__(self, operands):
        self.operands = [[] for _ in range(operands)]
        self.output = []
        self.extents = []

    def label(self, extent, *carriers, in_output=False):
        for carrier in carriers:
            self.operands[carrier].append(len(self.extents))
        if in_output:
            self.output.append(len(self.extents))
        self.extents.append(extent)


def skewed():
    return int(2 ** generator.uniform(0, 10))


def chain(count):
    network = Network(count)
    network.label(skewed(), 0, in_output=True)
    for i in range(count - 1):
        network.label(skewed(), i, i + 1)
    network.label(skewed(), count - 1, in_output=True)
    return network


def ring(count):
    network = Network(count)
    for i in range(count):
        network.label(skewed(), i, (i + 1) % count)
        if i % 5 == 0:
            network.label(2, i, in_output=True)
    return network


def star(rays, length):
    network = Network(1 + rays * length)
    for ray in range(rays):
        nodes = [0] + [1 + ray * length + i for i in range(length)]
        for a, b in zip(nodes, nodes[1:]):
            network.label(drawn(2, 9), a, b)
        if ray % 3 == 0:
            network.label(drawn(2, 9), nodes[-1], in_output=True)
    return network


def grid(height, width, layers, open_legs=0.0):
    """Tensors on a lattice (PEPS); two layers share a label at each site."""
    sites = height * width
    network = Network(sites * layers)
    for site in range(sites):
        for layer in range(layers):
            node = site + layer * sites
            if (site + 1) % width:
                network.label(drawn(2, 4), node, node + 1)
            if site + width < sites:
                network.label(drawn(2, 4), node, node + width)
        if layers == 2:
            network.label(2, site, site + sites)
        elif generator.random() < open_legs:
            network.label(2, site, in_output=True)
    return network


def tree(count):
    network = Network(count)
    leaves = [0]
    for node in range(1, count, 2):
        parent = leaves.pop(drawn(0, len(leaves) - 1))
        for child in range(node, min(node + 2, count)):
            network.label(drawn(2, 12), parent, child)
            leaves.append(child)
    for leaf in leaves:
        if generator.random() < 0.3:
            network.label(drawn(2, 6), leaf, in_output=True)
    return network


def mera(sites, extent):
    """A layer of disentanglers and isometries after the other, its mirror image, and a two-site operator between."""
    labels = 0
    operands = []

    def fresh(count):
        nonlocal labels
        labels += count
        return list(range(labels - count, labels))

    def half(legs):
        while len(legs) >= 4:
            mixed = [0] * len(legs)
            for i in range(1, len(legs), 2):
                after = (i + 1) % len(legs)
                mixed[i], mixed[after] = fresh(2)
                operands.append([legs[i], legs[after], mixed[i], mixed[after]])
            merged = fresh(len(legs) // 2)
            operands.extend([[mixed[2 * i], mixed[2 * i + 1], leg] for i, leg in enumerate(merged)])
            legs = merged
        operands.append(legs)

    below = fresh(sites)
    above = below[:2] + fresh(2) + below[4:]
    half(below)
    half(above)
    operands.append(below[2:4] + above[2:4])
    network = Network(0)
    network.operands, network.extents = operands, [extent] * labels
    return network


def regular(count, degree, in_output):
    """A random network in which each tensor has about `degree` labels in common with others."""
    network = Network(count)
    for node in range(1, count):
        network.label(drawn(2, 6), node, drawn(0, node - 1))
    for _ in range(count * degree // 2 - count + 1):
        network.label(drawn(2, 6), *generator.sample(range(count), 2))
    for _ in range(in_output):
        network.label(drawn(2, 6), drawn(0, count - 1), in_output=True)
    return network


def hypergraph(count, labels, in_output):
    network = Network(count)
    for node in range(1, count):
        network.label(drawn(2, 4), node, drawn(0, node - 1))
    for i in range(labels):
        network.label(drawn(2, 4), *generator.sample(range(count), drawn(2, 5)), in_output=i < in_output)
    return network


# (family, network, searches that end within a minute)
DP, GREEDY, BRANCH = "dp", "random-greedy-128", "branch-2"
CASES = [
    ("chain", chain(14), [DP, GREEDY, BRANCH]),
    ("chain", chain(40), [DP, GREEDY]),
    ("ring", ring(14), [DP, GREEDY, BRANCH]),
    ("ring", ring(30), [DP, GREEDY]),
    ("star", star(13, 1), [GREEDY, BRANCH]),
    ("star", star(7, 3), [DP, GREEDY]),
    ("star", star(13, 3), [GREEDY]),
    ("ladder", grid(2, 10, 1), [DP, GREEDY]),
    ("ladder", grid(2, 20, 1), [DP, GREEDY]),
    ("grid", grid(4, 5, 1), [DP, GREEDY]),
    ("grid", grid(6, 6, 1), [DP, GREEDY]),
    ("grid, open legs", grid(4, 5, 1, 0.5), [DP, GREEDY]),
    ("grid, open legs", grid(5, 6, 1, 0.3), [GREEDY]),
    ("two layers", grid(3, 3, 2), [DP, GREEDY]),
    ("two layers", grid(4, 5, 2), [GREEDY]),
    ("tree", tree(20), [DP, GREEDY]),
    ("tree", tree(40), [GREEDY]),
    ("MERA", mera(8, 3), [GREEDY]),
    ("random, degree 2", regular(20, 2, 2), [DP, GREEDY]),
    ("random, degree 2", regular(40, 2, 3), [GREEDY]),
    ("random, degree 3", regular(14, 3, 1), [DP, GREEDY, BRANCH]),
    ("random, degree 3", regular(20, 3, 0), [DP, GREEDY]),
    ("random, degree 3", regular(30, 3, 2), [GREEDY]),
    ("random, degree 3", regular(40, 3, 1), [GREEDY]),
    ("random, degree 4", regular(20, 4, 2), [DP, GREEDY]),
    ("random, degree 4", regular(40, 4, 0), [GREEDY]),
    ("random, degree 5", regular(14, 5, 3), [DP, GREEDY, BRANCH]),
    ("random, degree 5", regular(20, 5, 1), [DP, GREEDY]),
    ("random, degree 5", regular(30, 5, 0), [GREEDY]),
    ("hypergraph", hypergraph(14, 8, 2), [GREEDY, BRANCH]),
    ("hypergraph", hypergraph(20, 10, 3), [GREEDY]),
    ("hypergraph", hypergraph(40, 15, 2), [GREEDY]),
]
SEARCHES = {DP: paths.dynamic_programming, GREEDY: lambda *network: RandomGreedy(max_repeats=128)(*network),
            BRANCH: lambda *network: paths.branch(*network, nbranch=2)}


def flops(network, path):
    tensors = [frozenset(labels) for labels in network.operands]
    total = 0
    for pair in path:
        chosen = [tensors.pop(position) for position in sorted(pair, reverse=True)]
        union = frozenset.union(*chosen)
        kept = union & frozenset(network.output).union(*tensors)
        total += math.prod(network.extents[label] for label in union) * (1 if kept == union else 2)
        tensors.append(kept)
    return total


def fewest(network, searches):
    arguments = ([frozenset(labels) for labels in network.operands], frozenset(network.output),
                 dict(enumerate(network.extents)))
    random.seed(0)
    return min(flops(network, SEARCHES[search](*arguments)) for search in searches)


def golden(family, network, searches):
    operands = "; ".join(" ".join(map(str, labels)) for labels in network.operands)
    return (f'    {{"{family}", "{operands}", "{" ".join(map(str, network.output))}",\n'
            f'     {{{", ".join(map(str, network.extents))}}}, {float(fewest(network, searches))!r}}},\n')


print(f"""// Made by contraction_goldens.py with opt_einsum {opt_einsum.__version__}; not to be edited.
// clang-format off
inline const std::vector<Golden> kGoldens = {{""")
print("".join(golden(*case) for case in CASES), end="")
print("};\n// clang-format on")
