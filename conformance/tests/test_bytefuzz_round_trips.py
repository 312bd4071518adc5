"""What is written is read again as the same: for every layout, every format, every message.

Values are drawn as the layouts of the model declare them.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from otr_conformance.bytefuzz.decoders.codecs import codecs, text_codecs
from otr_conformance.shim.keys import read_preset_key, write_preset_key
from otr_model.kernel.layout import Form, Kind
from otr_model.otrv3 import layouts as layouts3
from otr_model.otrv4 import layouts as layouts4
from otr_reference import ed448, keys
from otr_reference.codec import Codec, SequenceCodec, TextCodec
from otr_reference.keys import dsa, sexp
from otr_reference.otrv1 import messages as m1
from otr_reference.otrv1 import wire as wire1
from otr_reference.otrv3 import messages as m3
from otr_reference.otrv3 import wire as wire3
from otr_reference.otrv4 import messages as m4
from otr_reference.otrv4 import ring
from otr_reference.otrv4 import wire as wire4

if TYPE_CHECKING:
    from otr_model.kernel.layout import Field, Layout, Piece

Strategy = st.SearchStrategy[Any]
QUICK = settings(
    max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
MORE = settings(QUICK, max_examples=40)

NUMBERS = st.one_of(st.integers(0, 3), st.integers(0, 2**1536), st.integers(0, 2**20))
OCTETS = st.binary(max_size=80)
WORDS = OCTETS.map(lambda octets: octets.replace(b"\0", b"."))


# --- Layouts ----------------------------------------------------------------------------------


def of_field(field: Field, version: int) -> Strategy:  # noqa: C901, PLR0911 - one for each kind
    """What a field may hold."""
    shape, size = field.type.spec, field.size
    bits = 8 * (field.exact or shape.size)
    match shape.kind:
        case _ if field.value is not None:
            return st.just(field.value)
        case Kind.NUMBER | Kind.LITTLE_NUMBER:
            return st.integers(0, (1 << bits) - 1)
        case Kind.SIGNED_NUMBER:
            return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)
        case Kind.OCTETS:
            return st.binary(min_size=field.exact or 0, max_size=field.exact or 0)
        case Kind.COUNTED:
            return counted(field, size)
        case Kind.COUNTED_NUMBER:
            if size:  # as many octets, and no zero in front
                return st.integers(1 << 8 * size - 1, (1 << 8 * size) - 1)
            most = 8 * (field.most - field.prefix) if field.most else 1536
            return st.one_of(st.integers(0, 3), st.integers(0, (1 << most) - 1))
        case Kind.TERMINATED | Kind.TEXT:
            return WORDS
        case Kind.RECORD if field.inside is not None:
            return written(field.inside, version)
        case Kind.SEQUENCE:
            return of_sequence(field, version)
        case _:
            return OCTETS


def counted(field: Field, size: int) -> Strategy:
    """Octets with a length in front."""
    if size:
        return st.binary(min_size=size, max_size=size)
    unit = field.unit or 1
    most = (field.most - field.prefix if field.most else 200) // unit
    return st.integers(0, min(most, 200)).flatmap(
        lambda times: st.binary(min_size=times * unit, max_size=times * unit)
    )


def values(layout: Layout, version: int) -> Strategy:
    """What all fields may hold, by name; optional ones may be left out, as empty ones are."""
    every = layout.of(version)
    needed = {f.name: of_field(f, version) for f in every if not f.optional}
    optional = {f.name: of_field(f, version) for f in every if f.optional}
    return st.booleans().flatmap(
        lambda all_of_it: st.fixed_dictionaries({**needed, **(optional if all_of_it else {})})
    )


def written(layout: Layout, version: int) -> Strategy:
    """The octets of a layout."""
    codec = Codec(layout, version)
    return values(layout, version).map(codec.write)


def of_sequence(field: Field, version: int) -> Strategy:
    """The octets of a sequence that has what it has to, and perhaps more."""
    codec = SequenceCodec(field, version)
    required = [each.layout for each in field.options if each.required]
    others = [each.layout for each in field.options if not each.required]

    def fields_of(layouts: list[Layout]) -> dict[str, Strategy]:
        return {
            f.name: of_field(f, version) for each in layouts for f in each.fields if f.value is None
        }

    return st.sets(st.sampled_from(others) if others else st.nothing()).flatmap(
        lambda more: st.fixed_dictionaries(fields_of([*required, *more])).map(codec.write)
    )


@pytest.mark.parametrize("codec", codecs(), ids=lambda codec: codec.layout.id)
def test_every_layout_is_read_as_it_was_written(codec: Codec) -> None:
    version = next(
        v for v in codec.layout.versions if Codec(codec.layout, v)._index == codec._index
    )
    needed = {field.name for field in codec.layout.of(version) if not field.optional}

    @QUICK
    @given(values(codec.layout, version))
    def check(held: dict[str, Any]) -> None:
        octets = codec.write(held)
        reading = codec.read(octets, whole=True)
        assert reading.fault is None
        there = {name: value for name, value in held.items() if value != b"" or name in needed}
        assert {name: reading.values[name] for name in there} == there
        assert {part.name: part.value for part in codec.whole(octets)} == reading.values
        assert codec.write(reading.values) == octets

    check()


# --- Formats ----------------------------------------------------------------------------------


def of_piece(piece: Piece) -> Strategy:  # noqa: PLR0911 - one for each form
    """What a piece may hold."""
    match piece.form:
        case Form.SIGN:
            return st.just(b"")
        case Form.HEX | Form.DECIMAL:
            return st.integers(0, piece.most)
        case Form.NATURAL:
            return st.integers(1, piece.most)
        case Form.BASE64:
            return OCTETS
        case Form.IDENTIFIERS:
            return st.text("0123456789abcXYZ", max_size=6).map(str.encode)
        case Form.MARKS:
            marks = [mark for _, mark in piece.marks]
            return st.lists(st.sampled_from(marks), min_size=1, max_size=3).map(b"".join)
        case _:
            least = piece.least
            return st.text("abc d", min_size=least, max_size=20).map(str.encode)


@pytest.mark.parametrize("codec", text_codecs(), ids=lambda codec: codec.format.id)
def test_every_format_is_read_as_it_was_written(codec: TextCodec) -> None:
    needed = {piece.name: of_piece(piece) for piece in codec.format.pieces}

    @QUICK
    @given(st.fixed_dictionaries(needed))
    def check(held: dict[str, Any]) -> None:
        text = codec.write(held)
        reading = codec.read(text)
        assert reading.fault is None
        assert reading.values == held
        assert {part.name: part.value for part in codec.parts(text)} == held

    check()


# --- Messages ---------------------------------------------------------------------------------

TAGS = st.integers(0, 2**32 - 1)
HEADERS3 = st.builds(m3.Header, st.just(3), TAGS, TAGS)
HEADERS2 = st.builds(m3.Header, st.just(2), st.just(0), st.just(0))
HEADERS = HEADERS3 | HEADERS2
MACS = st.binary(min_size=20, max_size=20)


def records(record: Any, layout: Layout, version: int, **known: Strategy) -> Strategy:
    """A record, whose fields are those of a layout."""
    declared = {field.name: of_field(field, version) for field in layout.of(version)}
    names = [field.name for field in fields(record)]
    return st.builds(record, **{name: {**declared, **known}[name] for name in names})


def data3(header: m3.Header) -> Strategy:
    """A Data Message, whose authenticated part is what its fields say."""
    said = records(m3.DataFields, layouts3.DATA, header.version, header=st.just(header))
    return st.builds(
        lambda held, mac, old: m3.DataMessage(held, wire3.data_body(held), mac, old),  # type: ignore[arg-type] # sorts stand for octets
        said,
        MACS,
        st.integers(0, 3).flatmap(lambda n: st.binary(min_size=20 * n, max_size=20 * n)),
    )


ENCODED3 = HEADERS.flatmap(
    lambda header: st.one_of(
        *(
            records(record, layout, header.version, header=st.just(header))
            for record, layout in (
                (m3.DhCommit, layouts3.DH_COMMIT),
                (m3.DhKey, layouts3.DH_KEY),
                (m3.RevealSignature, layouts3.REVEAL_SIGNATURE),
                (m3.SignatureMessage, layouts3.SIGNATURE),
            )
        ),
        data3(header),
    )
)
PLAIN = st.text("abc ,.", max_size=30).map(lambda text: text.encode().rstrip() + b"x")
DIGITS = st.frozensets(st.integers(1, 9), max_size=5)
OTHERS3 = st.one_of(
    st.builds(m3.Plaintext, PLAIN),
    st.builds(m3.ErrorMessage, PLAIN),
    st.builds(m3.Query, DIGITS),
    st.builds(m3.TaggedPlaintext, PLAIN, st.frozensets(st.sampled_from([1, 2, 3]), min_size=1)),
    st.builds(
        m3.Fragment,
        HEADERS,
        st.integers(0, 65535),
        st.integers(0, 65535),
        st.text("abcDEF=:?", min_size=1, max_size=20).map(str.encode),
    ),
)


@MORE
@given(ENCODED3 | OTHERS3)
def test_messages_of_version_3_are_read_as_they_were_written(message: Any) -> None:
    text = wire3.encode(message)
    assert wire3.decode(text) == message


@MORE
@given(ENCODED3)
def test_what_surrounds_an_encoded_message_changes_nothing(message: Any) -> None:
    text = wire3.encode(message)
    assert wire3.decode(b"<b>" + text + b" more, and more.") == message


SMP3 = st.one_of(
    records(m3.Smp1, layouts3.SMP_1, 3, question=st.none() | WORDS),
    *(
        records(record, layout, 3)
        for record, layout in (
            (m3.Smp2, layouts3.SMP_2),
            (m3.Smp3, layouts3.SMP_3),
            (m3.Smp4, layouts3.SMP_4),
        )
    ),
)
TLVS3 = st.one_of(
    SMP3,
    st.builds(m3.Padding, st.integers(0, 300)),
    st.just(m3.Disconnected()),
    st.just(m3.SmpAbort()),
    st.builds(m3.ExtraKeyUse, TAGS, OCTETS),
    st.builds(m3.UnknownTlv, st.integers(9, 65535), OCTETS),
)


@MORE
@given(st.builds(m3.Content, WORDS, st.lists(TLVS3, max_size=3).map(tuple)))
def test_contents_of_version_3_are_read_as_they_were_written(content: m3.Content) -> None:
    octets = wire3.encode_content(content)
    assert wire3.decode_content(octets) == content


@MORE
@given(NUMBERS)
def test_numbers_are_read_as_they_were_written(number: int) -> None:
    assert wire3.decode_mpi(wire3.mpi(number)) == number
    assert wire3.decode_mpi(wire3.mpi(number) + b"\0") is None


# --- Version 4 --------------------------------------------------------------------------------

HEADERS4 = st.builds(m4.Header, TAGS, TAGS)
POINTS = st.binary(min_size=57, max_size=57)
SIGNATURES = st.binary(min_size=114, max_size=114)
DATES = st.integers(-(2**63), 2**63 - 1)
PUBLIC = st.builds(
    dsa.DsaPublic,
    st.integers(1, 2**1024),
    st.integers(2**159, 2**160 - 1),
    st.integers(0, 2**1024),
    st.integers(0, 2**1024),
)


@st.composite
def profiles(draw: st.DrawFn) -> m4.ClientProfile:
    """A Client Profile, with or without what version 3 needs."""
    with_dsa = draw(st.booleans())
    body = wire4.write_client_profile_body(
        owner_tag=draw(TAGS),
        public_key=draw(POINTS),
        forging_key=draw(POINTS),
        versions=draw(st.frozensets(st.integers(1, 9), max_size=4)),
        expiration=draw(DATES),
        dsa_key=dsa.encode_public(draw(PUBLIC)) if with_dsa else None,
        transitional=draw(st.binary(min_size=40, max_size=40)) if with_dsa else None,
    )
    return wire4.client_profile(body, draw(SIGNATURES))


@QUICK
@given(profiles())
def test_client_profiles_are_read_as_they_were_written(profile: m4.ClientProfile) -> None:
    octets = wire4.encode_client_profile(profile)
    assert wire4.decode_client_profile(octets) == profile
    assert wire4.encode_client_profile(wire4.decode_client_profile(octets)) == octets


@QUICK
@given(TAGS, DATES, POINTS, SIGNATURES)
def test_prekey_profiles_are_read_as_they_were_written(
    tag: int, date: int, point: bytes, signature: bytes
) -> None:
    body = wire4.write_prekey_profile_body(owner_tag=tag, expiration=date, shared_prekey=point)
    profile = wire4.prekey_profile(body, signature)
    assert (profile.owner_tag, profile.expiration) == (tag, date)
    assert wire4.decode_prekey_profile(wire4.encode_prekey_profile(profile)) == profile


PREKEYS = records(m4.PrekeyMessage, layouts4.PREKEY, 4)
ENCODED4 = st.one_of(
    PREKEYS,
    *(
        records(record, layout, 4, header=HEADERS4, profile=profiles())
        for record, layout in (
            (m4.Identity, layouts4.IDENTITY),
            (m4.AuthR, layouts4.AUTH_R),
            (m4.AuthI, layouts4.AUTH_I),
            (m4.NonInteractiveAuth, layouts4.NON_INTERACTIVE_AUTH),
        )
    ),
    st.builds(
        m4.DataMessage,
        records(
            m4.DataFields,
            layouts4.DATA,
            4,
            header=HEADERS4,
            dh=st.none() | st.integers(1, 2**3072 - 1),
        ),
        st.binary(min_size=64, max_size=64),
        st.lists(st.binary(min_size=64, max_size=64), max_size=3).map(tuple),
    ),
)
OTHERS4 = st.one_of(
    st.builds(m4.Plaintext, PLAIN),
    st.builds(m4.ErrorMessage, st.none() | st.integers(1, 4), PLAIN),
    st.builds(m4.Query, DIGITS),
    st.builds(
        m4.Fragment,
        HEADERS4,
        TAGS,
        st.integers(0, 65535),
        st.integers(0, 65535),
        st.text("abcDEF=:?", min_size=1, max_size=20).map(str.encode),
    ),
)


@MORE
@given(ENCODED4 | OTHERS4)
def test_messages_of_version_4_are_read_as_they_were_written(message: Any) -> None:
    text = wire4.encode(message)
    assert wire4.decode(text) == message


@QUICK
@given(profiles(), TAGS, DATES, POINTS, SIGNATURES, PREKEYS)
def test_ensembles_are_read_as_they_were_written(  # noqa: PLR0913, PLR0917 - what one is made of
    profile: m4.ClientProfile, tag: int, date: int, point: bytes, signature: bytes, message: Any
) -> None:
    body = wire4.write_prekey_profile_body(owner_tag=tag, expiration=date, shared_prekey=point)
    prekeys = wire4.prekey_profile(body, signature)
    found = wire4.decode_ensemble(
        wire4.encode_client_profile(profile),
        wire4.encode_prekey_profile(prekeys),
        wire4.encode_prekey_message(message),
    )
    assert found == m4.PrekeyEnsemble(profile, prekeys, message)


TLVS4 = st.one_of(
    records(m4.Smp1, layouts4.SMP_1, 4, question=st.none() | WORDS.filter(bool)),
    *(
        records(record, layout, 4)
        for record, layout in (
            (m4.Smp2, layouts4.SMP_2),
            (m4.Smp3, layouts4.SMP_3),
            (m4.Smp4, layouts4.SMP_4),
        )
    ),
    st.builds(m4.Padding, st.integers(0, 300)),
    st.just(m4.Disconnected()),
    st.just(m4.SmpAbort()),
    records(m4.ExtraKeyUse, layouts4.EXTRA_KEY, 4),
    st.builds(m4.UnknownTlv, st.integers(9, 65535), OCTETS),
)


@MORE
@given(st.builds(m4.Content, WORDS, st.lists(TLVS4, max_size=3).map(tuple)))
def test_contents_of_version_4_are_read_as_they_were_written(content: m4.Content) -> None:
    octets = wire4.encode_content(content)
    assert wire4.decode_content(octets) == content


SCALARS = st.integers(0, ed448.ORDER - 1)


@QUICK
@given(st.lists(SCALARS, min_size=6, max_size=6))
def test_ring_signatures_are_read_as_they_were_written(scalars: list[int]) -> None:
    signature = ring.RingSignature(*scalars)
    assert ring.decode_signature(ring.encode_signature(signature)) == signature


@QUICK
@given(SCALARS.filter(bool))
def test_points_and_scalars_are_read_as_they_were_written(scalar: int) -> None:
    point = ed448.BASE * scalar
    assert ed448.decode(point.encode()) == point
    octets = ed448.encode_scalar(scalar)
    assert ed448.decode_scalar(octets) == ed448.decode_scalar_strict(octets) == scalar


# --- Version 1 --------------------------------------------------------------------------------


@QUICK
@given(
    st.builds(
        m1.KeyExchange,
        st.booleans(),
        PUBLIC.map(dsa.encode_public),
        st.integers(0, 2**32 - 1),
        NUMBERS,
        st.binary(min_size=40, max_size=40),
    )
)
def test_key_exchanges_of_version_1_are_read_as_they_were_written(message: Any) -> None:
    assert wire1.decode(wire1.encode(message)) == message


# --- Keys and their files ---------------------------------------------------------------------


@QUICK
@given(PUBLIC, st.integers(1, 2**160))
def test_public_and_preset_keys_are_read_as_they_were_written(
    public: dsa.DsaPublic, x: int
) -> None:
    assert dsa.decode_public(dsa.encode_public(public)) == public
    assert dsa.read_public(b"x" + dsa.encode_public(public) + b"y", 1)[0] == public
    private = dsa.DsaPrivate(public, x)
    again = read_preset_key(write_preset_key(private))
    assert (again, again.x) == (private, x)


@MORE
@given(st.recursive(OCTETS, lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=12))
def test_s_expressions_are_read_as_they_were_written(expression: Any) -> None:
    assume(isinstance(expression, tuple))
    assert sexp.read(sexp.write(expression)) == expression


NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\t\r\n"), max_size=20
)


@MORE
@given(
    st.lists(
        st.builds(
            keys.KnownFingerprint,
            NAMES,
            NAMES,
            NAMES,
            st.binary(min_size=20, max_size=20),
            NAMES,
        ),
        max_size=4,
    ),
    st.lists(st.builds(keys.InstanceTag, NAMES, NAMES, st.integers(0x100, 2**32 - 1)), max_size=4),
)
def test_files_of_libotr_are_read_as_they_were_written(
    known: list[keys.KnownFingerprint], tags: list[keys.InstanceTag]
) -> None:
    assert keys.read_fingerprints(keys.write_fingerprints(known)) == tuple(known)
    assert keys.read_instance_tags(keys.write_instance_tags(tags)) == tuple(tags)
