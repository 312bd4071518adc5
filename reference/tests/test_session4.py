"""Copies of OTRv4's sessions and chains, which are written out attribute by attribute."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, cast

from otr_reference.otrv4.session import Chain, Session


def test_a_copy_of_a_session_has_every_attribute_of_it() -> None:
    session = Session()
    for name in Session.__slots__:
        setattr(session, name, object())

    copy = session.clone()

    assert copy is not session
    for name in Session.__slots__:
        assert getattr(copy, name) is getattr(session, name), name


def test_a_chain_with_another_key_differs_in_nothing_else() -> None:
    held: dict[str, Any] = {field.name: object() for field in fields(Chain)}
    chain, key = Chain(**held), cast("Any", object())

    assert chain.with_sending(key) == replace(chain, sending=key)
    assert chain.with_receiving(key, 7) == replace(chain, receiving=key, receiving_at=7)
