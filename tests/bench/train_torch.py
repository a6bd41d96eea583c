#!/usr/bin/env python3
"""The training run of `tenon train` in PyTorch: 784-50-10, ReLU, SGD, batches of 64 of Fashion-MNIST.

Usage: train_torch.py FOLDER [EPOCHS] [THREADS] [HIDDEN] [BATCH]. HIDDEN is one width or several: 512,512. Prints a JSON line per epoch: seconds, images per
second and the process's peak resident memory.
"""

import gzip
import json
import resource
import sys
import time

import numpy
import torch


def read_idx(path):
    with gzip.open(path) as file:
        data = file.read()
    rank = data[3]
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * rank).reshape(shape)


def main():
    folder = sys.argv[1]
    given = sys.argv[2:] + ["3", "2", "50", "64"][len(sys.argv) - 2 :]
    epochs, threads, batch = int(given[0]), int(given[1]), int(given[3])
    widths = [784, *map(int, given[2].split(","))]
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    pixels = torch.from_numpy(read_idx(f"{folder}/train-images-idx3-ubyte.gz").copy()).reshape(-1, 784)
    labels = torch.from_numpy(read_idx(f"{folder}/train-labels-idx1-ubyte.gz").astype(numpy.int64))
    images = pixels.float().div_(255)
    images = images.sub_(images.mean()).div_(images.std())
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(widths[-1], 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss_of = torch.nn.CrossEntropyLoss()
    for epoch in range(epochs):
        start = time.perf_counter()
        total = 0.0
        correct = 0
        for rows in torch.randperm(len(labels)).split(batch):
            inputs, targets = images[rows], labels[rows]
            optimizer.zero_grad(set_to_none=True)
            logits = model(inputs)
            loss = loss_of(logits, targets)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
            correct += (logits.argmax(1) == targets).sum().item()
        seconds = time.perf_counter() - start
        print(
            json.dumps(
                {
                    "epoch": epoch + 1,
                    "train_loss": total / len(labels),
                    "train_accuracy": correct / len(labels),
                    "seconds": seconds,
                    "images_per_second": len(labels) / seconds,
                    "peak_resident_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
