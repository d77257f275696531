# Two calls that were inlined into one another, with their table.
function outer
nop
nop
nop
nop
ret
end outer
.section .motte.inlined,"",@progbits
.long 3, 2
.long 0, 1, 2, 2, 4, 0
.long 0, 3, 2, 10
.long 1, 1, 2, 20
.asciz ""
.asciz "inner"
.asciz "main.c"
.asciz "middle"
.text
