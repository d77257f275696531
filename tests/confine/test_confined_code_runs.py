"""Confined functions verified and executed: what they compute is what LLVM's text meant."""

import signal
import struct

import pytest

from confine.confined_program import SCRATCH, ConfinedProgram, build, facts, function
from motte.compiler.confine import ConfineError

ILL = int(signal.SIGILL)


def table(name: str, *entries: str, section: str = '.rodata,"a",@progbits') -> str:
    lines = "".join(f"\t.quad\t{entry}\n" for entry in entries)
    return f"\t.section\t{section}\n\t.p2align\t3, 0x0\n{name}:\n{lines}\t.text\n"


def program(body: str, data: str = "", **stack_arguments: int) -> ConfinedProgram:
    return build(function("f", body) + data, facts("f") | facts(**stack_arguments))


SWITCH = function("f", """
	cmpl	$4, %edi
	ja	.LBB0_6
	movl	%edi, %eax
	jmpq	*.LJTI0_0(,%rax,8)
.LBB0_1:
	movl	$11, %eax
	retq
.LBB0_2:
	movl	$22, %eax
	retq
.LBB0_3:
	movl	$33, %eax
	retq
.LBB0_6:
	movq	$-1, %rax
	retq
""") + table(".LJTI0_0", ".LBB0_1", ".LBB0_2", ".LBB0_6", ".LBB0_3", ".LBB0_1")  # fmt: skip


@pytest.mark.parametrize(("index", "expected"), [(0, 11), (1, 22), (2, -1), (3, 33), (4, 11), (5, -1), (1000, -1)])
def test_a_switch_reaches_each_case(index: int, expected: int) -> None:
    assert build(SWITCH, facts("f")).run("f", index).result == expected


@pytest.mark.parametrize(("index", "other", "expected"), [(0, 1, 0), (0, 9, 1), (1, 9, 7)])
def test_a_comparison_survives_the_jump_that_follows_it(index: int, other: int, expected: int) -> None:
    body = """
	cmpq	$5, %rsi
	jmpq	*.LJTI0_0(,%rdi,8)
.LBB0_1:
	setae	%al
	movzbl	%al, %eax
	retq
.LBB0_2:
	movl	$7, %eax
	retq
"""
    built = program(body, table(".LJTI0_0", ".LBB0_1", ".LBB0_2"))
    assert built.run("f", index, other).result == expected


@pytest.mark.parametrize("section", ['.rodata,"a",@progbits', '.data,"aw",@progbits'])
def test_computed_goto_through_constant_and_variable_tables(section: str) -> None:
    # The flags are live across the jump, and so is every register that could serve as scratch.
    body = """
	movl	$5, %eax
	movl	$100, %r11d
	movl	$1000, %r10d
	movl	$10000, %r9d
	movl	$100000, %r8d
	cmpq	$1, %rsi
	jmpq	*labels(,%rdi,8)
.Ltmp0:
.LBB0_1:
	adcq	%r11, %rax
	retq
.Ltmp1:
.LBB0_2:
	subq	%r11, %rax
	addq	%r10, %rax
	addq	%r9, %rax
	addq	%r8, %rax
	retq
"""
    built = program(body, table("labels", ".Ltmp0", ".Ltmp1", section=section))
    assert built.run("f", 0, 0).result == 106
    assert built.run("f", 0, 3).result == 105
    assert built.run("f", 1, 0).result == 111000 - 95


def test_a_jump_through_a_spilled_switch_entry() -> None:
    body = """
	subq	$24, %rsp
	movq	.LJTI0_0(,%rdi,8), %rcx
	movq	%rcx, 8(%rsp)
	xorl	%ecx, %ecx
	jmpq	*8(%rsp)
.LBB0_1:
	movl	$1, %eax
	addq	$24, %rsp
	retq
.LBB0_2:
	movl	$2, %eax
	addq	$24, %rsp
	retq
"""
    built = program(body, table(".LJTI0_0", ".LBB0_2", ".LBB0_1"))
    assert [built.run("f", index).result for index in (0, 1)] == [2, 1]


