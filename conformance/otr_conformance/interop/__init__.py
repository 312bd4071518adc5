"""Two targets talk, and a monitor between them checks both against the tables.

    otrspec interop libotr reference
    otrspec interop --matrix

- `scripts.py`: the conversations: what users and the network do, and nothing of what is expected.
- `meeting.py`: one play of a script: two parties, the network between them, what is seen of each.
- `rules.py`: what a protocol has: its parties, its views, its labs.
- `wires.py`: what the monitor finds on the wires and in what users are told, by itself.
- `judge.py`: plays a script, predicts it with two references over symbolic terms, and finds out
  whose fault a difference is.
- `pairs.py`: the endpoints of two targets, every script in both directions, the matrix.
"""
