"""Loops over cells: lower links, descent, and the union of components in sorted order.

Heights are flat, with a rim of +inf around the grid, so that no loop asks whether it has left it.
A cell that does not take part (a hole, a wall, the rim) is +inf, hence never below another. Equal
heights are ordered by index (simulation of simplicity), so no two cells are level.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}


@njit(**OPTIONS)
def _lower(mask, part, some):
    """Whether a part of the link is lower."""
    return mask & part != 0 if some else mask & part == part


@njit(**OPTIONS)
def links(masks, corners, edges, ends, faces, some):
    """Of lower links: their components, 1 - Euler characteristic, and a group a corner.

    The group holds the corners of its component as bits; 0 if the corner is not lower.
    """
    components = np.zeros(masks.size, np.int8)
    excess = np.zeros(masks.size, np.int8)
    groups = np.zeros((masks.size, corners.size), np.int32)
    for v in range(masks.size):
        mask, group, pieces, rest = masks[v], groups[v], 0, 1
        for i in range(corners.size):
            if _lower(mask, corners[i], some):
                group[i] = 1 << i
                pieces += 1
                rest -= 1
        for e in range(edges.size):
            if _lower(mask, edges[e], some):
                rest += 1
                joined = group[ends[e, 0]] | group[ends[e, 1]]
                if joined != group[ends[e, 0]]:
                    pieces -= 1
                    for i in range(corners.size):
                        if joined >> i & 1:
                            group[i] = joined
        for f in range(faces.size):
            if _lower(mask, faces[f], some):
                rest -= 1
        components[v], excess[v] = pieces, rest
    return components, excess, groups


@njit(**OPTIONS)
def lower_neighbors(heights, steps, near):
    """Per cell: its lowest neighbor or itself (-1: takes no part), and who is lower, as bits."""
    down = np.full(heights.size, -1, np.int64)
    masks = np.zeros(heights.size, np.int32)
    for v in range(heights.size):
        height = heights[v]
        if height == np.inf:
            continue
        mask, lowest, low = 0, v, height
        for i in range(steps.size):
            at = v + steps[i]
            other = heights[at]
            if other < height or (other == height and at < v):
                mask |= 1 << i
                if i < near and (other < low or (other == low and at < lowest)):
                    lowest, low = at, other
        down[v], masks[v] = lowest, mask
    return down, masks


@njit(**OPTIONS)
def descend(down, minima):
    """Per cell the number of the minimum that descent reaches; -1 where a cell takes no part."""
    reached = np.full(down.size, -1, np.int32)
    for i in range(minima.size):
        reached[minima[i]] = i
    for v in range(down.size):
        if down[v] < 0 or reached[v] >= 0:
            continue
        at = v
        while reached[at] < 0:
            at = down[at]
        found, at = reached[at], v
        while reached[at] < 0:
            reached[at] = found
            at = down[at]
    return reached


@njit(**OPTIONS)
def _elder(elder, i):
    """The eldest minimum of the component of minimum i; shortens the way to it."""
    while elder[i] != i:
        elder[i] = elder[elder[i]]
        i = elder[i]
    return i


@njit(**OPTIONS)
def merge(saddles, masks, groups, corners, reached, count, steps):
    """Elder rule over saddles in ascending order; three numbers a minimum (3, count), or -1.

    The cell where its lake meets an elder one, the eldest minimum of that lake, and the minimum
    that descent reaches on the other side. Minima are numbered by age, the lowest first, so the
    elder of two is the smaller number.
    """
    elder = np.arange(count)
    fate = np.full((3, count), -1, np.int64)
    for s in range(saddles.size):
        saddle, mask, group = saddles[s], masks[s], groups[s]
        here = reached[saddle]  # the saddle is a cell of this basin
        first = _elder(elder, here)
        for i in range(corners.size):
            if group[i] == 0 or group[i] & ((1 << i) - 1) != 0:
                continue  # not lower, or its component was seen
            at, step = mask & corners[i], 0
            while at >> step & 1 == 0:
                step += 1
            there = reached[saddle + steps[step]]
            other = _elder(elder, there)
            if other == first:
                continue
            young, old = max(first, other), min(first, other)
            elder[young] = old
            fate[0, young], fate[1, young] = saddle, old
            fate[2, young] = here if young == other else there
            first = old
    return fate


@njit(**OPTIONS)
def rims(heights, holes, steps, near):
    """Whether a cell touches a hole or the rim; whether it or its level place does (2, cells)."""
    touches = np.zeros((2, heights.size), np.bool_)
    stack = np.empty(heights.size, np.int64)
    top = 0
    for v in range(heights.size):
        if heights[v] == np.inf:
            continue
        for i in range(near):
            if holes[v + steps[i]]:
                touches[0, v] = touches[1, v] = True
                stack[top] = v
                top += 1
                break
    while top:
        top -= 1
        v = stack[top]
        for i in range(near):
            at = v + steps[i]
            if heights[at] == heights[v] and not touches[1, at]:
                touches[1, at] = True
                stack[top] = at
                top += 1
    return touches
