# Data of every kind, constructors, weak and common symbols, aliases.
.text
function f
call g
movl $__motte_data_stack_limit, %eax
movl %ecx, %r10d
andl $__motte_function_table_mask, %r10d
cmpl $1, __motte_function_table+8(%r10)
jne .Ltrap
callq *__motte_function_table(%r10)
ret
.Ltrap: ud2
end f
function g
ret
end g
.section .rodata.str1.1,"aMS",@progbits,1
text: .asciz "constant"
.section .rodata,"a",@progbits
.quad text+3
.section .init_array.7,"aw",@init_array
.quad g
.section .fini_array,"aw",@fini_array
.quad g
.data
.globl shared
shared: .quad f
.weak maybe
.quad maybe
.comm block, 8, 8
.set other, shared
