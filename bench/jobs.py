"""Two jobs on real data, each a function that does the whole job with a given addition
and returns what it computed."""

from functools import cache

import numpy as np

import fastadd
from fastadd._compare.peers import module

datasets = module("sklearn.datasets")


@cache
def photographs():
    """The two photographs that scikit-learn ships: (427, 640, 3), uint8."""
    load = datasets.load_sample_image
    return load("china.jpg"), load("flower.jpg")


def blend_by_fastadd():
    china, flower = photographs()
    return fastadd.add(china, flower, alpha=0.4, beta=0.6, dtype=np.float32)


def blend_by_numpy():
    china, flower = photographs()
    return np.float32(0.6) * china + np.float32(0.4) * flower


@cache
def digits():
    """scikit-learn's handwritten digits, one in five for the test."""
    x, y = datasets.load_digits(return_X_y=True)
    x = np.c_[x / 16, np.ones(len(x))].astype(np.float32)
    test = np.arange(len(x)) % 5 == 0
    return x[~test], np.eye(10, dtype=np.float32)[y[~test]], x[test], y[test]


def train(step, epochs=20, batch=32, rate=0.1):
    """Softmax regression by stochastic gradient descent: `step(w, g, rate)` updates the
    (65, 10) weights in place."""
    x, y, _, _ = digits()
    w = np.zeros((x.shape[1], 10), np.float32)
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch):
            some = order[start : start + batch]
            score = np.exp(x[some] @ w)
            score /= score.sum(axis=1, keepdims=True)
            score -= y[some]
            score /= len(some)
            step(w, x[some].T @ score, rate)
    return w


def step_by_fastadd(w, g, rate):
    fastadd.add(w, g, alpha=-rate, out=w)


def step_by_numpy(w, g, rate):
    w -= rate * g


def accuracy(w):
    _, _, x, y = digits()
    return float(np.mean(np.argmax(x @ w, axis=1) == y))
