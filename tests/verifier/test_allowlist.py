"""D5 as a whole: what the list admits, form by form, against what the decoder knows of each form."""

from __future__ import annotations

import iced_x86
import pytest
from iced_x86 import Code, Decoder, MemorySize, MemorySizeInfo, OpCodeInfo

from motte.abi.layout import WIDEST_ACCESS
from motte.verifier import effects
from motte.verifier.allowlist import CONTROL_FORMS, MEMORY_KINDS, Form, form_of, width_of
from motte.verifier.mnemonics import MNEMONICS
from motte.verifier.operands import Refusal, memory_effect
from motte.verifier.prefixes import prefixes_of


def values_of(module: object) -> dict[str, int]:
    return {name: value for name, value in vars(module).items() if name.isupper() and isinstance(value, int)}


FORMS = {code: form for code in values_of(Code).values() if (form := form_of(code)).refusal is None}
LISTED = [name for group in MNEMONICS.values() for name in group.split()]


def test_nothing_is_listed_twice() -> None:
    assert len(LISTED) == len(set(LISTED))


def test_every_listed_mnemonic_has_an_accepted_form() -> None:
    reached = {OpCodeInfo(code).mnemonic for code in FORMS}
    assert [name for name in LISTED if getattr(iced_x86.Mnemonic, name.upper()) not in reached] == []


def test_the_list_is_as_long_as_it_was_reviewed_to_be() -> None:
    # A decoder that comes to know more forms of a listed mnemonic must not make the list longer unseen.
    assert (len(LISTED), len(FORMS)) == (1128, 3256)


@pytest.mark.parametrize(
    "property_name",
    [
        *("is_privileged", "may_require_cpl0", "is_input_output", "is_save_restore", "is_nop", "is_reserved_nop"),
        *("fwait", "is_serializing_intel", "ignores_mod_bits", "tdx_non_root_gen_ud"),
        *("amd_lock_reg_bit", "requires_unique_reg_nums", "amd_vm_exit"),
    ],
)
def test_no_accepted_form_is(property_name: str) -> None:
    assert [OpCodeInfo(code) for code in FORMS if getattr(OpCodeInfo(code), property_name)] == []


def test_only_control_forms_use_the_stack() -> None:
    users = {code for code in FORMS if OpCodeInfo(code).is_stack_instruction}
    assert users < set(CONTROL_FORMS)


def test_every_accepted_form_runs_on_every_processor_in_64_bit_mode() -> None:
    for code in FORMS:
        information = OpCodeInfo(code)
        assert information.mode64 and information.amd_decoder64 and information.intel_decoder64, information


def test_a_form_has_at_most_one_memory_operand() -> None:
    assert max(sum(kind in MEMORY_KINDS for kind in OpCodeInfo(code).op_kinds()) for code in FORMS) == 1


def test_the_width_of_every_memory_operand_is_known() -> None:
    addresses_only = {Code.LEA_R16_M, Code.LEA_R32_M, Code.LEA_R64_M}
    for code, form in FORMS.items():
        if form.memory_operand >= 0 and code not in addresses_only:
            information = OpCodeInfo(code)
            assert 0 < width_of(information.memory_size) <= WIDEST_ACCESS, information
            if information.can_broadcast:
                assert 0 < width_of(information.broadcast_memory_size) <= WIDEST_ACCESS, information


@pytest.mark.parametrize("address", ["65670f ae00", "0f ae0424"])
def test_an_access_of_unknown_width_is_refused(address: str) -> None:
    # fxsave is refused by name; if it were listed by mistake, its 512 bytes would still be too wide.
    encoding = bytes.fromhex(address)
    instruction = Decoder(64, encoding).decode()
    assert MemorySizeInfo(instruction.memory_size).size > WIDEST_ACCESS
    outcome = memory_effect(instruction, Form(instruction.code), prefixes_of(encoding))
    assert isinstance(outcome, Refusal)
    assert outcome.rule == ("M1" if encoding[0] == 0x65 else "M2")
    assert width_of(MemorySize.UNKNOWN) == 0


def test_control_forms_all_have_an_effect() -> None:
    assert effects.NONE not in CONTROL_FORMS.values()
    assert {form.effect for form in FORMS.values()} == {effects.NONE, *CONTROL_FORMS.values()}


@pytest.mark.parametrize(
    ("encoding", "form", "has_memory", "reason"),
    [
        ("66c5f858c0", Code.VEX_VADDPS_XMM_XMM_XMMM128, False, "prefix before VEX or EVEX"),
        ("f3c5f858c0", Code.VEX_VADDPS_XMM_XMM_XMMM128, False, "prefix before VEX or EVEX"),
        ("48c5f858c0", Code.VEX_VADDPS_XMM_XMM_XMMM128, False, "prefix before VEX or EVEX"),
        ("f001c8", Code.ADD_RM32_R32, False, "f0 on a form that cannot be locked"),
        ("6567f08b08", Code.MOV_R32_RM32, True, "f0 on a form that cannot be locked"),
        ("6567f00108", Code.ADD_RM32_R32, True, None),
        ("656766f30fb808", Code.POPCNT_R16_RM16, True, None),
        ("66f20f38f1c8", Code.CRC32_R32_RM16, False, None),
        ("66f20f58c8", Code.ADDSD_XMM_XMMM64, False, "66 without a meaning for this form"),
    ],
)
def test_prefixes_need_a_meaning_even_if_the_decoder_ignored_them(
    encoding: str, form: int, has_memory: bool, reason: str | None
) -> None:
    assert prefixes_of(bytes.fromhex(encoding)).refused_for(form_of(form), has_memory) == reason
