"""The shim protocol: how the suite talks to any implementation, in any language.

`docs/shim-protocol.md` describes the conversation. Here

- `protocol` is its vocabulary as data: requests, events, final lines (from `vocabulary`, the words,
  and `fields`, how a value stands on a line);
- `lines` reads and writes lines;
- `errors` says how a conversation fails, and with which verdict;
- `client` runs a shim and asks it;
- `check` tells a shim's author what is wrong with the shim;
- `schema` prints the lines as JSON Schema.
"""
