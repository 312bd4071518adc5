"""Byte fuzzing: decoders get bytes that nobody meant, and must keep their promises.

- `decoder`: what a decoder promises; `registry`: all of ours, and `discover`, which finds the
  functions that look like one, so that none is forgotten.
- `layers`: how a valid input is opened (base64, fields, checksums, JSON); `mutate`: what is done to
  what is inside, before it is closed again.
- `examine`: one input against the promises; `growth`: whether work grows faster than inputs.
- `corpus`: the kept inputs; `campaign`: millions of mutated ones; `coverage`: the same under
  atheris, guided by what is reached.
- `finds`: what broke a promise, as a small file that replays.
- `foreign`, `conversations`: mutated messages of a real conversation, for any target behind a shim.

`docs/byte-fuzzing.md` is the chapter about it.
"""
