"""Learning: which machine a target really is, and where that is not the tables' machine.

    found = study(Order(find("libotr"), "v3-smp", Wish()))
    found.learned, found.known  # the target's machine, and the specification's
    found.found  # the differences, each with a shortest word that shows it

| module | what it does |
|---|---|
| `alphabet` | what a protocol states: inputs, and settings in which they are learned |
| `mapper`, `usual` | between words and messages; a protocol's own is in `learning` of its folder |
| `system` | what is asked: the reference, or a target behind a shim |
| `cache` | what was answered, as a tree and as a file |
| `wish` | how a machine is to be learned, and what it took |
| `learner` | learns it, with AALpy, and checks it |
| `known` | the machines of the tables, as they are shipped |
| `machine` | Mealy machines: words that tell states apart |
| `differences` | two machines side by side |
| `cases` | words as cases of the suite |
| `explained` | which finding explains which difference |
| `study` | all of it, in order |
| `picture` | what a study looks like |
"""