def test_a_hoisted_switch_entry_in_a_register() -> None:
    body = """
	movq	.LJTI0_0(,%rdi,8), %rcx
	addq	%rsi, %rsi
	jmpq	*%rcx
.LBB0_1:
	leaq	1(%rsi), %rax
	retq
.LBB0_2:
	leaq	2(%rsi), %rax
	retq
"""
    built = program(body, table(".LJTI0_0", ".LBB0_2", ".LBB0_1"))
    assert [built.run("f", index, 10).result for index in (0, 1)] == [22, 21]


def test_labels_as_immediates_and_their_differences() -> None:
    body = """
	movslq	offsets(,%rdi,4), %rcx
	leaq	.Ltmp0(%rcx), %rcx
	movq	$.Ltmp1, (%rsi)
	jmpq	*%rcx
.Ltmp0:
.LBB0_1:
	movl	$1, %eax
	retq
.Ltmp1:
.LBB0_2:
	movl	$2, %eax
	retq
.Ltmp2:
.LBB0_3:
	jmpq	*(%rsi)
"""
    offsets = """
	.section	.rodata,"a",@progbits
offsets:
	.long	.Ltmp1-.Ltmp0
	.long	.Ltmp0-.Ltmp0
	.long	.Ltmp2-.Ltmp0
"""
    built = program(body, offsets)
    assert [built.run("f", index, SCRATCH).result for index in (0, 1, 2)] == [2, 1, 2]


@pytest.mark.parametrize("claimed_label", [0, 3, 1 << 40, 2**63 - 1])
def test_a_forged_label_stops_at_a_trap_or_an_own_label(claimed_label: int) -> None:
    body = """
	movq	$.Ltmp0, 8(%rsi)
	jmpq	*%rdi
.Ltmp0:
.LBB0_1:
	movl	$1, %eax
	retq
"""
    outcome = program(body).run("f", claimed_label, SCRATCH)
    assert outcome.signal == ILL or outcome.result == 1


@pytest.mark.parametrize(("cases", "flags_live"), [(300, False), (300, True), (2, False)])
def test_tables_of_every_size(cases: int, flags_live: bool) -> None:
    read = "\tsetb\t%cl\n" if flags_live else ""
    blocks = "".join(f".LBB0_{n}:\n{read}\tmovl\t${n}, %eax\n\tretq\n" for n in range(1, cases + 1))
    body = f"\tcmpq\t$77, %rdi\n\tjmpq\t*.LJTI0_0(,%rdi,8)\n{blocks}"
    built = program(body, table(".LJTI0_0", *(f".LBB0_{n}" for n in range(1, cases + 1))))
    assert [built.run("f", index).result for index in (0, 1, cases - 1)] == [1, 2, cases]


def test_a_table_operand_with_a_displacement() -> None:
    body = """
	jmpq	*.LJTI0_0-16(,%rdi,8)
.LBB0_1:
	movl	$1, %eax
	retq
.LBB0_2:
	movl	$2, %eax
	retq
"""
    built = program(body, table(".LJTI0_0", ".LBB0_1", ".LBB0_2"))
    assert [built.run("f", index).result for index in (2, 3)] == [1, 2]
    assert built.run("f", 1).signal == ILL


CALL_THROUGH_POINTER = (
    function("f", """
	pushq	%rbx
	movq	%rsi, %rbx
	movq	pointers(,%rdi,8), %r11
	movl	$4294967295, %r10d
	addl	-4(%r11), %r10d
	je	.Ltmp0
.Ltmp1:
	ud2
	.section	.kcfi_traps,"ao",@progbits,.text
.Ltmp2:
	.long	.Ltmp1-.Ltmp2
	.text
.Ltmp0:
	callq	*%r11
	addq	%rbx, %rax
	popq	%rbx
	retq
""")
    + function("g", """
	movl	$40, %eax
	retq
""")
    + function("h", """
	movl	8(%rsp), %eax
	retq
""")
    + """
	.data
pointers:
	.quad	g
	.quad	h
	.quad	0
	.quad	1000000007
"""
)  # fmt: skip


def test_an_indirect_call_of_the_right_class_arrives() -> None:
    assert build(CALL_THROUGH_POINTER, facts("f", "g", h=8)).run("f", 0, 2).result == 42


@pytest.mark.parametrize("index", [1, 2, 3])
def test_an_indirect_call_through_a_wrong_class_null_or_an_integer_traps(index: int) -> None:
    assert build(CALL_THROUGH_POINTER, facts("f", "g", h=8)).run("f", index, 2).signal == ILL


