"""Exploration: every joint state of some endpoints and a network that is not to be trusted.

An endpoint is the reference itself, over symbolic terms. What is explored is a *scenario*: who
takes part, what each user may do, what the network may do, and which properties are asked. The
search is breadth first, so that what it finds is found by a shortest run.

- `scenario`: what is explored, and the small files that say so;
- `party`: what an endpoint does in one step, and what is remembered of it;
- `tables`: local states, messages and knowledge by number, each step taken once;
- `machine`: joint states as numbers, and what follows one;
- `search`: the search, its workers, its files;
- `properties`: what is asked of every joint state;
- `witness`: a run, to be read, drawn and replayed.
"""
