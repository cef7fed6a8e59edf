"""Walks mazes with networkx: cells of open sides and letters, as CSV."""

from typing import Any

import networkx as nx

STEP = {"n": (0, -1), "e": (1, 0), "s": (0, 1), "w": (-1, 0)}


def solve(description_text: str, ask: dict[str, Any]) -> str:
    grid = [line.split(",") for line in description_text.split("\n")]
    graph, letters = nx.DiGraph(), {}
    for y, row in enumerate(grid):
        for x, text in enumerate(row):
            graph.add_node((x, y))
            for sign in text:
                if sign.isupper():
                    letters[sign] = (x, y)
                elif sign != "-":
                    graph.add_edge((x, y), (x + STEP[sign][0], y + STEP[sign][1]))
    assert graph.number_of_nodes() == len(grid) * len(grid[0])
    assert all(graph.has_edge(b, a) for a, b in graph.edges)
    far = nx.single_source_shortest_path_length(graph, letters.pop("S"))
    reached = {letter: far[cell] for letter, cell in letters.items() if cell in far}
    if ask["query"] == "steps":
        return str(reached["E"])
    if ask["query"] == "which":
        (answer,) = reached
        return answer
    (answer,) = [letter for letter, steps in reached.items() if steps == min(reached.values())]
    return answer