def test_an_indirect_tail_jump_arrives() -> None:
    body = """
	movl	$g, %r10d
	movl	$4294967295, %r11d
	addl	-4(%r10), %r11d
	je	.Ltmp0
.Ltmp1:
	ud2
.Ltmp0:
	jmpq	*%r10
"""
    other = function("g", "\tleaq\t3(%rdi), %rax\n\tretq\n")
    assert build(function("f", body) + other, facts("f", "g")).run("f", 39).result == 42


def test_pushes_and_pops_of_memory() -> None:
    body = """
	pushq	%r11
	pushq	8(%rdi)
	pushq	(%rsp)
	pushq	$3
	popq	16(%rdi)
	popq	%rax
	popq	24(%rdi)
	popq	%r11
	addq	%r11, %rax
	retq
"""
    outcome = program(body).run("f", SCRATCH, scratch=struct.pack("<4Q", 0, 5, 6, 7))
    assert struct.unpack_from("<4Q", outcome.scratch) == (0, 5, 3, 5)


@pytest.mark.parametrize("size", ["l", "q"])
@pytest.mark.parametrize("case", [
    ("bts", 0b1000, 3, 0b1000),
    ("bts", 0b1000, 2, 0b1100),
    ("btr", 0b1100, 3, 0b0100),
    ("btc", 0b1000, 0, 0b1001),
    ("bts", 0, 31, 1 << 31),
])  # fmt: skip
@pytest.mark.parametrize("registers", [("%rdi", "si"), ("%rax", "cx"), ("%rcx", "ax"), ("%r11", "r10")])
def test_atomic_bit_operations(size: str, case: tuple[str, int, int, int], registers: tuple[str, str]) -> None:
    operation, old, bit, new = case
    address, name = registers
    bit_64 = name if name.startswith("r1") else f"r{name}"
    bit_sized = {"l": f"%{name}d" if name.startswith("r1") else f"%e{name}", "q": f"%{bit_64}"}[size]
    body = f"""
	xchgq	%rsi, %{bit_64}
	movq	%rdi, {address}
	lock		{operation}{size}	{bit_sized}, 8({address})
	setb	%al
	movzbl	%al, %eax
	retq
"""
    if bit_64 == "rsi":
        body = body.replace("\txchgq\t%rsi, %rsi\n", "")
    outcome = program(body).run("f", SCRATCH, bit, scratch=struct.pack("<2Q", 99, old))
    assert outcome.result == (old >> bit) & 1
    assert struct.unpack_from("<3Q", outcome.scratch) == (99, new, 0)


@pytest.mark.parametrize("size", ["b", "w", "l", "q"])
@pytest.mark.parametrize("count", [0, 1, 5])
def test_repeated_moves_and_stores_keep_registers_and_flags(size: str, count: int) -> None:
    width = {"b": 1, "w": 2, "l": 4, "q": 8}[size]
    accumulator = {"b": "%al", "w": "%ax", "l": "%eax", "q": "%rax"}[size]
    body = f"""
	movq	%rdx, %rcx
	movl	$1, %eax
	cmpq	$0, %rsp_free
	rep;movs{size} (%rsi), %es:(%rdi)
	adcq	$0, %rax
	movabsq	$-1229782938247303442, %r8
	addq	%rax, %r8
	xchgq	%r8, %rax
	movq	%rdx, %rcx
	rep;stos{size} {accumulator}, %es:(%rdi)
	leaq	(%rcx,%rdi), %rax
	retq
""".replace("%rsp_free", "%rdi")
    source = bytes(range(1, 65))
    outcome = program(body).run("f", SCRATCH, SCRATCH + 1024, count, scratch=bytes(1024) + source)
    length = count * width
    filled = (0xEEEEEEEEEEEEEEEE + 1).to_bytes(8, "little")[:width] * count
    assert outcome.scratch[: 2 * length + 1] == source[:length] + filled + b"\0"
    assert outcome.result == SCRATCH + 2 * length


