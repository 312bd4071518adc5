"""Playing cases with a target, whatever the protocol.

A case (`case`) is played on a stage (`stage`), over real cryptography or over terms (`labs`), with
the reference or with a shim as the target (`shim_party`). What is observed is graded (`grade`),
what the cases are worth is measured (`strength`), and a conversation can be recorded for whoever
draws it (`recordings`). The folder of a protocol says what only it can know.
"""
