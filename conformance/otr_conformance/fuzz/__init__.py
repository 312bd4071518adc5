"""The fuzzer: any target on a hostile network, judged step by step by the tables.

It plays on the stage that cases are played on (`otr_conformance.play.stage`), with moves by name
(`otr_conformance.derive.plan`), so that whatever it finds is a script that can be read, replayed,
made shorter, drawn, and graded as any case. docs/fuzzing.md is about its use, docs/adr/0018 about
why it is so.

- `vocabulary`: what can happen, by name; `Fuzzing`: what a protocol states of it;
- `duel`: the target and, beside it, the reference over symbolic terms, in lockstep.
"""