def test_an_odd_leaf_frame_is_rounded_up() -> None:
    body = """
	pushq	%rbx
	subq	$12, %rsp
	movl	28(%rsp), %eax
	movl	%eax, 8(%rsp)
	movl	%edi, 4(%rsp)
	movl	$0, 28(%rsp)
	xorl	%ebx, %ebx
	addl	8(%rsp), %ebx
	addl	4(%rsp), %ebx
	movl	%ebx, %eax
	addq	$12, %rsp
	popq	%rbx
	retq
"""
    caller = function("g", """
	pushq	%rbx
	movl	$77, %ebx
	pushq	$30
	callq	f
	addq	$8, %rsp
	addl	%ebx, %eax
	popq	%rbx
	retq
""")  # fmt: skip
    assert build(function("f", body) + caller, facts("g", f=8)).run("g", 5).result == 30 + 5 + 77


def test_absolute_addresses_reach_the_low_half_of_the_pointer() -> None:
    body = f"""
	movl	{SCRATCH}, %eax
	movl	%eax, {SCRATCH + 4}
	movabsq	${(0x7F << 40) + SCRATCH}, %rcx
	addl	(%rcx), %eax
	movabsq	{(0x7F << 40) + SCRATCH + 8}, %rax
	retq
"""
    outcome = program(body).run("f", scratch=struct.pack("<IIQ", 21, 0, 42))
    assert outcome.result == 42
    assert outcome.scratch[4:8] == struct.pack("<I", 21)


def test_data_symbols_aliases_and_common_storage() -> None:
    body = """
	leaq	numbers+4(%rip), %rcx
	movl	(%rcx), %eax
	movl	same(%rip), %edx
	movl	%edx, shared+4(%rip)
	movslq	%edi, %rdi
	addl	numbers(,%rdi,4), %eax
	addl	shared+4(%rip), %eax
	movq	$numbers, hidden(%rip)
	movq	hidden(%rip), %rcx
	addl	(%rcx), %eax
	retq
"""
    data = """
	.type	numbers,@object
	.data
	.globl	numbers
	.p2align	2, 0x0
numbers:
	.long	1
	.long	20
	.long	300
	.size	numbers, 12
	.type	shared,@object
	.comm	shared,8,4
	.type	hidden,@object
	.local	hidden
	.comm	hidden,8,8
	.globl	same
same = numbers+8
"""
    assert program(body, data).run("f", 1).result == 20 + 20 + 300 + 1


def test_code_that_nothing_reaches_is_left_out() -> None:
    body = """
	movl	$1, %eax
	retq
.LBB0_1:
	popq	%rbx
	popq	%rbx
	callq	f
"""
    assert program(body).run("f").result == 1


def test_a_function_that_ends_in_a_call_gets_a_trap_behind_it() -> None:
    other = function("g", "\tretq\n")
    built = build(function("f", "\tpushq\t%rax\n\tcallq\tg\n") + other, facts("f", "g"))
    assert built.run("f").signal == ILL


def test_an_empty_function_is_a_trap() -> None:
    assert program("").run("f").signal == ILL


def test_padding_inside_a_function_is_executable() -> None:
    steps = "".join(f"\tincl\t%eax\n\t.p2align\t{power}\n" for power in (1, 2, 3, 4, 5, 6))
    body = f"\txorl\t%eax, %eax\n{steps}\tretq\n"
    assert program(body).run("f").result == 6


def test_a_sequentially_consistent_fence_does_not_touch_the_stack() -> None:
    assert program("\tlock\t\torl\t$0, (%rsp)\n\tmovl\t$1, %eax\n\tretq\n").run("f").result == 1


def test_blocks_in_any_order_have_heights() -> None:
    body = """
	jmp	.LBB0_3
.LBB0_1:
	popq	%rcx
	movl	$9, %eax
	retq
.LBB0_2:
	jmp	.LBB0_1
.LBB0_3:
	pushq	%rdi
	jmp	.LBB0_2
"""
    assert program(body).run("f").result == 9


def test_paths_that_disagree_on_the_height_are_refused_at_the_place() -> None:
    body = """
	testl	%edi, %edi
	je	.LBB0_1
	pushq	%rax
.LBB0_1:
	retq
"""
    with pytest.raises(ConfineError) as error:
        program(body)
    assert error.value.reason == ".LBB0_1 is reached at stack heights 0 and 8"
    assert error.value.function == "f"
    assert error.value.instruction == ".LBB0_1:"
