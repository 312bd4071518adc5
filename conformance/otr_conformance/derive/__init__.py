"""Derived cases: what the tables say about each two rows that follow each other.

    plan = protocol("otrv3").plan
    found = search(plan, "v3", PATIENCE)
    found.pairs[a, b]          # a script: who does what until the target takes b right after a

Two endpoints and a network that loses, repeats, reorders and adds are explored on the very stage
on which cases are played, over symbolic terms, with the reference as the target. Each pair of rows
that the target takes one after the other gets the shortest script that was found, and behind it a
probe that shows in which state the target is. `otrspec derive` does that and writes the scripts
down; they are cases from then on.

| module | what it does |
|---|---|
| `plan` | what a protocol states: who plays, what can happen, what shows a state |
| `search` | finds the pairs, with a script for each |
| `shorten` | leaves out of a script whatever is not needed |
| `steady` | whether a script depends on chance in a target that is right |
| `identify` | chooses the probe: a target in another state would be told apart |
| `record` | the file of scripts |
| `cases` | makes cases of them |
| `deriving` | all of it, in order |
"""
