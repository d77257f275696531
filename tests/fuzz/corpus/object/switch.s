# A function with a jump table, a table that nobody uses, data that names functions, and calls of gates.
function f 16
call motte_exit
movl $g, %eax
movl $motte_exit, %eax
ret
end f
function g
jmpq *.LT(,%rax,8)
.La: ret
.Lb: ret
end g
jump_table .LT, g, .La, .Lb
jump_table .LU, f, f
.section .rodata,"a",@progbits
.quad 1
.data
.quad g
.bss
.zero 64
